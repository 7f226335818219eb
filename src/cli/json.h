/* SPDX-License-Identifier: MIT */
/* json.h - what the verbs print with --json. The keys are part of the interface: they
 * stay as they are and new ones may come. */
#ifndef JSON_H
#define JSON_H

#include <rill/rill.h>

#include <jansson.h>
#include <stdio.h>

/* Prints a value, readable for people and programs, and frees it. NULL: out of memory. Returns
 * an exit status. */
int json_print(FILE *out, json_t *value);

/* A message as one line with its newline, to be freed; NULL: out of memory. */
char *json_message(const struct rill_message *message);

/* A queue and all its groups; queue may be NULL if it could not be opened (then
 * `error` says why). */
json_t *json_queue(const char *name, rill_queue *queue, const struct rill_queue_stat *stat,
                   const char *error);

/* Its groups, as in json_queue; NULL: out of memory. */
json_t *json_groups(rill_queue *queue);

/* Adds latency_count, _p50_ns, _p99_ns, _p999_ns, _max_ns: one key each, so that a shell script
 * finds them too; null where none were counted. */
void json_latency(json_t *object, uint64_t count, int64_t p50, int64_t p99, int64_t p999,
                  int64_t max);

/* Adds to the object of a queue what was obtained of its placement; if placed is NULL, `error`
 * has the reason. */
void json_obtained(json_t *queue, const struct rill_placement_stat *placed, const char *error);

#endif
