/* SPDX-License-Identifier: MIT */
/* life.c - rilld's own life: started, killed in mid-traffic, started again, twice at a time. */
#include <fcntl.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "api.h"
#include "daemon.h"

struct traffic {
  _Atomic uint64_t sent, received;
  _Atomic int stop;
};

static struct traffic *shared_traffic(void) {
  struct traffic *traffic =
      mmap(NULL, sizeof *traffic, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  CHECK(traffic != MAP_FAILED);
  return traffic;
}

static int produce(void *arg) {
  struct traffic *traffic = arg;
  rill_context *context;
  rill_queue *queue;
  rill_producer *producer;
  CHECK_EQ(rill_context_open(NULL, &context), 0);
  CHECK_EQ(rill_queue_open(context, "orders", 0, NULL, RILL_FOREVER, &queue), 0);
  CHECK_EQ(rill_producer_open(queue, NULL, RILL_FOREVER, &producer), 0);
  for (uint64_t i = 0; !atomic_load(&traffic->stop); i++) {
    CHECK_EQ(rill_publish(producer, &i, sizeof i, RILL_FOREVER), 0);
    atomic_store(&traffic->sent, i + 1);
  }
  rill_producer_close(producer);
  rill_queue_close(queue);
  rill_context_close(context);
  return 0;
}

static int consume(void *arg) {
  struct traffic *traffic = arg;
  rill_context *context;
  rill_queue *queue;
  rill_consumer *consumer;
  struct rill_message message;
  const struct rill_consumer_attr attr = {.size = sizeof attr, .group = "billing"};
  CHECK_EQ(rill_context_open(NULL, &context), 0);
  CHECK_EQ(rill_queue_open(context, "orders", 0, NULL, RILL_FOREVER, &queue), 0);
  CHECK_EQ(rill_consumer_open(queue, &attr, &consumer), 0);
  int code;
  for (uint64_t i = 0; (code = rill_receive(consumer, RILL_FOREVER, &message)) == 0; i++) {
    CHECK_EQ(message.sequence, i);
    CHECK_EQ(rill_release(consumer, &message), 0);
    atomic_store(&traffic->received, i + 1);
  }
  CHECK_EQ(code, -EPIPE);
  rill_consumer_close(consumer);
  rill_queue_close(queue);
  rill_context_close(context);
  return 0;
}

static void flows_on(const struct traffic *traffic) {
  const uint64_t before = atomic_load(&traffic->received);
  while (atomic_load(&traffic->received) < before + 10000)
    breathe();
}

static rill_queue *kept_queue(rill_context *context, const char *name) {
  static const char *const groups[] = {"billing"};
  const struct rill_queue_attr attr = {.size = sizeof attr,
                                       .capacity = 65536,
                                       .lifetime = RILL_KEPT,
                                       .groups = groups,
                                       .group_count = 1};
  return open_queue(context, name, RILL_CREATE, &attr);
}

static void traffic_goes_on_when_the_registry_is_killed(void **state) {
  (void)state;
  struct traffic *traffic = shared_traffic();
  pid_t daemon = daemon_start();
  rill_context *context = open_context(RILL_FENCE_AUTO);
  rill_queue *queue = kept_queue(context, "orders");
  const pid_t producer = support_child(produce, traffic);
  while (atomic_load(&traffic->sent) == 0)
    breathe(); /* else the consumer would find a queue whose producer has ended */
  const pid_t consumer = support_child(consume, traffic);
  for (unsigned round = 0; round < 4; round++) {
    flows_on(traffic);
    assert_code(daemon_end(daemon, SIGKILL), -SIGKILL);
    flows_on(traffic); /* with no registry there */
    daemon = daemon_start();
  }
  flows_on(traffic);
  atomic_store(&traffic->stop, 1);
  assert_code(support_reap(producer), 0);
  assert_code(support_reap(consumer), 0);
  const int fd = talk_open();
  assert_true(talk_stat(fd, "orders").sequence == atomic_load(&traffic->sent));
  assert_true(atomic_load(&traffic->received) == atomic_load(&traffic->sent));
  (void)close(fd);
  rill_queue_close(queue);
  rill_context_close(context);
  (void)munmap(traffic, sizeof *traffic);
}

/* It neither answers nor reads, and its backlog is full: no process waits for it. */
static void stopped_registry_holds_no_client_up(void **state) {
  enum { ROUNDS = 2000 };
  (void)state;
  const pid_t daemon = daemon_start();
  assert_code(kill(daemon, SIGSTOP), 0);
  rill_queue *queue = small_queue("orders", RILL_RELIABLE);
  for (unsigned i = 0; i < ROUNDS; i++) {
    rill_context *context = open_context(RILL_FENCE_AUTO);
    rill_queue *again = open_queue(context, "orders", 0, NULL);
    rill_producer_close(open_producer(again, RILL_PARK));
    rill_producer_close(open_producer(queue, RILL_PARK));
    rill_queue_close(again);
    rill_context_close(context);
  }
  assert_code(kill(daemon, SIGCONT), 0);
  const int fd = talk_open();
  assert_true(talk_stat(fd, "orders").producer_generation == 2 * ROUNDS);
  (void)close(fd);
  rill_queue_close(queue);
}

static void started_again_it_shows_the_same_queues_with_their_counts(void **state) {
  static const char *const names[] = {"a", "b/c", "b/d"};
  struct rilli_wire_answer before, after;
  (void)state;
  const pid_t daemon = daemon_start();
  rill_context *context = open_context(RILL_FENCE_AUTO);
  for (unsigned i = 0; i < 3; i++) {
    rill_queue *queue = kept_queue(context, names[i]);
    rill_producer *producer = open_producer(queue, RILL_PARK);
    for (unsigned n = 0; n < 10 * (i + 1); n++)
      publish_text(producer, "message");
    rill_producer_close(producer);
    rill_queue_close(queue);
  }
  int fd = talk_open();
  talk_ask(fd, RILLI_WIRE_LIST, "", &before);
  (void)close(fd);
  assert_code(daemon_end(daemon, SIGKILL), -SIGKILL);
  (void)daemon_start();
  fd = talk_open();
  talk_ask(fd, RILLI_WIRE_LIST, "", &after);
  (void)close(fd);
  assert_code(after.count, 3);
  assert_memory_equal(before.rows, after.rows, 3 * sizeof before.rows[0]);
  for (unsigned i = 0; i < 3; i++) {
    const struct rill_queue_stat row = talk_row(&after.rows[i]);
    assert_true(row.sequence == 10 * (i + 1) && row.depth_messages == 10 * (i + 1));
  }
  rill_context_close(context);
}

static void second_registry_says_so_and_the_first_goes_on(void **state) {
  static const char *const arguments[] = {"rilld", "--foreground", NULL};
  struct rilli_wire_answer answer;
  (void)state;
  (void)daemon_start();
  assert_code(daemon_run(arguments), 1);
  assert_true(daemon_said("another registry serves this namespace already", ""));
  const int fd = talk_open();
  talk_ask(fd, RILLI_WIRE_LIST, "", &answer);
  assert_code(answer.code, 0);
  (void)close(fd);
}

static int run_one(void *arg) {
  static const char *const arguments[] = {"rilld", NULL}; /* in the background */
  (void)arg;
  return daemon_run(arguments);
}

/* Together, in the background: each starter knows the result of its own. */
static void of_many_started_together_exactly_one_wins(void **state) {
  enum { MANY = 8 };
  pid_t starters[MANY];
  unsigned won = 0;
  (void)state;
  for (unsigned i = 0; i < MANY; i++)
    starters[i] = support_child(run_one, NULL);
  for (unsigned i = 0; i < MANY; i++) {
    const int status = support_reap(starters[i]);
    assert_true(status == 0 || status == 1);
    won += status == 0;
  }
  assert_true(won == 1);
  assert_true(daemon_said("another registry serves this namespace already", ""));
  /* It is no child of the test: its own answer has its process id. */
  const int fd = talk_open();
  struct ucred peer;
  socklen_t size = sizeof peer;
  assert_code(getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size), 0);
  assert_code(kill(peer.pid, SIGTERM), 0);
  while (file_is_there(RILLI_LOCK_FILE))
    breathe();
  (void)close(fd);
}

static void sigterm_ends_it_in_order(void **state) {
  (void)state;
  rill_queue *queue = small_queue("orders", RILL_RELIABLE);
  const pid_t daemon = daemon_start();
  assert_true(file_is_there(RILLI_SOCKET_FILE) && file_is_there(RILLI_LOCK_FILE));
  assert_code(daemon_end(daemon, SIGTERM), 0);
  assert_false(file_is_there(RILLI_SOCKET_FILE) || file_is_there(RILLI_LOCK_FILE));
  assert_true(file_is_there("orders.control"));
  assert_true(daemon_said("info", "ending cleanly; the queues stay"));
  rill_queue_close(queue);
}

static void sighup_reads_the_directory_again(void **state) {
  (void)state;
  const pid_t daemon = daemon_start();
  assert_code(kill(daemon, SIGHUP), 0);
  while (!daemon_said("SIGHUP", "reading the directory again"))
    breathe();
  (void)close(talk_open());
  assert_code(daemon_end(daemon, SIGINT), 0);
}

static void socket_is_taken_from_its_activator(void **state) {
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  struct rilli_wire_answer answer;
  (void)state;
  rill_queue *queue = small_queue("orders", RILL_RELIABLE);
  (void)snprintf(address.sun_path, sizeof address.sun_path, "%s/%s", support_directory(),
                 RILLI_SOCKET_FILE);
  const int listener = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
  assert_code(bind(listener, (struct sockaddr *)&address, sizeof address), 0);
  assert_code(listen(listener, 5), 0);
  const int fd = talk_open(); /* before it runs */
  const pid_t daemon = daemon_start_with(listener);
  talk_ask(fd, RILLI_WIRE_LIST, "", &answer);
  assert_code(answer.count, 1);
  assert_code(daemon_end(daemon, SIGTERM), 0);
  assert_true(file_is_there(RILLI_SOCKET_FILE)); /* the activator's */
  (void)close(fd);
  (void)close(listener);
  rill_queue_close(queue);
}

static void gc_leaves_a_live_registry_and_removes_a_dead_one(void **state) {
  (void)state;
  const pid_t daemon = daemon_start();
  rill_context *context = open_context(RILL_FENCE_AUTO);
  assert_code(rill_queue_gc(context, 0, NULL, NULL), 0);
  assert_true(file_is_there(RILLI_SOCKET_FILE) && file_is_there(RILLI_LOCK_FILE));
  assert_code(daemon_end(daemon, SIGKILL), -SIGKILL);
  assert_true(file_is_there(RILLI_SOCKET_FILE) && file_is_there(RILLI_LOCK_FILE));
  assert_code(rill_queue_gc(context, RILL_GC_DRY_RUN, NULL, NULL), 1);
  assert_true(file_is_there(RILLI_SOCKET_FILE));
  assert_code(rill_queue_gc(context, 0, NULL, NULL), 1);
  assert_false(file_is_there(RILLI_SOCKET_FILE) || file_is_there(RILLI_LOCK_FILE));
  rill_context_close(context);
}

static void wrong_use_is_status_2(void **state) {
  static const char *const unknown[] = {"rilld", "--unknown", NULL};
  static const char *const operand[] = {"rilld", "operand", NULL};
  (void)state;
  assert_code(daemon_run(unknown), 2);
  assert_code(daemon_run(operand), 2);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      WITH_DAEMON(traffic_goes_on_when_the_registry_is_killed),
      WITH_DAEMON(stopped_registry_holds_no_client_up),
      WITH_DAEMON(started_again_it_shows_the_same_queues_with_their_counts),
      WITH_DAEMON(second_registry_says_so_and_the_first_goes_on),
      WITH_DAEMON(of_many_started_together_exactly_one_wins),
      WITH_DAEMON(sigterm_ends_it_in_order),
      WITH_DAEMON(sighup_reads_the_directory_again),
      WITH_DAEMON(socket_is_taken_from_its_activator),
      WITH_DAEMON(gc_leaves_a_live_registry_and_removes_a_dead_one),
      WITH_DAEMON(wrong_use_is_status_2),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
