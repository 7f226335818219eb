/* SPDX-License-Identifier: MIT */
/* client.h - what the files of the public interface share: handles and their parts. */
#ifndef RILLI_CLIENT_H
#define RILLI_CLIENT_H

#include "registry_link.h"
#include "rill/rill.h"
#include "segments.h"

struct rill_context {
  _Atomic unsigned references;
  _Atomic int dir; /* the namespace's directory: rilli_context_dir                 */
  char *path;      /* its name and identity, in case the program closes `dir`      */
  uint64_t inode, device;
  uint32_t fence;         /* RILL_FENCE_MEMBARRIER or _FULL                         */
  uint64_t pid_namespace; /* this process's; 0: not known                           */
  const uint32_t *alive;  /* 1; 0 in a forked child                                */
  struct rilli_link link; /* to the registry, if there is one                       */
};

struct rill_queue {
  _Atomic unsigned references;
  rill_context *context;
  unsigned flags;
  int announced; /* to the registry                                        */
  struct rilli_segments segments;
};

/* context.c */
int rilli_context_check(const rill_context *context); /* -ECHILD after fork         */
/* The directory's descriptor; opened again if the program closed it (close_range) or opened another
 * file under its number. -1 if the directory is gone. */
int rilli_context_dir(rill_context *context);
void rilli_context_hold(rill_context *context);

/* queue.c */
int rilli_queue_check(const rill_queue *queue); /* -ECHILD after fork               */
void rilli_queue_hold(rill_queue *queue);

#endif
