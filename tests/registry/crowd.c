/* SPDX-License-Identifier: MIT */
/* crowd.c - a client cannot stall the others, nor make the registry grow. In each test
 * one client misbehaves while another client is served. */
#include <fcntl.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "api.h"
#include "daemon.h"

#define CROWD 2000u

static pid_t registry;
static rill_queue *orders;

/* A registry, one queue, and a well-behaved client. */
static int begin(void) {
  registry = daemon_start();
  orders = small_queue("orders", RILL_RELIABLE);
  return talk_open();
}

static void end(int fd) {
  (void)close(fd);
  assert_code(daemon_end(registry, SIGTERM), 0); /* it ran to the end */
  rill_queue_close(orders);
}

static void is_served(int fd) {
  for (unsigned i = 0; i < 20; i++)
    assert_true(talk_stat(fd, "orders").capacity == 65536);
}

/* Resident memory of the registry, in KiB. */
static long resident(void) {
  char path[64], line[256];
  long value = -1;
  (void)snprintf(path, sizeof path, "/proc/%ld/status", (long)registry);
  FILE *status = fopen(path, "re");
  assert_non_null(status);
  while (value < 0 && fgets(line, sizeof line, status))
    if (sscanf(line, "VmRSS: %ld kB", &value) != 1)
      value = -1;
  (void)fclose(status);
  return value;
}

static void send_raw(int fd, const void *bytes, size_t size) {
  CHECK(send(fd, bytes, size, MSG_NOSIGNAL) == (ssize_t)size);
}

/* The client gets that answer, and is disconnected. */
static void expect_refusal(int fd, int code) {
  union rilli_wire_message message;
  CHECK_EQ(rilli_registry_receive(fd, &message), RILLI_WIRE_ANSWER);
  CHECK_EQ(message.answer.code, code);
  CHECK_EQ(rilli_registry_receive(fd, &message), -EPIPE);
  (void)close(fd);
}

static void half_a_message_is_refused(void **state) {
  struct rilli_wire_request request;
  uint8_t bytes[8192];
  uint64_t random = 5;
  (void)state;
  const int good = begin();
  rilli_wire_start(&request, RILLI_WIRE_STAT, 1);
  for (size_t size = 1; size < sizeof request; size += 60) {
    const int bad = talk_open();
    send_raw(bad, &request, size);
    expect_refusal(bad, -EPROTO);
    is_served(good);
  }
  int bad = talk_open();
  request.head.version = 2;
  send_raw(bad, &request, sizeof request);
  expect_refusal(bad, -EPROTONOSUPPORT);
  for (unsigned round = 0; round < 50; round++) {
    for (size_t i = 0; i < sizeof bytes; i++)
      bytes[i] = (uint8_t)support_random(&random);
    bad = talk_open();
    send_raw(bad, bytes, 1 + support_random(&random) % sizeof bytes);
    expect_refusal(bad, -EPROTO);
  }
  is_served(good);
  end(good);
}

/* Sends requests and reads no answer: the registry keeps one answer for it and reads no more. */
static void client_that_takes_no_answers_stalls_no_other(void **state) {
  struct rilli_wire_request request;
  struct rilli_wire_answer answer;
  unsigned asked = 0;
  (void)state;
  const int good = begin(), bad = talk_open();
  rilli_wire_start(&request, RILLI_WIRE_LIST, 1);
  for (unsigned quiet = 0; quiet < 100;) { /* until the registry really reads no more */
    const int sent = send(bad, &request, sizeof request, MSG_DONTWAIT | MSG_NOSIGNAL) >= 0;
    asked += (unsigned)sent;
    quiet = sent ? 0 : quiet + 1;
    if (!sent)
      is_served(good);
  }
  assert_true(asked > 100);
  for (unsigned i = 0; i < asked; i++) { /* then it gets every answer, in sequence */
    assert_code(rilli_registry_receive(bad, (union rilli_wire_message *)(void *)&answer),
                RILLI_WIRE_ANSWER);
    assert_code(answer.count, 1);
  }
  is_served(good);
  (void)close(bad);
  end(good);
}

static void watcher_that_does_not_read_learns_what_it_lost(void **state) {
  enum { ROUNDS = 3000 };
  (void)state;
  const int good = begin(), slow = talk_watch("");
  rill_producer *producer;
  uint64_t seen = 0, lost = 0;
  union rilli_wire_message message;
  for (unsigned i = 0; i < ROUNDS; i++) {
    producer = open_producer(orders, RILL_PARK);
    rill_producer_close(producer);
    if (i % 10 == 0) /* notices have no answer; the answer to a request shows that they were read */
      is_served(good);
  }
  is_served(good);
  while (recv(slow, &message, sizeof message, MSG_DONTWAIT) > 0)
    seen++;
  producer = open_producer(orders, RILL_PARK);
  rill_producer_close(producer);
  assert_code(rilli_registry_receive(slow, &message), RILLI_WIRE_EVENT);
  lost = message.event.lost;
  print_message("%llu events seen, %llu lost and counted\n", (unsigned long long)seen,
                (unsigned long long)lost);
  assert_true(lost > 0);
  assert_true(seen + lost <= 2 * ROUNDS + 2);
  (void)close(slow);
  end(good);
}

/* --- floods ----------------------------------------------------------------------------- */

struct floods {
  _Atomic uint64_t notices, requests;
  _Atomic int stop;
};

/* Endless notices, of queues that exist and that do not. */
static int flood(void *arg) {
  struct floods *floods = arg;
  struct rilli_wire_notice notice;
  const int fd = talk_open();
  for (uint32_t i = 0; !atomic_load(&floods->stop); i++) {
    rilli_wire_start(&notice, RILLI_WIRE_ATTACH, 0);
    notice.kind = RILLI_KIND_CONSUMER;
    notice.group = i;
    rilli_wire_name(notice.name, i % 4 ? "orders" : "nothing");
    talk_send(fd, &notice);
    atomic_fetch_add(&floods->notices, 1);
  }
  return 0;
}

static int flood_with_requests(void *arg) {
  struct floods *floods = arg;
  struct rilli_wire_answer answer;
  const int fd = talk_open();
  while (!atomic_load(&floods->stop)) {
    talk_ask(fd, RILLI_WIRE_LIST, "*a*a*a*a*a*b", &answer);
    atomic_fetch_add(&floods->requests, 1);
  }
  return 0;
}

static void flood_leaves_the_others_served_and_memory_bounded(void **state) {
  (void)state;
  struct floods *floods =
      mmap(NULL, sizeof *floods, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  assert_true(floods != MAP_FAILED);
  const int good = begin();
  const pid_t children[] = {support_child(flood, floods), support_child(flood, floods),
                            support_child(flood_with_requests, floods)};
  while (atomic_load(&floods->notices) < 20000 || atomic_load(&floods->requests) < 200)
    breathe();
  const long before = resident();
  const uint64_t then = atomic_load(&floods->notices);
  while (atomic_load(&floods->notices) < then + 50000)
    is_served(good);
  const long after = resident();
  print_message("resident: %ld KiB, and %ld KiB after 50,000 more notices\n", before, after);
  if (!SUPPORT_SANITIZED) /* whose quarantine grows */
    assert_true(after < before + 4096);
  atomic_store(&floods->stop, 1);
  for (size_t i = 0; i < sizeof children / sizeof *children; i++)
    assert_code(support_reap(children[i]), 0);
  is_served(good);
  (void)close(good);
  assert_code(daemon_end(registry, SIGTERM), 0);
  rill_queue_close(orders);
  (void)munmap(floods, sizeof *floods);
}

static void thousands_of_connections_leave_the_others_served(void **state) {
  struct rlimit limit;
  static int crowd[CROWD];
  struct rilli_wire_request request;
  struct rilli_wire_answer answer;
  (void)state;
  assert_code(getrlimit(RLIMIT_NOFILE, &limit), 0);
  limit.rlim_cur = limit.rlim_max;
  assert_code(setrlimit(RLIMIT_NOFILE, &limit), 0);
  if (limit.rlim_max < 4 * 2 * CROWD + 500) {
    print_message("the limit of descriptors is %llu\n", (unsigned long long)limit.rlim_max);
    skip();
  }
  const int good = begin();
  rilli_wire_start(&request, RILLI_WIRE_STAT, 9);
  rilli_wire_name(request.name, "orders");
  for (unsigned i = 0; i < CROWD; i++) {
    crowd[i] = talk_open();
    talk_send(crowd[i], &request);
    if (i % 200 == 0)
      is_served(good);
  }
  for (unsigned i = 0; i < CROWD; i++) { /* every one of them got its answer */
    assert_code(rilli_registry_receive(crowd[i], (union rilli_wire_message *)(void *)&answer),
                RILLI_WIRE_ANSWER);
    assert_code(answer.code, 0);
  }
  is_served(good);
  print_message("resident with %u connections: %ld KiB\n", CROWD, resident());
  for (unsigned i = 0; i < CROWD; i++)
    (void)close(crowd[i]);
  is_served(good);
  end(good);
}

/* More clients than there is room for: those that are connected are served, the others are
 * rejected, and room that becomes free is used. */
static void more_clients_than_descriptors_are_turned_away(void **state) {
  int crowd[300];
  union rilli_wire_message message;
  (void)state;
  registry = daemon_start_limited(200);
  orders = small_queue("orders", RILL_RELIABLE);
  const int good = talk_open();
  for (unsigned i = 0; i < 300; i++)
    crowd[i] = talk_open();
  is_served(good);
  assert_code(rilli_registry_receive(crowd[299], &message), -EPIPE);
  assert_true(daemon_said("refused client", "too many"));
  for (unsigned i = 0; i < 300; i++)
    (void)close(crowd[i]);
  is_served(good);
  const int late = talk_open();
  is_served(late);
  (void)close(late);
  end(good);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      WITH_DAEMON(half_a_message_is_refused),
      WITH_DAEMON(client_that_takes_no_answers_stalls_no_other),
      WITH_DAEMON(watcher_that_does_not_read_learns_what_it_lost),
      WITH_DAEMON(flood_leaves_the_others_served_and_memory_bounded),
      WITH_DAEMON(thousands_of_connections_leave_the_others_served),
      WITH_DAEMON(more_clients_than_descriptors_are_turned_away),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
