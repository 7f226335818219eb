/* SPDX-License-Identifier: MIT */
/* examine.c - the public calls that examine a queue (store/examine.c). */
#include "examine.h"

#include <errno.h>

#include "client.h"
#include "error.h"

/* 0, or a negative errno. */
static int check_call(const rill_context *context,
                      void (*report)(const struct rill_finding *, void *)) {
  if (rilli_context_check(context))
    return -ECHILD;
  return report ? 0 : rilli_fail(EINVAL, "examining a queue takes a function to report to");
}

int rill_queue_examine(rill_context *context, const char *name,
                       void (*report)(const struct rill_finding *, void *arg), void *arg) {
  struct rilli_report all = {report, arg, 0};
  int code = check_call(context, report);
  if (code == 0)
    code = rilli_examine(rilli_context_dir(context), name, &all);
  return code ? code : all.wrong;
}

int rill_queue_examine_files(rill_context *context, const char *control_path, const char *data_path,
                             void (*report)(const struct rill_finding *, void *arg), void *arg) {
  struct rilli_report all = {report, arg, 0};
  int code = check_call(context, report);
  if (code == 0)
    code = rilli_examine_files(control_path, data_path, &all);
  return code ? code : all.wrong;
}
