/* SPDX-License-Identifier: MIT */
/* hostile_consumer.c - a member that writes anything to all the pages that it may write: its
 * group's page set and the hints, for as long as a producer and other groups exchange messages.
 *
 * Keeps promise 4: the others get every message once, whole and in sequence; the producer may
 * refuse the hostile group, and others may be woken late by a slice; none crashes or hangs. A
 * write to what a member may not write faults. --long: several of them, producers that are killed
 * and succeeded, and a registry. */
#include <errno.h>
#include <linux/futex.h>
#include <setjmp.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "client.h"
#include "oracle.h"
#ifdef RILLD
#include "daemon.h"
#endif

#define GROUPS 8u
#define SOUND 3u
#define HOSTILE_MOST 3u

static const struct rill_queue_attr attr = {
    .size = sizeof attr, .capacity = 65536, .max_groups = GROUPS};

static uint64_t messages; /* that are exchanged                                       */

/* --- the hostile member ---------------------------------------------------------------------- */

struct hostile {
  rill_consumer *consumer;
  const rill_queue *queue;
  uint8_t *set, *hints;
};

/* Values that could do harm: others' cursors, the ring's own figures, values near them, others. */
static uint64_t harmful_value(const struct hostile *hostile) {
  const struct rilli_ring *ring = &hostile->queue->segments.ring;
  const uint64_t pick = random_number(), limit = atomic_load(&ring->page->limit);
  const struct rilli_group *other = rilli_group_at(ring, (uint32_t)(pick >> 8) % GROUPS);
  switch (pick % 12) {
  case 0:
    return atomic_load(&other->cursor);
  case 1:
    return atomic_load(&other->cursor) + (pick >> 16) % 9 * 16 - 64;
  case 2:
    return limit;
  case 3:
    return limit - ring->capacity;
  case 4:
    return limit - (pick >> 16) % ring->capacity;
  case 5:
    return (limit - (pick >> 16) % ring->capacity) & ~UINT64_C(15);
  case 6:
    return RILLI_NONE;
  case 7:
    return UINT64_C(1) << (pick >> 16) % 64;
  case 8:
    return 0;
  case 9:
    return UINT64_MAX - (pick >> 16) % 32;
  case 10:
    return atomic_load(&other->state);
  default:
    return random_number();
  }
}

static uint64_t harmful_state(const struct hostile *hostile) {
  const uint64_t pick = random_number();
  const uint64_t now = atomic_load(&hostile->consumer->group->state);
  if (pick % 4 == 0)
    return harmful_value(hostile);
  return (now & ~UINT64_C(0xffff)) | (pick >> 8 & 0x307);
}

static void write_row(const struct hostile *hostile) {
  struct rilli_group *group = hostile->consumer->group;
  const uint64_t pick = random_number();
  switch (pick % 7) {
  case 0:
    atomic_store(&group->state, harmful_state(hostile));
    break;
  case 1:
  case 2:
  case 3:
    atomic_store(&group->cursor, harmful_value(hostile));
    break;
  case 4:
    atomic_store(&group->place[pick >> 8 & 1].position, harmful_value(hostile));
    atomic_store(&group->place[pick >> 9 & 1].sequence, harmful_value(hostile));
    if (pick & 1024)
      atomic_store(&group->unreleased.position, atomic_load(&group->cursor));
    break;
  case 5: /* anywhere, of any width, aligned or not */
    memcpy(hostile->set + (pick >> 8) % (RILLI_PAGE - 8), &(uint64_t){random_number()},
           1 + (pick >> 32) % 8);
    break;
  default:
    atomic_fetch_add(&group->kick, 1);
    break;
  }
}

static void wake(const _Atomic uint32_t *word) {
  (void)syscall(SYS_futex, word, FUTEX_WAKE, INT32_MAX, NULL, NULL, 0);
}

static void write_hints(const struct hostile *hostile) {
  struct rilli_hints *hints = (void *)hostile->hints;
  const uint64_t pick = random_number();
  switch (pick % 6) {
  case 0:
    atomic_store(&hints->sleepers, 0);
    break;
  case 1:
    atomic_store(&hints->sleepers, pick & 8 ? UINT64_MAX : random_number());
    break;
  case 2:
    atomic_store(&hints->room, (uint32_t)random_number());
    break;
  case 3:
    wake(&hints->room);
    break;
  case 4: /* a bell may be rung by a process that may read it */
    wake(&hostile->queue->segments.ring.page->bell[pick >> 8 & 63]);
    break;
  default:
    memcpy(hostile->hints + (pick >> 8) % (RILLI_PAGE - 8), &(uint64_t){random_number()},
           1 + (pick >> 32) % 8);
    break;
  }
}

static void be_hostile(void *arg) {
  const unsigned number = *(const unsigned *)arg;
  const char name[] = {'h', (char)('0' + number), 0};
  rill_queue *queue = open_queue(&attr);
  rill_consumer *consumer = open_consumer(queue, (struct joining){.group = name});
  const struct hostile hostile = {consumer, queue, (uint8_t *)consumer->group,
                                  (uint8_t *)consumer->ring.hints};
  report_ready();
  await_proceed();
  at("writing anything");
  for (uint64_t writes = 0;; writes++) {
    if (random_number() % 4)
      write_row(&hostile);
    else
      write_hints(&hostile);
    if (random_number() % 4096 == 0)
      for (size_t i = 0; i < RILLI_PAGE; i += 8)
        memcpy(hostile.set + i, &(uint64_t){random_number()}, 8);
    atomic_store_explicit(&me->count[0], writes, memory_order_relaxed);
    if (writes % 64 == 0)
      breathe(); /* the others must run as well, even on one processor */
  }
}

/* --- the others --------------------------------------------------------------------------- */

struct part {
  const char *name;
  uint32_t wait;
};

static const struct part parts[SOUND] = {
    {"spin", RILL_SPIN}, {"park", RILL_PARK}, {"adaptive", RILL_ADAPTIVE}};

static void consume(void *arg) {
  const struct part *part = arg;
  rill_consumer *consumer = open_consumer(
      open_queue(&attr),
      (struct joining){.group = part->name, .wait = part->wait, .flags = RILL_FOLLOW});
  report_ready();
  for (uint64_t number = 0; number < messages; number++) {
    at("receiving %llu", (unsigned long long)number);
    receive_number(consumer, number);
    atomic_store(&me->count[0], number + 1);
  }
  rill_consumer_close(consumer);
}

/* Continues where a predecessor ended, if there was one. */
static void produce(void *arg) {
  rill_queue *queue = open_queue(&attr);
  rill_producer *producer = open_producer(queue, *(const uint32_t *)arg, RILL_FOREVER);
  for (uint64_t number = stat_of(queue).sequence; number < messages; number++) {
    at("publishing %llu", (unsigned long long)number);
    CHECK_EQ(publish_number(producer, number, RILL_FOREVER), 0);
  }
  rill_producer_close(producer);
}

/* Checks, and reclaims what can be reclaimed: nothing, while all live. */
static void inspect(void *arg) {
  rill_queue *queue = open_queue(&attr);
  (void)arg;
  for (;;) {
    struct rill_group_stat group = {.size = sizeof group};
    at("stat");
    (void)stat_of(queue);
    for (uint32_t index = 0; rill_group_read_stat(queue, &index, &group) == 1;)
      CHECK(memchr(group.name, 0, sizeof group.name));
    at("doctor");
    CHECK_EQ(examine_queue(context_here(), "q", NO_FINDING, "beside a hostile member"), 0);
    at("gc");
    CHECK(rill_queue_gc(context_here(), 0, NULL, NULL) >= 0);
    breathe();
  }
}

struct processes {
  rill_queue *queue;
  struct process *sound[SOUND], *hostile[HOSTILE_MOST], *inspector;
  unsigned hostiles;
};

/* All have joined before anything hostile happens. */
static void start_all(struct processes *all, unsigned hostiles) {
  static const unsigned numbers[HOSTILE_MOST] = {0, 1, 2};
  all->queue = open_queue(&attr);
  all->hostiles = hostiles;
  for (unsigned i = 0; i < SOUND; i++) {
    all->sound[i] = spawn(parts[i].name, consume, (void *)(uintptr_t)&parts[i]);
    await_ready(all->sound[i]);
  }
  for (unsigned i = 0; i < hostiles; i++) {
    all->hostile[i] = spawn("hostile", be_hostile, (void *)(uintptr_t)&numbers[i]);
    await_ready(all->hostile[i]);
  }
  for (unsigned i = 0; i < hostiles; i++)
    proceed(all->hostile[i]);
  all->inspector = spawn("inspector", inspect, NULL);
}

static void end_all(struct processes *all) {
  for (unsigned i = 0; i < SOUND; i++)
    if (all->sound[i]->pid)
      await_end(all->sound[i]);
  for (unsigned i = 0; i < all->hostiles; i++) {
    CHECK(atomic_load(&all->hostile[i]->count[0]) > 0);
    kill_process(all->hostile[i]);
  }
  kill_process(all->inspector);
  rill_queue_close(all->queue);
  CHECK_EQ(rill_queue_unlink(context_here(), "q"), 0);
  gc_leaves_nothing();
}

static void hostile_member_harms(uint32_t producers_wait) {
  struct processes all;
  messages = SUPPORT_SANITIZED ? 3000 : 30000;
  start_all(&all, HOSTILE_MOST);
  struct process *producer = spawn("producer", produce, &producers_wait);
  await_end(producer);
  end_all(&all);
}

static void hostile_member_harms_no_other_while_the_producer_parks(void) {
  hostile_member_harms(RILL_PARK);
}

static void hostile_member_harms_no_other_while_the_producer_spins(void) {
  hostile_member_harms(RILL_SPIN);
}

/* --- what may not be written --------------------------------------------------------------- */

static sigjmp_buf after_fault;

static void take_fault(int number) {
  siglongjmp(after_fault, number);
}

/* A write of the byte that is there. */
static int faults(uint8_t *at_byte) {
  if (sigsetjmp(after_fault, 1))
    return 1;
  *(volatile uint8_t *)at_byte = *(volatile uint8_t *)at_byte;
  return 0;
}

static void every_page_faults(const struct rilli_mapping *map, const char *what) {
  for (size_t i = 0; i < map->size; i += RILLI_PAGE)
    CHECK_THAT(faults(map->base + i), "byte %zu of %s could be written", i, what);
}

static void try_to_write(void *arg) {
  (void)arg;
  rill_queue *queue = open_queue(&attr);
  rill_consumer *consumer = open_consumer(queue, (struct joining){.group = "hostile"});
  struct sigaction action = {.sa_handler = take_fault};
  CHECK(sigaction(SIGSEGV, &action, NULL) == 0 && sigaction(SIGBUS, &action, NULL) == 0);
  every_page_faults(&queue->segments.data, "the data segment");
  every_page_faults(&queue->segments.control, "the control segment");
  CHECK(mprotect(queue->segments.data.base, queue->segments.data.size, PROT_READ | PROT_WRITE) !=
        0);
  CHECK(!faults((uint8_t *)consumer->group) && !faults((uint8_t *)consumer->ring.hints));
  CHECK(!faults((uint8_t *)consumer->group + RILLI_PAGE - 1));
  CHECK(consumer->ring.groups == NULL && consumer->ring.page == queue->segments.ring.page);
  rill_consumer_close(consumer);
}

/* In a process whose faults no sanitizer handles. */
static void what_a_member_may_not_write_faults(void) {
  rill_queue *queue = open_queue(&attr);
  await_end(spawn("member", try_to_write, NULL));
  rill_queue_close(queue);
  CHECK_EQ(rill_queue_unlink(context_here(), "q"), 0);
}

/* --- the long one -------------------------------------------------------------------------- */

static void wait_a_while(void) {
  const struct timespec span = {.tv_nsec = (long)(random_number() % 100000000)};
  (void)nanosleep(&span, NULL);
}

#define NEAR 5000 /* messages before the end: that one may finish                       */

static int all_received(const struct processes *all) {
  for (unsigned i = 0; i < SOUND; i++)
    if (atomic_load(&all->sound[i]->count[0]) < messages)
      return 0;
  return 1;
}

static void hostile_members_harm_no_other_while_producers_die(void) {
  struct processes all;
  messages = 600000;
  unsigned killed = 0;
#ifdef RILLD
  struct process *registry = spawn("registry", serve, NULL);
#endif
  start_all(&all, HOSTILE_MOST);
  while (!all_received(&all)) {
    uint32_t wait = (uint32_t)(random_number() % 3);
    struct process *producer = spawn("producer", produce, &wait);
    wait_a_while();
    fail_if_dead(); /* a process that ended normally does not count any more */
    if (producer->pid && stat_of(all.queue).sequence < messages - NEAR) {
      kill_process(producer);
      killed++;
    } else if (producer->pid) {
      await_end(producer);
      break;
    }
  }
  (void)printf("%u producers killed\n", killed);
#ifdef RILLD
  kill_process(registry);
#endif
  end_all(&all);
}

int main(int argc, char **argv) {
  static const struct test quick[] = {
      NAMED(what_a_member_may_not_write_faults),
      NAMED(hostile_member_harms_no_other_while_the_producer_parks),
      NAMED(hostile_member_harms_no_other_while_the_producer_spins),
  };
  static const struct test slow[] = {NAMED(hostile_members_harm_no_other_while_producers_die)};
  if (argc > 1 && strcmp(argv[1], "--long") == 0)
    return run_all_tests(slow, 1, argc - 1, argv + 1, 600);
  return run_all_tests(quick, sizeof quick / sizeof *quick, argc, argv, 120);
}
