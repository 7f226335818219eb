/* SPDX-License-Identifier: MIT */
/* sweep.c - rehearsals, points, and a victim for each of them. See sweep.h.
 *
 * A point is so many system calls into the operation and so many instructions behind the last of
 * them. A step costs two switches between the test and its victim, so a victim runs freely from
 * one system call to the next, then to an instruction shortly before its point (a breakpoint, which
 * it passes so many times), and steps from there. All children come from one image, so addresses
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

#include "view.h"

#define SECONDS 120      /* for some points of a test,                                         */
#define SECONDS_ALL 1500 /* and for all of them                                                */
#define TURNS 400   /* instructions more than in the rehearsal                                   */
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

/* Not on the heap, which the victims inherit: what they do shall not depend on it. */
struct script {
  struct point *points;
  size_t count;
};

struct actor *victim;
static unsigned points_wanted; /* 0: all */
static unsigned missed;

/* --- chance and time, so that victims go the way of the rehearsal ----------------------------- */

/* Shared with the victims. */
static struct lottery {
  _Atomic uint32_t drawn;
  uint32_t falling;
} * lottery;

/* In place of libc's, for the names of files: their order in a directory is one for all victims
 * of a sweep, either of the two that there are for two files. */
ssize_t getrandom(void *bytes, size_t size, unsigned flags) {
  (void)flags;
  const uint32_t drawn = atomic_fetch_add(&lottery->drawn, 1);
  const uint32_t number = lottery->falling ? ~drawn : drawn;
  for (size_t i = 0; i < size; i++)
    ((unsigned char *)bytes)[i] = (unsigned char)(i < 4 ? number >> (24 - 8 * i) : i);
  return (ssize_t)size;
}

static int64_t victims_clock; /* 0: not in a victim */

/* In place of libc's: for a victim, however slowly it steps, each look takes a microsecond. */
int clock_gettime(clockid_t which, struct timespec *ret) {
  if (!victims_clock)
    return (int)syscall(SYS_clock_gettime, which, ret);
  victims_clock += 1000;
  ret->tv_sec = victims_clock / 1000000000;
  ret->tv_nsec = victims_clock % 1000000000;
  return 0;
}

static void perform(void *arg) {
  const struct operation *operation = arg;
  victims_clock = rill_clock();
  operation->play(NULL);
}

static void *memory(size_t size) {
  void *map =
      mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  CHECK(map != MAP_FAILED);
  return map;
}

/* --- the rehearsal ---------------------------------------------------------------------- */

static void open_script(struct script *script) {
  script->points = memory(POINTS * sizeof *script->points);
  script->count = 0;
}

static void close_script(struct script *script) {
  (void)munmap(script->points, POINTS * sizeof *script->points);
}

static void add(struct script *script, struct point point) {
  CHECK(script->count < POINTS);
  script->points[script->count++] = point;
}

/* An instruction that repeats itself over a stretch of memory, like rep stos; of a pair it counts
 * once. */
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

/* How often its place has come when it comes to this point, in `passes`; 0: not to be told by a
 * breakpoint, in front of which it stands, or which repeats itself. */
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

static void find_all_anchors(const struct script *script) {
  for (size_t from = 0, to; from < script->count; from = to) {
    for (to = from + 1; to < script->count && script->points[to].step != 0;)
      to++;
    find_anchors(script->points + from, to - from);
  }
}

static void enter(const struct operation *operation) {
  if (operation->before)
    operation->before();
  victim = spawn_traced("victim", perform, (void *)(uintptr_t)operation);
  for (unsigned i = 0; i < operation->curtains; i++) {
    if (operation->interval)
      operation->interval();
    run_to_curtain(victim);
  }
}

/* At its end, of a rehearsal. */
static void die(const struct operation *operation) {
  if (operation->meanwhile) {
    run_to_curtain(victim); /* the one that falls */
    operation->meanwhile();
  } else {
    kill_traced(victim);
  }
  operation->after();
}

/* Which stretches between two system calls is it worth while to step through? */
struct scouting {
  unsigned char seen[CALLS];
};

/* Looks in front of each system call whether anything has changed since the last one: what is
 * changed and changed back in between does not count. */
static void scout(const struct operation *operation, struct scouting *scouting) {
  enum tread tread = TREAD_CALL;
  enter(operation);
  at("scouting");
  memset(scouting, 0, sizeof *scouting);
  view_begin();
  for (unsigned call = 0; tread != TREAD_END; call++) {
    CHECK(call < CALLS);
    tread = run_to_call(victim);
    scouting->seen[call] = (unsigned char)view_words_changed();
    if (tread == TREAD_END)
      break;
    pass_call(victim, operation->asleep);
    (void)view_changed();
  }
  view_end();
  die(operation);
}

/* Every instruction is a point, but where scouts have seen nothing. */
static void step_through(const struct operation *operation, int look,
                         const struct scouting *scouting, struct script *script) {
  struct point point = {.visible = 1};
  enum tread tread;
  script->count = 0;
  at("the rehearsal");
  if (look)
    view_begin();
  do {
    point.place = standing_at(victim);
    point.count = atomic_load(&victim->count[0]);
    add(script, point);
    if (scouting && point.call < CALLS && !scouting->seen[point.call])
      tread = run_behind_call(victim, operation->asleep);
    else
      tread = run_instruction(victim, operation->asleep);
    point.step++;
    point.visible = look && view_words_changed();
    if (tread == TREAD_CALL) {
      point = (struct point){.call = point.call + 1, .visible = 1};
      if (look)
        (void)view_changed();
    }
  } while (tread != TREAD_END);
  view_end();
  find_all_anchors(script);
}

/* The first one does more than those that follow: it finds an empty heap. */
static void warm_up(const struct operation *operation) {
  enter(operation);
  while (run_behind_call(victim, operation->asleep) != TREAD_END)
    ;
  die(operation);
}

/* Of some points only, what scouts see will do. */
static void rehearse(const struct operation *operation, int look, struct script *script) {
  static struct scouting scouting;
  const int scouted = look && points_wanted;
  warm_up(operation);
  if (scouted)
    scout(operation, &scouting);
  enter(operation);
  step_through(operation, look, scouted ? &scouting : NULL, script);
  die(operation);
}

/* --- a victim a point ----------------------------------------------------------------------- */

static int run_to_point(const struct operation *operation, const struct point *point) {
  unsigned step = 0;
  for (unsigned call = 0; call < point->call; call++)
    if (run_behind_call(victim, operation->asleep) != TREAD_CALL)
      return 0;
  if (point->anchor) {
    const uint64_t place = (point - (point->step - point->anchor))->place;
    if (run_to_address(victim, place, point->passes) != TREAD_INSTRUCTION)
      return 0;
    step = point->anchor;
  }
  for (; step < point->step; step++)
    if (run_instruction(victim, operation->asleep) != TREAD_INSTRUCTION)
      return 0;
  for (unsigned turns = 0; standing_at(victim) != point->place; turns++)
    if (turns == TURNS || run_instruction(victim, operation->asleep) != TREAD_INSTRUCTION)
      return 0;
  CHECK(atomic_load(&victim->count[0]) == point->count);
  return 1;
}

/* One that went another way than the rehearsal dies where it stands, which must not harm either. */
static int kill_at(const struct operation *operation, const struct point *point) {
  const int there = run_to_point(operation, point);
  at("died %s %u instructions behind system call %u", there ? "" : "on another way than to",
     point->step, point->call);
  kill_traced(victim);
  return there;
}

/* Where the others act. */
static int stand_at(const struct operation *operation, const struct point *point) {
  const int there = run_to_point(operation, point);
  at("stood %s %u instructions behind system call %u", there ? "" : "on another way than to",
     point->step, point->call);
  operation->meanwhile();
  return there;
}

static int meet_at(const struct operation *operation, const struct point *point) {
  const int there = stand_at(operation, point);
  if (!atomic_load(&victim->fallen))
    run_to_curtain(victim);
  return there;
}

enum wanted { EVERY_INSTRUCTION, CHANGES, CHANGES_OF_A_PAIR };

static int is_wanted(const struct point *point, enum wanted wanted) {
  return wanted == EVERY_INSTRUCTION || (point->visible && (wanted == CHANGES || !repeats(point)));
}

/* Spread evenly over those wanted, from a random one on; the seed is printed. */
static size_t choose(const struct script *script, enum wanted wanted, unsigned most, size_t **ret) {
  size_t *choice = memory(script->count * sizeof *choice), count = 0, kept = 0;
  for (size_t i = 0; i < script->count; i++)
    if (is_wanted(&script->points[i], wanted))
      choice[count++] = i;
  const size_t stride = most ? (count + most - 1) / most : 1;
  for (size_t i = stride > 1 ? random_number() % stride : 0; i < count; i += stride)
    choice[kept++] = choice[i];
  *ret = choice;
  return kept;
}

static size_t count_visible(const struct script *script) {
  size_t count = 0;
  for (size_t i = 0; i < script->count; i++)
    count += script->points[i].visible;
  return count;
}

/* A loop in the kernel's page, or a slice that ends, makes a way of its own now and then. */
static void check_missed(size_t points) {
  CHECK_THAT(missed <= 8 + points / 8, "%u of %zu went another way than the rehearsal", missed,
             points);
}

static void try_point(const struct operation *operation, const struct point *point) {
  for (int tries = 1, there = 0; !there; tries++) {
    enter(operation);
    there = operation->meanwhile ? meet_at(operation, point) : kill_at(operation, point);
    operation->after();
    missed += !there && tries == TRIES;
    there |= tries == TRIES;
  }
}

static void sweep(const struct operation *operation, int all) {
  struct script script;
  size_t *choice;
  missed = 0;
  lottery->falling = random_number() & 1;
  open_script(&script);
  rehearse(operation, !all, &script);
  const size_t count = choose(&script, all ? EVERY_INSTRUCTION : CHANGES, points_wanted, &choice);
  for (size_t i = 0; i < count; i++)
    try_point(operation, &script.points[choice[i]]);
  (void)printf("  %zu points (%zu %s, %u system calls), %u missed\n", count,
               all ? script.count : count_visible(&script), all ? "instructions" : "changes",
               script.points[script.count - 1].call, missed);
  (void)fflush(stdout);
  check_missed(count);
  (void)munmap(choice, script.count * sizeof *choice);
  close_script(&script);
}

void sweep_instructions(const struct operation *operation) {
  sweep(operation, 1);
}

void sweep_changes(const struct operation *operation) {
  sweep(operation, 0);
}

/* --- what others do, and a death behind it ------------------------------------------------- */

/* As far as the rehearsal went from one point to the other: what the others did may have changed
 * the way. */
static void go_on(const struct operation *operation, const struct point *from,
                  const struct point *to) {
  unsigned call = from->call, step = from->step;
  for (; call < to->call; call++, step = 0)
    if (run_behind_call(victim, operation->asleep) == TREAD_END)
      return;
  for (; step < to->step; step++)
    if (run_instruction(victim, operation->asleep) == TREAD_END)
      return;
}

static size_t die_behind(const struct operation *operation, const struct script *script,
                         const size_t *later, size_t count) {
  const struct point *point = &script->points[later[0]];
  for (size_t i = 0; i < count; i++) {
    enter(operation);
    missed += !stand_at(operation, point);
    at("died %zu instructions later than %u behind system call %u", later[i] - later[0],
       point->step, point->call);
    go_on(operation, point, &script->points[later[i]]);
    kill_traced(victim);
    operation->after();
  }
  return count;
}

void sweep_deaths_after(const struct operation *operation) {
  const struct operation alone = {.before = operation->before,
                                  .play = operation->play,
                                  .interval = operation->interval,
                                  .asleep = operation->asleep,
                                  .after = operation->after,
                                  .curtains = operation->curtains};
  struct script script;
  size_t *choice, pairs = 0;
  missed = 0;
  lottery->falling = random_number() & 1;
  open_script(&script);
  rehearse(&alone, 1, &script);
  const size_t count = choose(&script, CHANGES_OF_A_PAIR, points_wanted, &choice);
  for (size_t i = 0; i < count; i++) {
    const size_t most = points_wanted ? 1 + points_wanted / 8 : count;
    pairs += die_behind(operation, &script, choice + i, most < count - i ? most : count - i);
  }
  (void)printf("  %zu pairs (%zu points of %zu), %u missed\n", pairs, count, count_visible(&script),
               missed);
  (void)fflush(stdout);
  check_missed(pairs);
  (void)munmap(choice, script.count * sizeof *choice);
  close_script(&script);
}

/* --- pairs ----------------------------------------------------------------------------------- */

struct pair {
  const struct operation *first, *second;
  const struct point *point; /* at which the first dies                                         */
};

static void first_dies(const struct pair *pair) {
  enter(pair->first);
  (void)kill_at(pair->first, pair->point);
}

static void rehearse_second(const struct pair *pair, struct script *script) {
  static struct scouting scouting;
  first_dies(pair);
  warm_up(pair->second);
  first_dies(pair);
  scout(pair->second, &scouting);
  first_dies(pair);
  enter(pair->second);
  step_through(pair->second, 1, &scouting, script);
  die(pair->second);
}

static size_t second_dies(const struct pair *pair, unsigned most) {
  struct script script;
  size_t *choice;
  open_script(&script);
  rehearse_second(pair, &script);
  const size_t count = choose(&script, CHANGES_OF_A_PAIR, most, &choice);
  for (size_t i = 0; i < count; i++)
    for (int tries = 1, there = 0; !there; tries++) {
      first_dies(pair);
      enter(pair->second);
      there = kill_at(pair->second, &script.points[choice[i]]);
      pair->second->after();
      missed += !there && tries == TRIES;
      there |= tries == TRIES;
    }
  (void)munmap(choice, script.count * sizeof *choice);
  close_script(&script);
  return count;
}

void sweep_pairs(const struct operation *first, const struct operation *second) {
  struct script script;
  size_t *choice, pairs = 0;
  missed = 0;
  open_script(&script);
  rehearse(first, 1, &script);
  const unsigned each = points_wanted ? 1 + points_wanted / 8 : 0;
  const size_t count = choose(&script, CHANGES_OF_A_PAIR, each, &choice);
  for (size_t i = 0; i < count; i++) {
    const struct pair pair = {first, second, &script.points[choice[i]]};
    lottery->falling = (uint32_t)i & 1;
    pairs += second_dies(&pair, each);
  }
  (void)printf("  %zu pairs (%zu points of %zu in the first), %u missed\n", pairs, count,
               count_visible(&script), missed);
  (void)fflush(stdout);
  check_missed(2 * pairs);
  (void)munmap(choice, script.count * sizeof *choice);
  close_script(&script);
}

/* --- all of them ------------------------------------------------------------------------------ */

int run_sweeps(const struct test *tests, size_t n, int argc, char **argv) {
  lottery = mmap(NULL, sizeof *lottery, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (lottery == MAP_FAILED)
    return 1;
  /* A step is two switches between the test and its victim: on one processor they are cheap. */
  cpu_set_t one;
  CPU_ZERO(&one);
  CPU_SET((size_t)sched_getcpu(), &one);
  (void)sched_setaffinity(0, sizeof one, &one);
  if (argc > 2 && strcmp(argv[1], "--points") == 0) {
    points_wanted = (unsigned)strtoul(argv[2], NULL, 10);
    argv[2] = argv[0];
    argv += 2;
    argc -= 2;
  }
  return run_tests(tests, n, argc, argv, points_wanted ? SECONDS : SECONDS_ALL);
}
