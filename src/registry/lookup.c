/* SPDX-License-Identifier: MIT */
/* lookup.c - answers to requests. See lookup.h. Nothing is allocated for a look-up, so a flood
 * of them costs no memory; a list is sent in pages, each from where the last one ended. */
#include "lookup.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "error.h"
#include "open.h"
#include "pattern.h"
#include "settings.h"
#include "stat.h"
#include "unlink.h"

void lookup_refuse(struct rilli_wire_answer *ret, int code, const char *text) {
  ret->code = code;
  (void)snprintf(ret->text, sizeof ret->text, "%.239s", text ? text : rill_error());
}

_Static_assert(sizeof(struct rill_queue_stat) <= RILLI_WIRE_ROOM, "it fits a row");

/* code: 0, or the error of a queue that cannot be opened. */
static void put_row(int dir, const char *name, const struct rilli_segments *segments, int code,
                    struct rilli_wire_row *ret) {
  struct rill_queue_stat stat;
  memset(ret, 0, sizeof *ret);
  rilli_wire_name(ret->name, name);
  ret->code = segments ? rilli_queue_stat(dir, segments, &stat) : code;
  if (ret->code)
    return;
  ret->size = sizeof stat;
  memcpy(ret->stat, &stat, sizeof stat);
}

static void put_entry(const struct entry *entry, struct rilli_wire_row *ret) {
  put_row(entry->table->dir, entry->name, entry->segments, entry->code, ret);
}

static int may_read(const struct rights *rights, const struct entry *entry) {
  return rights_may_read(rights, entry->mode, entry->uid, entry->gid);
}

/* Answers about one queue. The caller learns nothing of a queue that it may not read. */
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
      lookup_refuse(ret, ret->rows[0].code, "the queue cannot be opened: run rill doctor");
  }
  urcu_memb_read_unlock();
}

/* Names that are matched between two reads of the sorted list. */
#define BATCH 64

static void answer_list(struct table *table, const struct rights *rights,
                        const struct rilli_wire_request *request, struct rilli_wire_answer *ret) {
  struct entry *batch[BATCH];
  const char *after = request->after;
  size_t got = BATCH;
  urcu_memb_read_lock();
  while (got == BATCH && !ret->more) {
    got = table_next(table, after, batch, BATCH);
    for (size_t i = 0; i < got && !ret->more; i++) {
      if (!pattern_matches(request->name, batch[i]->name) || !may_read(rights, batch[i]))
        continue;
      if (ret->count == RILLI_WIRE_ROWS)
        ret->more = 1;
      else
        put_entry(batch[i], &ret->rows[ret->count++]);
    }
    after = got ? batch[got - 1]->name : after;
  }
  urcu_memb_read_unlock();
}

void lookup_answer(struct table *table, const struct rights *rights,
                   const struct rilli_wire_request *request, struct rilli_wire_answer *ret) {
  if (request->head.type == RILLI_WIRE_LIST)
    answer_list(table, rights, request, ret);
  else
    answer_stat(table, rights, request->name, ret);
}

/* The kernel checks the registry's rights, which may be more than the client's: a client that may
 * not give a file away may not give a queue away. */
static int may_give(const struct rights *rights, const struct rill_queue_attr *attr) {
  int of_group = attr->group == 0;
  for (unsigned i = 0; i < rights->group_count; i++)
    of_group |= rights->groups[i] == attr->group;
  return rights->uid == 0 || ((attr->owner == 0 || attr->owner == rights->uid) && of_group);
}

static int read_create(const struct rights *rights, const struct rilli_wire_create *create,
                       struct rill_queue_attr *ret) {
  const int code = rilli_settings_unpack(create->values, create->value_count, ret);
  if (code)
    return code;
  if (!may_give(rights, ret))
    return rilli_fail(EPERM, "only root may give a queue to another user, or to a group that it "
                             "is not in");
  ret->group_count = create->group_count;
  return 0;
}

static void create(int dir, const struct rights *rights, const struct rilli_wire_create *create,
                   struct rilli_wire_answer *ret) {
  const char *groups[RILLI_WIRE_GROUPS];
  struct rill_queue_attr attr = RILL_QUEUE_ATTR_INIT;
  const unsigned flags =
      RILL_CREATE | (create->request.flags & RILLI_WIRE_EXCLUSIVE ? (unsigned)RILL_EXCLUSIVE : 0u);
  struct rilli_segments segments;
  for (uint32_t i = 0; i < create->group_count; i++)
    groups[i] = create->groups[i];
  attr.groups = groups;
  int code = read_create(rights, create, &attr);
  if (code == 0)
    code = rilli_segments_open(dir, create->request.name, flags, &attr, &segments);
  if (code) {
    lookup_refuse(ret, code, NULL);
    return;
  }
  put_row(dir, create->request.name, &segments, 0, &ret->rows[0]);
  ret->count = 1;
  rilli_segments_close(&segments);
}

void lookup_change(int dir, const struct rights *rights, const struct rilli_wire_request *request,
                   struct rilli_wire_answer *ret) {
  if (!rights->full) {
    lookup_refuse(ret, -EPERM, "only the namespace's owner and root may change it");
    return;
  }
  if (request->head.type == RILLI_WIRE_CREATE) {
    create(dir, rights, (const struct rilli_wire_create *)(const void *)request, ret);
    return;
  }
  const int code = rilli_unlink(dir, request->name);
  if (code)
    lookup_refuse(ret, code, NULL);
}
