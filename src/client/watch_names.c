/* SPDX-License-Identifier: MIT */
/* watch_names.c - the names of a watcher's queues, by inotify and by reading the directory. See
 * watcher.h.
 *
 * Each change that inotify reports is applied as it is, so a queue appears and is removed in turn.
 * The directory is read at the beginning, and when the kernel's list of changes was full. Changes
 * that were listed while it was read may be visible in it already, so only their names are used,
 * and the files are checked. The same holds for names that the registry mentions. */
#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "descriptor.h"
#include "error.h"
#include "gc.h"
#include "name.h"
#include "watcher.h"

void rilli_names_open(struct rill_watch *watch) {
  char path[64];
  (void)snprintf(path, sizeof path, "/proc/self/fd/%d", rilli_context_dir(watch->context));
  watch->changes = rilli_above_streams(inotify_init1(IN_CLOEXEC | IN_NONBLOCK));
  if (watch->changes >= 0 && rilli_file_id_of(watch->changes, &watch->changes_id) == 0 &&
      inotify_add_watch(watch->changes, path,
                        IN_CREATE | IN_MOVED_TO | IN_MOVED_FROM | IN_DELETE | IN_ONLYDIR) >= 0)
    return;
  if (watch->changes >= 0)
    (void)close(watch->changes);
  watch->changes = -1;
}

/* --- what is known ------------------------------------------------------------------------ */

/* The index of a name, or where it would be inserted. */
static size_t place_of(const struct rill_watch *watch, const char *name, int *ret_found) {
  size_t low = 0, high = watch->known_count;
  *ret_found = 0;
  while (low < high) {
    const size_t middle = low + (high - low) / 2;
    const int order = strcmp(watch->known[middle].name, name);
    if (order == 0) {
      *ret_found = 1;
      return middle;
    }
    if (order < 0)
      low = middle + 1;
    else
      high = middle;
  }
  return low;
}

struct rilli_known *rilli_names_find(const struct rill_watch *watch, const char *name) {
  int found;
  const size_t at = place_of(watch, name, &found);
  return found ? &watch->known[at] : NULL;
}

int rilli_names_match(const struct rill_watch *watch, const char *name) {
  return !watch->pattern || fnmatch(watch->pattern, name, 0) == 0;
}

static int no_memory_for_names(void) {
  return rilli_fail(ENOMEM, "no memory for the names that are watched");
}

static int add_name(struct rill_watch *watch, const char *name, uint64_t inode, int silent) {
  int found;
  const size_t at = place_of(watch, name, &found);
  if (watch->known_count == watch->known_room) {
    const size_t room = watch->known_room ? 2 * watch->known_room : 16;
    struct rilli_known *known = realloc(watch->known, room * sizeof *known);
    if (!known)
      return no_memory_for_names();
    watch->known = known;
    watch->known_room = room;
  }
  char *copy = strdup(name);
  if (!copy || (!silent && rilli_watch_room(watch, 1))) {
    free(copy);
    return no_memory_for_names();
  }
  memmove(watch->known + at + 1, watch->known + at,
          (watch->known_count++ - at) * sizeof *watch->known);
  watch->known[at] = (struct rilli_known){copy, inode, NULL, !silent, 0};
  if (!silent)
    (void)rilli_watch_put(watch, RILL_EVENT_APPEARED, name);
  return 0;
}

static int drop_name(struct rill_watch *watch, struct rilli_known *known) {
  const size_t at = (size_t)(known - watch->known);
  if (rilli_watch_room(watch, 1))
    return no_memory_for_names();
  (void)rilli_watch_put(watch, RILL_EVENT_REMOVED, known->name);
  free(known->name);
  free(known->roles);
  memmove(known, known + 1, (--watch->known_count - at) * sizeof *known);
  if (watch->next_probe > at)
    watch->next_probe--;
  return 0;
}

int rilli_names_all_gone(struct rill_watch *watch) {
  int code = 0;
  while (code == 0 && watch->known_count)
    code = drop_name(watch, &watch->known[watch->known_count - 1]);
  return code;
}

/* 1: there is one, 0: none, or a negative errno. */
static int find_file(const struct rill_watch *watch, const char *name, uint64_t *ret_inode) {
  char file[RILLI_FILE_NAME];
  struct stat status;
  *ret_inode = 0;
  rilli_name_files(name, NULL, file, NULL);
  if (fstatat(rilli_context_dir(watch->context), file, &status, AT_SYMLINK_NOFOLLOW) != 0)
    return errno == ENOENT
               ? 0
               : rilli_fail(errno, "cannot examine the control segment of queue '%s': %s", name,
                            rilli_words(errno));
  *ret_inode = (uint64_t)status.st_ino;
  return 1;
}

int rilli_names_check(struct rill_watch *watch, const char *name) {
  uint64_t inode;
  const int there = find_file(watch, name, &inode);
  struct rilli_known *known = rilli_names_find(watch, name);
  int code = there < 0 ? there : 0;
  if (code == 0 && known && (!there || known->inode != inode)) {
    code = drop_name(watch, known);
    known = NULL;
  }
  if (code == 0 && there && !known)
    code = add_name(watch, name, inode, 0);
  return code;
}

/* --- reading the directory ------------------------------------------------------------------ */

struct found {
  char **names;
  size_t count, room;
};

static int note_name(const char *name, void *arg) {
  struct found *found = arg;
  if (rilli_name_check(name))
    return 0; /* not the file of a queue */
  if (found->count == found->room) {
    const size_t room = found->room ? 2 * found->room : 64;
    char **names = realloc(found->names, room * sizeof *names);
    if (!names)
      return no_memory_for_names();
    found->names = names;
    found->room = room;
  }
  char *copy = strdup(name);
  if (!copy)
    return no_memory_for_names();
  found->names[found->count++] = copy;
  return 0;
}

static int by_name(const void *name, const void *entry) {
  return strcmp(name, *(char *const *)entry);
}

static int is_found(const struct found *found, const char *name) {
  return found->count &&
         bsearch(name, found->names, found->count, sizeof *found->names, by_name) != NULL;
}

static int compare_names(struct rill_watch *watch, const struct found *found, int silent) {
  int code = 0;
  for (size_t i = watch->known_count; code == 0 && i > 0; i--)
    if (!is_found(found, watch->known[i - 1].name))
      code = drop_name(watch, &watch->known[i - 1]);
  for (size_t i = 0; code == 0 && i < found->count; i++) {
    uint64_t inode;
    if (!silent)
      code = rilli_names_check(watch, found->names[i]);
    else if ((code = find_file(watch, found->names[i], &inode)) > 0)
      code = add_name(watch, found->names[i], inode, 1);
  }
  return code;
}

/* --- changes from inotify ------------------------------------------------------------------- */

/* 1: there is something to apply, 0: there is not. Without inotify the directory is read. */
static int refill_changes(struct rill_watch *watch) {
  if (watch->at < watch->end)
    return 1;
  if (watch->changes < 0)
    return 0;
  if (!rilli_is_still(watch->changes, &watch->changes_id)) {
    watch->changes = -1;
    watch->rescan = 1;
    return 0;
  }
  const ssize_t size = read(watch->changes, watch->buffer, sizeof watch->buffer);
  watch->at = 0;
  watch->end = size > 0 ? (size_t)size : 0;
  if (size < 0 && errno != EAGAIN && errno != EINTR) {
    rilli_close_still(&watch->changes, &watch->changes_id);
    watch->rescan = 1;
  }
  return watch->end > 0;
}

static int missed_some(struct rill_watch *watch) {
  watch->rescan = 1;
  watch->next_round = 0;
  watch->lost = RILL_LOST_UNKNOWN;
  if (rilli_watch_room(watch, 1))
    return no_memory_for_names();
  rilli_watch_source(watch, watch->source);
  return 1;
}

static int apply_change(struct rill_watch *watch, uint32_t mask, const char *name, int overlaps) {
  struct rilli_known *known = rilli_names_find(watch, name);
  const int appeared = (mask & (IN_CREATE | IN_MOVED_TO)) != 0;
  uint64_t inode;
  if (overlaps)
    return rilli_names_check(watch, name);
  if (!appeared)
    return known ? drop_name(watch, known) : 0;
  if (known)
    return 0;
  const int there = find_file(watch, name, &inode);
  return there < 0 ? there : add_name(watch, name, inode, 0);
}

int rilli_names_step(struct rill_watch *watch) {
  char name[RILLI_NAME_SIZE];
  if (!refill_changes(watch))
    return 0;
  const struct inotify_event *event = (const void *)(watch->buffer + watch->at);
  const size_t left = watch->end - watch->at;
  if (left < sizeof *event || left - sizeof *event < event->len) { /* of another file */
    watch->at = watch->end;
    watch->rescan = 1;
    return 0;
  }
  const size_t size = sizeof *event + event->len;
  const int overlaps = watch->overlap > 0;
  watch->overlap -= size < watch->overlap ? size : watch->overlap;
  watch->at += size;
  if (event->mask & IN_Q_OVERFLOW)
    return missed_some(watch);
  if (event->mask & IN_IGNORED) { /* its file system was unmounted */
    rilli_close_still(&watch->changes, &watch->changes_id);
    watch->rescan = 1;
    return 0;
  }
  if (event->len == 0)
    return 1;
  if (strcmp(event->name, RILLI_SOCKET_FILE) == 0)
    watch->next_round = 0; /* a registry may be there */
  if (!rilli_name_of_control(event->name, name) || !rilli_names_match(watch, name) ||
      rilli_name_check(name))
    return 1;
  const int code = apply_change(watch, event->mask, name, overlaps);
  if (code == 0)
    return 1;
  watch->rescan = 1; /* which does not see queues that appeared and were removed meanwhile */
  watch->lost = RILL_LOST_UNKNOWN;
  return code;
}

/* Applies the changes that were listed when the directory had been read. This is done now: if the
 * files were checked later, they could have changed again, and that change is listed too. */
static int settle(struct rill_watch *watch) {
  int listed = 0, code = 1;
  watch->overlap = 0;
  if (watch->changes >= 0 && ioctl(watch->changes, FIONREAD, &listed) == 0)
    watch->overlap = watch->end - watch->at + (size_t)listed;
  while (code > 0 && watch->overlap)
    code = rilli_names_step(watch);
  return code < 0 ? code : 0;
}

int rilli_names_scan(struct rill_watch *watch, int silent) {
  struct found found = {NULL, 0, 0};
  int code = rilli_list(rilli_context_dir(watch->context), watch->pattern, note_name, &found);
  if (code >= 0)
    code = compare_names(watch, &found, silent);
  watch->rescan = code < 0;
  for (size_t i = 0; i < found.count; i++)
    free(found.names[i]);
  free(found.names);
  if (code == 0)
    code = settle(watch);
  if (silent) { /* at the beginning: changes made meanwhile belong to the first state */
    watch->first = watch->last = 0;
    rilli_roles_forget(watch);
  }
  return code;
}

void rilli_names_close(struct rill_watch *watch) {
  for (size_t i = 0; i < watch->known_count; i++) {
    free(watch->known[i].name);
    free(watch->known[i].roles);
  }
  free(watch->known);
  rilli_close_still(&watch->changes, &watch->changes_id);
}
