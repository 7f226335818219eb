/* SPDX-License-Identifier: MIT */
/* host_left.c - what rill doctor reports of other namespaces, logout and containers. */
#include "host_left.h"

#include <dirent.h>
#include <fcntl.h>
#include <glob.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

enum { NAMESPACES_SHOWN = 10, SYSTEM_USERS_END = 1000 };

struct census {
  rill_context *context;
  int queues, open;
};

static int count(const char *name, void *argument) {
  struct census *census = argument;
  struct rill_queue_stat stat = {.size = sizeof stat};
  rill_queue *queue = NULL;
  census->queues++;
  if (cli_observe(census->context, name, &queue) || rill_queue_read_stat(queue, &stat) ||
      stat.limited)
    census->open++; /* not known: counts as open */
  else
    census->open += stat.attached != 0;
  rill_queue_close(queue);
  return 0;
}

/* Is it a namespace with queues, none of which a process has open? */
static bool is_left(const char *directory, const char *name, int *ret_queues) {
  struct census census = {NULL, 0, 0};
  const struct rill_context_attr attr = {
      .size = sizeof attr, .name_space = name, .directory = directory};
  if (rill_context_open(&attr, &census.context))
    return false;
  const int n = rill_queue_list(census.context, NULL, count, &census);
  rill_context_close(census.context);
  *ret_queues = census.queues;
  return n > 0 && census.open == 0;
}

static bool is_own(int dir, const char *file) {
  struct stat status;
  return fstatat(dir, file, &status, AT_SYMLINK_NOFOLLOW) == 0 && S_ISDIR(status.st_mode) &&
         status.st_uid == geteuid();
}

void host_leftovers(const struct cli *cli, const struct host_report *report,
                    const char *directory) {
  char own[64];
  const char *name = cli->name_space ? cli->name_space : getenv("RILL_NAMESPACE");
  snprintf(own, sizeof own, "u%u", (unsigned)geteuid());
  if (!name || !*name)
    name = own;
  DIR *entries = opendir(directory);
  if (!entries)
    return;
  int left = 0, queues = 0;
  for (const struct dirent *entry; (entry = readdir(entries));) {
    const char *other = entry->d_name + 5;
    if (strncmp(entry->d_name, "rill.", 5) != 0 || !strcmp(other, name) ||
        !is_own(dirfd(entries), entry->d_name) || !is_left(directory, other, &queues))
      continue;
    if (left++ < NAMESPACES_SHOWN)
      host_tell(
          report, RILL_NOTE,
          "namespace '%s' of this user has queues (%d) that no process has open: rill ls, gc, rm "
          "--namespace %s",
          other, queues, other);
  }
  closedir(entries);
  if (left > NAMESPACES_SHOWN)
    host_tell(report, RILL_NOTE, "and %d more such namespaces", left - NAMESPACES_SHOWN);
  if (!left)
    host_tell(report, RILL_FINE, "no other namespace of this user is left over in %s", directory);
}

/* Reads the setting from the last line of these files that has it. */
static void read_setting(const char *pattern, bool *ret) {
  glob_t files;
  if (glob(pattern, 0, NULL, &files) != 0)
    return;
  for (size_t i = 0; i < files.gl_pathc; i++) {
    FILE *file = fopen(files.gl_pathv[i], "re");
    char line[512], word[32];
    while (file && fgets(line, sizeof line, file))
      if (sscanf(line, " RemoveIPC = %31s", word) == 1)
        *ret = strchr("yYtT1", word[0]) != NULL || !strcasecmp(word, "on");
    if (file)
      fclose(file);
  }
  globfree(&files);
}

void host_logout(const struct host_report *report, const char *directory) {
  bool removes = true; /* systemd's default */
  read_setting("/usr/lib/systemd/logind.conf", &removes);
  read_setting("/etc/systemd/logind.conf", &removes);
  read_setting("/usr/lib/systemd/logind.conf.d/*.conf", &removes);
  read_setting("/run/systemd/logind.conf.d/*.conf", &removes);
  read_setting("/etc/systemd/logind.conf.d/*.conf", &removes);
  char path[4096], *real = realpath(directory, NULL);
  snprintf(path, sizeof path, "%s/", real ? real : directory);
  free(real);
  if (access("/run/systemd/system", F_OK) != 0)
    host_tell(report, RILL_FINE, "a logout removes nothing: systemd does not run here");
  else if (strncmp(path, "/dev/shm/", 9) != 0)
    host_tell(report, RILL_FINE, "a logout removes nothing: %s is not in /dev/shm", directory);
  else if (geteuid() < SYSTEM_USERS_END)
    host_tell(report, RILL_FINE, "a logout removes nothing: user %u is a system user",
              (unsigned)geteuid());
  else if (!removes)
    host_tell(report, RILL_FINE, "a logout removes nothing: RemoveIPC=no");
  else
    host_tell(report, RILL_NOTE,
              "the last logout of user %u removes its queues from /dev/shm: set RemoveIPC=no in "
              "/etc/systemd/logind.conf, or run them as a system user",
              (unsigned)geteuid());
}

void host_container(const struct host_report *report) {
  const char *word = getenv("container");
  if (access("/.dockerenv", F_OK) == 0 || access("/run/.containerenv", F_OK) == 0 ||
      (word && *word))
    host_tell(report, RILL_NOTE,
              "this is a container: its queues end with it, and processes outside see them "
              "only if they share its /dev/shm (--ipc, or a volume)");
  else
    host_tell(report, RILL_FINE, "no sign of a container: all processes here see the same queues");
}
