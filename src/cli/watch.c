/* SPDX-License-Identifier: MIT */
/* watch.c - rill watch: what happens to the queues, as the registry tells it.
 *
 * Looks behind the public interface (wire/registry_link.h), for the registry has none of its own
 * yet. */
#include "cli.h"
#include "json.h"
#include "output.h"
#include "client.h"
#include "signals.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define NOT_GIVEN UINT64_MAX

static uint64_t count = NOT_GIVEN;
static bool json_wanted;

static json_t *event_object(const struct rilli_wire_event *event) {
  json_t *object = json_pack("{s:I, s:s, s:s, s:I, s:I}", "time_ns", (json_int_t)event->time,
                             "event", rilli_wire_what_word(event->what), "queue", event->name,
                             "pid", (json_int_t)event->pid, "lost", (json_int_t)event->lost);
  if (event->what >= RILLI_EVENT_ATTACHED)
    json_object_set_new(object, "as", json_string(rilli_wire_kind_word(event->kind)));
  if (event->kind == RILLI_KIND_CONSUMER)
    json_object_set_new(object, "group_index", json_integer(event->group));
  if (event->after)
    json_object_set_new(object, "after_ns", json_integer(event->after));
  return object;
}

static int put_json(const struct rilli_wire_event *event) {
  json_t *object = event_object(event);
  char *line = object ? json_dumps(object, JSON_COMPACT) : NULL;
  json_decref(object);
  if (!line)
    return -ENOMEM;
  int r = output_put(line, strlen(line));
  free(line);
  return r ? r : output_put("\n", 1);
}

/* "12:00:00.123 died      orders  consumer, group #0, process 123, 0.4 ms after its end" */
static int put_text(const struct rilli_wire_event *event) {
  char line[512], clock[16] = "";
  struct tm local;
  const time_t seconds = (time_t)(event->time / 1000000000);
  if (localtime_r(&seconds, &local))
    strftime(clock, sizeof clock, "%H:%M:%S", &local);
  int used =
      snprintf(line, sizeof line, "%s.%03d  %-9s  %s", clock, (int)(event->time / 1000000 % 1000),
               rilli_wire_what_word(event->what), event->name);
  if (event->what >= RILLI_EVENT_ATTACHED && event->kind != RILLI_KIND_OPEN)
    used += snprintf(line + used, sizeof line - (size_t)used, "  %s",
                     rilli_wire_kind_word(event->kind));
  if (event->kind == RILLI_KIND_CONSUMER)
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

static int put_event(const struct rilli_wire_event *event) {
  if (event->lost)
    cli_note("%llu events were lost: rill watch was too slow", (unsigned long long)event->lost);
  int r = json_wanted ? put_json(event) : put_text(event);
  return r ? r : output_flush();
}

static int ask(int registry, const char *pattern) {
  struct rilli_wire_request request;
  rilli_wire_start(&request, RILLI_WIRE_WATCH, 1);
  rilli_wire_name(request.name, pattern);
  int r = rilli_registry_send(registry, &request);
  return r < 0 ? cli_fail_library(r) : 0;
}

static int listen_to(int registry) {
  union rilli_wire_message message;
  for (uint64_t seen = 0; seen < count;) {
    int r = signals_caught() ? -EINTR : rilli_registry_receive(registry, &message);
    if (r == -EINTR && signals_caught())
      return signals_status();
    if (r == -EINTR)
      continue;
    if (r < 0)
      return cli_fail_library(r);
    if (r == RILLI_WIRE_ANSWER && message.answer.code)
      return cli_fail("the registry refuses: %s", message.answer.text);
    if (r == RILLI_WIRE_ANSWER)
      cli_note("watching");
    if (r != RILLI_WIRE_EVENT)
      continue;
    seen++;
    r = put_event(&message.event);
    if (r < 0)
      return output_status(r);
  }
  return STATUS_DONE;
}

static int run(struct cli *cli, int operand_count, char **operands) {
  rill_context *context;
  int status = cli_context(cli, &context);
  if (status)
    return status;
  signals_catch();
  int registry = rilli_registry_connect(rilli_context_dir(context));
  if (registry < 0) {
    status = cli_fail_library(registry);
  } else {
    status = ask(registry, operand_count ? operands[0] : "");
    if (!status)
      status = listen_to(registry);
    close(registry);
  }
  rill_context_close(context);
  return status;
}

static const struct option options[] = {
    OPTION_COUNT("count", 'n', &count, "end after so many events"),
    OPTION_FLAG("json", 0, &json_wanted,
                "a line for each event, an object: time_ns, event (appeared, removed, attached, "
                "detached, died, reclaimed), queue, pid, lost; as, group_index, after_ns where "
                "they mean something"),
    OPTION_END,
};

const struct verb verb_watch = {
    .name = "watch",
    .operands = "[PATTERN]",
    .most = 1,
    .summary = "say what happens to the queues, as it happens",
    .about = "Prints a line for each queue that appears or is removed, each process that attaches "
             "or detaches, dies, or is reclaimed, until it is interrupted. It is told by the "
             "registry: without one (rilld) it fails. Says 'watching' on standard error when it "
             "has begun.",
    .options = options,
    .run = run,
};
