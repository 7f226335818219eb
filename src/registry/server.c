/* SPDX-License-Identifier: MIT */
/* server.c - rilld's loop: one epoll instance, one thread. See server.h. */
#include "server.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <unistd.h>

#include "error.h"

#define EVENTS 256
#define PEERS_MOST 8192u
#define OTHER_DESCRIPTORS 64u /* its own, and room for checks of queues */
#define LEAST_DESCRIPTORS 32u /* for its own and a few clients                          */

int server_add(struct server *server, struct source *source, uint32_t events) {
  struct epoll_event event = {.events = events, .data.ptr = source};
  return epoll_ctl(server->epoll, EPOLL_CTL_ADD, source->fd, &event) == 0 ? 0 : -errno;
}

void server_drop(struct server *server, struct source *source) {
  if (source->fd < 0)
    return;
  (void)epoll_ctl(server->epoll, EPOLL_CTL_DEL, source->fd, NULL);
  (void)close(source->fd);
  source->fd = -1;
}

/* A client takes two descriptors: there is room for as many clients as the limit allows. */
static int count_room(size_t *ret_peers) {
  struct rlimit limit;
  *ret_peers = 256;
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
    return 0;
  limit.rlim_cur = limit.rlim_max;
  (void)setrlimit(RLIMIT_NOFILE, &limit);
  if (limit.rlim_cur < LEAST_DESCRIPTORS)
    return rilli_fail(EMFILE,
                      "only %llu descriptors are allowed: at least %u are needed (ulimit -n)",
                      (unsigned long long)limit.rlim_cur, LEAST_DESCRIPTORS);
  const rlim_t half = limit.rlim_cur / 2 + LEAST_DESCRIPTORS / 4;
  const rlim_t others = half < OTHER_DESCRIPTORS ? half : OTHER_DESCRIPTORS;
  const rlim_t most = (limit.rlim_cur - others) / 2;
  *ret_peers = most < PEERS_MOST ? (size_t)most : PEERS_MOST;
  return 0;
}

static void signalled(struct server *server, struct source *source, uint32_t events) {
  struct signalfd_siginfo info;
  (void)events;
  if (read(source->fd, &info, sizeof info) != sizeof info)
    return;
  if (info.ssi_signo == SIGHUP) {
    log_reopen();
    log_info("SIGHUP: reading the directory again");
    server->rescan = 1;
    server->next_look = server->next_files = 0;
    return;
  }
  server->stop = (int)info.ssi_signo;
}

static sigset_t handled(void) {
  sigset_t set;
  (void)sigemptyset(&set);
  (void)sigaddset(&set, SIGTERM);
  (void)sigaddset(&set, SIGINT);
  (void)sigaddset(&set, SIGHUP);
  return set;
}

void server_hold_signals(void) {
  const sigset_t set = handled();
  (void)sigprocmask(SIG_BLOCK, &set, NULL);
}

static int open_sources(struct server *server, int listener) {
  const sigset_t set = handled();
  server->listener = (struct source){listener, peer_accept};
  server->signals = (struct source){signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK), signalled};
  server->epoll = epoll_create1(EPOLL_CLOEXEC);
  server->spare = open("/dev/null", O_RDONLY | O_CLOEXEC);
  if (server->epoll < 0 || server->signals.fd < 0 ||
      server_add(server, &server->listener, EPOLLIN) != 0 ||
      server_add(server, &server->signals, EPOLLIN) != 0)
    return rilli_fail(errno, "cannot set up the event loop: %s", rilli_words(errno));
  return 0;
}

int server_open(struct server *server, int dir, int listener) {
  struct stat status;
  memset(server, 0, sizeof *server);
  server->dir = dir;
  if (count_room(&server->peer_most) != 0)
    return -EMFILE;
  CDS_INIT_LIST_HEAD(&server->peers);
  CDS_INIT_LIST_HEAD(&server->watchers);
  CDS_INIT_LIST_HEAD(&server->buried);
  CDS_INIT_LIST_HEAD(&server->deaths);
  if (fstat(dir, &status) != 0)
    return rilli_fail(errno, "cannot access the namespace: %s", rilli_words(errno));
  server->owner = status.st_uid;
  guard_install();
  int code = open_sources(server, listener);
  if (code == 0)
    code = table_open(&server->table, dir);
  if (code == 0)
    code = jobs_start(&server->jobs, &server->table);
  if (code)
    return code;
  server->done = (struct source){server->jobs.event, peer_done};
  code = server_add(server, &server->done, EPOLLIN);
  if (code) {
    jobs_stop(&server->jobs); /* its threads work on memory of the caller */
    return rilli_fail(-code, "cannot set up the event loop: %s", rilli_words(-code));
  }
  scan_open(server);
  return 0;
}

static int timeout(const struct server *server, int64_t now) {
  if (server->look_left)
    return 0;
  int64_t next = reaper_next(server);
  if (server->next_look < next)
    next = server->next_look;
  if (next <= now)
    return 0;
  return (int)((next - now + 999999) / 1000000);
}

/* Frees closed clients; one whose request a worker still handles waits for it. */
static void bury(struct server *server) {
  struct peer *peer, *next;
  cds_list_for_each_entry_safe(peer, next, &server->buried, all) {
    if (peer->job)
      continue;
    cds_list_del(&peer->all);
    peer_free(server, peer);
  }
}

int server_run(struct server *server) {
  struct epoll_event events[EVENTS];
  while (!server->stop) {
    const int n = epoll_wait(server->epoll, events, EVENTS, timeout(server, rill_clock()));
    if (n < 0 && errno != EINTR) {
      log_error("the event loop failed: %s", rilli_words(errno));
      return SIGABRT;
    }
    scan_changes(server, &server->changes, 0);
    for (int i = 0; i < n; i++) {
      struct source *source = events[i].data.ptr;
      if (source->fd >= 0)
        source->ready(server, source, events[i].events);
    }
    reaper_step(server, rill_clock());
    scan_step(server, rill_clock());
    bury(server);
  }
  return server->stop;
}

void server_close(struct server *server) {
  struct peer *peer, *next;
  jobs_stop(&server->jobs);
  cds_list_for_each_entry_safe(peer, next, &server->peers, all) peer_close(server, peer);
  cds_list_for_each_entry(peer, &server->buried, all) peer->job = NULL;
  bury(server);
  reaper_close(server);
  table_close(&server->table);
  server_drop(server, &server->changes);
  server_drop(server, &server->signals);
  (void)close(server->spare);
  (void)close(server->epoll);
}
