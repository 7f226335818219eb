/* SPDX-License-Identifier: MIT */
/* placement_stat.c - where the memory of a queue really lies (rill_placement_read_stat).
 *
 * Asks the kernel about the queue's own mapping of the data segment, which is read-only. The pages
 * that it touches exist already: they were reserved at creation. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#include "client.h"
#include "error.h"
#include "nodes.h"
#include "placement.h"
#include "sized.h"

#define SAMPLES 1024u /* pages of a ring whose nodes are looked up                  */
#define CHUNK 4096u   /* pages mincore is asked about at a time                     */

static void count_nodes(const rill_queue *queue, struct rill_placement_stat *ret) {
  const uint64_t all = queue->segments.geometry.capacity / RILLI_PAGE;
  const uint32_t count = all < SAMPLES ? (uint32_t)all : SAMPLES;
  uint8_t *ring = queue->segments.data.base + queue->segments.geometry.ring_offset;
  void *pages[SAMPLES];
  int nodes[SAMPLES];
  for (uint32_t i = 0; i < count; i++) {
    pages[i] = ring + all / count * i * RILLI_PAGE;
    rilli_populate(pages[i], RILLI_PAGE, 0);
  }
  rilli_nodes_of(pages, count, nodes);
  ret->pages = count;
  for (uint32_t i = 0; i < count; i++) {
    if (nodes[i] < 0)
      ret->unknown_pages++;
    else if (nodes[i] < 8)
      ret->node_pages[nodes[i]]++;
    else
      ret->elsewhere_pages++;
  }
  ret->numa = rilli_nodes_policy(ring, &ret->numa_node);
}

static uint64_t resident(const rill_queue *queue) {
  unsigned char in[CHUNK];
  uint64_t bytes = 0;
  const size_t size = queue->segments.geometry.file_size;
  for (size_t at = 0; at < size; at += (size_t)CHUNK * RILLI_PAGE) {
    const size_t left = size - at, most = (size_t)CHUNK * RILLI_PAGE;
    const size_t length = left < most ? left : most;
    if (mincore(queue->segments.data.base + at, length, in) != 0)
      return bytes;
    for (size_t i = 0; i < length / RILLI_PAGE; i++)
      bytes += in[i] & 1u ? RILLI_PAGE : 0;
  }
  return bytes;
}

/* Parses smaps by lines: the first line of a mapping says whether it is ours; its figures follow. A
 * locked mapping has the flag "lo"; its figure "Locked" is divided by the number of mappings of a
 * page, so it is not used. */
struct smaps {
  uintptr_t from, to;
  int ours;
  uint64_t rss, huge, locked;
};

static void take_line(struct smaps *smaps, const char *line) {
  unsigned long from, to;
  unsigned long long kib;
  if (sscanf(line, "%lx-%lx ", &from, &to) == 2) {
    smaps->ours = from >= smaps->from && from < smaps->to;
    smaps->rss = 0;
  } else if (!smaps->ours) {
    return;
  } else if (sscanf(line, "Rss: %llu kB", &kib) == 1) {
    smaps->rss = kib * 1024;
  } else if (sscanf(line, "ShmemPmdMapped: %llu kB", &kib) == 1 ||
             sscanf(line, "FilePmdMapped: %llu kB", &kib) == 1) {
    smaps->huge += kib * 1024;
  } else if (strncmp(line, "VmFlags:", 8) == 0 && strstr(line, " lo")) {
    smaps->locked += smaps->rss;
  }
}

static int read_smaps(const rill_queue *queue, struct rill_placement_stat *ret) {
  char line[512];
  const uintptr_t base = (uintptr_t)queue->segments.data.base;
  struct smaps smaps = {.from = base, .to = base + queue->segments.geometry.file_size};
  FILE *file = fopen("/proc/self/smaps", "re");
  if (!file)
    return rilli_fail(errno, "cannot read /proc/self/smaps: %s", rilli_words(errno));
  for (int begins = 1; fgets(line, sizeof line, file);) {
    if (begins)
      take_line(&smaps, line);
    begins = strchr(line, '\n') != NULL; /* else a long path name continues */
  }
  const int error = ferror(file) ? errno : 0;
  (void)fclose(file);
  if (error)
    return rilli_fail(EIO, "cannot read /proc/self/smaps to its end: %s", rilli_words(error));
  ret->huge_bytes = smaps.huge;
  ret->locked_bytes = smaps.locked;
  return 0;
}

int rill_placement_read_stat(rill_queue *queue, struct rill_placement_stat *ret) {
  if (rilli_queue_check(queue))
    return -ECHILD;
  int code = rilli_sized_check("rill_placement_stat", ret);
  if (code)
    return code;
  struct rill_placement_stat stat = {.size = sizeof stat,
                                     .data_bytes = queue->segments.geometry.file_size,
                                     .huge_error = queue->segments.geometry.huge_error};
  if (queue->segments.geometry.placement & RILLI_PLACE_HUGE) /* a touch maps all of a huge page */
    for (size_t at = 0; at < queue->segments.geometry.file_size; at += RILLI_HUGE_PAGE)
      rilli_populate(queue->segments.data.base + at, RILLI_PAGE, 0);
  count_nodes(queue, &stat);
  stat.resident_bytes = resident(queue);
  code = read_smaps(queue, &stat);
  if (code)
    return rilli_fail_in(-code, "cannot find out where the memory of queue '%s' lies",
                         queue->segments.name);
  rilli_sized_out(ret, &stat, sizeof stat);
  return 0;
}
