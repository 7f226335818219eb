/* SPDX-License-Identifier: MIT */
/* stat.c - the public calls that read the state of a queue (store/stat.c). */
#include "stat.h"

#include <errno.h>

#include "client.h"
#include "sized.h"

int rill_queue_read_stat(rill_queue *queue, struct rill_queue_stat *ret) {
  if (rilli_queue_check(queue))
    return -ECHILD;
  struct rill_queue_stat stat;
  int code = rilli_sized_check("rill_queue_stat", ret);
  if (code == 0)
    code = rilli_queue_stat(rilli_context_dir(queue->context), &queue->segments, &stat);
  if (code == 0)
    rilli_sized_out(ret, &stat, sizeof stat);
  return code;
}

int rill_group_read_stat(rill_queue *queue, uint32_t *index, struct rill_group_stat *ret) {
  if (rilli_queue_check(queue))
    return -ECHILD;
  struct rill_group_stat stat;
  int code = rilli_sized_check("rill_group_stat", ret);
  if (code == 0)
    code = rilli_group_stat(rilli_context_dir(queue->context), &queue->segments, index, &stat);
  if (code == 1)
    rilli_sized_out(ret, &stat, sizeof stat);
  return code;
}
