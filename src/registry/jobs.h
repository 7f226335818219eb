/* SPDX-License-Identifier: MIT */
/* jobs.h - requests on their way through the worker threads.
 *
 * Two threads look up, a third one creates and removes (reserving gigabytes takes time, and
 * must not delay look-ups). Each client has at most one job, so the queues are bounded by the
 * number of clients and serve them in turn. */
#ifndef RILLD_JOBS_H
#define RILLD_JOBS_H

#include <pthread.h>

#include "lookup.h"

#define JOBS_LOOKERS 2
#define JOBS_THREADS (JOBS_LOOKERS + 1)

struct job {
  struct cds_list_head link;
  void *owner; /* the loop's: the client that gets the answer */
  struct rights rights;
  union {
    struct rilli_wire_request request;
    struct rilli_wire_create create; /* begins with its request                         */
  };
  struct rilli_wire_answer answer;
};

struct jobs {
  struct table *table;
  pthread_mutex_t lock;
  pthread_cond_t lookup_there, change_there;
  struct cds_list_head lookups, changes, done;
  int stop;
  int event; /* an eventfd: a job is done */
  unsigned started;
  pthread_t threads[JOBS_THREADS];
};

/* 0 or -errno. Signals are blocked in the threads as they are in the caller. */
int jobs_start(struct jobs *jobs, struct table *table);
void jobs_put(struct jobs *jobs, struct job *job);
/* NULL: none is done. */
struct job *jobs_take_done(struct jobs *jobs);
/* Ends the threads; jobs that were not taken are freed. */
void jobs_stop(struct jobs *jobs);

#endif
