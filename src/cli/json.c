/* SPDX-License-Identifier: MIT */
/* json.c - what the verbs print with --json (json.h).
 *
 * Numbers are as the library returns them, in bytes and nanoseconds; words are as in the text. */
#include "json.h"

#include "cli.h"
#include "fields.h"
#include "words.h"

#include <stdlib.h>
#include <string.h>

int json_print(FILE *out, json_t *value) {
  int r = value ? json_dumpf(value, out, JSON_INDENT(2)) : -1;
  json_decref(value);
  if (r < 0)
    return cli_fail("out of memory");
  putc('\n', out);
  return STATUS_DONE;
}

static json_t *number(uint64_t value) {
  return json_integer(value > INT64_MAX ? INT64_MAX : (json_int_t)value);
}

/* Bytes as RFC 4648 base64. */
static json_t *base64(const unsigned char *bytes, size_t size) {
  static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  char *text = malloc((size + 2) / 3 * 4 + 1), *at = text;
  if (!text)
    return NULL;
  for (size_t i = 0; i < size; i += 3) {
    size_t left = size - i;
    uint32_t three = (uint32_t)bytes[i] << 16;
    if (left > 1)
      three |= (uint32_t)bytes[i + 1] << 8;
    if (left > 2)
      three |= bytes[i + 2];
    *at++ = digits[three >> 18];
    *at++ = digits[three >> 12 & 63];
    *at++ = left > 1 ? digits[three >> 6 & 63] : '=';
    *at++ = left > 2 ? digits[three & 63] : '=';
  }
  json_t *value = json_stringn(text, (size_t)(at - text));
  free(text);
  return value;
}

char *json_message(const struct rill_message *message) {
  const char *encoding = "utf-8";
  json_t *data = json_stringn(message->size ? message->data : "", message->size);
  if (!data) {
    encoding = "base64";
    data = base64(message->data, message->size);
  }
  json_t *object =
      json_pack("{s:o, s:I, s:I, s:o, s:I, s:I, s:s, s:o}", "sequence", number(message->sequence),
                "size", (json_int_t)message->size, "time", (json_int_t)message->time, "lost",
                number(message->lost), "deliveries", (json_int_t)message->deliveries, "type",
                (json_int_t)message->type, "encoding", encoding, "data", data);
  size_t size = object ? json_dumpb(object, NULL, 0, JSON_COMPACT) : 0;
  char *line = size ? malloc(size + 2) : NULL;
  if (line) {
    json_dumpb(object, line, size, JSON_COMPACT);
    memcpy(line + size, "\n", 2);
  }
  json_decref(object);
  return line;
}

void json_latency(json_t *object, uint64_t count, int64_t p50, int64_t p99, int64_t p999,
                  int64_t max) {
  const struct {
    const char *key;
    int64_t value;
  } figures[] = {{"latency_p50_ns", p50},
                 {"latency_p99_ns", p99},
                 {"latency_p999_ns", p999},
                 {"latency_max_ns", max}};
  json_object_set_new(object, "latency_count", number(count));
  for (size_t i = 0; i < sizeof figures / sizeof *figures; i++)
    json_object_set_new(object, figures[i].key,
                        count ? json_integer(figures[i].value) : json_null());
}

static json_t *group_object(const struct rill_group_stat *group) {
  json_t *object = json_pack("{s:s}", "name", group->name);
  field_json(object, group_figures, FIELD_MAIN, group);
  field_json(object, group_figures, FIELD_LAG, group);
  field_json(object, group_figures, FIELD_LATENCY, group);
  const char *key;
  json_t *value;
  json_object_foreach(object, key, value) if (!group->latency_count &&
                                              !strncmp(key, "latency_", 8) &&
                                              strcmp(key, "latency_count") != 0)
      json_object_set_new(object, key, json_null());
  return object;
}

json_t *json_groups(rill_queue *queue) {
  json_t *array = json_array();
  struct rill_group_stat group = {.size = sizeof group};
  uint32_t index = 0;
  while (array && rill_group_read_stat(queue, &index, &group) == 1)
    json_array_append_new(array, group_object(&group));
  return array;
}

static json_t *part(const struct field *fields, enum field_section section,
                    const struct rill_queue_stat *stat) {
  json_t *object = json_object();
  field_json(object, fields, section, stat);
  return object;
}

json_t *json_queue(const char *name, rill_queue *queue, const struct rill_queue_stat *stat,
                   const char *error) {
  if (!queue)
    return json_pack("{s:s, s:s, s:s}", "name", name, "state", "unreadable", "error", error);
  json_t *object =
      json_pack("{s:s, s:s, s:s}", "name", name, "uuid", stat->uuid, "state", words_state(stat));
  field_json(object, queue_settings, FIELD_MAIN, stat);
  field_json(object, queue_figures, FIELD_MAIN, stat);
  json_object_set_new(object, "type", part(queue_settings, FIELD_TYPE, stat));
  json_object_set_new(object, "placement", part(queue_settings, FIELD_PLACEMENT, stat));
  json_object_set_new(object, "producer", part(queue_figures, FIELD_PRODUCER, stat));
  json_object_set_new(object, "groups", json_groups(queue));
  return object;
}

void json_obtained(json_t *queue, const struct rill_placement_stat *placed, const char *error) {
  json_t *object = json_object_get(queue, "placement");
  if (!placed) {
    json_object_set_new(object, "error", json_string(error));
    return;
  }
  json_t *nodes = json_array();
  for (size_t i = 0; i < sizeof placed->node_pages / sizeof placed->node_pages[0]; i++)
    json_array_append_new(nodes, json_integer(placed->node_pages[i]));
  json_object_set_new(object, "policy", json_string(words_numa(placed->numa)));
  json_object_set_new(object, "policy_node", json_integer(placed->numa_node));
  json_object_set_new(object, "pages", json_integer(placed->pages));
  json_object_set_new(object, "node_pages", nodes);
  json_object_set_new(object, "elsewhere_pages", json_integer(placed->elsewhere_pages));
  json_object_set_new(object, "unknown_pages", json_integer(placed->unknown_pages));
  json_object_set_new(object, "resident_bytes", number(placed->resident_bytes));
  json_object_set_new(object, "huge_bytes", number(placed->huge_bytes));
  json_object_set_new(object, "huge_error",
                      placed->huge_error ? json_string(strerror((int)placed->huge_error))
                                         : json_null());
}
