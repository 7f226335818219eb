/* SPDX-License-Identifier: MIT */
/* perf/peers/place.c - names of a run, and their removal; see place.h. */
#include "place.h"

#include "pair.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PATH_SIZE = 512 };

static const char *const parents[] = {"/dev/shm", "/tmp"};
static const char prefix[] = "rill-perf-";
static char place[64]; /* set before the fork: all three use the same               */
static unsigned users;

/* The directory and the files in it; a file is simply removed. One that is not ours stays. */
static void clear(const char *path) {
  unlink(path);
  int fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  DIR *directory = fd < 0 ? NULL : fdopendir(fd);
  if (!directory) {
    if (fd >= 0)
      close(fd);
    return;
  }
  const struct dirent *entry;
  while ((entry = readdir(directory)) != NULL)
    unlinkat(fd, entry->d_name, 0); /* "." and ".." are refused */
  closedir(directory);
  rmdir(path);
}

/* The supervisor that a name belongs to: rill-perf-PID, or with more after a '-'. 0: none. */
static pid_t owner_of(const char *name) {
  char *end;
  if (strncmp(name, prefix, sizeof prefix - 1) != 0)
    return 0;
  long pid = strtol(name + sizeof prefix - 1, &end, 10);
  return pid > 0 && (!*end || *end == '-') ? (pid_t)pid : 0;
}

/* Removes what belongs to this run, or to no live process. */
static void sweep(void) {
  for (size_t i = 0; i < sizeof parents / sizeof parents[0]; i++) {
    DIR *directory = opendir(parents[i]);
    const struct dirent *entry;
    while (directory && (entry = readdir(directory)) != NULL) {
      pid_t owner = owner_of(entry->d_name);
      char path[PATH_SIZE];
      if (owner == 0 || (owner != getpid() && (kill(owner, 0) == 0 || errno != ESRCH)))
        continue;
      snprintf(path, sizeof path, "%s/%s", parents[i], entry->d_name);
      clear(path);
    }
    if (directory)
      closedir(directory);
  }
}

int place_enter(void) {
  if (users == 0) {
    sweep();
    snprintf(place, sizeof place, "%s/%s%ld", parents[0], prefix, (long)getpid());
    if (mkdir(place, 0700))
      return pair_error(-errno, "directory '%s': %s", place, strerror(errno));
  }
  users++;
  return 0;
}

void place_leave(void) {
  if (--users == 0)
    sweep();
}

void place_path(const char *name, char *ret_path, size_t size) {
  snprintf(ret_path, size, "%s/%s", place, name);
}
