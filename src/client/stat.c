/* SPDX-License-Identifier: MIT */
/* stat.c - the public side of what can be seen of a queue from outside (store/stat.c). */
#include "stat.h"

#include <errno.h>

#include "client.h"
#include "sized.h"

int rill_queue_read_stat(rill_queue *queue, struct rill_queue_stat *ret) {
  if (rilli_queue_check(queue))
    return -ECHILD;
  if (rilli_attr_size("rill_queue_stat", ret->size, sizeof *ret))
    return -EINVAL;
  return rilli_queue_stat(rilli_context_dir(queue->context), &queue->segments, ret);
}

int rill_group_read_stat(rill_queue *queue, uint32_t *index, struct rill_group_stat *ret) {
  if (rilli_queue_check(queue))
    return -ECHILD;
  if (rilli_attr_size("rill_group_stat", ret->size, sizeof *ret))
    return -EINVAL;
  return rilli_group_stat(rilli_context_dir(queue->context), &queue->segments, index, ret);
}
