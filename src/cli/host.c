/* SPDX-License-Identifier: MIT */
/* host.c - what rill doctor reports of the host (host.h): each check is a function that reports
 * one or two lines. What Rill cannot work without is wrong; what is only worth knowing is a
 * note. */
#include "host.h"

#include "host_left.h"
#include "units.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/membarrier.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/statfs.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <unistd.h>

#define MIB (UINT64_C(1) << 20)
#define TMPFS UINT64_C(0x01021994)
#define HUGE_PAGE (2 * MIB)

/* For kernels that are newer than the headers. */
#ifndef SYS_futex_waitv
#define SYS_futex_waitv 449
#endif
#ifndef MADV_WIPEONFORK
#define MADV_WIPEONFORK 18
#endif
#ifndef MADV_POPULATE_WRITE
#define MADV_POPULATE_WRITE 23
#endif
#ifndef MADV_COLLAPSE
#define MADV_COLLAPSE 25
#endif

void host_tell(const struct host_report *report, uint32_t kind, const char *format, ...) {
  char text[1024];
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(text, sizeof text, format, arguments);
  va_end(arguments);
  const struct rill_finding finding = {sizeof finding, kind, 0, text};
  report->tell(&finding, report->arg);
}

const char *host_directory(const struct cli *cli) {
  const char *directory = cli->directory ? cli->directory : getenv("RILL_DIR");
  return directory && *directory ? directory : "/dev/shm";
}

static void memory(const struct host_report *report, const char *directory) {
  struct statvfs space;
  struct statfs kind;
  char size[UNITS_TEXT], left[UNITS_TEXT];
  if (statvfs(directory, &space) != 0 || statfs(directory, &kind) != 0) {
    host_tell(report, RILL_WRONG, "cannot examine %s: %s", directory, strerror(errno));
    return;
  }
  const uint64_t total = space.f_blocks * space.f_frsize,
                 available = space.f_bavail * space.f_frsize;
  format_size(size, total);
  format_size(left, available);
  if (available < MIB)
    host_tell(report, RILL_WRONG,
              "%s is full: %s of %s are free; rill gc, rill rm, or enlarge it (mount -o "
              "remount,size=...)",
              directory, left, size);
  else if (total <= 64 * MIB)
    host_tell(report, RILL_NOTE,
              "%s has %s, %s of it free: about what a container has by default "
              "(for more: --shm-size, or a volume of medium Memory)",
              directory, size, left);
  else if (available < 64 * MIB || available < total / 10)
    host_tell(report, RILL_NOTE, "%s is nearly full: %s of %s are free", directory, left, size);
  else
    host_tell(report, RILL_FINE, "%s has %s, %s of it free", directory, size, left);
  if ((uint64_t)kind.f_type != TMPFS)
    host_tell(report, RILL_NOTE,
              "%s is not a tmpfs: what is published there may be written to a disk", directory);
}

static void limit(const struct host_report *report, int resource, const char *what, uint64_t least,
                  bool bytes) {
  struct rlimit limit;
  char text[UNITS_TEXT];
  if (getrlimit((__rlimit_resource_t)resource, &limit) != 0)
    return;
  if (limit.rlim_cur == RLIM_INFINITY)
    snprintf(text, sizeof text, "any amount");
  else if (bytes)
    format_size(text, limit.rlim_cur);
  else
    snprintf(text, sizeof text, "%llu", (unsigned long long)limit.rlim_cur);
  host_tell(report, limit.rlim_cur < least ? RILL_NOTE : RILL_FINE, "a process may %s: %s%s", what,
            text, limit.rlim_cur < least ? ", which may be too little (ulimit)" : "");
}

/* --- the kernel ------------------------------------------------------------------- */

static void feature(const struct host_report *report, bool there, uint32_t otherwise,
                    const char *name, const char *without) {
  if (there)
    host_tell(report, RILL_FINE, "the kernel has %s", name);
  else
    host_tell(report, otherwise, "the kernel (or a sandbox) has no %s: %s", name, without);
}

static bool has_membarrier(void) {
  const long commands = syscall(SYS_membarrier, MEMBARRIER_CMD_QUERY, 0, 0);
  return commands > 0 && (commands & MEMBARRIER_CMD_GLOBAL_EXPEDITED);
}

static bool has_futex_waitv(void) {
  return syscall(SYS_futex_waitv, NULL, 0, 0, NULL, 0) == 0 || errno == EINVAL;
}

static bool has_ofd_locks(void) {
  struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_len = 1};
  const int fd = memfd_create("rill doctor", MFD_CLOEXEC);
  const bool has = fd < 0 || fcntl(fd, F_OFD_GETLK, &lock) == 0;
  if (fd >= 0)
    close(fd);
  return has;
}

static bool has_advice(int advice, bool shrug) {
  const size_t size = 2 * HUGE_PAGE;
  void *base = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (base == MAP_FAILED)
    return shrug;
  const uintptr_t at = ((uintptr_t)base + HUGE_PAGE - 1) & ~(uintptr_t)(HUGE_PAGE - 1);
  const int code = madvise((void *)at, advice == MADV_COLLAPSE ? HUGE_PAGE : 4096, advice);
  const bool has = code == 0 || errno != EINVAL; /* else there is no memory now */
  munmap(base, size);
  return has;
}

static void kernel(const struct host_report *report) {
  feature(report, has_ofd_locks(), RILL_WRONG, "locks of open file descriptions",
          "Rill cannot know which processes live");
  feature(report, has_membarrier(), RILL_NOTE, "membarrier (global expedited)",
          "each publish and release has a full fence (RILL_FENCE=full)");
  feature(report, has_futex_waitv(), RILL_NOTE, "futex_waitv",
          "an interrupted or removed wait is noticed up to 100 ms late");
  feature(report, has_advice(MADV_WIPEONFORK, true), RILL_WRONG, "MADV_WIPEONFORK",
          "a handle that is used after fork is not detected");
  feature(report, has_advice(MADV_POPULATE_WRITE, true), RILL_NOTE, "MADV_POPULATE",
          "the first round through a queue may fault");
  feature(report, has_advice(MADV_COLLAPSE, true), RILL_NOTE, "MADV_COLLAPSE for private memory",
          "memory that is there already may not become huge pages");
}

/* Finds the word in brackets. */
static void huge_pages(const struct host_report *report) {
  static const char path[] = "/sys/kernel/mm/transparent_hugepage/shmem_enabled";
  char text[256] = "", word[32] = "";
  FILE *file = fopen(path, "re");
  if (file && !fgets(text, sizeof text, file))
    text[0] = 0;
  if (file)
    fclose(file);
  const char *begin = strchr(text, '[');
  if (!begin || sscanf(begin, "[%31[a-z_]]", word) != 1) {
    host_tell(report, RILL_NOTE, "it is not known here whether shared memory may be in huge pages");
    return;
  }
  const bool never = !strcmp(word, "never") || !strcmp(word, "deny");
  host_tell(report, never ? RILL_NOTE : RILL_FINE, "huge pages of shared memory: %s%s%s%s", word,
            never ? "; large queues may be faster with: echo advise > " : "", never ? path : "",
            never ? ", or a tmpfs mounted with huge=advise" : "");
}

void host_examine(const struct cli *cli, const struct host_report *report) {
  const char *directory = host_directory(cli);
  memory(report, directory);
  limit(report, RLIMIT_NOFILE, "have this many files open", 256, false);
  limit(report, RLIMIT_MEMLOCK, "lock so much memory", 64 * 1024, true);
  kernel(report);
  huge_pages(report);
  host_leftovers(cli, report, directory);
  host_logout(report, directory);
  host_container(report);
}
