/* SPDX-License-Identifier: MIT */
/* rm.c - rill rm: removes queues, or groups of them. */
#include "cli.h"

#include <errno.h>

static bool force;
static struct text_list groups;

static int judge(int code) {
  return code == 0 || (force && code == -ENOENT) ? STATUS_DONE : cli_fail_library(code);
}

static int remove_groups(rill_context *context, const char *name) {
  rill_queue *queue;
  int status = STATUS_DONE;
  int r = rill_queue_open(context, name, 0, NULL, RILL_NOW, &queue);
  if (r < 0)
    return judge(r);
  for (size_t i = 0; i < groups.count; i++) {
    int judged = judge(rill_group_unlink(queue, groups.items[i]));
    status = judged ? judged : status;
  }
  rill_queue_close(queue);
  return status;
}

static int run(struct cli *cli, int count, char **operands) {
  rill_context *context;
  int status = cli_context(cli, &context);
  if (status)
    return status;
  for (int i = 0; i < count; i++) {
    const char *name = operands[i];
    int removed =
        groups.count ? remove_groups(context, name) : judge(rill_queue_unlink(context, name));
    status = removed ? removed : status;
  }
  rill_context_close(context);
  return status;
}

static const struct option options[] = {
    OPTION_LIST("group", 'g', "GROUP", &groups,
                "remove this group, which no living reader may have, and leave the queue: it "
                "holds no messages for it any longer. May be given many times"),
    OPTION_FLAG("force", 'f', &force, "what does not exist is no failure"),
    OPTION_END,
};

const struct verb verb_rm = {
    .name = "rm",
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
