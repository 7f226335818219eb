/* SPDX-License-Identifier: MIT */
/* interface.c - prints share/rill/interface.json: what a binding needs of the headers that it
 * cannot call for. The constants, the structs with their fields, the attributes of a queue, and the
 * figures of queues and groups. */
#include <rill/rill.h>

#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>

static const char *comma = "";

/* The next one of a list. */
static void next(const char *key) {
  printf("%s\n    \"%s\": ", comma, key);
  comma = ",";
}

static void list(const char *key) {
  printf("%s\n  \"%s\": {", comma, key);
  comma = "";
}

static void end_list(void) {
  printf("\n  }");
  comma = ",";
}

static void constant(const char *name, long long value) {
  next(name);
  printf("%lld", value);
}

static void constants(void) {
  list("constants");
  constant("RILL_NOW", RILL_NOW);
  constant("RILL_FOREVER", RILL_FOREVER);
#define CONSTANT(name) constant(#name, name);
#define STRUCT(name)
#define FIELD(within, name)
#include "interface.inc"
#undef CONSTANT
#undef STRUCT
#undef FIELD
  end_list();
}

static void structs(void) {
  const char *end = "";
  list("structs");
#define CONSTANT(name)
#define STRUCT(name)                                                                               \
  printf("%s", end);                                                                               \
  next(#name);                                                                                     \
  printf("{\"size\": %zu, \"fields\": {", sizeof(struct name));                                    \
  end = "}}";                                                                                      \
  comma = "";
#define FIELD(within, name)                                                                        \
  printf("%s\n      \"" #name "\": {\"offset\": %zu, \"size\": %zu}", comma,                       \
         offsetof(struct within, name), sizeof(((struct within *)0)->name));                       \
  comma = ",";
#include "interface.inc"
  printf("%s", end);
  end_list();
}

/* The help of a line has no characters that JSON would have to escape. */
static void described(const char *name, const char *type, const char *words, const char *since,
                      const char *help) {
  next(name);
  printf("{\"type\": \"%s\", \"words\": \"%s\", \"since\": \"%s\", \"help\": \"%s\"", type, words,
         since, help);
}

static void attributes(void) {
  list("attributes");
#define RILL_SETTING(name, path, type, words, compare, least, most, standard, section, verbs,      \
                     option, since, help)                                                          \
  described(#path, #type, words, since, help);                                                     \
  printf(", \"most\": %" PRId64 ", \"standard\": %" PRId64 "}", (int64_t)(most),                   \
         (int64_t)(standard));
#define RILL_FILE_SETTING(path, option, since, help)                                               \
  described(#path, "COUNT", "", since, help);                                                      \
  printf("}");
#include "settings.def"
  end_list();
}

static void figures(void) {
  list("queue_figures");
#define RILL_QUEUE_FIGURE(field, key, type, words, metric, section, source, word, since, help)     \
  described(#field, #type, words, since, help);                                                    \
  printf(", \"metric\": \"%s\"}", #metric);
#include "counters.def"
  end_list();
  list("group_figures");
#define RILL_GROUP_FIGURE(field, key, type, words, metric, section, column, source, word, since,   \
                          help)                                                                    \
  described(#field, #type, words, since, help);                                                    \
  printf(", \"metric\": \"%s\"}", #metric);
#include "counters.def"
  end_list();
}

int main(void) {
  printf("{\n  \"version\": \"%s\"", RILL_VERSION);
  comma = ",";
  constants();
  structs();
  attributes();
  figures();
  printf("\n}\n");
  return 0;
}
