/* SPDX-License-Identifier: MIT */
/* stat.c - rill stat: one queue in full. */
#include "cli.h"
#include "json.h"
#include "process.h"
#include "table.h"
#include "units.h"
#include "words.h"

#include <string.h>
#include <time.h>

static bool json_wanted;
static const char *file;

static void line(FILE *out, const char *name) {
  fprintf(out, "  %-13s", name);
}

static void print_geometry(FILE *out, const struct rill_queue_stat *stat) {
  char text[3][UNITS_TEXT], created[64];
  time_t when = (time_t)(stat->created / 1000000000);
  struct tm local;
  strftime(created, sizeof created, "%Y-%m-%d %H:%M:%S", localtime_r(&when, &local));
  line(out, "capacity");
  fprintf(out, "%s (largest message %s, quantum %s)\n", format_size(text[0], stat->capacity),
          format_size(text[1], stat->max_message), format_size(text[2], stat->quantum));
  line(out, "memory");
  fprintf(out, "%s reserved (of files of %s data, %s control)\n",
          format_size(text[2], stat->memory_bytes), format_size(text[0], stat->data_bytes),
          format_size(text[1], stat->control_bytes));
  line(out, "kind");
  fprintf(out, "%s, %s, at most %u groups", words_overflow(stat->overflow),
          words_lifetime(stat->lifetime), stat->max_groups);
  if (stat->evict_after)
    fprintf(out, ", evicts after %s", format_duration(text[0], stat->evict_after));
  putc('\n', out);
  line(out, "owner");
  fprintf(out, "uid %u, gid %u, mode %04o\n", stat->uid, stat->gid, stat->mode);
  line(out, "created");
  fprintf(out, "%s, uuid %s\n", created, stat->uuid);
  if (stat->type.id || stat->type.size || stat->type.version) {
    line(out, "type");
    fprintf(out, "id %u, %u bytes, version %u\n", stat->type.id, stat->type.size,
            stat->type.version);
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

/* What was asked for, and what was obtained. Who has it open has it locked: else the opening
 * fails. */
static void print_placement(FILE *out, const struct rill_queue_stat *stat,
                            const struct rill_placement_stat *placed, const char *error) {
  char text[2][UNITS_TEXT];
  line(out, "placement");
  if (placed) {
    fprintf(out, "%s of %s data in memory; ", format_size(text[0], placed->resident_bytes),
            format_size(text[1], placed->data_bytes));
    print_nodes(out, placed);
  } else {
    fprintf(out, "not known: %s", error);
  }
  if (stat->numa)
    print_numa(out, "; numa: asked for ", stat->numa, stat->numa_node);
  if (placed && (stat->numa || placed->numa))
    print_numa(out, stat->numa ? ", holds " : "; numa: holds ", placed->numa, placed->numa_node);
  if (placed && (stat->placement & RILL_HUGE)) {
    fprintf(out, "; huge pages: %s", format_size(text[0], placed->huge_bytes));
    if (placed->huge_error)
      fprintf(out, " (%s)", strerror((int)placed->huge_error));
  }
  if (stat->placement & RILL_MLOCK)
    fputs("; locked by each process that attaches", out);
  if (stat->placement & RILL_NO_PREFAULT)
    fputs("; mapped as it is touched", out);
  if (stat->placement & RILL_DUMP)
    fputs("; in core dumps", out);
  putc('\n', out);
}

static void print_producer(FILE *out, const struct rill_queue_stat *stat) {
  line(out, "producer");
  fputs(words_producer(stat->producer), out);
  const struct process_id id = process_of_producer(stat);
  char name[PROCESS_TEXT];
  if (stat->producer_pid)
    fprintf(out, ", %s", process_name(&id, name));
  if (stat->producer_generation)
    fprintf(out, ", number %llu, fence %s, slept %llu times%s",
            (unsigned long long)stat->producer_generation, words_fence(stat->fence),
            (unsigned long long)stat->producer_parks, stat->waiting ? ", waits for room" : "");
  putc('\n', out);
}

static void print_traffic(FILE *out, const struct rill_queue_stat *stat) {
  char text[UNITS_TEXT];
  line(out, "published");
  fprintf(out, "%llu messages, next at byte %llu, write limit %llu\n",
          (unsigned long long)stat->sequence, (unsigned long long)stat->position,
          (unsigned long long)stat->limit);
  line(out, "depth");
  fprintf(out, "%llu messages, %s, oldest %llu\n", (unsigned long long)stat->depth_messages,
          format_size(text, stat->depth_bytes), (unsigned long long)stat->oldest);
  line(out, "wakes");
  fprintf(out, "%llu\n", (unsigned long long)stat->wakes);
  if (stat->evict_after || stat->evictions) {
    line(out, "evictions");
    fprintf(out, "%llu\n", (unsigned long long)stat->evictions);
  }
}

static void print_group(struct table *table, const struct rill_group_stat *group) {
  const struct process_id id = process_of_member(group);
  char text[UNITS_TEXT];
  table_cell(table, NULL, *group->name ? group->name : "-");
  table_cell(table, group->state == RILL_GROUP_ACTIVE ? "32" : NULL, words_group(group->state));
  table_cell(table, NULL, group->keep ? "yes" : "no");
  if (group->pid)
    table_print(table, NULL, "%lld%s", (long long)group->pid, process_mark(&id));
  else
    table_cell(table, NULL, "-");
  table_print(table, NULL, "%llu", (unsigned long long)group->sequence);
  if (group->state == RILL_GROUP_EVICTED) { /* nobody holds messages for it */
    table_cell(table, NULL, "-");
    table_cell(table, NULL, "-");
  } else {
    table_print(table, NULL, "%llu", (unsigned long long)group->lag_messages);
    table_cell(table, NULL, format_size(text, group->lag_bytes));
  }
  table_cell(table, NULL, group->lag_age ? format_duration(text, group->lag_age) : "-");
  table_print(table, NULL, "%llu", (unsigned long long)group->lost);
  table_print(table, NULL, "%llu", (unsigned long long)group->parks);
  table_cell(table, NULL, group->pid ? words_wait(group->wait) : "-");
  table_cell(table, NULL, group->pid ? words_fence(group->fence) : "-");
}

/* Only of groups whose members received messages with a time. */
static int print_latencies(FILE *out, rill_queue *queue) {
  static const char *const columns[] = {"<GROUP", ">LATENCIES", ">P50", ">P99",
                                        ">P99.9", ">MAX",       NULL};
  struct rill_group_stat group = {.size = sizeof group};
  struct table *table = NULL;
  for (uint32_t index = 0; rill_group_stat(queue, &index, &group) == 1;) {
    if (!group.latency_count)
      continue;
    if (!table && !(table = table_new(columns)))
      return cli_fail("out of memory");
    table_cell(table, NULL, *group.name ? group.name : "-");
    table_print(table, NULL, "%llu", (unsigned long long)group.latency_count);
    const int64_t figures[] = {group.latency_p50, group.latency_p99, group.latency_p999,
                               group.latency_max};
    char text[UNITS_TEXT];
    for (size_t i = 0; i < sizeof figures / sizeof figures[0]; i++)
      table_cell(table, NULL, format_duration(text, figures[i]));
  }
  if (!table)
    return STATUS_DONE;
  putc('\n', out);
  return table_finish(table, out) ? cli_fail("out of memory") : STATUS_DONE;
}

static int print_groups(FILE *out, rill_queue *queue) {
  static const char *const columns[] = {"<GROUP", "<STATE", "<KEEP", ">PID",  ">NEXT",
                                        ">LAG",   ">BYTES", ">AGE",  ">LOST", ">PARKS",
                                        "<WAIT",  "<FENCE", NULL};
  struct rill_group_stat group = {.size = sizeof group};
  uint32_t index = 0;
  if (rill_group_stat(queue, &index, &group) != 1) {
    fputs("\nno groups\n", out);
    return STATUS_DONE;
  }
  putc('\n', out);
  struct table *table = table_new(columns);
  if (!table)
    return cli_fail("out of memory");
  do
    print_group(table, &group);
  while (rill_group_stat(queue, &index, &group) == 1);
  return table_finish(table, out) ? cli_fail("out of memory") : print_latencies(out, queue);
}

static int print_text(FILE *out, rill_queue *queue, const struct rill_queue_stat *stat,
                      const struct rill_placement_stat *placed, const char *error) {
  fprintf(out, "%s: %s\n", stat->name, words_state(stat));
  print_geometry(out, stat);
  print_placement(out, stat, placed, error);
  print_producer(out, stat);
  print_traffic(out, stat);
  return print_groups(out, queue);
}

static int print_json(FILE *out, const char *name, rill_queue *queue,
                      const struct rill_queue_stat *stat, const struct rill_placement_stat *placed,
                      const char *error) {
  json_t *object = json_queue(name, queue, stat, NULL);
  if (object)
    json_object_set_new(object, "placement", json_placement(stat, placed, error));
  return json_print(out, object);
}

/* The queue was looked at; where it lies may be hidden, which is said and no failure. */
static int show(FILE *out, const char *name, rill_queue *queue,
                const struct rill_queue_stat *stat) {
  struct rill_placement_stat placement = {.size = sizeof placement};
  const struct rill_placement_stat *placed =
      rill_placement_stat(queue, &placement) < 0 ? NULL : &placement;
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
  int r = rill_queue_stat(seen.queue, &stat);
  if (r < 0)
    status = cli_fail_library(r);
  else
    status = show(cli->out, stat.name, seen.queue, &stat);
  cli_observed_close(&seen);
  return status;
}

static const struct option options[] = {
    OPTION_FILE(&file),
    OPTION_FLAG(
        "json", 0, &json_wanted,
        "an object: name, uuid, state, attached, removed, capacity, max_message, quantum, "
        "data_bytes, control_bytes, memory_bytes, overflow, evict_after_ns (0: never), lifetime, "
        "max_groups, max_members, max_claims, mode, uid, gid, "
        "created_ns (of the real-time clock), type (id, size, version), sequence, oldest, "
        "position, limit, depth_messages, depth_bytes, wakes, evictions, producer (state, pid, "
        "pid_namespace (inode number of /proc/PID/ns/pid; 0: not known), generation, fence, "
        "waiting, parks), groups (an array: name, index, state (active, kept, "
        "joining, dead, void, evicted), keep, "
        "pid, pid_namespace, wait, fence, sequence, position, lag_messages, lag_bytes, lag_age_ns, "
        "parks, lost, latency_count, latency_p50_ns, latency_p99_ns, latency_p999_ns, "
        "latency_max_ns: null where nothing was stamped), placement (asked for: numa, numa_node, "
        "prefault, mlock, huge, dump; "
        "obtained: "
        "policy, policy_node, pages (how many were looked at), node_pages (on node 0 to 7), "
        "elsewhere_pages, unknown_pages, resident_bytes, huge_bytes, huge_error; or, where that "
        "cannot be seen, error)"),
    OPTION_END,
};

const struct verb verb_stat = {
    .name = "stat",
    .operands = "[NAME]",
    .most = 1,
    .summary = "show one queue in full",
    .about = "Shows the geometry of a queue, its producer, and each group: how far it is behind in "
             "messages, bytes and time, how often it slept and what it lost. Only looks: the "
             "queue is mapped read-only, and nobody is disturbed. Each number was true at some "
             "moment, not all at the same one. A process id with a * is one of another pid "
             "namespace.\n\n"
             "Where messages carry a time (pub --stamp, or the attribute `stamp` of a producer), "
             "a second table shows their latencies: from that time to the moment in which the "
             "present member of the group received them. Percentiles are at most 1 in 8 too "
             "large. Each message that the member waited for was measured, and one in 16 of "
             "those that were there already, which counts for 16.",
    .options = options,
    .run = run,
};
