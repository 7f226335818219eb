/* SPDX-License-Identifier: MIT */
/* client.h - what the files of the public interface share: handles and their parts. */
#ifndef RILLI_CLIENT_H
#define RILLI_CLIENT_H

#include <limits.h>

#include "check.h"
#include "lease.h"
#include "registry.h"
#include "rill/rill.h"
#include "ring.h"
#include "segment.h"

#define RILLI_FILE_NAME 256 /* of a segment, in its directory                       */

struct rill_context {
  _Atomic unsigned references;
  _Atomic int dir; /* the namespace's directory: rilli_context_dir                 */
  char *path;      /* its name, and what it is, in case somebody closes it         */
  uint64_t inode, device;
  uint32_t fence;         /* RILL_FENCE_MEMBARRIER or _FULL                         */
  const uint32_t *alive;  /* 1; 0 in a forked child                                */
  struct rilli_link link; /* to the registry, if there is one                       */
};

struct rill_queue {
  _Atomic unsigned references;
  rill_context *context;
  unsigned flags;
  int announced; /* the registry was told of it                            */
  char name[RILLI_NAME_SIZE];
  char control_name[RILLI_FILE_NAME], data_name[RILLI_FILE_NAME];
  struct rilli_file control_file; /* its identity; the descriptor is closed        */
  struct rilli_geometry geometry;
  struct rilli_control_geometry control_geometry;
  struct rilli_mapping data;    /* read-only, with the ring twice                  */
  struct rilli_mapping control; /* read-only; carries the attach lease             */
  uint32_t data_mode;           /* permission bits of the data file               */
  int limited;                  /* may only look: `control` is an empty image      */
  int copied;                   /* files by their paths: nobody's leases are on them */
  struct rilli_ring ring;       /* read-only view; no hints                        */
};

/* context.c */
int rilli_context_check(const rill_context *context); /* -ECHILD after fork         */
/* The directory's descriptor; opened anew if somebody closed it (close_range) or put another
 * file in its place. -1 when it is gone. */
int rilli_context_dir(rill_context *context);
void rilli_context_hold(rill_context *context);
int64_t rilli_wall_clock(void); /* CLOCK_REALTIME in ns, for display               */

/* name.c */
int rilli_name_check(const char *name);
int rilli_group_name_check(const char *name);
void rilli_name_files(const char *name, const uint8_t *uuid, char *ret_control, char *ret_data);
/* The queue's name of a control file's name; 0 if it is none. */
int rilli_name_of_control(const char *file, char ret[RILLI_NAME_SIZE]);
/* Splits a data file's name into its queue's control file and its uuid; 0 if it is none. */
int rilli_name_of_data(const char *file, char ret_control[RILLI_FILE_NAME], char ret_uuid[33]);
#define RILLI_UNFINISHED "+" /* what the names of unfinished files begin with       */

/* pair.c: the two segment files of a queue, open and checked. */
struct rilli_pair {
  struct rilli_file control, data; /* fd -1: not open                               */
  char control_name[RILLI_FILE_NAME], data_name[RILLI_FILE_NAME];
  struct rilli_geometry geometry;
  struct rilli_control_geometry control_geometry;
  int limited; /* the control segment may not be opened: it is described by stat alone */
  int copied;  /* files by their paths                                              */
};
void rilli_pair_init(struct rilli_pair *pair);
void rilli_pair_close(struct rilli_pair *pair);
/* Opens an existing pair; attaches (takes the shared lease) unless only observing. Who
 * observes and may only look gets the data segment alone.
 * -ENOENT: there is none. -EAGAIN: just being removed; try again. */
int rilli_pair_open(int dir, const char *name, int observe, struct rilli_pair *ret);
/* A copied pair, by the paths of its files. */
int rilli_pair_open_files(const char *control_path, const char *data_path, struct rilli_pair *ret);
/* Opens the control file once more, as a description of its own. -ESTALE: it is another;
 * -ENOLCK: it is a copy, whose leases say nothing. */
int rilli_control_open(const rill_queue *queue, int writable, struct rilli_file *ret);
/* The same for locking through it: closed by rilli_lease_close. */
int rilli_control_open_for_lease(const rill_queue *queue, struct rilli_file *ret);
/* Reads and checks the first pages. */
int rilli_control_check(const struct rilli_file *file, struct rilli_control_geometry *ret,
                        uint32_t *ret_tombstone);
int rilli_data_check(const struct rilli_file *file, struct rilli_geometry *ret);

/* create.c: makes both segments, whole, under random names; the pair comes back open. */
struct rilli_making {
  char data[64], control[64]; /* "": it has its own name, or there is none         */
};
int rilli_pair_make(int dir, const char *name, const struct rill_queue_attr *attr,
                    struct rilli_making *ret_making, struct rilli_pair *ret);
/* Attaches and gives them their names: the last that can fail, since what has its name may be
 * in use by others. -EEXIST: it is taken (now). */
int rilli_pair_name(int dir, struct rilli_making *making, const struct rilli_pair *pair);
/* In place of that, or when it failed: removes and closes them. */
void rilli_pair_abandon(int dir, const struct rilli_making *making, struct rilli_pair *pair);
uint64_t rilli_round_capacity(uint64_t capacity);

/* unlink.c: removes the queue whose control file is open here, damaged or not. If
 * only_idle: not (-EBUSY) while anybody has it open. -ENOENT: it is gone already. -EAGAIN:
 * another process is just at it, and may leave it as it is. */
int rilli_remove(int dir, const char *control_name, const struct rilli_file *control,
                 int only_idle);
int rilli_is_removed(const rill_queue *queue);

/* queue.c */
int rilli_queue_check(const rill_queue *queue); /* -ECHILD after fork               */
void rilli_queue_hold(rill_queue *queue);
const struct rilli_control *rilli_control_page(const rill_queue *queue);
int rilli_type_check(const rill_queue *queue, const struct rill_type *type);
int rilli_zero(const void *bytes, size_t size); /* reserved fields must be          */
int rilli_attr_size(const char *what, size_t size, size_t expected);
/* The ring's parts at a mapping of the data file. */
void rilli_ring_at(const rill_queue *queue, uint8_t *data, struct rilli_ring *ret);

/* gc.c: removes the data segments of this name that no control segment belongs to and
 * nobody is just making. Returns how many, or a negative errno. */
int rilli_remove_widows(int dir, const char *control_name);
int rilli_remove_widow(int dir, const char *data_name); /* this one, if it is one */
/* As rill_queue_gc, but leaves the queues alone: files without one, only. */
int rilli_gc_files(rill_context *context, void (*report)(const struct rill_gc_item *, void *),
                   void *arg);

/* seat.c: takes the row of this name, or a free one (name NULL: always), with its lease and
 * its reclaim byte. Whatever it returns, settle gives back what is only for setting up; the
 * lease goes with the description. */
struct rilli_seat {
  uint32_t index;
  int64_t name_lock; /* 0: none                                                    */
};
int rilli_seat_take(const rill_queue *queue, int fd, const char *name, struct rilli_seat *ret);
void rilli_seat_settle(int fd, const struct rilli_seat *seat);
uint32_t rilli_seat_state(const struct rilli_group *group);

/* reclaim.c */
/* If the group's member is dead: does what it should have done. fd: a description of the
 * control file that holds no lease; control: all of it, mapped. 1: reclaimed, 0: nothing to do. */
int rilli_reclaim_group(int fd, uint8_t *control, const struct rilli_control_geometry *geometry,
                        uint32_t index);
/* All groups of a queue; control is mapped read-only. Returns how many were dead;
 * dry: only counts. */
int rilli_reclaim_queue(int dir, const char *control_name, const struct rilli_file *control,
                        const struct rilli_control_geometry *geometry, int dry);
/* Is the row a dead member's? fd: a description that holds no lease. */
int rilli_is_dead(int fd, uint8_t *control, const struct rilli_control_geometry *geometry,
                  uint32_t index);

#endif
