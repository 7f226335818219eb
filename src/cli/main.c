/* SPDX-License-Identifier: MIT */
/* main.c - rill, the inspector: finds the verb, parses its options, runs it.
 *
 * Data goes to standard output, everything else to standard error. The output of a verb is
 * collected in memory and written once, so that a failed write is noticed, and the end of its
 * reader is not an error. sub and tail write their messages themselves. */
#include "cli.h"
#include "output.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static struct cli cli;
static bool version_wanted;

const struct option common_options[] = {
    OPTION_TEXT("namespace", 0, "NAME", &cli.name_space,
                "the namespace of the queues (default: $RILL_NAMESPACE, else one of the user's)"),
    OPTION_TEXT("dir", 0, "PATH", &cli.directory,
                "where the queues lie (default: $RILL_DIR, else /dev/shm)"),
    OPTION_FLAG("help", 'h', &cli.help, "print how the verb is used"),
    OPTION_END,
};

static const struct option main_options[] = {
    OPTION_FLAG("version", 'V', &version_wanted, "as rill version"),
    OPTION_END,
};

static bool progress_shown;

void cli_progress(const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  fputs("\r\033[K", stderr);
  vfprintf(stderr, format, arguments);
  va_end(arguments);
  progress_shown = true;
}

void cli_progress_end(void) {
  if (progress_shown)
    fputs("\r\033[K", stderr);
  progress_shown = false;
}

__attribute__((format(printf, 1, 0))) static void complain(const char *format, va_list arguments) {
  flockfile(stderr);
  cli_progress_end();
  fputs("rill: ", stderr);
  vfprintf(stderr, format, arguments);
  putc('\n', stderr);
  funlockfile(stderr);
}

int cli_fail(const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  complain(format, arguments);
  va_end(arguments);
  return STATUS_FAILED;
}

int cli_usage(const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  complain(format, arguments);
  va_end(arguments);
  return STATUS_USAGE;
}

void cli_note(const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  complain(format, arguments);
  va_end(arguments);
}

int cli_fail_library(int code) {
  const char *words = rill_error();
  cli_note("%s", *words ? words : strerror(-code));
  return code == -EINVAL ? STATUS_USAGE : STATUS_FAILED;
}

int cli_context(const struct cli *options, rill_context **ret_context) {
  struct rill_context_attr attr = {
      .size = sizeof attr, .name_space = options->name_space, .directory = options->directory};
  int r = rill_context_open(&attr, ret_context);
  return r < 0 ? cli_fail_library(r) : 0;
}

int cli_observe(rill_context *context, const char *name, rill_queue **ret_queue) {
  return rill_queue_open(context, name, RILL_OBSERVE, NULL, RILL_NOW, ret_queue);
}

rill_time cli_deadline(int64_t span) {
  return span == RILL_FOREVER ? RILL_FOREVER : rill_after(span);
}

/* Parses the options among the words; moves the operands to the front, with NULL behind them.
 * Returns how many operands there are, or -1. */
static int take_words(const struct verb *verb, char **words) {
  const struct option *const tables[] = {verb->options, common_options, NULL};
  char **operands = words;
  bool more_options = true;
  for (char **word = words; *word;) {
    if (more_options && !strcmp(*word, "--")) {
      more_options = false;
      word++;
    } else if (more_options && (*word)[0] == '-' && (*word)[1]) {
      int taken = options_take(tables, verb->name, word);
      if (taken < 0)
        return -1;
      word += taken;
    } else {
      *operands++ = *word++;
    }
  }
  *operands = NULL;
  return (int)(operands - words);
}

/* Parses options before the verb, or between the words of its name. Returns how many words they
 * were, or -1. */
static int take_leading(char **words) {
  static const struct option *const tables[] = {common_options, main_options, NULL};
  int total = 0;
  while (words[total] && words[total][0] == '-') {
    int taken = options_take(tables, NULL, words + total);
    if (taken < 0)
      return -1;
    total += taken;
  }
  return total;
}

/* The name of operand `index` in a usage line such as "QUEUE GROUP...", without its dots. */
static int missing(const struct verb *verb, int index) {
  const char *word = verb->operands;
  for (; index > 0 && strchr(word, ' '); index--)
    word = strchr(word, ' ') + 1;
  return cli_usage("%s: missing %.*s; usage: rill %s %s", verb->name, (int)strcspn(word, ". "),
                   word, verb->name, verb->operands);
}

static int run_verb(const struct verb *verb, char **words) {
  int count = take_words(verb, words);
  if (count < 0)
    return STATUS_USAGE;
  if (cli.help) {
    help_verb(cli.out, verb);
    return STATUS_DONE;
  }
  if (count < verb->least)
    return missing(verb, count);
  if (verb->most >= 0 && count > verb->most)
    return cli_usage("%s: '%s' is one operand too many; usage: rill %s%s%s", verb->name,
                     words[verb->most], verb->name, *verb->operands ? " " : "", verb->operands);
  return verb->run(&cli, count, words);
}

static int run(char **words) {
  const struct verb *verb = NULL;
  do {
    int leading = take_leading(words);
    if (leading < 0)
      return STATUS_USAGE;
    words += leading;
    if (version_wanted)
      return verb_version.run(&cli, 0, words);
    if (!*words) {
      help_verbs(cli.help ? cli.out : stderr, verb);
      return cli.help ? STATUS_DONE : STATUS_USAGE;
    }
    verb = verb_find(verb, *words++);
  } while (verb && verb->verbs);
  return verb ? run_verb(verb, words) : STATUS_USAGE;
}

/* Writes what the verb has printed; a failure counts only if nothing failed before. */
static int finish(int status, const char *text, size_t size) {
  if (!size)
    return status;
  int written = output_put(text, size);
  int output = output_status(written ? written : output_flush());
  return status ? status : output;
}

/* If a standard descriptor is closed at the start, the next opened file gets its number, and
 * that would be a queue or its directory. So each is opened first as /dev/null, for the other
 * direction: using it fails as on a closed descriptor. */
static int hold_standard_descriptors(void) {
  for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
    if (fcntl(fd, F_GETFD) < 0 && open("/dev/null", fd == STDIN_FILENO ? O_WRONLY : O_RDONLY) < 0)
      return -1;
  return 0;
}

int main(int argc, char **argv) {
  char *text = NULL;
  size_t size = 0;
  signal(SIGPIPE, SIG_IGN);
  if (hold_standard_descriptors())
    return cli_fail("/dev/null: %s", strerror(errno));
  cli.out = open_memstream(&text, &size);
  if (!cli.out)
    return cli_fail("%s", strerror(errno));
  int status = run(argv + (argc > 0));
  if (fclose(cli.out))
    return cli_fail("%s", strerror(errno));
  status = finish(status, text, size);
  free(text);
  return status;
}
