/* SPDX-License-Identifier: MIT */
/* fuzz_wire.c - messages of the registry's socket, names and patterns: pure functions of bytes,
 * which end where their memory does. */
#include <errno.h>
#include <stdlib.h>

#include "client.h"
#include "input.h"
#include "pattern.h"
#include "protocol.h"
#include "support.h"

static void check_text(const char *text, size_t size) {
  CHECK(memchr(text, 0, size) != NULL);
}

static void check_accepted(int type, const union rilli_wire_message *message, size_t size) {
  CHECK(size == rilli_wire_size((uint32_t)type) && message->head.type == type);
  if (type < RILLI_WIRE_STAT) {
    check_text(message->notice.name, sizeof message->notice.name);
    CHECK(message->notice.kind < RILLI_KINDS);
    CHECK(message->notice.kind == RILLI_KIND_CONSUMER || !message->notice.group);
  } else if (type < RILLI_WIRE_ANSWER) {
    check_text(message->request.name, sizeof message->request.name);
    check_text(message->request.after, sizeof message->request.after);
    if (type == RILLI_WIRE_CREATE) {
      CHECK(message->create.value_count <= RILLI_WIRE_VALUES);
      CHECK(message->create.group_count <= RILLI_WIRE_GROUPS);
      for (uint32_t i = 0; i < message->create.group_count; i++)
        check_text(message->create.groups[i], sizeof message->create.groups[i]);
    }
  } else if (type == RILLI_WIRE_ANSWER) {
    check_text(message->answer.text, sizeof message->answer.text);
    CHECK(message->answer.count <= RILLI_WIRE_ROWS);
    for (uint32_t i = 0; i < message->answer.count; i++) {
      check_text(message->answer.rows[i].name, sizeof message->answer.rows[i].name);
      CHECK(message->answer.rows[i].size <= sizeof message->answer.rows[i].stat);
    }
  } else {
    check_text(message->event.name, sizeof message->event.name);
    CHECK(message->event.kind == RILLI_KIND_CONSUMER || !message->event.slot);
    CHECK(*rilli_wire_what_word(message->event.what) && *rilli_wire_kind_word(message->event.kind));
  }
}

static void check(const uint8_t *bytes, size_t size) {
  void *copy = malloc(size ? size : 1);
  CHECK(copy);
  if (size)
    memcpy(copy, bytes, size);
  int type = rilli_wire_check_client(copy, size);
  CODES("rilli_wire_check_client", type < 0 ? type : 0, EPROTO, EPROTONOSUPPORT);
  if (type > 0)
    check_accepted(type, copy, size);
  CHECK(type < RILLI_WIRE_ANSWER);
  type = rilli_wire_check_registry(copy, size);
  CODES("rilli_wire_check_registry", type < 0 ? type : 0, EPROTO, EPROTONOSUPPORT);
  if (type > 0)
    check_accepted(type, copy, size);
  CHECK(type < 0 || type >= RILLI_WIRE_ANSWER);
  free(copy);
}

/* A valid message with some bytes changed. */
static void check_changed(struct input *input) {
  static const uint16_t types[] = {RILLI_WIRE_HELLO,  RILLI_WIRE_ATTACH, RILLI_WIRE_DETACH,
                                   RILLI_WIRE_STAT,   RILLI_WIRE_OPEN,   RILLI_WIRE_CREATE,
                                   RILLI_WIRE_UNLINK, RILLI_WIRE_LIST,   RILLI_WIRE_WATCH,
                                   RILLI_WIRE_ANSWER, RILLI_WIRE_EVENT};
  union rilli_wire_message message;
  const uint16_t type = types[take_byte(input) % (sizeof types / sizeof *types)];
  const size_t size = rilli_wire_size(type);
  rilli_wire_start(&message, type, 1);
  while (input->left > 2) {
    const size_t at = take(input, 2) % size;
    const uint8_t run = take_byte(input), value = take_byte(input);
    memset((uint8_t *)&message + at, value, run < size - at ? run : size - at);
  }
  check((const uint8_t *)&message, size);
}

/* A string that ends where its memory does. */
static char *text_of(struct input *input, size_t length) {
  length = length < input->left ? length : input->left;
  char *text = malloc(length + 1);
  CHECK(text);
  if (length)
    memcpy(text, input->at, length);
  text[length] = 0;
  input->at += length;
  input->left -= length;
  return text;
}

static void check_queue_name(const char *name) {
  char control[RILLI_FILE_NAME], data[RILLI_FILE_NAME], again[RILLI_NAME_SIZE];
  char of[RILLI_FILE_NAME], hex[33], uuid_hex[33];
  static const uint8_t uuid[16] = {1, 2, 3, 0xff};
  const int code = rilli_name_check(name);
  CODES("rilli_name_check", code, EINVAL);
  if (code)
    return;
  rilli_name_files(name, uuid, control, data);
  CHECK(rilli_name_of_control(control, again) && strcmp(again, name) == 0);
  rilli_hex(uuid, hex);
  CHECK(rilli_name_of_data(data, of, uuid_hex) && strcmp(of, control) == 0);
  CHECK(strcmp(uuid_hex, hex) == 0 && !strchr(control, '/'));
}

static void check_names(struct input *input) {
  char name[RILLI_NAME_SIZE], control[RILLI_FILE_NAME], uuid[33];
  const size_t length = take_byte(input);
  char *pattern = text_of(input, length), *text = text_of(input, 255);
  check_queue_name(text);
  CODES("rilli_group_name_check", rilli_group_name_check(text), EINVAL);
  if (rilli_name_of_control(text, name))
    CHECK(strlen(name) <= 200);
  if (rilli_name_of_data(text, control, uuid))
    CHECK(strlen(uuid) == 32);
  if (pattern_matches(pattern, text))
    CHECK(*pattern == 0 || *text || strspn(pattern, "*") == strlen(pattern));
  CHECK(pattern_matches("", text) && pattern_matches("*", text));
  free(pattern);
  free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size) {
  struct input input = {bytes, size};
  switch (take_byte(&input) % 3) {
  case 0:
    check(input.at, input.left);
    break;
  case 1:
    check_changed(&input);
    break;
  default:
    check_names(&input);
    break;
  }
  return 0;
}
