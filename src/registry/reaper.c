/* SPDX-License-Identifier: MIT */
/* reaper.c - reclaims what dead processes left: immediately when a client's process has ended,
 * else in the periodic look. Keeps promise 3 without the help of another process.
 *
 * The end of a process only starts the check. Its leases decide what is done, as everywhere
 * (store/reclaim.c): a core dump holds them for seconds, so they are probed again with growing
 * pauses. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "error.h"
#include "lease.h"
#include "reclaim.h"
#include "row.h"
#include "server.h"
#include "unlink.h"

#define MILLISECOND INT64_C(1000000)
#define PROBE_MOST (200 * MILLISECOND)  /* between two probes                         */
#define PROBE_END (10000 * MILLISECOND) /* then it is left to the periodic look       */
#define GRACE (2000 * MILLISECOND) /* how long a transient queue that no process has open stays */
#define DEATHS_MOST 4096u          /* items that are checked in one turn */

#define LOAD(word) atomic_load_explicit(&(word), memory_order_acquire)

/* "process 123 (rill)", for lines that an operator reads. */
struct words {
  char text[96];
};

static struct words cause_of(const struct death *death) {
  struct words words = {"found by the periodic look"};
  if (death)
    (void)snprintf(words.text, sizeof words.text, "%.3f ms after process %ld (%s) ended",
                   (double)(rill_clock() - death->when) / 1e6, (long)death->pid, death->program);
  return words;
}

static int64_t since(const struct death *death) {
  return death ? rill_clock() - death->when : 0;
}

/* --- one queue ------------------------------------------------------------------------- */

struct look {
  struct server *server;
  struct entry *entry;
  const struct death *death;
  struct rilli_file control; /* read-only: to see which processes live */
};

static void notify(const struct look *look, uint32_t what, uint32_t kind, uint32_t group,
                   int64_t pid) {
  const struct news news = {what, kind, group, 0, (pid_t)pid, since(look->death)};
  peer_tell(look->server, look->entry, &news);
}

static void reclaim_member(const struct look *look, int fd, uint8_t *control,
                           struct rilli_member member) {
  const struct rilli_segments *segments = look->entry->segments;
  const struct rilli_control_geometry *geometry = &segments->control_geometry;
  struct rilli_group *group = rilli_row_at(control, geometry, member.group);
  const struct rilli_slot *slot = rilli_slot_at(control, geometry, member);
  char name[RILLI_GROUP_NAME_SIZE];
  memcpy(name, rilli_name_at(&segments->ring, member.group), sizeof name);
  name[sizeof name - 1] = 0;
  const int64_t pid = LOAD(slot->pid);
  if (!rilli_reclaim_member(fd, control, geometry, member))
    return;
  const int kept = rilli_row_state(group) == RILLI_GROUP_KEPT;
  log_info("queue '%s': the consumer of group '%s' (process %lld) died; %s; %s", segments->name,
           rilli_group_name_check(name) ? "" : name, (long long)pid,
           kept ? "the group keeps its place" : "the group is removed", cause_of(look->death).text);
  notify(look, RILLI_EVENT_DIED, RILLI_KIND_CONSUMER, member.group, pid);
  notify(look, RILLI_EVENT_RECLAIMED, RILLI_KIND_CONSUMER, member.group, pid);
}

/* Writes to the queue, through a mapping for this call alone. */
static void repair(const struct look *look, void (*work)(const struct look *, int, uint8_t *)) {
  const struct rilli_segments *segments = look->entry->segments;
  struct rilli_file file;
  struct rilli_mapping map = {NULL, 0};
  int code = rilli_control_open(look->server->dir, segments, 1, &file);
  if (code == -ESTALE)
    return;
  if (code) {
    log_often("queue '%s': cannot reclaim: %s", segments->name, rill_error());
    return;
  }
  code = rilli_map(file.fd, 0, segments->control_geometry.file_size, 1, &map);
  if (code)
    log_often("queue '%s': cannot reclaim: %s", segments->name, rill_error());
  else
    work(look, file.fd, map.base);
  rilli_unmap(&map);
  (void)close(file.fd);
}

static void reclaim_members(const struct look *look, int fd, uint8_t *control) {
  struct rilli_member member = {.slot = 0};
  RILLI_EACH_ROW(member.group, rilli_rows_at(control),
                 look->entry->segments->control_geometry.max_groups)
    reclaim_member(look, fd, control, member);
}

static void kick_all(const struct look *look, int fd, uint8_t *control) {
  const struct rilli_control_geometry *geometry = &look->entry->segments->control_geometry;
  (void)fd;
  uint32_t row;
  RILLI_EACH_ROW(row, rilli_rows_at(control), geometry->max_groups) {
    struct rilli_group *group = rilli_row_at(control, geometry, row);
    if (LOAD(group->cursor) != RILLI_NONE)
      rilli_kick(group);
  }
}

static void look_at_groups(const struct look *look) {
  const struct rilli_segments *segments = look->entry->segments;
  struct rilli_member member = {.slot = 0};
  RILLI_EACH_ROW(member.group, segments->ring.rows, segments->geometry.max_groups)
    if (rilli_is_dead(look->control.fd, segments->control.base, &segments->control_geometry,
                      member)) {
      repair(look, reclaim_members);
      return;
    }
}

/* A successor resumes by itself; but consumers that wait for messages must learn of it now.
 * Reported once. */
static void look_at_producer(const struct look *look) {
  const struct rilli_producer_page *page = look->entry->segments->ring.page;
  const uint64_t generation = LOAD(page->generation);
  const int64_t pid = LOAD(page->pid);
  if (LOAD(page->state) != RILLI_PRODUCER_LIVE || look->entry->died_told == generation + 1 ||
      rilli_lock_held(look->control.fd, RILLI_LEASE_PRODUCER, 1) != 0)
    return;
  look->entry->died_told = generation + 1;
  repair(look, kick_all);
  log_info("queue '%s': the producer (process %lld) died; its consumers are woken; %s",
           look->entry->name, (long long)pid, cause_of(look->death).text);
  notify(look, RILLI_EVENT_DIED, RILLI_KIND_PRODUCER, 0, pid);
}

static int remove_queue(const struct look *look, int only_idle) {
  const struct rilli_segments *segments = look->entry->segments;
  struct rilli_file control;
  if (rilli_control_open(look->server->dir, segments, 1, &control))
    return 0;
  const int code = rilli_remove(look->server->dir, segments->control_name, &control, only_idle);
  (void)close(control.fd);
  return code == 0;
}

/* Removes a transient queue that no process has open, after a short time, so that a consumer
 * that comes just after its producer ended finds it. Returns whether it was removed. */
static int look_at_use(const struct look *look) {
  struct entry *entry = look->entry;
  const int64_t now = rill_clock();
  const int idle = entry->segments->geometry.lifetime == RILL_TRANSIENT &&
                   rilli_lock_held(look->control.fd, RILLI_LEASE_BASE, RILLI_LEASE_RANGE) == 0;
  const uint64_t generation =
      atomic_load_explicit(&entry->segments->ring.page->generation, memory_order_acquire);
  if (!idle)
    entry->idle_since = 0;
  else if (entry->idle_since == 0 || generation != entry->idle_generation) {
    /* A producer that came and went between two checks may have left messages to read: the time
     * starts again. */
    entry->idle_since = now;
    entry->idle_generation = generation;
  } else if (now - entry->idle_since >= GRACE && remove_queue(look, 1)) {
    log_info("queue '%s': transient, and no process has had it open for %.1f s: removed",
             entry->name, (double)(now - entry->idle_since) / 1e9);
    return 1;
  }
  return 0;
}

void reaper_look(struct server *server, struct entry *entry, const struct death *death) {
  struct look look = {server, entry, death, {.fd = -1}};
  if (!entry->segments)
    return;
  int gone = rilli_is_removed(entry->segments);
  if (gone) /* its remover died half-way; or is still removing it, and then this does nothing */
    (void)remove_queue(&look, 0);
  else if (rilli_control_open(server->dir, entry->segments, 0, &look.control) == 0) {
    look_at_groups(&look);
    look_at_producer(&look);
    gone = look_at_use(&look);
    (void)close(look.control.fd);
  }
  if (gone)
    scan_name(server, entry->segments->name);
}

/* --- the end of a client ------------------------------------------------------------------ */

/* Moves its items to a new death. */
void reaper_ended(struct server *server, struct peer *peer) {
  if (peer->item_count == 0 && !peer->late)
    return;
  struct death *death = calloc(1, sizeof *death);
  if (!death)
    return; /* the periodic look finds it */
  death->when = death->next = rill_clock();
  death->pid = peer->rights.pid;
  memcpy(death->program, peer->program, sizeof death->program);
  death->items = peer->items;
  death->item_count = peer->item_count;
  death->late = peer->late;
  peer->items = NULL;
  peer->item_count = peer->item_room = 0;
  cds_list_add_tail(&death->link, &server->deaths);
  log_debug("process %ld (%s) ended; it was attached %u times%s", (long)death->pid, death->program,
            death->item_count, death->late ? ", at least" : "");
}

/* Is the lease still held, by a process that is ending, or by a successor? */
static int still_held(const struct entry *entry, const struct item *item) {
  struct rilli_file control;
  if (item->kind == RILLI_KIND_OPEN || !entry || !entry->segments ||
      rilli_control_open(entry->table->dir, entry->segments, 0, &control))
    return 0;
  const struct rilli_member member = {item->group % RILLI_MAX_GROUPS,
                                      item->slot % RILLI_MAX_MEMBERS};
  const int64_t byte =
      item->kind == RILLI_KIND_PRODUCER ? RILLI_LEASE_PRODUCER : RILLI_LEASE_MEMBER(member);
  const int held = rilli_lock_held(control.fd, byte, 1) == 1;
  (void)close(control.fd);
  return held;
}

static void drop_item(struct server *server, struct death *death, uint32_t index) {
  free(death->items[index].name);
  death->items[index] = death->items[--death->item_count];
  server->item_count--;
}

static void probe(struct server *server, struct death *death) {
  for (uint32_t i = 0; i < death->item_count;) {
    const struct item *item = &death->items[i];
    struct entry *entry = table_own(&server->table, item->name);
    /* Before the check of the queue: if it is freed later, it is checked again. */
    const int held = still_held(entry, item);
    if (entry)
      reaper_look(server, entry, death);
    if (held)
      i++;
    else
      drop_item(server, death, i);
  }
}

static void end_death(struct server *server, struct death *death) {
  cds_list_del(&death->link);
  peer_free_items(server, death->items, death->item_count);
  free(death);
}

static void look_everywhere(struct server *server, const struct death *death) {
  struct entry *entry, *next;
  cds_list_for_each_entry_safe(entry, next, &server->table.all, all)
      reaper_look(server, entry, death);
}

static void attend(struct server *server, struct death *death, int64_t now) {
  const int64_t pause = death->step < 8 ? MILLISECOND << death->step : PROBE_MOST;
  if (death->late)
    look_everywhere(server, death);
  probe(server, death);
  death->late = 0;
  death->step++;
  death->next = now + (pause < PROBE_MOST ? pause : PROBE_MOST);
  if (death->item_count == 0)
    end_death(server, death);
  else if (now - death->when > PROBE_END) {
    log_warning("process %ld (%s) ended %.0f s ago and %u of its leases are still held: left to "
                "the periodic look",
                (long)death->pid, death->program, (double)(now - death->when) / 1e9,
                death->item_count);
    end_death(server, death);
  }
}

/* Handles deaths in turn, and not too many together: the clients are served in between. */
void reaper_step(struct server *server, int64_t now) {
  struct death *death, *next;
  size_t items = 0;
  if (cds_list_empty(&server->deaths))
    return;
  server->next_files = now; /* it may have been making a queue */
  cds_list_for_each_entry_safe(death, next, &server->deaths, link) {
    if (death->next > now)
      continue;
    items += death->item_count;
    attend(server, death, now);
    if (items > DEATHS_MOST)
      return;
  }
}

int64_t reaper_next(const struct server *server) {
  int64_t soonest = INT64_MAX;
  const struct death *death;
  cds_list_for_each_entry(death, &server->deaths, link) if (death->next < soonest) soonest =
      death->next;
  return soonest;
}

void reaper_close(struct server *server) {
  struct death *death, *next;
  cds_list_for_each_entry_safe(death, next, &server->deaths, link) end_death(server, death);
}
