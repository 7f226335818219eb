/* SPDX-License-Identifier: MIT */
/* lookup.c - answers to requests. See lookup.h. Nothing is allocated for a look-up, so a flood
 * of them costs no memory; a list comes in pages, each found by one pass over the table. */
#include "lookup.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "error.h"
#include "pattern.h"

void lookup_refuse(struct rilli_wire_answer *ret, int code, const char *text) {
  ret->code = code;
  (void)snprintf(ret->text, sizeof ret->text, "%.239s", text ? text : rill_error());
}

static void put_stat(const struct rill_queue_stat *stat, struct rilli_wire_row *ret) {
  memcpy(ret->uuid, stat->uuid, sizeof ret->uuid);
  ret->producer = stat->producer;
  ret->overflow = stat->overflow;
  ret->lifetime = stat->lifetime;
  ret->producer_pid = stat->producer_pid;
  ret->producer_generation = stat->producer_generation;
  ret->capacity = stat->capacity;
  ret->max_message = stat->max_message;
  ret->sequence = stat->sequence;
  ret->oldest = stat->oldest;
  ret->depth_messages = stat->depth_messages;
  ret->depth_bytes = stat->depth_bytes;
  ret->group_count = stat->group_count;
  ret->max_groups = stat->max_groups;
  ret->attached = stat->attached;
  ret->removed = stat->removed;
}

/* code: 0, or why there is no queue. */
static void put_row(const char *name, rill_queue *queue, int code, struct rilli_wire_row *ret) {
  struct rill_queue_stat stat = {.size = sizeof stat};
  memset(ret, 0, sizeof *ret);
  rilli_wire_name(ret->name, name);
  ret->code = queue ? rill_queue_stat(queue, &stat) : code;
  if (ret->code == 0)
    put_stat(&stat, ret);
}

static void put_entry(const struct entry *entry, struct rilli_wire_row *ret) {
  put_row(entry->name, entry->queue, entry->code, ret);
  ret->mode = entry->mode;
  ret->uid = entry->uid;
  ret->gid = entry->gid;
}

static int may_read(const struct rights *rights, const struct entry *entry) {
  return rights_may_read(rights, entry->mode, entry->uid, entry->gid);
}

/* One queue. What the caller may not read, it learns nothing of. */
static void answer_stat(struct table *table, const struct rights *rights, const char *name,
                        struct rilli_wire_answer *ret) {
  urcu_memb_read_lock();
  const struct entry *entry = table_find(table, name);
  if (!entry) {
    lookup_refuse(ret, -ENOENT, "there is no queue of this name");
  } else if (!may_read(rights, entry)) {
    lookup_refuse(ret, -EACCES, "you may not read this queue");
  } else {
    put_entry(entry, &ret->rows[0]);
    ret->count = 1;
    if (ret->rows[0].code)
      lookup_refuse(ret, ret->rows[0].code, "the queue cannot be opened: see rill doctor");
  }
  urcu_memb_read_unlock();
}

struct page {
  const struct entry *entries[RILLI_WIRE_ROWS]; /* in the order of their names       */
  uint32_t count, more;
};

/* Keeps the first of them all. */
static void keep(struct page *page, const struct entry *entry) {
  uint32_t at = page->count;
  while (at > 0 && strcmp(entry->name, page->entries[at - 1]->name) < 0)
    at--;
  if (page->count == RILLI_WIRE_ROWS) {
    page->more = 1;
    if (at == RILLI_WIRE_ROWS)
      return;
    page->count--;
  }
  memmove(page->entries + at + 1, page->entries + at, (page->count - at) * sizeof page->entries[0]);
  page->entries[at] = entry;
  page->count++;
}

static void answer_list(struct table *table, const struct rights *rights,
                        const struct rilli_wire_request *request, struct rilli_wire_answer *ret) {
  struct page page = {.count = 0};
  struct cds_lfht_iter iter;
  const struct entry *entry;
  urcu_memb_read_lock();
  cds_lfht_for_each_entry(table->hash, &iter, entry, node) {
    if (strcmp(entry->name, request->after) > 0 && pattern_matches(request->name, entry->name) &&
        may_read(rights, entry))
      keep(&page, entry);
  }
  for (uint32_t i = 0; i < page.count; i++)
    put_entry(page.entries[i], &ret->rows[i]);
  urcu_memb_read_unlock();
  ret->count = page.count;
  ret->more = page.more;
}

void lookup_answer(struct table *table, const struct rights *rights,
                   const struct rilli_wire_request *request, struct rilli_wire_answer *ret) {
  if (request->head.type == RILLI_WIRE_LIST)
    answer_list(table, rights, request, ret);
  else
    answer_stat(table, rights, request->name, ret);
}

static void create(rill_context *context, const struct rilli_wire_request *request,
                   struct rilli_wire_answer *ret) {
  const struct rill_queue_attr attr = {
      .size = sizeof attr,
      .capacity = request->capacity,
      .max_message = request->max_message,
      .overflow = request->overflow,
      .lifetime = request->lifetime,
      .max_groups = request->max_groups,
      .mode = request->mode,
      .type = {request->type_id, request->type_size, request->type_version, 0}};
  const unsigned flags =
      RILL_CREATE | (request->flags & RILLI_WIRE_EXCLUSIVE ? (unsigned)RILL_EXCLUSIVE : 0u);
  rill_queue *queue = NULL;
  const int code = rill_queue_open(context, request->name, flags, &attr, RILL_NOW, &queue);
  if (code) {
    lookup_refuse(ret, code, NULL);
    return;
  }
  put_row(request->name, queue, 0, &ret->rows[0]);
  ret->count = 1;
  rill_queue_close(queue);
}

void lookup_change(rill_context *context, const struct rights *rights,
                   const struct rilli_wire_request *request, struct rilli_wire_answer *ret) {
  if (!rights->full) {
    lookup_refuse(ret, -EPERM, "only the namespace's owner and root may change it");
    return;
  }
  if (request->head.type == RILLI_WIRE_CREATE) {
    create(context, request, ret);
    return;
  }
  const int code = rill_queue_unlink(context, request->name);
  if (code)
    lookup_refuse(ret, code, NULL);
}
