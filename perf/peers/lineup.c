/* SPDX-License-Identifier: MIT */
/* perf/peers/lineup.c - from a peer, a size and a way of waiting to a contender. */
#include "lineup.h"

#include "drive.h"

#include <stdio.h>
#include <stdlib.h>

/* A peer with threads of its own buffers a thousand messages between them, and takes some 50 us
 * for a round trip. A turn that only fills buffers, or has four round trips, would measure
 * mostly its own beginning and end. */
enum { LONG_TURN = 8 };

static int make(void *self) {
  struct drive *drive = self;
  const struct peer_ops *ops = drive->peer->ops;
  int rc = ops->make(drive->there);
  if (rc || !drive->back)
    return rc;
  rc = ops->make(drive->back);
  if (rc)
    ops->remove(drive->there);
  return rc;
}

static void remove_(void *self) {
  struct drive *drive = self;
  const struct peer_ops *ops = drive->peer->ops;
  ops->remove(drive->there);
  if (drive->back)
    ops->remove(drive->back);
}

/* The end of a link that a side has: ping sends there, and takes what comes back. */
static enum peer_end end_of(enum pair_side side, bool back) {
  return (side == PAIR_PING) == back ? PEER_TAKE : PEER_SEND;
}

static int open_(void *self, enum pair_side side) {
  struct drive *drive = self;
  const struct peer_ops *ops = drive->peer->ops;
  int rc = ops->open ? ops->open(drive->there, end_of(side, false)) : 0;
  if (!rc && ops->open && drive->back)
    rc = ops->open(drive->back, end_of(side, true));
  return rc;
}

static void close_(void *self, enum pair_side side) {
  struct drive *drive = self;
  const struct peer_ops *ops = drive->peer->ops;
  if (ops->close)
    ops->close(drive->there, end_of(side, false));
  if (ops->close && drive->back)
    ops->close(drive->back, end_of(side, true));
}

static void *need(void *memory) {
  if (memory)
    return memory;
  fprintf(stderr, "out of memory\n");
  exit(1);
}

static struct peer_link *new_link(const struct peer *peer, enum peer_wait wait, size_t size,
                                  const char *contender, const char *way) {
  char name[PEER_NAME_SIZE];
  snprintf(name, sizeof name, "%s-%s", contender, way);
  for (char *at = name; *at; at++)
    *at = *at == '/' ? '-' : *at;
  return need(peer_link_new(peer, wait, size, name));
}

void lineup_add(struct suite *suite, const struct peer *peer, const char *name,
                enum lineup_kind kind, enum peer_wait wait, size_t size) {
  if (!peer || !(peer->waits & wait) || size > peer->largest ||
      (kind == LINEUP_STREAM && (peer->traits & PEER_SINGLE)))
    return;
  char *full;
  if (asprintf(&full, "%s/%zu", name ? name : peer->name, size) < 0)
    full = NULL;
  need(full);
  struct drive *drive = need(calloc(1, sizeof *drive));
  drive->peer = peer;
  drive->size = size;
  drive->settle_ns = kind == LINEUP_WAKE ? DRIVE_SETTLE_NS : 0;
  drive->there = new_link(peer, wait, size, full, "there");
  if (kind != LINEUP_STREAM)
    drive->back = new_link(peer, wait, size, full, "back");
  suite->contenders =
      need(realloc(suite->contenders, (suite->count + 1) * sizeof *suite->contenders));
  suite->contenders[suite->count++] = (struct contender){
      .name = full,
      .self = drive,
      .setup = make,
      .open = open_,
      .ping = kind != LINEUP_STREAM ? peer->ping : peer->feed,
      .pong = kind != LINEUP_STREAM ? peer->pong : peer->drain,
      .close = close_,
      .teardown = remove_,
      .threads = peer->traits & PEER_THREADS,
      .stretch = kind != LINEUP_WAKE && (peer->traits & PEER_THREADS) ? LONG_TURN : 1,
      .settle_ns = 2.0 * drive->settle_ns,
  };
}

static void note(struct suite *suite, const char *key, const char *value) {
  suite->notes = need(realloc(suite->notes, (suite->note_count + 1) * sizeof *suite->notes));
  suite->notes[suite->note_count++] = (struct suite_note){key, value};
}

void lineup_add_all(struct suite *suite, enum lineup_kind kind, enum peer_wait wait,
                    const size_t *sizes) {
  for (size_t i = 0; peers[i]; i++) {
    size_t before = suite->count;
    for (const size_t *size = sizes; *size; size++)
      lineup_add(suite, peers[i], NULL, kind, wait, *size);
    if (suite->count > before)
      note(suite, peers[i]->name, peers[i]->about);
  }
  if (*peers_missing)
    note(suite, "not built, packages missing", peers_missing);
}
