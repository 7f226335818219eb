/* SPDX-License-Identifier: MIT */
/* files.c - see files.h. */
#include "files.h"

#include "rows.h"

#include <dirent.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

struct files files_of_queue(void) {
  struct files files = {"", ""};
  const char *directory = scene_directory();
  (void)snprintf(files.control, sizeof files.control, "%s/q.control", directory);
  DIR *entries = opendir(directory);
  CHECK(entries);
  for (struct dirent *entry; (entry = readdir(entries));) {
    const size_t length = strlen(entry->d_name);
    if (length > 5 && strncmp(entry->d_name, "q.", 2) == 0 &&
        strcmp(entry->d_name + length - 5, ".data") == 0)
      (void)snprintf(files.data, sizeof files.data, "%s/%s", directory, entry->d_name);
  }
  (void)closedir(entries);
  return files;
}

struct view view_file(const char *path) {
  struct stat status;
  const int fd = open(path, O_RDWR | O_CLOEXEC);
  CHECK_THAT(fd >= 0 && fstat(fd, &status) == 0, "cannot open %s", path);
  struct view view = {NULL, (size_t)status.st_size};
  view.base = mmap(NULL, view.size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  CHECK(view.base != MAP_FAILED);
  (void)close(fd);
  return view;
}

void close_view(struct view *view) {
  CHECK(munmap(view->base, view->size) == 0);
  view->base = NULL;
}

struct rilli_group *group_of(const struct view *control, uint32_t index) {
  struct rilli_control *page = control->base;
  rilli_row_exists(page->rows, index); /* or no process looks at it */
  return (void *)((uint8_t *)control->base + page->group_offset + index * page->group_stride);
}

void random_bytes(void *at, size_t size) {
  uint8_t *bytes = at;
  for (size_t i = 0; i < size; i += 8) {
    const uint64_t value = random_number();
    memcpy(bytes + i, &value, size - i < 8 ? size - i : 8);
  }
}
