/* SPDX-License-Identifier: MIT */
/* table.h - the queues of the namespace by name: a cache of its directory.
 *
 * Any number of threads look up, as RCU readers; one thread, the loop's, changes it. An entry
 * that a reader found stays whole, mapped and readable until its read side ends: an entry is
 * taken out of the hash table immediately, but unmapped and freed after a grace period
 * (call_rcu). */
#ifndef RILLD_TABLE_H
#define RILLD_TABLE_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <sys/types.h>
#include <time.h>

#include <urcu/urcu-memb.h>

#include <urcu/list.h>
#include <urcu/rculfhash.h>

#include "segments.h"

struct table;

struct entry {
  struct cds_lfht_node node;
  struct rcu_head rcu;
  struct table *table;
  char name[RILLI_NAME_SIZE];
  struct rilli_segments *segments; /* opened for reading; NULL: it cannot be opened */
  int code;                        /* then the reason: -errno */
  uint64_t inode, device;          /* of the control segment                                  */
  struct timespec changed;         /* its ctime */
  uint32_t mode, uid, gid;         /* rights, as in rill_queue_attr; 0: if it cannot be opened */
  /* Only for the loop. */
  struct cds_list_head all; /* in table->all                                         */
  int64_t idle_since;       /* 0: not seen idle                                      */
  uint64_t idle_generation; /* of producers, at that time: newer if one came and went since */
  uint64_t died_told;       /* generation of the producer whose death was reported, plus 1 */
};

struct table {
  int dir; /* of the namespace                                                      */
  struct cds_lfht *hash;
  struct cds_list_head all; /* only for the loop: checked in turn */
  size_t count;
  _Atomic uint64_t freed; /* entries whose grace period is over                     */
  /* The same entries, sorted by name, for lists. The lock is held for a search and a copy,
   * never while names are matched: a slow pattern delays no other thread. */
  pthread_mutex_t order_lock;
  struct entry **order; /* count of them                                            */
  size_t order_room;
};

/* The calling thread must be registered with RCU, as must every reader. 0 or -errno. */
int table_open(struct table *table, int dir);
/* There must be no reader any more. */
void table_close(struct table *table);

/* Between rcu_read_lock and unlock. NULL: there is none. */
struct entry *table_find(struct table *table, const char *name);
/* The same for the thread that changes the table, which needs no lock to use the entry: only
 * this thread takes entries out. */
struct entry *table_own(struct table *table, const char *name);

/* Gets the next entries after that name ("": from the first), sorted by name, at most `most`;
 * returns how many. Between rcu_read_lock and unlock. */
size_t table_next(struct table *table, const char *after, struct entry **ret, size_t most);

enum table_change { TABLE_SAME, TABLE_ABSENT, TABLE_APPEARED, TABLE_REMOVED, TABLE_REPLACED };

/* Updates the entry from the directory. was: the former entry, for REMOVED and REPLACED (mode
 * and owner; it has no segments). *ret_unsure: set if the directory could not be read, or there
 * was no memory for the entry; a later check is to try again. */
enum table_change table_refresh(struct table *table, const char *name, struct entry *was,
                                int *ret_unsure);

#endif
