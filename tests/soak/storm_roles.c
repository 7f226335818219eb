/* SPDX-License-Identifier: MIT */
/* storm_roles.c - a producer's run and a consumer's: what each of them does in a storm, and what it
 * checks of the library. Each may be killed, stopped or signalled at any moment. */
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "storm.h"

rill_consumer *_Atomic to_interrupt;
_Atomic uint32_t pokes;
int restarts_calls;

#define BATCH 8u

int leaving(void) {
  return atomic_load(&self->leave) || atomic_load(&world->over);
}

void rest_a_little(uint64_t most) {
  const struct timespec span = {.tv_nsec = (long)chance(most)};
  (void)nanosleep(&span, NULL);
}

/* Now, for a while, or for ever: in a storm there is always another message. */
static rill_time some_deadline(void) {
  const uint64_t dice = chance(8);
  return dice < 2 ? RILL_NOW : dice < 5 ? rill_after((int64_t)chance(30000000)) : RILL_FOREVER;
}

static uint32_t some_wait(void) {
  const uint64_t dice = chance(16);
  return dice == 0 ? RILL_SPIN : dice < 8 ? RILL_PARK : RILL_ADAPTIVE;
}

/* A call that waited returned without a result: for one of the possible reasons. */
static void check_reason(int code, rill_time deadline, rill_queue *queue, const char *what) {
  switch (-code) {
  case EAGAIN:
    CHECK_THAT(deadline == RILL_NOW, "%s: -EAGAIN with a deadline", what);
    return;
  case ETIMEDOUT:
    CHECK_THAT(deadline != RILL_NOW && rill_clock() >= deadline, "%s: -ETIMEDOUT too early", what);
    return;
  case EINTR:
    CHECK_THAT(pokes > 0 && !(restarts_calls && self->role != PRODUCER),
               "%s: -EINTR, but no handler ran that does not restart calls", what);
    return;
  case ECANCELED:
    CHECK_THAT(pokes > 0, "%s: -ECANCELED, but it was not interrupted", what);
    atomic_fetch_add(&world->interrupted, 1);
    return;
  case ESTALE:
    check_removed(queue, what);
    return;
  default:
    CHECK_THAT(0, "%s: %d (%s)", what, code, rill_error());
  }
}

/* --- producing ----------------------------------------------------------------------- */

struct source {
  const struct line *line;
  struct incarnation *record;
  rill_queue *queue;
  rill_producer *producer;
  uint64_t next;
};

static size_t prepare(const struct source *source, uint64_t sequence, unsigned char *bytes) {
  const uint64_t key = source->record->key;
  const size_t size = content_size(key, sequence, source->line->capacity);
  content_fill(key, sequence, size, bytes);
  return size;
}

static struct rill_meta meta_of(const struct source *source, uint64_t sequence) {
  return (struct rill_meta){.size = sizeof(struct rill_meta),
                            .type = content_type(source->record->key, sequence)};
}

static int publish_batch(struct source *source, rill_time deadline, size_t n) {
  static unsigned char bytes[BATCH][LARGEST];
  struct rill_meta meta[BATCH];
  struct rill_item items[BATCH];
  for (size_t i = 0; i < n; i++) {
    meta[i] = meta_of(source, source->next + i);
    items[i] = (struct rill_item){bytes[i], prepare(source, source->next + i, bytes[i]),
                                  meta[i].type ? &meta[i] : NULL};
  }
  raise_to(&source->record->intended, source->next + n);
  return rill_publish_batch(source->producer, items, n, deadline);
}

static int publish_in_place(struct source *source, rill_time deadline) {
  unsigned char bytes[LARGEST];
  void *place = NULL;
  const size_t size = prepare(source, source->next, bytes), more = chance(3) * chance(100);
  const struct rill_meta meta = meta_of(source, source->next);
  const int code =
      rill_reserve(source->producer, meta.type ? &meta : NULL, size + more, deadline, &place);
  if (code)
    return code;
  if (chance(64) == 0)
    fork_in_the_middle(source->queue, source->producer, NULL);
  if (chance(6) == 0) {
    memset(place, 0xee, size + more);
    rill_abort(source->producer);
    return 0;
  }
  memcpy(place, bytes, size);
  memset((char *)place + size, 0xdd, more);
  raise_to(&source->record->intended, source->next + 1);
  const int end = rill_commit(source->producer, size);
  CHECK_THAT(end == 0, "rill_commit: %d (%s)", end, rill_error());
  return 1;
}

static int publish_one(struct source *source, rill_time deadline) {
  unsigned char bytes[LARGEST];
  const size_t size = prepare(source, source->next, bytes);
  raise_to(&source->record->intended, source->next + 1);
  const int code = rill_publish(source->producer, bytes, size, deadline);
  return code ? code : 1;
}

/* Returns whether to go on. */
static int publish_some(struct source *source) {
  const rill_time deadline = some_deadline();
  const uint64_t way = chance(8);
  const int typed = content_type(source->record->key, source->next) != 0;
  doing("publishing %llu", (number)source->next);
  const int got = way == 0   ? publish_batch(source, deadline, 1 + chance(BATCH))
                  : way == 1 ? publish_in_place(source, deadline)
                  : typed    ? publish_batch(source, deadline, 1)
                             : publish_one(source, deadline);
  if (got < 0) {
    check_reason(got, deadline, source->queue, "publish");
    return got != -ESTALE;
  }
  source->next += (uint64_t)got;
  raise_to(&source->record->published, source->next);
  atomic_fetch_add(&world->published[self->line], (uint64_t)got);
  return 1;
}

/* All messages that were published are there, and no other. */
static int take_place(struct source *source) {
  const struct rill_producer_attr attr = {
      .size = sizeof attr, .wait = some_wait(), .stamp = source->line->stamp};
  const rill_time deadline = some_deadline();
  struct rill_queue_stat before = {.size = sizeof before}, after = {.size = sizeof after};
  CHECK(rill_queue_read_stat(source->queue, &before) == 0);
  doing("waiting for the place");
  const int code = rill_producer_open(source->queue, &attr, deadline, &source->producer);
  if (code == -EBUSY && deadline == RILL_NOW)
    return 0;
  if (code) {
    check_reason(code, deadline, source->queue, "rill_producer_open");
    return 0;
  }
  const int found = rill_queue_read_stat(source->queue, &after);
  CHECK_THAT(found == 0, "rill_queue_read_stat: %d (%s)", found, rill_error());
  source->next = after.sequence;
  const uint64_t published = source->record->published, intended = source->record->intended;
  CHECK_THAT(published <= after.sequence, "%s: messages %llu to %llu are lost", source->line->name,
             (number)after.sequence, (number)published - 1);
  CHECK_THAT(after.sequence <= intended, "%s: goes on at %llu, but %llu were written",
             source->line->name, (number)after.sequence, (number)intended);
  CHECK(after.producer_generation > before.producer_generation);
  if (before.producer == RILL_PRODUCER_DEAD || before.producer == RILL_PRODUCER_ALIVE)
    atomic_fetch_add(&world->failovers, 1);
  return 1;
}

void run_producer(rill_context *context, unsigned line) {
  struct source source = {.line = &lines[line]};
  source.queue = open_line(context, line, 0);
  if (!source.queue)
    return;
  source.record = incarnation_of(source.queue);
  const rill_time end = rill_after((int64_t)chance(3000000000));
  if (take_place(&source)) {
    while (!leaving() && rill_clock() < end && publish_some(&source)) {
      if (chance(512) == 0)
        fork_in_the_middle(source.queue, source.producer, NULL);
      if (source.line->overflow == RILL_OVERWRITE ? chance(16) == 0 : chance(64) == 0)
        rest_a_little(400000);
    }
    void *place;
    if (chance(8) == 0) /* an open reservation is aborted by the close */
      (void)rill_reserve(source.producer, NULL, 100, RILL_NOW, &place);
  }
  doing("leaving");
  if (chance(2))
    rill_producer_close(source.producer);
  rill_queue_close(source.queue);
}

/* --- consuming ----------------------------------------------------------------------- */

struct stream {
  const struct line *line;
  struct incarnation *record;
  struct group_record *kept; /* NULL: not a kept group                                */
  rill_queue *queue;
  rill_consumer *consumer;
  struct rill_consumer_attr attr;
  int begun;
  uint64_t next;
  uint32_t epoch; /* of the kept group, before it was joined                      */
  uint64_t known; /* published before it was opened                               */
};

#define GIVEN_UP UINT32_C(0x80000000) /* of an epoch: nothing is expected any more        */

/* A successor begins between its predecessor's first message and the last one that was released. */
static void check_successor(const struct stream *stream, uint64_t from) {
  struct group_record *kept = stream->kept;
  const uint32_t epoch = atomic_load(&kept->epoch);
  if (epoch != stream->epoch || (epoch & 1)) /* removed and made again about now */
    atomic_fetch_or(&kept->epoch, GIVEN_UP);
  else if (!(epoch & GIVEN_UP) && (kept->joined || (stream->line->declared && !kept->removed))) {
    const uint64_t least = kept->began;
    const uint64_t most = kept->releasing > least ? kept->releasing : least;
    CHECK_THAT(least <= from && from <= most, "%s: group %s goes on at %llu, not in %llu to %llu",
               stream->line->name, stream->attr.group, (number)from, (number)least, (number)most);
    atomic_fetch_add(&world->successors, 1);
  }
  raise_to(&kept->began, from);
  atomic_store(&kept->joined, 1);
}

static void check_start(const struct stream *stream, uint64_t from) {
  if (stream->kept)
    check_successor(stream, from);
  else if (stream->attr.start == RILL_LATEST)
    CHECK_THAT(from >= stream->known, "%s: begins at %llu, but %llu were published before",
               stream->line->name, (number)from, (number)stream->known);
  else if (stream->attr.start == RILL_SEQUENCE)
    CHECK_THAT(from == stream->attr.sequence, "%s: begins at %llu, not at %llu", stream->line->name,
               (number)from, (number)stream->attr.sequence);
}

static void take(struct stream *stream, const struct rill_message *message) {
  const uint64_t from = message->sequence - message->lost;
  const int may_lose = stream->line->overflow == RILL_OVERWRITE ||
                       (stream->attr.flags & RILL_TAIL) ||
                       (!stream->begun && stream->attr.start == RILL_SEQUENCE);
  CHECK_THAT(may_lose || message->lost == 0, "%s: a reliable group lost %llu before %llu",
             stream->line->name, (number)message->lost, (number)message->sequence);
  content_check(stream->record, stream->line, message);
  if (!stream->begun)
    check_start(stream, from);
  else
    CHECK_THAT(from == stream->next, "%s: message %llu (%llu lost) came, not %llu",
               stream->line->name, (number)message->sequence, (number)message->lost,
               (number)stream->next);
  stream->begun = 1;
  stream->next = message->sequence + 1;
  atomic_fetch_add(&world->received[self->line], 1);
  atomic_fetch_add(&world->lost[self->line], message->lost);
}

/* Up to one of the n received last, or all. */
static int release_some(struct stream *stream, const struct rill_message *messages, size_t n) {
  const int all = (int)chance(3) == 0;
  const struct rill_message *up_to = &messages[all ? n - 1 : chance(n)];
  if (stream->kept)
    raise_to(&stream->kept->releasing, up_to->sequence + 1);
  const int code = rill_release(stream->consumer, all ? NULL : up_to);
  CHECK_THAT(code == 0 || code == -ESTALE, "rill_release: %d (%s)", code, rill_error());
  if (code)
    check_removed(stream->queue, "release");
  return code == 0;
}

/* "No message", or "everything is read": then all that was published before was received. */
static void check_nothing_left(const struct stream *stream, int code, uint64_t published) {
  if (stream->begun && (code == -EAGAIN || code == -ETIMEDOUT || code == -EPIPE))
    CHECK_THAT(stream->next >= published, "%s: %d at %llu, but %llu were published before",
               stream->line->name, code, (number)stream->next, (number)published);
}

/* Returns whether to go on. */
static int receive_some(struct stream *stream) {
  struct rill_message messages[BATCH];
  const rill_time deadline = some_deadline();
  const size_t n = chance(4) == 0 ? 1 + chance(BATCH) : 1;
  const uint64_t published = atomic_load(&stream->record->published);
  doing("receiving %llu", (number)stream->next);
  int got = n == 1 ? rill_receive(stream->consumer, deadline, messages)
                   : rill_receive_batch(stream->consumer, n, deadline, messages);
  if (got < 0) {
    check_nothing_left(stream, got, published);
    if (got != -EPIPE)
      check_reason(got, deadline, stream->queue, "receive");
    return got != -ESTALE && got != -EPIPE;
  }
  if (n == 1)
    got = 1;
  for (int i = 0; i < got; i++)
    take(stream, &messages[i]);
  return chance(3) != 0 || release_some(stream, messages, (size_t)got);
}

static void choose_start(struct stream *stream) {
  struct rill_consumer_attr *attr = &stream->attr;
  struct rill_queue_stat stat = {.size = sizeof stat};
  attr->start = (uint32_t)chance(3);
  if (attr->start != RILL_SEQUENCE)
    return;
  CHECK(rill_queue_read_stat(stream->queue, &stat) == 0);
  attr->sequence = stat.sequence + 2 - chance(stat.sequence < 3000 ? stat.sequence + 3 : 3000);
}

static void choose_attributes(struct stream *stream) {
  struct rill_consumer_attr *attr = &stream->attr;
  attr->size = sizeof *attr;
  attr->wait = some_wait();
  if (chance(2))
    attr->flags = RILL_FOLLOW;
  if (self->role == TAIL)
    attr->flags |= RILL_TAIL;
  if (self->role == KEEPER || (self->role == READER && chance(8) == 0)) {
    const unsigned keeper = self->role == KEEPER ? self->keeper : (unsigned)chance(KEEPERS);
    attr->group = keeper_names[keeper];
    attr->flags |= RILL_KEEP_GROUP;
    stream->kept = &stream->record->group[keeper];
    stream->epoch = atomic_load(&stream->kept->epoch);
  } else {
    choose_start(stream);
    if (self->role == READER && chance(4) == 0)
      attr->group = "passing"; /* one name for all of them                           */
  }
  stream->known = atomic_load(&stream->record->published);
}

static int join(struct stream *stream) {
  const int code = rill_consumer_open(stream->queue, &stream->attr, &stream->consumer);
  switch (-code) {
  case 0:
    return 1;
  case EBUSY: /* another process is, or was until now, its member */
    CHECK(stream->attr.group);
    return 0;
  case EUSERS: /* rows of dead members, which a stopped process is just about to reclaim */
    return 0;
  case ERANGE:
    CHECK_THAT(stream->attr.start == RILL_SEQUENCE && stream->attr.sequence >= stream->known,
               "%s: message %llu is not published, but %llu are", stream->line->name,
               (number)stream->attr.sequence, (number)stream->known);
    return 0;
  default:
    check_reason(code, RILL_NOW, stream->queue, "rill_consumer_open");
    return 0;
  }
}

void run_consumer(rill_context *context, unsigned line) {
  struct stream stream = {.line = &lines[line]};
  stream.queue = open_line(context, line, self->role == TAIL && chance(2));
  if (!stream.queue)
    return;
  stream.record = incarnation_of(stream.queue);
  choose_attributes(&stream);
  const rill_time end = rill_after((int64_t)chance(3000000000));
  doing("joining");
  if (join(&stream)) {
    atomic_store(&to_interrupt, stream.consumer);
    while (!leaving() && rill_clock() < end && receive_some(&stream))
      if (chance(1024) == 0)
        fork_in_the_middle(stream.queue, NULL, stream.consumer);
    atomic_store(&to_interrupt, NULL);
  }
  doing("leaving");
  if (chance(2))
    rill_queue_close(stream.queue);
  if (chance(4))
    rill_consumer_close(stream.consumer);
}

/* --- fork ---------------------------------------------------------------------------- */

static void report_to_child(int code, const char *what) {
  CHECK_THAT(code == -ECHILD, "%s in a forked child: %d", what, code);
}

/* The child cannot use what its parent has open, and does it no harm. */
static void be_a_child(rill_queue *queue, rill_producer *producer, rill_consumer *consumer) {
  struct rill_queue_stat stat = {.size = sizeof stat};
  struct rill_message message;
  void *place;
  report_to_child(rill_queue_read_stat(queue, &stat), "rill_queue_stat");
  if (producer) {
    report_to_child(rill_publish(producer, "x", 1, RILL_FOREVER), "rill_publish");
    report_to_child(rill_reserve(producer, NULL, 1, RILL_FOREVER, &place), "rill_reserve");
  }
  if (consumer) {
    report_to_child(rill_receive(consumer, RILL_FOREVER, &message), "rill_receive");
    report_to_child(rill_release(consumer, NULL), "rill_release");
  }
  rill_producer_close(producer);
  rill_consumer_close(consumer);
  rill_queue_close(queue);
  if (chance(2))
    (void)execl("/bin/true", "true", (char *)NULL);
  rill_context *context = NULL;
  CHECK(rill_context_open(NULL, &context) == 0);
  rill_queue *own = open_line(context, self->line, 1);
  const struct rill_consumer_attr tail = {.size = sizeof tail, .flags = RILL_TAIL};
  if (own && rill_consumer_open(own, &tail, &consumer) == 0)
    for (int i = 0; i < 5; i++)
      if (rill_receive(consumer, rill_after(5000000), &message) == 0)
        content_check(incarnation_of(own), &lines[self->line], &message);
}

void fork_in_the_middle(rill_queue *queue, rill_producer *producer, rill_consumer *consumer) {
  atomic_fetch_add(&world->forks, 1);
  const pid_t child = fork();
  CHECK(child >= 0);
  if (child == 0) {
    struct slot own = {.role = self->role, .line = self->line};
    (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
    self = &own;
    atomic_store(&to_interrupt, NULL);
    be_a_child(queue, producer, consumer);
    _exit(0);
  }
  int status = 0;
  if (chance(2)) /* else the supervisor takes its status */
    while (waitpid(child, &status, 0) < 0)
      CHECK(errno == EINTR);
  CHECK_THAT(status == 0, "a forked child ended with %x", (unsigned)status);
}
