/* SPDX-License-Identifier: MIT */
/* words.c - the names of the library's states and modes (words.h). A number of a later library
 * is "unknown". */
#include "words.h"

#include <stddef.h>

static const char *word(const char *const *words, size_t count, uint32_t number) {
  return number < count && words[number] ? words[number] : "unknown";
}

#define WORD(words, number) word(words, sizeof(words) / sizeof(words)[0], number)

const char *words_state(const struct rill_queue_stat *stat) {
  if (stat->removed)
    return "removed";
  if (stat->producer == RILL_PRODUCER_ALIVE)
    return stat->waiting ? "blocked" : "live";
  if (stat->producer == RILL_PRODUCER_DEAD)
    return "orphaned";
  return stat->attached ? "open" : "idle";
}

const char *words_numa(uint32_t numa) {
  static const char *const words[] = {
      [RILL_NUMA_NONE] = "none", [RILL_NUMA_LOCAL] = "local", [RILL_NUMA_INTERLEAVE] = "interleave",
      [RILL_NUMA_NODE] = "node", [RILL_NUMA_OTHER] = "other",
  };
  return WORD(words, numa);
}

const char *words_producer(uint32_t state) {
  static const char *const words[] = {
      [RILL_PRODUCER_NONE] = "none",
      [RILL_PRODUCER_ALIVE] = "alive",
      [RILL_PRODUCER_CLOSED] = "closed",
      [RILL_PRODUCER_DEAD] = "dead",
  };
  return WORD(words, state);
}

const char *words_group(uint32_t state) {
  static const char *const words[] = {
      [RILL_GROUP_ACTIVE] = "active", [RILL_GROUP_KEPT] = "kept", [RILL_GROUP_JOINING] = "joining",
      [RILL_GROUP_DEAD] = "dead",     [RILL_GROUP_VOID] = "void", [RILL_GROUP_EVICTED] = "evicted",
  };
  return WORD(words, state);
}

const char *words_wait(uint32_t wait) {
  static const char *const words[] = {
      [RILL_ADAPTIVE] = "adaptive",
      [RILL_SPIN] = "spin",
      [RILL_PARK] = "park",
  };
  return WORD(words, wait);
}
