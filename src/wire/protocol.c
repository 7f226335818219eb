/* SPDX-License-Identifier: MIT */
/* protocol.c - packing and checking the messages of the registry's socket. Pure functions. */
#include "protocol.h"

#include <errno.h>
#include <string.h>

_Static_assert(sizeof(struct rilli_wire_head) == 16, "on the wire");
_Static_assert(sizeof(struct rilli_wire_notice) == 240, "on the wire");
_Static_assert(sizeof(struct rilli_wire_request) == 440, "on the wire");
_Static_assert(sizeof(struct rilli_wire_create) == 448 + 64 * 8 + 64 * 64, "on the wire");
_Static_assert(sizeof(struct rilli_wire_row) == 984, "on the wire");
_Static_assert(sizeof(struct rilli_wire_answer) == 272 + RILLI_WIRE_ROWS * 984, "on the wire");
_Static_assert(sizeof(struct rilli_wire_event) == 272, "on the wire");

size_t rilli_wire_size(uint32_t type) {
  switch (type) {
  case RILLI_WIRE_HELLO:
  case RILLI_WIRE_ATTACH:
  case RILLI_WIRE_DETACH:
    return sizeof(struct rilli_wire_notice);
  case RILLI_WIRE_STAT:
  case RILLI_WIRE_OPEN:
  case RILLI_WIRE_UNLINK:
  case RILLI_WIRE_LIST:
  case RILLI_WIRE_WATCH:
    return sizeof(struct rilli_wire_request);
  case RILLI_WIRE_CREATE:
    return sizeof(struct rilli_wire_create);
  case RILLI_WIRE_ANSWER:
    return sizeof(struct rilli_wire_answer);
  case RILLI_WIRE_EVENT:
    return sizeof(struct rilli_wire_event);
  default:
    return 0;
  }
}

void rilli_wire_start(void *ret, enum rilli_wire_type type, uint32_t serial) {
  const size_t size = rilli_wire_size(type);
  const struct rilli_wire_head head = {RILLI_WIRE_MAGIC, RILLI_WIRE_VERSION, (uint16_t)type,
                                       (uint32_t)size, serial};
  memset(ret, 0, size);
  memcpy(ret, &head, sizeof head);
}

void rilli_wire_name(char ret[RILLI_WIRE_NAME], const char *name) {
  const size_t length = strnlen(name, RILLI_WIRE_NAME - 1);
  memset(ret, 0, RILLI_WIRE_NAME);
  memcpy(ret, name, length);
}

static int ends(const char *text, size_t size) {
  return memchr(text, 0, size) != NULL;
}

static int check_head(const struct rilli_wire_head *head, size_t size) {
  if (size < sizeof *head || head->magic != RILLI_WIRE_MAGIC || head->size != size)
    return -EPROTO;
  if (head->version != RILLI_WIRE_VERSION)
    return -EPROTONOSUPPORT;
  return size == rilli_wire_size(head->type) ? head->type : -EPROTO;
}

/* Only a consumer has a group and a slot. */
static int role_ok(uint32_t kind, uint32_t group, uint32_t slot) {
  return kind == RILLI_KIND_CONSUMER || (kind < RILLI_KINDS && group == 0 && slot == 0);
}

static int notice_ok(const struct rilli_wire_notice *notice) {
  return (notice->flags & ~(uint32_t)RILLI_HELLO_LATE) == 0 &&
         role_ok(notice->kind, notice->group, notice->slot) &&
         ends(notice->name, sizeof notice->name);
}

static int request_ok(const struct rilli_wire_request *request) {
  return (request->flags & ~(uint32_t)RILLI_WIRE_EXCLUSIVE) == 0 && request->reserved == 0 &&
         ends(request->name, sizeof request->name) && ends(request->after, sizeof request->after);
}

static int create_ok(const struct rilli_wire_create *create) {
  if (!request_ok(&create->request) || create->value_count > RILLI_WIRE_VALUES ||
      create->group_count > RILLI_WIRE_GROUPS)
    return 0;
  for (uint32_t i = 0; i < create->group_count; i++)
    if (!ends(create->groups[i], sizeof create->groups[i]))
      return 0;
  return 1;
}

int rilli_wire_check_client(const union rilli_wire_message *message, size_t size) {
  const int type = check_head(&message->head, size);
  if (type < 0)
    return type;
  if (size == sizeof message->notice)
    return notice_ok(&message->notice) ? type : -EPROTO;
  if (size == sizeof message->request)
    return request_ok(&message->request) ? type : -EPROTO;
  if (size == sizeof message->create)
    return create_ok(&message->create) ? type : -EPROTO;
  return -EPROTO;
}

static int answer_ok(const struct rilli_wire_answer *answer) {
  if (answer->count > RILLI_WIRE_ROWS || !ends(answer->text, sizeof answer->text))
    return 0;
  for (uint32_t i = 0; i < answer->count; i++)
    if (!ends(answer->rows[i].name, sizeof answer->rows[i].name) ||
        answer->rows[i].size > sizeof answer->rows[i].stat)
      return 0;
  return 1;
}

int rilli_wire_check_registry(const union rilli_wire_message *message, size_t size) {
  const int type = check_head(&message->head, size);
  if (type < 0)
    return type;
  if (type == RILLI_WIRE_ANSWER)
    return answer_ok(&message->answer) ? type : -EPROTO;
  if (type == RILLI_WIRE_EVENT && message->event.what > 0 &&
      message->event.what < RILLI_EVENT_WHATS &&
      role_ok(message->event.kind, message->event.group, message->event.slot) &&
      ends(message->event.name, sizeof message->event.name))
    return type;
  return -EPROTO;
}

const char *rilli_wire_kind_word(uint32_t kind) {
  static const char *const words[RILLI_KINDS] = {"queue", "producer", "consumer"};
  return kind < RILLI_KINDS ? words[kind] : "unknown";
}

const char *rilli_wire_what_word(uint32_t what) {
  static const char *const words[RILLI_EVENT_WHATS] = {
      "unknown", "appeared", "removed", "attached", "detached", "died", "reclaimed"};
  return words[what < RILLI_EVENT_WHATS ? what : 0];
}
