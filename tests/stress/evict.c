/* SPDX-License-Identifier: MIT */
/* evict.c (stress) - a producer that evicts after 50 us, and consumer processes that are fast, busy
 * with a message for long, or stopped anywhere; some of kept groups. A member that gets -ESTALE
 * begins again.
 *
 * If a release succeeds, all that it gives back was whole, in sequence and without a gap, before
 * and after; and a kept group that comes back gets exactly what it missed as its loss. */
#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "plain_ring.h"
#include "support.h"

#define MOST 900u
#define IN_HAND 4u
#define EVICT_AFTER 50000 /* ns */

enum { FAST, BUSY, STOPPED };

static const struct role {
  const char *group;
  uint32_t flags, kind;
} roles[] = {
    {"fast", RILL_KEEP_GROUP, FAST},       {"fast and gone", 0, FAST},
    {"busy", RILL_KEEP_GROUP, BUSY},       {"busy and gone", 0, BUSY},
    {"stopped", RILL_KEEP_GROUP, STOPPED}, {"stopped and gone", 0, STOPPED},
};
enum { ROLES = sizeof roles / sizeof *roles };

struct tally {
  _Atomic uint64_t released; /* messages, by releases that succeeded                    */
  _Atomic uint64_t learned;  /* evictions that it learned of                            */
  _Atomic uint64_t torn;     /* messages of those that were not whole any more          */
  _Atomic uint64_t lost;
};

/* Shared by all processes. */
static struct board {
  _Atomic uint64_t published;
  struct tally tally[ROLES];
} * board;
static uint64_t total;

static int produce(void *unused) {
  (void)unused;
  rill_queue *queue = support_queue("stress");
  rill_producer *producer = NULL;
  uint8_t bytes[MOST + 8];
  CHECK_EQ(rill_producer_open(queue, NULL, RILL_NOW, &producer), 0);
  for (uint64_t sequence = 0; sequence < total; sequence++) {
    const size_t size = support_size(sequence, MOST);
    support_fill(bytes, size, sequence);
    int code = -EAGAIN;
    if (sequence % 3 == 0) /* the three ways to ask for room */
      while ((code = rill_publish(producer, bytes, size, RILL_NOW)) == -EAGAIN)
        ;
    else if (sequence % 3 == 1)
      while ((code = rill_publish(producer, bytes, size, rill_after(20000))) == -ETIMEDOUT)
        ;
    else
      code = rill_publish(producer, bytes, size, RILL_FOREVER);
    CHECK_EQ(code, 0);
    atomic_store(&board->published, sequence + 1);
  }
  rill_producer_close(producer);
  rill_queue_close(queue);
  return 0;
}

/* --- consumers ------------------------------------------------------------------------------- */

struct reader {
  const struct role *role;
  struct tally *tally;
  uint64_t seed;
  rill_queue *queue;
  uint64_t next; /* the first message that is not released                              */
  int known;     /* ... by this group, ever                                             */
  rill_consumer *consumer;
  struct rill_message hand[IN_HAND];
};

static int whole(const struct rill_message *message) {
  return message->size == support_size(message->sequence, MOST) &&
         support_is(message->data, message->size, message->sequence);
}

static void be_busy(struct reader *reader) {
  const uint64_t random = support_random(&reader->seed);
  if (reader->role->kind != BUSY || random % 64)
    return;
  for (volatile uint64_t turns = random / 64 % 400000; turns; turns--)
    ;
}

static void begin(struct reader *reader) {
  const struct rill_consumer_attr attr = {
      .size = sizeof attr,
      .group = strchr(reader->role->group, ' ') ? NULL : reader->role->group,
      .flags = reader->role->flags,
      .start = support_random(&reader->seed) % 2,
      .wait = support_random(&reader->seed) % 2 ? RILL_PARK : RILL_ADAPTIVE};
  CHECK_EQ(rill_consumer_open(reader->queue, &attr, &reader->consumer), 0);
}

/* The first message of a tenancy, or the one behind the last. */
static void check_order(struct reader *reader, const struct rill_message *message, uint64_t due,
                        int first) {
  if (!reader->known)
    reader->next = message->sequence;
  if (!first || (reader->known && reader->role->flags))
    CHECK_EQ(message->sequence - message->lost, due);
  CHECK(first || message->lost == 0);
  CHECK(message->lost == 0 || reader->role->flags);
  reader->known = 1;
  atomic_fetch_add(&reader->tally->lost, message->lost);
}

/* Which of them are whole, as bits. */
static unsigned look_again(const struct reader *reader, unsigned n) {
  unsigned sound = 0;
  for (unsigned i = 0; i < n; i++)
    sound |= (unsigned)whole(&reader->hand[i]) << i;
  return sound;
}

/* Releases what it has received: 1 if that succeeds. */
static int give_back(struct reader *reader, unsigned n, unsigned sound) {
  const int code = rill_release(reader->consumer, &reader->hand[n - 1]);
  if (code == 0) {
    CHECK_EQ(sound, (1u << n) - 1);
    reader->next = reader->hand[n - 1].sequence + 1;
    atomic_fetch_add(&reader->tally->released, n);
    return 1;
  }
  CHECK_EQ(code, -ESTALE);
  atomic_fetch_add(&reader->tally->torn, n - (unsigned)__builtin_popcount(sound));
  return 0;
}

/* One tenancy: until it is evicted, leaves (0), or has everything (1). */
static int attend(struct reader *reader) {
  uint64_t due = reader->next;
  int first = 1;
  for (uint64_t left = support_random(&reader->seed) % 20000; left; left--) {
    const unsigned most = 1 + (unsigned)(support_random(&reader->seed) % IN_HAND);
    unsigned n = 0, sound = 0;
    int code = 0;
    for (; n < most; n++) {
      code = rill_receive(reader->consumer, n ? RILL_NOW : RILL_FOREVER, &reader->hand[n]);
      if (code)
        break;
      check_order(reader, &reader->hand[n], due, first);
      sound |= (unsigned)whole(&reader->hand[n]) << n;
      due = reader->hand[n].sequence + 1;
      first = 0;
    }
    if (code == -EPIPE && n == 0)
      return 1;
    CHECK(code == 0 || code == -EAGAIN || code == -EPIPE || code == -ESTALE);
    be_busy(reader);
    sound &= look_again(reader, n);
    if (code == -ESTALE)
      CHECK(n == 0 || !give_back(reader, n, sound));
    if (code == -ESTALE || !give_back(reader, n, sound)) {
      atomic_fetch_add(&reader->tally->learned, 1);
      return 0;
    }
  }
  return 0;
}

static int consume(void *which) {
  const uintptr_t i = (uintptr_t)which;
  struct reader reader = {.role = &roles[i],
                          .tally = &board->tally[i],
                          .seed = i + 1,
                          .queue = support_queue("stress")};
  int done;
  do {
    begin(&reader);
    done = attend(&reader);
    rill_consumer_close(reader.consumer);
  } while (!done);
  CHECK(!reader.role->flags || reader.next == total);
  rill_queue_close(reader.queue);
  return 0;
}

/* --- stopping them --------------------------------------------------------------------------- */

/* Waits until n more messages are published, or all. */
static void await_messages(uint64_t n) {
  const uint64_t until = atomic_load(&board->published) + n;
  while (atomic_load(&board->published) < (until < total ? until : total))
    (void)sched_yield();
}

/* Returns 1 if it has ended, having everything. */
static int stop_one(pid_t child) {
  int status = 0;
  CHECK_EQ(kill(child, SIGSTOP), 0);
  CHECK_EQ(waitpid(child, &status, WUNTRACED), child);
  CHECK(WIFSTOPPED(status) || (status == 0 && atomic_load(&board->published) == total));
  return !WIFSTOPPED(status);
}

static void stop_them(pid_t *children) {
  uint64_t seed = 11;
  while (atomic_load(&board->published) < total)
    for (unsigned i = 0; i < ROLES; i++) {
      if (roles[i].kind != STOPPED || !children[i])
        continue;
      if (stop_one(children[i])) {
        children[i] = 0;
        continue;
      }
      await_messages(support_random(&seed) % 2 ? 20 : 400);
      CHECK_EQ(kill(children[i], SIGCONT), 0);
      await_messages(200);
    }
}

static void check_tallies(rill_queue *queue) {
  struct rill_queue_stat stat = {.size = sizeof stat};
  uint64_t learned = 0;
  CHECK_EQ(rill_queue_read_stat(queue, &stat), 0);
  for (unsigned i = 0; i < ROLES; i++) {
    const struct tally *tally = &board->tally[i];
    (void)printf("%-18s %9llu released, %6llu evictions, %6llu torn and void, %9llu lost\n",
                 roles[i].group, (unsigned long long)tally->released,
                 (unsigned long long)tally->learned, (unsigned long long)tally->torn,
                 (unsigned long long)tally->lost);
    CHECK(tally->released > 0);
    CHECK(roles[i].kind == FAST || tally->learned > 0);
    learned += tally->learned;
  }
  (void)printf("%llu evictions of %llu messages\n", (unsigned long long)stat.evictions,
               (unsigned long long)stat.sequence);
  CHECK_EQ(stat.sequence, total);
  CHECK(stat.evictions >= learned);
}

int main(int argc, char **argv) {
  const uint64_t factor = argc > 1 ? strtoull(argv[1], NULL, 10) : 1;
  total = (SUPPORT_SANITIZED ? 400000 : 4000000) * factor;
  support_begin("stress/evict");
  support_watchdog((unsigned)(240 * factor));
  board = mmap(NULL, sizeof *board, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  CHECK(board != MAP_FAILED);
  const struct rill_queue_attr attr = {
      .size = sizeof attr, .capacity = 65536, .max_groups = ROLES, .evict_after = EVICT_AFTER};
  rill_context *context = NULL;
  rill_queue *queue = NULL;
  CHECK_EQ(rill_context_open(NULL, &context), 0);
  CHECK_EQ(rill_queue_open(context, "stress", RILL_CREATE, &attr, RILL_NOW, &queue), 0);
  pid_t children[ROLES];
  int bad = 0;
  for (uintptr_t i = 0; i < ROLES; i++)
    children[i] = support_child(consume, (void *)i);
  const pid_t producer = support_child(produce, NULL);
  stop_them(children);
  bad |= support_reap(producer);
  for (unsigned i = 0; i < ROLES; i++)
    if (children[i])
      bad |= support_reap(children[i]);
  CHECK_EQ(bad, 0);
  check_tallies(queue);
  rill_queue_close(queue);
  rill_context_close(context);
  support_end();
  return 0;
}
