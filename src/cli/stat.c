/* SPDX-License-Identifier: MIT */
/* stat.c - rill stat: one queue in full. */
#include "cli.h"
#include "json.h"
#include "table.h"
#include "units.h"
#include "words.h"

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
  fprintf(out, "%s reserved (%s data, %s control with its holes)\n",
          format_size(text[2], stat->memory_bytes), format_size(text[0], stat->data_bytes),
          format_size(text[1], stat->control_bytes));
  line(out, "kind");
  fprintf(out, "%s, %s, at most %u groups\n", words_overflow(stat->overflow),
          words_lifetime(stat->lifetime), stat->max_groups);
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

static void print_producer(FILE *out, const struct rill_queue_stat *stat) {
  line(out, "producer");
  fputs(words_producer(stat->producer), out);
  if (stat->producer_pid)
    fprintf(out, ", process %lld", (long long)stat->producer_pid);
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
}

static void print_group(struct table *table, const struct rill_group_stat *group) {
  char text[UNITS_TEXT];
  table_cell(table, NULL, *group->name ? group->name : "-");
  table_cell(table, group->state == RILL_GROUP_ACTIVE ? "32" : NULL, words_group(group->state));
  table_cell(table, NULL, group->keep ? "yes" : "no");
  if (group->pid)
    table_print(table, NULL, "%lld", (long long)group->pid);
  else
    table_cell(table, NULL, "-");
  table_print(table, NULL, "%llu", (unsigned long long)group->sequence);
  table_print(table, NULL, "%llu", (unsigned long long)group->lag_messages);
  table_cell(table, NULL, format_size(text, group->lag_bytes));
  table_cell(table, NULL, group->lag_age ? format_duration(text, group->lag_age) : "-");
  table_print(table, NULL, "%llu", (unsigned long long)group->lost);
  table_print(table, NULL, "%llu", (unsigned long long)group->parks);
  table_cell(table, NULL, group->pid ? words_wait(group->wait) : "-");
  table_cell(table, NULL, group->pid ? words_fence(group->fence) : "-");
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
  return table_finish(table, out) ? cli_fail("out of memory") : STATUS_DONE;
}

static int print_text(FILE *out, rill_queue *queue, const struct rill_queue_stat *stat) {
  fprintf(out, "%s: %s\n", stat->name, words_state(stat));
  print_geometry(out, stat);
  print_producer(out, stat);
  print_traffic(out, stat);
  return print_groups(out, queue);
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
  else if (json_wanted)
    status = json_print(cli->out, json_queue(stat.name, seen.queue, &stat, NULL));
  else
    status = print_text(cli->out, seen.queue, &stat);
  cli_observed_close(&seen);
  return status;
}

static const struct option options[] = {
    OPTION_FILE(&file),
    OPTION_FLAG(
        "json", 0, &json_wanted,
        "an object: name, uuid, state, attached, removed, capacity, max_message, quantum, "
        "data_bytes, control_bytes, memory_bytes, overflow, lifetime, max_groups, mode, uid, gid, "
        "created_ns (of the real-time clock), type (id, size, version), sequence, oldest, "
        "position, limit, depth_messages, depth_bytes, wakes, producer (state, pid, "
        "generation, fence, waiting, parks), groups (an array: name, index, state, keep, "
        "pid, wait, fence, sequence, position, lag_messages, lag_bytes, lag_age_ns, "
        "parks, lost)"),
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
             "moment, not all at the same one.",
    .options = options,
    .run = run,
};
