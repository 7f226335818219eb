/* SPDX-License-Identifier: MIT */
/* man.c - the man page rill(1), made from the tables of the verbs, so that it agrees with the
 * parser. Only the chapters around the verbs are written here. */
#include "cli.h"

#include <string.h>

/* Prints text for roff: no line becomes a request by accident, a minus stays a minus. */
static void roff(FILE *out, const char *text) {
  bool line_begins = true;
  for (; *text; text++) {
    if (line_begins && (*text == '.' || *text == '\''))
      fputs("\\&", out);
    if (*text == '\\')
      fputs("\\e", out);
    else if (*text == '-')
      fputs("\\-", out);
    else if (*text == '\n' && text[1] == '\n')
      fputs("\n.PP", out);
    else
      putc(*text, out);
    line_begins = *text == '\n';
  }
  putc('\n', out);
}

static void man_option(FILE *out, const struct option *option) {
  fputs(".TP\n", out);
  if (option->letter)
    fprintf(out, "\\fB\\-%c\\fR, ", option->letter);
  fputs("\\fB--", out);
  for (const char *at = option->name; *at; at++)
    fputs(*at == '-' ? "\\-" : (char[]){*at, 0}, out);
  fputs("\\fR", out);
  if (option->value)
    fprintf(out, " \\fI%s\\fR", option->value);
  putc('\n', out);
  roff(out, option->help);
}

static void man_options(FILE *out, const struct option *options) {
  for (; options->name; options++)
    if (options->help)
      man_option(out, options);
}

static void man_verb(FILE *out, const struct verb *verb) {
  fprintf(out, ".SS \"rill %s%s%s\"\n", verb->name, *verb->operands ? " " : "", verb->operands);
  roff(out, verb->about);
  man_options(out, verb->options);
}

static void chapter(FILE *out, const char *title, const char *text) {
  fprintf(out, ".SH %s\n", title);
  roff(out, text);
}

struct term {
  const char *term, *text;
};

static void terms(FILE *out, const char *title, const struct term *term) {
  fprintf(out, ".SH \"%s\"\n", title);
  for (; term->term; term++) {
    fputs(".TP\n.B ", out);
    roff(out, term->term);
    roff(out, term->text);
  }
}

static const struct term values[] = {
    {"SIZE",
     "Bytes, as 4096, or a number with a unit, as 64K, 64MB or 1.5GiB. K, M, G and T are powers of "
     "1024, as memory is counted, in upper or lower case, and B or iB may follow: 64m, 64MB and "
     "64MiB are the same."},
    {"DURATION", "A number, which may have a decimal point, and ns, us, ms, s, m (or min) or h; "
                 "several of them are added, as 1m30s. A bare number is seconds."},
    {"MODE", "Rights in octal, as 0750: 4 to look, 2 to publish, 1 to take."},
    {"QUEUE",
     "The name of a queue: words of letters, digits, dots, underscores and hyphens, joined by "
     "slashes, as md/eurex/fdax; at most 200 bytes."},
    {NULL, NULL},
};

static const struct term statuses[] = {
    {"0", "Done. Also when the reader of standard output has closed it."},
    {"1", "Failed; standard error says why."},
    {"2", "The command line was wrong: a verb, an option, a value, or an invalid name."},
    {"3", "A deadline passed: with no message, or with fewer than requested."},
    {"128 + n", "Ended by signal n (SIGINT, SIGTERM or SIGHUP), cleanly: what was received and "
                "not written stays in the queue, and the summary is still printed."},
    {NULL, NULL},
};

static const struct term environment[] = {
    {"RILL_NAMESPACE", "The namespace, if --namespace is not given."},
    {"RILL_DIR", "Where the queues lie, if --dir is not given."},
    {"RILL_FENCE", "membarrier or full: how the data path is ordered against sleepers."},
    {"NO_COLOR", "If it is set and not empty, no colours on a terminal."},
    {NULL, NULL},
};

static void examples(FILE *out) {
  static const struct term list[] = {
      {"rill create orders --capacity 64M --group billing",
       "A queue of 64 MiB, whose group billing misses nothing even before it first runs."},
      {"rill group declare orders audit --from latest",
       "From now on its messages are held for the group audit, too."},
      {"seq 1000 | rill pub orders", "A thousand messages."},
      {"rill sub orders --group billing --count 1000 --timeout 20s",
       "Reads them as billing; status 3 if they do not come in 20 seconds."},
      {"rill tail orders --follow --json | jq .data", "Shows messages without taking any."},
      {"rill pub speed --count 1000000 --size 64 --stamp --wait-groups 1 & rill sub speed --quiet "
       "--stats",
       "A first measurement of the speed of this host."},
      {"rill rm 'logs/*' --yes", "Removes all queues under logs/, without asking."},
      {NULL, NULL},
  };
  terms(out, "EXAMPLES", list);
}

void man_page(FILE *out) {
  fprintf(out,
          ".TH RILL 1 \"\" \"Rill %s\" \"User Commands\"\n"
          ".SH NAME\nrill \\- inspect and work with message queues in shared memory\n"
          ".SH SYNOPSIS\n.B rill\n.I VERB\n[\\fIOPERAND\\fR]... [\\fIOPTION\\fR]...\n",
          RILL_VERSION);
  chapter(
      out, "DESCRIPTION",
      "A Rill queue carries messages from one producer at a time to any number of consumer "
      "groups, through shared memory. Each group sees every message. rill makes queues, "
      "publishes and reads messages, and shows which consumers are behind and which are asleep.\n\n"
      "Data goes to standard output, everything else to standard error. With --json a verb "
      "prints JSON; existing keys do not change, but new ones may be added. Sizes are in "
      "bytes and times in nanoseconds there.\n\n"
      "The name of a verb may be two words, as group rm. Options and operands may be mixed; -- "
      "ends the options. A value follows its option, or is "
      "written with it, as --count=5 or -n5; short options without one may stand together, as "
      "-fq.");
  fputs(".SH VERBS\n", out);
  const struct verb *verb;
  for (size_t i = 0; (verb = verb_at(i)); i++)
    man_verb(out, verb);
  fputs(".SH \"OPTIONS OF EVERY VERB\"\n", out);
  man_options(out, common_options);
  terms(out, "VALUES", values);
  terms(out, "EXIT STATUS", statuses);
  terms(out, "ENVIRONMENT", environment);
  examples(out);
}
