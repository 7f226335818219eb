/* SPDX-License-Identifier: MIT */
/* queue.c - the handle of an open queue. */
#include <errno.h>
#include <stdlib.h>

#include "client.h"
#include "error.h"
#include "open.h"
#include "sized.h"

int rilli_queue_check(const rill_queue *queue) {
  return rilli_context_check(queue->context);
}

void rilli_queue_hold(rill_queue *queue) {
  atomic_fetch_add_explicit(&queue->references, 1, memory_order_relaxed);
}

static void free_queue(rill_queue *queue) {
  rilli_segments_close(&queue->segments);
  if (queue->announced)
    rilli_link_detach(&queue->context->link, queue->segments.name,
                      (struct rilli_role){.kind = RILLI_KIND_OPEN});
  rill_context_close(queue->context);
  free(queue);
}

void rill_queue_close(rill_queue *queue) {
  if (!queue || !*queue->context->alive)
    return;
  if (atomic_fetch_sub_explicit(&queue->references, 1, memory_order_acq_rel) == 1)
    free_queue(queue);
}

/* The handle comes first: a creation that fails leaves no queue. name: for the error text. */
static int make_handle(rill_context *context, const char *name, unsigned flags, rill_queue **ret) {
  if (rilli_context_check(context))
    return -ECHILD;
  rill_queue *queue = calloc(1, sizeof *queue);
  if (!queue)
    return rilli_fail(ENOMEM, "cannot open queue '%.200s': no memory for a handle",
                      name ? name : "");
  atomic_init(&queue->references, 1);
  queue->context = context;
  queue->flags = flags;
  *ret = queue;
  return 0;
}

static int finish(rill_queue *queue, int code, rill_queue **ret) {
  if (code) {
    free(queue);
    return code;
  }
  rilli_context_hold(queue->context);
  *ret = queue;
  return 0;
}

static int directory_of(void *context) {
  return rilli_context_dir(context);
}

int rill_queue_open(rill_context *context, const char *name, unsigned flags,
                    const struct rill_queue_attr *attr, rill_time deadline,
                    rill_queue **ret_queue) {
  rill_queue *queue;
  struct rill_queue_attr known = RILL_QUEUE_ATTR_INIT;
  int code = make_handle(context, name, flags, &queue);
  if (code)
    return code;
  if (attr)
    code = rilli_sized_in("rill_queue_attr", attr, &known, sizeof known);
  if (code == 0)
    code = rilli_segments_await(directory_of, context, name, flags, &known, deadline,
                                &queue->segments);
  if (code == 0 && !(flags & RILL_OBSERVE)) {
    rilli_link_attach(&context->link, rilli_context_dir(context), name,
                      (struct rilli_role){.kind = RILLI_KIND_OPEN});
    queue->announced = 1;
  }
  return finish(queue, code, ret_queue);
}

int rill_queue_open_files(rill_context *context, const char *control_path, const char *data_path,
                          rill_queue **ret_queue) {
  rill_queue *queue;
  const int code = make_handle(context, control_path, RILL_OBSERVE, &queue);
  return code ? code
              : finish(queue, rilli_segments_open_files(control_path, data_path, &queue->segments),
                       ret_queue);
}
