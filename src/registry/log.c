/* SPDX-License-Identifier: MIT */
/* log.c - rilld's messages to its operator. See log.h. One write(2) for each line, so that
 * lines of several threads do not mix; names that clients chose are checked before they come
 * here. */
#include "log.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>

#define OFTEN 10u /* lines a second of log_often                                     */

static enum log_level most = LOG_LEVEL_INFO;
static const char *file_path;
static int use_syslog;

void log_level(enum log_level level) {
  most = level;
}

int log_to_file(const char *path) {
  const int fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOCTTY, 0640);
  if (fd < 0)
    return -errno;
  file_path = path;
  const int code = dup2(fd, STDERR_FILENO) < 0 ? -errno : 0;
  (void)close(fd);
  return code;
}

void log_reopen(void) {
  if (file_path && log_to_file(file_path) != 0)
    log_error("cannot open the log file '%s' again: the old one stays in use", file_path);
}

void log_to_syslog(void) {
  openlog("rilld", LOG_PID, LOG_DAEMON);
  use_syslog = 1;
}

/* "2026-01-31 12:00:00.123 info   text\n" */
static void put(enum log_level level, const char *text) {
  static const char *const words[] = {"ERROR", "WARN", "info", "debug"};
  static const int priorities[] = {LOG_ERR, LOG_WARNING, LOG_INFO, LOG_DEBUG};
  if (use_syslog) {
    syslog(priorities[level], "%s", text);
    return;
  }
  struct timespec now;
  struct tm local;
  char line[1200], day[32] = "";
  (void)clock_gettime(CLOCK_REALTIME, &now);
  if (localtime_r(&now.tv_sec, &local))
    (void)strftime(day, sizeof day, "%Y-%m-%d %H:%M:%S", &local);
  const int length = snprintf(line, sizeof line, "%s.%03ld %-5s  %s\n", day, now.tv_nsec / 1000000,
                              words[level], text);
  if (length > 0 && write(STDERR_FILENO, line, strnlen(line, sizeof line)) < 0)
    return; /* the failure cannot be reported */
}

void log_line(enum log_level level, const char *format, ...) {
  char text[1100];
  va_list args;
  if (level > most)
    return;
  va_start(args, format);
  (void)vsnprintf(text, sizeof text, format, args);
  va_end(args);
  put(level, text);
}

void log_often(const char *format, ...) {
  static time_t second;
  static unsigned said, left_out;
  char text[1100];
  va_list args;
  const time_t now = time(NULL);
  if (now != second) {
    if (left_out)
      log_warning("%u more lines of this kind were left out", left_out);
    second = now;
    said = left_out = 0;
  }
  if (said++ >= OFTEN) {
    left_out++;
    return;
  }
  va_start(args, format);
  (void)vsnprintf(text, sizeof text, format, args);
  va_end(args);
  log_line(LOG_LEVEL_WARNING, "%s", text);
}
