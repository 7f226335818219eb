/* SPDX-License-Identifier: MIT */
/* rm.c - rill rm: removes queues, or groups of them. */
#include "cli.h"
#include "groups.h"

#include <errno.h>

static bool force;
static struct text_list groups;

static int judge(int code) {
  return code == 0 || (force && code == -ENOENT) ? STATUS_DONE : cli_fail_library(code);
}

static int run(struct cli *cli, int count, char **operands) {
  rill_context *context;
  int status = cli_context(cli, &context);
  if (status)
    return status;
  for (int i = 0; i < count; i++) {
    const char *name = operands[i];
    int removed = groups.count ? groups_remove(context, name, groups.items, groups.count, force)
                               : judge(rill_queue_unlink(context, name));
    status = removed ? removed : status;
  }
  rill_context_close(context);
  return status;
}

static const struct option options[] = {
    OPTION_LIST("group", 'g', "GROUP", &groups,
                "remove this group, which no living reader may have, and leave the queue, as rill "
                "group rm does. May be given many times"),
    OPTION_FLAG("force", 'f', &force, "what does not exist is no failure"),
    OPTION_END,
};

const struct verb verb_rm = {
    .name = "rm",
    .also = "remove delete del unlink drop",
    .operands = "QUEUE...",
    .least = 1,
    .most = -1,
    .summary = "remove queues, or groups of them",
    .about = "Removes each queue. Its name is free at once; who still has it open is told so at "
             "the next call that looks, and its memory goes with the last of them. A damaged "
             "queue is removed too. One that cannot be removed is reported, and the others are "
             "removed all the same.",
    .options = options,
    .run = run,
};
