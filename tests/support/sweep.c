/* SPDX-License-Identifier: MIT */
/* sweep.c - recordings, points, and a victim for each of them. See sweep.h.
 *
 * A point is a number of system calls into the operation and of instructions behind the last of
 * them. A step costs two switches between the test and its victim, so a victim runs freely from
 * one system call to the next, then to an instruction shortly before its point (a breakpoint, which
 * it passes several times), and steps from there. All children come from one image, so addresses
 * mean the same in each. */
#include "sweep.h"

#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "changes.h"

#define SECONDS 120      /* for some points of a test                                          */
#define SECONDS_ALL 1500 /* for all points of a test                                           */
#define TURNS 400   /* instructions more than in the recording                                   */
#define TRIES 3     /* of one point                                                            */
#define CALLS 4096u /* system calls of an operation                                             */
#define POINTS ((size_t)1 << 18)

struct point {
  unsigned call, step; /* system calls passed, and instructions behind the last one             */
  unsigned anchor;  /* a step up to this one that can be run to: 0, or by a breakpoint on its   */
  unsigned passes;  /* place, when that comes for this time                                   */
  unsigned visible; /* others see a difference, or a system call ended here                    */
  uint64_t count;   /* the victim's own                                                        */
  uint64_t place;   /* address of the instruction that comes next                             */
};

/* Not on the heap, which the victims inherit: what they do must not depend on it. */
struct recording {
  struct point *points;
  size_t count;
};

struct process *victim;
static unsigned points_wanted; /* 0: all */
static unsigned missed;

/* --- randomness and time, so that victims repeat the recording ------------------------------- */

/* Shared with the victims. */
static struct draws {
  _Atomic uint32_t drawn;
  uint32_t falling;
} * draws;

/* Instead of libc's, for the names of files: their order in a directory is the same for all victims
 * of a sweep, one of the two possible orders of two files. */
ssize_t getrandom(void *bytes, size_t size, unsigned flags) {
  (void)flags;
  const uint32_t drawn = atomic_fetch_add(&draws->drawn, 1);
  const uint32_t number = draws->falling ? ~drawn : drawn;
  for (size_t i = 0; i < size; i++)
    ((unsigned char *)bytes)[i] = (unsigned char)(i < 4 ? number >> (24 - 8 * i) : i);
  return (ssize_t)size;
}

static int64_t victims_clock; /* 0: not in a victim */

/* Instead of libc's: for a victim, each call takes a microsecond, however slowly it steps. */
int clock_gettime(clockid_t which, struct timespec *ret) {
  if (!victims_clock)
    return (int)syscall(SYS_clock_gettime, which, ret);
  victims_clock += 1000;
  ret->tv_sec = victims_clock / 1000000000;
  ret->tv_nsec = victims_clock % 1000000000;
  return 0;
}

static void run_victim(void *arg) {
  const struct sweep *sweep = arg;
  victims_clock = rill_clock();
  sweep->run(NULL);
}

static void *memory(size_t size) {
  void *map =
      mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  CHECK(map != MAP_FAILED);
  return map;
}

/* --- the recording ---------------------------------------------------------------------- */

static void open_recording(struct recording *recording) {
  recording->points = memory(POINTS * sizeof *recording->points);
  recording->count = 0;
}

static void close_recording(struct recording *recording) {
  (void)munmap(recording->points, POINTS * sizeof *recording->points);
}

static void add(struct recording *recording, struct point point) {
  CHECK(recording->count < POINTS);
  recording->points[recording->count++] = point;
}

/* An instruction that repeats over a range of memory, like rep stos; in pairs it counts once. */
static int repeats(const struct point *point) {
  return point->step && point[-1].place == point->place;
}

static int by_place(const void *a, const void *b) {
  const struct point *one = *(const struct point *const *)a;
  const struct point *other = *(const struct point *const *)b;
  if (one->place != other->place)
    return one->place < other->place ? -1 : 1;
  return one->step < other->step ? -1 : one->step > other->step;
}

/* How often its place was passed when it reaches this point, in `passes`; 0: a breakpoint cannot
 * find it, since the victim is just in front of it, or the instruction repeats itself. */
static void count_passes(struct point *points, size_t count) {
  struct point **sorted = memory(count * sizeof *sorted);
  for (size_t i = 0; i < count; i++)
    sorted[i] = &points[i];
  qsort(sorted, count, sizeof *sorted, by_place);
  unsigned passes = 0;
  for (size_t i = 0; i < count; i++) {
    struct point *point = sorted[i];
    if (i == 0 || sorted[i - 1]->place != point->place)
      passes = 0;
    passes += !repeats(point);
    point->passes = repeats(point) || point->place == points[0].place ? 0 : passes;
  }
  (void)munmap(sorted, count * sizeof *sorted);
}

/* Between two system calls: the fewest stops on the way to each point. */
static void find_anchors(struct point *points, size_t count) {
  unsigned least = 0; /* stops to the point before                                             */
  count_passes(points, count);
  for (size_t i = 0; i < count; i++) {
    struct point *point = &points[i];
    least++;
    if (i == 0 || (point->passes && point->passes < least)) {
      least = point->passes;
      point->anchor = point->step;
    } else {
      point->anchor = point[-1].anchor;
      point->passes = point[-1].passes;
    }
  }
}

static void find_all_anchors(const struct recording *recording) {
  for (size_t from = 0, to; from < recording->count; from = to) {
    for (to = from + 1; to < recording->count && recording->points[to].step != 0;)
      to++;
    find_anchors(recording->points + from, to - from);
  }
}

static void start_victim(const struct sweep *sweep) {
  if (sweep->before)
    sweep->before();
  victim = spawn_traced("victim", run_victim, (void *)(uintptr_t)sweep);
  for (unsigned i = 0; i < sweep->marks; i++) {
    if (sweep->at_marks)
      sweep->at_marks();
    run_to_mark(victim);
  }
}

/* At its end, of a recording. */
static void finish_recording(const struct sweep *sweep) {
  if (sweep->meanwhile) {
    run_to_mark(victim); /* the one that falls */
    sweep->meanwhile();
  } else {
    kill_traced(victim);
  }
  sweep->after();
}

/* Which stretches between two system calls are worth stepping through? */
struct scouting {
  unsigned char seen[CALLS];
};

/* Checks in front of each system call whether anything has changed since the last one: what is
 * changed and restored in between does not count. */
static void scout(const struct sweep *sweep, struct scouting *scouting) {
  enum step step = STEP_CALL;
  start_victim(sweep);
  at("scouting");
  memset(scouting, 0, sizeof *scouting);
  changes_begin();
  for (unsigned call = 0; step != STEP_END; call++) {
    CHECK(call < CALLS);
    step = run_to_call(victim);
    scouting->seen[call] = (unsigned char)changes_in_words();
    if (step == STEP_END)
      break;
    pass_call(victim, sweep->asleep);
    (void)changes_in_all();
  }
  changes_end();
  finish_recording(sweep);
}

/* Every instruction is a point, except where scouts have seen no change. */
static void step_through(const struct sweep *sweep, int look, const struct scouting *scouting,
                         struct recording *recording) {
  struct point point = {.visible = 1};
  enum step step;
  recording->count = 0;
  at("the recording");
  if (look)
    changes_begin();
  do {
    point.place = standing_at(victim);
    point.count = atomic_load(&victim->count[0]);
    add(recording, point);
    if (scouting && point.call < CALLS && !scouting->seen[point.call])
      step = run_behind_call(victim, sweep->asleep);
    else
      step = run_instruction(victim, sweep->asleep);
    point.step++;
    point.visible = look && changes_in_words();
    if (step == STEP_CALL) {
      point = (struct point){.call = point.call + 1, .visible = 1};
      if (look)
        (void)changes_in_all();
    }
  } while (step != STEP_END);
  changes_end();
  find_all_anchors(recording);
}

/* The first victim does more than the others: it finds an empty heap. */
static void warm_up(const struct sweep *sweep) {
  start_victim(sweep);
  while (run_behind_call(victim, sweep->asleep) != STEP_END)
    ;
  finish_recording(sweep);
}

/* For some points only, what scouts see is enough. */
static void record(const struct sweep *sweep, int look, struct recording *recording) {
  static struct scouting scouting;
  const int scouted = look && points_wanted;
  warm_up(sweep);
  if (scouted)
    scout(sweep, &scouting);
  start_victim(sweep);
  step_through(sweep, look, scouted ? &scouting : NULL, recording);
  finish_recording(sweep);
}

/* --- a victim a point ----------------------------------------------------------------------- */

static int run_to_point(const struct sweep *sweep, const struct point *point) {
  unsigned step = 0;
  for (unsigned call = 0; call < point->call; call++)
    if (run_behind_call(victim, sweep->asleep) != STEP_CALL)
      return 0;
  if (point->anchor) {
    const uint64_t place = (point - (point->step - point->anchor))->place;
    if (run_to_address(victim, place, point->passes) != STEP_INSTRUCTION)
      return 0;
    step = point->anchor;
  }
  for (; step < point->step; step++)
    if (run_instruction(victim, sweep->asleep) != STEP_INSTRUCTION)
      return 0;
  for (unsigned turns = 0; standing_at(victim) != point->place; turns++)
    if (turns == TURNS || run_instruction(victim, sweep->asleep) != STEP_INSTRUCTION)
      return 0;
  CHECK(atomic_load(&victim->count[0]) == point->count);
  return 1;
}

/* A victim that left the recorded path dies where it is, which must do no harm either. */
static int kill_at(const struct sweep *sweep, const struct point *point) {
  const int there = run_to_point(sweep, point);
  at("died %s %u instructions behind system call %u", there ? "" : "on another way than to",
     point->step, point->call);
  kill_traced(victim);
  return there;
}

/* The point at which the others act. */
static int stand_at(const struct sweep *sweep, const struct point *point) {
  const int there = run_to_point(sweep, point);
  at("stood %s %u instructions behind system call %u", there ? "" : "on another way than to",
     point->step, point->call);
  sweep->meanwhile();
  return there;
}

static int pass_at(const struct sweep *sweep, const struct point *point) {
  const int there = stand_at(sweep, point);
  if (!atomic_load(&victim->at_end))
    run_to_mark(victim);
  return there;
}

enum wanted { EVERY_INSTRUCTION, CHANGES, CHANGES_OF_A_PAIR };

static int is_wanted(const struct point *point, enum wanted wanted) {
  return wanted == EVERY_INSTRUCTION || (point->visible && (wanted == CHANGES || !repeats(point)));
}

/* The wanted points, spread evenly from a random one on; the seed is printed. */
static size_t choose(const struct recording *recording, enum wanted wanted, unsigned most,
                     size_t **ret) {
  size_t *choice = memory(recording->count * sizeof *choice), count = 0, kept = 0;
  for (size_t i = 0; i < recording->count; i++)
    if (is_wanted(&recording->points[i], wanted))
      choice[count++] = i;
  const size_t stride = most ? (count + most - 1) / most : 1;
  for (size_t i = stride > 1 ? random_number() % stride : 0; i < count; i += stride)
    choice[kept++] = choice[i];
  *ret = choice;
  return kept;
}

static size_t count_visible(const struct recording *recording) {
  size_t count = 0;
  for (size_t i = 0; i < recording->count; i++)
    count += recording->points[i].visible;
  return count;
}

/* A loop in the kernel's page, or a slice that ends, sometimes changes the path. */
static void check_missed(size_t points) {
  CHECK_THAT(missed <= 8 + points / 8, "%u of %zu went another way than the recording", missed,
             points);
}

static void try_point(const struct sweep *sweep, const struct point *point) {
  for (int tries = 1, there = 0; !there; tries++) {
    start_victim(sweep);
    there = sweep->meanwhile ? pass_at(sweep, point) : kill_at(sweep, point);
    sweep->after();
    missed += !there && tries == TRIES;
    there |= tries == TRIES;
  }
}

static void sweep_points(const struct sweep *sweep, int all) {
  struct recording recording;
  size_t *choice;
  missed = 0;
  draws->falling = random_number() & 1;
  open_recording(&recording);
  record(sweep, !all, &recording);
  const size_t count =
      choose(&recording, all ? EVERY_INSTRUCTION : CHANGES, points_wanted, &choice);
  for (size_t i = 0; i < count; i++)
    try_point(sweep, &recording.points[choice[i]]);
  (void)printf("  %zu points (%zu %s, %u system calls), %u missed\n", count,
               all ? recording.count : count_visible(&recording), all ? "instructions" : "changes",
               recording.points[recording.count - 1].call, missed);
  (void)fflush(stdout);
  check_missed(count);
  (void)munmap(choice, recording.count * sizeof *choice);
  close_recording(&recording);
}

void sweep_instructions(const struct sweep *sweep) {
  sweep_points(sweep, 1);
}

void sweep_changes(const struct sweep *sweep) {
  sweep_points(sweep, 0);
}

/* --- what others do, and a death behind it ------------------------------------------------- */

/* As far as the recording went from one point to the other: the others' actions may have changed
 * the path. */
static void go_on(const struct sweep *sweep, const struct point *from, const struct point *to) {
  unsigned call = from->call, step = from->step;
  for (; call < to->call; call++, step = 0)
    if (run_behind_call(victim, sweep->asleep) == STEP_END)
      return;
  for (; step < to->step; step++)
    if (run_instruction(victim, sweep->asleep) == STEP_END)
      return;
}

static size_t die_behind(const struct sweep *sweep, const struct recording *recording,
                         const size_t *later, size_t count) {
  const struct point *point = &recording->points[later[0]];
  for (size_t i = 0; i < count; i++) {
    start_victim(sweep);
    missed += !stand_at(sweep, point);
    at("died %zu instructions later than %u behind system call %u", later[i] - later[0],
       point->step, point->call);
    go_on(sweep, point, &recording->points[later[i]]);
    kill_traced(victim);
    sweep->after();
  }
  return count;
}

void sweep_deaths_after(const struct sweep *sweep) {
  const struct sweep alone = {.before = sweep->before,
                              .run = sweep->run,
                              .at_marks = sweep->at_marks,
                              .asleep = sweep->asleep,
                              .after = sweep->after,
                              .marks = sweep->marks};
  struct recording recording;
  size_t *choice, pairs = 0;
  missed = 0;
  draws->falling = random_number() & 1;
  open_recording(&recording);
  record(&alone, 1, &recording);
  const size_t count = choose(&recording, CHANGES_OF_A_PAIR, points_wanted, &choice);
  for (size_t i = 0; i < count; i++) {
    const size_t most = points_wanted ? 1 + points_wanted / 8 : count;
    pairs += die_behind(sweep, &recording, choice + i, most < count - i ? most : count - i);
  }
  (void)printf("  %zu pairs (%zu points of %zu), %u missed\n", pairs, count,
               count_visible(&recording), missed);
  (void)fflush(stdout);
  check_missed(pairs);
  (void)munmap(choice, recording.count * sizeof *choice);
  close_recording(&recording);
}

/* --- pairs ----------------------------------------------------------------------------------- */

struct pair {
  const struct sweep *first, *second;
  const struct point *point; /* at which the first dies                                         */
};

static void first_dies(const struct pair *pair) {
  start_victim(pair->first);
  (void)kill_at(pair->first, pair->point);
}

static void record_second(const struct pair *pair, struct recording *recording) {
  static struct scouting scouting;
  first_dies(pair);
  warm_up(pair->second);
  first_dies(pair);
  scout(pair->second, &scouting);
  first_dies(pair);
  start_victim(pair->second);
  step_through(pair->second, 1, &scouting, recording);
  finish_recording(pair->second);
}

static size_t second_dies(const struct pair *pair, unsigned most) {
  struct recording recording;
  size_t *choice;
  open_recording(&recording);
  record_second(pair, &recording);
  const size_t count = choose(&recording, CHANGES_OF_A_PAIR, most, &choice);
  for (size_t i = 0; i < count; i++)
    for (int tries = 1, there = 0; !there; tries++) {
      first_dies(pair);
      start_victim(pair->second);
      there = kill_at(pair->second, &recording.points[choice[i]]);
      pair->second->after();
      missed += !there && tries == TRIES;
      there |= tries == TRIES;
    }
  (void)munmap(choice, recording.count * sizeof *choice);
  close_recording(&recording);
  return count;
}

void sweep_pairs(const struct sweep *first, const struct sweep *second) {
  struct recording recording;
  size_t *choice, pairs = 0;
  missed = 0;
  open_recording(&recording);
  record(first, 1, &recording);
  const unsigned each = points_wanted ? 1 + points_wanted / 8 : 0;
  const size_t count = choose(&recording, CHANGES_OF_A_PAIR, each, &choice);
  for (size_t i = 0; i < count; i++) {
    const struct pair pair = {first, second, &recording.points[choice[i]]};
    draws->falling = (uint32_t)i & 1;
    pairs += second_dies(&pair, each);
  }
  (void)printf("  %zu pairs (%zu points of %zu in the first), %u missed\n", pairs, count,
               count_visible(&recording), missed);
  (void)fflush(stdout);
  check_missed(2 * pairs);
  (void)munmap(choice, recording.count * sizeof *choice);
  close_recording(&recording);
}

/* --- all of them ------------------------------------------------------------------------------ */

int run_sweeps(const struct test *tests, size_t n, int argc, char **argv) {
  draws = mmap(NULL, sizeof *draws, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (draws == MAP_FAILED)
    return 1;
  /* A step is two switches between the test and its victim: on one processor they are cheap. */
  cpu_set_t one;
  CPU_ZERO(&one);
  CPU_SET((size_t)sched_getcpu(), &one);
  (void)sched_setaffinity(0, sizeof one, &one);
  points_wanted = take_option(&argc, &argv, "--points");
  return run_all_tests(tests, n, argc, argv, points_wanted ? SECONDS : SECONDS_ALL);
}
