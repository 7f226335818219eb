/* SPDX-License-Identifier: MIT */
/* help.c - rill help and --help: the text about a verb and its options, from its table. */
#include "cli.h"

#include <string.h>

enum { WIDTH = 80, HELP_COLUMN = 27 };

/* Prints text in lines of at most WIDTH, each after `indent` spaces; `column`: where the first
 * line has begun already. A newline in the text begins a new line. */
static void wrap(FILE *out, const char *text, int indent, int column) {
  while (*text) {
    size_t space = strspn(text, " ");
    size_t word = strcspn(text + space, " \n");
    bool fits = column + (int)(space + word) <= WIDTH;
    if (column < indent || !fits) {
      if (!fits)
        putc('\n', out);
      fprintf(out, "%*s", fits ? indent - column : indent, "");
      column = indent;
      text += space;
      space = 0;
    }
    fprintf(out, "%.*s", (int)(space + word), text);
    column += (int)(space + word);
    text += space + word;
    if (*text == '\n') {
      putc('\n', out);
      column = 0;
      text++;
    }
  }
  putc('\n', out);
}

static void print_option(FILE *out, const struct option *option) {
  char left[96], letter[8] = "";
  if (option->letter)
    snprintf(letter, sizeof letter, "-%c, ", option->letter);
  int n = snprintf(left, sizeof left, "  %s--%s%s%s", letter, option->name,
                   option->value ? " " : "", option->value ? option->value : "");
  fputs(left, out);
  if (n > HELP_COLUMN - 2) {
    putc('\n', out);
    n = 0;
  }
  wrap(out, option->help, HELP_COLUMN, n);
}

static void print_options(FILE *out, const struct option *options) {
  for (; options->name; options++)
    if (options->help)
      print_option(out, options);
}

static bool takes(const struct verb *verb, enum option_kind kind) {
  for (const struct option *option = verb->options; option->name; option++)
    if (option->help && option->kind == kind)
      return true;
  return false;
}

static bool has_options(const struct verb *verb) {
  for (const struct option *option = verb->options; option->name; option++)
    if (option->help)
      return true;
  return false;
}

static void print_value(FILE *out, const char *text) {
  putc('\n', out);
  wrap(out, text, 0, 0);
}

void help_verb(FILE *out, const struct verb *verb) {
  fprintf(out, "usage: rill %s%s%s%s\n\n", verb->name, *verb->operands ? " " : "", verb->operands,
          has_options(verb) ? " [OPTION]..." : "");
  wrap(out, verb->about, 0, 0);
  if (has_options(verb)) {
    fputs("\nOptions:\n", out);
    print_options(out, verb->options);
  }
  if (takes(verb, OPTION_KIND_SIZE))
    print_value(out,
                "SIZE: bytes, as 4096, or with a unit, as 64K, 64MB or 1.5GiB. K, M, G and T are "
                "powers of 1024, in either case, with or without B or iB: 64m is 64MB is 64MiB.");
  if (takes(verb, OPTION_KIND_DURATION))
    print_value(out, "DURATION: 5us, 250ms, 1.5s, 2m, 1h or 1m30s; a bare number is seconds.");
  fputs("\nOptions of every verb:\n", out);
  print_options(out, common_options);
}

void help_verbs(FILE *out, const struct verb *group) {
  const char *name = group ? group->name : "", *space = group ? " " : "";
  fprintf(out, "usage: rill %s%sVERB [OPERAND]... [OPTION]...\n\n", name, space);
  wrap(out,
       group ? group->about : "Inspects and works with Rill's message queues in shared memory.", 0,
       0);
  putc('\n', out);
  for (const struct verb *const *verb = verbs_of(group); *verb; verb++)
    fprintf(out, "  %-9s %s\n", verb_word(*verb), (*verb)->summary);
  fprintf(out, "\n'rill %s%sVERB --help' has the operands and options of one.", name, space);
  fputs(group ? "\n"
              : " Exit status: 0 done,\n1 failed, 2 usage, 3 a deadline passed, 128 + n ended by "
                "signal n.\n",
        out);
}

static bool man_wanted, completion_wanted;

static int run(struct cli *cli, int count, char **operands) {
  if (man_wanted) {
    man_page(cli->out);
    return STATUS_DONE;
  }
  if (completion_wanted) {
    completion(cli->out);
    return STATUS_DONE;
  }
  const struct verb *verb = NULL;
  for (int i = 0; i < count; i++) {
    if (verb && !verb->verbs)
      return cli_usage("help: '%s' is one operand too many: %s is a verb", operands[i], verb->name);
    if (!(verb = verb_find(verb, operands[i])))
      return STATUS_USAGE;
  }
  if (verb && !verb->verbs)
    help_verb(cli->out, verb);
  else
    help_verbs(cli->out, verb);
  return STATUS_DONE;
}

static const struct option options[] = {
    OPTION_FLAG("man", 0, &man_wanted, NULL),               /* the man page, for the build   */
    OPTION_FLAG("completion", 0, &completion_wanted, NULL), /* of bash, for the build         */
    OPTION_END,
};

const struct verb verb_help = {
    .name = "help",
    .operands = "[VERB]...",
    .most = -1,
    .summary = "say how rill, or one of its verbs, is used",
    .about = "Says how rill is used, or one of its verbs, as VERB --help does. The name of a verb "
             "may be two words, as in rill help group rm.",
    .options = options,
    .run = run,
};
