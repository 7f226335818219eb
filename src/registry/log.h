/* SPDX-License-Identifier: MIT */
/* log.h - rilld's messages to its operator: one line for each fact, with time and level. */
#ifndef RILLD_LOG_H
#define RILLD_LOG_H

enum log_level { LOG_LEVEL_ERROR, LOG_LEVEL_WARNING, LOG_LEVEL_INFO, LOG_LEVEL_DEBUG };

/* Logs to standard error unless another destination is set; lines above the level are left out. */
void log_level(enum log_level most);
/* Appends to a file from now on; again after SIGHUP, so that it can be rotated. 0 or -errno. */
int log_to_file(const char *path);
void log_reopen(void);
/* To syslog(3): for a daemon without a terminal. */
void log_to_syslog(void);

void log_line(enum log_level level, const char *format, ...) __attribute__((format(printf, 2, 3)));
#define log_error(...) log_line(LOG_LEVEL_ERROR, __VA_ARGS__)
#define log_warning(...) log_line(LOG_LEVEL_WARNING, __VA_ARGS__)
#define log_info(...) log_line(LOG_LEVEL_INFO, __VA_ARGS__)
#define log_debug(...) log_line(LOG_LEVEL_DEBUG, __VA_ARGS__)

/* For lines that a client can cause as often as it likes: at most ten a second, then one line
 * with the number of those left out. Only the loop's thread calls it. */
void log_often(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
