/* SPDX-License-Identifier: MIT */
/* forged.c - a queue's two files, sound at first, and what an input changes in them. See
 * forged.h. */
#include "forged.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "client.h"
#include "frame.h"
#include "guard.h"
#include "samples.h"
#include "support.h"

static rill_context *context;
static char directory[128];
static int dir;
static struct sample samples[SAMPLES];

/* At the beginning of an input. */
static size_t mappings;
static int first_free; /* descriptor; 0: not noted                                  */

rill_context *forged_context(void) {
  return context;
}

int forged_directory(void) {
  return dir;
}

static int next_descriptor(void) {
  const int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
  CHECK(fd >= 0);
  (void)close(fd);
  return fd;
}

static void leave(void) {
  (void)rmdir(directory);
}

void forged_open(void) {
  char name[64];
  (void)snprintf(name, sizeof name, "fuzz%ld", (long)getpid());
  (void)setenv("RILL_NAMESPACE", name, 1);
  (void)setenv("RILL_DIR", "/dev/shm", 0);
  (void)unsetenv("RILL_FENCE");
  (void)snprintf(directory, sizeof directory, "%.60s/rill.%s", getenv("RILL_DIR"), name);
  CHECK_EQ(rill_context_open(NULL, &context), 0);
  dir = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  CHECK(dir >= 0);
  (void)atexit(leave);
  for (unsigned i = 0; i < SAMPLES; i++)
    samples_make(context, i, &samples[i]);
}

/* --- laying out ----------------------------------------------------------------------- */

static int is_empty(const uint8_t *page) {
  static const uint8_t nothing[RILLI_PAGE];
  return memcmp(page, nothing, sizeof nothing) == 0;
}

/* The file, with holes where there is nothing, and the fuzzer's mapping of it. */
static uint8_t *lay_out(const char *path, const uint8_t *bytes, size_t size, size_t *new_size) {
  const int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  CHECK(fd >= 0 && ftruncate(fd, (off_t)*new_size) == 0);
  for (size_t at = 0; at + RILLI_PAGE <= size && at + RILLI_PAGE <= *new_size; at += RILLI_PAGE)
    if (!is_empty(bytes + at))
      CHECK(pwrite(fd, bytes + at, RILLI_PAGE, (off_t)at) == RILLI_PAGE);
  if (*new_size == 0) {
    (void)close(fd);
    return NULL;
  }
  uint8_t *base = mmap(NULL, *new_size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  CHECK(base != MAP_FAILED);
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

void forged_begin(struct forged *forged, const char *name, struct input *input) {
  char control[RILLI_FILE_NAME], data[RILLI_FILE_NAME];
  const unsigned way = take_byte(input), how = take_byte(input);
  if (!first_free) {
    mappings = guard_mappings();
    first_free = next_descriptor();
  }
  forged->sample = way % SAMPLES;
  forged->seal = ~how & 3u; /* in most cases */
  const struct sample *sample = &samples[forged->sample];
  forged->plan = (const void *)sample->data;
  forged->position = sample->position;
  forged->sequence = sample->sequence;
  forged->limit = sample->limit;
  forged->forge_position = sample->position;
  forged->forge_sequence = sample->sequence;
  forged->control_size = other_size(sample->control_size, how >> 2 & 3u, input);
  forged->data_size = other_size(sample->data_size, how >> 4 & 3u, input);
  rilli_name_files(name, forged->plan->uuid, control, data);
  (void)snprintf(forged->control_path, sizeof forged->control_path, "%s/%.100s", directory,
                 control);
  (void)snprintf(forged->data_path, sizeof forged->data_path, "%s/%.120s", directory, data);
  forged->control =
      lay_out(forged->control_path, sample->control, sample->control_size, &forged->control_size);
  forged->data = lay_out(forged->data_path, sample->data, sample->data_size, &forged->data_size);
}

static void seal_control(const struct forged *forged) {
  if (forged->control && forged->control_size >= sizeof(struct rilli_control))
    rilli_seal_control((void *)forged->control);
}

static void seal_identity(const struct forged *forged) {
  if (forged->data && forged->data_size >= sizeof(struct rilli_identity))
    rilli_seal_identity((void *)forged->data);
}

void forged_seal(struct forged *forged) {
  if (forged->seal & 1)
    seal_identity(forged);
  if (forged->seal & 2)
    seal_control(forged);
}

uint64_t forged_first_page(const struct forged *forged) {
  uint64_t sum = 1;
  if (forged->data && forged->data_size >= RILLI_PAGE)
    for (size_t at = 0; at < RILLI_PAGE; at += 8) {
      uint64_t word;
      memcpy(&word, forged->data + at, 8);
      sum = (sum ^ word) * UINT64_C(0x9e3779b97f4a7c15);
    }
  return sum;
}

void forged_end(struct forged *forged) {
  if (forged->control)
    CHECK_EQ(munmap(forged->control, forged->control_size), 0);
  if (forged->data)
    CHECK_EQ(munmap(forged->data, forged->data_size), 0);
  forged->control = forged->data = NULL;
}

void forged_clear(void) {
  DIR *entries;
  CHECK_EQ(rilli_directory_list(dir, &entries), 0);
  for (struct dirent *entry; (entry = readdir(entries));)
    if (entry->d_name[0] != '.' || entry->d_name[1])
      (void)unlinkat(dir, entry->d_name, 0);
  (void)closedir(entries);
  CHECK_EQ(guard_mappings(), mappings);
  CHECK_EQ(next_descriptor(), first_free);
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

/* The words that decide most, so that each byte of an input hits one. */
static const uint16_t hot_identity[] = {
    IDENTITY(magic),         IDENTITY(byte_order),    IDENTITY(uuid),
    IDENTITY(incompatible),  IDENTITY(file_size),     IDENTITY(producer_offset),
    IDENTITY(view_offset),   IDENTITY(index_offset),  IDENTITY(ring_offset),
    IDENTITY(capacity),      IDENTITY(quantum),       IDENTITY(max_message),
    IDENTITY(base_position), IDENTITY(producer_size), IDENTITY(view_count),
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
                                     GROUP(unreleased.position),
                                     GROUP(unreleased.sequence),
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
static struct part newest_entry(const struct forged *forged) {
  const size_t at = forged->plan->producer_offset + PRODUCER(index_head);
  uint64_t head = 0;
  if (forged->data && at + 8 <= forged->data_size)
    memcpy(&head, forged->data + at, 8);
  return part_of(forged->data, forged->data_size,
                 forged->plan->index_offset + (head - 1) % RILLI_INDEX_COUNT * 32, 16);
}

#define HOT(list, file, from)                                                                      \
  part_of(forged->file, forged->file##_size,                                                       \
          (from) + list[take_byte(input) % (sizeof list / sizeof *list)], 8)

/* A word, for writing; NULL: there is none. *ret_left: words from there to the part's end. */
static uint8_t *choose(const struct forged *forged, uint8_t op, struct input *input,
                       size_t *ret_left) {
  const struct rilli_identity *plan = forged->plan;
  struct part part;
  size_t word = 0;
  const unsigned group = op >> 4 & 3u;
  const size_t row = RILLI_ALIGN + (size_t)group * RILLI_ALIGN;
  switch (forged->first_pages ? op & 1u : op & 15u) {
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
    part = part_of(forged->control, forged->control_size,
                   word & 128 ? RILLI_PAGE + RILLI_PAGE : row, 256);
    break;
  case 6:
    part = part_of(forged->data, forged->data_size, plan->index_offset, RILLI_PAGE);
    word = take(input, 2);
    break;
  case 7:
  case 8:
    part = part_of(forged->data, forged->data_size, plan->ring_offset, plan->capacity);
    word = take(input, 2);
    break;
  case 9:
    part = part_of(forged->data, forged->data_size, plan->view_offset, 128 * FORGED_GROUPS);
    word = take_byte(input);
    break;
  case 10:
    part = part_of(forged->control, forged->control_size, RILLI_PAGE, 256);
    word = take_byte(input);
    break;
  case 11:
    part = part_of(forged->control, forged->control_size, row + RILLI_SLOTS_OFFSET, 2048);
    word = take_byte(input);
    break;
  case 12:
    part = newest_entry(forged);
    word = take_byte(input) & 1u;
    break;
  case 13:
    part = part_of(forged->data, forged->data_size, 0, RILLI_PAGE);
    word = take_byte(input);
    break;
  case 14:
    part = part_of(forged->control, forged->control_size, 0, RILLI_PAGE);
    word = take_byte(input);
    break;
  default:
    part = part_of(forged->data, forged->data_size, plan->producer_offset, RILLI_PAGE);
    word = take_byte(input);
    break;
  }
  if (part.words == 0)
    return NULL;
  *ret_left = part.words - word % part.words;
  return part.at + word % part.words * 8;
}

static uint64_t landmark(const struct forged *forged, unsigned which) {
  switch (which & 3u) {
  case 0:
    return forged->position;
  case 1:
    return forged->limit;
  case 2:
    return forged->sequence;
  default:
    return forged->limit - forged->plan->capacity;
  }
}

/* A frame as a producer would write it, or nearly, behind the last one that was forged. */
static void forge(struct forged *forged, struct input *input) {
  const uint64_t length = take(input, 2), what = take_byte(input);
  const uint64_t flags = what & RILLI_FLAGS_KNOWN, key = what & 4u ? take_byte(input) : 0;
  const uint64_t wide = what & 8u ? take(input, 4) : length;
  const uint64_t word =
      rilli_commit_word(wide & UINT32_MAX, (uint32_t)flags, forged->forge_sequence) | key << 32;
  const uint64_t at = forged->plan->ring_offset +
                      (forged->forge_position & (forged->plan->capacity - 1) & ~UINT64_C(15));
  if (forged->data && at + 16 <= forged->data_size) {
    memcpy(forged->data + at + 8, &forged->forge_sequence, 8);
    memcpy(forged->data + at, &word, 8);
  }
  if (what & 16u) /* the next time: over the one before it */
    return;
  forged->forge_position += rilli_stride(wide < 16 ? 16 : wide);
  forged->forge_sequence += !(flags & RILLI_FLAG_SKIP);
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
static void write_word(const struct forged *forged, unsigned how, uint8_t *word, size_t left,
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
    value = landmark(forged, which) + (uint64_t)(int64_t)((int8_t)which / 4) * 16;
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

void forged_change(struct forged *forged, uint8_t op, struct input *input) {
  const uint8_t how = take_byte(input);
  size_t left;
  if (how & 0x80u) {
    forge(forged, input);
    return;
  }
  if ((how & 0x78u) == 0x78u) { /* back to frames that are still to be read */
    forged->forge_position = landmark(forged, 3) + take(input, 2) * 16;
    forged->forge_sequence = take_odd(input);
    return;
  }
  uint8_t *word = choose(forged, op, input, &left);
  const size_t step = (op & 15u) == 7 ? 2 : 1; /* commit words */
  if (word)
    write_word(forged, how & 7u, word, left, step, input);
}
