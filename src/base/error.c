/* SPDX-License-Identifier: MIT */
/* error.c - the last failure of each thread, as a text.
 *
 * It is in the lowest layer so that every layer can say what it knows. Fixed
 * memory, no allocation: it works when memory is what failed. */
#include "error.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "rill/context.h"

static _Thread_local char text[RILLI_ERROR_SIZE];

int rilli_fail(int code, const char *format, ...) {
  va_list args;
  va_start(args, format);
  (void)vsnprintf(text, sizeof text, format, args);
  va_end(args);
  return -code;
}

int rilli_fail_in(int code, const char *prefix, ...) {
  char before[sizeof text];
  memcpy(before, text, sizeof text);
  va_list args;
  va_start(args, prefix);
  int length = vsnprintf(text, sizeof text, prefix, args);
  va_end(args);
  if (length < 0 || (size_t)length >= sizeof text - 2)
    return -code;
  text[length++] = ':';
  text[length++] = ' ';
  const size_t room = sizeof text - 1 - (size_t)length;
  const size_t rest = strnlen(before, room);
  memcpy(text + length, before, rest);
  text[(size_t)length + rest] = 0;
  return -code;
}

void rilli_error_keep(char ret[RILLI_ERROR_SIZE]) {
  memcpy(ret, text, sizeof text);
}

void rilli_error_restore(const char kept[RILLI_ERROR_SIZE]) {
  memcpy(text, kept, sizeof text);
}

const char *rilli_words(int code) {
  const char *words = strerrordesc_np(code);
  return words ? words : "unknown error";
}

const char *rill_error(void) {
  return text;
}
