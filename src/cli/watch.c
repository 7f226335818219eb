/* SPDX-License-Identifier: MIT */
/* watch.c - rill watch: reports events of the queues as they happen. */
#include "cli.h"
#include "json.h"
#include "output.h"
#include "signals.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define NOT_GIVEN UINT64_MAX

static uint64_t count = NOT_GIVEN;
static bool json_wanted, existing;

static const char *event_word(uint32_t what) {
  static const char *const words[] = {"unknown",  "appeared", "removed",   "attached",
                                      "detached", "died",     "reclaimed", "source"};
  return words[what < sizeof words / sizeof *words ? what : 0];
}

static const char *role_word(uint32_t role) {
  static const char *const words[] = {"queue", "producer", "consumer"};
  return role < sizeof words / sizeof *words ? words[role] : "unknown";
}

static const char *source_word(uint32_t source) {
  return source == RILL_SOURCE_REGISTRY ? "registry" : "directory";
}

static bool has_role(const struct rill_event *event) {
  return event->what >= RILL_EVENT_ATTACHED && event->what <= RILL_EVENT_RECLAIMED;
}

static bool is_member(const struct rill_event *event) {
  return has_role(event) && event->role == RILL_ROLE_CONSUMER;
}

static json_t *event_object(const struct rill_event *event) {
  json_t *object = json_pack(
      "{s:I, s:s, s:s, s:I, s:o, s:s}", "time_ns", (json_int_t)event->time, "event",
      event_word(event->what), "queue", event->queue, "pid", (json_int_t)event->pid, "lost",
      event->lost == RILL_LOST_UNKNOWN ? json_null() : json_integer((json_int_t)event->lost),
      "source", source_word(event->source));
  if (has_role(event))
    json_object_set_new(object, "as", json_string(role_word(event->role)));
  if (is_member(event)) {
    json_object_set_new(object, "group_index", json_integer(event->group));
    json_object_set_new(object, "slot", json_integer(event->slot));
  }
  if (event->after)
    json_object_set_new(object, "after_ns", json_integer(event->after));
  return object;
}

static int put_json(const struct rill_event *event) {
  json_t *object = event_object(event);
  char *line = object ? json_dumps(object, JSON_COMPACT) : NULL;
  json_decref(object);
  if (!line)
    return -ENOMEM;
  int r = output_put(line, strlen(line));
  free(line);
  return r ? r : output_put("\n", 1);
}

/* "12:00:00.123  died       orders  consumer #0  process 123  0.400 ms after its end" */
static int put_text(const struct rill_event *event) {
  char line[512], clock[16] = "";
  struct tm local;
  const time_t seconds = (time_t)(event->time / 1000000000);
  if (localtime_r(&seconds, &local))
    strftime(clock, sizeof clock, "%H:%M:%S", &local);
  int used = snprintf(line, sizeof line, "%s.%03d  %-9s  %s", clock,
                      (int)(event->time / 1000000 % 1000), event_word(event->what), event->queue);
  if (has_role(event) && event->role != RILL_ROLE_OPEN)
    used += snprintf(line + used, sizeof line - (size_t)used, "  %s", role_word(event->role));
  if (is_member(event))
    used += snprintf(line + used, sizeof line - (size_t)used, " #%u", event->group);
  if (event->pid)
    used +=
        snprintf(line + used, sizeof line - (size_t)used, "  process %lld", (long long)event->pid);
  if (event->after)
    used += snprintf(line + used, sizeof line - (size_t)used, "  %.3f ms after its end",
                     (double)event->after / 1e6);
  used += snprintf(line + used, sizeof line - (size_t)used, "\n");
  return output_put(line, (size_t)used);
}

/* Reports where events come from, and missed events. */
static void note_event(const struct rill_event *event) {
  if (event->lost == RILL_LOST_UNKNOWN)
    cli_note("some events may have been missed");
  else if (event->lost)
    cli_note("up to %" PRIu64 " events were missed: rill watch was too slow", event->lost);
  if (event->what != RILL_EVENT_SOURCE)
    return;
  if (event->source == RILL_SOURCE_REGISTRY)
    cli_note("watching (registry)");
  else
    cli_note("watching (directory: attaching, detaching and deaths are found once a second)");
}

static int put_event(const struct rill_event *event) {
  note_event(event);
  int r = json_wanted ? put_json(event) : event->what == RILL_EVENT_SOURCE ? 0 : put_text(event);
  return r ? r : output_flush();
}

static int watch_until(rill_watch *watch) {
  struct rill_event event = {.size = sizeof event};
  for (uint64_t seen = 0;;) {
    int r = signals_caught() ? -EINTR : rill_watch_next(watch, RILL_FOREVER, &event);
    if (r == -EINTR && signals_caught())
      return signals_status();
    if (r == -EINTR)
      continue;
    if (r < 0)
      return cli_fail_library(r);
    r = put_event(&event);
    if (r < 0)
      return output_status(r);
    seen += event.what != RILL_EVENT_SOURCE;
    if (seen >= count)
      return STATUS_DONE;
  }
}

static int run(struct cli *cli, int operand_count, char **operands) {
  const struct rill_watch_attr attr = {.size = sizeof attr,
                                       .flags = existing ? RILL_WATCH_EXISTING : 0};
  rill_context *context;
  rill_watch *watch;
  int status = cli_context(cli, &context);
  if (status)
    return status;
  signals_catch();
  int r = rill_watch_open(context, operand_count ? operands[0] : NULL, &attr, &watch);
  if (r == 0) {
    status = watch_until(watch);
    rill_watch_close(watch);
  } else {
    status = cli_fail_library(r);
  }
  rill_context_close(context);
  return status;
}

static const struct option options[] = {
    OPTION_COUNT("count", 'n', &count, "end after this many events"),
    OPTION_FLAG("existing", 0, &existing, "begin with the queues that are there already"),
    OPTION_FLAG("json", 0, &json_wanted,
                "a line for each event, an object: time_ns, event (appeared, removed, attached, "
                "detached, died, reclaimed; source: from here on roles come from it), queue, pid, "
                "lost (null: perhaps some), source (registry, directory); as, group_index, slot, "
                "after_ns where they apply"),
    OPTION_END,
};

const struct verb verb_watch = {
    .name = "watch",
    .also = "events monitor",
    .operands = "[PATTERN]",
    .most = 1,
    .summary = "say what happens to the queues, as it happens",
    .about =
        "Prints a line for each queue that appears or is removed, each process that attaches or "
        "detaches, dies, or is reclaimed, until it is interrupted. Standard error says 'watching' "
        "when it has begun, and from where.\n\n"
        "With a registry (rilld) each event is reported as it happens. Without one, or while it is "
        "away, queues appear and are removed as it happens, too; producers and consumers are found "
        "by probing each queue once a second (64 queues a second in turn, if there are more), so "
        "that a short stay is not seen, and one that died and was reclaimed in between has "
        "detached.",
    .options = options,
    .run = run,
};
