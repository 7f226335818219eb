/* SPDX-License-Identifier: MIT */
/* support.c - namespaces, checks, watchdog and children of tests. See support.h. */
#include "support.h"

#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define WATCHDOG_SECONDS 60u

static char directory[128];
static char watched[128] = "a test";
static pid_t owner; /* of the namespace: children do not remove it */

void (*support_at_failure)(const char *text);

void support_fail(const char *file, int line, const char *format, ...) {
  char text[800];
  va_list args;
  const char *base = strrchr(file, '/');
  int used = snprintf(text, sizeof text, "%s:%d: in %s: ", base ? base + 1 : file, line, watched);
  va_start(args, format);
  used += vsnprintf(text + used, sizeof text - (size_t)used, format, args);
  va_end(args);
  if ((size_t)used < sizeof text)
    (void)snprintf(text + used, sizeof text - (size_t)used, "; rill_error: \"%s\"", rill_error());
  if (support_at_failure)
    support_at_failure(text);
  (void)fprintf(stderr, "%s\n", text);
  if (owner == getpid())
    support_end();
  abort();
}

void support_codes(const char *call, int code, const int *known, size_t count) {
  size_t i = 0;
  while (code && i < count && code != -known[i])
    i++;
  CHECK_THAT(code == 0 || i < count, "%s returned %d (%s), which its header does not name", call,
             code, strerror(-code));
}

void support_read(const struct rill_message *message) {
  static volatile uint8_t sink;
  for (uint32_t i = 0; i < message->size; i++)
    sink = ((const uint8_t *)message->data)[i];
  for (uint32_t i = 0; i < message->key_size; i++)
    sink = (uint8_t)message->key[i];
  (void)sink;
}

static void bark(int signal_number) {
  static const char text[] = " hangs: the watchdog ends it\n";
  (void)signal_number;
  if (write(STDERR_FILENO, watched, strlen(watched)) < 0 ||
      write(STDERR_FILENO, text, sizeof text - 1) < 0)
    _exit(1);
  abort();
}

void support_watchdog(unsigned seconds) {
  struct sigaction action;
  memset(&action, 0, sizeof action);
  action.sa_handler = bark;
  (void)sigaction(SIGALRM, &action, NULL);
  (void)alarm(SUPPORT_SANITIZED ? 4 * seconds : seconds);
}

void support_begin(const char *test_name) {
  static unsigned count;
  owner = getpid();
  char name_space[64];
  (void)snprintf(watched, sizeof watched, "%s", test_name);
  (void)snprintf(name_space, sizeof name_space, "t%ld-%u-%llx", (long)getpid(), count++,
                 (unsigned long long)rill_clock());
  (void)snprintf(directory, sizeof directory, "/dev/shm/rill.%s", name_space);
  (void)setenv("RILL_NAMESPACE", name_space, 1);
  (void)unsetenv("RILL_DIR");
  (void)unsetenv("RILL_FENCE");
  support_watchdog(WATCHDOG_SECONDS);
}

const char *support_directory(void) {
  return directory;
}

void support_end(void) {
  char path[512];
  (void)alarm(0);
  DIR *entries = opendir(directory);
  if (!entries)
    return;
  for (struct dirent *entry; (entry = readdir(entries));) {
    (void)snprintf(path, sizeof path, "%s/%s", directory, entry->d_name);
    (void)unlink(path);
  }
  (void)closedir(entries);
  (void)rmdir(directory);
}

int support_setup(void **state) {
  support_begin(*state);
  return 0;
}

int support_teardown(void **state) {
  (void)state;
  support_end();
  return 0;
}

pid_t support_child(int (*run)(void *), void *arg) {
  (void)fflush(NULL);
  const pid_t child = fork();
  CHECK(child >= 0);
  if (child == 0) {
    support_watchdog(WATCHDOG_SECONDS); /* alarms are not inherited */
    _exit(run(arg));
  }
  return child;
}

int support_reap(pid_t child) {
  int status;
  while (waitpid(child, &status, 0) < 0)
    CHECK(errno == EINTR);
  return WIFSIGNALED(status) ? -WTERMSIG(status) : WEXITSTATUS(status);
}

rill_queue *support_queue(const char *name) {
  rill_context *context = NULL;
  rill_queue *queue = NULL;
  CHECK_EQ(rill_context_open(NULL, &context), 0);
  CHECK_EQ(rill_queue_open(context, name, 0, NULL, RILL_FOREVER, &queue), 0);
  rill_context_close(context);
  return queue;
}

uint64_t support_random(uint64_t *state) {
  uint64_t x = *state += UINT64_C(0x9e3779b97f4a7c15); /* splitmix64, Steele and others 2014 */
  x = (x ^ (x >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
  x = (x ^ (x >> 27)) * UINT64_C(0x94d049bb133111eb);
  return x ^ (x >> 31);
}

size_t support_size(uint64_t sequence, size_t most) {
  uint64_t state = sequence * 2 + 1;
  return support_random(&state) % (most + 1);
}

static uint64_t pattern(uint64_t sequence, size_t word) {
  return (sequence + 1) * UINT64_C(0x9e3779b97f4a7c15) + word;
}

void support_fill(void *to, size_t size, uint64_t sequence) {
  for (size_t at = 0; at < size; at += 8) {
    const uint64_t value = pattern(sequence, at / 8);
    memcpy((uint8_t *)to + at, &value, size - at < 8 ? size - at : 8);
  }
}

int support_is(const void *data, size_t size, uint64_t sequence) {
  for (size_t at = 0; at < size; at += 8) {
    const uint64_t value = pattern(sequence, at / 8);
    if (memcmp((const uint8_t *)data + at, &value, size - at < 8 ? size - at : 8) != 0)
      return 0;
  }
  return 1;
}
