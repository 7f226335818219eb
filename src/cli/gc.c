/* SPDX-License-Identifier: MIT */
/* gc.c - rill gc: reclaims what dead processes left in the namespace. */
#include "cli.h"
#include "json.h"
#include "units.h"

static bool dry_run, json_wanted, quiet;

struct collected {
  FILE *out;
  json_t *items; /* NULL: print instead */
  uint64_t bytes;
};

static void collect(const struct rill_gc_item *item, void *argument) {
  struct collected *collected = argument;
  char size[UNITS_TEXT];
  collected->bytes += item->bytes;
  if (collected->items)
    json_array_append_new(collected->items,
                          json_pack("{s:s, s:s, s:I}", "name", item->name, "what", item->what,
                                    "bytes", (json_int_t)item->bytes));
  else if (item->bytes)
    fprintf(collected->out, "%s: %s, %s\n", item->name, item->what, format_size(size, item->bytes));
  else
    fprintf(collected->out, "%s: %s\n", item->name, item->what);
}

static int report(struct collected *collected) {
  if (!json_wanted)
    return STATUS_DONE;
  return json_print(collected->out,
                    json_pack("{s:b, s:I, s:o}", "dry_run", dry_run, "bytes",
                              (json_int_t)collected->bytes, "reclaimed", collected->items));
}

static int run(struct cli *cli, int count, char **operands) {
  (void)count;
  (void)operands;
  rill_context *context;
  int status = cli_context(cli, &context);
  if (status)
    return status;
  struct collected collected = {.out = cli->out, .items = json_wanted ? json_array() : NULL};
  int n = rill_queue_gc(context, dry_run ? RILL_GC_DRY_RUN : 0, collect, &collected);
  status = n < 0 ? cli_fail_library(n) : report(&collected);
  char size[UNITS_TEXT];
  if (n == 0 && !quiet)
    cli_note("nothing to reclaim");
  else if (n > 0 && !quiet)
    cli_note("%d %s %s, %s", n, n == 1 ? "thing" : "things",
             dry_run ? "would be reclaimed" : "reclaimed", format_size(size, collected.bytes));
  rill_context_close(context);
  return status;
}

static const struct option options[] = {
    OPTION_FLAG("dry-run", 0, &dry_run, "only print what would be reclaimed"),
    OPTION_FLAG("quiet", 'q', &quiet, "leave out the summary"),
    OPTION_FLAG("json", 0, &json_wanted,
                "an object: dry_run, bytes, reclaimed (an array: name, what, bytes)"),
    OPTION_END,
};

const struct verb verb_gc = {
    .name = "gc",
    .also = "clean prune reclaim",
    .operands = "",
    .summary = "reclaim what dead processes left",
    .about = "Reclaims what dead processes left in the namespace: transient queues that no process "
             "has open, halves of queues, unfinished files, consumers that died. It may run at "
             "any time, also while the queues are in use: kernel locks show which processes live. "
             "Prints a line for each thing.",
    .options = options,
    .run = run,
};
