/* SPDX-License-Identifier: MIT */
/* storm.h - the shared memory of the storm: its lines of queues, its processes, and what is true.
 *
 * A line is a name under which one queue after the other comes and goes; each of those queues is
 * an incarnation, known by its uuid. What producers and members note of an incarnation is in
 * memory that outlives them all. */
#ifndef RILL_TEST_STORM_H
#define RILL_TEST_STORM_H

#include <stdatomic.h>

#include "oracle.h"

#define LINES 8u
#define KEEPERS 2u /* kept groups a line                                         */
#define SLOTS 72u
#define INCARNATIONS (UINT32_C(1) << 18)
#define LARGEST 6000u /* bytes of a message                                       */

enum role { PRODUCER, KEEPER, READER, TAIL, INSPECTOR, REGISTRY };

/* The attributes of a queue of this name. */
struct line {
  const char *name;
  uint64_t capacity;
  uint32_t overflow, lifetime, stamp;
  int declared; /* its kept groups exist from the start                              */
  int churn;    /* it is removed now and then                                        */
};
extern const struct line lines[LINES];
extern const char *const keeper_names[KEEPERS];

/* Notes of the members of a kept group, one after the other. Numbers are of the next message; a
 * member may be killed between a note and its action, in the order given here. */
struct group_record {
  _Atomic uint64_t releasing; /* noted before the release: no successor begins behind it */
  _Atomic uint64_t began;     /* where the last member began: no successor before it     */
  _Atomic uint32_t joined;    /* there was a member, which noted where it began          */
  _Atomic uint32_t removed;   /* the group was removed at least once                     */
  _Atomic uint32_t epoch;     /* odd: it is just being removed, or its remover died      */
};

struct incarnation {
  _Atomic uint64_t key;       /* 0: not used                                             */
  _Atomic uint64_t published; /* noted behind the publish: none of them is ever lost     */
  _Atomic uint64_t intended;  /* noted before it: there are none behind                  */
  struct group_record group[KEEPERS];
};

struct slot {
  enum role role;
  unsigned line, keeper;
  /* The supervisor's: */
  pid_t pid; /* 0: none                                                         */
  int stopped;
  rill_time due; /* when it is started, or continued                                 */
  int killed;    /* ... by the supervisor                                            */
  /* Its process's: */
  _Atomic uint32_t leave; /* the supervisor asks it to leave                 */
  _Atomic int64_t beat;   /* when it last did something                               */
  _Atomic uint64_t runs;
  char where[120];
};

struct world {
  uint64_t seed;
  _Atomic uint32_t over;
  _Atomic uint32_t calm[LINES]; /* no process of it is killed, and it is not removed      */
  _Atomic uint64_t published[LINES], received[LINES], lost[LINES];
  _Atomic uint64_t failovers, successors, removals, collections, examinations, forks;
  _Atomic uint64_t interrupted;
  struct slot slots[SLOTS];
  struct incarnation incarnations[INCARNATIONS];
};
extern struct world *world;
extern struct slot *self; /* in a process of the storm                                */

/* What this process does just now. */
void doing(const char *format, ...) __attribute__((format(printf, 1, 2)));
typedef unsigned long long number; /* for printf */

uint64_t chance(uint64_t below); /* a random number of this process, less than that     */

/* storm_oracle.c: what every message must be, and the notes of each queue. */
struct incarnation *incarnation_of(rill_queue *queue); /* found by uuid, or entered        */
void raise_to(_Atomic uint64_t *noted, uint64_t value);
size_t content_size(uint64_t key, uint64_t sequence, uint64_t capacity);
uint32_t content_type(uint64_t key, uint64_t sequence);
void content_fill(uint64_t key, uint64_t sequence, size_t size, unsigned char *to);
/* Bytes, size and type are those of this message of this queue. */
void content_check(const struct incarnation *incarnation, const struct line *line,
                   const struct rill_message *message);

/* storm_roles.c, storm_inspector.c: a run of each role; comes back when it ends normally. */
void run_producer(rill_context *context, unsigned line);
void run_consumer(rill_context *context, unsigned line);
void run_inspector(rill_context *context);
/* Opens the line's queue, made if need be; NULL: it is not there, or goes this moment. */
rill_queue *open_line(rill_context *context, unsigned line, int observe);
void check_removed(rill_queue *queue, const char *what); /* -ESTALE must be true */
void fork_in_the_middle(rill_queue *queue, rill_producer *producer, rill_consumer *consumer);
int leaving(void);
extern rill_consumer *_Atomic to_interrupt; /* by the signal handler                      */
extern _Atomic uint32_t pokes;              /* signals that this process was sent               */
extern int restarts_calls;                  /* their handler was installed with SA_RESTART       */
void rest_a_little(uint64_t most);          /* ns, at random up to that                        */

/* storm_end.c: when all processes are gone: nothing is lost, wrong, or left. */
void end_storm(rill_context *context);

#endif
