/* SPDX-License-Identifier: MIT */
/* fields.c - attributes and figures from the library's tables (fields.h). */
#include "fields.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#define IN_QUEUE(path)                                                                             \
  offsetof(struct rill_queue_stat, path), sizeof((struct rill_queue_stat *)0)->path
#define IN_GROUP(path)                                                                             \
  offsetof(struct rill_group_stat, path), sizeof((struct rill_group_stat *)0)->path

/* "type.id" is "id" of "type". */
#define KEY(path) (sizeof #path > 5 && #path[4] == '.' ? &#path[5] : #path)

/* Is it a field that is not printed when it is 0? */
#define OPTIONAL_COUNTER false
#define OPTIONAL_GAUGE false
#define OPTIONAL_INFO true

const struct field queue_settings[] = {
#define RILL_SETTING(name, path, type, words, compare, least, most, standard, section, ...)        \
  {#name,        KEY(path),       words,                                                           \
   FIELD_##type, FIELD_##section, FIELD_##section != FIELD_MAIN || FIELD_##type != FIELD_CHOICE,   \
   "",           IN_QUEUE(path)},
#include "settings.def"
    {.name = NULL}};

const struct field queue_figures[] = {
#define RILL_QUEUE_FIGURE(field, key, type, words, metric, section, ...)                           \
  {#field,                                                                                         \
   #key,                                                                                           \
   words,                                                                                          \
   FIELD_##type,                                                                                   \
   FIELD_##section,                                                                                \
   FIELD_##section != FIELD_MAIN && OPTIONAL_##metric,                                             \
   "",                                                                                             \
   IN_QUEUE(field)},
#include "counters.def"
    {.name = NULL}};

const struct field group_figures[] = {
#define RILL_GROUP_FIGURE(field, key, type, words, metric, section, column, ...)                   \
  {#field, #key, words, FIELD_##type, FIELD_##section, false, column, IN_GROUP(field)},
#include "counters.def"
    {.name = NULL}};

uint64_t field_value(const struct field *field, const void *stat) {
  const char *at = (const char *)stat + field->offset;
  uint32_t half;
  uint64_t value;
  memcpy(&half, at, sizeof half);
  if (field->size == sizeof half)
    return half;
  memcpy(&value, at, sizeof value);
  return value;
}

const char *field_word(const char *words, uint64_t n, char text[FIELD_TEXT]) {
  const char *end = strchrnul(words, '|');
  for (; n && *end; n--) {
    words = end + 1;
    end = strchrnul(words, '|');
  }
  if (n) /* of a later library */
    snprintf(text, FIELD_TEXT, "unknown");
  else
    snprintf(text, FIELD_TEXT, "%.*s", (int)(end - words), words);
  return text;
}

static const char *flags_text(const struct field *field, uint64_t value, char text[FIELD_TEXT]) {
  char word[FIELD_TEXT];
  size_t size = 0;
  *text = 0;
  for (uint64_t bit = 0; bit < 32; bit++)
    if (value >> bit & 1 && size < FIELD_TEXT)
      size += (size_t)snprintf(text + size, FIELD_TEXT - size, "%s%s", size ? ", " : "",
                               field_word(field->words, bit, word));
  return size ? text : "none";
}

static const char *time_text(uint64_t value, char text[FIELD_TEXT]) {
  const time_t when = (time_t)(value / 1000000000);
  struct tm local;
  if (strftime(text, FIELD_TEXT, "%Y-%m-%d %H:%M:%S", localtime_r(&when, &local)) == 0)
    *text = 0;
  return text;
}

const char *field_text(const struct field *field, uint64_t value, char text[FIELD_TEXT]) {
  switch (field->type) {
  case FIELD_BYTES:
    return format_size(text, value);
  case FIELD_NS:
    return format_duration(text, (int64_t)value);
  case FIELD_TIME:
    return value ? time_text(value, text) : "-";
  case FIELD_FLAG:
    return value ? "yes" : "no";
  case FIELD_CHOICE:
    return field_word(field->words, value, text);
  case FIELD_FLAGS:
    return flags_text(field, value, text);
  case FIELD_MODE:
    snprintf(text, FIELD_TEXT, "%04o", (unsigned)value);
    return text;
  case FIELD_ID:
  case FIELD_COUNT:
    break;
  }
  snprintf(text, FIELD_TEXT, "%llu", (unsigned long long)value);
  return text;
}

/* Adds a key for each flag; a flag named no-X has the key X, with the opposite value. */
static void flags_json(json_t *object, const struct field *field, uint64_t value) {
  uint64_t flag = 0;
  for (const char *at = field->words; at; flag++) {
    char word[FIELD_TEXT];
    const bool set = value >> flag & 1, negated = strncmp(at, "no-", 3) == 0;
    field_word(field->words, flag, word);
    json_object_set_new(object, word + (negated ? 3 : 0), json_boolean(set != negated));
    at = strchr(at, '|');
    at = at ? at + 1 : NULL;
  }
}

static json_t *value_json(const struct field *field, uint64_t value) {
  char text[FIELD_TEXT];
  switch (field->type) {
  case FIELD_FLAG:
    return json_boolean(value != 0);
  case FIELD_CHOICE:
  case FIELD_MODE:
    return json_string(field_text(field, value, text));
  default:
    return json_integer(value > INT64_MAX ? INT64_MAX : (json_int_t)value);
  }
}

void field_json(json_t *object, const struct field *field, enum field_section section,
                const void *stat) {
  char key[FIELD_TEXT];
  for (; field->name; field++) {
    const uint64_t value = field_value(field, stat);
    const bool is_time = field->type == FIELD_NS || field->type == FIELD_TIME;
    if (field->section != section)
      continue;
    if (field->type == FIELD_FLAGS) {
      flags_json(object, field, value);
      continue;
    }
    snprintf(key, sizeof key, "%s%s", field->key, is_time ? "_ns" : "");
    json_object_set_new(object, key, value_json(field, value));
  }
}
