/* SPDX-License-Identifier: MIT */
/* group.c - rill group: declares, lists and removes the groups of a queue. */
#include "cli.h"
#include "groups.h"
#include "json.h"
#include "reader.h"
#include "stat.h"

static const char *from = "oldest";
static bool force, json_wanted, names_wanted, quiet;

static int declare(struct cli *cli, int count, char **operands) {
  struct rill_consumer_attr attr = {.size = sizeof attr};
  rill_context *context;
  rill_queue *queue;
  int status = reader_start("group declare", from, &attr);
  if (!status)
    status = cli_context(cli, &context);
  if (status)
    return status;
  int r = rill_queue_open(context, operands[0], 0, NULL, RILL_NOW, &queue);
  rill_context_close(context);
  if (r < 0)
    return cli_fail_library(r);
  for (int i = 1; i < count; i++) {
    int declared = groups_declare(queue, operands[0], operands[i], &attr, quiet);
    status = declared ? declared : status;
  }
  rill_queue_close(queue);
  return status;
}

static int print_names(FILE *out, rill_queue *queue) {
  struct rill_group_stat group = {.size = sizeof group};
  int r;
  for (uint32_t index = 0; (r = rill_group_read_stat(queue, &index, &group)) == 1;)
    if (*group.name)
      fprintf(out, "%s\n", group.name);
  return r < 0 ? cli_fail_library(r) : STATUS_DONE;
}

static int print(const struct cli *cli, rill_queue *queue, const char *queue_name) {
  struct rill_group_stat group = {.size = sizeof group};
  uint32_t index = 0;
  if (names_wanted)
    return print_names(cli->out, queue);
  if (json_wanted)
    return json_print(cli->out, json_groups(queue));
  int r = rill_group_read_stat(queue, &index, &group);
  if (r == 1)
    return stat_print_groups(cli->out, queue);
  if (r < 0)
    return cli_fail_library(r);
  cli_note("%s has no groups", queue_name);
  return STATUS_DONE;
}

static int list(struct cli *cli, int count, char **operands) {
  rill_context *context;
  rill_queue *queue;
  (void)count;
  if (names_wanted && json_wanted)
    return cli_usage("group ls: take one of --names and --json");
  int status = cli_context(cli, &context);
  if (status)
    return status;
  int r = cli_observe(context, operands[0], &queue);
  rill_context_close(context);
  if (r < 0)
    return cli_fail_library(r);
  status = print(cli, queue, operands[0]);
  rill_queue_close(queue);
  return status;
}

static int remove_groups(struct cli *cli, int count, char **operands) {
  rill_context *context;
  int status = cli_context(cli, &context);
  if (status)
    return status;
  status = groups_remove(context, operands[0], (const char *const *)operands + 1, (size_t)count - 1,
                         force);
  rill_context_close(context);
  return status;
}

static const struct option declare_options[] = {
    OPTION_TEXT("from", 0, "oldest|latest|SEQUENCE", &from,
                "where a new group starts: at the oldest message that is still there (default), at "
                "the next one that is published, or at that one. A group that exists stays where "
                "it is"),
    OPTION_FLAG("quiet", 'q', &quiet, "report failures alone"),
    OPTION_END,
};

static const struct verb group_declare = {
    .name = "group declare",
    .also = "create add make new",
    .operands = "QUEUE GROUP...",
    .least = 2,
    .most = -1,
    .summary = "make groups that the queue keeps, before their readers come",
    .about = "Makes groups of a queue that exists. They are kept: a reliable queue holds each "
             "message until all of them have read it, whether a reader is there or not, as with "
             "create --group and sub --keep. rill group rm removes one.\n\n"
             "If the group exists and is kept, this is reported, and is not a failure. One that "
             "exists and ends with its reader is a failure.",
    .options = declare_options,
    .run = declare,
};

static const struct option list_options[] = {
    OPTION_FLAG("names", 0, &names_wanted, "print the names alone, a line each"),
    OPTION_FLAG("json", 0, &json_wanted, "an array of objects, the groups of stat"),
    OPTION_END,
};

static const struct verb group_ls = {
    .name = "group ls",
    .also = "list show stat",
    .operands = "QUEUE",
    .least = 1,
    .most = 1,
    .summary = "list the groups of a queue",
    .about = "Lists the groups of a queue, as stat does: how far each is behind in messages, bytes "
             "and time, how often it slept and what it lost. - is a group without a name.",
    .options = list_options,
    .run = list,
};

static const struct option rm_options[] = {
    OPTION_FLAG("force", 'f', &force, "a missing group is not a failure"),
    OPTION_END,
};

static const struct verb group_rm = {
    .name = "group rm",
    .also = "remove delete del unlink",
    .operands = "QUEUE GROUP...",
    .least = 2,
    .most = -1,
    .summary = "remove groups of a queue",
    .about = "Removes groups that no living reader has: the queue holds no messages for them any "
             "longer. One that cannot be removed is reported, and the others are removed all the "
             "same. rill rm --group does this for several queues.",
    .options = rm_options,
    .run = remove_groups,
};

static const struct verb *const verbs[] = {&group_declare, &group_ls, &group_rm, NULL};

const struct verb verb_group = {
    .name = "group",
    .also = "groups subscription consumer",
    .operands = "VERB",
    .summary = "declare, list and remove the groups of a queue",
    .about = "A group is a place in a queue from which its reader takes messages (rill sub "
             "--group). Each group gets every message.",
    .options = no_options,
    .verbs = verbs,
};
