/* SPDX-License-Identifier: MIT */
/* foreign.c - files under a queue's name that are not a queue, or not a whole one.
 *
 * Absent, unfinished, foreign, damaged, other version: five codes, with texts that name the
 * queue and the remedy. Nothing is leaked, and unlink removes each of them. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "check.h"
#include "forge.h"

static struct files files;
static off_t length;

static void write_text(const char *path) {
  static const char text[] = "#!/bin/sh\necho this file belongs to another program\n";
  (void)unlink(path);
  const int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
  CHECK(fd >= 0);
  for (int i = 0; i < 200; i++)
    CHECK(write(fd, text, sizeof text) == (ssize_t)sizeof text);
  (void)close(fd);
}

static void foreign_control(void) {
  write_text(files.control);
}
static void foreign_data(void) {
  write_text(files.data);
}
static void symlink_to_control(void) {
  char other[700];
  (void)snprintf(other, sizeof other, "%s/other", namespace_directory());
  CHECK(rename(files.control, other) == 0 && symlink("other", files.control) == 0);
}
static void dangling_symlink(void) {
  CHECK(unlink(files.control) == 0 && symlink("nowhere", files.control) == 0);
}
static void directory_as_control(void) {
  CHECK(unlink(files.control) == 0 && mkdir(files.control, 0700) == 0);
}
static void fifo_as_control(void) {
  CHECK(unlink(files.control) == 0 && mkfifo(files.control, 0600) == 0);
}
static void symlink_as_data(void) {
  char other[700];
  (void)snprintf(other, sizeof other, "%s/other", namespace_directory());
  CHECK(rename(files.data, other) == 0 && symlink("other", files.data) == 0);
}
static void short_control(void) {
  CHECK(truncate(files.control, length) == 0);
}
static void short_data(void) {
  CHECK(truncate(files.data, length) == 0);
}
static void long_data(void) {
  CHECK(truncate(files.data, 1 << 24) == 0);
}
static void no_data(void) {
  CHECK(unlink(files.data) == 0);
}
static void no_control(void) {
  CHECK(unlink(files.control) == 0);
}

#define DAMAGE(function, file, statement)                                                          \
  static void function(void) {                                                                     \
    struct view view = view_file(file);                                                            \
    struct rilli_identity *identity = identity_of(&view);                                          \
    struct rilli_control *control = control_of(&view);                                             \
    (void)identity;                                                                                \
    (void)control;                                                                                 \
    statement;                                                                                     \
    close_view(&view);                                                                             \
  }

DAMAGE(unfinished_control, files.control, control->magic = 0)
DAMAGE(unfinished_data, files.data, identity->magic = 0)
DAMAGE(swapped_control, files.control, control->magic = __builtin_bswap64(control->magic))
DAMAGE(swapped_data, files.data, identity->byte_order = __builtin_bswap32(identity->byte_order))
DAMAGE(newer_control, files.control, control->format++; rilli_seal_control(control))
DAMAGE(newer_data, files.data, identity->format++; rilli_seal_identity(identity))
DAMAGE(unknown_feature, files.data, identity->incompatible = 4; rilli_seal_identity(identity))
DAMAGE(damaged_control, files.control, control->group_stride ^= 64)
DAMAGE(damaged_data, files.data, identity->capacity *= 2)
DAMAGE(forged_capacity, files.data, identity->capacity *= 2; rilli_seal_identity(identity))
DAMAGE(forged_offset, files.control, control->group_offset = UINT64_MAX - 65535;
       rilli_seal_control(control))
DAMAGE(other_uuid, files.data, identity->uuid[3] ^= 1; rilli_seal_identity(identity))
DAMAGE(other_groups, files.control, control->max_groups--; rilli_seal_control(control))

static void check_refused(unsigned flags, int expected) {
  rill_context *context = context_here();
  const unsigned descriptors = descriptors_open(), mappings = mappings_of_segments();
  rill_queue *queue = NULL;
  CHECK_EQ(rill_queue_open(context, "q", flags, NULL, RILL_NOW, &queue), expected);
  CHECK(queue == NULL);
  CHECK_THAT(strstr(rill_error(), "'q'"), "no name in: %s", rill_error());
  CHECK_THAT(expected == -ENOENT || strstr(rill_error(), "rill rm") ||
                 strstr(rill_error(), "version"),
             "no remedy in: %s", rill_error());
  CHECK(descriptors_open() == descriptors && mappings_of_segments() == mappings);
}

static void refuse_and_remove(void (*damage)(void), int expected) {
  static const struct rill_queue_attr attr = {
      .size = sizeof attr, .capacity = 65536, .lifetime = RILL_KEPT, .max_groups = 4};
  char other[700];
  (void)context_here();
  const unsigned descriptors = descriptors_open();
  rill_queue_close(open_queue(&attr));
  files = files_of_queue();
  damage();
  check_refused(0, expected);
  check_refused(RILL_OBSERVE, expected);
  if (expected != -ENOENT)
    check_refused(RILL_CREATE, expected);
  CHECK(rill_queue_gc(context_here(), RILL_GC_DRY_RUN, NULL, NULL) >= 0);
  CHECK_EQ(rill_queue_unlink(context_here(), "q"), 0);
  (void)snprintf(other, sizeof other, "%s/other", namespace_directory());
  (void)unlink(other);
  CHECK(files_left(1) == 0);
  CHECK_EQ(rill_queue_unlink(context_here(), "q"), -ENOENT);
  rill_queue_close(open_queue(&attr)); /* the name works again */
  CHECK_EQ(rill_queue_unlink(context_here(), "q"), 0);
  CHECK(descriptors_open() == descriptors && mappings_of_segments() == 0);
}

static void absent_queue_is_enoent(void) {
  check_refused(0, -ENOENT);
  check_refused(RILL_OBSERVE, -ENOENT);
  refuse_and_remove(no_control, -ENOENT);
}

static void unfinished_queue_is_einprogress(void) {
  refuse_and_remove(unfinished_control, -EINPROGRESS);
  refuse_and_remove(unfinished_data, -EINPROGRESS);
}

static void foreign_file_is_eproto(void) {
  refuse_and_remove(foreign_control, -EPROTO);
  refuse_and_remove(foreign_data, -EPROTO);
  refuse_and_remove(symlink_to_control, -EPROTO);
  refuse_and_remove(dangling_symlink, -EPROTO);
  refuse_and_remove(symlink_as_data, -EPROTO);
  refuse_and_remove(directory_as_control, -EPROTO);
  refuse_and_remove(fifo_as_control, -EPROTO);
}

static void other_byte_order_is_eproto(void) {
  refuse_and_remove(swapped_control, -EPROTO);
  refuse_and_remove(swapped_data, -EPROTO);
}

static void other_version_is_eprotonosupport(void) {
  refuse_and_remove(newer_control, -EPROTONOSUPPORT);
  refuse_and_remove(newer_data, -EPROTONOSUPPORT);
  refuse_and_remove(unknown_feature, -EPROTONOSUPPORT);
}

static void truncated_segment_is_ebadmsg(void) {
  static const off_t lengths[] = {0, 1, 8, 100, 4095, 4096, 4097, 65535, 65536, 70000};
  for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++) {
    length = lengths[i];
    refuse_and_remove(short_control, -EBADMSG);
    refuse_and_remove(short_data, -EBADMSG);
  }
  refuse_and_remove(long_data, -EBADMSG);
}

static void damaged_or_forged_page_is_ebadmsg(void) {
  refuse_and_remove(damaged_control, -EBADMSG);
  refuse_and_remove(damaged_data, -EBADMSG);
  refuse_and_remove(forged_capacity, -EBADMSG);
  refuse_and_remove(forged_offset, -EBADMSG);
}

static void halves_that_do_not_match_are_ebadmsg(void) {
  refuse_and_remove(no_data, -EBADMSG);
  refuse_and_remove(other_uuid, -EBADMSG);
  refuse_and_remove(other_groups, -EBADMSG);
}

static const struct test tests[] = {
    NAMED(absent_queue_is_enoent),
    NAMED(unfinished_queue_is_einprogress),
    NAMED(foreign_file_is_eproto),
    NAMED(other_byte_order_is_eproto),
    NAMED(other_version_is_eprotonosupport),
    NAMED(truncated_segment_is_ebadmsg),
    NAMED(damaged_or_forged_page_is_ebadmsg),
    NAMED(halves_that_do_not_match_are_ebadmsg),
};

int main(int argc, char **argv) {
  return RUN_TESTS(argc, argv, 30);
}
