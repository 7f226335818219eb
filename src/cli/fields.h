/* SPDX-License-Identifier: MIT */
/* fields.h - the attributes and figures of queues and groups, from the library's tables
 * (settings.def, counters.def): what stat, ls and group print of them, as text and JSON. */
#ifndef FIELDS_H
#define FIELDS_H

#include "units.h"

#include <rill/rill.h>

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

enum field_type {
  FIELD_BYTES,
  FIELD_NS,
  FIELD_TIME,
  FIELD_COUNT,
  FIELD_ID,
  FIELD_MODE,
  FIELD_FLAG,
  FIELD_CHOICE,
  FIELD_FLAGS
};

enum field_section {
  FIELD_MAIN,
  FIELD_TYPE,
  FIELD_PLACEMENT,
  FIELD_PRODUCER,
  FIELD_LAG,
  FIELD_LATENCY
};

struct field {
  const char *name;  /* in the text                                                */
  const char *key;   /* in JSON, without the unit                                  */
  const char *words; /* of choices and flags                                       */
  enum field_type type;
  enum field_section section;
  bool optional;      /* in the text: left out if it is 0 */
  const char *column; /* of a group; "": none                                       */
  size_t offset, size;
};

enum { FIELD_TEXT = 128 };

/* The attributes of rill_queue_stat, then its figures; those of rill_group_stat. A NULL name
 * ends each. */
extern const struct field queue_settings[], queue_figures[], group_figures[];

uint64_t field_value(const struct field *field, const void *stat);
/* For people. Returns text. */
const char *field_text(const struct field *field, uint64_t value, char text[FIELD_TEXT]);
/* The n-th word of "this|that". Returns text. */
const char *field_word(const char *words, uint64_t n, char text[FIELD_TEXT]);
/* Adds those of a section to an object. */
void field_json(json_t *object, const struct field *fields, enum field_section section,
                const void *stat);

#endif
