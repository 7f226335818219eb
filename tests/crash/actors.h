/* SPDX-License-Identifier: MIT */
/* actors.h - tests that play with whole processes: a scene, and the actors on it.
 *
 * A test runs in a namespace of its own, which it must leave empty. Its actors are child
 * processes; they and the test tell each other by pipes how far they are, and count in
 * shared memory what they did. A watchdog ends a test that hangs: it prints where every
 * actor stood and kills the whole process group. */
#ifndef RILL_TEST_ACTORS_H
#define RILL_TEST_ACTORS_H

#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/types.h>

#include "rill/rill.h"
#include "support.h"

#define ACTORS 65536
#define COUNTS 8

struct actor {
  char name[32];
  char where[160];             /* written by the actor itself: at()              */
  _Atomic uint64_t count[COUNTS]; /* what they mean is the test's                */
  _Atomic uint32_t fallen;     /* curtain_falls() of tracer.h                    */
  pid_t pid;                   /* 0: gone                                        */
  int to, from;                /* the test's ends of the two pipes               */
  int hears, speaks;           /* the actor's ends                               */
};

struct test {
  const char *name; /* the behaviour it shows */
  void (*run)(void);
};

/* Runs the tests (those named in argv, or all); what main() returns. Each must be done
 * after that many seconds, and leave its namespace empty. */
int run_tests(const struct test *tests, size_t n, int argc, char **argv, unsigned seconds);
#define RUN_TESTS(argc, argv, seconds)                                                             \
  run_tests(tests, sizeof tests / sizeof *tests, (argc), (argv), (seconds))

void fail_at(const char *file, int line, const char *format, ...)
    __attribute__((format(printf, 3, 4), noreturn));
#define CHECK(condition)                                                                           \
  do {                                                                                             \
    if (!(condition))                                                                              \
      fail_at(__FILE__, __LINE__, "not true: %s", #condition);                                     \
  } while (0)
#define CHECK_THAT(condition, ...)                                                                 \
  do {                                                                                             \
    if (!(condition))                                                                              \
      fail_at(__FILE__, __LINE__, __VA_ARGS__);                                                    \
  } while (0)
#define CHECK_CODE(call, expected)                                                                 \
  do {                                                                                             \
    const int got_ = (call), want_ = (expected);                                                   \
    if (got_ != want_)                                                                             \
      fail_at(__FILE__, __LINE__, "%s is %d, not %d (%s)", #call, got_, want_, rill_error());      \
  } while (0)

/* --- on the test's side ------------------------------------------------------------ */

struct actor *spawn(const char *name, void (*play)(void *arg), void *arg);
/* A process without anything of this one's stack: flags for clone(2), such as CLONE_NEWPID. */
struct actor *spawn_with(int clone_flags, const char *name, void (*play)(void *arg), void *arg);
/* A mount namespace of this process alone, and an empty directory in it to mount on. */
void own_mounts(char ret_path[256]);
void meet(struct actor *actor);  /* waits until it says reached()                    */
void cue(struct actor *actor);   /* lets it go on behind await_cue()                 */
void kill_actor(struct actor *actor);        /* SIGKILL; it must still have lived      */
void stop_actor(struct actor *actor);        /* SIGSTOP, and waits until it stands      */
void continue_actor(struct actor *actor);
void await_end(struct actor *actor);         /* it must exit with 0                    */
/* Until the actor's count is at least n. */
void await_count(const struct actor *actor, unsigned which, uint64_t n);
void fail_if_dead(void); /* an actor that died of itself ends the test             */
void breathe(void);      /* between two looks at something that others change        */

/* --- on the actor's side ------------------------------------------------------------- */

extern struct actor *me; /* in the test's own process: an entry of its own          */
void at(const char *format, ...) __attribute__((format(printf, 1, 2)));
void reached(void);
void await_cue(void);

/* --- the queue of the scene --------------------------------------------------------------- */

rill_context *context_here(void);  /* a context of this process, opened once          */
void forget_context(void);         /* context_here() opens another one                */
rill_queue *open_queue(const struct rill_queue_attr *attr); /* "q", made if need be     */
rill_producer *open_producer(rill_queue *queue, uint32_t wait, rill_time deadline);
struct joining {
  const char *group;
  uint32_t wait, flags, start;
};
rill_consumer *open_consumer(rill_queue *queue, struct joining joining);

/* Messages whose bytes follow from a number, so that a torn or wrong one is seen. */
#define MESSAGE_MOST 1000u
size_t fill_message(uint64_t number, unsigned char buffer[MESSAGE_MOST]);
void check_message(const struct rill_message *message, uint64_t number);
int publish_number(rill_producer *producer, uint64_t number, rill_time deadline);
/* Receives and releases one, whose number is its sequence. */
void receive_number(rill_consumer *consumer, uint64_t number);

struct rill_queue_stat stat_of(rill_queue *queue);
/* Invariants that hold at every moment; the numbers of an earlier look must not go back. */
void check_invariants(rill_queue *queue);
const char *scene_directory(void); /* where the segments lie, RILL_DIR or not     */
unsigned files_left(int print); /* in the namespace                                  */
void gc_leaves_nothing(void);
unsigned descriptors_open(void);
unsigned mappings_of_segments(void);
uint64_t random_number(void); /* from the seed, which is printed; RILL_TEST_SEED sets it */

#endif
