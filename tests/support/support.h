/* SPDX-License-Identifier: MIT */
/* support.h - what tests of every folder share: a namespace of their own, checks that work
 * in threads and children, and a watchdog. Knows the public interface only. */
#ifndef RILL_TESTS_SUPPORT_H
#define RILL_TESTS_SUPPORT_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/types.h>

#include "rill/rill.h"

/* Ends the process with the place, the text and rill_error(): the namespace is removed, and it
 * aborts, or calls support_at_failure. For threads, children, processes and stress tests, where
 * cmocka's jumps cannot be used. */
_Noreturn void support_fail(const char *file, int line, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* Called with the place and the text instead of all that; does not return. */
extern void (*support_at_failure)(const char *text);

#define CHECK_THAT(condition, ...)                                                                 \
  do {                                                                                             \
    if (!(condition))                                                                              \
      support_fail(__FILE__, __LINE__, __VA_ARGS__);                                               \
  } while (0)
#define CHECK(condition) CHECK_THAT(condition, "not so: %s", #condition)

/* The same for two numbers, which it prints. */
#define CHECK_EQ(is, expected)                                                                     \
  do {                                                                                             \
    const int64_t check_is = (int64_t)(is), check_wanted = (int64_t)(expected);                    \
    CHECK_THAT(check_is == check_wanted, "%s is %lld, not %lld", #is, (long long)check_is,         \
               (long long)check_wanted);                                                           \
  } while (0)

/* 0, or the negative of one of these errors. */
#define CODES(call, code, ...)                                                                     \
  do {                                                                                             \
    static const int codes_known[] = {__VA_ARGS__};                                                \
    support_codes((call), (code), codes_known, sizeof codes_known / sizeof *codes_known);          \
  } while (0)
void support_codes(const char *call, int code, const int *known, size_t count);

/* Reads every byte of a message, so that one outside the mapping is found. */
void support_read(const struct rill_message *message);

/* Sets RILL_NAMESPACE to a namespace of its own (in /dev/shm), names the test for
 * the watchdog, and starts it: it prints the name and aborts. support_end removes the
 * namespace with all that is left in it, and stops the watchdog. */
void support_begin(const char *test_name);
void support_end(void);
const char *support_directory(void); /* /dev/shm/rill.<the namespace>              */
void support_watchdog(unsigned seconds);

/* Runs a function in a child, which exits with what it returns; never returns there. */
pid_t support_child(int (*run)(void *), void *arg);
/* Waits for it; returns its exit status, or minus the signal that ended it. */
int support_reap(pid_t child);

/* 1 when the compiler instruments memory accesses: then not all system calls, faults and
 * allocations are the library's. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SUPPORT_SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define SUPPORT_SANITIZED 1
#endif
#endif
#ifndef SUPPORT_SANITIZED
#define SUPPORT_SANITIZED 0
#endif

/* Fixtures for cmocka; each test gets a namespace and its name as the watchdog's. */
int support_setup(void **state);
int support_teardown(void **state);
#define BEHAVIOUR(function)                                                                        \
  {                                                                                                \
    .name = #function, .test_func = function, .setup_func = support_setup,                         \
    .teardown_func = support_teardown, .initial_state = (void *)(uintptr_t) #function              \
  }

/* The queue of this name, once it is there. */
rill_queue *support_queue(const char *name);

/* Pseudo-random numbers, the same in each run. */
uint64_t support_random(uint64_t *state);

/* The content of a message as a function of a number, its sequence say: a torn, wrong or foreign
 * one is seen. And a size that follows from it. */
void support_fill(void *to, size_t size, uint64_t number);
int support_is(const void *data, size_t size, uint64_t number);
size_t support_size(uint64_t number, size_t most);

#endif
