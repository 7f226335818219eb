/* SPDX-License-Identifier: MIT */
/* fuzz_scan.c - the registry's start on a namespace of any content, and its checks: scan, table,
 * reaper and lookups, without clients. Files may be cut while they are mapped. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "client.h"
#include "server.h"
#include "forged.h"
#include "support.h"

#define QUEUES 3u
#define SECOND INT64_C(1000000000)

static struct table
    always;            /* keeps the thread of the hash tables, which lives while a table does */
static int64_t passed; /* the time that the clock was moved                        */

rill_time __real_rill_clock(void);
rill_time __wrap_rill_clock(void);

rill_time __wrap_rill_clock(void) {
  return __real_rill_clock() + passed;
}

int LLVMFuzzerInitialize(int *argc, char ***argv) {
  (void)argc;
  (void)argv;
  forged_open();
  log_level(LOG_LEVEL_ERROR);
  urcu_memb_register_thread();
  CHECK_EQ(table_open(&always, rilli_context_dir(forged_context())), 0);
  guard_install();
  return 0;
}

static void start(struct server *server) {
  memset(server, 0, sizeof *server);
  server->dir = rilli_context_dir(forged_context());
  CDS_INIT_LIST_HEAD(&server->peers);
  CDS_INIT_LIST_HEAD(&server->watchers);
  CDS_INIT_LIST_HEAD(&server->buried);
  CDS_INIT_LIST_HEAD(&server->deaths);
  server->epoll = epoll_create1(EPOLL_CLOEXEC);
  CHECK_EQ(table_open(&server->table, server->dir), 0);
  scan_open(server);
}

static void stop(struct server *server) {
  reaper_close(server);
  table_close(&server->table);
  server_drop(server, &server->changes);
  (void)close(server->epoll);
}

static const char *name_of(unsigned n) {
  static const char *const names[] = {"q", "md/eurex", "orders", "none"};
  return names[n & 3u];
}

/* A process that reported these attachments, and has ended. */
static void die(struct server *server, struct input *input) {
  struct peer peer = {.late = take_byte(input) & 1};
  const uint32_t count = take_byte(input) % 4;
  peer.items = calloc(count ? count : 1, sizeof *peer.items);
  CHECK(peer.items);
  for (; peer.item_count < count; peer.item_count++, server->item_count++) {
    const uint8_t what = take_byte(input);
    peer.items[peer.item_count] = (struct item){what % RILLI_KINDS, what >> 4, what >> 6, 1, NULL};
    peer.items[peer.item_count].name = strdup(name_of(what >> 2));
  }
  reaper_ended(server, &peer);
  peer_free_items(server, peer.items, peer.item_count);
  reaper_step(server, rill_clock());
}

static void ask(struct server *server, struct input *input) {
  static const char *const patterns[] = {"", "*", "[a-q]*", "q"};
  const struct rights rights = {.full = 1};
  struct rilli_wire_request request;
  struct rilli_wire_answer answer;
  const uint8_t how = take_byte(input);
  const uint16_t type = how & 1u ? RILLI_WIRE_LIST : RILLI_WIRE_STAT;
  rilli_wire_start(&request, type, 1);
  rilli_wire_name(request.name, how & 1u ? patterns[how >> 1 & 3u] : name_of(how >> 1));
  rilli_wire_start(&answer, RILLI_WIRE_ANSWER, 1);
  lookup_answer(&server->table, &rights, &request, &answer);
  CHECK_EQ(rilli_wire_check_registry((const void *)&answer, sizeof answer), RILLI_WIRE_ANSWER);
}

/* A file that is no queue's, or half of one. */
static void litter(struct input *input) {
  static const char *const names[] = {
      "+0123",    "x.control", "x.data", "q+.control", "y.0123456789abcdef0123456789abcdef.data",
      "..control"};
  const uint8_t which = take_byte(input), size = take_byte(input);
  const int fd = openat(forged_directory(), names[which % 6], O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
  CHECK(fd >= 0 && write(fd, input->at, size < input->left ? size : input->left) >= 0);
  (void)close(fd);
}

static void cut(const struct forged *forged, uint8_t how) {
  const char *path = how & 1u ? forged->control_path : forged->data_path;
  if (how & 2u)
    (void)unlink(path);
  else
    (void)truncate(path, (off_t)(how >> 2) * 4096);
}

static void step(struct server *server, struct forged *queues, uint8_t op, struct input *input) {
  switch (op % 8) {
  case 0:
    scan_step(server, rill_clock());
    break;
  case 1:
    passed += SECOND;
    scan_step(server, rill_clock());
    break;
  case 2:
    ask(server, input);
    break;
  case 3:
    die(server, input);
    break;
  case 4:
    reaper_step(server, rill_clock());
    break;
  case 5:
    litter(input);
    break;
  case 6:
    scan_changes(server, &server->changes, 0);
    break;
  default: {
    struct forged *forged = &queues[op / 8 % QUEUES];
    if (forged->plan) {
      forged_end(forged); /* its own mapping must not be cut */
      cut(forged, take_byte(input));
    }
    break;
  }
  }
}

/* The queues, with the changes that come before anything else. */
static void lay_out(struct forged *queues, struct input *input) {
  const unsigned count = 1 + take_byte(input) % QUEUES;
  for (unsigned i = 0; i < count; i++) {
    forged_begin(&queues[i], name_of(i), input);
    for (unsigned changes = take_byte(input) % 16; changes; changes--)
      forged_change(&queues[i], take_byte(input), input);
    forged_seal(&queues[i]);
  }
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size) {
  struct input input = {bytes, size};
  struct forged queues[QUEUES];
  struct server server;
  memset(queues, 0, sizeof queues);
  passed = 0;
  lay_out(queues, &input);
  start(&server);
  for (unsigned n = 0; input.left && n < 60; n++) {
    const uint8_t op = take_byte(&input);
    struct forged *forged = &queues[op % QUEUES];
    if (op & 0x80u && forged->data && forged->control)
      forged_change(forged, op, &input);
    else
      step(&server, queues, op, &input);
  }
  stop(&server);
  for (unsigned i = 0; i < QUEUES; i++)
    if (queues[i].plan)
      forged_end(&queues[i]);
  forged_clear();
  return 0;
}
