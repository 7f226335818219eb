/* SPDX-License-Identifier: MIT */
/* storm_inspector.c - inspects all queues while the storm goes on: gc, doctor, stat and list, the
 * verbs of rill, and removals of queues and of groups. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "storm.h"

rill_queue *open_line(rill_context *context, unsigned line, int observe) {
  const struct line *is = &lines[line];
  const struct rill_queue_attr attr = {.size = sizeof attr,
                                       .capacity = is->capacity,
                                       .overflow = is->overflow,
                                       .lifetime = is->lifetime,
                                       .max_groups = 12,
                                       .groups = keeper_names,
                                       .group_count = is->declared ? KEEPERS : 0};
  rill_queue *queue = NULL;
  doing("opening %s", is->name);
  const rill_time deadline = observe || chance(8) ? RILL_NOW : rill_after(1000000);
  const int code = rill_queue_open(context, is->name, observe ? RILL_OBSERVE : RILL_CREATE,
                                   observe ? NULL : &attr, deadline, &queue);
  if (code == 0)
    return queue;
  const int interrupted = code == -EINTR && pokes > 0;
  CHECK_THAT(code == -EBUSY || interrupted || (observe && code == -ENOENT), "opening %s: %d (%s)",
             is->name, code, rill_error());
  return NULL;
}

void check_removed(rill_queue *queue, const char *what) {
  struct rill_queue_stat stat = {.size = sizeof stat};
  const int code = rill_queue_read_stat(queue, &stat);
  CHECK_THAT(code == 0 && stat.removed, "%s: -ESTALE of a queue that is there (%d, %s)", what, code,
             rill_error());
}

/* --- reading -------------------------------------------------------------------------- */

static int stat_one(const char *name, void *context) {
  rill_queue *queue = NULL;
  doing("looking at %s", name);
  const int code = rill_queue_open(context, name, RILL_OBSERVE, NULL, RILL_NOW, &queue);
  CHECK_THAT(code == 0 || code == -ENOENT || code == -EBUSY, "opening %s to look: %d (%s)", name,
             code, rill_error());
  if (code == 0)
    check_invariants(queue); /* it may go meanwhile */
  rill_queue_close(queue);
  return 0;
}

static int examine_one(const char *name, void *context) {
  doing("doctor of %s", name);
  const int code = examine_queue(context, name, RILL_WRONG, "in the storm");
  CHECK_THAT(code == 0 || code == -ENOENT || code == -ESTALE || code == -EBUSY, "doctor of %s: %d",
             name, code);
  atomic_fetch_add(&world->examinations, 1);
  return 0;
}

/* The inspector as a user runs it. */
static void inspect(void) {
  static const char *const verbs[][4] = {{"ls", "--json"},           {"stat", "@"}, {"why", "@"},
                                         {"tail", "@", "--count=3"}, {"gc"},        {"doctor"}};
  const char *arguments[6] = {RILL};
  const size_t verb = chance(sizeof verbs / sizeof *verbs);
  for (size_t i = 0; i < 4 && verbs[verb][i]; i++)
    arguments[i + 1] = verbs[verb][i][0] == '@' ? lines[chance(LINES)].name : verbs[verb][i];
  doing("rill %s", arguments[1]);
  int status;
  const pid_t child = fork();
  CHECK(child >= 0);
  if (child == 0) {
    (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
    const int null = open("/dev/null", O_RDWR);
    for (int fd = 0; fd < 3; fd++)
      if (dup2(null, fd) < 0)
        _exit(98);
    (void)execv(RILL, (char *const *)(uintptr_t)arguments);
    _exit(98);
  }
  while (waitpid(child, &status, 0) < 0)
    CHECK(errno == EINTR);
  CHECK_THAT(WIFEXITED(status) && WEXITSTATUS(status) <= 3, "rill %s ended with %x", arguments[1],
             (unsigned)status);
}

/* --- removing ------------------------------------------------------------------------- */

static void remove_a_queue(rill_context *context) {
  const unsigned line = (unsigned)chance(LINES);
  if (!lines[line].churn || atomic_load(&world->calm[line]))
    return;
  doing("removing %s", lines[line].name);
  const int code = rill_queue_unlink(context, lines[line].name);
  CHECK_THAT(code == 0 || code == -ENOENT || code == -EBUSY, "rill_queue_unlink: %d (%s)", code,
             rill_error());
  atomic_fetch_add(&world->removals, code == 0);
}

/* For a member that joins meanwhile, and after a remover that dies, earlier notes do not hold. */
static void remove_a_group(rill_context *context) {
  const unsigned line = (unsigned)chance(LINES), keeper = (unsigned)chance(KEEPERS);
  if (!lines[line].churn)
    return;
  rill_queue *queue = open_line(context, line, 0);
  if (!queue)
    return;
  struct group_record *record = &incarnation_of(queue)->group[keeper];
  uint32_t epoch = atomic_load(&record->epoch);
  if (!(epoch & 1) && atomic_compare_exchange_strong(&record->epoch, &epoch, epoch + 1)) {
    doing("removing group %s of %s", keeper_names[keeper], lines[line].name);
    const int code = rill_group_unlink(queue, keeper_names[keeper]);
    CHECK_THAT(code == 0 || code == -ENOENT || code == -EBUSY || code == -ESTALE,
               "rill_group_unlink: %d (%s)", code, rill_error());
    if (code == 0) {
      record->removed = 1;
      record->joined = 0;
      record->began = record->releasing = 0;
    }
    epoch++;
    (void)atomic_compare_exchange_strong(&record->epoch, &epoch, epoch + 1);
  }
  rill_queue_close(queue);
}

void run_inspector(rill_context *context) {
  const rill_time end = rill_after((int64_t)chance(4000000000));
  while (!leaving() && rill_clock() < end) {
    const uint64_t dice = chance(32);
    int code = 0;
    if (dice < 6) {
      doing("gc");
      code = rill_queue_gc(context, chance(4) == 0 ? RILL_GC_DRY_RUN : 0, NULL, NULL);
      atomic_fetch_add(&world->collections, 1);
    } else if (dice < 16)
      code = rill_queue_list(context, NULL, stat_one, context);
    else if (dice < 24)
      code = rill_queue_list(context, NULL, examine_one, context);
    else if (dice < 27)
      remove_a_queue(context);
    else if (dice < 28)
      remove_a_group(context);
    else
      inspect();
    CHECK_THAT(code >= 0, "%s: %d (%s)", self->where, code, rill_error());
    rest_a_little(20000000);
  }
}
