/* SPDX-License-Identifier: MIT */
/* table.c - the queues of the namespace by name. See table.h. */
#include "table.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "error.h"
#include "hash.h"
#include "open.h"
#include "stat.h"

/* Mixed again: the hash table uses the low bits. */
static unsigned long hash_of(const char *name) {
  const uint64_t value = rilli_hash(name, strlen(name));
  return (unsigned long)(value ^ value >> 29);
}

static int matches(struct cds_lfht_node *node, const void *name) {
  const struct entry *entry = caa_container_of(node, struct entry, node);
  return strcmp(entry->name, name) == 0;
}

int table_open(struct table *table, int dir) {
  table->dir = dir;
  table->count = 0;
  atomic_init(&table->freed, 0);
  CDS_INIT_LIST_HEAD(&table->all);
  (void)pthread_mutex_init(&table->order_lock, NULL);
  table->order = NULL;
  table->order_room = 0;
  /* Its thread is made now: liburcu ends the process if it cannot make it, and that must not
   * happen to a registry that serves. */
  (void)urcu_memb_get_default_call_rcu_data();
  table->hash = cds_lfht_new_flavor(64, 64, 0, CDS_LFHT_AUTO_RESIZE, &urcu_memb_flavor, NULL);
  return table->hash ? 0 : rilli_fail(ENOMEM, "no memory for the table of queues");
}

struct entry *table_find(struct table *table, const char *name) {
  struct cds_lfht_iter iter;
  cds_lfht_lookup(table->hash, hash_of(name), matches, name, &iter);
  struct cds_lfht_node *node = cds_lfht_iter_get_node(&iter);
  return node ? caa_container_of(node, struct entry, node) : NULL;
}

/* --- the sorted names ----------------------------------------------------------------- */

/* The place of the first whose name is greater (or, with `equal`, not less). */
static size_t place_of(const struct table *table, const char *name, int equal) {
  size_t low = 0, high = table->count;
  while (low < high) {
    const size_t middle = low + (high - low) / 2;
    const int compared = strcmp(table->order[middle]->name, name);
    if (compared > 0 || (equal && compared == 0))
      high = middle;
    else
      low = middle + 1;
  }
  return low;
}

size_t table_next(struct table *table, const char *after, struct entry **ret, size_t most) {
  (void)pthread_mutex_lock(&table->order_lock);
  const size_t place = place_of(table, after, 0), left = table->count - place;
  const size_t count = left < most ? left : most;
  if (count)
    memcpy(ret, table->order + place, count * sizeof(struct entry *));
  (void)pthread_mutex_unlock(&table->order_lock);
  return count;
}

/* Makes room for one more. 0 or -ENOMEM. */
static int make_room(struct table *table) {
  if (table->count < table->order_room)
    return 0;
  const size_t room = table->order_room ? 2 * table->order_room : 64;
  (void)pthread_mutex_lock(&table->order_lock);
  struct entry **order = realloc(table->order, room * sizeof *order);
  if (order) {
    table->order = order;
    table->order_room = room;
  }
  (void)pthread_mutex_unlock(&table->order_lock);
  return order ? 0 : -ENOMEM;
}

static void add_to_order(struct table *table, struct entry *entry) {
  (void)pthread_mutex_lock(&table->order_lock);
  struct entry **at = table->order + place_of(table, entry->name, 0);
  memmove(at + 1, at, (size_t)(table->order + table->count - at) * sizeof *at);
  *at = entry;
  table->count++;
  (void)pthread_mutex_unlock(&table->order_lock);
}

static void take_from_order(struct table *table, const struct entry *entry) {
  (void)pthread_mutex_lock(&table->order_lock);
  struct entry **at = table->order + place_of(table, entry->name, 1);
  table->count--;
  memmove(at, at + 1, (size_t)(table->order + table->count - at) * sizeof *at);
  (void)pthread_mutex_unlock(&table->order_lock);
}

/* --- entries -------------------------------------------------------------------------- */

static void close_segments(struct entry *entry) {
  if (entry->segments)
    rilli_segments_close(entry->segments);
  free(entry->segments);
}

/* Called after the grace period: no thread reads it any more. */
static void free_entry(struct rcu_head *head) {
  struct entry *entry = caa_container_of(head, struct entry, rcu);
  struct table *table = entry->table;
  close_segments(entry);
  free(entry);
  atomic_fetch_add_explicit(&table->freed, 1, memory_order_release);
}

static void take_out(struct table *table, struct entry *entry) {
  urcu_memb_read_lock();
  (void)cds_lfht_del(table->hash, &entry->node);
  urcu_memb_read_unlock();
  cds_list_del(&entry->all);
  take_from_order(table, entry);
  urcu_memb_call_rcu(&entry->rcu, free_entry);
}

static struct entry *make(struct table *table, const char *name, const struct stat *status) {
  struct entry *entry = calloc(1, sizeof *entry);
  if (!entry)
    return NULL;
  entry->table = table;
  (void)strncpy(entry->name, name, sizeof entry->name - 1);
  entry->inode = (uint64_t)status->st_ino;
  entry->device = (uint64_t)status->st_dev;
  entry->changed = status->st_ctim;
  entry->uid = (uint32_t)status->st_uid;
  entry->gid = (uint32_t)status->st_gid;
  struct rilli_segments *segments = calloc(1, sizeof *segments);
  entry->code = segments ? rilli_segments_open(table->dir, name, RILL_OBSERVE, NULL, segments)
                         : rilli_fail(ENOMEM, "no memory for a queue");
  if (entry->code) {
    free(segments);
    return entry;
  }
  struct rill_queue_stat stat;
  entry->segments = segments;
  if (rilli_queue_stat(table->dir, segments, &stat) == 0)
    entry->mode = stat.mode;
  return entry;
}

/* Is it still the queue of the directory? A queue that could not be opened is tried again;
 * without the right to open it, only after something about it changed. */
static int is_current(const struct entry *entry, const struct stat *status) {
  if (entry->inode != (uint64_t)status->st_ino || entry->device != (uint64_t)status->st_dev)
    return 0;
  if (!entry->segments)
    return (entry->code == -EACCES || entry->code == -EPERM) &&
           entry->changed.tv_sec == status->st_ctim.tv_sec &&
           entry->changed.tv_nsec == status->st_ctim.tv_nsec;
  return entry->segments->control_file.mode == ((uint32_t)status->st_mode & 07777u) &&
         entry->uid == (uint32_t)status->st_uid && entry->gid == (uint32_t)status->st_gid &&
         !rilli_is_removed(entry->segments);
}

static void put_in(struct table *table, struct entry *entry) {
  urcu_memb_read_lock();
  cds_lfht_add(table->hash, hash_of(entry->name), &entry->node);
  urcu_memb_read_unlock();
  cds_list_add_tail(&entry->all, &table->all);
  add_to_order(table, entry);
}

struct entry *table_own(struct table *table, const char *name) {
  urcu_memb_read_lock();
  struct entry *entry = table_find(table, name);
  urcu_memb_read_unlock();
  return entry;
}

/* Watchers get no event for each new attempt to open an unreadable file. */
static enum table_change compare(const struct entry *was, const struct entry *now) {
  return was->inode == now->inode && was->device == now->device ? TABLE_SAME : TABLE_REPLACED;
}

enum table_change table_refresh(struct table *table, const char *name, struct entry *was,
                                int *ret_unsure) {
  char control[RILLI_FILE_NAME];
  struct stat status;
  rilli_name_files(name, NULL, control, NULL);
  struct entry *old = table_own(table, name);
  const int there = fstatat(table->dir, control, &status, AT_SYMLINK_NOFOLLOW) == 0;
  if (!there && errno != ENOENT) {
    *ret_unsure = 1;
    return old ? TABLE_SAME : TABLE_ABSENT;
  }
  if (old && there && is_current(old, &status))
    return TABLE_SAME;
  if (!old && !there)
    return TABLE_ABSENT;
  if (old)
    *was = *old;
  was->segments = NULL;
  struct entry *fresh = there ? make(table, name, &status) : NULL;
  const int room = fresh && make_room(table) == 0;
  if (there && !room)
    *ret_unsure = 1;
  if (fresh && (fresh->code == -ENOENT || !room)) { /* gone meanwhile, or being removed */
    close_segments(fresh);
    free(fresh);
    fresh = NULL;
  }
  const enum table_change change = old && fresh ? compare(old, fresh)
                                   : old        ? TABLE_REMOVED
                                   : fresh      ? TABLE_APPEARED
                                                : TABLE_ABSENT;
  if (old)
    take_out(table, old);
  if (fresh)
    put_in(table, fresh);
  return change;
}

void table_close(struct table *table) {
  struct entry *entry, *next;
  cds_list_for_each_entry_safe(entry, next, &table->all, all) take_out(table, entry);
  urcu_memb_barrier();
  (void)cds_lfht_destroy(table->hash, NULL);
  free(table->order);
  (void)pthread_mutex_destroy(&table->order_lock);
}
