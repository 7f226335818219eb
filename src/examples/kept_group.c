/* kept_group.c - a subscription that survives its subscriber.
 *
 * `kept_group` publishes 1000 orders to the group "ledger", whose worker is killed (SIGKILL)
 * after some of them; a second worker continues in its place. Orders that the first worker had read, but
 * whose release had not reached shared memory, come again: every order is seen at least once. */
#include <errno.h>
#include <inttypes.h>
#include <rill/rill.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

enum { ORDERS = 1000, KILL_AFTER = 400 };

static void check(int code) {
  if (code < 0) {
    fprintf(stderr, "kept_group: %s\n", rill_error());
    exit(1);
  }
}

static rill_context *open_orders(rill_queue **ret_queue) {
  /* The group exists from the start and is kept: the queue holds every order for it. */
  const char *groups[] = {"ledger"};
  struct rill_queue_attr attr = {
      .size = sizeof attr, .capacity = 64 * 1024, .groups = groups, .group_count = 1};
  rill_context *context;
  check(rill_context_open(NULL, &context));
  check(rill_queue_open(context, "orders", RILL_CREATE, &attr, RILL_NOW, ret_queue));
  return context;
}

/* The worker: reports each order to the parent, then releases it. */
static int work(int report, int orders) {
  struct rill_consumer_attr attr = {
      .size = sizeof attr, .group = "ledger", .flags = RILL_KEEP_GROUP};
  rill_queue *queue;
  rill_consumer *consumer;
  struct rill_message message;
  rill_context *context = open_orders(&queue);
  int code = 0;
  check(rill_consumer_open(queue, &attr, &consumer));
  while (orders-- > 0 && (code = rill_receive(consumer, RILL_FOREVER, &message)) == 0) {
    if (write(report, &message.sequence, sizeof message.sequence) != sizeof message.sequence)
      return 1;
    check(rill_release(consumer, &message));
  }
  if (code == 0)
    raise(SIGKILL); /* as if the machine's memory had run out */
  check(code == -EPIPE ? 0 : code);
  rill_consumer_close(consumer);
  rill_queue_close(queue);
  rill_context_close(context);
  return 0;
}

/* Runs a worker to its end; counts how often each order was seen. */
static void run_worker(const char *name, int orders, unsigned seen[ORDERS]) {
  uint64_t sequence, count = 0, first = 0;
  int report[2], status;
  if (pipe(report) != 0)
    exit(1);
  pid_t pid = fork();
  if (pid == 0) {
    close(report[0]);
    exit(work(report[1], orders));
  }
  close(report[1]);
  while (read(report[0], &sequence, sizeof sequence) == sizeof sequence && sequence < ORDERS) {
    if (!count++)
      first = sequence;
    seen[sequence]++;
  }
  close(report[0]);
  waitpid(pid, &status, 0);
  printf("%s worker: from order %" PRIu64 " on, %" PRIu64 " of them; %s\n", name, first, count,
         WIFSIGNALED(status) ? "killed" : "all is read");
  fflush(stdout); /* before the next fork: the child would print it too */
}

int main(void) {
  unsigned seen[ORDERS] = {0}, missing = 0, again = 0;
  rill_queue *queue;
  rill_producer *producer;
  rill_context *context = open_orders(&queue);
  check(rill_producer_open(queue, NULL, RILL_NOW, &producer));
  for (uint64_t order = 0; order < ORDERS; order++) /* before any worker exists */
    check(rill_publish(producer, &order, sizeof order, RILL_NOW));
  rill_producer_close(producer);

  run_worker("first", KILL_AFTER, seen);
  run_worker("second", ORDERS + 1, seen);
  for (int order = 0; order < ORDERS; order++) {
    missing += seen[order] == 0;
    again += seen[order] > 1;
  }
  printf("of %d orders %u are missing; %u came again\n", ORDERS, missing, again);
  check(rill_queue_unlink(context, "orders"));
  rill_queue_close(queue);
  rill_context_close(context);
  return missing ? 1 : 0;
}
