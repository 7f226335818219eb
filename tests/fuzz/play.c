/* SPDX-License-Identifier: MIT */
/* play.c - running a script, and the calls that open queues, look at them and give them back.
 * See play.h. */
#include "play.h"

#include <errno.h>

#include "codes.h"
#include "support.h"

/* Of every target that runs scripts. */
int LLVMFuzzerInitialize(int *argc, char ***argv) {
  (void)argc;
  (void)argv;
  stage_open();
  return 0;
}

void play_seal(struct play *play, struct input *input) {
  (void)input;
  stage_seal(&play->stage);
}

/* --- looking --------------------------------------------------------------------------- */

static void look_at_groups(rill_queue *queue) {
  struct rill_group_stat group = {.size = sizeof group};
  uint32_t index = 0, before = 0;
  for (int got = 1; got == 1; before = index) {
    got = rill_group_stat(queue, &index, &group);
    CODES("rill_group_stat", got == 1 ? 0 : got, EPROTO, EBADMSG);
    if (got != 1)
      return;
    CK(index > before && memchr(group.name, 0, sizeof group.name));
    CK(group.state >= RILL_GROUP_ACTIVE && group.state <= RILL_GROUP_EVICTED);
    CK(group.latency_p50 <= group.latency_p99 && group.latency_p999 <= group.latency_max);
    CK(group.lag_age >= 0 && group.latency_p50 >= 0);
  }
}

void play_stat(struct play *play, struct input *input) {
  struct rill_queue_stat stat = {.size = sizeof stat};
  (void)input;
  if (!play->queue)
    return;
  const int code = rill_queue_stat(play->queue, &stat);
  CODES("rill_queue_stat", code, EPROTO, EBADMSG);
  if (code == 0)
    CK(stat.depth_bytes <= stat.capacity && stat.group_count <= stat.max_groups &&
       memchr(stat.name, 0, sizeof stat.name) && memchr(stat.uuid, 0, sizeof stat.uuid));
  look_at_groups(play->queue);
}

/* --- opening --------------------------------------------------------------------------- */

/* What was opened is looked at first of all. */
static void take_queue(struct play *play, rill_queue *queue, int code) {
  CK((code == 0) == (queue != NULL));
  if (code)
    return;
  rill_queue_close(play->queue);
  play->queue = queue;
  play_stat(play, NULL);
}

static void open_with(struct play *play, unsigned flags, const struct rill_queue_attr *attr) {
  rill_queue *queue = NULL;
  const int code = rill_queue_open(stage_context(), STAGE_QUEUE, flags, attr, RILL_NOW, &queue);
  CODES("rill_queue_open", code, ENOENT, EBUSY, EEXIST, EPERM, EINPROGRESS, EPROTO, EBADMSG,
        EPROTONOSUPPORT, EPROTOTYPE, ENOMEM);
  take_queue(play, queue, code);
}

void play_open(struct play *play, struct input *input) {
  (void)input;
  open_with(play, 0, NULL);
}

void play_observe(struct play *play, struct input *input) {
  (void)input;
  open_with(play, RILL_OBSERVE, NULL);
}

void play_create(struct play *play, struct input *input) {
  const uint8_t way = take_byte(input);
  const struct rill_queue_attr attr = {.size = sizeof attr,
                                       .capacity = way & 1 ? 65536 : 0,
                                       .overflow = way >> 1 & 1,
                                       .max_groups = way & 4 ? STAGE_GROUPS : 0,
                                       .type = {.id = way & 8 ? 1 : 0}};
  open_with(play, RILL_CREATE | (way & 16 ? RILL_EXCLUSIVE : 0u), &attr);
}

void play_open_files(struct play *play, struct input *input) {
  rill_queue *queue = NULL;
  (void)input;
  const int code = rill_queue_open_files(stage_context(), play->stage.control_path,
                                         play->stage.data_path, &queue);
  CODES("rill_queue_open_files", code, ENOENT, EINPROGRESS, EPROTO, EBADMSG, EPROTONOSUPPORT,
        ENOMEM);
  take_queue(play, queue, code);
}

void play_close(struct play *play, struct input *input) {
  (void)input;
  rill_queue_close(play->queue);
  play->queue = NULL;
}

/* --- looking more closely ------------------------------------------------------------------- */

void play_placement(struct play *play, struct input *input) {
  struct rill_placement_stat stat = {.size = sizeof stat};
  (void)input;
  if (play->queue && !play->placed++) /* once an input: it reads all of /proc/self/smaps */
    CODES("rill_placement_stat", rill_placement_stat(play->queue, &stat), ENOENT);
}

/* Reads all of what it is told, and counts what is wrong. */
static void hear(const struct rill_finding *finding, void *arg) {
  CK(finding->kind >= RILL_FINE && finding->kind <= RILL_WRONG && strlen(finding->text) > 0);
  *(unsigned *)arg += finding->kind == RILL_WRONG;
}

static void check_report(int code, unsigned heard) {
  CODES("rill_queue_examine", code < 0 ? code : 0, ENOENT, EBADMSG, ESTALE, ENOMEM);
  CK(code < 0 || (unsigned)code == heard);
}

void play_examine(struct play *play, struct input *input) {
  unsigned heard = 0;
  (void)play;
  (void)input;
  const int code = rill_queue_examine(stage_context(), STAGE_QUEUE, hear, &heard);
  check_report(code, heard);
}

void play_examine_files(struct play *play, struct input *input) {
  unsigned heard = 0;
  (void)input;
  const int code = rill_queue_examine_files(stage_context(), play->stage.control_path,
                                            play->stage.data_path, hear, &heard);
  check_report(code, heard);
}

static int visit(const char *name, void *arg) {
  CK(name[0] && strlen(name) <= 200);
  (void)arg;
  return 0;
}

void play_list(struct play *play, struct input *input) {
  static const char *const patterns[] = {NULL, "*", "q", "[a-q]", "["};
  (void)play;
  const int got = rill_queue_list(stage_context(), patterns[take_byte(input) % 5], visit, NULL);
  CK(got >= 0);
}

/* --- giving back ------------------------------------------------------------------------- */

static void tell(const struct rill_gc_item *item, void *arg) {
  CK(item->name[0] && item->what[0]);
  ++*(int *)arg;
}

void play_gc(struct play *play, struct input *input) {
  int told = 0;
  (void)play;
  const unsigned flags = take_byte(input) & 1u;
  const int got = rill_queue_gc(stage_context(), flags, tell, &told);
  CK(got >= 0);
  CK_EQ(got, told);
}

void play_unlink(struct play *play, struct input *input) {
  (void)play;
  (void)input;
  const int code = rill_queue_unlink(stage_context(), STAGE_QUEUE);
  CODES("rill_queue_unlink", code, ENOENT);
}

void play_unlink_group(struct play *play, struct input *input) {
  static const char *const names[] = {"kept", "a", "b", "none"};
  if (play->queue)
    CODES("rill_group_unlink", rill_group_unlink(play->queue, names[take_byte(input) & 3u]), ENOENT,
          EBUSY, EPERM, ESTALE, EBADMSG, EPROTO, ENOLCK, EUSERS);
}

/* --- the script --------------------------------------------------------------------------- */

static void end(struct play *play) {
  for (unsigned i = 0; i < PLAY_CONSUMERS; i++)
    rill_consumer_close(play->consumers[i].handle);
  rill_producer_close(play->producer);
  rill_queue_close(play->queue);
  stage_end(&play->stage);
  stage_clear();
}

int play_script(const uint8_t *bytes, size_t size, int first_pages, play_call *const *calls,
                size_t count) {
  struct input input = {bytes, size};
  struct play play;
  memset(&play, 0, sizeof play);
  stage_begin(&play.stage, STAGE_QUEUE, &input);
  play.stage.first_pages = first_pages;
  int sealed = 0;
  for (unsigned step = 0; input.left && step < SCRIPT_MOST; step++) {
    const uint8_t op = take_byte(&input);
    if (op & 0x80u) {
      stage_change(&play.stage, op, &input);
      continue;
    }
    if (!sealed)
      stage_seal(&play.stage);
    sealed = 1;
    calls[op % count](&play, &input);
  }
  end(&play);
  return 0;
}
