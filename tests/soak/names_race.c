/* SPDX-License-Identifier: MIT */
/* names_race.c - many processes that make and remove queues of one name, thousands of times, with
 * opens, gc, observers and the registry alongside, and stopped in between. A process that gets a
 * queue gets a whole one; what was published in one is never seen in another; and in the end
 * nothing is left of any.
 *
 * RILL_TEST_ROUNDS sets how many rounds each process makes (the long tier). */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include "daemon.h"
#include "oracle.h"

#define RACERS 10u
#define NAME "one/name"

enum { MADE, OPENED, REMOVED, COLLECTED, WAITED, KEPT_OUT }; /* counts */

static unsigned rounds(void) {
  const char *wish = getenv("RILL_TEST_ROUNDS");
  return wish ? (unsigned)strtoul(wish, NULL, 10) : 300;
}

static void tally(unsigned which) {
  atomic_fetch_add(&me->count[which], 1);
}

/* One of two kinds, so that one is now and then replaced by the other. */
static struct rill_queue_attr some_attributes(void) {
  const uint64_t dice = random_number() % 8;
  return (struct rill_queue_attr){.size = sizeof(struct rill_queue_attr),
                                  .capacity = dice < 6 ? 65536 : 131072,
                                  .lifetime = dice % 2 ? RILL_KEPT : RILL_TRANSIENT,
                                  .max_groups = 2};
}

/* The number at which its messages begin: unique to this queue. */
static uint64_t number_of(rill_queue *queue) {
  const struct rill_queue_stat stat = stat_of(queue);
  uint64_t number = 0;
  for (const char *digit = stat.uuid; *digit; digit++)
    number = number * 131 + (unsigned char)*digit;
  return number;
}

static void use(rill_queue *queue) {
  const uint64_t number = number_of(queue);
  rill_producer *producer = NULL;
  rill_consumer *consumer = NULL;
  struct rill_message message;
  int code = rill_producer_open(queue, NULL, RILL_NOW, &producer);
  CHECK_THAT(code == 0 || code == -EBUSY || code == -ESTALE, "a producer: %d (%s)", code,
             rill_error());
  for (unsigned i = 0; code == 0 && i < 3; i++)
    code = publish_number(producer, number + stat_of(queue).sequence, RILL_NOW);
  CHECK_THAT(code == 0 || code == -EBUSY || code == -ESTALE || code == -EAGAIN, "publish: %d (%s)",
             code, rill_error());
  code = rill_consumer_open(queue, NULL, &consumer);
  CHECK_THAT(code == 0 || code == -EUSERS || code == -ESTALE, "a consumer: %d (%s)", code,
             rill_error());
  while (code == 0 && (code = rill_receive(consumer, RILL_NOW, &message)) == 0)
    check_message(&message, number + message.sequence);
  CHECK_THAT(code == -EUSERS || code == -ESTALE || code == -EAGAIN || code == -EPIPE,
             "receive: %d (%s)", code, rill_error());
  rill_producer_close(producer);
  rill_consumer_close(consumer);
}

/* Results that must not occur: half a queue, a damaged one, none where one was made. */
static void open_it(void) {
  const uint64_t dice = random_number() % 8;
  const struct rill_queue_attr attr = some_attributes();
  const unsigned flags = dice < 3   ? RILL_CREATE | RILL_EXCLUSIVE
                         : dice < 6 ? RILL_CREATE
                         : dice < 7 ? RILL_OBSERVE
                                    : 0;
  const rill_time deadline = dice == 7 ? rill_after(2000000) : RILL_NOW;
  rill_queue *queue = NULL;
  const int code = rill_queue_open(context_here(), NAME, flags, flags & RILL_CREATE ? &attr : NULL,
                                   deadline, &queue);
  if (code == 0) {
    CHECK(queue != NULL);
    tally(flags & RILL_EXCLUSIVE ? MADE : OPENED);
    if (flags & RILL_OBSERVE)
      check_invariants(queue);
    else
      use(queue);
    rill_queue_close(queue);
    return;
  }
  const int fits = flags & RILL_CREATE ? code == -EEXIST
                   : deadline          ? code == -ETIMEDOUT
                                       : code == -ENOENT;
  CHECK_THAT(fits || code == -EBUSY, "open with flags %x: %d (%s)", flags, code, rill_error());
  tally(deadline ? WAITED : KEPT_OUT);
}

/* Processes that will be killed run until then. */
static void race(void *arg) {
  const int killed = arg != NULL;
  report_ready();
  await_proceed();
  for (unsigned round = 0; killed || round < rounds(); round++) {
    const uint64_t dice = random_number() % 8;
    int code = 0;
    at("round %u, dice %u", round, (unsigned)dice);
    if (dice < 5)
      open_it();
    else if (dice < 7) {
      code = rill_queue_unlink(context_here(), NAME);
      CHECK_THAT(code == 0 || code == -ENOENT || code == -EBUSY, "unlink: %d (%s)", code,
                 rill_error());
      if (code == 0)
        tally(REMOVED);
    } else {
      code = rill_queue_gc(context_here(), 0, NULL, NULL);
      CHECK_THAT(code >= 0, "gc: %d (%s)", code, rill_error());
      tally(COLLECTED);
    }
  }
}

/* Stops one or another for moments, until all that end by themselves have ended. */
static void disturb(struct process *const racers[RACERS]) {
  for (unsigned left = RACERS; left;) {
    struct process *process = racers[random_number() % RACERS];
    fail_if_dead();
    if (process->pid && kill(process->pid, SIGSTOP) == 0) {
      breathe();
      CHECK(kill(process->pid, SIGCONT) == 0);
    }
    left = 0;
    for (unsigned i = 0; i < RACERS; i++)
      left += racers[i]->pid != 0;
  }
}

static void race_with(int registry, int kills) {
  struct process *racers[RACERS], *rilld = NULL;
  uint64_t counts[COUNTS] = {0};
  (void)context_here();
  if (registry)
    rilld = spawn("rilld", serve, NULL);
  for (unsigned i = 0; i < RACERS; i++)
    racers[i] = spawn("racer", race, kills && i % 2 ? &kills : NULL);
  for (unsigned i = 0; i < RACERS; i++)
    await_ready(racers[i]);
  for (unsigned i = 0; i < RACERS; i++)
    proceed(racers[i]);
  for (unsigned i = 1; kills && i < RACERS; i += 2) { /* wherever it is by then */
    await_count(racers[i], OPENED, 1 + random_number() % 50);
    kill_process(racers[i]);
  }
  disturb(racers);
  for (unsigned i = 0; i < RACERS; i++)
    for (unsigned k = 0; k < COUNTS; k++)
      counts[k] += racers[i]->count[k];
  if (rilld)
    kill_process(rilld);
  (void)printf("  %llu made, %llu opened, %llu removed, %llu gc, %llu waited, %llu kept out\n",
               (unsigned long long)counts[MADE], (unsigned long long)counts[OPENED],
               (unsigned long long)counts[REMOVED], (unsigned long long)counts[COLLECTED],
               (unsigned long long)counts[WAITED], (unsigned long long)counts[KEPT_OUT]);
  CHECK(counts[MADE] && counts[OPENED] && counts[REMOVED]);
  const int code = rill_queue_unlink(context_here(), NAME); /* a kept one, if there is one */
  CHECK(code == 0 || code == -ENOENT);
  gc_leaves_nothing();
}

static void one_name_made_and_removed_by_many_is_always_whole(void) {
  race_with(0, 0);
}
static void one_name_made_and_removed_beside_a_registry_is_always_whole(void) {
  race_with(1, 0);
}
static void one_name_whose_makers_and_removers_are_killed_is_always_whole(void) {
  for (int turn = 0; turn < 6; turn++)
    race_with(turn % 2, 1);
}

static const struct test tests[] = {
    NAMED(one_name_made_and_removed_by_many_is_always_whole),
    NAMED(one_name_made_and_removed_beside_a_registry_is_always_whole),
    NAMED(one_name_whose_makers_and_removers_are_killed_is_always_whole),
};

int main(int argc, char **argv) {
  return RUN_TESTS(argc, argv, 400);
}
