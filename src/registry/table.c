/* SPDX-License-Identifier: MIT */
/* table.c - the queues of the namespace by name. See table.h. */
#include "table.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "error.h"

/* FNV-1a, then mixed: the hash table uses the low bits. */
static unsigned long hash_of(const char *name) {
  uint64_t value = UINT64_C(14695981039346656037);
  for (; *name; name++)
    value = (value ^ (uint8_t)*name) * UINT64_C(1099511628211);
  return (unsigned long)(value ^ value >> 29);
}

static int matches(struct cds_lfht_node *node, const void *name) {
  const struct entry *entry = caa_container_of(node, struct entry, node);
  return strcmp(entry->name, name) == 0;
}

int table_open(struct table *table, rill_context *context) {
  table->context = context;
  table->count = 0;
  atomic_init(&table->freed, 0);
  CDS_INIT_LIST_HEAD(&table->all);
  table->hash = cds_lfht_new_flavor(64, 64, 0, CDS_LFHT_AUTO_RESIZE, &urcu_memb_flavor, NULL);
  return table->hash ? 0 : rilli_fail(ENOMEM, "no memory for the table of queues");
}

struct entry *table_find(struct table *table, const char *name) {
  struct cds_lfht_iter iter;
  cds_lfht_lookup(table->hash, hash_of(name), matches, name, &iter);
  struct cds_lfht_node *node = cds_lfht_iter_get_node(&iter);
  return node ? caa_container_of(node, struct entry, node) : NULL;
}

/* After the grace period: nobody reads it any more. */
static void free_entry(struct rcu_head *head) {
  struct entry *entry = caa_container_of(head, struct entry, rcu);
  struct table *table = entry->table;
  rill_queue_close(entry->queue); /* unmaps */
  free(entry);
  atomic_fetch_add_explicit(&table->freed, 1, memory_order_release);
}

static void take_out(struct table *table, struct entry *entry) {
  urcu_memb_read_lock();
  (void)cds_lfht_del(table->hash, &entry->node);
  urcu_memb_read_unlock();
  cds_list_del(&entry->all);
  table->count--;
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
  entry->code = rill_queue_open(table->context, name, RILL_OBSERVE, NULL, RILL_NOW, &entry->queue);
  struct rill_queue_stat stat = {.size = sizeof stat};
  if (entry->queue && rill_queue_stat(entry->queue, &stat) == 0)
    entry->mode = stat.mode;
  return entry;
}

/* Still the queue that lies there? One that could not be opened is tried again; if it may not
 * be, only after something about it changed. */
static int is_current(const struct entry *entry, const struct stat *status) {
  if (entry->inode != (uint64_t)status->st_ino || entry->device != (uint64_t)status->st_dev)
    return 0;
  if (!entry->queue)
    return (entry->code == -EACCES || entry->code == -EPERM) &&
           entry->changed.tv_sec == status->st_ctim.tv_sec &&
           entry->changed.tv_nsec == status->st_ctim.tv_nsec;
  return entry->queue->control_file.mode == ((uint32_t)status->st_mode & 07777u) &&
         entry->uid == (uint32_t)status->st_uid && entry->gid == (uint32_t)status->st_gid &&
         !rilli_is_removed(entry->queue);
}

static void put_in(struct table *table, struct entry *entry) {
  urcu_memb_read_lock();
  cds_lfht_add(table->hash, hash_of(entry->name), &entry->node);
  urcu_memb_read_unlock();
  cds_list_add_tail(&entry->all, &table->all);
  table->count++;
}

/* Whoever watches it need not know that an unreadable file is looked at again and again. */
static enum table_change compare(const struct entry *was, const struct entry *now) {
  return was->inode == now->inode && was->device == now->device ? TABLE_SAME : TABLE_REPLACED;
}

enum table_change table_refresh(struct table *table, const char *name, struct entry *was) {
  char control[RILLI_FILE_NAME];
  struct stat status;
  rilli_name_files(name, NULL, control, NULL);
  const int there =
      fstatat(rilli_context_dir(table->context), control, &status, AT_SYMLINK_NOFOLLOW) == 0;
  urcu_memb_read_lock();
  struct entry *old = table_find(table, name);
  urcu_memb_read_unlock(); /* only this thread takes entries out */
  if (old && there && is_current(old, &status))
    return TABLE_SAME;
  if (!old && !there)
    return TABLE_ABSENT;
  if (old)
    *was = *old;
  was->queue = NULL;
  struct entry *fresh = there ? make(table, name, &status) : NULL;
  if (fresh && fresh->code == -ENOENT) { /* gone meanwhile, or just being removed */
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
}
