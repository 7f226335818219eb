/* SPDX-License-Identifier: MIT */
/* perf/ticks.c - choosing and calibrating the clock for single messages (ticks.h). */
#include "ticks.h"

#include <stdio.h>
#include <string.h>

#if defined(__x86_64__)
#include <cpuid.h>
#endif

enum { CALIBRATION_NS = 20000000, TRIES = 50 };

struct ticks ticks = {false, 1, UINT64_C(1) << 32};

#if defined(__x86_64__)
static bool is_invariant(void) {
  unsigned a, b, c, d;
  return __get_cpuid(0x80000007, &a, &b, &c, &d) && (d & 1u << 8);
}

/* The kernel removes it from this list when the processors' counters differ. */
static bool is_trusted(void) {
  char text[256] = "";
  FILE *file = fopen("/sys/devices/system/clocksource/clocksource0/available_clocksource", "re");
  if (!file)
    return false;
  const bool got = fgets(text, sizeof text, file) != NULL;
  fclose(file);
  for (char *rest = text, *word; got && (word = strsep(&rest, " \n"));)
    if (strcmp(word, "tsc") == 0)
      return true;
  return false;
}

/* The same moment by both clocks: of several tries, the one with the least time between two
 * readings. */
struct moment {
  uint64_t ns, count;
};

static struct moment read_both(void) {
  struct moment best = {0, 0};
  uint64_t least = UINT64_MAX;
  for (int i = 0; i < TRIES; i++) {
    const uint64_t before = __builtin_ia32_rdtsc();
    const uint64_t ns = ticks_now(); /* still the other clock */
    const uint64_t after = __builtin_ia32_rdtsc();
    if (after - before < least) {
      least = after - before;
      best = (struct moment){ns, before + least / 2};
    }
  }
  return best;
}

static bool calibrate(void) {
  const struct moment first = read_both();
  while (ticks_now() - first.ns < CALIBRATION_NS)
    ;
  const struct moment last = read_both();
  const double per_ns = (double)(last.count - first.count) / (double)(last.ns - first.ns);
  if (per_ns < 0.01 || per_ns > 100)
    return false;
  ticks = (struct ticks){true, per_ns, (uint64_t)(4294967296.0 / per_ns)};
  return true;
}
#else
static bool is_invariant(void) {
  return false;
}
static bool is_trusted(void) {
  return false;
}
static bool calibrate(void) {
  return false;
}
#endif

const char *ticks_init(void) {
  static char words[80];
  if (!*words && is_invariant() && is_trusted() && calibrate())
    snprintf(words, sizeof words, "time stamp counter, %.4f ticks a ns", ticks.per_ns);
  else if (!*words)
    snprintf(words, sizeof words, "clock_gettime: no time stamp counter to rely on");
  return words;
}
