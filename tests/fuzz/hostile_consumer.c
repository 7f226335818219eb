/* SPDX-License-Identifier: MIT */
/* hostile_consumer.c - a member that writes anything to all the pages that it may write: its
 * group's page set and the hints, for as long as a producer and other groups exchange messages.
 *
 * Keeps promise 4: the others get every message once, whole and in order; the producer may refuse
 * the hostile group, and others may be woken late by a slice; nobody crashes or hangs. And what
 * a member may not write, faults. --long: several of them, producers that are killed and
 * succeeded, and a registry. */
#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <setjmp.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "actors.h"
#include "client.h"

#define GROUPS 8u
#define SOUND 3u
#define HOSTILE_MOST 3u

static const struct rill_queue_attr attr = {
    .size = sizeof attr, .capacity = 65536, .max_groups = GROUPS};

static uint64_t messages; /* that are exchanged                                       */

/* --- the hostile one ------------------------------------------------------------------------ */

struct villain {
  rill_consumer *consumer;
  const rill_queue *queue;
  uint8_t *set, *hints;
};

/* What could do harm: others' cursors, the ring's own figures, near misses of them, anything. */
static uint64_t evil_value(const struct villain *villain) {
  const struct rilli_ring *ring = &villain->queue->segments.ring;
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

static uint64_t evil_state(const struct villain *villain) {
  const uint64_t pick = random_number();
  const uint64_t now = atomic_load(&villain->consumer->group->state);
  if (pick % 4 == 0)
    return evil_value(villain);
  return (now & ~UINT64_C(0xffff)) | (pick >> 8 & 0x307);
}

static void write_row(const struct villain *villain) {
  struct rilli_group *group = villain->consumer->group;
  const uint64_t pick = random_number();
  switch (pick % 7) {
  case 0:
    atomic_store(&group->state, evil_state(villain));
    break;
  case 1:
  case 2:
  case 3:
    atomic_store(&group->cursor, evil_value(villain));
    break;
  case 4:
    atomic_store(&group->place[pick >> 8 & 1].position, evil_value(villain));
    atomic_store(&group->place[pick >> 9 & 1].sequence, evil_value(villain));
    if (pick & 1024)
      atomic_store(&group->owed.position, atomic_load(&group->cursor));
    break;
  case 5: /* anywhere, of any width, aligned or not */
    memcpy(villain->set + (pick >> 8) % (RILLI_PAGE - 8), &(uint64_t){random_number()},
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

static void write_hints(const struct villain *villain) {
  struct rilli_hints *hints = (void *)villain->hints;
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
  case 4: /* a bell may be rung by whoever may read it */
    wake(&villain->queue->segments.ring.page->bell[pick >> 8 & 63]);
    break;
  default:
    memcpy(villain->hints + (pick >> 8) % (RILLI_PAGE - 8), &(uint64_t){random_number()},
           1 + (pick >> 32) % 8);
    break;
  }
}

static void be_hostile(void *arg) {
  const unsigned number = *(const unsigned *)arg;
  const char name[] = {'h', (char)('0' + number), 0};
  rill_queue *queue = open_queue(&attr);
  rill_consumer *consumer = open_consumer(queue, (struct joining){.group = name});
  const struct villain villain = {consumer, queue, (uint8_t *)consumer->group,
                                  (uint8_t *)consumer->ring.hints};
  reached();
  await_cue();
  at("writing anything");
  for (uint64_t writes = 0;; writes++) {
    if (random_number() % 4)
      write_row(&villain);
    else
      write_hints(&villain);
    if (random_number() % 4096 == 0)
      for (size_t i = 0; i < RILLI_PAGE; i += 8)
        memcpy(villain.set + i, &(uint64_t){random_number()}, 8);
    atomic_store_explicit(&me->count[0], writes, memory_order_relaxed);
    if (writes % 64 == 0)
      breathe(); /* the others shall run as well, also on one processor */
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
  reached();
  for (uint64_t number = 0; number < messages; number++) {
    at("receiving %llu", (unsigned long long)number);
    receive_number(consumer, number);
    atomic_store(&me->count[0], number + 1);
  }
  rill_consumer_close(consumer);
}

/* Goes on where a predecessor, if there was one, ended. */
static void produce(void *arg) {
  rill_queue *queue = open_queue(&attr);
  rill_producer *producer = open_producer(queue, *(const uint32_t *)arg, RILL_FOREVER);
  for (uint64_t number = stat_of(queue).sequence; number < messages; number++) {
    at("publishing %llu", (unsigned long long)number);
    CHECK_CODE(publish_number(producer, number, RILL_FOREVER), 0);
  }
  rill_producer_close(producer);
}

static void hear(const struct rill_finding *finding, void *arg) {
  (void)arg;
  CHECK(strlen(finding->text) > 0);
}

/* Looks, and gives back what there is to give back: nothing, while all live. */
static void inspect(void *arg) {
  rill_queue *queue = open_queue(&attr);
  (void)arg;
  for (;;) {
    struct rill_group_stat group = {.size = sizeof group};
    at("stat");
    (void)stat_of(queue);
    for (uint32_t index = 0; rill_group_stat(queue, &index, &group) == 1;)
      CHECK(memchr(group.name, 0, sizeof group.name));
    at("doctor");
    CHECK(rill_queue_examine(context_here(), "q", hear, NULL) >= 0);
    at("gc");
    CHECK(rill_queue_gc(context_here(), 0, NULL, NULL) >= 0);
    breathe();
  }
}

struct cast {
  rill_queue *queue;
  struct actor *sound[SOUND], *hostile[HOSTILE_MOST], *inspector;
  unsigned villains;
};

/* All have joined before anything hostile happens. */
static void raise_the_curtain(struct cast *cast, unsigned villains) {
  static const unsigned numbers[HOSTILE_MOST] = {0, 1, 2};
  cast->queue = open_queue(&attr);
  cast->villains = villains;
  for (unsigned i = 0; i < SOUND; i++) {
    cast->sound[i] = spawn(parts[i].name, consume, (void *)(uintptr_t)&parts[i]);
    meet(cast->sound[i]);
  }
  for (unsigned i = 0; i < villains; i++) {
    cast->hostile[i] = spawn("hostile", be_hostile, (void *)(uintptr_t)&numbers[i]);
    meet(cast->hostile[i]);
  }
  for (unsigned i = 0; i < villains; i++)
    cue(cast->hostile[i]);
  cast->inspector = spawn("inspector", inspect, NULL);
}

static void drop_the_curtain(struct cast *cast) {
  for (unsigned i = 0; i < SOUND; i++)
    if (cast->sound[i]->pid)
      await_end(cast->sound[i]);
  for (unsigned i = 0; i < cast->villains; i++) {
    CHECK(atomic_load(&cast->hostile[i]->count[0]) > 0);
    kill_actor(cast->hostile[i]);
  }
  kill_actor(cast->inspector);
  rill_queue_close(cast->queue);
  CHECK_CODE(rill_queue_unlink(context_here(), "q"), 0);
  gc_leaves_nothing();
}

static void hostile_member_harms(uint32_t producers_wait) {
  struct cast cast;
  messages = SUPPORT_SANITIZED ? 3000 : 30000;
  raise_the_curtain(&cast, HOSTILE_MOST);
  struct actor *producer = spawn("producer", produce, &producers_wait);
  await_end(producer);
  drop_the_curtain(&cast);
}

static void hostile_member_harms_nobody_while_the_producer_parks(void) {
  hostile_member_harms(RILL_PARK);
}

static void hostile_member_harms_nobody_while_the_producer_spins(void) {
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

/* In a process whose faults no sanitizer takes for its own. */
static void what_a_member_may_not_write_faults(void) {
  rill_queue *queue = open_queue(&attr);
  await_end(spawn("member", try_to_write, NULL));
  rill_queue_close(queue);
  CHECK_CODE(rill_queue_unlink(context_here(), "q"), 0);
}

/* --- the long one -------------------------------------------------------------------------- */

static void wait_a_while(void) {
  const struct timespec span = {.tv_nsec = (long)(random_number() % 100000000)};
  (void)nanosleep(&span, NULL);
}

#ifdef RILLD
static void be_the_registry(void *arg) {
  static const char *const arguments[] = {"rilld", "--foreground", NULL};
  (void)arg;
  const int null = open("/dev/null", O_WRONLY | O_CLOEXEC);
  CHECK(null >= 0 && dup2(null, STDERR_FILENO) >= 0);
  (void)execv(RILLD, (char *const *)(uintptr_t)arguments);
  _exit(98);
}
#endif

#define NEAR 5000 /* messages before the end: that one may finish                       */

static int all_received(const struct cast *cast) {
  for (unsigned i = 0; i < SOUND; i++)
    if (atomic_load(&cast->sound[i]->count[0]) < messages)
      return 0;
  return 1;
}

static void hostile_members_harm_nobody_while_producers_die(void) {
  struct cast cast;
  messages = 600000;
  unsigned killed = 0;
#ifdef RILLD
  struct actor *registry = spawn("registry", be_the_registry, NULL);
#endif
  raise_the_curtain(&cast, HOSTILE_MOST);
  while (!all_received(&cast)) {
    uint32_t wait = (uint32_t)(random_number() % 3);
    struct actor *producer = spawn("producer", produce, &wait);
    wait_a_while();
    fail_if_dead(); /* who ended in order is none of ours any more */
    if (producer->pid && stat_of(cast.queue).sequence < messages - NEAR) {
      kill_actor(producer);
      killed++;
    } else if (producer->pid) {
      await_end(producer);
      break;
    }
  }
  (void)printf("%u producers killed\n", killed);
#ifdef RILLD
  kill_actor(registry);
#endif
  drop_the_curtain(&cast);
}

#define NAMED(function)                                                                            \
  { #function, function }

int main(int argc, char **argv) {
  static const struct test quick[] = {
      NAMED(what_a_member_may_not_write_faults),
      NAMED(hostile_member_harms_nobody_while_the_producer_parks),
      NAMED(hostile_member_harms_nobody_while_the_producer_spins),
  };
  static const struct test slow[] = {NAMED(hostile_members_harm_nobody_while_producers_die)};
  if (argc > 1 && strcmp(argv[1], "--long") == 0)
    return run_tests(slow, 1, argc - 1, argv + 1, 600);
  return run_tests(quick, sizeof quick / sizeof *quick, argc, argv, 120);
}
