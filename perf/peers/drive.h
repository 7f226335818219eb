/* SPDX-License-Identifier: MIT */
/* perf/peers/drive.h - the measuring loops, written once and compiled into each adapter.
 *
 * DRIVE_PEER stands at the end of an adapter. It passes the loops a constant struct of
 * functions of the same file, so that the compiler calls them directly and may inline
 * them: a call through a pointer would be a large part of a message that takes 5 ns.
 *
 * Every byte of a payload is written by the sender and read by the taker. */
#ifndef RILL_PERF_DRIVE_H
#define RILL_PERF_DRIVE_H

#include "peer.h"

#include <time.h>

/* What a turn works on. Each process has its own copy, from the same beginning. */
struct drive {
  const struct peer *peer;
  struct peer_link *there; /* ping to pong                                         */
  struct peer_link *back;  /* pong to ping; NULL: a stream                         */
  size_t size;
  unsigned settle_ns; /* 0, or how long each side waits before it sends              */
  unsigned char fill; /* another one in each message                               */
  void *own;          /* of a program with turns of its own                        */
};

#define DRIVE_LOOP static inline __attribute__((always_inline)) int

/* 1 to 150: an eventfd takes neither 0 nor the greatest number, and libqb without its
 * semaphore takes what is left of a payload of 0xa1 bytes for the head of a chunk. */
static inline unsigned char drive_next(struct drive *drive) {
  drive->fill = (unsigned char)(drive->fill == 150 ? 1 : drive->fill + 1);
  return drive->fill;
}

enum { DRIVE_SETTLE_NS = 50000 };

/* Where both ends sleep, the receiver has to be asleep when a message is sent. Without this a
 * bare futex looks far too fast: an answer within a microsecond finds its receiver still about
 * to sleep, and then no process ever sleeps. The time is known, and does not count. It is spent
 * awake, as by a program that works between messages. */
static inline void drive_settle(const struct drive *drive) {
  struct timespec t;
  int64_t end = 0, now;
  if (!drive->settle_ns)
    return;
  do {
    clock_gettime(CLOCK_MONOTONIC, &t);
    now = t.tv_sec * 1000000000LL + t.tv_nsec;
    end = end ? end : now + drive->settle_ns;
  } while (now < end);
}

/* The place of a payload in its page would be chance: the same for a whole run, another one in the
 * next run. Across two pages, 200 bytes take 40 ns longer to write and to copy; at the start of a
 * page, where many other objects start, 20 ns. So it lies 1 KiB into a page. */
enum { DRIVE_INTO_PAGE = 1024 };
#define DRIVE_BUFFER(name)                                                                         \
  __attribute__((aligned(4096))) unsigned char name##_page[DRIVE_INTO_PAGE + PEER_LARGEST];        \
  unsigned char *const name = name##_page + DRIVE_INTO_PAGE

/* There and back: the answer is what was sent, byte by byte. */
DRIVE_LOOP drive_ping(const struct peer_ops *ops, struct drive *drive, uint64_t n) {
  DRIVE_BUFFER(payload);
  struct peer_message answer = {NULL, 0};
  for (; n; n--) {
    memset(payload, drive_next(drive), drive->size);
    drive_settle(drive);
    int rc = ops->send(drive->there, payload);
    if (rc)
      return rc;
    rc = ops->take(drive->back, &answer);
    if (rc)
      return rc;
    if (answer.size != drive->size || memcmp(answer.data, payload, drive->size) != 0)
      return pair_error(-EPROTO, "the answer is not what was sent");
    rc = ops->done(drive->back);
    if (rc)
      return rc;
  }
  return 0;
}

/* Answers with the bytes in the place where the peer has put them. */
DRIVE_LOOP drive_pong(const struct peer_ops *ops, struct drive *drive, uint64_t n) {
  struct peer_message message = {NULL, 0};
  for (; n; n--) {
    int rc = ops->take(drive->there, &message);
    if (rc)
      return rc;
    if (message.size != drive->size)
      return pair_error(-EPROTO, "a message of %zu bytes came", message.size);
    drive_settle(drive);
    rc = ops->send(drive->back, message.data);
    if (rc)
      return rc;
    rc = ops->done(drive->there);
    if (rc)
      return rc;
  }
  return 0;
}

/* Sends one message after the other, as fast as there is room. */
DRIVE_LOOP drive_feed_sized(const struct peer_ops *ops, struct drive *drive, uint64_t n,
                            size_t size) {
  DRIVE_BUFFER(payload);
  for (; n; n--) {
    memset(payload, drive_next(drive), size);
    int rc = ops->send(drive->there, payload);
    if (rc)
      return rc;
  }
  return 0;
}

/* Copies every byte out; the compiler cannot remove the copy. */
DRIVE_LOOP drive_drain_sized(const struct peer_ops *ops, struct drive *drive, uint64_t n,
                             size_t size) {
  DRIVE_BUFFER(copy);
  struct peer_message message = {NULL, 0};
  for (; n; n--) {
    int rc = ops->take(drive->there, &message);
    if (rc)
      return rc;
    if (message.size != size)
      return pair_error(-EPROTO, "a message of %zu bytes came", message.size);
    memcpy(copy, message.data, size);
    __asm__ volatile("" ::"r"(copy) : "memory");
    unsigned char fill = drive_next(drive);
    if (copy[0] != fill || copy[size - 1] != fill)
      return pair_error(-EPROTO, "a message is not what was sent");
    rc = ops->done(drive->there);
    if (rc)
      return rc;
  }
  return 0;
}

/* A program knows how large its small messages are: no call to fill or to copy one. */
#define DRIVE_SIZED(loop, ops, drive, n)                                                           \
  ((drive)->size == 8    ? loop(ops, drive, n, 8)                                                  \
   : (drive)->size == 48 ? loop(ops, drive, n, 48)                                                 \
   : (drive)->size == 64 ? loop(ops, drive, n, 64)                                                 \
                         : loop(ops, drive, n, (drive)->size))

DRIVE_LOOP drive_feed(const struct peer_ops *ops, struct drive *drive, uint64_t n) {
  return DRIVE_SIZED(drive_feed_sized, ops, drive, n);
}

DRIVE_LOOP drive_drain(const struct peer_ops *ops, struct drive *drive, uint64_t n) {
  return DRIVE_SIZED(drive_drain_sized, ops, drive, n);
}

/* take by a poll that the compiler can see into. */
DRIVE_LOOP drive_spin(int (*poll)(struct peer_link *, struct peer_message *),
                      struct peer_link *link, struct peer_message *ret) {
  int rc;
  while ((rc = poll(link, ret)) == -EAGAIN)
    relax();
  return rc;
}

#ifdef __cplusplus
#define DRIVE_EXTERN extern "C"
#else
#define DRIVE_EXTERN extern
#endif

/* DRIVE_PEER(NAME, OPS, ABOUT, LARGEST, WAITS, TRAITS): defines peer_NAME, of which OPS
 * is the static const struct peer_ops. */
#define DRIVE_PEER(name_, ops_, about_, largest_, waits_, traits_)                                 \
  static int name_##_ping(void *drive, uint64_t n) {                                               \
    return drive_ping(&(ops_), (struct drive *)drive, n);                                          \
  }                                                                                                \
  static int name_##_pong(void *drive, uint64_t n) {                                               \
    return drive_pong(&(ops_), (struct drive *)drive, n);                                          \
  }                                                                                                \
  static int name_##_feed(void *drive, uint64_t n) {                                               \
    return drive_feed(&(ops_), (struct drive *)drive, n);                                          \
  }                                                                                                \
  static int name_##_drain(void *drive, uint64_t n) {                                              \
    return drive_drain(&(ops_), (struct drive *)drive, n);                                         \
  }                                                                                                \
  DRIVE_EXTERN const struct peer peer_##name_;                                                     \
  const struct peer peer_##name_ = {#name_,       about_,       largest_,     waits_,              \
                                    traits_,      &(ops_),      name_##_ping, name_##_pong,        \
                                    name_##_feed, name_##_drain}

#endif
