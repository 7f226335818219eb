/* SPDX-License-Identifier: MIT */
/* jobs.c - the worker threads and their queues. See jobs.h. */
#include "jobs.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "error.h"

static struct job *first(struct cds_list_head *list) {
  if (cds_list_empty(list))
    return NULL;
  struct job *job = cds_list_first_entry(list, struct job, link);
  cds_list_del(&job->link);
  return job;
}

/* Waits for a job; NULL: the thread must end. */
static struct job *wait_for(struct jobs *jobs, struct cds_list_head *list, pthread_cond_t *there) {
  (void)pthread_mutex_lock(&jobs->lock);
  while (!jobs->stop && cds_list_empty(list))
    (void)pthread_cond_wait(there, &jobs->lock);
  struct job *job = jobs->stop ? NULL : first(list);
  (void)pthread_mutex_unlock(&jobs->lock);
  return job;
}

static void finish(struct jobs *jobs, struct job *job) {
  static const uint64_t one = 1;
  (void)pthread_mutex_lock(&jobs->lock);
  cds_list_add_tail(&job->link, &jobs->done);
  (void)pthread_mutex_unlock(&jobs->lock);
  if (write(jobs->event, &one, sizeof one) < 0)
    return; /* the counter is full: the loop wakes in any case */
}

static void *look_up(void *arg) {
  struct jobs *jobs = arg;
  struct job *job;
  urcu_memb_register_thread();
  while ((job = wait_for(jobs, &jobs->lookups, &jobs->lookup_there))) {
    lookup_answer(jobs->table, &job->rights, &job->request, &job->answer);
    finish(jobs, job);
  }
  urcu_memb_unregister_thread();
  return NULL;
}

static void *change(void *arg) {
  struct jobs *jobs = arg;
  struct job *job;
  while ((job = wait_for(jobs, &jobs->changes, &jobs->change_there))) {
    lookup_change(jobs->table->dir, &job->rights, &job->request, &job->answer);
    finish(jobs, job);
  }
  return NULL;
}

int jobs_start(struct jobs *jobs, struct table *table) {
  jobs->table = table;
  jobs->stop = 0;
  (void)pthread_mutex_init(&jobs->lock, NULL);
  (void)pthread_cond_init(&jobs->lookup_there, NULL);
  (void)pthread_cond_init(&jobs->change_there, NULL);
  CDS_INIT_LIST_HEAD(&jobs->lookups);
  CDS_INIT_LIST_HEAD(&jobs->changes);
  CDS_INIT_LIST_HEAD(&jobs->done);
  jobs->event = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  int code = jobs->event < 0 ? errno : 0;
  jobs->started = 0;
  while (code == 0 && jobs->started < JOBS_THREADS) {
    code = pthread_create(&jobs->threads[jobs->started], NULL,
                          jobs->started < JOBS_LOOKERS ? look_up : change, jobs);
    jobs->started += code == 0;
  }
  if (code == 0)
    return 0;
  jobs_stop(jobs);
  return rilli_fail(code, "cannot start worker threads: %s", rilli_words(code));
}

void jobs_put(struct jobs *jobs, struct job *job) {
  const uint16_t type = job->request.head.type;
  const int changes = type == RILLI_WIRE_CREATE || type == RILLI_WIRE_UNLINK;
  rilli_wire_start(&job->answer, RILLI_WIRE_ANSWER, job->request.head.serial);
  (void)pthread_mutex_lock(&jobs->lock);
  cds_list_add_tail(&job->link, changes ? &jobs->changes : &jobs->lookups);
  (void)pthread_cond_signal(changes ? &jobs->change_there : &jobs->lookup_there);
  (void)pthread_mutex_unlock(&jobs->lock);
}

struct job *jobs_take_done(struct jobs *jobs) {
  (void)pthread_mutex_lock(&jobs->lock);
  struct job *job = first(&jobs->done);
  (void)pthread_mutex_unlock(&jobs->lock);
  return job;
}

static void free_all(struct cds_list_head *list) {
  struct job *job;
  while ((job = first(list)))
    free(job);
}

void jobs_stop(struct jobs *jobs) {
  (void)pthread_mutex_lock(&jobs->lock);
  jobs->stop = 1;
  (void)pthread_cond_broadcast(&jobs->lookup_there);
  (void)pthread_cond_broadcast(&jobs->change_there);
  (void)pthread_mutex_unlock(&jobs->lock);
  for (unsigned i = 0; i < jobs->started; i++)
    (void)pthread_join(jobs->threads[i], NULL);
  free_all(&jobs->lookups);
  free_all(&jobs->changes);
  free_all(&jobs->done);
  if (jobs->event >= 0)
    (void)close(jobs->event);
}
