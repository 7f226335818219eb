/* SPDX-License-Identifier: MIT */
/* options.c - parses options of the command line with the tables of options.h.
 *
 * Long options as --name VALUE or --name=VALUE, short ones as -n VALUE or -nVALUE; short flags
 * may stand together, as -fqn 5. Error texts say what would be right. */
#include "options.h"

#include "suggest.h"
#include "units.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct option *nearest_option(const struct option *const tables[], const char *name) {
  struct suggestion suggestion = {.typed = name};
  for (size_t t = 0; tables[t]; t++)
    for (const struct option *option = tables[t]; option->name; option++)
      if (option->help)
        suggest(&suggestion, option->name, option);
  return suggestion.meant;
}

static const struct option *find(const struct option *const tables[], const char *name, size_t size,
                                 char letter) {
  for (size_t t = 0; tables[t]; t++)
    for (const struct option *option = tables[t]; option->name; option++)
      if (letter ? option->letter == letter
                 : strlen(option->name) == size && !memcmp(option->name, name, size))
        return option;
  return NULL;
}

static void say(const char *verb) {
  fprintf(stderr, "rill: %s%s", verb ? verb : "", verb ? ": " : "");
}

static int unknown_option(const struct option *const tables[], const char *verb, const char *word,
                          const char *name) {
  const struct option *nearest = nearest_option(tables, name);
  say(verb);
  fprintf(stderr, "unknown option '%s'", word);
  uint64_t number;
  if (nearest)
    fprintf(stderr, "; did you mean '--%s'?\n", nearest->name);
  else if (find(tables, "", 0, 'n') && parse_count(word + 1, &number)) /* as of head -5 */
    fprintf(stderr, "; did you mean '-n %s'?\n", word + 1);
  else
    fprintf(stderr, "; see 'rill %s%s--help'\n", verb ? verb : "", verb ? " " : "");
  return -1;
}

static bool take_choice(const struct option *option, const char *text) {
  size_t size = strlen(text);
  int place = 0;
  for (const char *word = option->value; word; place++) {
    const char *end = strchrnul(word, '|');
    if ((size_t)(end - word) == size && !memcmp(word, text, size)) {
      if (option->kind == OPTION_KIND_CHOICE32)
        *option->to.number32 = (uint32_t)place;
      else
        *option->to.choice = place;
      return true;
    }
    word = *end ? end + 1 : NULL;
  }
  return false;
}

static bool take_list(struct text_list *list, const char *text) {
  const char **items = reallocarray(list->items, list->count + 1, sizeof *items);
  if (!items)
    return false;
  list->items = items;
  items[list->count++] = text;
  return true;
}

static bool take_number32(const struct option *option, const char *text) {
  uint64_t number;
  if (option->kind == OPTION_KIND_MODE ? !parse_mode(text, &number) : !parse_count(text, &number))
    return false;
  if (number > UINT32_MAX)
    return false;
  *option->to.number32 = (uint32_t)number;
  return true;
}

static bool take_value(const struct option *option, const char *text) {
  switch (option->kind) {
  case OPTION_KIND_TEXT:
    *option->to.text = text;
    return true;
  case OPTION_KIND_LIST:
    return take_list(option->to.list, text);
  case OPTION_KIND_SIZE:
    return parse_size(text, option->to.number);
  case OPTION_KIND_DURATION:
    return parse_duration(text, option->to.duration);
  case OPTION_KIND_COUNT:
    return parse_count(text, option->to.number);
  case OPTION_KIND_COUNT32:
  case OPTION_KIND_MODE:
    return take_number32(option, text);
  case OPTION_KIND_CHOICE:
  case OPTION_KIND_CHOICE32:
    return take_choice(option, text);
  case OPTION_KIND_FLAG:
    break;
  }
  return false;
}

static const char *expected(const struct option *option) {
  switch (option->kind) {
  case OPTION_KIND_SIZE:
    return "a size such as " SIZE_EXAMPLES;
  case OPTION_KIND_DURATION:
    return "a duration such as " DURATION_EXAMPLES;
  case OPTION_KIND_COUNT:
  case OPTION_KIND_COUNT32:
    return "a number";
  case OPTION_KIND_MODE:
    return "permission bits in octal, such as 0640";
  default:
    return option->value;
  }
}

/* Splits words[0] into the option's name and the value that is written with it. */
static const struct option *split(const struct option *const tables[], const char *word,
                                  char name[64], const char **ret_value) {
  bool is_long = word[1] == '-';
  const char *start = word + (is_long ? 2 : 1);
  size_t size = is_long ? strcspn(start, "=") : 1;
  snprintf(name, 64, "%.*s", (int)(size < 63 ? size : 63), start);
  if (start[size])
    *ret_value = start + size + (is_long ? 1 : 0);
  return find(tables, start, size, is_long ? 0 : start[0]);
}

int options_take(const struct option *const tables[], const char *verb, char **words) {
  char name[64];
  const char *value = NULL;
  const struct option *option = split(tables, words[0], name, &value);
  if (!option)
    return unknown_option(tables, verb, words[0], name);
  if (option->kind == OPTION_KIND_FLAG) {
    if (value && words[0][1] != '-' && *value != '-') { /* -fn 5: -n 5 is left */
      *option->to.flag = true;
      *++words[0] = '-';
      return 0;
    }
    if (value) {
      say(verb);
      fprintf(stderr, "--%s takes no value\n", option->name);
      return -1;
    }
    *option->to.flag = true;
    return 1;
  }
  int taken = value ? 1 : 2;
  if (!value)
    value = words[1];
  if (!value) {
    say(verb);
    fprintf(stderr, "--%s takes a value: %s\n", option->name, expected(option));
    return -1;
  }
  if (take_value(option, value)) {
    if (option->given)
      *option->given = true;
    return taken;
  }
  say(verb);
  fprintf(stderr, "--%s takes %s, not '%s'\n", option->name, expected(option), value);
  return -1;
}
