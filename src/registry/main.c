/* SPDX-License-Identifier: MIT */
/* main.c - rilld, the registry of one namespace: options, becoming a daemon, and ending. */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "claim.h"
#include "error.h"
#include "name_space.h"
#include "rill/version.h"
#include "server.h"

static const char usage[] =
    "usage: rilld [OPTION]...\n"
    "\n"
    "The registry of a namespace of Rill queues: reclaims immediately what dead processes have\n"
    "left, removes transient queues that no process has open, answers clients, and reports events\n"
    "to watchers. No message passes through it: queues work without it.\n"
    "\n"
    "  --namespace NAME  the namespace (default: $RILL_NAMESPACE, else one of the user's)\n"
    "  --dir PATH        where the queues lie (default: $RILL_DIR, else /dev/shm)\n"
    "  --foreground      stay in the foreground, log to standard error\n"
    "  --log FILE        append the log to FILE (default in the background: syslog)\n"
    "  -v, --verbose     log more\n"
    "  -h, --help        print this help\n"
    "  --version         print the version\n"
    "\n"
    "SIGTERM, SIGINT: end cleanly. SIGHUP: read the directory again, and reopen the log\n"
    "file. A listening SOCK_SEQPACKET socket may be passed by LISTEN_FDS.\n"
    "Exit status: 0 done, 1 failed (another registry serves the namespace, say), 2 usage.\n";

enum { STATUS_DONE = 0, STATUS_FAILED = 1, STATUS_USAGE = 2 };

struct options {
  const char *name_space, *directory, *log;
  int foreground, verbose;
};

/* Returns an exit status, or -1: continue. */
static int take_options(int argc, char **argv, struct options *ret) {
  enum { NAME_SPACE = 256, DIRECTORY, FOREGROUND, LOG, VERSION };
  static const struct option table[] = {{"namespace", required_argument, NULL, NAME_SPACE},
                                        {"dir", required_argument, NULL, DIRECTORY},
                                        {"foreground", no_argument, NULL, FOREGROUND},
                                        {"log", required_argument, NULL, LOG},
                                        {"verbose", no_argument, NULL, 'v'},
                                        {"help", no_argument, NULL, 'h'},
                                        {"version", no_argument, NULL, VERSION},
                                        {NULL, 0, NULL, 0}};
  for (int option; (option = getopt_long(argc, argv, "vh", table, NULL)) != -1;)
    switch (option) {
    case NAME_SPACE:
      ret->name_space = optarg;
      break;
    case DIRECTORY:
      ret->directory = optarg;
      break;
    case FOREGROUND:
      ret->foreground = 1;
      break;
    case LOG:
      ret->log = optarg;
      break;
    case 'v':
      ret->verbose = 1;
      break;
    case 'h':
      return fputs(usage, stdout) < 0 || fflush(stdout) ? STATUS_FAILED : STATUS_DONE;
    case VERSION:
      return printf("rilld %s\n", rill_version()) < 0 || fflush(stdout) ? STATUS_FAILED
                                                                        : STATUS_DONE;
    default:
      (void)fputs("rilld: see rilld --help\n", stderr);
      return STATUS_USAGE;
    }
  if (optind == argc)
    return -1;
  (void)fprintf(stderr, "rilld: '%s' is one operand too many; see rilld --help\n", argv[optind]);
  return STATUS_USAGE;
}

static int fail(void) {
  (void)fprintf(stderr, "rilld: %s\n", rill_error());
  return STATUS_FAILED;
}

/* --- the background ---------------------------------------------------------------------- */

/* The first process waits until the daemon serves or fails, and ends with its status; failures
 * until then are still reported on its standard error. Returns (in the daemon) the descriptor
 * to report to; in the first process *ret_status is its exit status. */
static int go_to_background(int *ret_status) {
  int ends[2];
  *ret_status = STATUS_FAILED;
  if (pipe2(ends, O_CLOEXEC) != 0)
    return -1;
  const pid_t child = fork();
  if (child > 0) {
    char ready = 0;
    (void)close(ends[1]);
    if (read(ends[0], &ready, 1) == 1)
      *ret_status = STATUS_DONE;
    return -1;
  }
  if (child < 0 || setsid() < 0)
    return -1;
  const pid_t daemon = fork(); /* no session leader: it never gets a terminal */
  if (daemon != 0)
    _exit(daemon < 0 ? STATUS_FAILED : STATUS_DONE);
  (void)close(ends[0]);
  return ends[1];
}

/* It serves from here on, and holds nothing of its starter any more. */
static void report_ready(int report, const struct options *options) {
  const int null = open("/dev/null", O_RDWR | O_CLOEXEC);
  if (!options->log)
    log_to_syslog();
  (void)dup2(null, STDIN_FILENO);
  (void)dup2(null, STDOUT_FILENO);
  if (!options->log)
    (void)dup2(null, STDERR_FILENO);
  (void)close(null);
  if (chdir("/") != 0)
    log_debug("cannot change to /: %s", rilli_words(errno));
  if (write(report, "", 1) < 0)
    log_debug("the starter did not wait");
  (void)close(report);
}

/* --- serving ------------------------------------------------------------------------------- */

/* Returns the namespace's directory, or a negative errno. */
static int open_name_space(const struct options *options) {
  struct stat status;
  char *path;
  const int dir = rilli_name_space_open(options->name_space, options->directory, &path);
  if (dir < 0)
    return dir;
  free(path);
  if (fstat(dir, &status) == 0 && status.st_uid == geteuid())
    return dir;
  (void)close(dir);
  return rilli_fail(EPERM, "the namespace belongs to user %u: run rilld as that user",
                    (unsigned)status.st_uid);
}

/* report: -1 in the foreground. */
static int serve(const struct options *options, int dir, int listener, int report) {
  struct server server;
  urcu_memb_register_thread();
  if (server_open(&server, dir, listener) != 0)
    return fail();
  log_info("rilld %s: process %ld serves %zu queues; room for %zu clients", rill_version(),
           (long)getpid(), server.table.count, server.peer_most);
  if (report >= 0)
    report_ready(report, options);
  const int signal_number = server_run(&server);
  log_info("%s: ending cleanly; the queues stay", strsignal(signal_number));
  server_close(&server);
  urcu_memb_unregister_thread();
  return signal_number == SIGABRT ? STATUS_FAILED : STATUS_DONE;
}

static int claim_and_serve(const struct options *options, int given, int report) {
  struct claim claim;
  const int dir = open_name_space(options);
  if (dir < 0)
    return fail();
  int status = STATUS_FAILED;
  server_hold_signals();
  if (claim_take(dir, given, &claim) == 0) {
    status = serve(options, dir, claim.listener, report);
    claim_release(dir, &claim);
  } else {
    (void)fail();
  }
  (void)close(dir);
  return status;
}

int main(int argc, char **argv) {
  struct options options = {.name_space = NULL};
  int report = -1, status = take_options(argc, argv, &options);
  if (status >= 0)
    return status;
  (void)signal(SIGPIPE, SIG_IGN);
  log_level(options.verbose ? LOG_LEVEL_DEBUG : LOG_LEVEL_INFO);
  const int given = claim_given();
  if (given == -EINVAL)
    return fail();
  if (!options.foreground) {
    report = go_to_background(&status);
    if (report < 0)
      return status;
  }
  if (options.log) {
    const int code = log_to_file(options.log);
    if (code) {
      (void)fprintf(stderr, "rilld: cannot write to '%s': %s\n", options.log, rilli_words(-code));
      return STATUS_FAILED;
    }
  }
  return claim_and_serve(&options, given, report);
}
