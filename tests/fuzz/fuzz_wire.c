/* SPDX-License-Identifier: MIT */
/* fuzz_wire.c - what comes from the registry's socket, names and patterns: pure functions of
 * bytes, which end where their memory does. */
#include <errno.h>
#include <stdlib.h>

#include "client.h"
#include "codes.h"
#include "input.h"
#include "pattern.h"
#include "protocol.h"
#include "support.h"

static void check_text(const char *text, size_t size) {
  CK(memchr(text, 0, size) != NULL);
}

static void check_accepted(int type, const union rilli_wire_message *message, size_t size) {
  CK(size == rilli_wire_size((uint32_t)type) && message->head.type == type);
  if (type < RILLI_WIRE_STAT) {
    check_text(message->notice.name, sizeof message->notice.name);
    CK(message->notice.kind < RILLI_KINDS);
    CK(message->notice.kind == RILLI_KIND_CONSUMER || !message->notice.group);
  } else if (type < RILLI_WIRE_ANSWER) {
    check_text(message->request.name, sizeof message->request.name);
    check_text(message->request.after, sizeof message->request.after);
  } else if (type == RILLI_WIRE_ANSWER) {
    check_text(message->answer.text, sizeof message->answer.text);
    CK(message->answer.count <= RILLI_WIRE_ROWS);
    for (uint32_t i = 0; i < message->answer.count; i++) {
      check_text(message->answer.rows[i].name, sizeof message->answer.rows[i].name);
      check_text(message->answer.rows[i].uuid, sizeof message->answer.rows[i].uuid);
    }
  } else {
    check_text(message->event.name, sizeof message->event.name);
    CK(message->event.kind == RILLI_KIND_CONSUMER || !message->event.slot);
    CK(*rilli_wire_what_word(message->event.what) && *rilli_wire_kind_word(message->event.kind));
  }
}

static void judge(const uint8_t *bytes, size_t size) {
  void *copy = malloc(size ? size : 1);
  CK(copy);
  if (size)
    memcpy(copy, bytes, size);
  int type = rilli_wire_check_client(copy, size);
  CODES("rilli_wire_check_client", type < 0 ? type : 0, EPROTO, EPROTONOSUPPORT);
  if (type > 0)
    check_accepted(type, copy, size);
  CK(type < RILLI_WIRE_ANSWER);
  type = rilli_wire_check_registry(copy, size);
  CODES("rilli_wire_check_registry", type < 0 ? type : 0, EPROTO, EPROTONOSUPPORT);
  if (type > 0)
    check_accepted(type, copy, size);
  CK(type < 0 || type >= RILLI_WIRE_ANSWER);
  free(copy);
}

/* A sound message, some bytes changed. */
static void judge_changed(struct input *input) {
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
  judge((const uint8_t *)&message, size);
}

/* A string that ends where its memory does. */
static char *text_of(struct input *input, size_t length) {
  length = length < input->left ? length : input->left;
  char *text = malloc(length + 1);
  CK(text);
  if (length)
    memcpy(text, input->at, length);
  text[length] = 0;
  input->at += length;
  input->left -= length;
  return text;
}

static void judge_queue_name(const char *name) {
  char control[RILLI_FILE_NAME], data[RILLI_FILE_NAME], again[RILLI_NAME_SIZE];
  char of[RILLI_FILE_NAME], hex[33], uuid_hex[33];
  static const uint8_t uuid[16] = {1, 2, 3, 0xff};
  const int code = rilli_name_check(name);
  CODES("rilli_name_check", code, EINVAL);
  if (code)
    return;
  rilli_name_files(name, uuid, control, data);
  CK(rilli_name_of_control(control, again) && strcmp(again, name) == 0);
  rilli_hex(uuid, hex);
  CK(rilli_name_of_data(data, of, uuid_hex) && strcmp(of, control) == 0);
  CK(strcmp(uuid_hex, hex) == 0 && !strchr(control, '/'));
}

static void judge_names(struct input *input) {
  char name[RILLI_NAME_SIZE], control[RILLI_FILE_NAME], uuid[33];
  const size_t length = take_byte(input);
  char *pattern = text_of(input, length), *text = text_of(input, 255);
  judge_queue_name(text);
  CODES("rilli_group_name_check", rilli_group_name_check(text), EINVAL);
  if (rilli_name_of_control(text, name))
    CK(strlen(name) <= 200);
  if (rilli_name_of_data(text, control, uuid))
    CK(strlen(uuid) == 32);
  if (pattern_matches(pattern, text))
    CK(*pattern == 0 || *text || strspn(pattern, "*") == strlen(pattern));
  CK(pattern_matches("", text) && pattern_matches("*", text));
  free(pattern);
  free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size) {
  struct input input = {bytes, size};
  switch (take_byte(&input) % 3) {
  case 0:
    judge(input.at, input.left);
    break;
  case 1:
    judge_changed(&input);
    break;
  default:
    judge_names(&input);
    break;
  }
  return 0;
}
