/* SPDX-License-Identifier: MIT */
/* verbs.c - the table of all verbs, and finding one by its name. */
#include "cli.h"
#include "suggest.h"

#include <string.h>

static const struct verb *const verbs[] = {
    &verb_create, &verb_ls,      &verb_stat, &verb_pub,   &verb_sub, &verb_tail,
    &verb_rm,     &verb_group,   &verb_gc,   &verb_watch, &verb_why, &verb_doctor,
    &verb_bench,  &verb_version, &verb_help, NULL,
};

const struct option no_options[] = {OPTION_END};

const struct verb *const *verbs_of(const struct verb *group) {
  return group ? group->verbs : verbs;
}

const struct verb *verb_at(size_t index) {
  for (const struct verb *const *verb = verbs; *verb; verb++) {
    if (index-- == 0)
      return *verb;
    for (const struct verb *const *inner = (*verb)->verbs; inner && *inner; inner++)
      if (index-- == 0)
        return *inner;
  }
  return NULL;
}

const char *verb_word(const struct verb *verb) {
  const char *space = strrchr(verb->name, ' ');
  return space ? space + 1 : verb->name;
}

static void suggest_verb(struct suggestion *suggestion, const struct verb *verb) {
  char also[128];
  snprintf(also, sizeof also, "%s", verb->also ? verb->also : "");
  suggest(suggestion, verb_word(verb), verb);
  for (char *word = strtok(also, " "); word; word = strtok(NULL, " "))
    suggest(suggestion, word, verb);
}

/* `name` is not a verb of the group: reports which one may have been meant. A name that is not
 * a verb of rill itself may be one of a group. */
static void say_unknown(const struct verb *group, const char *name) {
  struct suggestion suggestion = {.typed = name};
  const struct verb *verb;
  for (const struct verb *const *of = verbs_of(group); *of; of++)
    suggest_verb(&suggestion, *of);
  for (size_t i = 0; !group && !suggestion.meant && (verb = verb_at(i)); i++)
    suggest_verb(&suggestion, verb);
  const char *before = group ? group->name : "", *space = group ? " " : "";
  if ((verb = suggestion.meant))
    cli_note("unknown verb '%s%s%s'; did you mean '%s'?", before, space, name, verb->name);
  else
    cli_note("unknown verb '%s%s%s'; 'rill help%s%s' lists them", before, space, name, space,
             before);
}

const struct verb *verb_find(const struct verb *group, const char *name) {
  for (const struct verb *const *verb = verbs_of(group); *verb; verb++)
    if (!strcmp(verb_word(*verb), name))
      return *verb;
  say_unknown(group, name);
  return NULL;
}
