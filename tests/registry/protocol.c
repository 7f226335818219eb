/* SPDX-License-Identifier: MIT */
/* protocol.c - the registry's pure parts: messages, patterns, rights. */
#include "pattern.h"
#include "protocol.h"
#include "rights.h"
#include "unit.h"

static void every_message_survives_its_own_check(void **state) {
  static const uint16_t client[] = {RILLI_WIRE_HELLO,  RILLI_WIRE_ATTACH, RILLI_WIRE_DETACH,
                                    RILLI_WIRE_STAT,   RILLI_WIRE_OPEN,   RILLI_WIRE_CREATE,
                                    RILLI_WIRE_UNLINK, RILLI_WIRE_LIST,   RILLI_WIRE_WATCH};
  union rilli_wire_message message;
  (void)state;
  for (size_t i = 0; i < sizeof client / sizeof *client; i++) {
    rilli_wire_start(&message, client[i], 7);
    assert_code(rilli_wire_check_client(&message, message.head.size), client[i]);
    assert_code(rilli_wire_check_registry(&message, message.head.size), -EPROTO);
  }
  rilli_wire_start(&message, RILLI_WIRE_ANSWER, 7);
  assert_code(rilli_wire_check_registry(&message, message.head.size), RILLI_WIRE_ANSWER);
  assert_code(rilli_wire_check_client(&message, message.head.size), -EPROTO);
  rilli_wire_start(&message, RILLI_WIRE_EVENT, 0);
  assert_code(rilli_wire_check_registry(&message, message.head.size), -EPROTO);
  message.event.what = RILLI_EVENT_DIED;
  assert_code(rilli_wire_check_registry(&message, message.head.size), RILLI_WIRE_EVENT);
  message.event.slot = 1;
  assert_code(rilli_wire_check_registry(&message, message.head.size), -EPROTO);
  message.event.kind = RILLI_KIND_CONSUMER;
  assert_code(rilli_wire_check_registry(&message, message.head.size), RILLI_WIRE_EVENT);
}

static void each_unsound_field_is_refused(void **state) {
  union rilli_wire_message message;
  const size_t size = sizeof message.request;
  (void)state;
#define REFUSED(change, code)                                                                      \
  rilli_wire_start(&message, RILLI_WIRE_STAT, 1);                                                  \
  change;                                                                                          \
  assert_code(rilli_wire_check_client(&message, size), code)
  REFUSED(message.head.magic++, -EPROTO);
  REFUSED(message.head.version++, -EPROTONOSUPPORT);
  REFUSED(message.head.size--, -EPROTO);
  REFUSED(message.head.type = RILLI_WIRE_ATTACH, -EPROTO);
  REFUSED(message.head.type = 0, -EPROTO);
  REFUSED(message.head.type = 60000, -EPROTO);
  REFUSED(memset(message.request.name, 'a', sizeof message.request.name), -EPROTO);
  REFUSED(memset(message.request.after, 'a', sizeof message.request.after), -EPROTO);
  REFUSED(message.request.flags = 2, -EPROTO);
  REFUSED(message.request.reserved = 1, -EPROTO);
#undef REFUSED
#define REFUSED(change)                                                                            \
  rilli_wire_start(&message, RILLI_WIRE_CREATE, 1);                                                \
  change;                                                                                          \
  assert_code(rilli_wire_check_client(&message, sizeof message.create), -EPROTO)
  REFUSED(message.create.value_count = RILLI_WIRE_VALUES + 1);
  REFUSED(message.create.group_count = RILLI_WIRE_GROUPS + 1);
  REFUSED(message.create.group_count = 1; memset(message.create.groups[0], 'a', RILLI_WIRE_GROUP));
#undef REFUSED
  rilli_wire_start(&message, RILLI_WIRE_ATTACH, 1);
  message.notice.kind = RILLI_KINDS;
  assert_code(rilli_wire_check_client(&message, sizeof message.notice), -EPROTO);
  message.notice.kind = RILLI_KIND_PRODUCER;
  message.notice.group = 1;
  assert_code(rilli_wire_check_client(&message, sizeof message.notice), -EPROTO);
  message.notice.group = 0;
  message.notice.slot = 1;
  assert_code(rilli_wire_check_client(&message, sizeof message.notice), -EPROTO);
  message.notice.kind = RILLI_KIND_CONSUMER;
  assert_code(rilli_wire_check_client(&message, sizeof message.notice), RILLI_WIRE_ATTACH);
  rilli_wire_start(&message, RILLI_WIRE_ANSWER, 1);
  message.answer.count = RILLI_WIRE_ROWS + 1;
  assert_code(rilli_wire_check_registry(&message, sizeof message.answer), -EPROTO);
  message.answer.count = 1;
  message.answer.rows[0].size = RILLI_WIRE_ROOM + 1;
  assert_code(rilli_wire_check_registry(&message, sizeof message.answer), -EPROTO);
}

/* Every prefix, and many damaged whole messages: none is accepted wrongly, nothing is read outside
 * (ASan sees it: the bytes are at the end of an allocation). */
static void random_bytes_are_refused_or_whole(void **state) {
  uint64_t random = 1;
  unsigned accepted = 0;
  (void)state;
  for (unsigned round = 0; round < 200000; round++) {
    union rilli_wire_message whole;
    for (size_t i = 0; i < sizeof whole.notice / 8; i++)
      ((uint64_t *)(void *)&whole)[i] = support_random(&random);
    size_t size = support_random(&random) % sizeof whole.notice;
    if (round % 2) { /* a valid one, with a few bytes changed */
      rilli_wire_start(&whole, RILLI_WIRE_ATTACH, 1);
      size = sizeof whole.notice;
      for (unsigned n = 0; n < 1 + round % 3; n++)
        ((uint8_t *)&whole)[support_random(&random) % size] = (uint8_t)support_random(&random);
    }
    uint8_t *bytes = malloc(size ? size : 1);
    assert_non_null(bytes);
    memcpy(bytes, &whole, size);
    const int type = rilli_wire_check_client((const void *)bytes, size);
    accepted += type > 0;
    if (type > 0) {
      assert_true(size == rilli_wire_size((uint32_t)type));
      assert_non_null(
          memchr(((struct rilli_wire_notice *)(void *)bytes)->name, 0, RILLI_WIRE_NAME));
    }
    free(bytes);
  }
  assert_true(accepted > 0);
}

static void patterns_match_as_shells_do(void **state) {
  static const struct {
    const char *pattern, *name;
    int matches;
  } cases[] = {
      {"", "orders", 1},
      {"*", "md/eurex", 1},
      {"md/*", "md/eurex", 1},
      {"md/*", "mdx", 0},
      {"*eurex", "md/eurex", 1},
      {"o?ders", "orders", 1},
      {"o?ders", "oders", 0},
      {"[no]rders", "orders", 1},
      {"[!no]rders", "orders", 0},
      {"[a-p]*", "orders", 1},
      {"[a-c]*", "orders", 0},
      {"orders", "order", 0},
      {"order", "orders", 0},
      {"[", "a", 0},
      {"[", "[", 1},
      {"*[", "a[", 1},
      {"a**b", "ab", 1},
      {"*a*b", "xaybz", 0},
      {"[]a]", "]", 1},
      {"[a-", "a", 0},
  };
  (void)state;
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
    if (pattern_matches(cases[i].pattern, cases[i].name) != cases[i].matches)
      fail_msg("'%s' against '%s' is not %d", cases[i].pattern, cases[i].name, cases[i].matches);
}

/* With a matcher that tries every way this would run until the watchdog ends it. */
static void a_strangers_pattern_costs_little(void **state) {
  char pattern[201], name[201];
  (void)state;
  for (size_t i = 0; i < 200; i++)
    pattern[i] = i % 2 ? 'a' : '*';
  memset(name, 'a', 200);
  pattern[199] = 'b';
  pattern[200] = name[200] = 0;
  assert_false(pattern_matches(pattern, name));
}

static void rights_are_the_mode_bits(void **state) {
  const struct rights owner = {.uid = 7, .full = 1},
                      user = {.uid = 8, .groups = {20, 30}, .group_count = 2};
  (void)state;
  assert_true(rights_may_read(&owner, 0, 1, 1));
  assert_true(rights_may_read(&user, 0400, 8, 1));
  assert_false(rights_may_read(&user, 0040, 8, 20)); /* only the owner's bits count for the owner */
  assert_true(rights_may_read(&user, 0640, 7, 30));
  assert_false(rights_may_attach(&user, 0740, 7, 30));
  assert_true(rights_may_attach(&user, 0750, 7, 20));
  assert_false(rights_may_read(&user, 0660, 7, 40));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      BEHAVIOUR(every_message_survives_its_own_check), BEHAVIOUR(each_unsound_field_is_refused),
      BEHAVIOUR(random_bytes_are_refused_or_whole),    BEHAVIOUR(patterns_match_as_shells_do),
      BEHAVIOUR(a_strangers_pattern_costs_little),     BEHAVIOUR(rights_are_the_mode_bits),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
