/* SPDX-License-Identifier: MIT */
/* check.c - makes and validates the first pages of both segments. See check.h.
 *
 * Keeps promise 5: whatever is read from shared memory is checked before use. */
#include "check.h"

#include <errno.h>
#include <string.h>

#include "frame.h"
#include "hash.h"

static uint64_t identity_sum(const struct rilli_identity *page) {
  const size_t from = sizeof page->magic;
  return rilli_hash((const char *)page + from, offsetof(struct rilli_identity, checksum) - from);
}

static uint64_t control_sum(const struct rilli_control *page) {
  const size_t from = sizeof page->magic;
  return rilli_hash((const char *)page + from, offsetof(struct rilli_control, checksum) - from);
}

static uint64_t round_up(uint64_t value, uint64_t to) {
  return (value + to - 1) & ~(to - 1);
}

void rilli_plan_identity(struct rilli_identity *ret, uint64_t capacity, uint64_t max_message,
                         uint32_t max_groups) {
  memset(ret, 0, sizeof *ret);
  ret->byte_order = RILLI_BYTE_ORDER;
  ret->format = RILLI_FORMAT;
  ret->producer_offset = RILLI_PAGE;
  ret->producer_size = RILLI_PAGE;
  ret->view_offset = ret->producer_offset + ret->producer_size;
  ret->view_stride = sizeof(struct rilli_view);
  ret->view_count = max_groups;
  ret->index_offset =
      ret->view_offset + round_up(max_groups * sizeof(struct rilli_view), RILLI_PAGE);
  ret->index_stride = sizeof(struct rilli_index);
  ret->index_count = RILLI_INDEX_COUNT;
  ret->bells = RILLI_BELLS;
  ret->ring_offset =
      round_up(ret->index_offset + RILLI_INDEX_COUNT * sizeof(struct rilli_index), RILLI_ALIGN);
  ret->capacity = capacity;
  ret->quantum = capacity / RILLI_QUANTA;
  ret->max_message = max_message;
  ret->max_groups = max_groups;
  ret->max_members = 1;
  ret->file_size = ret->ring_offset + capacity;
}

void rilli_plan_huge(struct rilli_identity *page) {
  page->ring_offset = round_up(page->ring_offset, RILLI_HUGE_PAGE);
  page->file_size = page->ring_offset + page->capacity;
}

int rilli_members_ok(uint32_t max_members, uint32_t max_claims) {
  return max_members != 0 && max_members <= RILLI_MAX_MEMBERS && max_claims <= RILLI_MAX_CLAIMS &&
         (max_members == 1 || max_members <= max_claims);
}

void rilli_plan_control(struct rilli_control *ret, uint32_t max_groups, uint32_t max_members,
                        uint32_t max_claims) {
  memset(ret, 0, sizeof *ret);
  ret->byte_order = RILLI_BYTE_ORDER;
  ret->format = RILLI_FORMAT;
  ret->hints_offset = RILLI_PAGE;
  ret->names_offset = ret->hints_offset + RILLI_PAGE;
  ret->group_offset =
      round_up(ret->names_offset + (uint64_t)max_groups * RILLI_GROUP_NAME_SIZE, RILLI_ALIGN);
  ret->slots_offset = RILLI_SLOTS_OFFSET;
  ret->slot_stride = RILLI_SLOT_STRIDE;
  ret->claims_offset =
      round_up(ret->slots_offset + (uint64_t)max_members * ret->slot_stride, RILLI_PAGE);
  ret->claim_stride = RILLI_CLAIM_STRIDE;
  ret->group_stride =
      round_up(ret->claims_offset + (uint64_t)max_claims * ret->claim_stride, RILLI_ALIGN);
  ret->max_groups = max_groups;
  ret->max_members = max_members;
  ret->max_claims = max_claims;
  ret->file_size = ret->group_offset + max_groups * ret->group_stride;
}

void rilli_seal_identity(struct rilli_identity *page) {
  page->checksum = identity_sum(page);
}

void rilli_seal_control(struct rilli_control *page) {
  page->checksum = control_sum(page);
}

static int wrong(int code, const char *why, const char **ret_why) {
  *ret_why = why;
  return -code;
}

/* What both first pages begin with. */
struct preamble {
  uint64_t magic, expected;
  uint32_t byte_order, format;
  uint64_t incompatible, read_only, stated_size, file_size;
  int sum_is_right;
};

static int check_preamble(const struct preamble *p, const char **ret_why) {
  /* E9, the magic first: pairs with write_data() and write_control() in create.c */
  if (p->magic == 0)
    return wrong(EINPROGRESS, "its creation was not finished", ret_why);
  if (p->magic == __builtin_bswap64(p->expected))
    return wrong(EPROTO, "it was made with the other byte order", ret_why);
  if (p->magic != p->expected)
    return wrong(EPROTO, "it is not a rill segment", ret_why);
  if (p->byte_order != RILLI_BYTE_ORDER)
    return wrong(EPROTO, "it was made with the other byte order", ret_why);
  if (p->format != RILLI_FORMAT)
    return wrong(EPROTONOSUPPORT, "it has another version of the segment format", ret_why);
  if (!p->sum_is_right)
    return wrong(EBADMSG, "its first page is damaged (checksum)", ret_why);
  if (p->incompatible != 0 || p->read_only != 0)
    return wrong(EPROTONOSUPPORT, "it uses features that this version does not know", ret_why);
  if (p->stated_size != p->file_size)
    return wrong(EBADMSG, "it is truncated or grown: its size is not the one that it states",
                 ret_why);
  return 0;
}

/* [offset, offset + count*stride) lies in [from, to) and is aligned. */
static int inside(uint64_t offset, uint64_t count, uint64_t stride, uint64_t from, uint64_t to,
                  uint64_t align) {
  if (offset % align != 0 || offset < from || offset > to)
    return 0;
  return count == 0 || stride <= (to - offset) / count;
}

static int power_of_two(uint64_t value) {
  return value != 0 && (value & (value - 1)) == 0;
}

/* An unknown choice or flag may be of a later version; any other value out of range is damage. */
#define OUT_OF_RANGE_BYTES EBADMSG
#define OUT_OF_RANGE_NS EBADMSG
#define OUT_OF_RANGE_COUNT EBADMSG
#define OUT_OF_RANGE_CHOICE EPROTONOSUPPORT
#define OUT_OF_RANGE_FLAGS EPROTONOSUPPORT

static int in_range(int64_t value, int64_t least, int64_t most) {
  return value >= least && value <= most;
}

static int check_settings(const struct rilli_identity *copy, const char **ret_why) {
#define RILL_SETTING(name, path, type, words, compare, least, most, ...)                           \
  if (!in_range((int64_t)copy->name, least, most))                                                 \
    return wrong(OUT_OF_RANGE_##type, "its attribute " #name " is out of range", ret_why);
#include "settings.def"
  return 0;
}

static int check_placement(const struct rilli_identity *copy, const char **ret_why) {
  if ((copy->numa != RILLI_NUMA_NODE && copy->numa_node != 0) || copy->huge_error >= 4096 ||
      ((copy->placement & RILLI_PLACE_HUGE) != 0 &&
       (copy->ring_offset | copy->capacity) % RILLI_HUGE_PAGE != 0))
    return wrong(EBADMSG, "its placement is invalid", ret_why);
  return 0;
}

int rilli_check_identity(const struct rilli_identity *copy, uint64_t file_size,
                         struct rilli_geometry *ret, const char **ret_why) {
  if (file_size < RILLI_PAGE)
    return wrong(EBADMSG, "it is truncated: shorter than its first page", ret_why);
  const struct preamble preamble = {.magic = copy->magic,
                                    .expected = RILLI_DATA_MAGIC,
                                    .byte_order = copy->byte_order,
                                    .format = copy->format,
                                    .incompatible = copy->incompatible,
                                    .read_only = copy->read_only,
                                    .stated_size = copy->file_size,
                                    .file_size = file_size,
                                    .sum_is_right = copy->checksum == identity_sum(copy)};
  const int bad = check_preamble(&preamble, ret_why);
  if (bad)
    return bad;

  const uint64_t capacity = copy->capacity;
  if (copy->max_message > RILLI_MESSAGE_MOST)
    return wrong(EBADMSG, "its max_message is more than a frame carries, 4294966896 bytes",
                 ret_why);
  const int strange = check_settings(copy, ret_why);
  if (strange)
    return strange;
  if (!power_of_two(capacity) || copy->quantum != capacity / RILLI_QUANTA)
    return wrong(EBADMSG, "its capacity is invalid", ret_why);
  if (copy->max_message > rilli_most_message(capacity))
    return wrong(EBADMSG, "its max_message does not fit half its capacity", ret_why);
  if (copy->view_count != copy->max_groups || copy->view_stride != sizeof(struct rilli_view) ||
      copy->index_count != RILLI_INDEX_COUNT || copy->index_stride != sizeof(struct rilli_index) ||
      copy->bells != RILLI_BELLS || copy->producer_size < sizeof(struct rilli_producer_page) ||
      !rilli_members_ok(copy->max_members, copy->max_claims))
    return wrong(EBADMSG, "its counts are invalid", ret_why);
  const uint64_t ring = copy->ring_offset;
  if (ring > file_size || file_size - ring != capacity || ring % RILLI_ALIGN != 0 ||
      !inside(copy->producer_offset, 1, copy->producer_size, RILLI_PAGE, ring, RILLI_PAGE) ||
      !inside(copy->view_offset, copy->view_count, copy->view_stride, RILLI_PAGE, ring,
              RILLI_PAGE) ||
      !inside(copy->index_offset, copy->index_count, copy->index_stride, RILLI_PAGE, ring,
              RILLI_PAGE))
    return wrong(EBADMSG, "its offsets are invalid", ret_why);
  if (copy->base_position % RILLI_FRAME_ALIGN != 0 || copy->name[RILLI_NAME_SIZE - 1] != 0 ||
      (copy->overflow && copy->evict_after))
    return wrong(EBADMSG, "its attributes are invalid", ret_why);
  const int misplaced = check_placement(copy, ret_why);
  if (misplaced)
    return misplaced;

  memset(ret, 0, sizeof *ret); /* padding too, since geometries are compared as bytes */
  memcpy(ret->uuid, copy->uuid, sizeof ret->uuid);
  ret->file_size = file_size;
  ret->producer_offset = copy->producer_offset;
  ret->view_offset = copy->view_offset;
  ret->index_offset = copy->index_offset;
  ret->ring_offset = ring;
  ret->quantum = copy->quantum;
  ret->base_position = copy->base_position;
  ret->base_sequence = copy->base_sequence;
  ret->huge_error = copy->huge_error;
  ret->created = copy->created;
  memcpy(ret->name, copy->name, sizeof ret->name);
#define RILL_SETTING(name, ...) ret->name = copy->name;
#include "settings.def"
  return 0;
}

int rilli_check_control(const struct rilli_control *copy, uint64_t file_size,
                        struct rilli_control_geometry *ret, const char **ret_why) {
  if (file_size < RILLI_PAGE)
    return wrong(EBADMSG, "it is truncated: shorter than its first page", ret_why);
  const struct preamble preamble = {.magic = copy->magic,
                                    .expected = RILLI_CONTROL_MAGIC,
                                    .byte_order = copy->byte_order,
                                    .format = copy->format,
                                    .incompatible = copy->incompatible,
                                    .read_only = copy->read_only,
                                    .stated_size = copy->file_size,
                                    .file_size = file_size,
                                    .sum_is_right = copy->checksum == control_sum(copy)};
  const int bad = check_preamble(&preamble, ret_why);
  if (bad)
    return bad;

  const uint64_t stride = copy->group_stride;
  if (copy->max_groups == 0 || copy->max_groups > RILLI_MAX_GROUPS ||
      !rilli_members_ok(copy->max_members, copy->max_claims) ||
      copy->slot_stride < sizeof(struct rilli_slot) || copy->slot_stride % RILLI_LINE != 0 ||
      copy->claim_stride != RILLI_CLAIM_STRIDE || stride % RILLI_ALIGN != 0 || stride == 0 ||
      stride > (UINT64_C(1) << 30))
    return wrong(EBADMSG, "its counts are invalid", ret_why);
  if (!inside(copy->hints_offset, 1, RILLI_PAGE, RILLI_PAGE, file_size, RILLI_PAGE) ||
      !inside(copy->names_offset, copy->max_groups, RILLI_GROUP_NAME_SIZE,
              copy->hints_offset + RILLI_PAGE, file_size, RILLI_PAGE) ||
      !inside(copy->group_offset, copy->max_groups, stride,
              copy->names_offset + (uint64_t)copy->max_groups * RILLI_GROUP_NAME_SIZE, file_size,
              RILLI_ALIGN) ||
      !inside(copy->slots_offset, copy->max_members, copy->slot_stride, sizeof(struct rilli_group),
              stride, RILLI_LINE) ||
      copy->slots_offset + copy->slot_stride > RILLI_PAGE ||
      !inside(copy->claims_offset, copy->max_claims, copy->claim_stride,
              copy->slots_offset + (uint64_t)copy->max_members * copy->slot_stride, stride,
              RILLI_PAGE))
    return wrong(EBADMSG, "its offsets are invalid", ret_why);

  memcpy(ret->uuid, copy->uuid, sizeof ret->uuid);
  ret->file_size = file_size;
  ret->hints_offset = copy->hints_offset;
  ret->names_offset = copy->names_offset;
  ret->group_offset = copy->group_offset;
  ret->group_stride = stride;
  ret->slots_offset = copy->slots_offset;
  ret->slot_stride = copy->slot_stride;
  ret->max_groups = copy->max_groups;
  ret->max_members = copy->max_members;
  ret->max_claims = copy->max_claims;
  return 0;
}

int rilli_is_damage(int code) {
  return code == -EPROTO || code == -EBADMSG || code == -EINPROGRESS || code == -EPROTONOSUPPORT;
}
