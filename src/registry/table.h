/* SPDX-License-Identifier: MIT */
/* table.h - the queues of the namespace by name: a cache of what lies in its directory.
 *
 * Any number of threads look up, as RCU readers; one thread, the loop's, changes it. What a
 * reader found stays whole, mapped and readable until its read side ends: an entry is taken
 * out of the hash table at once, and unmapped and freed after a grace period (call_rcu). */
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
  struct rilli_segments *segments; /* opened to look at; NULL: it cannot be opened  */
  int code;                /* then why: -errno                                             */
  uint64_t inode, device;  /* of the control segment                                  */
  struct timespec changed; /* its ctime */
  uint32_t mode, uid, gid; /* rights, as in rill_queue_attr; 0: of one not to be opened */
  /* The loop's own. */
  struct cds_list_head all; /* in table->all                                         */
  int64_t idle_since;       /* 0: not seen idle                                      */
  uint64_t idle_generation; /* of producers, then: a newer one came and went since   */
  uint64_t died_told;       /* generation of the producer whose death was told, plus 1 */
};

struct table {
  int dir; /* of the namespace                                                      */
  struct cds_lfht *hash;
  struct cds_list_head all; /* the loop's: looked at in turn                          */
  size_t count;
  _Atomic uint64_t freed; /* entries whose grace period is over                     */
  /* The same entries in the order of their names, for lists. The lock is held for a search and
   * a copy, never while names are matched: a slow pattern stalls nobody. */
  pthread_mutex_t order_lock;
  struct entry **order; /* count of them                                            */
  size_t order_room;
};

/* The calling thread must be registered with RCU, as must every reader. 0 or -errno. */
int table_open(struct table *table, int dir);
/* No reader may be left. */
void table_close(struct table *table);

/* Between rcu_read_lock and unlock. NULL: there is none. */
struct entry *table_find(struct table *table, const char *name);

/* The next ones after that name ("": from the first) in the order of names, at most `most`;
 * returns how many. Between rcu_read_lock and unlock. */
size_t table_next(struct table *table, const char *after, struct entry **ret, size_t most);

enum table_change { TABLE_SAME, TABLE_ABSENT, TABLE_APPEARED, TABLE_REMOVED, TABLE_REPLACED };

/* Makes the entry what the directory says. was: what it was, for REMOVED and REPLACED (mode and
 * owner; it has no segments). *ret_unsure: set where the directory could not be asked, or there was
 * no memory for what it said; a later look is to ask again. */
enum table_change table_refresh(struct table *table, const char *name, struct entry *was,
                                int *ret_unsure);

#endif
