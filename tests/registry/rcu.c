/* SPDX-License-Identifier: MIT */
/* rcu.c - the table's promise to its readers: an entry that was found stays whole, mapped and
 * readable until the read side ends, whatever the reaper does meanwhile. AddressSanitizer would see
 * a read of freed memory; a read of an unmapped queue ends the process anywhere. */
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>

#include "api.h"
#include "client.h"
#include "lookup.h"
#include "stat.h"
#include "table.h"

static struct table table;
static rill_context *context;

static void make_queue(const char *name) {
  rill_queue_close(open_queue(context, name, RILL_CREATE, NULL));
}

static int refresh(const char *name) {
  struct entry was;
  memset(&was, 0, sizeof was);
  int unsure = 0;
  const enum table_change change = table_refresh(&table, name, &was, &unsure);
  return (int)change;
}

static void open_table(void) {
  context = open_context(RILL_FENCE_AUTO);
  urcu_memb_register_thread();
  assert_code(table_open(&table, rilli_context_dir(context)), 0);
}

static void close_table(void) {
  table_close(&table);
  urcu_memb_unregister_thread();
  rill_context_close(context);
}

struct reader {
  pthread_t thread;
  _Atomic int holds, may_go, left;
};

/* Finds the entry, and reads all of it and of the queue's mapping, until it is to end. */
static void *hold(void *arg) {
  struct reader *reader = arg;
  urcu_memb_register_thread();
  urcu_memb_read_lock();
  const struct entry *entry = table_find(&table, "orders");
  CHECK(entry != NULL);
  atomic_store(&reader->holds, 1);
  struct rill_queue_stat stat;
  do {
    CHECK_EQ(strcmp(entry->name, "orders"), 0);
    CHECK_EQ(rilli_queue_stat(table.dir, entry->segments, &stat), 0);
    CHECK_EQ(stat.capacity, 1u << 20);
  } while (!atomic_load(&reader->may_go));
  CHECK_EQ(rilli_queue_stat(table.dir, entry->segments, &stat), 0);
  CHECK(stat.removed);
  CHECK_EQ(atomic_load(&table.freed), 0);
  atomic_store(&reader->left, 1);
  urcu_memb_read_unlock();
  urcu_memb_unregister_thread();
  return NULL;
}

static void entrys_memory_outlives_its_readers(void **state) {
  static struct reader readers[2];
  (void)state;
  open_table();
  make_queue("orders");
  assert_code(refresh("orders"), TABLE_APPEARED);
  for (size_t i = 0; i < 2; i++) {
    CHECK_EQ(pthread_create(&readers[i].thread, NULL, hold, &readers[i]), 0);
    while (!atomic_load(&readers[i].holds))
      sched_yield();
  }
  assert_code(rill_queue_unlink(context, "orders"), 0);
  assert_code(refresh("orders"), TABLE_REMOVED);
  urcu_memb_read_lock();
  assert_null(table_find(&table, "orders")); /* no reader finds it any more... */
  urcu_memb_read_unlock();
  assert_true(atomic_load(&table.freed) ==
              0); /* ... but it is there for the readers that have it */
  atomic_store(&readers[0].may_go, 1);
  CHECK_EQ(pthread_join(readers[0].thread, NULL), 0);
  assert_true(atomic_load(&table.freed) == 0); /* one reader is left */
  atomic_store(&readers[1].may_go, 1);
  CHECK_EQ(pthread_join(readers[1].thread, NULL), 0);
  urcu_memb_barrier();
  assert_true(atomic_load(&table.freed) == 1);
  assert_true(atomic_load(&readers[0].left) && atomic_load(&readers[1].left));
  close_table();
}

struct seekers {
  _Atomic int stop;
  _Atomic uint64_t found;
};

/* As the worker threads do. */
static void *seek(void *arg) {
  struct seekers *seekers = arg;
  const struct rights rights = {.full = 1};
  struct rilli_wire_request stat, list;
  struct rilli_wire_answer answer;
  urcu_memb_register_thread();
  rilli_wire_start(&stat, RILLI_WIRE_STAT, 1);
  rilli_wire_name(stat.name, "orders");
  rilli_wire_start(&list, RILLI_WIRE_LIST, 1);
  while (!atomic_load(&seekers->stop)) {
    rilli_wire_start(&answer, RILLI_WIRE_ANSWER, 1);
    lookup_answer(&table, &rights, &stat, &answer);
    CHECK(answer.code == 0 || answer.code == -ENOENT);
    if (answer.code == 0) {
      struct rill_queue_stat row;
      CHECK_EQ(answer.rows[0].size, sizeof row);
      memcpy(&row, answer.rows[0].stat, sizeof row);
      CHECK_EQ(row.capacity, 1u << 20);
      atomic_fetch_add(&seekers->found, 1);
    }
    rilli_wire_start(&answer, RILLI_WIRE_ANSWER, 1);
    lookup_answer(&table, &rights, &list, &answer);
    CHECK(answer.count <= 1);
  }
  urcu_memb_unregister_thread();
  return NULL;
}

static void lookups_run_beside_a_reaper_that_never_stops(void **state) {
  static struct seekers seekers;
  pthread_t threads[2];
  uint64_t removed = 0;
  (void)state;
  open_table();
  for (size_t i = 0; i < 2; i++)
    CHECK_EQ(pthread_create(&threads[i], NULL, seek, &seekers), 0);
  while (removed < 200 || atomic_load(&seekers.found) < 200) {
    make_queue("orders");
    assert_code(refresh("orders"), TABLE_APPEARED);
    const uint64_t before = atomic_load(&seekers.found);
    if (removed % 4 == 0) /* so that readers really find it */
      while (atomic_load(&seekers.found) == before)
        sched_yield();
    assert_code(rill_queue_unlink(context, "orders"), 0);
    assert_code(refresh("orders"), TABLE_REMOVED);
    removed++;
  }
  atomic_store(&seekers.stop, 1);
  for (size_t i = 0; i < 2; i++)
    CHECK_EQ(pthread_join(threads[i], NULL), 0);
  urcu_memb_barrier();
  assert_true(atomic_load(&table.freed) == removed);
  close_table();
}

static void queue_of_the_same_name_replaces_the_entry(void **state) {
  (void)state;
  open_table();
  make_queue("orders");
  assert_code(refresh("orders"), TABLE_APPEARED);
  assert_code(refresh("orders"), TABLE_SAME);
  assert_code(rill_queue_unlink(context, "orders"), 0);
  make_queue("orders");
  assert_code(refresh("orders"), TABLE_REPLACED);
  assert_code(refresh("nothing"), TABLE_ABSENT);
  assert_true(table.count == 1);
  close_table();
}

int main(void) {
  const struct CMUnitTest tests[] = {
      BEHAVIOUR(entrys_memory_outlives_its_readers),
      BEHAVIOUR(lookups_run_beside_a_reaper_that_never_stops),
      BEHAVIOUR(queue_of_the_same_name_replaces_the_entry),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
