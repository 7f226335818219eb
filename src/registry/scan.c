/* SPDX-License-Identifier: MIT */
/* scan.c - reads the namespace's directory, and runs the periodic look.
 *
 * The segments are the truth. inotify reports changes; a full read of the directory finds those
 * that it could not report. Once a second every queue is checked, a portion in each turn, for
 * events without the end of a client (of processes that do not use the registry). */
#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include "error.h"
#include "gc.h"
#include "server.h"

#define LOOK_EVERY INT64_C(1000000000)
#define FILES_EVERY INT64_C(30000000000)
#define LOOKS_A_TURN 64

static void changed(struct server *server, const char *name, enum table_change change,
                    const struct entry *was) {
  struct news news = {.what = RILLI_EVENT_REMOVED};
  if (change == TABLE_REMOVED || change == TABLE_REPLACED) {
    log_info("queue '%s' removed", name);
    peer_tell(server, was, &news);
  }
  if (change != TABLE_APPEARED && change != TABLE_REPLACED)
    return;
  struct entry *entry = table_own(&server->table, name);
  if (!entry)
    return;
  if (entry->segments)
    log_info("queue '%s' appeared: %llu bytes, %s", name,
             (unsigned long long)entry->segments->geometry.capacity,
             entry->segments->geometry.lifetime == RILL_TRANSIENT ? "transient" : "kept");
  else
    log_warning("queue '%s' cannot be opened: %s", name, rill_error());
  news.what = RILLI_EVENT_APPEARED;
  peer_tell(server, entry, &news);
}

void scan_name(struct server *server, const char *name) {
  struct entry was;
  char copy[RILLI_NAME_SIZE]; /* the name may be in an entry that is removed here */
  memset(&was, 0, sizeof was);
  memset(copy, 0, sizeof copy);
  memcpy(copy, name, strnlen(name, sizeof copy - 1));
  int unsure = 0;
  changed(server, copy, table_refresh(&server->table, copy, &was, &unsure), &was);
  if (unsure)
    server->rescan = 1;
}

void scan_all(struct server *server) {
  DIR *entries;
  int more = rilli_directory_list(server->dir, &entries);
  if (more == 0) {
    for (const char *file; (more = rilli_directory_next(entries, &file)) > 0;) {
      char name[RILLI_NAME_SIZE];
      if (rilli_name_of_control(file, name) && rilli_name_check(name) == 0)
        scan_name(server, name);
    }
    (void)closedir(entries);
  }
  if (more < 0) { /* the next periodic look reads it again */
    log_error("%s", rill_error());
    server->rescan = 1;
  }
  server->next_look = 0; /* and a check of each finds what is gone */
}

/* Drained before messages of clients are read, so that they find what they made before they
 * ask. */
void scan_changes(struct server *server, struct source *source, uint32_t events) {
  _Alignas(struct inotify_event) char buffer[16384];
  (void)events;
  if (source->fd < 0)
    return;
  const ssize_t size = read(source->fd, buffer, sizeof buffer);
  for (ssize_t at = 0; at < size;) {
    const struct inotify_event *event = (const void *)(buffer + at);
    char name[RILLI_NAME_SIZE];
    at += (ssize_t)(sizeof *event + event->len);
    if (event->mask & IN_Q_OVERFLOW)
      server->rescan = 1;
    else if (event->len && rilli_name_of_control(event->name, name) && rilli_name_check(name) == 0)
      scan_name(server, name);
  }
}

void scan_open(struct server *server) {
  const int fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
  char path[64];
  (void)snprintf(path, sizeof path, "/proc/self/fd/%d", server->dir);
  server->changes = (struct source){fd, scan_changes};
  if (fd < 0 ||
      inotify_add_watch(fd, path, IN_CREATE | IN_MOVED_TO | IN_MOVED_FROM | IN_DELETE) < 0 ||
      server_add(server, &server->changes, EPOLLIN) != 0) {
    log_warning("cannot watch the directory (%s): it is read once a second", rilli_words(errno));
    server_drop(server, &server->changes);
  }
  scan_all(server);
}

static void tell_file(const struct rill_gc_item *item, void *arg) {
  (void)arg;
  log_info("%s: %s: removed", item->name, item->what);
}

/* Ends the registry when the directory itself is gone: no client can reach it any more. */
static int is_gone(int dir) {
  struct stat status;
  return fstat(dir, &status) == 0 && status.st_nlink == 0;
}

static void begin_look(struct server *server, int64_t now) {
  if (is_gone(server->dir)) {
    log_info("the namespace's directory was removed: nothing is left to do");
    server->stop = SIGTERM;
  }
  server->next_look = now + LOOK_EVERY;
  server->look_left = server->table.count;
  if (server->changes.fd < 0 || server->rescan) {
    server->rescan = 0;
    scan_all(server);
    server->next_look = now + LOOK_EVERY;
  }
  if (now >= server->next_files) {
    server->next_files = now + FILES_EVERY;
    struct rilli_collection files = {.dir = server->dir, .report = tell_file};
    (void)rilli_collect(&files, 1);
  }
}

void scan_step(struct server *server, int64_t now) {
  if (server->look_left == 0 && now >= server->next_look)
    begin_look(server, now);
  for (int n = 0; n < LOOKS_A_TURN && server->look_left && server->table.count; n++) {
    struct entry *entry = cds_list_first_entry(&server->table.all, struct entry, all);
    cds_list_del(&entry->all); /* to the end: they take turns */
    cds_list_add_tail(&entry->all, &server->table.all);
    server->look_left--;
    char name[RILLI_NAME_SIZE];
    memcpy(name, entry->name, sizeof name);
    scan_name(server, name);
    entry = table_own(&server->table, name);
    if (entry)
      reaper_look(server, entry, NULL);
  }
  if (server->table.count == 0)
    server->look_left = 0;
}
