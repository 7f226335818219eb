/* SPDX-License-Identifier: MIT */
/* name.c (tests) - names of queues and groups, and of the files that they become. */
#include "unit.h"

#include "client.h"

static void words_joined_by_slashes_are_names(void **state) {
  (void)state;
  static const char *const good[] = {"a",  "orders", "md/eurex/fdax", "A-Z.a_z.0-9", "..",
                                     ".x", "-",      "a/b/c/d/e/f"};
  for (size_t i = 0; i < sizeof good / sizeof good[0]; i++)
    assert_code(rilli_name_check(good[i]), 0);
}

static void anything_else_is_refused_with_a_reason(void **state) {
  (void)state;
  static const char *const bad[] = {"",         "/",   "/a", "a/",   "a//b", "a b", "a+b",
                                    "\xc3\xa9", "a\n", "a*", "a\\b", "a:b",  "~"};
  for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
    assert_code(rilli_name_check(bad[i]), -EINVAL);
    assert_non_null(strstr(rill_error(), "name"));
  }
  assert_code(rilli_name_check(NULL), -EINVAL);
}

static void every_single_byte_is_a_name_or_not_as_said(void **state) {
  (void)state;
  for (int c = 1; c < 256; c++) {
    const char name[2] = {(char)c, 0};
    const int word = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                     c == '.' || c == '_' || c == '-';
    assert_code(rilli_name_check(name), word ? 0 : -EINVAL);
    assert_code(rilli_group_name_check(name), word ? 0 : -EINVAL);
  }
}

static void names_end_at_200_bytes_and_group_names_at_63(void **state) {
  (void)state;
  char name[260];
  memset(name, 'n', sizeof name);
  name[200] = 0;
  assert_code(rilli_name_check(name), 0);
  name[200] = 'n';
  name[201] = 0;
  assert_code(rilli_name_check(name), -EINVAL);
  name[64] = 0;
  assert_code(rilli_group_name_check(name), -EINVAL);
  name[63] = 0;
  assert_code(rilli_group_name_check(name), 0);
  assert_code(rilli_group_name_check(""), -EINVAL);
  assert_code(rilli_group_name_check("a/b"), -EINVAL);
}

static void file_names_lead_back_to_the_queue(void **state) {
  (void)state;
  static const uint8_t uuid[16] = {0x01, 0x23, 0xff, 4,  5,  6,  7,  8,
                                   9,    10,   11,   12, 13, 14, 15, 0xa0};
  uint64_t seed = 3;
  static const char letters[] = "abcXYZ019._-/";
  for (int round = 0; round < 20000; round++) {
    char name[RILLI_NAME_SIZE] = "", control[RILLI_FILE_NAME], data[RILLI_FILE_NAME];
    char back[RILLI_NAME_SIZE], of[RILLI_FILE_NAME], hex[33];
    const size_t length = 1 + support_random(&seed) % 200;
    for (size_t i = 0; i < length; i++)
      name[i] = letters[support_random(&seed) % (sizeof letters - 1)];
    if (rilli_name_check(name))
      continue;
    rilli_name_files(name, uuid, control, data);
    assert_null(strchr(control, '/'));
    assert_null(strchr(data, '/'));
    assert_int_not_equal(control[0], '+');
    assert_true(rilli_name_of_control(control, back));
    assert_string_equal(back, name);
    assert_true(rilli_name_of_data(data, of, hex));
    assert_string_equal(of, control);
    assert_string_equal(hex, "0123ff0405060708090a0b0c0d0e0fa0");
    assert_false(rilli_name_of_control(data, back));
    assert_false(rilli_name_of_data(control, of, hex));
  }
}

static void the_longest_name_fits_its_files(void **state) {
  (void)state;
  static const uint8_t uuid[16] = {0};
  char name[201], control[RILLI_FILE_NAME], data[RILLI_FILE_NAME], back[RILLI_NAME_SIZE];
  char of[RILLI_FILE_NAME], hex[33];
  memset(name, 'x', 200);
  name[200] = 0;
  rilli_name_files(name, uuid, control, data);
  assert_true(strlen(data) <= 255);
  assert_true(rilli_name_of_control(control, back));
  assert_string_equal(back, name);
  assert_true(rilli_name_of_data(data, of, hex));
  assert_string_equal(of, control);
}

static void different_queues_have_different_files(void **state) {
  (void)state;
  char a[RILLI_FILE_NAME], b[RILLI_FILE_NAME];
  rilli_name_files("a/b", NULL, a, NULL);
  rilli_name_files("a.b", NULL, b, NULL);
  assert_string_not_equal(a, b);
  rilli_name_files("a", NULL, a, NULL);
  rilli_name_files("a.control", NULL, b, NULL);
  assert_string_not_equal(a, b);
}

static void foreign_and_unfinished_files_are_no_queues(void **state) {
  (void)state;
  static const char *const files[] = {
      "",           ".control",   "+0123456789abcdef0123456789abcdef",
      "+a.control", "a.controls", "a",
      "a.data",     ".data",      "+a.0123456789abcdef0123456789abcdef.data"};
  char name[RILLI_NAME_SIZE], of[RILLI_FILE_NAME], hex[33];
  for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
    assert_false(rilli_name_of_control(files[i], name));
    assert_false(rilli_name_of_data(files[i], of, hex));
  }
  char file[RILLI_FILE_NAME];
  memset(file, 'l', 201);
  memcpy(file + 201, ".control", 9);
  assert_false(rilli_name_of_control(file, name)); /* too long: no buffer is overrun */
}

/* What else begins with '+' is the registry's, or of a later version, and not collected. */
static void unfinished_files_are_known_by_their_names(void **state) {
  (void)state;
  static const char *const others[] = {"",
                                       "+",
                                       "q",
                                       "+rilld.lock",
                                       "+0123456789abcdef0123456789abcde",
                                       "+0123456789abcdef0123456789abcdef0",
                                       "+0123456789abcdef0123456789abcdeg",
                                       "0123456789abcdef0123456789abcdef"};
  assert_true(rilli_name_is_unfinished("+0123456789abcdef0123456789abcdef"));
  for (size_t i = 0; i < sizeof others / sizeof others[0]; i++)
    assert_false(rilli_name_is_unfinished(others[i]));
}

int main(void) {
  const struct CMUnitTest tests[] = {BEHAVIOUR(words_joined_by_slashes_are_names),
                                     BEHAVIOUR(anything_else_is_refused_with_a_reason),
                                     BEHAVIOUR(every_single_byte_is_a_name_or_not_as_said),
                                     BEHAVIOUR(names_end_at_200_bytes_and_group_names_at_63),
                                     BEHAVIOUR(file_names_lead_back_to_the_queue),
                                     BEHAVIOUR(the_longest_name_fits_its_files),
                                     BEHAVIOUR(different_queues_have_different_files),
                                     BEHAVIOUR(foreign_and_unfinished_files_are_no_queues),
                                     BEHAVIOUR(unfinished_files_are_known_by_their_names)};
  return cmocka_run_group_tests_name("name", tests, NULL, NULL);
}
