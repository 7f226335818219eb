/* SPDX-License-Identifier: MIT */
/* name_space.c - the directory of a namespace. See name_space.h. */
#include "name_space.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "error.h"
#include "name.h"
#include "segment.h"

/* Returns 1 if neither the program nor the environment chose it, 0 if one did, or a negative
 * errno. */
static int namespace_wanted(const char *chosen, char ret[128]) {
  const char *name = chosen ? chosen : getenv("RILL_NAMESPACE");
  if (!name || !*name) {
    (void)snprintf(ret, 128, "u%u", (unsigned)geteuid());
    return 1;
  }
  if (rilli_group_name_check(name))
    return rilli_fail(EINVAL, "the namespace '%.64s' is not 1 to 63 bytes of [A-Za-z0-9._-]", name);
  (void)snprintf(ret, 128, "%s", name);
  return 0;
}

int rilli_name_space_open(const char *name_space, const char *directory, char **ret_path) {
  char name[128];
  const int by_default = namespace_wanted(name_space, name);
  if (by_default < 0)
    return by_default;
  if (!directory)
    directory = getenv("RILL_DIR");
  if (!directory || !*directory)
    directory = "/dev/shm";
  const int dir = rilli_directory_open(directory, name, by_default);
  if (dir < 0 || asprintf(ret_path, "%s/rill.%s", directory, name) >= 0)
    return dir;
  (void)close(dir);
  return rilli_fail(ENOMEM, "no memory for the path of a namespace");
}
