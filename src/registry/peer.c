/* SPDX-License-Identifier: MIT */
/* peer.c - the clients: connections, messages from them, and messages to them.
 *
 * No client can stall the others, nor make memory grow: a turn takes a few messages of each; a
 * request is not read before the answer to the last one was sent; at most one answer of each
 * client waits to be taken; an event that is not taken is counted and dropped; and the numbers
 * of clients, of watchers, and of handles that they attach are limited. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "error.h"
#include "pattern.h"
#include "server.h"

#ifndef SO_PEERPIDFD
#define SO_PEERPIDFD 77 /* Linux 6.5 */
#endif

#define MESSAGES_A_TURN 16
#define ACCEPTS_A_TURN 64
#define LAST_WORDS 1024
#define WATCHERS_MOST 64u
#define ITEMS_A_PEER 1024u
#define ITEMS_MOST 65536u

#define PEER_OF(source, member) caa_container_of(source, struct peer, member)

/* --- the end of a client --------------------------------------------------------------- */

void peer_free_items(struct server *server, struct item *items, uint32_t count) {
  for (uint32_t i = 0; i < count; i++)
    free(items[i].name);
  free(items);
  server->item_count -= count;
}

void peer_free(struct server *server, struct peer *peer) {
  peer_free_items(server, peer->items, peer->item_count);
  free(peer->pending);
  free(peer);
}

static void stop_watching(struct server *server, struct peer *peer) {
  if (cds_list_empty(&peer->watching))
    return;
  cds_list_del_init(&peer->watching);
  server->watcher_count--;
}

/* Its memory is freed at the end of the turn: events of this turn may still point to it. */
void peer_close(struct server *server, struct peer *peer) {
  if (peer->buried)
    return;
  server_drop(server, &peer->socket);
  server_drop(server, &peer->process);
  stop_watching(server, peer);
  cds_list_move(&peer->all, &server->buried);
  server->peer_count--;
  peer->buried = 1;
}

/* The socket is closed. A process that still lives may hold leases (its descriptors can be
 * closed, its mappings not): then the end of the process is waited for. */
static void hung_up(struct server *server, struct peer *peer) {
  stop_watching(server, peer);
  server_drop(server, &peer->socket);
  if (peer->process.fd >= 0 && (peer->item_count || peer->late))
    return;
  reaper_ended(server, peer);
  peer_close(server, peer);
}

/* --- sending ------------------------------------------------------------------------- */

/* Lets the loop wait for messages, or for room for an answer. */
static void listen_to(struct server *server, struct peer *peer) {
  const uint32_t events = peer->pending ? EPOLLOUT : peer->job ? 0u : EPOLLIN;
  struct epoll_event event = {.events = events, .data.ptr = &peer->socket};
  if (peer->socket.fd >= 0)
    (void)epoll_ctl(server->epoll, EPOLL_CTL_MOD, peer->socket.fd, &event);
}

static int put(const struct peer *peer, const void *message) {
  const struct rilli_wire_head *head = message;
  if (send(peer->socket.fd, message, head->size, MSG_DONTWAIT | MSG_NOSIGNAL) >= 0)
    return 0;
  return errno == EAGAIN || errno == ENOBUFS || errno == EINTR ? -EAGAIN : -errno;
}

static void answer(struct server *server, struct peer *peer,
                   const struct rilli_wire_answer *message) {
  const int code = put(peer, message);
  if (code == -EAGAIN) {
    peer->pending = malloc(sizeof *peer->pending);
    if (peer->pending)
      *peer->pending = *message;
  }
  if (code == 0 || (code == -EAGAIN && peer->pending))
    listen_to(server, peer);
  else
    hung_up(server, peer);
}

static void refuse(struct server *server, struct peer *peer, uint32_t serial, int code,
                   const char *text) {
  struct rilli_wire_answer message;
  rilli_wire_start(&message, RILLI_WIRE_ANSWER, serial);
  lookup_refuse(&message, code, text);
  answer(server, peer, &message);
}

void peer_done(struct server *server, struct source *source, uint32_t events) {
  uint64_t count;
  struct job *job;
  (void)events;
  if (read(source->fd, &count, sizeof count) < 0)
    return; /* another turn took it */
  while ((job = jobs_take_done(&server->jobs))) {
    struct peer *peer = job->owner;
    peer->job = NULL;
    if (job->request.head.type == RILLI_WIRE_CREATE || job->request.head.type == RILLI_WIRE_UNLINK)
      scan_name(server, job->request.name);
    if (peer->socket.fd >= 0)
      answer(server, peer, &job->answer);
    free(job);
  }
}

void peer_tell(struct server *server, const struct entry *entry, const struct news *news) {
  struct rilli_wire_event event;
  struct timespec now;
  struct peer *peer, *next;
  if (cds_list_empty(&server->watchers))
    return;
  (void)clock_gettime(CLOCK_REALTIME, &now);
  rilli_wire_start(&event, RILLI_WIRE_EVENT, 0);
  event.what = news->what;
  event.kind = news->kind;
  event.group = news->group;
  event.slot = news->slot;
  event.pid = news->pid;
  event.after = news->after;
  event.time = (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
  rilli_wire_name(event.name, entry->name);
  cds_list_for_each_entry_safe(peer, next, &server->watchers, watching) {
    if (!pattern_matches(peer->pattern, entry->name) ||
        !rights_may_read(&peer->rights, entry->mode, entry->uid, entry->gid))
      continue;
    event.lost = peer->lost;
    if (put(peer, &event) == 0)
      peer->lost = 0;
    else
      peer->lost++;
  }
}

/* --- messages of clients --------------------------------------------------------------- */

static struct item *find_item(const struct peer *peer, const struct rilli_wire_notice *notice) {
  for (uint32_t i = 0; i < peer->item_count; i++) {
    struct item *item = &peer->items[i];
    if (item->kind == notice->kind && item->group == notice->group && item->slot == notice->slot &&
        strcmp(item->name, notice->name) == 0)
      return item;
  }
  return NULL;
}

/* Returns 0 if there is no room for it. */
static int add_item(struct server *server, struct peer *peer,
                    const struct rilli_wire_notice *notice) {
  if (peer->item_count == ITEMS_A_PEER || server->item_count >= ITEMS_MOST)
    return 0;
  if (peer->item_count == peer->item_room) {
    const uint32_t room = peer->item_room ? 2 * peer->item_room : 4;
    struct item *items = realloc(peer->items, room * sizeof *items);
    if (!items)
      return 0;
    peer->items = items;
    peer->item_room = room;
  }
  char *name = strdup(notice->name);
  if (!name)
    return 0;
  peer->items[peer->item_count++] =
      (struct item){notice->kind, notice->group, notice->slot, 1, name};
  server->item_count++;
  return 1;
}

static void remove_item(struct server *server, struct peer *peer, struct item *item) {
  if (--item->count)
    return;
  free(item->name);
  *item = peer->items[--peer->item_count];
  server->item_count--;
}

static void attached(struct server *server, struct peer *peer,
                     const struct rilli_wire_notice *notice) {
  struct entry *entry = table_own(&server->table, notice->name);
  if (!entry) { /* the directory has not reported it yet */
    scan_name(server, notice->name);
    entry = table_own(&server->table, notice->name);
  }
  if (!entry || !rights_may_attach(&peer->rights, entry->mode, entry->uid, entry->gid))
    return;
  struct item *item = find_item(peer, notice);
  if (item)
    item->count++;
  else if (!add_item(server, peer, notice))
    peer->late = 1; /* when it ends, all queues are checked */
  entry->idle_since = 0;
  const struct news news = {RILLI_EVENT_ATTACHED, notice->kind,     notice->group,
                            notice->slot,         peer->rights.pid, 0};
  peer_tell(server, entry, &news);
}

static void detached(struct server *server, struct peer *peer,
                     const struct rilli_wire_notice *notice) {
  struct item *item = find_item(peer, notice);
  const struct entry *entry = table_own(&server->table, notice->name);
  if (!item)
    return;
  remove_item(server, peer, item);
  const struct news news = {RILLI_EVENT_DETACHED, notice->kind,     notice->group,
                            notice->slot,         peer->rights.pid, 0};
  if (entry)
    peer_tell(server, entry, &news);
}

/* The program's name, as it sent it, goes to the log: only printable ASCII. */
static void greeted(struct peer *peer, const struct rilli_wire_notice *notice) {
  memcpy(peer->program, notice->name, sizeof peer->program - 1);
  for (char *c = peer->program; *c; c++)
    if (*c <= ' ' || *c > '~')
      *c = '?';
  peer->late = (notice->flags & RILLI_HELLO_LATE) != 0;
}

static void watch(struct server *server, struct peer *peer,
                  const struct rilli_wire_request *request) {
  if (cds_list_empty(&peer->watching) && server->watcher_count == WATCHERS_MOST) {
    refuse(server, peer, request->head.serial, -EBUSY, "there are too many watchers already");
    return;
  }
  if (cds_list_empty(&peer->watching)) {
    cds_list_add(&peer->watching, &server->watchers);
    server->watcher_count++;
  }
  memcpy(peer->pattern, request->name, sizeof peer->pattern);
  refuse(server, peer, request->head.serial, 0, "watching");
}

static void asked(struct server *server, struct peer *peer,
                  const struct rilli_wire_request *request) {
  const uint16_t type = request->head.type;
  if (type == RILLI_WIRE_WATCH) {
    watch(server, peer, request);
    return;
  }
  if (type != RILLI_WIRE_LIST && rilli_name_check(request->name)) {
    refuse(server, peer, request->head.serial, -EINVAL, NULL);
    return;
  }
  if (type == RILLI_WIRE_OPEN)
    scan_name(server, request->name);
  struct job *job = calloc(1, sizeof *job);
  if (!job) {
    refuse(server, peer, request->head.serial, -ENOMEM, "the registry is out of memory");
    return;
  }
  job->owner = peer;
  job->rights = peer->rights;
  memcpy(&job->create, request, request->head.size);
  peer->job = job;
  listen_to(server, peer); /* no further messages until it is answered */
  jobs_put(&server->jobs, job);
}

static void heard(struct server *server, struct peer *peer, int type,
                  const union rilli_wire_message *message) {
  if (type == RILLI_WIRE_HELLO)
    greeted(peer, &message->notice);
  else if (type == RILLI_WIRE_ATTACH && rilli_name_check(message->notice.name) == 0)
    attached(server, peer, &message->notice);
  else if (type == RILLI_WIRE_DETACH)
    detached(server, peer, &message->notice);
  else if (type >= RILLI_WIRE_STAT)
    asked(server, peer, &message->request);
}

/* Its last messages are read first: it may have attached just before its end. */
static void process_ended(struct server *server, struct source *source, uint32_t events) {
  struct peer *peer = PEER_OF(source, process);
  union rilli_wire_message message;
  (void)events;
  if (peer->buried)
    return;
  for (int n = 0; n < LAST_WORDS && peer->socket.fd >= 0; n++) {
    const ssize_t size = recv(peer->socket.fd, &message, sizeof message, MSG_DONTWAIT | MSG_TRUNC);
    if (size <= 0)
      break;
    const int type = rilli_wire_check_client(&message, (size_t)size);
    if (type > 0 && type < RILLI_WIRE_STAT)
      heard(server, peer, type, &message);
  }
  reaper_ended(server, peer);
  peer_close(server, peer);
}

/* Half a message, another version, any bytes: the client gets an error, and is disconnected. */
static void misspoke(struct server *server, struct peer *peer, int code) {
  log_often("client %ld (user %u) sent %s: disconnected", (long)peer->rights.pid,
            (unsigned)peer->rights.uid,
            code == -EPROTONOSUPPORT ? "a message of another version" : "an invalid message");
  refuse(server, peer, 0, code,
         code == -EPROTONOSUPPORT ? "this registry speaks version 1"
                                  : "this is not a valid message");
  if (peer->socket.fd >= 0)
    hung_up(server, peer);
}

static void peer_ready(struct server *server, struct source *source, uint32_t events) {
  struct peer *peer = PEER_OF(source, socket);
  union rilli_wire_message message;
  if (source->fd < 0)
    return;
  if (peer->pending && (events & EPOLLOUT)) {
    struct rilli_wire_answer *pending = peer->pending;
    peer->pending = NULL;
    answer(server, peer, pending);
    free(pending);
  }
  for (int n = 0; n < MESSAGES_A_TURN && source->fd >= 0 && !peer->job && !peer->pending; n++) {
    const ssize_t size = recv(source->fd, &message, sizeof message, MSG_DONTWAIT | MSG_TRUNC);
    if (size < 0 && (errno == EAGAIN || errno == EINTR))
      return;
    if (size <= 0) {
      hung_up(server, peer);
      return;
    }
    const int type = rilli_wire_check_client(&message, (size_t)size);
    if (type < 0)
      misspoke(server, peer, type);
    else
      heard(server, peer, type, &message);
  }
  if (source->fd >= 0 && (events & (EPOLLHUP | EPOLLERR)) && (peer->job || peer->pending))
    hung_up(server, peer); /* no client is there to take the answer */
}

/* --- new clients ----------------------------------------------------------------------- */

static int open_process(int fd, pid_t pid) {
  int process = -1;
  socklen_t size = sizeof process;
  if (getsockopt(fd, SOL_SOCKET, SO_PEERPIDFD, &process, &size) == 0)
    return process;
  return (int)syscall(SYS_pidfd_open, pid, 0); /* -1: the end of its socket is enough */
}

/* One process, and one user who does not own the namespace, may not take all the room. */
static const char *too_many(const struct server *server, const struct rights *rights) {
  size_t of_process = 0, of_user = 0;
  const struct peer *peer;
  if (server->peer_count >= server->peer_most)
    return "there are too many clients";
  cds_list_for_each_entry(peer, &server->peers, all) {
    of_process += peer->rights.pid == rights->pid;
    of_user += peer->rights.uid == rights->uid;
  }
  if (of_process >= server->peer_most / 4)
    return "the process has too many connections";
  return !rights->full && of_user >= server->peer_most / 16 ? "the user has too many connections"
                                                            : NULL;
}

static void welcome(struct server *server, int fd) {
  struct rights rights;
  struct peer *peer = NULL;
  const char *why = "its credentials are unknown";
  if (rights_of_peer(fd, server->owner, &rights) == 0)
    why = too_many(server, &rights);
  if (!why && !(peer = calloc(1, sizeof *peer)))
    why = "there is no memory";
  if (!why) {
    CDS_INIT_LIST_HEAD(&peer->watching);
    peer->rights = rights;
    (void)strcpy(peer->program, "?");
    peer->socket = (struct source){fd, peer_ready};
    peer->process = (struct source){open_process(fd, rights.pid), process_ended};
    cds_list_add(&peer->all, &server->peers);
    server->peer_count++;
    if (server_add(server, &peer->socket, EPOLLIN) == 0 &&
        (peer->process.fd < 0 || server_add(server, &peer->process, EPOLLIN) == 0))
      return;
    peer_close(server, peer);
    return;
  }
  log_often("refused client %ld (user %u): %s", (long)rights.pid, (unsigned)rights.uid, why);
  (void)close(fd);
}

/* No descriptor is left: accepts the next client with the spare one, and disconnects it, so
 * that it does not wait for ever and the loop does not spin. */
static void turn_away(struct server *server) {
  (void)close(server->spare);
  const int fd = accept4(server->listener.fd, NULL, NULL, SOCK_CLOEXEC);
  if (fd >= 0)
    (void)close(fd);
  server->spare = open("/dev/null", O_RDONLY | O_CLOEXEC);
  log_often("refused a client: no descriptor is left");
}

void peer_accept(struct server *server, struct source *source, uint32_t events) {
  (void)events;
  for (int n = 0; n < ACCEPTS_A_TURN; n++) {
    const int fd = accept4(source->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (fd >= 0) {
      welcome(server, fd);
    } else if (errno == EMFILE || errno == ENFILE) {
      turn_away(server);
    } else if (errno != EINTR && errno != ECONNABORTED) {
      if (errno != EAGAIN)
        log_often("cannot accept clients: %s", rilli_words(errno));
      return;
    }
  }
}
