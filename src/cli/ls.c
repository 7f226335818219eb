/* SPDX-License-Identifier: MIT */
/* ls.c - rill ls: the queues of the namespace, a line each. */
#include "cli.h"
#include "json.h"
#include "process.h"
#include "signals.h"
#include "table.h"
#include "units.h"
#include "words.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static bool json_wanted, names_wanted, rates;
static int64_t interval = 1000000000;

enum { READERS_SHOWN = 4 };

struct row {
  char *name;
  rill_queue *queue; /* NULL: not opened */
  char *error;       /* why                                                    */
  struct rill_queue_stat stat;
  double messages_rate, bytes_rate; /* a second                                */
};

struct listing {
  struct row *rows;
  size_t count;
};

static int take_name(const char *name, void *argument) {
  struct listing *listing = argument;
  struct row *rows = reallocarray(listing->rows, listing->count + 1, sizeof *rows);
  if (!rows)
    return -ENOMEM;
  listing->rows = rows;
  rows[listing->count] = (struct row){.name = strdup(name), .stat.size = sizeof rows->stat};
  return rows[listing->count++].name ? 0 : -ENOMEM;
}

/* Opens and reads a queue. Returns whether it still exists. */
static bool open_row(rill_context *context, struct row *row) {
  int r = cli_observe(context, row->name, &row->queue);
  if (r == -ENOENT)
    return false;
  if (r >= 0)
    r = rill_queue_read_stat(row->queue, &row->stat);
  if (r < 0) {
    rill_queue_close(row->queue);
    row->queue = NULL;
    row->error = strdup(rill_error());
  }
  return true;
}

static void measure_rates(struct listing *listing) {
  rill_time before = rill_clock();
  signals_catch();
  signals_sleep_until(before + interval);
  double seconds = (double)(rill_clock() - before) / 1e9;
  for (size_t i = 0; i < listing->count; i++) {
    struct row *row = &listing->rows[i];
    struct rill_queue_stat old = row->stat;
    if (!row->queue || rill_queue_read_stat(row->queue, &row->stat) < 0 || seconds <= 0)
      continue;
    row->messages_rate = (double)(row->stat.sequence - old.sequence) / seconds;
    row->bytes_rate = (double)(row->stat.position - old.position) / seconds;
  }
}

static const char *state_color(const struct rill_queue_stat *stat) {
  if (stat->removed || stat->producer == RILL_PRODUCER_DEAD)
    return "31";
  if (stat->producer == RILL_PRODUCER_ALIVE)
    return stat->waiting ? "33" : "32";
  return NULL;
}

static void print_reader(FILE *out, const struct rill_group_stat *group) {
  const struct process_id id = process_of_member(group);
  const char *name = *group->name ? group->name : "-";
  if (group->state == RILL_GROUP_ACTIVE)
    fprintf(out, "%s:%lld%s", name, (long long)group->pid, process_mark(&id));
  else
    fprintf(out, "%s:%s", name, words_group(group->state));
}

/* The readers: each group with its member's pid, or its state when it has none. */
static char *readers(rill_queue *queue) {
  char *text = NULL;
  size_t size = 0;
  FILE *out = open_memstream(&text, &size);
  if (!out)
    return NULL;
  struct rill_group_stat group = {.size = sizeof group};
  uint32_t index = 0, n = 0;
  for (; rill_group_read_stat(queue, &index, &group) == 1; n++)
    if (n < READERS_SHOWN) {
      fputs(n ? " " : "", out);
      print_reader(out, &group);
    }
  if (n > READERS_SHOWN)
    fprintf(out, " and %u more", n - READERS_SHOWN);
  fputs(n ? "" : "-", out);
  fclose(out);
  return text;
}

/* The lag of the group that is furthest behind: 0 if all is read. As in the depth, a group that
 * the producer refused does not count. */
static int64_t slowest_age(rill_queue *queue) {
  struct rill_group_stat group = {.size = sizeof group};
  uint64_t most = 0;
  int64_t age = 0;
  for (uint32_t index = 0; rill_group_read_stat(queue, &index, &group) == 1;)
    if (group.state != RILL_GROUP_VOID && group.state != RILL_GROUP_EVICTED &&
        group.lag_bytes > most) {
      most = group.lag_bytes;
      age = group.lag_age;
    }
  return age;
}

static void print_rates(struct table *table, const struct row *row) {
  char text[UNITS_TEXT];
  table_cell(table, NULL, format_count(text, row->messages_rate));
  table_cell(table, NULL, format_size(text, (uint64_t)row->bytes_rate));
}

static void print_producer(struct table *table, const struct rill_queue_stat *stat) {
  const struct process_id id = process_of_producer(stat);
  if (stat->producer == RILL_PRODUCER_ALIVE)
    table_print(table, NULL, "%lld%s", (long long)stat->producer_pid, process_mark(&id));
  else
    table_cell(table, NULL, words_producer(stat->producer));
}

static void print_row(struct table *table, const struct row *row) {
  char text[UNITS_TEXT];
  const struct rill_queue_stat *stat = &row->stat;
  table_cell(table, NULL, row->name);
  if (!row->queue) {
    table_cell(table, "31", "unreadable");
    for (int i = 0; i < (rates ? 8 : 6); i++)
      table_cell(table, NULL, "-");
    return;
  }
  table_cell(table, state_color(stat), words_state(stat));
  table_cell(table, NULL, format_size(text, stat->capacity));
  table_print(table, NULL, "%llu", (unsigned long long)stat->depth_messages);
  table_cell(table, NULL, format_size(text, stat->depth_bytes));
  const int64_t age = slowest_age(row->queue);
  table_cell(table, NULL, age ? format_duration(text, age) : "-");
  if (rates)
    print_rates(table, row);
  print_producer(table, stat);
  char *attached = readers(row->queue);
  table_cell(table, NULL, attached ? attached : "?");
  free(attached);
}

static int print_text(const struct listing *listing, const char *pattern, FILE *out) {
  static const char *const plain[] = {"<NAME", "<STATE",    ">CAPACITY", ">LAG", ">BYTES",
                                      ">AGE",  ">PRODUCER", "<READERS",  NULL};
  static const char *const rated[] = {"<NAME",     "<STATE",   ">CAPACITY", ">LAG",
                                      ">BYTES",    ">AGE",     ">MSG/S",    ">BYTES/S",
                                      ">PRODUCER", "<READERS", NULL};
  if (!listing->count) {
    if (pattern)
      cli_note("no queue here matches '%s'", pattern);
    else
      cli_note("no queues here");
    return STATUS_DONE;
  }
  struct table *table = table_new(rates ? rated : plain);
  for (size_t i = 0; table && i < listing->count; i++)
    print_row(table, &listing->rows[i]);
  return table && !table_finish(table, out) ? STATUS_DONE : cli_fail("out of memory");
}

static int print_json(const struct listing *listing, FILE *out) {
  json_t *array = json_array();
  for (size_t i = 0; array && i < listing->count; i++) {
    const struct row *row = &listing->rows[i];
    json_t *object = json_queue(row->name, row->queue, &row->stat, row->error);
    if (rates && row->queue) {
      json_object_set_new(object, "messages_per_second", json_real(row->messages_rate));
      json_object_set_new(object, "bytes_per_second", json_real(row->bytes_rate));
    }
    json_array_append_new(array, object);
  }
  return json_print(out, array);
}

static int print_name(const char *name, void *argument) {
  fprintf(argument, "%s\n", name);
  return 0;
}

/* Opens all queues; those that were removed in the meantime are left out. Returns an exit
 * status. */
static int open_all(rill_context *context, struct listing *listing) {
  size_t kept = 0;
  int status = STATUS_DONE;
  for (size_t i = 0; i < listing->count; i++) {
    struct row row = listing->rows[i];
    if (!open_row(context, &row)) {
      free(row.name);
      continue;
    }
    if (!row.queue)
      status = cli_fail("%s", row.error);
    listing->rows[kept++] = row;
  }
  listing->count = kept;
  return status;
}

static void forget(struct listing *listing) {
  for (size_t i = 0; i < listing->count; i++) {
    rill_queue_close(listing->rows[i].queue);
    free(listing->rows[i].name);
    free(listing->rows[i].error);
  }
  free(listing->rows);
}

static int list(rill_context *context, const char *pattern, FILE *out) {
  struct listing listing = {.rows = NULL};
  int r = rill_queue_list(context, pattern, take_name, &listing);
  int status = r < 0 ? cli_fail_library(r) : open_all(context, &listing);
  if (r >= 0) {
    if (rates)
      measure_rates(&listing);
    int printed = json_wanted ? print_json(&listing, out) : print_text(&listing, pattern, out);
    status = status ? status : printed;
  }
  forget(&listing);
  return signals_caught() ? signals_status() : status;
}

static int run(struct cli *cli, int count, char **operands) {
  rill_context *context;
  const char *pattern = count ? operands[0] : NULL;
  if (names_wanted && (json_wanted || rates))
    return cli_usage("ls: --names prints names alone: take it without %s",
                     json_wanted ? "--json" : "--rates");
  int status = cli_context(cli, &context);
  if (status)
    return status;
  if (names_wanted) {
    int r = rill_queue_list(context, pattern, print_name, cli->out);
    status = r < 0 ? cli_fail_library(r) : STATUS_DONE;
  } else {
    status = list(context, pattern, cli->out);
  }
  rill_context_close(context);
  return status;
}

static const struct option options[] = {
    OPTION_FLAG("rates", 'r', &rates, "also messages and bytes a second, watched for --interval"),
    OPTION_DURATION("interval", &interval, "how long to watch for --rates (default 1s)"),
    OPTION_FLAG("names", 0, &names_wanted,
                "print only the names, a line each, without opening the queues"),
    OPTION_FLAG("json", 0, &json_wanted,
                "an array of objects as of stat; with --rates also messages_per_second and "
                "bytes_per_second; of an unreadable queue name, state and error"),
    OPTION_END,
};

const struct verb verb_ls = {
    .name = "ls",
    .also = "list queues",
    .operands = "[PATTERN]",
    .most = 1,
    .summary = "list the queues",
    .about =
        "Lists the queues whose names match the pattern of a shell (* matches / as well), or all. "
        "LAG (messages) and BYTES are what the slowest group has still to read, AGE is how long "
        "ago the first of it was published; a queue without groups has none. PRODUCER is the "
        "process "
        "id of the producer, if it lives. READERS are the groups, each with the process id of its "
        "member, or "
        "with its state when it has none (kept, dead, ...) or was evicted; - is a group without a "
        "name. A * marks a process id of another pid namespace.\n\n"
        "The states of a queue: live, it has a producer; blocked, its producer waits for room; "
        "orphaned, its producer died; open, a process has it open; idle, none has; unreadable, "
        "standard error says why.",
    .options = options,
    .run = run,
};
