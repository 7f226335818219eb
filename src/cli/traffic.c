/* SPDX-License-Identifier: MIT */
/* traffic.c - what pub and sub moved, as text and as JSON (traffic.h). */
#include "traffic.h"

#include "cli.h"
#include "json.h"
#include "units.h"

#include <errno.h>
#include <string.h>

static double seconds_of(const struct traffic *traffic) {
  return (double)(traffic->last - traffic->first) / 1e9;
}

/* Messages a second; 0 if the time was too short. */
static double rate_of(const struct traffic *traffic) {
  double seconds = seconds_of(traffic);
  return seconds > 0 ? (double)traffic->messages / seconds : 0;
}

static void tell_latency(const struct latency *latency, const char *verb) {
  static const uint32_t parts[] = {500000, 990000, 999000};
  char text[5][UNITS_TEXT];
  for (size_t i = 0; i < 3; i++)
    format_duration(text[i], latency_percentile(latency, parts[i]));
  cli_note("%s: latency min %s, p50 %s, p99 %s, p99.9 %s, max %s", verb,
           format_duration(text[3], latency->least), text[0], text[1], text[2],
           format_duration(text[4], latency->greatest));
}

void traffic_report(const struct traffic *traffic, const char *verb) {
  char bytes[UNITS_TEXT], rate[UNITS_TEXT];
  cli_note("%s: %llu messages, %s, %.3f s, %s messages/s, %llu lost, slept %llu times", verb,
           (unsigned long long)traffic->messages, format_size(bytes, traffic->bytes),
           seconds_of(traffic), format_count(rate, rate_of(traffic)),
           (unsigned long long)traffic->lost, (unsigned long long)traffic->parks);
  if (traffic->latency.count)
    tell_latency(&traffic->latency, verb);
}

static void add_latency(json_t *object, const struct latency *latency) {
  json_latency(object, latency->count, latency_percentile(latency, 500000),
               latency_percentile(latency, 990000), latency_percentile(latency, 999000),
               latency->greatest);
  json_object_set_new(object, "latency_min_ns",
                      latency->count ? json_integer(latency->least) : json_null());
}

int traffic_write(const struct traffic *traffic, const char *file, const char *verb,
                  const char *queue, const char *group) {
  if (!file)
    return STATUS_DONE;
  FILE *out = fopen(file, "we");
  if (!out)
    return cli_fail("cannot write %s: %s", file, strerror(errno));
  json_t *object = json_pack(
      "{s:s, s:s, s:s?, s:I, s:I, s:I, s:f, s:f, s:I}", "verb", verb, "queue", queue, "group",
      group, "messages", (json_int_t)traffic->messages, "bytes", (json_int_t)traffic->bytes, "lost",
      (json_int_t)traffic->lost, "seconds", seconds_of(traffic), "messages_per_second",
      rate_of(traffic), "parks", (json_int_t)traffic->parks);
  add_latency(object, &traffic->latency);
  int status = json_print(out, object);
  if (fclose(out) && !status)
    status = cli_fail("cannot write %s: %s", file, strerror(errno));
  return status;
}
