/* SPDX-License-Identifier: MIT */
/* scale.c - many names in the registry: how many comparisons a look-up, a page and a whole list
 * take: the registry's references to strcmp go through a counter (ld --wrap). The hash table is
 * liburcu's, which compares hashes before it asks for names, and grows the table by itself.
 *
 * The entries are for files that are not queues: found, but not opened. */
#include <fcntl.h>
#include <unistd.h>

#include "api.h"
#include "client.h"
#include "lookup.h"
#include "table.h"

static struct table table;
static uint64_t compared;

int __real_strcmp(const char *a, const char *b);
int __wrap_strcmp(const char *a, const char *b);

int __wrap_strcmp(const char *a, const char *b) {
  compared++;
  return __real_strcmp(a, b);
}

static void add(unsigned number) {
  char name[32], path[300];
  struct entry was;
  (void)snprintf(name, sizeof name, "q%05u", number);
  (void)snprintf(path, sizeof path, "%s/%s.control", support_directory(), name);
  const int fd = open(path, O_WRONLY | O_CREAT | O_EXCL, 0600);
  assert_true(fd >= 0);
  (void)close(fd);
  memset(&was, 0, sizeof was);
  int unsure = 0;
  const enum table_change change = table_refresh(&table, name, &was, &unsure);
  assert_true(change == TABLE_APPEARED);
}

/* All of them by pages: sorted, each once. */
static uint64_t list_all(unsigned count) {
  const struct rights rights = {.full = 1};
  struct rilli_wire_request request;
  struct rilli_wire_answer answer;
  char name[32];
  unsigned seen = 0;
  rilli_wire_start(&request, RILLI_WIRE_LIST, 1);
  const uint64_t before = compared;
  do {
    rilli_wire_start(&answer, RILLI_WIRE_ANSWER, 1);
    lookup_answer(&table, &rights, &request, &answer);
    assert_true(answer.count > 0);
    for (uint32_t i = 0; i < answer.count; i++) {
      (void)snprintf(name, sizeof name, "q%05u", seen++);
      assert_memory_equal(answer.rows[i].name, name, strlen(name) + 1);
    }
    rilli_wire_name(request.after, name);
  } while (answer.more);
  assert_int_equal(seen, count);
  return compared - before;
}

static uint64_t find_each(unsigned count) {
  char name[32];
  const uint64_t before = compared;
  for (unsigned i = 0; i < count; i++) {
    (void)snprintf(name, sizeof name, "q%05u", i);
    urcu_memb_read_lock();
    const struct entry *entry = table_find(&table, name);
    assert_non_null(entry);
    urcu_memb_read_unlock();
  }
  return compared - before;
}

static void lookups_and_lists_do_not_grow_with_the_names(void **state) {
  enum { FEW = 100, MANY = 10000 };
  (void)state;
  rill_context *context = open_context(RILL_FENCE_AUTO);
  urcu_memb_register_thread();
  assert_code(table_open(&table, rilli_context_dir(context)), 0);
  for (unsigned i = 0; i < FEW; i++)
    add((i * 37) % FEW);
  const uint64_t few = list_all(FEW);
  assert_int_equal(find_each(FEW), FEW); /* one comparison each */
  for (unsigned i = 0; i < MANY - FEW; i++)
    add(FEW + (i * 37) % (MANY - FEW));
  const uint64_t many = list_all(MANY);
  assert_int_equal(find_each(MANY), MANY);
  print_message("comparisons of a list: %llu of %d names, %llu of %d\n", (unsigned long long)few,
                FEW, (unsigned long long)many, MANY);
  /* One search for each page: twice as many steps, not a hundred times as many names. */
  assert_true(many * FEW <= 3 * few * MANY);
  table_close(&table);
  urcu_memb_unregister_thread();
  rill_context_close(context);
}

int main(void) {
  const struct CMUnitTest tests[] = {BEHAVIOUR(lookups_and_lists_do_not_grow_with_the_names)};
  return cmocka_run_group_tests_name("scale", tests, NULL, NULL);
}
