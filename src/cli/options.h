/* SPDX-License-Identifier: MIT */
/* options.h - the table of options of a verb, from which the parser, --help and the man page are
 * made.
 *
 * A table is an array of struct option, made with the macros below (which check the type of
 * where the value goes) and ended with OPTION_END. If an option is not given, its value is as
 * it was initialised. */
#ifndef OPTIONS_H
#define OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum option_kind {
  OPTION_KIND_FLAG, /* no value                                            */
  OPTION_KIND_TEXT,
  OPTION_KIND_LIST,     /* text, may be given many times                       */
  OPTION_KIND_SIZE,     /* bytes (units.h)                                      */
  OPTION_KIND_DURATION, /* nanoseconds (units.h)                                */
  OPTION_KIND_COUNT,
  OPTION_KIND_COUNT32,
  OPTION_KIND_MODE,    /* permission bits, octal                              */
  OPTION_KIND_CHOICE,  /* one of the words of `value`: its place among them   */
  OPTION_KIND_CHOICE32 /* the same, stored in number32 */
};

struct text_list {
  const char **items;
  size_t count;
};

struct option {
  const char *name; /* without the dashes                                      */
  char letter;      /* of the short form; 0: none                              */
  enum option_kind kind;
  const char *value; /* its name in --help; the words of a choice: "this|that"  */
  union {
    bool *flag;
    const char **text;
    struct text_list *list;
    uint64_t *number;
    uint32_t *number32;
    int64_t *duration;
    int *choice;
  } to;
  const char *help; /* NULL: left out of --help and the man page               */
  bool *given;      /* NULL, or set to true when the option is given */
};

#define OPTION_FLAG(name, letter, p, help)                                                         \
  { name, letter, OPTION_KIND_FLAG, NULL, {.flag = p}, help, NULL }
#define OPTION_TEXT(name, letter, value, p, help)                                                  \
  { name, letter, OPTION_KIND_TEXT, value, {.text = p}, help, NULL }
#define OPTION_LIST(name, letter, value, p, help)                                                  \
  { name, letter, OPTION_KIND_LIST, value, {.list = p}, help, NULL }
#define OPTION_SIZE(name, p, help)                                                                 \
  { name, 0, OPTION_KIND_SIZE, "SIZE", {.number = p}, help, NULL }
#define OPTION_DURATION(name, p, help)                                                             \
  { name, 0, OPTION_KIND_DURATION, "DURATION", {.duration = p}, help, NULL }
#define OPTION_COUNT(name, letter, p, help)                                                        \
  { name, letter, OPTION_KIND_COUNT, "N", {.number = p}, help, NULL }
#define OPTION_COUNT32(name, p, help)                                                              \
  { name, 0, OPTION_KIND_COUNT32, "N", {.number32 = p}, help, NULL }
#define OPTION_MODE(name, p, help)                                                                 \
  { name, 0, OPTION_KIND_MODE, "MODE", {.number32 = p}, help, NULL }
#define OPTION_CHOICE(name, words, p, help)                                                        \
  { name, 0, OPTION_KIND_CHOICE, words, {.choice = p}, help, NULL }
#define OPTION_END                                                                                 \
  { .name = NULL }

/* Parses the option at words[0], and its value if that is words[1], with one of the tables
 * (NULL at the end of them). verb is for the error texts; NULL: no verb yet. Returns how many
 * words it used, or -1 after reporting the error on stderr; 0: words[0] was a flag with other
 * short options behind it; words[0] is now those. */
int options_take(const struct option *const tables[], const char *verb, char **words);

#endif
