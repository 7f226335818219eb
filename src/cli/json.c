/* SPDX-License-Identifier: MIT */
/* json.c - what the verbs print with --json (json.h).
 *
 * Numbers are what the library says, in bytes and nanoseconds; words are those that
 * the text shows. */
#include "json.h"

#include "cli.h"
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
  json_t *object =
      json_pack("{s:s, s:I, s:s, s:b, s:I, s:o, s:s, s:s, s:o, s:o, s:o, s:o, s:I, s:o, s:o}",
                "name", group->name, "index", (json_int_t)group->index, "state",
                words_group(group->state), "keep", group->keep != 0, "pid", (json_int_t)group->pid,
                "pid_namespace", number(group->pid_namespace), "wait", words_wait(group->wait),
                "fence", words_fence(group->fence), "sequence", number(group->sequence), "position",
                number(group->position), "lag_messages", number(group->lag_messages), "lag_bytes",
                number(group->lag_bytes), "lag_age_ns", (json_int_t)group->lag_age, "parks",
                number(group->parks), "lost", number(group->lost));
  json_latency(object, group->latency_count, group->latency_p50, group->latency_p99,
               group->latency_p999, group->latency_max);
  return object;
}

static json_t *group_array(rill_queue *queue) {
  json_t *array = json_array();
  struct rill_group_stat group = {.size = sizeof group};
  uint32_t index = 0;
  while (array && rill_group_stat(queue, &index, &group) == 1)
    json_array_append_new(array, group_object(&group));
  return array;
}

static void geometry(json_t *object, const struct rill_queue_stat *stat) {
  json_object_set_new(object, "capacity", number(stat->capacity));
  json_object_set_new(object, "max_message", number(stat->max_message));
  json_object_set_new(object, "quantum", number(stat->quantum));
  json_object_set_new(object, "data_bytes", number(stat->data_bytes));
  json_object_set_new(object, "control_bytes", number(stat->control_bytes));
  json_object_set_new(object, "memory_bytes", number(stat->memory_bytes));
  json_object_set_new(object, "overflow", json_string(words_overflow(stat->overflow)));
  json_object_set_new(object, "evict_after_ns", json_integer(stat->evict_after));
  json_object_set_new(object, "lifetime", json_string(words_lifetime(stat->lifetime)));
  json_object_set_new(object, "max_groups", json_integer(stat->max_groups));
  json_object_set_new(object, "max_members", json_integer(stat->max_members));
  json_object_set_new(object, "max_claims", json_integer(stat->max_claims));
  json_object_set_new(object, "mode", json_sprintf("%04o", stat->mode));
  json_object_set_new(object, "uid", json_integer(stat->uid));
  json_object_set_new(object, "gid", json_integer(stat->gid));
  json_object_set_new(object, "created_ns", json_integer(stat->created));
  json_object_set_new(object, "type",
                      json_pack("{s:I, s:I, s:I}", "id", (json_int_t)stat->type.id, "size",
                                (json_int_t)stat->type.size, "version",
                                (json_int_t)stat->type.version));
}

static void traffic(json_t *object, const struct rill_queue_stat *stat) {
  json_object_set_new(object, "sequence", number(stat->sequence));
  json_object_set_new(object, "oldest", number(stat->oldest));
  json_object_set_new(object, "position", number(stat->position));
  json_object_set_new(object, "limit", number(stat->limit));
  json_object_set_new(object, "depth_messages", number(stat->depth_messages));
  json_object_set_new(object, "depth_bytes", number(stat->depth_bytes));
  json_object_set_new(object, "wakes", number(stat->wakes));
  json_object_set_new(object, "evictions", number(stat->evictions));
}

static json_t *producer(const struct rill_queue_stat *stat) {
  return json_pack("{s:s, s:I, s:o, s:o, s:s, s:b, s:o}", "state", words_producer(stat->producer),
                   "pid", (json_int_t)stat->producer_pid, "pid_namespace",
                   number(stat->producer_pid_namespace), "generation",
                   number(stat->producer_generation), "fence", words_fence(stat->fence), "waiting",
                   stat->waiting != 0, "parks", number(stat->producer_parks));
}

json_t *json_queue(const char *name, rill_queue *queue, const struct rill_queue_stat *stat,
                   const char *error) {
  if (!queue)
    return json_pack("{s:s, s:s, s:s}", "name", name, "state", "unreadable", "error", error);
  json_t *object =
      json_pack("{s:s, s:s, s:s, s:b, s:b}", "name", name, "uuid", stat->uuid, "state",
                words_state(stat), "attached", stat->attached != 0, "removed", stat->removed != 0);
  geometry(object, stat);
  traffic(object, stat);
  json_object_set_new(object, "producer", producer(stat));
  json_object_set_new(object, "groups", group_array(queue));
  return object;
}

json_t *json_placement(const struct rill_queue_stat *stat, const struct rill_placement_stat *placed,
                       const char *error) {
  json_t *object =
      json_pack("{s:s, s:I, s:b, s:b, s:b, s:b}", "numa", words_numa(stat->numa), "numa_node",
                (json_int_t)stat->numa_node, "prefault", !(stat->placement & RILL_NO_PREFAULT),
                "mlock", (stat->placement & RILL_MLOCK) != 0, "huge",
                (stat->placement & RILL_HUGE) != 0, "dump", (stat->placement & RILL_DUMP) != 0);
  if (!placed) {
    json_object_set_new(object, "error", json_string(error));
    return object;
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
  return object;
}
