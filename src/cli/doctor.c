/* SPDX-License-Identifier: MIT */
/* doctor.c - rill doctor: every invariant of a queue's segments, read-only; and
 * the host (host.c).
 */
#include "cli.h"
#include "host.h"
#include "json.h"

#include <errno.h>
#include <stdlib.h>

static bool json_wanted, quiet;
static const char *file;

struct patient {
  struct cli *cli;
  rill_context *context;
  json_t *queues; /* NULL: print instead */
  json_t *findings, *host;
  const char *heading; /* the queue's name, until it is printed */
  bool all;            /* all queues: one that disappears meanwhile is not a failure */
  int wrong, wrong_before, status;
};

static const char *const kinds[] = {
    [RILL_FINE] = "fine", [RILL_NOTE] = "note", [RILL_WRONG] = "wrong"};

static void tell(const struct rill_finding *finding, void *argument) {
  struct patient *patient = argument;
  patient->wrong += finding->kind == RILL_WRONG;
  if (patient->findings)
    json_array_append_new(patient->findings, json_pack("{s:s, s:s}", "kind", kinds[finding->kind],
                                                       "text", finding->text));
  else if (finding->kind != RILL_FINE || !quiet) {
    if (patient->heading)
      fprintf(patient->cli->out, "%s\n", patient->heading);
    patient->heading = NULL;
    fprintf(patient->cli->out, "  %-5s  %s\n", kinds[finding->kind], finding->text);
  }
}

static void begin(struct patient *patient, const char *name) {
  patient->heading = name;
  patient->wrong_before = patient->wrong;
  if (patient->queues)
    patient->findings = json_array();
}

/* Reports an examined queue; code: what the examination returned. */
static void end(struct patient *patient, const char *name, int code) {
  if (code < 0 && !(patient->all && code == -ENOENT))
    patient->status = cli_fail_library(code);
  if (code == -ENOENT)
    json_decref(patient->findings);
  else if (patient->queues)
    json_array_append_new(patient->queues,
                          json_pack("{s:s, s:b, s:o}", "name", name, "sound",
                                    patient->wrong == patient->wrong_before && code >= 0,
                                    "findings", patient->findings));
}

static int examine(const char *name, void *argument) {
  struct patient *patient = argument;
  begin(patient, name);
  end(patient, name, rill_queue_examine(patient->context, name, tell, patient));
  return 0;
}

static void examine_files(struct patient *patient, const char *control, const char *data) {
  begin(patient, control);
  end(patient, control, rill_queue_examine_files(patient->context, control, data, tell, patient));
}

static void leftover(const struct rill_gc_item *item, void *argument) {
  struct patient *patient = argument;
  if (!patient->queues)
    fprintf(patient->cli->out, "%s: %s; rill gc reclaims it\n", item->name, item->what);
}

static void examine_host(struct patient *patient) {
  const struct host_report report = {tell, patient};
  patient->heading = "host";
  patient->findings = patient->host = patient->queues ? json_array() : NULL;
  host_examine(patient->cli, &report);
}

static int examine_all(struct patient *patient) {
  patient->all = true;
  int n = rill_queue_list(patient->context, NULL, examine, patient);
  if (n == 0)
    cli_note("no queues here");
  if (n >= 0)
    n = rill_queue_gc(patient->context, RILL_GC_DRY_RUN, leftover, patient);
  return n < 0 ? cli_fail_library(n) : 0;
}

/* Examines what was given: a queue, a copied pair, or all queues and the host. */
static int examine_wanted(struct patient *patient, int count, char **operands) {
  char *control, *data;
  if (file) {
    int status = cli_paths(file, &control, &data);
    if (status)
      return status;
    examine_files(patient, control, data);
    free(control);
    free(data);
    return 0;
  }
  if (count) {
    (void)examine(operands[0], patient);
    return 0;
  }
  int status = examine_all(patient);
  examine_host(patient);
  return status;
}

static int run(struct cli *cli, int count, char **operands) {
  struct patient patient = {.cli = cli, .queues = json_wanted ? json_array() : NULL};
  int status = cli_name_or_file(&verb_doctor, file, count, false);
  if (!status)
    status = cli_context(cli, &patient.context);
  if (status)
    return status;
  status = examine_wanted(&patient, count, operands);
  if (!status)
    status = patient.status;
  bool sound = !patient.wrong && !status;
  if (json_wanted) {
    json_t *object = json_pack("{s:b, s:o}", "sound", sound, "queues", patient.queues);
    if (patient.host)
      json_object_set_new(object, "host", patient.host);
    status |= json_print(cli->out, object);
  }
  if (patient.wrong)
    status = cli_fail("%d %s wrong", patient.wrong, patient.wrong == 1 ? "thing is" : "things are");
  rill_context_close(patient.context);
  return status;
}

static const struct option options[] = {
    OPTION_FILE(&file),
    OPTION_FLAG("quiet", 'q', &quiet, "leave out what is fine, and queues without any other line"),
    OPTION_FLAG("json", 0, &json_wanted,
                "an object: sound, queues (an array: name, sound, findings (an array: kind, "
                "text)); without "
                "a name also host (an array: kind, text)"),
    OPTION_END,
};

const struct verb verb_doctor = {
    .name = "doctor",
    .also = "check verify fsck",
    .operands = "[QUEUE]",
    .most = 1,
    .summary = "check every invariant of a queue, and the host",
    .about =
        "Checks every invariant of a queue's segments that can be seen from outside: the first "
        "pages, the checkpoints, each frame in the ring, the producer, the groups and their "
        "leases. It only reads, and may examine a queue in full traffic. Without a name: all "
        "queues of the namespace, what gc would reclaim, and the host: memory for queues, limits, "
        "features of the kernel, namespaces that are left over, what a logout or the "
        "end of a container removes.\n"
        "\n"
        "A line begins with fine (checked, and right), note (a process died, and the next one "
        "that checks reclaims what it left; a group was evicted; of the host, what is worth "
        "knowing) or wrong (an invariant does not hold: some process damaged the queue; of the "
        "host, Rill cannot work there). The exit status is 1 if anything is wrong.",
    .options = options,
    .run = run,
};
