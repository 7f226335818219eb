/* SPDX-License-Identifier: MIT */
/* version.c - rill version: prints the versions of the inspector and of the library it runs
 * with. */
#include "cli.h"
#include "json.h"

static bool json_wanted;

static int run(struct cli *cli, int count, char **operands) {
  (void)count;
  (void)operands;
  if (json_wanted)
    return json_print(cli->out,
                      json_pack("{s:s, s:s}", "version", RILL_VERSION, "library", rill_version()));
  fprintf(cli->out, "rill %s (library %s)\n", RILL_VERSION, rill_version());
  return STATUS_DONE;
}

static const struct option options[] = {
    OPTION_FLAG("json", 0, &json_wanted, "an object: version, library"),
    OPTION_END,
};

const struct verb verb_version = {
    .name = "version",
    .operands = "",
    .summary = "say which version this is",
    .about = "Says the version of the inspector and of the library that it runs with.",
    .options = options,
    .run = run,
};
