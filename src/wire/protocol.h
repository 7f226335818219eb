/* SPDX-License-Identifier: MIT */
/* protocol.h - the messages between rilld and its clients: structs of fixed size, one in each
 * packet of a SOCK_SEQPACKET Unix socket, in the host's byte order.
 *
 * Pure: packing and checking, no system calls. What comes from the socket is input: it is
 * checked as a whole before any of it is used. */
#ifndef RILLI_PROTOCOL_H
#define RILLI_PROTOCOL_H

#include <stddef.h>
#include <stdint.h>

#define RILLI_WIRE_MAGIC UINT32_C(0x444c4952) /* "RILD" in memory                   */
#define RILLI_WIRE_VERSION 1u
#define RILLI_WIRE_NAME 208u /* 200 bytes of name or pattern, and NULs               */
#define RILLI_WIRE_ROWS 8u   /* queues in one answer                                 */
#define RILLI_WIRE_TEXT 240u
#define RILLI_WIRE_VALUES 64u /* attributes of a queue                               */
#define RILLI_WIRE_GROUPS 64u /* declared by one request; more: by rill_consumer_open */
#define RILLI_WIRE_GROUP 64u  /* 63 bytes of name, and NULs                          */
#define RILLI_WIRE_ROOM 768u  /* room for a struct rill_queue_stat and its growth    */

#define RILLI_SOCKET_FILE "+rilld.sock" /* in the namespace's directory              */

enum rilli_wire_type {
  /* Notices: never answered. */
  RILLI_WIRE_HELLO = 1,  /* name: of the program; flags: RILLI_HELLO_LATE          */
  RILLI_WIRE_ATTACH = 2, /* it has opened the queue of this name, as `kind`        */
  RILLI_WIRE_DETACH = 3,
  /* Requests: each gets an answer with the same serial. */
  RILLI_WIRE_STAT = 16, /* the row of the queue                                    */
  RILLI_WIRE_OPEN = 17, /* the same; the queue may have been created just now      */
  RILLI_WIRE_CREATE = 18,
  RILLI_WIRE_UNLINK = 19,
  RILLI_WIRE_LIST = 20,  /* name: pattern or ""; after: the last name seen, or ""   */
  RILLI_WIRE_WATCH = 21, /* name: pattern or ""; events follow the answer           */
  /* From the registry. */
  RILLI_WIRE_ANSWER = 32,
  RILLI_WIRE_EVENT = 33
};

struct rilli_wire_head {
  uint32_t magic;
  uint16_t version, type;
  uint32_t size; /* of the whole message                                             */
  uint32_t serial;
};

enum { RILLI_HELLO_LATE = 1 }; /* it attached to queues before it was connected */

/* What a process is to a queue. */
enum rilli_wire_kind {
  RILLI_KIND_OPEN = 0,
  RILLI_KIND_PRODUCER = 1,
  RILLI_KIND_CONSUMER = 2, /* of a group, in a slot of it                          */
  RILLI_KINDS = 3
};

/* The kind and its place. group: the index of its row; slot: 0 in a solo group. Both are 0 for
 * any kind but a consumer. */
struct rilli_role {
  uint32_t kind, group, slot;
};

struct rilli_wire_notice {
  struct rilli_wire_head head;
  uint32_t flags, kind, group, slot; /* as rilli_role                                  */
  char name[RILLI_WIRE_NAME];
};

enum { RILLI_WIRE_EXCLUSIVE = 1 }; /* flags of a request */

struct rilli_wire_request {
  struct rilli_wire_head head;
  uint32_t flags, reserved;
  char name[RILLI_WIRE_NAME], after[RILLI_WIRE_NAME];
};

/* CREATE: the fields of rill_queue_attr that have a value, by their numbers in the library's table
 * of attributes, which this layer does not know; and the groups to declare. */
struct rilli_wire_create {
  struct rilli_wire_request request;
  uint32_t value_count, group_count;
  uint64_t values[RILLI_WIRE_VALUES];
  char groups[RILLI_WIRE_GROUPS][RILLI_WIRE_GROUP];
};

/* A queue: the first `size` bytes of its rill_queue_stat. code: 0, or the reason why there are none
 * (-errno). */
struct rilli_wire_row {
  char name[RILLI_WIRE_NAME];
  int32_t code;
  uint32_t size;
  uint64_t stat[RILLI_WIRE_ROOM / 8];
};

struct rilli_wire_answer {
  struct rilli_wire_head head;
  int32_t code;         /* 0, or a negative errno value, then text says why         */
  uint32_t count, more; /* rows; not 0: ask again, with `after` the last of them    */
  uint32_t reserved;
  char text[RILLI_WIRE_TEXT];
  struct rilli_wire_row rows[RILLI_WIRE_ROWS];
};

enum rilli_wire_what {
  RILLI_EVENT_APPEARED = 1,
  RILLI_EVENT_REMOVED = 2,
  RILLI_EVENT_ATTACHED = 3,
  RILLI_EVENT_DETACHED = 4,
  RILLI_EVENT_DIED = 5,      /* the producer or a consumer, its lease is free        */
  RILLI_EVENT_RECLAIMED = 6, /* the group's row was freed, or is kept without a member */
  RILLI_EVENT_WHATS = 7
};

struct rilli_wire_event {
  struct rilli_wire_head head;
  uint32_t what, kind, group, slot; /* as rilli_role                                   */
  int64_t pid;   /* of the process concerned; 0: unknown                             */
  int64_t time;  /* CLOCK_REALTIME ns                                                */
  int64_t after; /* ns from the end of the process to the event; 0: not known         */
  uint64_t lost; /* events just before, dropped because this watcher was too slow    */
  char name[RILLI_WIRE_NAME];
};

union rilli_wire_message { /* room for any message                                    */
  struct rilli_wire_head head;
  struct rilli_wire_notice notice;
  struct rilli_wire_request request;
  struct rilli_wire_create create;
  struct rilli_wire_answer answer;
  struct rilli_wire_event event;
};

/* Zeroes a message and fills in its head. ret: as large as the type's struct. */
void rilli_wire_start(void *ret, enum rilli_wire_type type, uint32_t serial);
/* Copies a name, cut to what fits. */
void rilli_wire_name(char ret[RILLI_WIRE_NAME], const char *name);
/* How large messages of the type are; 0: there is no such type. */
size_t rilli_wire_size(uint32_t type);

/* Is this packet of `size` bytes a complete and valid message of a client, or of the registry?
 * Returns its type, -EPROTONOSUPPORT (another version; the head is valid), or -EPROTO. */
int rilli_wire_check_client(const union rilli_wire_message *message, size_t size);
int rilli_wire_check_registry(const union rilli_wire_message *message, size_t size);

/* "queue", "producer", "consumer"; "appeared", ... Never NULL. */
const char *rilli_wire_kind_word(uint32_t kind);
const char *rilli_wire_what_word(uint32_t what);

#endif
