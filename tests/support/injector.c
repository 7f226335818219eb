/* SPDX-License-Identifier: MIT */
/* injector.c - the target's thread, the answers to its calls, and what must hold behind each try.
 * See injector.h. */
#include "injector.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "client.h"
#include "heap.h"

#define RECORDED 512       /* calls of one operation that are failed                     */
#define CALLS_MOST 100000u /* of one try: more is an endless loop                        */
#define SILENCE 20000      /* ms without a call or the end: it hangs                     */
#define FILES_MOST 2048u   /* bytes: the names of all of a namespace's files             */
#define FINDINGS_MOST 100u /* that are printed                                           */

enum signal { SIGNAL_IDLE = 0x1d1e, SIGNAL_FROM, SIGNAL_TO };

/* What the target and the injector share. */
static const struct injection *injection;
static struct {
  int code;
  char text[512]; /* rill_error() of the target's                                        */
  struct heap heap;
} answer;
static const char nothing_said[] = "rill_context_attr.size is 0 where";

static int listener;
static struct call idle; /* the target's, while it waits for the next try                */

struct fault {
  struct plan plan;
  unsigned failed; /* how many were                                                       */
};
static const struct fault *now;

static const struct kind *recorded[RECORDED]; /* of the unharmed try                     */
static unsigned recorded_count;
static int marked; /* it has marks                                                       */

static unsigned findings;

void found(const char *format, ...) {
  char text[600];
  va_list args;
  va_start(args, format);
  (void)vsnprintf(text, sizeof text, format, args);
  va_end(args);
  if (findings++ < FINDINGS_MOST)
    (void)fprintf(stderr, "%s: %s\n", me->where, text);
}

/* --- the target's thread ------------------------------------------------------------- */

static void signal_injector(enum signal what) {
  (void)syscall(SYS_getppid, (long)what);
}
void from_here(void) {
  signal_injector(SIGNAL_FROM);
  heap_here()->fallible = 1;
  heap_here()->calls = 0;
}
void to_here(void) {
  heap_here()->fallible = 0;
  signal_injector(SIGNAL_TO);
}

static void say_nothing(void) {
  const struct rill_context_attr wrong = {.size = 0};
  rill_context *none = NULL;
  (void)rill_context_open(&wrong, &none);
}

static void *run_target(void *ret_listener) {
  void *volatile first = malloc(1); /* libc's arena of this thread stays */
  free(first);
  const int installed = listener_install();
  atomic_store((_Atomic int *)ret_listener, installed);
  if (installed < 0)
    return NULL;
  for (;;) {
    signal_injector(SIGNAL_IDLE);
    say_nothing();
    struct heap *heap = heap_here();
    *heap = answer.heap;
    heap->watched = 1;
    heap->fallible = !marked;
    const int code = injection->run(injection->arg);
    heap->watched = 0;
    answer.heap = *heap;
    answer.code = code;
    (void)snprintf(answer.text, sizeof answer.text, "%s", rill_error());
  }
}

/* --- the injector --------------------------------------------------------------------- */

static void stay_on_one_cpu(void) {
  cpu_set_t here;
  CPU_ZERO(&here);
  CPU_SET((size_t)sched_getcpu(), &here);
  (void)sched_setaffinity(0, sizeof here, &here); /* only for speed */
}

static void start_target(void) {
  static _Atomic int installed = 0;
  static pthread_t thread;
  stay_on_one_cpu();
  CHECK(pthread_create(&thread, NULL, run_target, (void *)(uintptr_t)&installed) == 0);
  while (atomic_load(&installed) == 0)
    breathe();
  CHECK_THAT(atomic_load(&installed) > 0, "no seccomp listener: %s",
             strerror(-atomic_load(&installed)));
  listener = atomic_load(&installed);
  CHECK(listener_next(listener, -1, &idle) == 1 && idle.arguments[0] == SIGNAL_IDLE);
}

static void answer_call(struct fault *fault, const struct call *call, unsigned *n) {
  const struct kind *kind = kind_of(call);
  if (kind) {
    if (!fault && *n < RECORDED)
      recorded[recorded_count++] = kind;
    ++*n;
  }
  if (injection->call)
    injection->call(call);
  if (kind && fault && plan_hits(&fault->plan, kind, *n, fault->failed)) {
    fault->failed++;
    call_fail(listener, call, fault->plan.error);
  } else if (call_is_a_nap(call) && fault && fault->failed) /* saves time */
    call_skip(listener, call, 0);
  else
    call_let(listener, call);
}

/* One try. fault NULL: nothing fails, and its calls are recorded. */
static void run(struct fault *fault) {
  unsigned n = 0, all = 0;
  int between = !fault || !marked; /* the marks */
  struct call call;
  if (!fault) {
    recorded_count = 0;
    marked = 0;
  }
  call_let(listener, &idle);
  for (;;) {
    CHECK_THAT(listener_next(listener, SILENCE, &call) == 1, "it hangs");
    CHECK_THAT(++all < CALLS_MOST, "it does not end: %u system calls", all);
    if (call.number != SYS_getppid) {
      if (between > 0)
        answer_call(fault, &call, &n);
      else
        call_let(listener, &call);
      continue;
    }
    if (call.arguments[0] == SIGNAL_IDLE)
      break;
    between = call.arguments[0] == SIGNAL_FROM;
    if (between) { /* what came before them does not count */
      n = 0;
      recorded_count = fault ? recorded_count : 0;
      marked = 1;
    }
    call_let(listener, &call);
  }
  idle = call;
}

/* --- what is held ----------------------------------------------------------------------- */

struct holding {
  unsigned descriptors, mappings;
  unsigned long pages; /* of address space                                               */
};

static unsigned long pages_mapped(void) {
  char text[64] = "";
  const int fd = open("/proc/self/statm", O_RDONLY | O_CLOEXEC);
  CHECK(fd >= 0 && read(fd, text, sizeof text - 1) > 0);
  (void)close(fd);
  return strtoul(text, NULL, 10);
}

static int no_dots(const struct dirent *entry) {
  return strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0;
}

static void list_files(char ret[FILES_MOST]) {
  struct dirent **entries;
  const int count = scandir(namespace_directory(), &entries, no_dots, alphasort);
  CHECK(count >= 0);
  size_t used = 0;
  ret[0] = 0;
  for (int i = 0; i < count; i++) {
    used += (size_t)snprintf(ret + used, FILES_MOST - used, "%s ", entries[i]->d_name);
    CHECK(used < FILES_MOST);
    free(entries[i]);
  }
  free(entries);
}

static void look(struct holding *ret) {
  ret->descriptors = descriptors_open();
  ret->mappings = mappings_of_segments();
  ret->pages = pages_mapped();
}

static void compare(const struct holding *before) {
  struct holding after;
  look(&after);
  HOLDS(after.descriptors == before->descriptors, "%u descriptors, not %u", after.descriptors,
        before->descriptors);
  HOLDS(after.mappings == before->mappings, "%u mappings of segments, not %u", after.mappings,
        before->mappings);
  HOLDS(after.pages == before->pages, "%lu pages are mapped, not %lu", after.pages, before->pages);
  HOLDS(answer.heap.live == 0, "%ld allocations are left", answer.heap.live);
}

/* The operation was done and undone: the namespace is as it was. */
static void compare_files(const char *before) {
  char after[FILES_MOST];
  list_files(after);
  HOLDS(strcmp(after, before) == 0, "files: %.200s; before: %.200s", after, before);
}

static void check_answer(void) {
  const int code = answer.code;
  if (code >= 0)
    return;
  int known = 0;
  for (size_t i = 0; i < sizeof injection->documented / sizeof(int); i++)
    known |= injection->documented[i] == -code;
  HOLDS(known, "%d (%s) is not documented: %s", code, strerrorname_np(-code), answer.text);
  if (code == -EAGAIN || code == -ETIMEDOUT)
    return; /* these leave the text alone */
  HOLDS(answer.text[0] && strncmp(answer.text, nothing_said, sizeof nothing_said - 1) != 0,
        "%s without a word", strerrorname_np(-code));
  HOLDS(!injection->subject || strstr(answer.text, injection->subject),
        "the text does not name %s: %s", injection->subject, answer.text);
}

static void complain(const struct rill_finding *finding, void *arg) {
  (void)arg;
  HOLDS(finding->kind != RILL_WRONG, "the segments: %s", finding->text);
}

static void examine_segments(void) {
  HOLDS(rill_queue_examine(context_here(), "q", complain, NULL) == 0, "doctor: %s", rill_error());
}

/* One try and all that must hold behind it. */
static void try_once(struct fault *fault, const struct heap *heap) {
  struct holding before;
  char files[FILES_MOST];
  list_files(files);
  if (injection->enter)
    injection->enter();
  look(&before);
  answer.heap = heap ? *heap : (struct heap){.fail_at = 0};
  now = fault;
  run(fault);
  check_answer();
  compare(&before);
  if (injection->leave)
    injection->leave(answer.code);
  compare_files(files);
  examine_segments();
}

static void try_unharmed(void) {
  try_once(NULL, NULL);
  HOLDS(answer.code >= 0 || answer.code == -ETIMEDOUT || answer.code == -ECANCELED,
        "unharmed it answers %d: %s", answer.code, answer.text);
}

/* --- the sweeps --------------------------------------------------------------------------- */

struct tally {
  unsigned tries, errors, missed;
};

static void count(struct tally *tally, int happened) {
  tally->tries++;
  tally->errors += answer.code < 0;
  tally->missed += !happened;
}

static void fail_call(unsigned n, int error, int for_ever, struct tally *tally) {
  const struct kind *kind = recorded[n];
  struct fault fault = {.plan = {n + 1, kind, error, for_ever}};
  at("%s: %s (call %u) fails with %s%s", injection->name, kind->name, n + 1, strerrorname_np(error),
     for_ever ? ", and all of its kind behind it" : "");
  try_once(&fault, NULL);
  count(tally, fault.failed != 0);
}

static void fail_calls(const struct tier *tier, struct tally *tally) {
  const struct kind *kinds[RECORDED];
  const unsigned calls = recorded_count;
  unsigned turn = 0;
  memcpy(kinds, recorded, sizeof kinds);
  for (unsigned n = 0; n < calls; n++)
    for (unsigned i = 0; i < ERRORS_MOST && kinds[n]->errors[i]; i++)
      for (int for_ever = 0; for_ever < 2; for_ever++) {
        if (turn++ % tier->stride)
          continue;
        recorded[n] = kinds[n];
        fail_call(n, kinds[n]->errors[i], for_ever, tally);
        if (tally->tries % 16 == 0 || tier->stride > 1) {
          at("%s: unharmed behind %s (call %u), %s", injection->name, kinds[n]->name, n + 1,
             strerrorname_np(kinds[n]->errors[i]));
          try_unharmed();
        }
      }
}

static void fail_allocations(unsigned calls, struct tally *tally) {
  for (unsigned n = 1; n <= calls; n++)
    for (int for_ever = 0; for_ever < 2; for_ever++) {
      const struct heap heap = {.fail_at = n, .for_ever = for_ever};
      struct fault none = {.failed = 0};
      at("%s: allocation %u of %u fails%s", injection->name, n, calls,
         for_ever ? ", and all behind it" : "");
      try_once(&none, &heap);
      count(tally, answer.heap.calls >= n);
      at("%s: unharmed behind a failed allocation %u", injection->name, n);
      try_unharmed();
    }
}

static void inject_into(const struct injection *what, const struct tier *tier) {
  struct tally tally = {0, 0, 0};
  injection = what;
  at("%s: unharmed", what->name);
  if (!listener)
    start_target();
  try_unharmed(); /* twice: then what libc keeps is allocated */
  try_unharmed();
  const unsigned calls = recorded_count, allocations = answer.heap.calls;
  if (tier->allocations)
    fail_allocations(allocations, &tally);
  else
    fail_calls(tier, &tally);
  at("%s: unharmed at the end", what->name);
  try_unharmed();
  (void)printf("  %-44s %3u %s, %5u tries, %5u errors, %u missed\n", what->name,
               tier->allocations ? allocations : calls, tier->allocations ? "allocations" : "calls",
               tally.tries, tally.errors, tally.missed);
  (void)fflush(stdout);
  CHECK_THAT(tally.missed * 10 <= tally.tries, "too many faults were not reached");
}

int is_misled(void) {
  if (!now || !now->failed)
    return 0;
  const struct plan *plan = &now->plan;
  return plan->kind->number == SYS_openat
             ? plan->error == ENOENT || plan->error == EACCES
             : plan->kind->number == SYS_fcntl && plan->error == EAGAIN;
}

/* --- what a try may leave behind it ---------------------------------------------------------- */

void others_alone(void) {
  consumer_waits();
}

void others_with_producer(void) {
  consumer_waits();
  others.producer = open_producer(others.queue, RILL_PARK, RILL_NOW);
}

void traffic_is_well(int code) {
  (void)code;
  check_traffic();
}

void remove_if_there(const char *queue) {
  const int code = rill_queue_unlink(context_here(), queue);
  HOLDS(code == 0 || code == -ENOENT, "unlink: %d (%s)", code, rill_error());
  HOLDS(!has_files(queue), "an unlink leaves files of queue '%s'", queue);
}

/* --- suites, beside a neighbour -------------------------------------------------------------- */

static void be_a_neighbour(void *arg) {
  (void)arg;
  rill_queue *queue = open_named("neighbour", &others.attr);
  rill_producer *producer = open_producer(queue, RILL_PARK, RILL_NOW);
  rill_consumer *consumer = open_consumer(queue, (struct joining){.wait = RILL_PARK});
  for (uint64_t number = 0;; number++) {
    at("message %llu", (unsigned long long)number);
    CHECK_EQ(publish_number(producer, number, RILL_FOREVER), 0);
    receive_number(consumer, number);
    atomic_store(&me->count[0], number + 1);
    breathe();
  }
}

struct part {
  const struct suite *suite;
  const struct tier *tier;
  struct process *neighbour;
};

static void run_suite(void *arg) {
  const struct part *part = arg;
  context_here();
  if (part->suite->set)
    part->suite->set();
  for (size_t i = 0; i < part->suite->count; i++) {
    const uint64_t before = atomic_load(&part->neighbour->count[0]);
    inject_into(&part->suite->injections[i], part->tier);
    at("waiting for the neighbour's traffic");
    while (atomic_load(&part->neighbour->count[0]) < before + 3)
      breathe();
  }
  if (part->suite->unset)
    part->suite->unset();
  CHECK_THAT(findings == 0, "%u findings: see above", findings);
}

void inject(const struct suite *suite, const struct tier *tier) {
  struct process *neighbour = spawn("neighbour", be_a_neighbour, NULL);
  await_count(neighbour, 0, 1);
  struct part part = {suite, tier, neighbour};
  await_end(spawn("injector", run_suite, &part));
  fail_if_dead();
  kill_process(neighbour);
  gc_leaves_nothing();
}
