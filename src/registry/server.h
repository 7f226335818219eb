/* SPDX-License-Identifier: MIT */
/* server.h - what the files of rilld's loop share. One thread owns all of it: the epoll loop,
 * the clients, the reaper and every change of the table; look-ups run beside it (jobs.h). */
#ifndef RILLD_SERVER_H
#define RILLD_SERVER_H

#include "jobs.h"
#include "log.h"

struct server;

/* Something the loop waits for. */
struct source {
  int fd; /* -1: none */
  void (*ready)(struct server *server, struct source *source, uint32_t events);
};

/* Something that a client has reported to be attached to. */
struct item {
  uint32_t kind, group, slot;
  uint32_t count; /* handles                                                         */
  char *name;
};

struct peer {
  struct source socket, process; /* process: a pidfd, readable when it has ended      */
  struct cds_list_head all;      /* in server->peers, or server->buried               */
  struct cds_list_head watching; /* in server->watchers, or alone */
  struct rights rights;
  char program[32];
  int late; /* it may be attached to more than the items name */
  int buried;
  struct item *items;
  uint32_t item_count, item_room;
  struct job *job;                   /* not NULL: a worker handles its request */
  struct rilli_wire_answer *pending; /* not NULL: an answer that it has not taken yet */
  char pattern[RILLI_WIRE_NAME];     /* of a watcher                                   */
  uint64_t lost;                     /* events that it was too slow to take */
};

/* A process that has ended: its queues are checked until its leases are free. */
struct death {
  struct cds_list_head link;
  int64_t when, next; /* CLOCK_MONOTONIC                                             */
  unsigned step;
  pid_t pid;
  char program[32];
  struct item *items;
  uint32_t item_count;
  int late;
};

struct server {
  int dir; /* of the namespace                                                      */
  struct table table;
  struct jobs jobs;
  int epoll;
  int spare; /* a descriptor to close when there are no more */
  uid_t owner;
  struct source listener, signals, changes, done;
  struct cds_list_head peers, watchers, buried, deaths;
  size_t peer_count, peer_most, watcher_count;
  size_t item_count;  /* of all peers and deaths: limited */
  int64_t next_look;  /* the periodic one                                           */
  size_t look_left;   /* entries that this one has not checked yet */
  int64_t next_files; /* when to search for files without a queue */
  int rescan, stop;
};

/* server.c */
/* Called before there is anything that a clean end would have to remove. */
void server_hold_signals(void);
/* listener: bound and listening. The thread is registered with RCU. 0 or -errno. */
int server_open(struct server *server, int dir, int listener);
/* Until SIGTERM or SIGINT. Returns the signal. */
int server_run(struct server *server);
void server_close(struct server *server);
int server_add(struct server *server, struct source *source, uint32_t events);
void server_drop(struct server *server, struct source *source); /* closes it too       */

/* peer.c */
void peer_accept(struct server *server, struct source *source, uint32_t events);
void peer_done(struct server *server, struct source *source, uint32_t events); /* jobs */
/* Reports it to the watchers. entry: of the queue, which decides which of them may know. */
struct news {
  uint32_t what, kind, group, slot;
  pid_t pid;
  int64_t after;
};
void peer_tell(struct server *server, const struct entry *entry, const struct news *news);
void peer_close(struct server *server, struct peer *peer);
void peer_free(struct server *server, struct peer *peer);
void peer_free_items(struct server *server, struct item *items, uint32_t count);

/* reaper.c */
void reaper_ended(struct server *server, struct peer *peer); /* takes its items        */
void reaper_step(struct server *server, int64_t now);
int64_t reaper_next(const struct server *server); /* when it is to be called next */
void reaper_close(struct server *server);
/* Reclaims everything that can be reclaimed of one queue; the entry may be gone after it.
 * death: the one that caused it, or NULL. */
void reaper_look(struct server *server, struct entry *entry, const struct death *death);

/* scan.c: reading the directory. */
void scan_open(struct server *server); /* watches it, and reads all of it               */
void scan_all(struct server *server);
void scan_changes(struct server *server, struct source *source, uint32_t events);
void scan_name(struct server *server, const char *name);
void scan_step(struct server *server, int64_t now); /* the periodic look, in portions    */

/* guard.c: a mapping whose file was truncated reads as zeros, and does not end the process. */
void guard_install(void);

#endif
