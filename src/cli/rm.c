/* SPDX-License-Identifier: MIT */
/* rm.c - rill rm: removes queues, or groups of them. It asks before it removes queues that a
 * pattern matches, as the user did not name each of them. */
#include "cli.h"
#include "groups.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

static bool force, yes;
static struct text_list groups;

/* The matches of the patterns among the operands; the names are allocated. */
struct matches {
  char **names;
  size_t count;
  size_t earlier; /* how many are from earlier patterns; each name is listed once */
};

static bool is_pattern(const char *operand) {
  return strpbrk(operand, "*?[") != NULL;
}

static int take_name(const char *name, void *argument) {
  struct matches *matches = argument;
  for (size_t i = 0; i < matches->earlier; i++)
    if (!strcmp(matches->names[i], name))
      return 0;
  char **names = reallocarray(matches->names, matches->count + 1, sizeof *names);
  if (!names)
    return -ENOMEM;
  matches->names = names;
  names[matches->count] = strdup(name);
  return names[matches->count++] ? 0 : -ENOMEM;
}

/* Returns how many queues match, or a negative errno value. */
static int match(rill_context *context, const char *pattern, struct matches *matches) {
  matches->earlier = matches->count;
  return rill_queue_list(context, pattern, take_name, matches);
}

static void forget(struct matches *matches) {
  for (size_t i = 0; i < matches->count; i++)
    free(matches->names[i]);
  free(matches->names);
}

/* Asks on the terminal whether to continue. */
static bool agreed(const struct matches *matches) {
  enum { SHOWN = 20 };
  char answer[8] = "";
  for (size_t i = 0; i < matches->count && i < SHOWN; i++)
    fprintf(stderr, "  %s\n", matches->names[i]);
  if (matches->count > SHOWN)
    fprintf(stderr, "  and %zu more\n", matches->count - SHOWN);
  if (groups.count)
    fprintf(stderr, "Remove %zu group%s from these %zu queues? [y/N] ", groups.count,
            groups.count == 1 ? "" : "s", matches->count);
  else
    fprintf(stderr, "Remove these %zu queues? [y/N] ", matches->count);
  if (!fgets(answer, sizeof answer, stdin))
    putc('\n', stderr);
  answer[strcspn(answer, "\n")] = 0;
  return !strcasecmp(answer, "y") || !strcasecmp(answer, "yes");
}

/* A missing queue is a failure if it was given by its name; one that a pattern matched may have
 * been removed since. */
static int remove_one(rill_context *context, const char *name, bool may_be_gone) {
  if (groups.count)
    return groups_remove(context, name, groups.items, groups.count, force);
  int r = rill_queue_unlink(context, name);
  return r == 0 || (may_be_gone && r == -ENOENT) ? STATUS_DONE : cli_fail_library(r);
}

static int remove_all(rill_context *context, int count, char **operands,
                      const struct matches *matches) {
  int status = STATUS_DONE;
  for (int i = 0; i < count; i++) {
    int removed = is_pattern(operands[i]) ? 0 : remove_one(context, operands[i], force);
    status = removed ? removed : status;
  }
  for (size_t i = 0; i < matches->count; i++) {
    int removed = remove_one(context, matches->names[i], true);
    status = removed ? removed : status;
  }
  return status;
}

/* Finds what the patterns match, asks, and removes. */
static int find_and_remove(rill_context *context, int count, char **operands,
                           struct matches *matches) {
  int status = STATUS_DONE;
  for (int i = 0; i < count; i++) {
    int n = is_pattern(operands[i]) ? match(context, operands[i], matches) : 1;
    if (n < 0)
      return cli_fail_library(n);
    if (n == 0 && !force)
      status = cli_fail("no queue here matches '%s'", operands[i]);
  }
  if (matches->count > 1 && !yes && !agreed(matches))
    return cli_fail("rm: nothing was removed");
  int removed = remove_all(context, count, operands, matches);
  return removed ? removed : status;
}

static int run(struct cli *cli, int count, char **operands) {
  struct matches matches = {.names = NULL};
  rill_context *context;
  bool can_ask = isatty(STDIN_FILENO) && isatty(STDERR_FILENO);
  for (int i = 0; i < count; i++)
    if (is_pattern(operands[i]) && !yes && !can_ask)
      return cli_usage("rm: '%s' is a pattern, and there is no terminal to ask on: nothing was "
                       "removed; --yes removes what matches",
                       operands[i]);
  int status = cli_context(cli, &context);
  if (status)
    return status;
  status = find_and_remove(context, count, operands, &matches);
  forget(&matches);
  rill_context_close(context);
  return status;
}

static const struct option options[] = {
    OPTION_LIST("group", 'g', "GROUP", &groups,
                "remove this group, which no living reader may have, and leave the queue, as rill "
                "group rm does. May be given many times"),
    OPTION_FLAG("yes", 'y', &yes, "remove what the patterns match without asking"),
    OPTION_FLAG("force", 'f', &force,
                "a missing queue or group is not a failure; rm still asks, unless --yes is given"),
    OPTION_END,
};

const struct verb verb_rm = {
    .name = "rm",
    .also = "remove delete del unlink drop",
    .operands = "QUEUE|PATTERN...",
    .least = 1,
    .most = -1,
    .summary = "remove queues, or groups of them",
    .about =
        "Removes each queue. Its name is free immediately; a process that still has it open learns "
        "of it at the next call that waits or finds nothing, and its memory goes with the last of "
        "them. A damaged queue is removed too. One that cannot be removed is reported, and the "
        "others are removed all the same.\n\n"
        "An operand with *, ? or [ is a pattern, as of ls (* matches / as well; quote it, so that "
        "the shell leaves it alone), and stands for all queues that match. If these are more than "
        "one, rm shows them and asks on the terminal; y or yes removes them, any other answer "
        "removes nothing, and is a failure. Without a terminal a pattern needs --yes, however many "
        "queues match.",
    .options = options,
    .run = run,
};
