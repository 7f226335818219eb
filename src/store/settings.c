/* SPDX-License-Identifier: MIT */
/* settings.c - the attributes of a queue, from their table. See settings.h. */
#include "settings.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "error.h"
#include "frame.h"

enum type { BYTES, NS, COUNT, CHOICE, FLAGS };
enum rule { EXACT, BITS, NODE, TYPE };

struct setting {
  const char *name, *words;
  enum type type;
  enum rule rule;
  int64_t most;
};

static const struct setting settings[] = {
#define RILL_SETTING(name, path, type, words, compare, least, most, ...)                           \
  {#name, words, type, compare, most},
#include "settings.def"
};
#define SETTINGS (sizeof settings / sizeof settings[0])

/* Gets their values, in the sequence of the table. */
static void of_attr(const struct rill_queue_attr *attr, int64_t ret[SETTINGS]) {
  const int64_t values[] = {
#define RILL_SETTING(name, path, ...) (int64_t) attr->path,
#include "settings.def"
  };
  memcpy(ret, values, sizeof values);
}

static void of_queue(const struct rilli_geometry *has, int64_t ret[SETTINGS]) {
  const int64_t values[] = {
#define RILL_SETTING(name, ...) (int64_t) has->name,
#include "settings.def"
  };
  memcpy(ret, values, sizeof values);
}

static const char *in_words(const struct setting *setting, int64_t value, char text[64]) {
  const char *word = setting->words, *end = strchrnul(word, '|');
  switch (setting->type) {
  case NS:
    (void)snprintf(text, 64, "%g s", (double)value / 1e9);
    break;
  case CHOICE:
  case FLAGS: /* value: the number of one of them */
    for (; value > 0 && *end; value--) {
      word = end + 1;
      end = strchrnul(word, '|');
    }
    (void)snprintf(text, 64, "%.*s", (int)(end - word), word);
    break;
  default:
    (void)snprintf(text, 64, "%lld%s", (long long)value, setting->type == BYTES ? " bytes" : "");
  }
  return text;
}

int rilli_settings_check(const char *name, const struct rill_queue_attr *attr) {
  int64_t values[SETTINGS];
  of_attr(attr, values);
  for (size_t i = 0; i < SETTINGS; i++)
    if (values[i] < 0 || values[i] > settings[i].most)
      return rilli_fail(EINVAL, "rill_queue_attr for '%s': %s is %lld: it is from 0 to %lld%s%s",
                        name, settings[i].name, (long long)values[i], (long long)settings[i].most,
                        *settings[i].words ? ", " : "", settings[i].words);
  return 0;
}

static uint64_t round_up(uint64_t capacity) {
  uint64_t rounded = RILLI_MIN_CAPACITY;
  while (rounded < capacity && rounded < RILLI_MAX_CAPACITY)
    rounded *= 2;
  return rounded;
}

void rilli_settings_complete(struct rill_queue_attr *attr) {
#define RILL_SETTING(name, path, type, words, compare, least, most, standard, ...)                 \
  if (attr->path == 0)                                                                             \
    attr->path = standard;
#include "settings.def"
  attr->capacity = round_up(attr->capacity);
  if (attr->max_message == 0)
    attr->max_message = rilli_usual_message(attr->capacity);
}

void rilli_settings_plan(const struct rill_queue_attr *attr, struct rilli_identity *page) {
#define RILL_SETTING(name, path, ...) page->name = attr->path;
#include "settings.def"
}

static int compare(const struct setting *setting, int64_t has, int64_t asked, int is_asked) {
  char text[2][64];
  if (setting->rule == BITS) {
    for (int bit = 0; bit < 32; bit++)
      if (asked & ~has & INT64_C(1) << bit)
        return rilli_fail(EEXIST, "it exists without %s", in_words(setting, bit, text[0]));
    return 0;
  }
  if (!is_asked || asked == has)
    return 0;
  return rilli_fail(EEXIST, "it exists with %s %s, not %s", setting->name,
                    in_words(setting, has, text[0]), in_words(setting, asked, text[1]));
}

int rilli_settings_compare(const struct rilli_geometry *has, const struct rill_queue_attr *attr) {
  struct rill_queue_attr rounded = *attr;
  int64_t asked[SETTINGS], there[SETTINGS];
  if (attr->capacity)
    rounded.capacity = round_up(attr->capacity);
  of_attr(&rounded, asked);
  of_queue(has, there);
  int code = 0;
  for (size_t i = 0; code == 0 && i < SETTINGS; i++)
    if (settings[i].rule != TYPE)
      code = compare(&settings[i], there[i], asked[i],
                     settings[i].rule == NODE ? attr->numa == RILL_NUMA_NODE : asked[i] != 0);
  return code;
}

void rilli_settings_stat(const struct rilli_geometry *has, struct rill_queue_stat *ret) {
#define RILL_SETTING(name, path, ...) ret->path = has->name;
#include "settings.def"
}

uint32_t rilli_settings_pack(const struct rill_queue_attr *attr, uint64_t *ret, uint32_t room) {
  const uint64_t values[] = {
#define RILL_SETTING(name, path, ...) (uint64_t) attr->path,
#define RILL_FILE_SETTING(path, ...) (uint64_t) attr->path,
#include "settings.def"
  };
  const size_t all = sizeof values / sizeof values[0], count = all < room ? all : room;
  memcpy(ret, values, count * sizeof values[0]);
  return (uint32_t)count;
}

int rilli_settings_unpack(const uint64_t *values, uint32_t count, struct rill_queue_attr *ret) {
  uint32_t i = 0;
#define TAKE(path)                                                                                 \
  if (i < count) {                                                                                 \
    ret->path = (__typeof__(ret->path))values[i];                                                  \
    if ((uint64_t)ret->path != values[i++])                                                        \
      return rilli_fail(EINVAL, "%s is out of range", #path);                                      \
  }
#define RILL_SETTING(name, path, ...) TAKE(path)
#define RILL_FILE_SETTING(path, ...) TAKE(path)
#include "settings.def"
  for (; i < count; i++)
    if (values[i])
      return rilli_fail(E2BIG, "attribute %u of a queue is not known here: the registry is older",
                        i);
  return 0;
}
