/* SPDX-License-Identifier: MIT */
/* observe.c - opens one queue for reading: by its name, or as a copied pair of segment files
 * (--file). */
#include "cli.h"

#include <stdlib.h>
#include <string.h>

int cli_name_or_file(const struct verb *verb, const char *file, int count, bool needed) {
  if (file && count)
    return cli_usage("%s: take one of QUEUE and --file", verb->name);
  if (needed && !file && !count)
    return cli_usage("%s: missing QUEUE; usage: rill %s QUEUE, or --file CONTROL,DATA", verb->name,
                     verb->name);
  return 0;
}

int cli_paths(const char *file, char **ret_control, char **ret_data) {
  const char *comma = strchr(file, ',');
  if (!comma || comma == file || !comma[1] || strchr(comma + 1, ','))
    return cli_usage("--file takes the paths of the control and the data file with a comma "
                     "between them, not '%s'",
                     file);
  *ret_control = strndup(file, (size_t)(comma - file));
  *ret_data = strdup(comma + 1);
  if (*ret_control && *ret_data)
    return 0;
  free(*ret_control);
  free(*ret_data);
  return cli_fail("out of memory");
}

static int open_files(rill_context *context, const char *file, rill_queue **ret) {
  char *control, *data;
  int status = cli_paths(file, &control, &data);
  if (status)
    return status;
  int r = rill_queue_open_files(context, control, data, ret);
  free(control);
  free(data);
  return r < 0 ? cli_fail_library(r) : 0;
}

int cli_observe_one(const struct cli *cli, const struct verb *verb, const char *file, int count,
                    char **operands, struct observed *ret) {
  *ret = (struct observed){.context = NULL};
  int status = cli_name_or_file(verb, file, count, true);
  if (!status)
    status = cli_context(cli, &ret->context);
  if (status)
    return status;
  if (file) {
    status = open_files(ret->context, file, &ret->queue);
  } else {
    int r = cli_observe(ret->context, operands[0], &ret->queue);
    status = r < 0 ? cli_fail_library(r) : 0;
  }
  if (status)
    cli_observed_close(ret);
  return status;
}

void cli_observed_close(struct observed *observed) {
  rill_queue_close(observed->queue);
  rill_context_close(observed->context);
  *observed = (struct observed){.context = NULL};
}
