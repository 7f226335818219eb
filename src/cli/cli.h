/* SPDX-License-Identifier: MIT */
/* cli.h - what every verb of the inspector shares: exit statuses, the common options, how
 * failures are reported. The verbs use the library by <rill/rill.h> alone. */
#ifndef CLI_H
#define CLI_H

#include <rill/rill.h>

#include "options.h"

#include <stdbool.h>
#include <stdio.h>

/* Ended by signal s: 128 + s (signals_status). */
enum { STATUS_DONE = 0, STATUS_FAILED = 1, STATUS_USAGE = 2, STATUS_TIMEOUT = 3 };

struct cli {
  const char *name_space; /* --namespace; NULL: the library's default          */
  const char *directory;  /* --dir; NULL: the library's default                */
  bool help;              /* --help                                            */
  FILE *out;              /* memory, written to stdout when the verb returns   */
};

/* A verb, or a group of verbs, such as group, whose verbs are "group ls", "group rm" and so on: it
 * has `verbs`, and neither options nor run. */
struct verb {
  const char *name;     /* in full: "ls", "group rm"                           */
  const char *also;     /* names that other programs use for it, separated by spaces; or NULL */
  const char *operands; /* as in the usage line: "QUEUE", "[PATTERN]", ...     */
  int least, most;      /* number of operands; most < 0: any number            */
  const char *summary;  /* a line without a full stop                          */
  const char *about;    /* paragraphs, an empty line between them              */
  const struct option *options; /* ends with OPTION_END                                */
  int (*run)(struct cli *cli, int count, char **operands); /* an exit status   */
  const struct verb *const *verbs; /* of a group, NULL at the end; else NULL           */
};

extern const struct verb verb_create, verb_ls, verb_stat, verb_pub, verb_sub, verb_tail, verb_rm,
    verb_group, verb_gc, verb_watch, verb_why, verb_doctor, verb_bench, verb_version, verb_help;

/* The options that all verbs take, and those of a verb without any. */
extern const struct option common_options[], no_options[];

/* The verbs of a group, or of rill itself (NULL); NULL at the end. */
const struct verb *const *verbs_of(const struct verb *group);
/* All verbs one after the other, a group before its own; NULL behind the last. */
const struct verb *verb_at(size_t index);
/* The verb's name without that of its group. */
const char *verb_word(const struct verb *verb);
/* The verb of that name in the group (NULL: of rill), or NULL after saying on stderr that there is
 * none, and which one may have been meant. */
const struct verb *verb_find(const struct verb *group, const char *name);

/* Print "rill: ..." on stderr; return STATUS_FAILED, so that a verb can return it. */
__attribute__((format(printf, 1, 2))) int cli_fail(const char *format, ...);
/* The same with the library's error text, after it returned `code`; STATUS_USAGE if it refused
 * a name or a value of the command line. */
int cli_fail_library(int code);
/* Print "rill: ..." and return STATUS_USAGE. */
__attribute__((format(printf, 1, 2))) int cli_usage(const char *format, ...);
/* Print "rill: ..." and continue. */
__attribute__((format(printf, 1, 2))) void cli_note(const char *format, ...);

/* Prints a line on the terminal of standard error, in place of the last progress line; it is
 * erased when another text is printed, and at cli_progress_end. */
__attribute__((format(printf, 1, 2))) void cli_progress(const char *format, ...);
void cli_progress_end(void);

/* The context of --namespace and --dir. Returns 0, or an exit status after reporting the
 * failure. */
int cli_context(const struct cli *cli, rill_context **ret_context);

/* Opens a queue for reading. Returns 0 or a negative errno value. */
int cli_observe(rill_context *context, const char *name, rill_queue **ret_queue);

/* The verbs that look at one queue: at the named one, or at the copied pair of --file,
 * CONTROL,DATA (NULL: not given). */
struct observed {
  rill_context *context;
  rill_queue *queue;
};
#define OPTION_FILE(p)                                                                             \
  OPTION_TEXT("file", 0, "CONTROL,DATA", p,                                                        \
              "look at a copied pair of segment files, read-only, in place of QUEUE; of a queue "  \
              "in use copy the control file first")

/* Returns 0, or an exit status after reporting the failure; then both are NULL. */
int cli_observe_one(const struct cli *cli, const struct verb *verb, const char *file, int count,
                    char **operands, struct observed *ret);
void cli_observed_close(struct observed *observed);
/* Checks that not both a name and a file are given: 0 or STATUS_USAGE. needed: one must be
 * given. */
int cli_name_or_file(const struct verb *verb, const char *file, int count, bool needed);
/* Gets the two paths of --file. Returns 0 or STATUS_USAGE. The caller frees them. */
int cli_paths(const char *file, char **ret_control, char **ret_data);

/* The deadline of --timeout: a span in ns, or RILL_FOREVER. */
rill_time cli_deadline(int64_t span);

void help_verb(FILE *out, const struct verb *verb);
/* Prints the verbs of the group; NULL: of rill. */
void help_verbs(FILE *out, const struct verb *group);
void man_page(FILE *out);
void completion(FILE *out);

#endif
