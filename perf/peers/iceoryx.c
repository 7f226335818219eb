/* SPDX-License-Identifier: MIT */
/* perf/peers/iceoryx.c - Eclipse iceoryx, publish and subscribe over its shared memory.
 *
 * Through its C binding. Nothing may be lost: the subscriber's queue has its greatest
 * capacity (256) and blocks the publisher when it is full (BLOCK_PRODUCER with
 * WAIT_FOR_CONSUMER); there is no history. A message is loaned, filled and published, and read
 * where it lies. A link that spins takes chunks with a pause; one that sleeps waits in a
 * WaitSet for the subscriber's state, as its examples do.
 *
 * Its daemon RouDi (roudi.c) runs beside the two processes, on any core; it and the
 * keep-alive thread of each process wake up ten times a second. */
#include "drive.h"
#include "roudi.h"

#include <iceoryx_binding_c/api.h>
#include <sched.h>
#include <stdio.h>
#include <unistd.h>

enum { QUEUE = 256 }; /* the most that a subscriber may have                       */

struct iceoryx {
  struct peer_link link;
  iox_pub_t publisher;  /* NULL in the taker                                          */
  iox_sub_t subscriber; /* NULL in the sender                                        */
  iox_ws_t set;         /* of a taker that sleeps                                    */
  iox_pub_storage_t publisher_storage;
  iox_sub_storage_t subscriber_storage;
  iox_ws_storage_t set_storage;
  const void *chunk;
};

static unsigned users; /* of the runtime of a process                               */

static int make(struct peer_link *link) {
  (void)link;
  return roudi_enter();
}

static void remove_(struct peer_link *link) {
  (void)link;
  roudi_leave();
}

/* One runtime a process. It makes files in /tmp with its name, which place.c removes if the
 * process cannot. */
static void enter_runtime(void) {
  char name[64];
  if (users++ > 0)
    return;
  /* It writes to standard output, where the figures go. */
  dup2(STDERR_FILENO, STDOUT_FILENO);
  iox_set_loglevel(Iceoryx_LogLevel_Fatal);
  snprintf(name, sizeof name, "rill-perf-%ld-%ld", (long)getppid(), (long)getpid());
  iox_runtime_init(name);
}

/* RouDi connects both ends, which takes some tenths of a second. */
static int open_sender(struct iceoryx *self) {
  iox_pub_options_t options;
  iox_pub_options_init(&options);
  options.subscriberTooSlowPolicy = ConsumerTooSlowPolicy_WAIT_FOR_CONSUMER;
  self->publisher =
      iox_pub_init(&self->publisher_storage, "rill", "perf", self->link.name, &options);
  if (!self->publisher)
    return pair_error(-EIO, "no publisher for %s", self->link.name);
  while (!iox_pub_has_subscribers(self->publisher))
    sched_yield();
  return 0;
}

static int open_taker(struct iceoryx *self) {
  iox_sub_options_t options;
  iox_sub_options_init(&options);
  options.queueCapacity = QUEUE;
  options.queueFullPolicy = QueueFullPolicy_BLOCK_PRODUCER;
  self->subscriber =
      iox_sub_init(&self->subscriber_storage, "rill", "perf", self->link.name, &options);
  if (!self->subscriber)
    return pair_error(-EIO, "no subscriber for %s", self->link.name);
  while (iox_sub_get_subscription_state(self->subscriber) != SubscribeState_SUBSCRIBED)
    sched_yield();
  if (self->link.wait == PEER_SPIN)
    return 0;
  self->set = iox_ws_init(&self->set_storage);
  enum iox_WaitSetResult rc = iox_ws_attach_subscriber_state(self->set, self->subscriber,
                                                             SubscriberState_HAS_DATA, 0, NULL);
  return rc == WaitSetResult_SUCCESS
             ? 0
             : pair_error(-EIO, "wait set of %s: error %d", self->link.name, (int)rc);
}

static int open_(struct peer_link *link, enum peer_end end) {
  enter_runtime();
  return end == PEER_SEND ? open_sender((struct iceoryx *)link)
                          : open_taker((struct iceoryx *)link);
}

static void close_(struct peer_link *link, enum peer_end end) {
  struct iceoryx *self = (struct iceoryx *)link;
  (void)end;
  if (self->set) {
    iox_ws_detach_subscriber_state(self->set, self->subscriber, SubscriberState_HAS_DATA);
    iox_ws_deinit(self->set);
  }
  if (self->subscriber)
    iox_sub_deinit(self->subscriber);
  if (self->publisher)
    iox_pub_deinit(self->publisher);
  if (--users == 0)
    iox_runtime_shutdown();
}

PEER_FAST int send_(struct peer_link *link, const void *data) {
  const struct iceoryx *self = (struct iceoryx *)link;
  void *chunk;
  enum iox_AllocationResult rc = iox_pub_loan_chunk(self->publisher, &chunk, (uint32_t)link->size);
  if (rc != AllocationResult_SUCCESS)
    return pair_error(-EIO, "no chunk for %s: error %d", link->name, (int)rc);
  memcpy(chunk, data, link->size);
  iox_pub_publish_chunk(self->publisher, chunk);
  return 0;
}

PEER_FAST int poll_(struct peer_link *link, struct peer_message *ret) {
  struct iceoryx *self = (struct iceoryx *)link;
  enum iox_ChunkReceiveResult rc = iox_sub_take_chunk(self->subscriber, &self->chunk);
  if (rc == ChunkReceiveResult_NO_CHUNK_AVAILABLE)
    return -EAGAIN;
  if (rc != ChunkReceiveResult_SUCCESS)
    return pair_error(-EIO, "no message from %s: error %d", link->name, (int)rc);
  /* A chunk is as large as its pool's; the binding does not give the size that was asked for. */
  *ret = (struct peer_message){self->chunk, link->size};
  return 0;
}

PEER_FAST int take(struct peer_link *link, struct peer_message *ret) {
  const struct iceoryx *self = (struct iceoryx *)link;
  if (link->wait == PEER_SPIN)
    return drive_spin(poll_, link, ret);
  int rc;
  while ((rc = poll_(link, ret)) == -EAGAIN) {
    iox_notification_info_t info;
    uint64_t missed;
    iox_ws_wait(self->set, &info, 1, &missed);
  }
  return rc;
}

PEER_FAST int done(struct peer_link *link) {
  const struct iceoryx *self = (struct iceoryx *)link;
  iox_sub_release_chunk(self->subscriber, self->chunk);
  return 0;
}

static const struct peer_ops ops = {
    sizeof(struct iceoryx), make, remove_, open_, close_, send_, take, poll_, done};

DRIVE_PEER(iceoryx, ops,
           PEER_VERSION ": C binding, queue of 256 that blocks; take_chunk, or a WaitSet",
           PEER_LARGEST, PEER_SPIN | PEER_SLEEP, 0);
