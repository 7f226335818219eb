/* SPDX-License-Identifier: MIT */
/* check.h - validation of bytes that another process could have written.
 *
 * Pure functions: they get a private copy, touch no shared memory and make no system
 * call, so that they can be fuzzed. Addresses may be computed from what they accept. */
#ifndef RILLI_CHECK_H
#define RILLI_CHECK_H

#include "layout.h"

/* Fields of the types in settings.def. */
#define RILLI_TYPE_BYTES uint64_t
#define RILLI_TYPE_NS int64_t
#define RILLI_TYPE_COUNT uint32_t
#define RILLI_TYPE_CHOICE uint32_t
#define RILLI_TYPE_FLAGS uint32_t

/* Where things lie in the data segment, and the attributes of the queue; all of it checked. */
struct rilli_geometry {
  uint8_t uuid[16];
  uint64_t file_size, producer_offset, view_offset, index_offset, ring_offset;
  uint64_t quantum, base_position, base_sequence;
  uint32_t huge_error;
  int64_t created;
  char name[RILLI_NAME_SIZE];
#define RILL_SETTING(name, path, type, ...) RILLI_TYPE_##type name;
#include "settings.def"
};

/* The same for the control segment. */
struct rilli_control_geometry {
  uint8_t uuid[16];
  uint64_t file_size, hints_offset, names_offset, group_offset, group_stride;
  uint64_t slots_offset, slot_stride;
  uint32_t max_groups, max_members, max_claims;
};

/* A valid geometry for a new queue. capacity is a power of two, and all arguments are in range. */
void rilli_plan_identity(struct rilli_identity *ret, uint64_t capacity, uint64_t max_message,
                         uint32_t max_groups);
/* Aligns the ring of a planned page to huge pages; its capacity is at least one huge page. */
void rilli_plan_huge(struct rilli_identity *page);
void rilli_plan_control(struct rilli_control *ret, uint32_t max_groups, uint32_t max_members,
                        uint32_t max_claims);
/* May a group have that many members and claims? Members of one group take messages by claims, so
 * if there are several, each needs at least one claim; a single member may have none. */
int rilli_members_ok(uint32_t max_members, uint32_t max_claims);

/* Seals a planned page: sets its checksum, not its magic (which is stored last, in shared memory).
 */
void rilli_seal_identity(struct rilli_identity *page);
void rilli_seal_control(struct rilli_control *page);

/* Checks a private copy of the first page against the file's real size.
 * Returns 0, or -EINPROGRESS (unfinished), -EPROTO (not a Rill segment, other byte order),
 * -EPROTONOSUPPORT (other version or unknown features), -EBADMSG (truncated, damaged);
 * then *ret_why says in words what is wrong. */
int rilli_check_identity(const struct rilli_identity *copy, uint64_t file_size,
                         struct rilli_geometry *ret, const char **ret_why);
int rilli_check_control(const struct rilli_control *copy, uint64_t file_size,
                        struct rilli_control_geometry *ret, const char **ret_why);
/* Does this code of the two checks say that the bytes are damaged? An error of reading them is not
 * damage. */
int rilli_is_damage(int code);

#endif
