/* fan_out.c - one producer, many readers, no process waits: a slow reader learns what it lost.
 *
 * `fan_out [MESSAGES]` publishes that many ticks (default 200000) as fast as it can into a small
 * queue in overwrite mode. A fast and a slow process read them; each prints how many it got, how
 * many it lost, and the first one that it lost. */
#include <errno.h>
#include <inttypes.h>
#include <rill/rill.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

struct tick {
  uint64_t number;
  double price;
};

static void check(int code) {
  if (code < 0) {
    fprintf(stderr, "fan_out: %s\n", rill_error());
    exit(1);
  }
}

/* After a fork every process opens a context of its own. */
static rill_context *open_ticks(rill_queue **ret_queue) {
  rill_context *context;
  struct rill_queue_attr attr = {
      .size = sizeof attr, .capacity = 64 * 1024, .overflow = RILL_OVERWRITE};
  check(rill_context_open(NULL, &context));
  check(rill_queue_open(context, "ticks", RILL_CREATE, &attr, RILL_NOW, ret_queue));
  return context;
}

static void nap(long nanoseconds) {
  struct timespec span = {.tv_nsec = nanoseconds};
  nanosleep(&span, NULL);
}

/* Reads until the producer has closed; pauses after every 256th message, if it is to be slow. */
static int read_ticks(const char *name, long pause, int ready) {
  rill_queue *queue;
  rill_consumer *consumer;
  struct rill_message message;
  uint64_t received = 0, lost = 0, first = 0, next = 0;
  int code;
  rill_context *context = open_ticks(&queue);
  check(rill_consumer_open(queue, NULL, &consumer));
  if (write(ready, "", 1) != 1)
    return 1;
  while ((code = rill_receive(consumer, RILL_FOREVER, &message)) == 0) {
    const struct tick *tick = message.data; /* a copy: the ring may go on meanwhile */
    if (message.lost && !lost)
      first = message.sequence - message.lost;
    received++;
    lost += message.lost;
    next = tick->number + 1;
    check(rill_release(consumer, &message));
    if (pause && received % 256 == 0)
      nap(pause);
  }
  check(code == -EPIPE ? 0 : code);
  printf("%s: received %" PRIu64 ", lost %" PRIu64, name, received, lost);
  if (lost)
    printf(", the first of them %" PRIu64, first);
  printf("; together %" PRIu64 "\n", received + lost);
  rill_consumer_close(consumer);
  rill_queue_close(queue);
  rill_context_close(context);
  return received + lost == next ? 0 : 1; /* every tick is accounted for */
}

static pid_t start_reader(const char *name, long pause, const int ready[2]) {
  pid_t pid = fork();
  char byte;
  if (pid == 0)
    exit(read_ticks(name, pause, ready[1]));
  if (pid < 0 || read(ready[0], &byte, 1) != 1) /* it has joined: it misses no message */
    exit(1);
  return pid;
}

int main(int argc, char **argv) {
  uint64_t count = argc > 1 ? strtoull(argv[1], NULL, 10) : 200000;
  int ready[2], status, failed = 0;
  if (pipe(ready) != 0)
    return 1;
  start_reader("quick", 0, ready);
  start_reader("slow", 1000000, ready);

  rill_queue *queue;
  rill_producer *producer;
  rill_context *context = open_ticks(&queue);
  check(rill_producer_open(queue, NULL, RILL_NOW, &producer));
  for (struct tick tick = {0, 100.0}; tick.number < count; tick.number++) {
    tick.price += tick.number % 2 ? 0.25 : -0.25;
    check(rill_publish(producer, &tick, sizeof tick, RILL_NOW)); /* never waits */
  }
  rill_producer_close(producer);
  while (wait(&status) > 0)
    failed |= status;
  check(rill_queue_unlink(context, "ticks"));
  rill_queue_close(queue);
  rill_context_close(context);
  return failed ? 1 : 0;
}
