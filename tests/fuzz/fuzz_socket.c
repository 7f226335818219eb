/* SPDX-License-Identifier: MIT */
/* fuzz_socket.c - any bytes at the registry's socket: rilld's loop in a thread of this process,
 * and clients that send what the input says. After them a valid client must be answered. */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "claim.h"
#include "client.h"
#include "server.h"
#include "forged.h"
#include "settings.h"
#include "support.h"

#define CLIENTS 6u
#define MEMORY_MOST (8 << 20) /* of a queue that a client makes                     */

static struct table
    always; /* keeps the thread of the hash tables, which lives while a table does */
static struct claim claim;
static pthread_barrier_t serving;
static int clients[CLIENTS];

int __real_posix_fallocate(int fd, off_t offset, off_t size);
int __wrap_posix_fallocate(int fd, off_t offset, off_t size);

/* A client may ask for as much memory as there is; here that is little. */
int __wrap_posix_fallocate(int fd, off_t offset, off_t size) {
  return size > MEMORY_MOST ? ENOSPC : __real_posix_fallocate(fd, offset, size);
}

static void *serve(void *arg) {
  struct server server;
  (void)arg;
  urcu_memb_register_thread();
  server_hold_signals();
  CHECK_EQ(server_open(&server, rilli_context_dir(forged_context()), claim.listener), 0);
  (void)pthread_barrier_wait(&serving);
  CHECK_EQ(server_run(&server), SIGTERM);
  server_close(&server);
  urcu_memb_unregister_thread();
  return NULL;
}

int LLVMFuzzerInitialize(int *argc, char ***argv) {
  (void)argc;
  (void)argv;
  forged_open();
  log_level(LOG_LEVEL_ERROR);
  urcu_memb_register_thread();
  CHECK_EQ(table_open(&always, rilli_context_dir(forged_context())), 0);
  (void)pthread_barrier_init(&serving, NULL, 2);
  return 0;
}

/* --- hostile clients ---------------------------------------------------------------------- */

static void connect_one(unsigned n) {
  if (clients[n] < 0)
    clients[n] = rilli_registry_connect(forged_directory(), 0);
}

static void send_bytes(unsigned n, const void *bytes, size_t size) {
  connect_one(n);
  if (clients[n] >= 0)
    (void)!send(clients[n], bytes, size, MSG_DONTWAIT | MSG_NOSIGNAL);
}

static void send_raw(unsigned n, struct input *input) {
  size_t size = take_byte(input) * 2u;
  size = size < input->left ? size : input->left;
  send_bytes(n, input->at, size);
  input->at += size;
  input->left -= size;
}

/* A valid message, except for what the input changes. */
static void send_changed(unsigned n, struct input *input) {
  static const uint16_t types[] = {RILLI_WIRE_HELLO,  RILLI_WIRE_ATTACH, RILLI_WIRE_DETACH,
                                   RILLI_WIRE_STAT,   RILLI_WIRE_OPEN,   RILLI_WIRE_CREATE,
                                   RILLI_WIRE_UNLINK, RILLI_WIRE_LIST,   RILLI_WIRE_WATCH,
                                   RILLI_WIRE_ANSWER, RILLI_WIRE_EVENT};
  static const char *const names[] = {"orders", "md/eurex", "", "*", "[a-z]*", "../x", "none", "q"};
  union rilli_wire_message message;
  const uint8_t what = take_byte(input), how = take_byte(input);
  const uint16_t type = types[what % (sizeof types / sizeof *types)];
  const size_t size = rilli_wire_size(type);
  rilli_wire_start(&message, type, how);
  if (type < RILLI_WIRE_STAT) {
    rilli_wire_name(message.notice.name, names[how & 7u]);
    message.notice.kind = how >> 3 & 3u;
    message.notice.group = how >> 5;
    message.notice.slot = how >> 6;
  } else if (type < RILLI_WIRE_ANSWER) {
    rilli_wire_name(message.request.name, names[how & 7u]);
    rilli_wire_name(message.request.after, names[how >> 3 & 7u]);
    if (type == RILLI_WIRE_CREATE) {
      const struct rill_queue_attr attr = {.size = sizeof attr, .max_groups = 4};
      message.create.value_count =
          rilli_settings_pack(&attr, message.create.values, RILLI_WIRE_VALUES);
    }
  }
  for (unsigned changes = what >> 5; changes; changes--) {
    const size_t at = take(input, 2) % size;
    const uint8_t run = take_byte(input), value = take_byte(input);
    memset((uint8_t *)&message + at, value, run < size - at ? run : size - at);
  }
  for (unsigned copies = how >> 7 ? 40 : 1; copies; copies--)
    send_bytes(n, &message, what & 16u ? size - 1 - how % (size - 1) : size);
}

static void hear(unsigned n) {
  union rilli_wire_message message;
  if (clients[n] < 0)
    return;
  const ssize_t size = recv(clients[n], &message, sizeof message, MSG_DONTWAIT);
  if (size > 0)
    CHECK(rilli_wire_check_registry(&message, (size_t)size) > 0);
}

static void hang_up(unsigned n) {
  if (clients[n] >= 0)
    (void)close(clients[n]);
  clients[n] = -1;
}

static void misbehave(struct input *input) {
  for (unsigned step = 0; input->left && step < 100; step++) {
    const uint8_t op = take_byte(input);
    const unsigned n = op >> 4 & 7u;
    if (n >= CLIENTS)
      continue;
    switch (op & 15u) {
    case 0:
      hang_up(n);
      break;
    case 1:
      connect_one(n);
      break;
    case 2:
      hear(n);
      break;
    case 3:
      if (clients[n] >= 0)
        (void)shutdown(clients[n], SHUT_WR);
      break;
    case 4:
    case 5:
      send_raw(n, input);
      break;
    default:
      send_changed(n, input);
      break;
    }
  }
}

/* --- the valid client ------------------------------------------------------------------------- */

static void ask(int fd, enum rilli_wire_type type, const char *name, uint32_t serial) {
  struct rilli_wire_request request;
  union rilli_wire_message message;
  rilli_wire_start(&request, type, serial);
  rilli_wire_name(request.name, name);
  int heard;
  CHECK_EQ(rilli_registry_send(fd, &request), 0);
  do /* libFuzzer's clock is a signal */
    heard = rilli_registry_receive(fd, &message);
  while (heard == -EINTR);
  CHECK_EQ(heard, RILLI_WIRE_ANSWER);
  CHECK_EQ(message.answer.head.serial, serial);
}

static void be_served(void) {
  const int fd = rilli_registry_connect(forged_directory(), 0);
  CHECK(fd >= 0);
  ask(fd, RILLI_WIRE_STAT, "orders", 7);
  ask(fd, RILLI_WIRE_LIST, "", 8);
  ask(fd, RILLI_WIRE_OPEN, "md/eurex", 9);
  (void)close(fd);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size) {
  struct input input = {bytes, size}, samples = {(const uint8_t *)"\1\0\2\0", 4};
  struct forged orders, other;
  pthread_t thread;
  memset(&orders, 0, sizeof orders);
  memset(&other, 0, sizeof other);
  forged_begin(&orders, "orders", &samples);
  forged_begin(&other, "md/eurex", &samples);
  CHECK_EQ(claim_take(rilli_context_dir(forged_context()), -1, &claim), 0);
  for (unsigned n = 0; n < CLIENTS; n++)
    clients[n] = -1;
  CHECK_EQ(pthread_create(&thread, NULL, serve, NULL), 0);
  (void)pthread_barrier_wait(&serving);
  misbehave(&input);
  be_served();
  for (unsigned n = 0; n < CLIENTS; n++)
    hang_up(n);
  CHECK_EQ(pthread_kill(thread, SIGTERM), 0);
  CHECK_EQ(pthread_join(thread, NULL), 0);
  claim_release(rilli_context_dir(forged_context()), &claim);
  forged_end(&orders);
  forged_end(&other);
  forged_clear();
  return 0;
}
