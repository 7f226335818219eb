/* SPDX-License-Identifier: MIT */
/* name.c - names of queues, groups and files. Pure functions.
 *
 * A queue "md/eurex" is made of the files "md+eurex.control" and
 * "md+eurex.<uuid>.data". '+' cannot be part of a name, so nothing collides; "+<random>" is a
 * file that is still being made. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "error.h"
#include "name.h"
#include "segment.h"

#define CONTROL ".control"
#define DATA ".data"
#define MAX_NAME 200

static int is_word(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
         c == '_' || c == '-';
}

int rilli_name_check(const char *name) {
  if (!name || !*name)
    return rilli_fail(EINVAL, "a queue needs a name, such as 'orders' or 'md/eurex'");
  const size_t length = strnlen(name, MAX_NAME + 1);
  if (length > MAX_NAME)
    return rilli_fail(EINVAL, "the queue name '%.32s...' is too long: at most %d bytes", name,
                      MAX_NAME);
  for (size_t i = 0; i < length; i++) {
    const int slash = name[i] == '/';
    if (slash && (i == 0 || i + 1 == length || name[i + 1] == '/'))
      return rilli_fail(
          EINVAL, "the queue name '%s' has an empty word: write words joined by single '/'", name);
    if (!slash && !is_word(name[i]))
      return rilli_fail(EINVAL,
                        "the queue name '%s' has a character that is not allowed: words are of "
                        "[A-Za-z0-9._-], joined by '/'",
                        name);
  }
  return 0;
}

int rilli_group_name_check(const char *name) {
  const size_t length = strnlen(name, RILLI_GROUP_NAME_SIZE);
  if (length == 0 || length >= RILLI_GROUP_NAME_SIZE)
    return rilli_fail(EINVAL, "the group name '%.64s' is empty or longer than %u bytes", name,
                      RILLI_GROUP_NAME_SIZE - 1);
  for (size_t i = 0; i < length; i++)
    if (!is_word(name[i]))
      return rilli_fail(EINVAL, "the group name '%s' has a character that is not of [A-Za-z0-9._-]",
                        name);
  return 0;
}

void rilli_name_files(const char *name, const uint8_t *uuid, char *ret_control, char *ret_data) {
  char file[RILLI_NAME_SIZE], hex[33];
  (void)snprintf(file, sizeof file, "%s", name);
  for (char *c = file; *c; c++)
    if (*c == '/')
      *c = '+';
  (void)snprintf(ret_control, RILLI_FILE_NAME, "%s" CONTROL, file);
  if (uuid) {
    rilli_hex(uuid, hex);
    (void)snprintf(ret_data, RILLI_FILE_NAME, "%s.%s" DATA, file, hex);
  }
}

int rilli_name_is_unfinished(const char *file) {
  const size_t prefix = sizeof RILLI_UNFINISHED - 1;
  return strncmp(file, RILLI_UNFINISHED, prefix) == 0 && strlen(file) == prefix + 32 &&
         strspn(file + prefix, "0123456789abcdef") == 32;
}

/* Length without the suffix, or 0. */
static size_t stem(const char *file, const char *suffix) {
  const size_t length = strlen(file), tail = strlen(suffix);
  if (length <= tail || strcmp(file + length - tail, suffix) != 0 || file[0] == '+')
    return 0;
  return length - tail;
}

int rilli_name_of_control(const char *file, char ret[RILLI_NAME_SIZE]) {
  const size_t length = stem(file, CONTROL);
  if (length == 0 || length > MAX_NAME)
    return 0;
  memcpy(ret, file, length);
  ret[length] = 0;
  for (char *c = ret; *c; c++)
    if (*c == '+')
      *c = '/';
  return 1;
}

int rilli_name_of_data(const char *file, char ret_control[RILLI_FILE_NAME], char ret_uuid[33]) {
  const size_t length = stem(file, DATA);
  if (length < 34 || length > MAX_NAME + 33 || file[length - 33] != '.')
    return 0;
  memcpy(ret_uuid, file + length - 32, 32);
  ret_uuid[32] = 0;
  (void)snprintf(ret_control, RILLI_FILE_NAME, "%.*s" CONTROL, (int)(length - 33), file);
  return 1;
}
