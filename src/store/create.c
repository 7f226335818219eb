/* SPDX-License-Identifier: MIT */
/* create.c - making a queue: both segments under random names, then data is named, then
 * control, which is the commit point. A creator that dies in between leaves files whose
 * creation lock is free; gc removes them. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "clock.h"
#include "create.h"
#include "error.h"
#include "lease.h"
#include "nodes.h"
#include "placement.h"
#include "ring.h"
#include "settings.h"

/* Checks of complete attributes that depend on more than one of them. */
static int check_sizes(const struct rill_queue_attr *attr) {
  if (attr->max_message > RILLI_MESSAGE_MOST)
    return rilli_fail(EINVAL,
                      "max_message of %llu bytes is more than a message can have: at most %llu in "
                      "any queue",
                      (unsigned long long)attr->max_message,
                      (unsigned long long)RILLI_MESSAGE_MOST);
  const uint64_t most = rilli_most_message(attr->capacity);
  if (attr->max_message > most)
    return rilli_fail(EINVAL,
                      "max_message of %llu bytes does not fit: with a capacity of %llu it is at "
                      "most %llu",
                      (unsigned long long)attr->max_message, (unsigned long long)attr->capacity,
                      (unsigned long long)most);
  if (attr->group_count > attr->max_groups)
    return rilli_fail(EINVAL, "%zu groups are declared, but max_groups is %u", attr->group_count,
                      attr->max_groups);
  if (!rilli_members_ok(attr->max_members, attr->max_claims))
    return rilli_fail(EINVAL,
                      "max_members is %u and max_claims %u: at most %u members and %u claims, and "
                      "with more than one member at least one claim for each",
                      attr->max_members, attr->max_claims, RILLI_MAX_MEMBERS, RILLI_MAX_CLAIMS);
  if (attr->mode & ~0774u)
    return rilli_fail(EINVAL,
                      "mode %04o has invalid bits, or lets others do more than look: r (look), w "
                      "(publish), x (take) for owner and group, r for others, such as 0754",
                      attr->mode);
  if ((attr->placement & RILL_HUGE) && attr->capacity < RILLI_HUGE_PAGE)
    return rilli_fail(EINVAL,
                      "a capacity of %llu bytes is too small for huge pages: at least %llu, or no "
                      "RILL_HUGE",
                      (unsigned long long)attr->capacity, (unsigned long long)RILLI_HUGE_PAGE);
  return rilli_nodes_check(attr->numa, attr->numa_node);
}

_Static_assert(RILL_NUMA_LOCAL == RILLI_NUMA_LOCAL && RILL_NUMA_NODE == RILLI_NUMA_NODE &&
                   RILL_NUMA_INTERLEAVE == RILLI_NUMA_INTERLEAVE &&
                   RILLI_NODES == RILLI_NUMA_NODES && RILL_NO_PREFAULT == RILLI_PLACE_NO_PREFAULT &&
                   RILL_MLOCK == RILLI_PLACE_LOCK && RILL_HUGE == RILLI_PLACE_HUGE &&
                   RILL_DUMP == RILLI_PLACE_DUMP,
               "the format's numbers are the interface's");

static int plan(const char *name, const struct rill_queue_attr *attr,
                struct rilli_identity *identity, struct rilli_control *control) {
  struct rill_queue_attr all = *attr;
  rilli_settings_complete(&all);
  int code = check_sizes(&all);
  if (code)
    return code;
  rilli_plan_identity(identity, all.capacity, all.max_message, all.max_groups);
  if (all.placement & RILL_HUGE)
    rilli_plan_huge(identity);
  rilli_settings_plan(&all, identity);
  rilli_plan_control(control, all.max_groups, all.max_members, all.max_claims);
  code = rilli_random(identity->uuid);
  if (code)
    return code;
  memcpy(control->uuid, identity->uuid, sizeof control->uuid);
  identity->created = rilli_wall_clock();
  (void)snprintf(identity->name, sizeof identity->name, "%s", name);
  rilli_seal_control(control);
  return 0;
}

/* Writes all of the data segment except the ring, which is zero. PROTOCOL M3 */
static int write_data(int fd, const struct rilli_identity *identity) {
  struct rilli_mapping map;
  const int code = rilli_lease_map(fd, 0, identity->ring_offset, 1, &map);
  if (code)
    return code;
  struct rilli_identity *page = (void *)map.base;
  memcpy((char *)page + sizeof page->magic, (const char *)identity + sizeof page->magic,
         sizeof *page - sizeof page->magic);
  struct rilli_producer_page *producer = (void *)(map.base + identity->producer_offset);
  atomic_init(&producer->limit, identity->base_position);
  atomic_init(&producer->waiting, RILLI_NONE);
  struct rilli_view *seen = (void *)(map.base + identity->view_offset);
  for (uint32_t i = 0; i < identity->max_groups; i++)
    atomic_init(&seen[i].gate, RILLI_NONE);
  struct rilli_index *index = (void *)(map.base + identity->index_offset);
  atomic_init(&index->position, identity->base_position);
  atomic_init(&index->sequence, identity->base_sequence);
  atomic_init(&index->time, rilli_now());
  atomic_init(&producer->index_head, 1);
  /* E9, release: pairs with check_preamble() in check.c. The magic comes last. */
  atomic_store_explicit(&page->magic, RILLI_DATA_MAGIC, memory_order_release);
  rilli_unmap(&map);
  return 0;
}

/* Reserves memory for the data segment, from the requested nodes, and in huge pages if the
 * kernel has them. */
static int reserve_data(int fd, struct rilli_identity *identity) {
  struct rilli_mapping map = {NULL, 0};
  int code = 0;
  if (identity->numa != RILLI_NUMA_NONE) {
    code = rilli_lease_map(fd, 0, identity->file_size, 1, &map);
    if (code == 0) {
      code = rilli_nodes_bind(map.base, map.size, identity->numa, identity->numa_node);
      rilli_unmap(&map);
    }
  }
  if (code == 0)
    code = rilli_segment_reserve(fd, 0, identity->file_size);
  if (code || !(identity->placement & RILLI_PLACE_HUGE))
    return code;
  rilli_hold_forks();
  code = rilli_map_ring(fd, identity->ring_offset, identity->capacity, 1, &map);
  if (code == 0)
    code = rilli_keep_from_children(&map);
  rilli_let_forks();
  if (code) {
    rilli_unmap(&map);
    return code;
  }
  const struct rilli_mapping once = {map.base, identity->file_size};
  identity->huge_error = (uint32_t)rilli_collapse(&once);
  rilli_unmap(&map);
  return 0;
}

/* Reserves the rows of declared groups. The first process that takes one of the other rows
 * reserves its memory (row.c). */
static int reserve_control(int fd, const struct rilli_control *control, size_t declared) {
  int code =
      rilli_segment_reserve(fd, 0, rilli_fixed_bytes(control->names_offset, control->max_groups));
  for (uint32_t i = 0; code == 0 && i < declared; i++)
    code = rilli_segment_reserve(fd, control->group_offset + i * control->group_stride, RILLI_PAGE);
  return code;
}

/* PROTOCOL M4 */
static int write_control(int fd, const struct rilli_control *control,
                         const struct rilli_identity *identity,
                         const struct rill_queue_attr *attr) {
  struct rilli_mapping map;
  const int code = rilli_lease_map(fd, 0, control->file_size, 1, &map);
  if (code)
    return code;
  const struct rilli_place start = {identity->base_position, identity->base_sequence, 0};
  for (uint32_t i = 0; i < attr->group_count; i++) {
    memcpy(map.base + control->names_offset + (size_t)i * RILLI_GROUP_NAME_SIZE, attr->groups[i],
           strlen(attr->groups[i]));
    rilli_declare((void *)(map.base + control->group_offset + i * control->group_stride), &start);
    rilli_row_exists(rilli_rows_at(map.base), i);
  }
  struct rilli_control *page = (void *)map.base;
  memcpy((char *)page + sizeof page->magic, (const char *)control + sizeof page->magic,
         offsetof(struct rilli_control, tombstone) - sizeof page->magic);
  /* E9, release: pairs with check_preamble() in check.c. The magic comes last. */
  atomic_store_explicit(&page->magic, RILLI_CONTROL_MAGIC, memory_order_release);
  rilli_unmap(&map);
  return 0;
}

/* The three rights as permission bits of the two files. A user with any of them may read the
 * data; a user who publishes may write it; a user who publishes or takes may read and write the
 * control segment. */
static uint32_t data_mode(uint32_t mode) {
  const uint32_t take_as_look = (mode & 0111) << 2;
  return (mode & 0666) | take_as_look | (mode & 0222) << 1;
}

static uint32_t control_mode(uint32_t mode) {
  const uint32_t either = (mode & 0111) | (mode & 0222) >> 1;
  return either << 2 | either << 1;
}

/* A forked child must not inherit the creation lock. */
static int make_one(int dir, uint64_t size, const struct rilli_access *access, char *ret_name,
                    struct rilli_file *ret) {
  rilli_hold_forks();
  int code = rilli_segment_make(dir, RILLI_UNFINISHED, size, access, ret_name, ret);
  if (code == 0)
    code = rilli_lease_note(ret->fd);
  rilli_let_forks();
  return code;
}

/* PROTOCOL M2 */
static int make_both(int dir, const struct rill_queue_attr *attr, struct rilli_identity *identity,
                     const struct rilli_control *control, struct rilli_making *making,
                     struct rilli_pair *pair) {
  const uint32_t mode = attr->mode ? attr->mode : 0700;
  const struct rilli_access for_data = {data_mode(mode), attr->owner, attr->group};
  const struct rilli_access for_control = {control_mode(mode), attr->owner, attr->group};
  int code = make_one(dir, identity->file_size, &for_data, making->data, &pair->data);
  if (code == 0)
    code = make_one(dir, control->file_size, &for_control, making->control, &pair->control);
  if (code == 0)
    code = reserve_data(pair->data.fd, identity);
  if (code == 0)
    code = reserve_control(pair->control.fd, control, attr->group_count);
  rilli_seal_identity(identity);
  if (code == 0)
    code = write_data(pair->data.fd, identity);
  if (code == 0)
    code = write_control(pair->control.fd, control, identity, attr);
  return code;
}

/* If a file is gone, a gc removed it just before it was locked: -EAGAIN. */
static int not_named(int code, const char *which) {
  return rilli_fail(code == -ENOENT ? EAGAIN : -code, "cannot name its %s segment: %s", which,
                    rilli_words(-code));
}

/* Attaches before the queue has its name, so that no process finds it idle. PROTOCOL M5 to M7 */
int rilli_pair_name(int dir, struct rilli_making *making, const struct rilli_pair *pair) {
  int code = rilli_lock_try(pair->control.fd, RILLI_LEASE_ATTACH, 1, 0);
  if (code == 0)
    code = rilli_segment_name(dir, making->data, pair->data_name);
  if (code)
    return not_named(code, "data");
  making->data[0] = 0;
  code = rilli_segment_name(dir, making->control, pair->control_name);
  if (code) {
    (void)unlinkat(dir, pair->data_name, 0);
    return not_named(code, "control");
  }
  making->control[0] = 0;
  (void)rilli_lock_drop(pair->control.fd, RILLI_LOCK_CREATE, 1);
  (void)rilli_lock_drop(pair->data.fd, RILLI_LOCK_CREATE, 1);
  return 0;
}

void rilli_pair_abandon(int dir, const struct rilli_making *making, struct rilli_pair *pair) {
  if (making->data[0])
    (void)unlinkat(dir, making->data, 0);
  if (making->control[0])
    (void)unlinkat(dir, making->control, 0);
  rilli_pair_close(pair);
}

int rilli_pair_make(int dir, const char *name, const struct rill_queue_attr *attr,
                    struct rilli_making *ret_making, struct rilli_pair *ret) {
  struct rilli_identity identity;
  struct rilli_control control;
  uint32_t tombstone;
  ret_making->data[0] = ret_making->control[0] = 0;
  rilli_pair_init(ret);
  int code = plan(name, attr, &identity, &control);
  if (code)
    return code;
  rilli_name_files(name, identity.uuid, ret->control_name, ret->data_name);
  code = make_both(dir, attr, &identity, &control, ret_making, ret);
  if (code == 0)
    code = rilli_control_check(&ret->control, &ret->control_geometry, &tombstone);
  if (code == 0)
    code = rilli_data_check(&ret->data, &ret->geometry);
  if (code)
    rilli_pair_abandon(dir, ret_making, ret);
  return code;
}
