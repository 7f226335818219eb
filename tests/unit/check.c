/* SPDX-License-Identifier: MIT */
/* check.c (tests) - what rilli_check_identity and rilli_check_control accept: every class of
 * error, every byte damaged, and random forgeries with a correct checksum. */
#include "unit.h"

#include "check.h"

static const char *why;

static void good_identity(struct rilli_identity *page) {
  rilli_plan_identity(page, RILLI_MIN_CAPACITY, 4096, 4);
  memcpy(page->name, "orders", 7);
  rilli_seal_identity(page);
  atomic_store(&page->magic, RILLI_DATA_MAGIC);
}

static void good_control(struct rilli_control *page) {
  rilli_plan_control(page, 4, 1, 0);
  rilli_seal_control(page);
  atomic_store(&page->magic, RILLI_CONTROL_MAGIC);
}

static int check_identity(const struct rilli_identity *page, uint64_t size) {
  struct rilli_geometry geometry;
  why = NULL;
  return rilli_check_identity(page, size, &geometry, &why);
}

static int seal_and_check(struct rilli_identity *page) {
  rilli_seal_identity(page);
  return check_identity(page, page->file_size);
}

static void attributes_are_checked(void **state) {
  (void)state;
  struct rilli_identity page;
  good_identity(&page);
  page.overflow = RILL_OVERWRITE + 1; /* words of another version, as below */
  assert_code(seal_and_check(&page), -EPROTONOSUPPORT);
  page.overflow = RILL_OVERWRITE;
  page.lifetime = RILL_KEPT + 1;
  assert_code(seal_and_check(&page), -EPROTONOSUPPORT);
  page.lifetime = RILL_KEPT;
  page.placement = RILLI_PLACE_KNOWN + 1;
  assert_code(seal_and_check(&page), -EPROTONOSUPPORT);
  page.placement = RILLI_PLACE_KNOWN & ~RILLI_PLACE_HUGE;
  assert_code(seal_and_check(&page), 0);
  page.numa = RILLI_NUMA_NODE + 1;
  assert_code(seal_and_check(&page), -EPROTONOSUPPORT);
  page.numa = RILLI_NUMA_NODE;
  page.numa_node = RILLI_NUMA_NODES - 1;
  assert_code(seal_and_check(&page), 0);
  page.numa_node = RILLI_NUMA_NODES;
  assert_code(seal_and_check(&page), -EBADMSG);
  page.numa = RILLI_NUMA_LOCAL;
  page.numa_node = 1;
  assert_code(seal_and_check(&page), -EBADMSG);
  page.numa_node = 0;
  page.huge_error = 4096;
  assert_code(seal_and_check(&page), -EBADMSG);
  page.huge_error = 0;
  page.placement = RILLI_PLACE_HUGE; /* in a ring that huge pages do not fit */
  assert_code(seal_and_check(&page), -EBADMSG);
  rilli_plan_identity(&page, RILLI_HUGE_PAGE, 4096, 1024);
  rilli_plan_huge(&page);
  page.placement = RILLI_PLACE_HUGE;
  atomic_store(&page.magic, RILLI_DATA_MAGIC);
  assert_true(page.ring_offset == RILLI_HUGE_PAGE);
  assert_code(seal_and_check(&page), 0);
}

static int check_control(const struct rilli_control *page, uint64_t size) {
  struct rilli_control_geometry geometry;
  why = NULL;
  return rilli_check_control(page, size, &geometry, &why);
}

/* From a page that passes, addresses can be computed safely. */
static int identity_is_inside(const struct rilli_geometry *g, uint64_t size) {
  const uint64_t ring = g->ring_offset;
  if (g->capacity < RILLI_MIN_CAPACITY || (g->capacity & (g->capacity - 1)) != 0)
    return 0;
  if (size < g->capacity || ring != size - g->capacity || ring % RILLI_ALIGN != 0)
    return 0;
  if (g->max_groups == 0 || g->max_groups > RILLI_MAX_GROUPS)
    return 0;
  const uint64_t parts[3][2] = {{g->producer_offset, sizeof(struct rilli_producer_page)},
                                {g->view_offset, g->max_groups * sizeof(struct rilli_view)},
                                {g->index_offset, RILLI_INDEX_COUNT * sizeof(struct rilli_index)}};
  for (int i = 0; i < 3; i++)
    if (parts[i][0] < RILLI_PAGE || parts[i][0] % RILLI_PAGE != 0 || parts[i][0] > ring ||
        parts[i][1] > ring - parts[i][0])
      return 0;
  return g->quantum == g->capacity / RILLI_QUANTA && g->max_message <= g->capacity / 2 - 400 &&
         g->max_message < UINT32_MAX && g->base_position % RILLI_FRAME_ALIGN == 0 &&
         g->overflow <= 1 && g->lifetime <= 1 && g->name[RILLI_NAME_SIZE - 1] == 0 &&
         g->file_size == size;
}

static int control_is_inside(const struct rilli_control_geometry *g, uint64_t size) {
  if (g->max_groups == 0 || g->max_groups > RILLI_MAX_GROUPS || g->file_size != size)
    return 0;
  if (g->hints_offset < RILLI_PAGE || g->hints_offset > size || size - g->hints_offset < RILLI_PAGE)
    return 0;
  if (g->names_offset < g->hints_offset + RILLI_PAGE || g->names_offset > size ||
      g->group_offset < g->names_offset + (uint64_t)g->max_groups * RILLI_GROUP_NAME_SIZE ||
      g->group_offset > size || g->group_stride == 0 ||
      (size - g->group_offset) / g->group_stride < g->max_groups)
    return 0;
  if (g->group_offset % RILLI_ALIGN != 0 || g->group_stride % RILLI_ALIGN != 0)
    return 0;
  return g->slots_offset >= sizeof(struct rilli_group) && g->slots_offset < g->group_stride &&
         g->slot_stride >= sizeof(struct rilli_slot) && g->max_members > 0 &&
         g->slots_offset + g->slot_stride <= RILLI_PAGE &&
         (g->group_stride - g->slots_offset) / g->slot_stride >= g->max_members &&
         g->slots_offset % RILLI_LINE == 0 && g->slot_stride % RILLI_LINE == 0;
}

static void every_sound_plan_passes(void **state) {
  (void)state;
  for (uint64_t capacity = RILLI_MIN_CAPACITY; capacity <= RILLI_MAX_CAPACITY; capacity *= 2)
    for (uint32_t groups = 1; groups <= RILLI_MAX_GROUPS; groups = groups * 3 + 1) {
      struct rilli_identity identity;
      struct rilli_control control;
      struct rilli_geometry geometry;
      struct rilli_control_geometry control_geometry;
      const uint64_t half = capacity / 2 - 400, carried = (UINT64_C(1) << 32) - 400;
      rilli_plan_identity(&identity, capacity, half < carried ? half : carried, groups);
      rilli_seal_identity(&identity);
      atomic_store(&identity.magic, RILLI_DATA_MAGIC);
      assert_code(rilli_check_identity(&identity, identity.file_size, &geometry, &why), 0);
      assert_true(identity_is_inside(&geometry, identity.file_size));
      rilli_plan_control(&control, groups, 1, 0);
      rilli_seal_control(&control);
      atomic_store(&control.magic, RILLI_CONTROL_MAGIC);
      assert_code(rilli_check_control(&control, control.file_size, &control_geometry, &why), 0);
      assert_true(control_is_inside(&control_geometry, control.file_size));
    }
}

static void absent_foreign_other_version_and_damage_are_different_errors(void **state) {
  (void)state;
  struct rilli_identity page;
  good_identity(&page);
  const uint64_t size = page.file_size;
  assert_code(check_identity(&page, 0), -EBADMSG);
  assert_code(check_identity(&page, RILLI_PAGE - 1), -EBADMSG);
  assert_code(check_identity(&page, size - 1), -EBADMSG);
  assert_code(check_identity(&page, size + 1), -EBADMSG);
  atomic_store(&page.magic, 0);
  assert_code(check_identity(&page, size), -EINPROGRESS);
  atomic_store(&page.magic, __builtin_bswap64(RILLI_DATA_MAGIC));
  assert_code(check_identity(&page, size), -EPROTO);
  assert_non_null(strstr(why, "byte order"));
  atomic_store(&page.magic, RILLI_CONTROL_MAGIC);
  assert_code(check_identity(&page, size), -EPROTO);
  atomic_store(&page.magic, RILLI_DATA_MAGIC);
  page.byte_order = __builtin_bswap32(RILLI_BYTE_ORDER);
  assert_code(check_identity(&page, size), -EPROTO);
  good_identity(&page);
  page.format = RILLI_FORMAT + 1; /* its checksum may be computed in another way */
  assert_code(check_identity(&page, size), -EPROTONOSUPPORT);
  good_identity(&page);
  page.incompatible = 1;
  rilli_seal_identity(&page);
  assert_code(check_identity(&page, size), -EPROTONOSUPPORT);
  good_identity(&page);
  page.read_only = 1;
  rilli_seal_identity(&page);
  assert_code(check_identity(&page, size), -EPROTONOSUPPORT);
  good_identity(&page);
  page.compatible = UINT64_MAX; /* may be ignored */
  rilli_seal_identity(&page);
  assert_code(check_identity(&page, size), 0);
}

static void the_control_page_has_the_same_classes_of_errors(void **state) {
  (void)state;
  struct rilli_control page;
  good_control(&page);
  const uint64_t size = page.file_size;
  assert_code(check_control(&page, size), 0);
  assert_code(check_control(&page, 0), -EBADMSG);
  assert_code(check_control(&page, size + 1), -EBADMSG);
  atomic_store(&page.magic, 0);
  assert_code(check_control(&page, size), -EINPROGRESS);
  atomic_store(&page.magic, __builtin_bswap64(RILLI_CONTROL_MAGIC));
  assert_code(check_control(&page, size), -EPROTO);
  atomic_store(&page.magic, RILLI_DATA_MAGIC);
  assert_code(check_control(&page, size), -EPROTO);
  good_control(&page);
  page.byte_order = __builtin_bswap32(RILLI_BYTE_ORDER);
  assert_code(check_control(&page, size), -EPROTO);
  good_control(&page);
  page.format = 0;
  assert_code(check_control(&page, size), -EPROTONOSUPPORT);
  good_control(&page);
  page.incompatible = UINT64_C(1) << 63;
  rilli_seal_control(&page);
  assert_code(check_control(&page, size), -EPROTONOSUPPORT);
  good_control(&page);
  atomic_store(&page.tombstone, 1); /* behind the checksum: it is written later */
  assert_code(check_control(&page, size), 0);
}

static void a_change_of_any_sealed_byte_is_found(void **state) {
  (void)state;
  struct rilli_identity identity;
  struct rilli_control control;
  const size_t identity_end = offsetof(struct rilli_identity, checksum) + sizeof identity.checksum;
  const size_t control_end = offsetof(struct rilli_control, checksum) + sizeof control.checksum;
  for (size_t at = 0; at < identity_end; at++)
    for (int bit = 0; bit < 8; bit++) {
      good_identity(&identity);
      const uint64_t size = identity.file_size;
      ((uint8_t *)&identity)[at] ^= (uint8_t)(1 << bit);
      assert_true(check_identity(&identity, size) < 0);
      assert_non_null(why);
    }
  for (size_t at = 0; at < control_end; at++)
    for (int bit = 0; bit < 8; bit++) {
      good_control(&control);
      const uint64_t size = control.file_size;
      ((uint8_t *)&control)[at] ^= (uint8_t)(1 << bit);
      assert_true(check_control(&control, size) < 0);
      assert_non_null(why);
    }
}

/* A field of a sealed page is set to a value that must be refused. */
struct wrong_field {
  const char *name;
  size_t offset, size;
  uint64_t value;
};
#define I(field, value)                                                                            \
  {                                                                                                \
#field, offsetof(struct rilli_identity, field),                                                \
        sizeof(((struct rilli_identity *)NULL)->field), value                                      \
  }
#define C(field, value)                                                                            \
  {                                                                                                \
#field, offsetof(struct rilli_control, field), sizeof(((struct rilli_control *)NULL)->field),  \
        value                                                                                      \
  }

static void put(void *page, const struct wrong_field *field) {
  memcpy((uint8_t *)page + field->offset, &field->value, field->size); /* little endian */
}

static void every_invalid_field_of_the_identity_is_refused(void **state) {
  (void)state;
  static const struct wrong_field wrong[] = {I(capacity, 0),
                                             I(capacity, 4096),
                                             I(capacity, 65537),
                                             I(capacity, 131072),
                                             I(capacity, UINT64_C(1) << 41),
                                             I(capacity, UINT64_C(1) << 63),
                                             I(quantum, 0),
                                             I(quantum, 512),
                                             I(max_message, 32768 - 399),
                                             I(max_message, UINT64_MAX),
                                             I(producer_offset, 0),
                                             I(producer_offset, 4097),
                                             I(producer_offset, UINT64_MAX - 4095),
                                             I(producer_offset, 65536),
                                             I(view_offset, 0),
                                             I(view_offset, 65536),
                                             I(view_offset, UINT64_MAX - 4095),
                                             I(index_offset, 0),
                                             I(index_offset, 65536),
                                             I(index_offset, 61440 + 8),
                                             I(index_offset, UINT64_MAX - 4095),
                                             I(ring_offset, 0),
                                             I(ring_offset, 131072),
                                             I(ring_offset, UINT64_MAX - 65535),
                                             I(ring_offset, 65536 + 4096),
                                             I(producer_size, 0),
                                             I(producer_size, 1),
                                             I(producer_size, UINT32_MAX),
                                             I(view_stride, 0),
                                             I(view_stride, 64),
                                             I(view_count, 0),
                                             I(view_count, 5),
                                             I(view_count, UINT32_MAX),
                                             I(index_stride, 0),
                                             I(index_stride, 64),
                                             I(index_count, 0),
                                             I(index_count, 129),
                                             I(bells, 0),
                                             I(bells, 65),
                                             I(capacity, UINT64_MAX),
                                             I(max_message, 0),
                                             I(max_groups, 0),
                                             I(max_groups, 3),
                                             I(max_groups, UINT32_MAX),
                                             I(max_members, 0),
                                             I(max_members, 2),
                                             I(max_members, 1025),
                                             I(max_members, UINT32_MAX),
                                             I(max_claims, 1 << 20),
                                             I(max_claims, UINT32_MAX),
                                             I(base_position, 8),
                                             I(file_size, 0),
                                             I(file_size, UINT64_MAX)};
  struct rilli_identity page;
  for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
    good_identity(&page);
    const uint64_t size = page.file_size;
    put(&page, &wrong[i]);
    rilli_seal_identity(&page);
    if (check_identity(&page, size) != -EBADMSG)
      fail_msg("%s = %llu was let through", wrong[i].name, (unsigned long long)wrong[i].value);
  }
  good_identity(&page);
  memset(page.name, 'a', sizeof page.name); /* without an end */
  rilli_seal_identity(&page);
  assert_code(check_identity(&page, page.file_size), -EBADMSG);
}

/* The length of a frame has 32 bits. */
static void a_message_of_4_gib_is_refused_however_large_the_ring(void **state) {
  (void)state;
  const uint64_t most = (UINT64_C(1) << 32) - 400;
  for (uint64_t capacity = UINT64_C(1) << 33; capacity <= RILLI_MAX_CAPACITY; capacity *= 2)
    for (int more = 0; more < 5; more++) {
      static const uint64_t by[] = {0, 1, 400, UINT64_C(1) << 32, 116};
      struct rilli_identity page;
      rilli_plan_identity(&page, capacity, most + by[more], 4);
      rilli_seal_identity(&page);
      atomic_store(&page.magic, RILLI_DATA_MAGIC);
      assert_code(check_identity(&page, page.file_size), more ? -EBADMSG : 0);
      assert_true(!more || strstr(why, "4294966896"));
    }
}

static void every_invalid_field_of_the_control_page_is_refused(void **state) {
  (void)state;
  static const struct wrong_field wrong[] = {C(max_groups, 0),
                                             C(max_groups, 5),
                                             C(max_groups, 1025),
                                             C(max_groups, UINT32_MAX),
                                             C(max_members, 0),
                                             C(max_members, 2),
                                             C(max_members, 1025),
                                             C(max_members, UINT32_MAX),
                                             C(max_claims, 2000),
                                             C(max_claims, 1 << 20),
                                             C(max_claims, UINT32_MAX),
                                             C(claim_stride, 0),
                                             C(claim_stride, 64),
                                             C(slot_stride, 0),
                                             C(slot_stride, 127),
                                             C(slot_stride, 2049),
                                             C(slot_stride, UINT32_MAX),
                                             C(group_stride, 0),
                                             C(group_stride, 4096),
                                             C(group_stride, 131072),
                                             C(group_stride, UINT64_MAX - 65535),
                                             C(group_offset, 0),
                                             C(group_offset, 65536 + 4096),
                                             C(group_offset, 131072),
                                             C(group_offset, UINT64_MAX - 65535),
                                             C(hints_offset, 0),
                                             C(hints_offset, 65536),
                                             C(hints_offset, 4097),
                                             C(hints_offset, UINT64_MAX - 4095),
                                             C(names_offset, 0),
                                             C(names_offset, 4096),
                                             C(names_offset, 8193),
                                             C(names_offset, 65536),
                                             C(names_offset, UINT64_MAX - 4095),
                                             C(slots_offset, 0),
                                             C(slots_offset, 65536),
                                             C(slots_offset, 2049),
                                             C(slots_offset, 2048 + 128),
                                             C(slots_offset, 4096),
                                             C(slots_offset, UINT64_MAX - 127),
                                             C(claims_offset, 0),
                                             C(claims_offset, 2048),
                                             C(claims_offset, 4097),
                                             C(claims_offset, 131072),
                                             C(claims_offset, UINT64_MAX - 4095),
                                             C(file_size, 1)};
  struct rilli_control page;
  for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
    good_control(&page);
    const uint64_t size = page.file_size;
    put(&page, &wrong[i]);
    rilli_seal_control(&page);
    if (check_control(&page, size) != -EBADMSG)
      fail_msg("%s = %llu was let through", wrong[i].name, (unsigned long long)wrong[i].value);
  }
}

/* Values near which sums overflow and comparisons turn. */
static uint64_t odd_value(uint64_t *seed) {
  static const uint64_t near[] = {0,
                                  64,
                                  128,
                                  4096,
                                  8192,
                                  12288,
                                  65536,
                                  131072,
                                  1u << 30,
                                  UINT64_C(1) << 32,
                                  UINT64_C(1) << 40,
                                  UINT64_C(1) << 63,
                                  UINT64_MAX};
  const uint64_t r = support_random(seed);
  const uint64_t value = near[r % (sizeof near / sizeof near[0])];
  switch (r >> 60) {
  case 0:
    return support_random(seed);
  case 1:
    return value - 1;
  case 2:
    return value + 16;
  default:
    return value;
  }
}

static void forge(void *page, size_t from, size_t to, uint64_t *seed) {
  for (uint64_t changes = 1 + support_random(seed) % 4; changes; changes--) {
    const size_t width = support_random(seed) % 2 ? 8 : 4;
    const size_t at = from + support_random(seed) % ((to - from) / width) * width;
    const uint64_t value = odd_value(seed);
    memcpy((uint8_t *)page + at, &value, width);
  }
}

static void forged_pages_never_lead_outside_their_file(void **state) {
  (void)state;
  uint64_t seed = 20240229, passed = 0;
  for (int round = 0; round < 100000; round++) {
    struct rilli_identity identity;
    struct rilli_control control;
    struct rilli_geometry geometry;
    struct rilli_control_geometry control_geometry;
    good_identity(&identity);
    forge(&identity, offsetof(struct rilli_identity, file_size),
          offsetof(struct rilli_identity, created), &seed);
    rilli_seal_identity(&identity);
    const uint64_t size = support_random(&seed) % 2 ? identity.file_size : 2 * RILLI_ALIGN;
    if (rilli_check_identity(&identity, size, &geometry, &why) == 0) {
      passed++;
      assert_true(identity_is_inside(&geometry, size));
    }
    good_control(&control);
    forge(&control, offsetof(struct rilli_control, file_size),
          offsetof(struct rilli_control, reserved), &seed);
    rilli_seal_control(&control);
    const uint64_t control_size = control.file_size;
    if (rilli_check_control(&control, control_size, &control_geometry, &why) == 0) {
      passed++;
      assert_true(control_is_inside(&control_geometry, control_size));
    }
  }
  assert_true(passed > 100); /* the property was tested */
}

static void random_bytes_never_pass(void **state) {
  (void)state;
  uint64_t seed = 7;
  for (int round = 0; round < 20000; round++) {
    union {
      uint64_t words[RILLI_PAGE / 8];
      struct rilli_identity identity;
      struct rilli_control control;
    } page;
    for (size_t i = 0; i < RILLI_PAGE / 8; i++)
      page.words[i] = support_random(&seed);
    const uint64_t size = round % 2 ? support_random(&seed) : page.identity.file_size;
    if (round % 4 == 0)
      page.words[0] = RILLI_DATA_MAGIC;
    assert_true(check_identity(&page.identity, size) < 0);
    if (round % 4 == 0)
      page.words[0] = RILLI_CONTROL_MAGIC;
    assert_true(check_control(&page.control, size) < 0);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      BEHAVIOUR(every_sound_plan_passes),
      BEHAVIOUR(attributes_are_checked),
      BEHAVIOUR(absent_foreign_other_version_and_damage_are_different_errors),
      BEHAVIOUR(the_control_page_has_the_same_classes_of_errors),
      BEHAVIOUR(a_change_of_any_sealed_byte_is_found),
      BEHAVIOUR(every_invalid_field_of_the_identity_is_refused),
      BEHAVIOUR(a_message_of_4_gib_is_refused_however_large_the_ring),
      BEHAVIOUR(every_invalid_field_of_the_control_page_is_refused),
      BEHAVIOUR(forged_pages_never_lead_outside_their_file),
      BEHAVIOUR(random_bytes_never_pass)};
  return cmocka_run_group_tests_name("check", tests, NULL, NULL);
}
