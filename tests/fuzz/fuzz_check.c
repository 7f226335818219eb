/* SPDX-License-Identifier: MIT */
/* fuzz_check.c - the checks of the two first pages (shm/check.c), on memory that ends where the
 * page's struct does: the parts of a page that passes are inside its file, without overlap. */
#include <stdlib.h>

#include "check.h"
#include "input.h"
#include "support.h"

#include <errno.h>

uint64_t take_odd(struct input *input) {
  static const uint64_t values[] = {0,          16,         128,        4096,       8192,
                                    61440,      65536,      131072,     1ull << 30, 1ull << 32,
                                    1ull << 40, 1ull << 63, UINT64_MAX, 0 - 4096ull};
  const uint8_t which = take_byte(input);
  const size_t count = sizeof values / sizeof values[0];
  if (which >= 4 * count)
    return take(input, 8);
  return values[which % count] + (which / count == 1) * 16 - (which / count == 2);
}

/* [offset, offset + size) lies in [from, to). */
static void check_inside(uint64_t offset, uint64_t size, uint64_t from, uint64_t to) {
  CHECK(offset >= from && offset <= to && size <= to - offset);
}

static void check_geometry(const struct rilli_geometry *has, uint64_t size) {
  CHECK(has->file_size == size && has->capacity && !(has->capacity & (has->capacity - 1)));
  check_inside(has->ring_offset, has->capacity, RILLI_PAGE, size);
  check_inside(has->producer_offset, sizeof(struct rilli_producer_page), RILLI_PAGE,
               has->ring_offset);
  check_inside(has->view_offset, has->max_groups * sizeof(struct rilli_view), RILLI_PAGE,
               has->ring_offset);
  check_inside(has->index_offset, RILLI_INDEX_COUNT * sizeof(struct rilli_index), RILLI_PAGE,
               has->ring_offset);
  CHECK((has->producer_offset | has->view_offset | has->index_offset) % RILLI_PAGE == 0);
  CHECK(has->ring_offset % RILLI_ALIGN == 0 && has->max_message < has->capacity / 2 &&
        has->max_message < UINT32_MAX);
  CHECK(memchr(has->name, 0, sizeof has->name) != NULL);
}

static void check_control_geometry(const struct rilli_control_geometry *has, uint64_t size) {
  check_inside(has->hints_offset, sizeof(struct rilli_hints), RILLI_PAGE, size);
  CHECK(has->group_stride && has->max_groups && has->max_groups <= RILLI_MAX_GROUPS);
  CHECK(has->group_offset <= size &&
        (size - has->group_offset) / has->group_stride >= has->max_groups);
  CHECK(has->names_offset >= has->hints_offset + RILLI_PAGE);
  CHECK(has->group_offset >= has->names_offset + (uint64_t)has->max_groups * RILLI_GROUP_NAME_SIZE);
  check_inside(has->slots_offset, has->max_members * has->slot_stride, sizeof(struct rilli_group),
               has->group_stride);
  CHECK(has->slots_offset + has->slot_stride <= RILLI_PAGE);
  CHECK(has->max_members && has->max_members <= RILLI_MAX_MEMBERS);
  CHECK(has->max_claims <= RILLI_MAX_CLAIMS);
  CHECK((has->hints_offset | has->group_offset | has->group_stride) % RILLI_PAGE == 0);
}

static void change(void *page, size_t size, struct input *input) {
  while (input->left > 1) {
    const uint8_t where = take_byte(input), width = where & 1u ? 4 : 8;
    const size_t at = (size_t)(where >> 1 | take(input, 1) << 7) * 4 % (size - 8);
    const uint64_t value = take_odd(input);
    memcpy((uint8_t *)page + at, &value, width);
  }
}

static void check_identity(struct rilli_identity *page, uint64_t size) {
  struct rilli_geometry geometry;
  const char *why = NULL;
  const int code = rilli_check_identity(page, size, &geometry, &why);
  CODES("rilli_check_identity", code, EINPROGRESS, EPROTO, EPROTONOSUPPORT, EBADMSG);
  if (code)
    CHECK(why && *why);
  else
    check_geometry(&geometry, size);
}

static void check_control(struct rilli_control *page, uint64_t size) {
  struct rilli_control_geometry geometry;
  const char *why = NULL;
  const int code = rilli_check_control(page, size, &geometry, &why);
  CODES("rilli_check_control", code, EINPROGRESS, EPROTO, EPROTONOSUPPORT, EBADMSG);
  if (code)
    CHECK(why && *why);
  else
    check_control_geometry(&geometry, size);
}

static void try_identity(unsigned how, struct input *input) {
  struct rilli_identity *page = malloc(sizeof *page);
  CHECK(page);
  rilli_plan_identity(page, UINT64_C(65536) << (how >> 2 & 7), 8192, 1 + (how >> 5));
  atomic_store(&page->magic, RILLI_DATA_MAGIC);
  const uint64_t planned = page->file_size;
  change(page, sizeof *page, input);
  if (how & 2u)
    rilli_seal_identity(page);
  check_identity(page, planned);
  check_identity(page, page->file_size);
  free(page);
}

static void try_control(unsigned how, struct input *input) {
  struct rilli_control *page = malloc(sizeof *page);
  CHECK(page);
  rilli_plan_control(page, 1 + (how >> 5), 1 + (how >> 3 & 3u), how & 24u ? 3u + how : 0);
  atomic_store(&page->magic, RILLI_CONTROL_MAGIC);
  const uint64_t planned = page->file_size;
  change(page, sizeof *page, input);
  if (how & 2u)
    rilli_seal_control(page);
  check_control(page, planned);
  check_control(page, page->file_size);
  free(page);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size) {
  struct input input = {bytes, size};
  const uint8_t how = take_byte(&input);
  if (how & 1u)
    try_identity(how, &input);
  else
    try_control(how, &input);
  return 0;
}
