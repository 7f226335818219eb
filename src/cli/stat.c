/* SPDX-License-Identifier: MIT */
/* stat.c - rill stat: one queue in full. */
#include "cli.h"
#include "fields.h"
#include "json.h"
#include "process.h"
#include "stat.h"
#include "table.h"
#include "units.h"
#include "words.h"

#include <string.h>

static bool json_wanted;
static const char *file;

static void line(FILE *out, const char *name) {
  fprintf(out, "  %-23s", name);
}

static void print_fields(FILE *out, const struct field *field, enum field_section section,
                         const struct rill_queue_stat *stat) {
  const struct process_id id = process_of_producer(stat);
  char text[FIELD_TEXT];
  for (; field->name; field++) {
    const uint64_t value = field_value(field, stat);
    if (field->section != section || (field->optional && !value))
      continue;
    line(out, field->name);
    fprintf(out, "%s%s\n", field_text(field, value, text),
            field->offset == offsetof(struct rill_queue_stat, producer_pid) ? process_mark(&id)
                                                                            : "");
  }
}

static void print_nodes(FILE *out, const struct rill_placement_stat *placed) {
  fprintf(out, "of %u pages seen", placed->pages);
  for (uint32_t i = 0; i < sizeof placed->node_pages / sizeof placed->node_pages[0]; i++)
    if (placed->node_pages[i])
      fprintf(out, ", %u on node %u", placed->node_pages[i], i);
  if (placed->elsewhere_pages)
    fprintf(out, ", %u on later nodes", placed->elsewhere_pages);
  if (placed->unknown_pages)
    fprintf(out, ", %u on nodes unknown", placed->unknown_pages);
}

static void print_numa(FILE *out, const char *what, uint32_t numa, uint32_t node) {
  fprintf(out, "%s%s", what, words_numa(numa));
  if (numa == RILL_NUMA_NODE)
    fprintf(out, " %u", node);
}

/* Prints what was obtained of the requested placement. A process that has the queue open has it
 * locked, or its open would have failed. */
static void print_obtained(FILE *out, const struct rill_queue_stat *stat,
                           const struct rill_placement_stat *placed, const char *error) {
  char text[2][UNITS_TEXT];
  line(out, "obtained");
  if (placed) {
    fprintf(out, "%s of %s data in memory; ", format_size(text[0], placed->resident_bytes),
            format_size(text[1], placed->data_bytes));
    print_nodes(out, placed);
  } else {
    fprintf(out, "not known: %s", error);
  }
  if (placed && (stat->numa || placed->numa))
    print_numa(out, "; numa: ", placed->numa, placed->numa_node);
  if (placed && (stat->placement & RILL_HUGE)) {
    fprintf(out, "; huge pages: %s", format_size(text[0], placed->huge_bytes));
    if (placed->huge_error)
      fprintf(out, " (%s)", strerror((int)placed->huge_error));
  }
  putc('\n', out);
}

/* No messages are held for an evicted group; a choice field belongs to its member. */
static bool is_blank(const struct field *field, uint64_t value,
                     const struct rill_group_stat *group) {
  if (field->section == FIELD_LAG && group->state == RILL_GROUP_EVICTED)
    return true;
  if (field->type == FIELD_CHOICE && field->offset != offsetof(struct rill_group_stat, state))
    return group->pid == 0;
  return value == 0 && (field->type == FIELD_ID || field->type == FIELD_NS);
}

/* The columns of the sections of group_figures, after one for the name. NULL: no memory. */
struct columns {
  const char *heads[32];
  char text[32][24];
};

static struct table *group_table(struct columns *columns, bool latencies) {
  size_t count = 0;
  columns->heads[count++] = "<GROUP";
  for (const struct field *field = group_figures; field->name; field++)
    if (*field->column && latencies == (field->section == FIELD_LATENCY)) {
      const bool left = field->type == FIELD_CHOICE || field->type == FIELD_FLAG;
      snprintf(columns->text[count], sizeof *columns->text, "%c%s", left ? '<' : '>',
               field->column);
      columns->heads[count] = columns->text[count];
      count++;
    }
  columns->heads[count] = NULL;
  return table_new(columns->heads);
}

static void print_group(struct table *table, const struct rill_group_stat *group, bool latencies) {
  const struct process_id id = process_of_member(group);
  char text[FIELD_TEXT];
  table_cell(table, NULL, *group->name ? group->name : "-");
  for (const struct field *field = group_figures; field->name; field++) {
    const uint64_t value = field_value(field, group);
    const bool is_state = field->offset == offsetof(struct rill_group_stat, state);
    const bool is_pid = field->offset == offsetof(struct rill_group_stat, pid);
    if (*field->column && latencies == (field->section == FIELD_LATENCY))
      table_print(table, is_state && value == RILL_GROUP_ACTIVE ? "32" : NULL, "%s%s",
                  is_blank(field, value, group) ? "-" : field_text(field, value, text),
                  is_pid ? process_mark(&id) : "");
  }
}

/* Only of groups whose members received messages with a time. */
static int print_latencies(FILE *out, rill_queue *queue) {
  struct columns columns;
  struct rill_group_stat group = RILL_GROUP_STAT_INIT;
  struct table *table = NULL;
  for (uint32_t index = 0; rill_group_read_stat(queue, &index, &group) == 1;) {
    if (!group.latency_count)
      continue;
    if (!table && !(table = group_table(&columns, true)))
      return cli_fail("out of memory");
    print_group(table, &group, true);
  }
  if (!table)
    return STATUS_DONE;
  putc('\n', out);
  return table_finish(table, out) ? cli_fail("out of memory") : STATUS_DONE;
}

int stat_print_groups(FILE *out, rill_queue *queue) {
  struct columns columns;
  struct rill_group_stat group = RILL_GROUP_STAT_INIT;
  uint32_t index = 0;
  if (rill_group_read_stat(queue, &index, &group) != 1) {
    fputs("no groups\n", out);
    return STATUS_DONE;
  }
  struct table *table = group_table(&columns, false);
  if (!table)
    return cli_fail("out of memory");
  do
    print_group(table, &group, false);
  while (rill_group_read_stat(queue, &index, &group) == 1);
  return table_finish(table, out) ? cli_fail("out of memory") : print_latencies(out, queue);
}

static int print_text(FILE *out, rill_queue *queue, const struct rill_queue_stat *stat,
                      const struct rill_placement_stat *placed, const char *error) {
  fprintf(out, "%s: %s\n", stat->name, words_state(stat));
  line(out, "uuid");
  fprintf(out, "%s\n", stat->uuid);
  print_fields(out, queue_settings, FIELD_MAIN, stat);
  print_fields(out, queue_settings, FIELD_TYPE, stat);
  print_fields(out, queue_settings, FIELD_PLACEMENT, stat);
  print_obtained(out, stat, placed, error);
  print_fields(out, queue_figures, FIELD_MAIN, stat);
  print_fields(out, queue_figures, FIELD_PRODUCER, stat);
  putc('\n', out);
  return stat_print_groups(out, queue);
}

static int print_json(FILE *out, const char *name, rill_queue *queue,
                      const struct rill_queue_stat *stat, const struct rill_placement_stat *placed,
                      const char *error) {
  json_t *object = json_queue(name, queue, stat, NULL);
  if (object)
    json_obtained(object, placed, error);
  return json_print(out, object);
}

/* The queue was read; its placement may be hidden, which is printed and is not a failure. */
static int show(FILE *out, const char *name, rill_queue *queue,
                const struct rill_queue_stat *stat) {
  struct rill_placement_stat placement = {.size = sizeof placement};
  const struct rill_placement_stat *placed =
      rill_placement_read_stat(queue, &placement) < 0 ? NULL : &placement;
  char error[512] = "";
  if (!placed)
    snprintf(error, sizeof error, "%s", rill_error());
  return json_wanted ? print_json(out, name, queue, stat, placed, error)
                     : print_text(out, queue, stat, placed, error);
}

static int run(struct cli *cli, int count, char **operands) {
  struct observed seen;
  int status = cli_observe_one(cli, &verb_stat, file, count, operands, &seen);
  if (status)
    return status;
  struct rill_queue_stat stat = {.size = sizeof stat};
  int r = rill_queue_read_stat(seen.queue, &stat);
  if (r < 0)
    status = cli_fail_library(r);
  else
    status = show(cli->out, stat.name, seen.queue, &stat);
  cli_observed_close(&seen);
  return status;
}

#define KEY_OF_NS "_ns"
#define KEY_OF_TIME "_ns"
#define KEY_OF_BYTES
#define KEY_OF_COUNT
#define KEY_OF_ID
#define KEY_OF_MODE
#define KEY_OF_FLAG
#define KEY_OF_CHOICE
#define KEY_OF_FLAGS

/* The keys of the tables, each with ", " behind it. */
static const char json_help[] =
    "an object: name, uuid, state, "
#define KEY_IN_MAIN(key, type, words) #key KEY_OF_##type ", "
#define KEY_IN_TYPE(key, type, words)
#define KEY_IN_PLACEMENT(key, type, words)
#define KEY_IN_PRODUCER(key, type, words)
#define RILL_SETTING(name, path, type, words, compare, least, most, standard, section, ...)        \
  KEY_IN_##section(name, type, words)
#include "settings.def"
#define RILL_QUEUE_FIGURE(field, key, type, words, metric, section, ...)                           \
  KEY_IN_##section(key, type, words)
#include "counters.def"
    "type (id, size, version), producer ("
#undef KEY_IN_MAIN
#undef KEY_IN_PRODUCER
#define KEY_IN_MAIN(key, type, words)
#define KEY_IN_PRODUCER(key, type, words) #key KEY_OF_##type ", "
#define RILL_QUEUE_FIGURE(field, key, type, words, metric, section, ...)                           \
  KEY_IN_##section(key, type, words)
#include "counters.def"
    "of the present or last one), groups (an array: name, "
#define RILL_GROUP_FIGURE(field, key, type, ...) #key KEY_OF_##type ", "
#include "counters.def"
    "of which those of latencies are null where nothing was stamped), placement (asked for: numa, "
    "numa_node, prefault, mlock, huge, dump; obtained: policy, policy_node, pages (how many were "
    "looked at), node_pages (on node 0 to 7), elsewhere_pages, unknown_pages, resident_bytes, "
    "huge_bytes, huge_error; or, where that cannot be seen, error)";

static const struct option options[] = {
    OPTION_FILE(&file),
    OPTION_FLAG("json", 0, &json_wanted, json_help),
    OPTION_END,
};

const struct verb verb_stat = {
    .name = "stat",
    .also = "info show describe inspect",
    .operands = "[QUEUE]",
    .most = 1,
    .summary = "show one queue in full",
    .about = "Shows the geometry of a queue, its producer, and each group: how far it is behind in "
             "messages, bytes and time, how often it slept and what it lost. It only reads: the "
             "queue is mapped read-only, and no process is disturbed. Each number was true at some "
             "moment, not all at the same one. A process id with a * is one of another pid "
             "namespace.\n\n"
             "Where messages carry a time (pub --stamp, or the attribute `stamp` of a producer), "
             "a second table shows their latencies: from that time to the moment in which the "
             "present member of the group received them. Percentiles are at most 1 in 8 too "
             "large. Each message that the member waited for was measured, and one in 16 of "
             "those that were there already, which stands for 16.",
    .options = options,
    .run = run,
};
