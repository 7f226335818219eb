/* SPDX-License-Identifier: MIT */
/* placement.c (tests) - numa, prefault, mlock, huge and dump: refused where they are impossible,
 * compared when a queue is opened, and shown as the kernel has them.
 *
 * How much memory is huge, and how many nodes there are, depends on the host. So the tests assert
 * that rill_placement_stat agrees with /proc. */
#include "api.h"

#include <linux/capability.h>
#include <numa.h>
#include <numaif.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "check.h"
#include "nodes.h"

#define MIB (UINT64_C(1) << 20)

/* --- a host as the test simulates it ---------------------------------------------------------- */

static unsigned long fake_nodes; /* the nodes that exist; 0: the host's own        */
static int no_numa;              /* a kernel without NUMA                          */
static int refusal;              /* the error of mbind                             */
static struct {
  unsigned calls, reserved_before;
  int mode;
  unsigned long mask;
} policy;
static unsigned reservations;

int __real_numa_available(void);
int __wrap_numa_available(void);
int __wrap_numa_available(void) {
  return no_numa ? -1 : fake_nodes ? 0 : __real_numa_available();
}

long __real_get_mempolicy(int *mode, unsigned long *mask, unsigned long bits, void *at,
                          unsigned flags);
long __wrap_get_mempolicy(int *mode, unsigned long *mask, unsigned long bits, void *at,
                          unsigned flags);
long __wrap_get_mempolicy(int *mode, unsigned long *mask, unsigned long bits, void *at,
                          unsigned flags) {
  if (!fake_nodes || flags != MPOL_F_MEMS_ALLOWED)
    return __real_get_mempolicy(mode, mask, bits, at, flags);
  memset(mask, 0, bits / 8);
  mask[0] = fake_nodes;
  return 0;
}

long __real_mbind(void *base, unsigned long size, int mode, const unsigned long *mask,
                  unsigned long bits, unsigned flags);
long __wrap_mbind(void *base, unsigned long size, int mode, const unsigned long *mask,
                  unsigned long bits, unsigned flags);
long __wrap_mbind(void *base, unsigned long size, int mode, const unsigned long *mask,
                  unsigned long bits, unsigned flags) {
  policy.calls++;
  policy.mode = mode;
  policy.mask = bits ? mask[0] : 0;
  policy.reserved_before = reservations;
  errno = refusal;
  if (refusal || fake_nodes)
    return refusal ? -1 : 0;
  return __real_mbind(base, size, mode, mask, bits, flags);
}

/* Page n of those asked for is on node n % 10, except each tenth page, which is unknown. */
long __real_move_pages(int pid, unsigned long count, void **pages, const int *nodes, int *status,
                       int flags);
long __wrap_move_pages(int pid, unsigned long count, void **pages, const int *nodes, int *status,
                       int flags);
long __wrap_move_pages(int pid, unsigned long count, void **pages, const int *nodes, int *status,
                       int flags) {
  if (!fake_nodes)
    return __real_move_pages(pid, count, pages, nodes, status, flags);
  CHECK(nodes == NULL); /* else it would move them */
  for (unsigned long i = 0; i < count; i++)
    status[i] = i % 10 == 9 ? -ENOENT : (int)(i % 10);
  return 0;
}

int __real_posix_fallocate(int fd, off_t offset, off_t size);
int __wrap_posix_fallocate(int fd, off_t offset, off_t size);
int __wrap_posix_fallocate(int fd, off_t offset, off_t size) {
  reservations++;
  return __real_posix_fallocate(fd, offset, size);
}

/* --- the tests -------------------------------------------------------------------------- */

static rill_context *context;

static int setup(void **state) {
  fake_nodes = 0;
  no_numa = refusal = 0;
  const int code = support_setup(state);
  context = open_context(RILL_FENCE_AUTO);
  return code;
}

static int teardown(void **state) {
  rill_context_close(context);
  return support_teardown(state);
}

#define ATTR(...) (&(struct rill_queue_attr){.size = sizeof(struct rill_queue_attr), __VA_ARGS__})

static int try_open(const char *name, unsigned flags, const struct rill_queue_attr *attr) {
  rill_queue *queue = NULL;
  const int code = rill_queue_open(context, name, flags, attr, RILL_NOW, &queue);
  CHECK(code == 0 || queue == NULL);
  rill_queue_close(queue);
  return code;
}

static struct rill_placement_stat placement_of(rill_queue *queue) {
  struct rill_placement_stat placed = {.size = sizeof placed};
  assert_code(rill_placement_read_stat(queue, &placed), 0);
  return placed;
}

/* The mappings of this process whose file name holds `part`, as smaps has them. */
struct seen {
  unsigned mappings, locked, undumped;
  uint64_t rss, huge, locked_rss;
};

static struct seen read_smaps(const char *part) {
  struct seen seen = {0};
  char line[4096];
  FILE *file = fopen("/proc/self/smaps", "re");
  assert_non_null(file);
  uint64_t rss = 0;
  for (int ours = 0; fgets(line, sizeof line, file);) {
    unsigned long from, to;
    unsigned long long kib;
    if (sscanf(line, "%lx-%lx ", &from, &to) == 2) {
      ours = strstr(line, part) != NULL;
      seen.mappings += (unsigned)ours;
    } else if (!ours) {
      continue;
    } else if (sscanf(line, "Rss: %llu", &kib) == 1) {
      rss = kib * 1024;
      seen.rss += rss;
    } else if (sscanf(line, "ShmemPmdMapped: %llu", &kib) == 1 ||
               sscanf(line, "FilePmdMapped: %llu", &kib) == 1) {
      seen.huge += kib * 1024;
    } else if (!strncmp(line, "VmFlags:", 8)) {
      seen.undumped += strstr(line, " dd") != NULL;
      if (strstr(line, " lo")) {
        seen.locked++;
        seen.locked_rss += rss;
      }
    }
  }
  fclose(file);
  return seen;
}

/* The name of the data file: control files have none of the queue's uuid. */
static void data_file(rill_queue *queue, char ret[64]) {
  const struct rill_queue_stat stat = stat_of(queue);
  snprintf(ret, 64, "%s", stat.uuid);
}

static void invalid_placement_is_refused(void **state) {
  (void)state;
  assert_code(try_open("q", RILL_CREATE, ATTR(.numa = 4)), -EINVAL);
  assert_code(try_open("q", RILL_CREATE, ATTR(.numa_node = 1)), -EINVAL);
  assert_code(try_open("q", RILL_CREATE, ATTR(.numa = RILL_NUMA_LOCAL, .numa_node = 1)), -EINVAL);
  assert_code(try_open("q", RILL_CREATE, ATTR(.numa = RILL_NUMA_NODE, .numa_node = 1024)), -EINVAL);
  assert_code(try_open("q", RILL_CREATE, ATTR(.numa = RILL_NUMA_NODE, .numa_node = 1023)), -EINVAL);
  assert_non_null(strstr(rill_error(), "1023"));
  assert_code(try_open("q", RILL_CREATE, ATTR(.placement = 16)), -EINVAL);
  assert_code(try_open("q", RILL_CREATE, ATTR(.reserved0 = 1)), -EINVAL);
  assert_code(try_open("q", RILL_CREATE, ATTR(.placement = RILL_HUGE)), -EINVAL); /* 1 MiB */
  assert_non_null(strstr(rill_error(), "huge"));
  assert_code(try_open("q", 0, NULL), -ENOENT); /* none of them made it */
  assert_code(try_open("q", RILL_CREATE, ATTR(.capacity = 2 * MIB, .placement = RILL_HUGE)), 0);
  struct rill_placement_stat placed = {.size = 1};
  rill_queue *queue = open_queue(context, "r", RILL_CREATE, NULL);
  assert_code(rill_placement_read_stat(queue, &placed), -EINVAL);
  rill_queue_close(queue);
}

static void placement_is_compared_when_a_queue_is_opened(void **state) {
  (void)state;
  rill_queue *queue =
      open_queue(context, "q", RILL_CREATE,
                 ATTR(.numa = RILL_NUMA_NODE, .placement = RILL_NO_PREFAULT | RILL_DUMP));
  const struct rill_queue_stat stat = stat_of(queue);
  assert_true(stat.numa == RILL_NUMA_NODE && stat.numa_node == 0);
  assert_true(stat.placement == (RILL_NO_PREFAULT | RILL_DUMP));
  assert_code(try_open("q", 0, NULL), 0);
  assert_code(try_open("q", RILL_CREATE, ATTR(.numa = RILL_NUMA_NODE)), 0);
  assert_code(try_open("q", RILL_CREATE, ATTR(.placement = RILL_DUMP)), 0);
  assert_code(try_open("q", RILL_CREATE, ATTR(.placement = RILL_DUMP | RILL_MLOCK)), -EEXIST);
  assert_non_null(strstr(rill_error(), "mlock"));
  assert_code(try_open("q", 0, ATTR(.placement = RILL_HUGE)), -EEXIST);
  assert_code(try_open("q", 0, ATTR(.numa = RILL_NUMA_LOCAL)), -EEXIST);
  assert_code(try_open("q", 0, ATTR(.numa = RILL_NUMA_NODE, .numa_node = 1)), -EEXIST);
  rill_queue_close(queue);
}

/* Holds on a host of any number of nodes: what Rill says of each page is what the kernel says. */
static void every_page_that_is_sampled_is_on_some_node(void **state) {
  (void)state;
  static const uint32_t policies[] = {RILL_NUMA_NONE, RILL_NUMA_LOCAL, RILL_NUMA_INTERLEAVE,
                                      RILL_NUMA_NODE};
  for (uint32_t i = 0; i < 4; i++) {
    rill_queue *queue = open_queue(context, "q", RILL_CREATE, ATTR(.numa = policies[i]));
    const struct rill_placement_stat placed = placement_of(queue);
    uint32_t sum = placed.elsewhere_pages + placed.unknown_pages;
    for (uint32_t node = 0; node < 8; node++)
      sum += placed.node_pages[node];
    assert_true(placed.pages == MIB / 4096 && sum == placed.pages);
    assert_true(placed.numa == policies[i] || placed.numa == RILL_NUMA_NONE);
    assert_true(placed.data_bytes == stat_of(queue).data_bytes);
    assert_true(placed.resident_bytes >= MIB && placed.resident_bytes <= placed.data_bytes);
    assert_true(placed.huge_error == 0 && placed.locked_bytes == 0);
    rill_queue_close(queue);
  }
}

static void make_on(uint32_t numa, uint32_t node, int code) {
  memset(&policy, 0, sizeof policy);
  reservations = 0;
  assert_code(try_open("q", RILL_CREATE, ATTR(.numa = numa, .numa_node = node)), code);
  if (code == 0) {
    assert_code(rill_queue_unlink(context, "q"), 0);
    assert_true(policy.reserved_before == 0 &&
                reservations > 0); /* else the policy came too late */
  }
}

static void each_policy_is_set_before_there_is_memory(void **state) {
  (void)state;
  fake_nodes = 0xb; /* nodes 0, 1 and 3 */
  make_on(RILL_NUMA_NONE, 0, 0);
  assert_true(policy.calls == 0);
  make_on(RILL_NUMA_LOCAL, 0, 0);
  assert_true(policy.calls == 1 && policy.mode == MPOL_LOCAL && policy.mask == 0);
  make_on(RILL_NUMA_INTERLEAVE, 0, 0);
  assert_true(policy.calls == 1 && policy.mode == MPOL_INTERLEAVE && policy.mask == 0xb);
  make_on(RILL_NUMA_NODE, 3, 0);
  assert_true(policy.calls == 1 && policy.mode == MPOL_PREFERRED && policy.mask == 0x8);
  make_on(RILL_NUMA_NODE, 2, -EINVAL);
  assert_true(policy.calls == 0);
  refusal = EPERM;
  make_on(RILL_NUMA_NODE, 1, -EPERM);
  assert_non_null(strstr(rill_error(), "NUMA"));
  fake_nodes = 1; /* there is nothing to choose */
  make_on(RILL_NUMA_NODE, 0, 0);
  make_on(RILL_NUMA_INTERLEAVE, 0, 0);
}

static void a_kernel_without_numa_has_node_0(void **state) {
  (void)state;
  no_numa = 1;
  make_on(RILL_NUMA_LOCAL, 0, 0);
  make_on(RILL_NUMA_INTERLEAVE, 0, 0);
  make_on(RILL_NUMA_NODE, 0, 0);
  make_on(RILL_NUMA_NODE, 1, -EINVAL);
  assert_true(policy.calls == 0);
}

static void pages_are_counted_by_node(void **state) {
  (void)state;
  rill_queue *queue = open_queue(context, "q", RILL_CREATE, ATTR(.capacity = 16 * MIB));
  fake_nodes = 0x3ff;
  const struct rill_placement_stat placed = placement_of(queue);
  assert_true(placed.pages == 1024); /* of 4096, evenly spread */
  for (uint32_t node = 0; node < 8; node++)
    assert_true(placed.node_pages[node] == 102 + (node < 4));
  assert_true(placed.elsewhere_pages == 102 && placed.unknown_pages == 102);
  rill_queue_close(queue);
}

static void a_page_is_distinguished_from_a_hole(void **state) {
  (void)state;
  char *base = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  assert_true(base != MAP_FAILED);
  base[0] = 1;
  void *pages[2] = {base, base + 4096};
  int nodes[2] = {7, 7};
  rilli_nodes_of(pages, 2, nodes);
  assert_true(nodes[1] < 0 && nodes[0] < 1024 && nodes[0] != 7);
  uint32_t node = 9;
  assert_true(rilli_nodes_policy(base, &node) <= RILL_NUMA_OTHER);
  munmap(base, 8192);
}

static void huge_bytes_are_those_of_smaps(void **state) {
  (void)state;
  rill_queue *queue =
      open_queue(context, "q", RILL_CREATE, ATTR(.capacity = 8 * MIB, .placement = RILL_HUGE));
  char name[64];
  data_file(queue, name);
  assert_true(stat_of(queue).data_bytes % (2 * MIB) == 0);
  const struct rill_placement_stat placed = placement_of(queue);
  print_message("%llu of %llu bytes are huge (%s)\n", (unsigned long long)placed.huge_bytes,
                (unsigned long long)placed.data_bytes, strerror((int)placed.huge_error));
  /* smaps has both views: here only the first was touched, and the pages that were sampled lie
   * in it. The kernel may take back what it gave, but gives nothing without a request. */
  assert_true(placed.huge_bytes == read_smaps(name).huge);
  assert_true(placed.huge_bytes <= placed.data_bytes && placed.huge_bytes % (2 * MIB) == 0);
  assert_true(placed.huge_bytes > 0 || placed.huge_error != 0);
  rill_producer *producer = open_producer(queue, RILL_PARK);
  rill_consumer *consumer = open_consumer(queue, "g", RILL_OLDEST, 0);
  for (uint64_t i = 0; i < 64; i++) { /* twice around, through both views */
    static char text[256 * 1024 + 1];
    memset(text, 'a' + (int)(i % 26), sizeof text - 1);
    struct rill_message message;
    publish_text(producer, text);
    assert_code(rill_receive(consumer, RILL_NOW, &message), 0);
    assert_true(message.sequence == i && message.size == sizeof text - 1);
    assert_memory_equal(message.data, text, message.size);
    assert_code(rill_release(consumer, &message), 0);
  }
  rill_consumer_close(consumer);
  rill_producer_close(producer);
  rill_queue_close(queue);
}

static void without_prefault_pages_come_as_they_are_touched(void **state) {
  (void)state;
  for (uint32_t lazy = 0; lazy < 2; lazy++) {
    char name[64];
    rill_queue *queue =
        open_queue(context, "q", RILL_CREATE,
                   ATTR(.capacity = 16 * MIB, .placement = lazy ? (uint32_t)RILL_NO_PREFAULT : 0));
    rill_producer *producer = open_producer(queue, RILL_PARK);
    data_file(queue, name);
    const struct seen seen = read_smaps(name);
    if (lazy)
      assert_true(seen.rss < 8 * MIB);
    else
      assert_true(seen.rss >= 32 * MIB); /* both views */
    publish_text(producer, "still works");
    rill_producer_close(producer);
    rill_queue_close(queue);
  }
}

static void core_dumps_have_the_queue_only_if_asked(void **state) {
  (void)state;
  for (uint32_t dump = 0; dump < 2; dump++) {
    char name[64];
    rill_queue *queue =
        open_queue(context, "q", RILL_CREATE, ATTR(.placement = dump ? (uint32_t)RILL_DUMP : 0));
    rill_producer *producer = open_producer(queue, RILL_PARK);
    data_file(queue, name);
    const struct seen seen = read_smaps(name);
    assert_true(seen.mappings >= 4); /* two views each, of the queue and its producer */
    assert_true(seen.undumped == (dump ? 0 : seen.mappings));
    rill_producer_close(producer);
    rill_queue_close(queue);
  }
}

static int is_allowed(uint64_t bytes) {
  struct rlimit limit;
  CHECK(getrlimit(RLIMIT_MEMLOCK, &limit) == 0);
  return limit.rlim_cur >= bytes;
}

static void a_locked_queue_is_locked_by_each_process_that_opens_it(void **state) {
  (void)state;
  if (SUPPORT_SANITIZED || !is_allowed(4 * MIB))
    skip(); /* sanitizers lock nothing, or RLIMIT_MEMLOCK of this host is too low */
  rill_queue *queue = open_queue(context, "q", RILL_CREATE, ATTR(.placement = RILL_MLOCK));
  char name[64];
  data_file(queue, name);
  const struct rill_placement_stat placed = placement_of(queue);
  const struct seen seen = read_smaps(name);
  assert_true(placed.locked_bytes == placed.data_bytes);
  assert_true(placed.locked_bytes == seen.locked_rss && seen.locked == 1);
  rill_queue *observer = open_queue(context, "q", RILL_OBSERVE, NULL);
  assert_true(placement_of(observer).locked_bytes == 0);
  rill_queue_close(observer);
  rill_queue_close(queue);
}

/* Root may lock everything, by a capability. */
static void lose_the_right_to_lock(void) {
  struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
  struct __user_cap_data_struct data[2];
  CHECK(syscall(SYS_capget, &header, data) == 0);
  data[CAP_IPC_LOCK / 32].effective &= ~(1u << CAP_IPC_LOCK % 32);
  CHECK(syscall(SYS_capset, &header, data) == 0);
}

static int open_beyond_the_limit(void *arg) {
  (void)arg;
  const struct rlimit little = {65536, 65536};
  rill_queue *queue = NULL;
  lose_the_right_to_lock();
  CHECK(setrlimit(RLIMIT_MEMLOCK, &little) == 0);
  rill_context *own = NULL;
  CHECK_EQ(rill_context_open(NULL, &own), 0);
  CHECK_EQ(rill_queue_open(own, "q", RILL_CREATE, ATTR(.placement = RILL_MLOCK), RILL_NOW, &queue),
           -ENOMEM);
  CHECK(strstr(rill_error(), "RLIMIT_MEMLOCK") && strstr(rill_error(), "65536") &&
        strstr(rill_error(), "ulimit -l"));
  CHECK_EQ(rill_queue_open(own, "q", 0, NULL, RILL_NOW, &queue), -ENOENT); /* and made nothing */
  rill_context_close(own);
  return 0;
}

static void locking_beyond_the_limit_names_it_and_leaves_no_queue(void **state) {
  (void)state;
  if (SUPPORT_SANITIZED)
    skip(); /* sanitizers lock nothing, so it never fails */
  assert_code(support_reap(support_child(open_beyond_the_limit, NULL)), 0);
}

int main(void) {
  const struct CMUnitTest tests[] = {
#define PLACEMENT(function)                                                                        \
  {.name = #function,                                                                              \
   .test_func = function,                                                                          \
   .setup_func = setup,                                                                            \
   .teardown_func = teardown,                                                                      \
   .initial_state = (void *)(uintptr_t) #function}
      PLACEMENT(invalid_placement_is_refused),
      PLACEMENT(placement_is_compared_when_a_queue_is_opened),
      PLACEMENT(every_page_that_is_sampled_is_on_some_node),
      PLACEMENT(each_policy_is_set_before_there_is_memory),
      PLACEMENT(a_kernel_without_numa_has_node_0),
      PLACEMENT(pages_are_counted_by_node),
      PLACEMENT(a_page_is_distinguished_from_a_hole),
      PLACEMENT(huge_bytes_are_those_of_smaps),
      PLACEMENT(without_prefault_pages_come_as_they_are_touched),
      PLACEMENT(core_dumps_have_the_queue_only_if_asked),
      PLACEMENT(a_locked_queue_is_locked_by_each_process_that_opens_it),
      PLACEMENT(locking_beyond_the_limit_names_it_and_leaves_no_queue),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
