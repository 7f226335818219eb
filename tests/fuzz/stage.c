/* SPDX-License-Identifier: MIT */
/* stage.c - a queue's two files, sound at first, and what an input changes in them. See
 * stage.h. */
#include "stage.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "client.h"
#include "frame.h"
#include "guard.h"
#include "plots.h"
#include "support.h"

static rill_context *context;
static char directory[128];
static int dir;
static struct plot plots[PLOTS];

/* At the beginning of an input. */
static size_t mappings;
static int first_free; /* descriptor; 0: not noted                                  */

rill_context *stage_context(void) {
  return context;
}

int stage_directory(void) {
  return dir;
}

static int next_descriptor(void) {
  const int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
  CK(fd >= 0);
  (void)close(fd);
  return fd;
}

static void leave(void) {
  (void)rmdir(directory);
}

void stage_open(void) {
  char name[64];
  (void)snprintf(name, sizeof name, "fuzz%ld", (long)getpid());
  (void)setenv("RILL_NAMESPACE", name, 1);
  (void)setenv("RILL_DIR", "/dev/shm", 0);
  (void)unsetenv("RILL_FENCE");
  (void)snprintf(directory, sizeof directory, "%.60s/rill.%s", getenv("RILL_DIR"), name);
  CK_EQ(rill_context_open(NULL, &context), 0);
  dir = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  CK(dir >= 0);
  (void)atexit(leave);
  for (unsigned i = 0; i < PLOTS; i++)
    plots_play(context, i, &plots[i]);
}

/* --- laying out ----------------------------------------------------------------------- */

static int is_empty(const uint8_t *page) {
  static const uint8_t nothing[RILLI_PAGE];
  return memcmp(page, nothing, sizeof nothing) == 0;
}

/* The file, with holes where there is nothing, and the stage's mapping of it. */
static uint8_t *lay_out(const char *path, const uint8_t *bytes, size_t size, size_t *new_size) {
  const int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  CK(fd >= 0 && ftruncate(fd, (off_t)*new_size) == 0);
  for (size_t at = 0; at + RILLI_PAGE <= size && at + RILLI_PAGE <= *new_size; at += RILLI_PAGE)
    if (!is_empty(bytes + at))
      CK(pwrite(fd, bytes + at, RILLI_PAGE, (off_t)at) == RILLI_PAGE);
  if (*new_size == 0) {
    (void)close(fd);
    return NULL;
  }
  uint8_t *base = mmap(NULL, *new_size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  CK(base != MAP_FAILED);
  (void)close(fd);
  return base;
}

/* 0: as it is; else cut, or grown, by pages or bytes. */
static size_t other_size(size_t size, unsigned way, struct input *input) {
  if (way == 0)
    return size;
  const size_t by = (size_t)take_byte(input) * (way == 3 ? 1 : RILLI_PAGE);
  return way == 2 ? size + by : by < size ? size - by : 0;
}

void stage_begin(struct stage *stage, const char *name, struct input *input) {
  char control[RILLI_FILE_NAME], data[RILLI_FILE_NAME];
  const unsigned way = take_byte(input), how = take_byte(input);
  if (!first_free) {
    mappings = guard_mappings();
    first_free = next_descriptor();
  }
  stage->plot = way % PLOTS;
  stage->seal = ~how & 3u; /* more often than not */
  const struct plot *plot = &plots[stage->plot];
  stage->plan = (const void *)plot->data;
  stage->position = plot->position;
  stage->sequence = plot->sequence;
  stage->limit = plot->limit;
  stage->forge_position = plot->position;
  stage->forge_sequence = plot->sequence;
  stage->control_size = other_size(plot->control_size, how >> 2 & 3u, input);
  stage->data_size = other_size(plot->data_size, how >> 4 & 3u, input);
  rilli_name_files(name, stage->plan->uuid, control, data);
  (void)snprintf(stage->control_path, sizeof stage->control_path, "%s/%.100s", directory, control);
  (void)snprintf(stage->data_path, sizeof stage->data_path, "%s/%.120s", directory, data);
  stage->control =
      lay_out(stage->control_path, plot->control, plot->control_size, &stage->control_size);
  stage->data = lay_out(stage->data_path, plot->data, plot->data_size, &stage->data_size);
}

static void seal_control(const struct stage *stage) {
  if (stage->control && stage->control_size >= sizeof(struct rilli_control))
    rilli_seal_control((void *)stage->control);
}

static void seal_identity(const struct stage *stage) {
  if (stage->data && stage->data_size >= sizeof(struct rilli_identity))
    rilli_seal_identity((void *)stage->data);
}

void stage_seal(struct stage *stage) {
  if (stage->seal & 1)
    seal_identity(stage);
  if (stage->seal & 2)
    seal_control(stage);
}

uint64_t stage_first_page(const struct stage *stage) {
  uint64_t sum = 1;
  if (stage->data && stage->data_size >= RILLI_PAGE)
    for (size_t at = 0; at < RILLI_PAGE; at += 8) {
      uint64_t word;
      memcpy(&word, stage->data + at, 8);
      sum = (sum ^ word) * UINT64_C(0x9e3779b97f4a7c15);
    }
  return sum;
}

void stage_end(struct stage *stage) {
  if (stage->control)
    CK_EQ(munmap(stage->control, stage->control_size), 0);
  if (stage->data)
    CK_EQ(munmap(stage->data, stage->data_size), 0);
  stage->control = stage->data = NULL;
}

void stage_clear(void) {
  DIR *entries;
  CK_EQ(rilli_directory_list(dir, &entries), 0);
  for (struct dirent *entry; (entry = readdir(entries));)
    if (entry->d_name[0] != '.' || entry->d_name[1])
      (void)unlinkat(dir, entry->d_name, 0);
  (void)closedir(entries);
  CK_EQ(guard_mappings(), mappings);
  CK_EQ(next_descriptor(), first_free);
  first_free = 0;
}

/* --- changing --------------------------------------------------------------------------- */

uint64_t take_odd(struct input *input) {
  static const uint64_t values[] = {0,
                                    1,
                                    2,
                                    3,
                                    4,
                                    15,
                                    16,
                                    17,
                                    32,
                                    255,
                                    4096,
                                    4097,
                                    65535,
                                    65536,
                                    65552,
                                    131072,
                                    32768,
                                    32769,
                                    2048,
                                    UINT32_MAX,
                                    1ull << 31,
                                    1ull << 32,
                                    1ull << 40,
                                    1ull << 48,
                                    1ull << 63,
                                    INT64_MAX,
                                    UINT64_MAX,
                                    0 - 16ull,
                                    0 - 65536ull,
                                    0 - 15ull,
                                    RILLI_STATE(1, 0, RILLI_GROUP_JOINING),
                                    RILLI_STATE(1, 0, RILLI_GROUP_ACTIVE),
                                    RILLI_STATE(1, 0, RILLI_GROUP_KEPT),
                                    RILLI_STATE(1, 1, RILLI_GROUP_ACTIVE),
                                    RILLI_STATE(1, 1, RILLI_GROUP_KEPT),
                                    RILLI_STATE(2, 0, RILLI_GROUP_ACTIVE),
                                    RILLI_STATE(2, 1, RILLI_GROUP_KEPT),
                                    RILLI_STATE(1, 0, RILLI_GROUP_NONE),
                                    RILLI_STATE(UINT32_MAX, 3, RILLI_GROUP_ACTIVE),
                                    RILLI_STATE(1, 0, 77)};
  const uint8_t which = take_byte(input);
  const size_t count = sizeof values / sizeof values[0];
  return which < 2 * count ? values[which % count] : take(input, 8);
}

#define IDENTITY(field) offsetof(struct rilli_identity, field)
#define CONTROL(field) offsetof(struct rilli_control, field)
#define PRODUCER(field) offsetof(struct rilli_producer_page, field)
#define GROUP(field) offsetof(struct rilli_group, field)

/* The words that decide most: each byte of an input then hits one. */
static const uint16_t hot_identity[] = {
    IDENTITY(magic),         IDENTITY(byte_order),    IDENTITY(uuid),
    IDENTITY(incompatible),  IDENTITY(file_size),     IDENTITY(producer_offset),
    IDENTITY(seen_offset),   IDENTITY(index_offset),  IDENTITY(ring_offset),
    IDENTITY(capacity),      IDENTITY(quantum),       IDENTITY(max_message),
    IDENTITY(base_position), IDENTITY(producer_size), IDENTITY(seen_count),
    IDENTITY(index_count),   IDENTITY(overflow),      IDENTITY(max_groups),
    IDENTITY(type_id),       IDENTITY(type_version),  IDENTITY(name),
    IDENTITY(numa),          IDENTITY(huge_error),    IDENTITY(checksum)};
static const uint16_t hot_control[] = {
    CONTROL(magic),        CONTROL(byte_order),   CONTROL(uuid),          CONTROL(incompatible),
    CONTROL(file_size),    CONTROL(hints_offset), CONTROL(names_offset),  CONTROL(group_offset),
    CONTROL(group_stride), CONTROL(rows),         CONTROL(claims_offset), CONTROL(slots_offset),
    CONTROL(max_groups),   CONTROL(max_claims),   CONTROL(max_members),   CONTROL(checksum),
    CONTROL(tombstone)};
static const uint16_t hot_producer[] = {PRODUCER(limit),  PRODUCER(index_head), PRODUCER(waiting),
                                        PRODUCER(state),  PRODUCER(generation), PRODUCER(pid),
                                        PRODUCER(opened), PRODUCER(bell)};
static const uint16_t hot_group[] = {GROUP(state),
                                     GROUP(cursor),
                                     GROUP(place[0].position),
                                     GROUP(place[0].sequence),
                                     GROUP(place[1].position),
                                     GROUP(place[1].sequence),
                                     GROUP(owed.position),
                                     GROUP(owed.sequence),
                                     GROUP(kick)};

/* A part of the two files, in words of 8 bytes. */
struct part {
  uint8_t *at;
  size_t words;
};

static struct part part_of(uint8_t *file, size_t size, size_t from, size_t length) {
  if (!file || from >= size)
    return (struct part){NULL, 0};
  return (struct part){file + from, (size - from < length ? size - from : length) / 8};
}

/* The index entry that a walk begins at. */
static struct part newest_entry(const struct stage *stage) {
  const size_t at = stage->plan->producer_offset + PRODUCER(index_head);
  uint64_t head = 0;
  if (stage->data && at + 8 <= stage->data_size)
    memcpy(&head, stage->data + at, 8);
  return part_of(stage->data, stage->data_size,
                 stage->plan->index_offset + (head - 1) % RILLI_INDEX_COUNT * 32, 16);
}

#define HOT(list, file, from)                                                                      \
  part_of(stage->file, stage->file##_size,                                                         \
          (from) + list[take_byte(input) % (sizeof list / sizeof *list)], 8)

/* A word, for writing; NULL: there is none. *ret_left: words from there to the part's end. */
static uint8_t *choose(const struct stage *stage, uint8_t op, struct input *input,
                       size_t *ret_left) {
  const struct rilli_identity *plan = stage->plan;
  struct part part;
  size_t word = 0;
  const unsigned group = op >> 4 & 3u;
  const size_t row = RILLI_ALIGN + (size_t)group * RILLI_ALIGN;
  switch (stage->first_pages ? op & 1u : op & 15u) {
  case 0:
    part = HOT(hot_identity, data, 0);
    break;
  case 1:
    part = HOT(hot_control, control, 0);
    break;
  case 2:
  case 3:
    part = HOT(hot_producer, data, plan->producer_offset);
    break;
  case 4:
    part = HOT(hot_group, control, row);
    break;
  case 5: /* state, cursor, places; or the names */
    word = take_byte(input);
    part = part_of(stage->control, stage->control_size, word & 128 ? RILLI_PAGE + RILLI_PAGE : row,
                   256);
    break;
  case 6:
    part = part_of(stage->data, stage->data_size, plan->index_offset, RILLI_PAGE);
    word = take(input, 2);
    break;
  case 7:
  case 8:
    part = part_of(stage->data, stage->data_size, plan->ring_offset, plan->capacity);
    word = take(input, 2);
    break;
  case 9:
    part = part_of(stage->data, stage->data_size, plan->seen_offset, 128 * STAGE_GROUPS);
    word = take_byte(input);
    break;
  case 10:
    part = part_of(stage->control, stage->control_size, RILLI_PAGE, 256);
    word = take_byte(input);
    break;
  case 11:
    part = part_of(stage->control, stage->control_size, row + RILLI_SLOTS_OFFSET, 2048);
    word = take_byte(input);
    break;
  case 12:
    part = newest_entry(stage);
    word = take_byte(input) & 1u;
    break;
  case 13:
    part = part_of(stage->data, stage->data_size, 0, RILLI_PAGE);
    word = take_byte(input);
    break;
  case 14:
    part = part_of(stage->control, stage->control_size, 0, RILLI_PAGE);
    word = take_byte(input);
    break;
  default:
    part = part_of(stage->data, stage->data_size, plan->producer_offset, RILLI_PAGE);
    word = take_byte(input);
    break;
  }
  if (part.words == 0)
    return NULL;
  *ret_left = part.words - word % part.words;
  return part.at + word % part.words * 8;
}

static uint64_t landmark(const struct stage *stage, unsigned which) {
  switch (which & 3u) {
  case 0:
    return stage->position;
  case 1:
    return stage->limit;
  case 2:
    return stage->sequence;
  default:
    return stage->limit - stage->plan->capacity;
  }
}

/* A frame as a producer would write it, or nearly so, behind the last one that was forged. */
static void forge(struct stage *stage, struct input *input) {
  const uint64_t length = take(input, 2), what = take_byte(input);
  const uint64_t flags = what & 3u, key = what & 4u ? take_byte(input) : 0;
  const uint64_t wide = what & 8u ? take(input, 4) : length;
  const uint64_t word =
      rilli_commit_word(wide & UINT32_MAX, (uint32_t)flags, stage->forge_sequence) | key << 32;
  const uint64_t at = stage->plan->ring_offset +
                      (stage->forge_position & (stage->plan->capacity - 1) & ~UINT64_C(15));
  if (stage->data && at + 16 <= stage->data_size) {
    memcpy(stage->data + at + 8, &stage->forge_sequence, 8);
    memcpy(stage->data + at, &word, 8);
  }
  if (what & 16u) /* over the one before it the next time */
    return;
  stage->forge_position += rilli_stride(wide < 16 ? 16 : wide);
  stage->forge_sequence += !(flags & RILLI_FLAG_SKIP);
}

/* The same value in many words; 0 of them: noise up to the part's end. */
static void run(uint8_t *word, size_t left, size_t step, size_t count, uint64_t value) {
  uint64_t seed = value;
  if (count == 0)
    for (size_t i = 1; i < left; i++) {
      const uint64_t noise = support_random(&seed);
      memcpy(word + i * 8, &noise, 8);
    }
  for (size_t i = 0; count && i < left; count--, i += step)
    memcpy(word + i * 8, &value, 8);
}

/* left: words from here on; step: between those of a run. */
static void write_word(const struct stage *stage, unsigned how, uint8_t *word, size_t left,
                       size_t step, struct input *input) {
  uint64_t value;
  uint32_t half;
  memcpy(&value, word, 8);
  switch (how) {
  case 0:
  case 1:
    value = take_odd(input);
    break;
  case 2:
    value += (uint64_t)(int64_t)(int8_t)take_byte(input) * 16;
    break;
  case 3: {
    const uint8_t which = take_byte(input);
    value = landmark(stage, which) + (uint64_t)(int64_t)((int8_t)which / 4) * 16;
    break;
  }
  case 4:
  case 5:
    half = (uint32_t)take_odd(input);
    memcpy((uint8_t *)&value + (how & 1u) * 4, &half, 4);
    break;
  case 6:
    value ^= UINT64_C(1) << (take_byte(input) & 63u);
    break;
  default:
    value = take_odd(input);
    run(word, left, step, take(input, 2), value);
    break;
  }
  memcpy(word, &value, 8);
}

void stage_change(struct stage *stage, uint8_t op, struct input *input) {
  const uint8_t how = take_byte(input);
  size_t left;
  if (how & 0x80u) {
    forge(stage, input);
    return;
  }
  if ((how & 0x78u) == 0x78u) { /* back to where frames begin that are still read */
    stage->forge_position = landmark(stage, 3) + take(input, 2) * 16;
    stage->forge_sequence = take_odd(input);
    return;
  }
  uint8_t *word = choose(stage, op, input, &left);
  const size_t step = (op & 15u) == 7 ? 2 : 1; /* commit words */
  if (word)
    write_word(stage, how & 7u, word, left, step, input);
}
