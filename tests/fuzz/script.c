/* SPDX-License-Identifier: MIT */
/* script.c - running a script, and the calls that open queues, read them and close them.
 * See script.h. */
#include "script.h"

#include <errno.h>

#include "support.h"

/* Of every target that runs scripts. */
int LLVMFuzzerInitialize(int *argc, char ***argv) {
  (void)argc;
  (void)argv;
  forged_open();
  return 0;
}

void call_seal(struct script *script, struct input *input) {
  (void)input;
  forged_seal(&script->forged);
}

/* --- reading --------------------------------------------------------------------------- */

static void read_groups(rill_queue *queue) {
  struct rill_group_stat group = {.size = sizeof group};
  uint32_t index = 0, before = 0;
  for (int got = 1; got == 1; before = index) {
    got = rill_group_read_stat(queue, &index, &group);
    CODES("rill_group_stat", got == 1 ? 0 : got, EPROTO, EBADMSG);
    if (got != 1)
      return;
    CHECK(index > before && memchr(group.name, 0, sizeof group.name));
    CHECK(group.state >= RILL_GROUP_ACTIVE && group.state <= RILL_GROUP_EVICTED);
    CHECK(group.latency_p50 <= group.latency_p99 && group.latency_p999 <= group.latency_max);
    CHECK(group.lag_age >= 0 && group.latency_p50 >= 0);
  }
}

void call_stat(struct script *script, struct input *input) {
  struct rill_queue_stat stat = {.size = sizeof stat};
  (void)input;
  if (!script->queue)
    return;
  const int code = rill_queue_read_stat(script->queue, &stat);
  CODES("rill_queue_stat", code, EPROTO, EBADMSG);
  if (code == 0)
    CHECK(stat.depth_bytes <= stat.capacity && stat.group_count <= stat.max_groups &&
          memchr(stat.name, 0, sizeof stat.name) && memchr(stat.uuid, 0, sizeof stat.uuid));
  read_groups(script->queue);
}

/* --- opening --------------------------------------------------------------------------- */

/* What was opened is read first. */
static void take_queue(struct script *script, rill_queue *queue, int code) {
  CHECK((code == 0) == (queue != NULL));
  if (code)
    return;
  rill_queue_close(script->queue);
  script->queue = queue;
  call_stat(script, NULL);
}

static void open_with(struct script *script, unsigned flags, const struct rill_queue_attr *attr) {
  rill_queue *queue = NULL;
  const int code = rill_queue_open(forged_context(), FORGED_QUEUE, flags, attr, RILL_NOW, &queue);
  CODES("rill_queue_open", code, ENOENT, EBUSY, EEXIST, EPERM, EINPROGRESS, EPROTO, EBADMSG,
        EPROTONOSUPPORT, EPROTOTYPE, ENOMEM);
  take_queue(script, queue, code);
}

void call_open(struct script *script, struct input *input) {
  (void)input;
  open_with(script, 0, NULL);
}

void call_observe(struct script *script, struct input *input) {
  (void)input;
  open_with(script, RILL_OBSERVE, NULL);
}

void call_create(struct script *script, struct input *input) {
  const uint8_t way = take_byte(input);
  const struct rill_queue_attr attr = {.size = sizeof attr,
                                       .capacity = way & 1 ? 65536 : 0,
                                       .overflow = way >> 1 & 1,
                                       .max_groups = way & 4 ? FORGED_GROUPS : 0,
                                       .type = {.id = way & 8 ? 1 : 0}};
  open_with(script, RILL_CREATE | (way & 16 ? RILL_EXCLUSIVE : 0u), &attr);
}

void call_open_files(struct script *script, struct input *input) {
  rill_queue *queue = NULL;
  (void)input;
  const int code = rill_queue_open_files(forged_context(), script->forged.control_path,
                                         script->forged.data_path, &queue);
  CODES("rill_queue_open_files", code, ENOENT, EINPROGRESS, EPROTO, EBADMSG, EPROTONOSUPPORT,
        ENOMEM);
  take_queue(script, queue, code);
}

void call_close(struct script *script, struct input *input) {
  (void)input;
  rill_queue_close(script->queue);
  script->queue = NULL;
}

/* --- reading more ------------------------------------------------------------------- */

void call_placement(struct script *script, struct input *input) {
  struct rill_placement_stat stat = {.size = sizeof stat};
  (void)input;
  if (script->queue && !script->placed++) /* once an input: it reads all of /proc/self/smaps */
    CODES("rill_placement_stat", rill_placement_read_stat(script->queue, &stat), ENOENT);
}

/* Reads all findings of the inspector, and counts errors. */
static void hear(const struct rill_finding *finding, void *arg) {
  CHECK(finding->kind >= RILL_FINE && finding->kind <= RILL_WRONG && strlen(finding->text) > 0);
  *(unsigned *)arg += finding->kind == RILL_WRONG;
}

static void check_report(int code, unsigned heard) {
  CODES("rill_queue_examine", code < 0 ? code : 0, ENOENT, EBADMSG, ESTALE, ENOMEM);
  CHECK(code < 0 || (unsigned)code == heard);
}

void call_examine(struct script *script, struct input *input) {
  unsigned heard = 0;
  (void)script;
  (void)input;
  const int code = rill_queue_examine(forged_context(), FORGED_QUEUE, hear, &heard);
  check_report(code, heard);
}

void call_examine_files(struct script *script, struct input *input) {
  unsigned heard = 0;
  (void)input;
  const int code = rill_queue_examine_files(forged_context(), script->forged.control_path,
                                            script->forged.data_path, hear, &heard);
  check_report(code, heard);
}

static int visit(const char *name, void *arg) {
  CHECK(name[0] && strlen(name) <= 200);
  (void)arg;
  return 0;
}

void call_list(struct script *script, struct input *input) {
  static const char *const patterns[] = {NULL, "*", "q", "[a-q]", "["};
  (void)script;
  const int got = rill_queue_list(forged_context(), patterns[take_byte(input) % 5], visit, NULL);
  CHECK(got >= 0);
}

/* --- removing and reclaiming ----------------------------------------------------------------- */

static void report(const struct rill_gc_item *item, void *arg) {
  CHECK(item->name[0] && item->what[0]);
  ++*(int *)arg;
}

void call_gc(struct script *script, struct input *input) {
  int reported = 0;
  (void)script;
  const unsigned flags = take_byte(input) & 1u;
  const int got = rill_queue_gc(forged_context(), flags, report, &reported);
  CHECK(got >= 0);
  CHECK_EQ(got, reported);
}

void call_unlink(struct script *script, struct input *input) {
  (void)script;
  (void)input;
  const int code = rill_queue_unlink(forged_context(), FORGED_QUEUE);
  CODES("rill_queue_unlink", code, ENOENT);
}

void call_unlink_group(struct script *script, struct input *input) {
  static const char *const names[] = {"kept", "a", "b", "none"};
  if (script->queue)
    CODES("rill_group_unlink", rill_group_unlink(script->queue, names[take_byte(input) & 3u]),
          ENOENT, EBUSY, EPERM, ESTALE, EBADMSG, EPROTO, ENOLCK, EUSERS);
}

/* --- the script --------------------------------------------------------------------------- */

static void end(struct script *script) {
  for (unsigned i = 0; i < SCRIPT_CONSUMERS; i++)
    rill_consumer_close(script->consumers[i].handle);
  rill_producer_close(script->producer);
  rill_queue_close(script->queue);
  forged_end(&script->forged);
  forged_clear();
}

int script_run(const uint8_t *bytes, size_t size, int first_pages, script_call *const *calls,
               size_t count) {
  struct input input = {bytes, size};
  struct script script;
  memset(&script, 0, sizeof script);
  forged_begin(&script.forged, FORGED_QUEUE, &input);
  script.forged.first_pages = first_pages;
  int sealed = 0;
  for (unsigned step = 0; input.left && step < SCRIPT_MOST; step++) {
    const uint8_t op = take_byte(&input);
    if (op & 0x80u) {
      forged_change(&script.forged, op, &input);
      continue;
    }
    if (!sealed)
      forged_seal(&script.forged);
    sealed = 1;
    calls[op % count](&script, &input);
  }
  end(&script);
  return 0;
}
