/* SPDX-License-Identifier: MIT */
/* create.c - rill create: makes a queue, or checks that it exists as requested. */
#include "cli.h"
#include "creation.h"
#include "fields.h"
#include "units.h"

#include <grp.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static struct creation creation = CREATION_DEFAULTS;
static bool exclusive, quiet;
static const char *owner, *numa;

static void say_made(const struct rill_queue_stat *stat) {
  char capacity[UNITS_TEXT], memory[UNITS_TEXT], overflow[FIELD_TEXT], lifetime[FIELD_TEXT];
  cli_note("made %s: %s, %s, ring of %s, %u %s, takes %s of memory", stat->name,
           field_text(&queue_settings[SETTING_overflow], stat->overflow, overflow),
           field_text(&queue_settings[SETTING_lifetime], stat->lifetime, lifetime),
           format_size(capacity, stat->capacity), stat->group_count,
           stat->group_count == 1 ? "group" : "groups", format_size(memory, stat->memory_bytes));
}

/* "alice", "alice:traders", ":traders", or numbers. Returns 0 or an exit status. */
static int resolve_owner(const char *text) {
  char user[256];
  const char *colon = strchr(text, ':');
  const size_t length = colon ? (size_t)(colon - text) : strlen(text);
  if (length >= sizeof user)
    return cli_usage("--owner is too long: '%s'", text);
  memcpy(user, text, length);
  user[length] = 0;
  char *end = user;
  const struct passwd *entry = *user ? getpwnam(user) : NULL;
  creation.attr.owner = entry ? entry->pw_uid : (uint32_t)strtoul(user, &end, 10);
  if (*user && !entry && (*end || end == user))
    return cli_usage("there is no user '%s'", user);
  if (!colon)
    return 0;
  const struct group *group = getgrnam(colon + 1);
  creation.attr.group = group ? group->gr_gid : (uint32_t)strtoul(colon + 1, &end, 10);
  if (!group && (*end || end == colon + 1))
    return cli_usage("there is no group '%s'", colon + 1);
  return 0;
}

/* "local", "interleave", or the number of a node. Returns 0 or an exit status. */
static int resolve_numa(const char *text) {
  uint64_t node;
  if (!strcmp(text, "local"))
    creation.attr.numa = RILL_NUMA_LOCAL;
  else if (!strcmp(text, "interleave"))
    creation.attr.numa = RILL_NUMA_INTERLEAVE;
  else if (!parse_count(text, &node) || node > UINT32_MAX)
    return cli_usage("--numa takes local, interleave, or the number of a node, not '%s'", text);
  else {
    creation.attr.numa = RILL_NUMA_NODE;
    creation.attr.numa_node = (uint32_t)node;
  }
  return 0;
}

static int run(struct cli *cli, int count, char **operands) {
  (void)count;
  rill_context *context;
  rill_queue *queue;
  bool made;
  int status = owner ? resolve_owner(owner) : 0;
  if (status == 0 && numa)
    status = resolve_numa(numa);
  if (status == 0)
    status = cli_context(cli, &context);
  if (status)
    return status;
  unsigned flags = RILL_CREATE | (exclusive ? RILL_EXCLUSIVE : 0u);
  status = creation_open(context, operands[0], &creation, flags, &made, &queue);
  rill_context_close(context);
  if (status)
    return status;
  struct rill_queue_stat stat = {.size = sizeof stat};
  int r = rill_queue_read_stat(queue, &stat);
  if (r < 0)
    status = cli_fail_library(r);
  else if (!made && !quiet)
    cli_note("%s exists already", stat.name);
  else if (made && !quiet && isatty(STDERR_FILENO))
    say_made(&stat);
  rill_queue_close(queue);
  return status;
}

static const struct option options[] = {
#define CREATION_ALL
#include "creation_options.def"
    OPTION_TRANSIENT(&creation.transient),
    OPTION_LIST("group", 'g', "GROUP", &creation.groups,
                "a group that exists from the start: a reliable queue holds every message until "
                "it has read it. May be given many times"),
    OPTION_FLAG("exclusive", 0, &exclusive, "fail if the queue exists"),
    OPTION_FLAG("quiet", 'q', &quiet, "report failures alone"),
    OPTION_MODE(
        "mode", &creation.attr.mode,
        "the rights of others, as in chmod: r to look (ls, stat, tail), w to publish, x to take "
        "messages; for owner, group and others, which may at most look. Default 0700"),
    OPTION_TEXT("owner", 0, "USER[:GROUP]", &owner,
                "the owner of the queue (default: its creator)"),
    OPTION_TEXT("numa", 0, "local|interleave|N", &numa,
                "where its memory comes from: the node of this process, all nodes page by page, or "
                "node N (default: wherever the kernel puts it)"),
    OPTION_FLAG("no-prefault", 0, &creation.no_prefault,
                "its pages are mapped as they are touched, not all when a process attaches"),
    OPTION_FLAG("mlock", 0, &creation.mlock,
                "each process that attaches locks it in memory, within its RLIMIT_MEMLOCK"),
    OPTION_FLAG("huge", 0, &creation.huge,
                "asks for huge pages (capacity of at least 2M); rill stat shows how much it got"),
    OPTION_FLAG("dump", 0, &creation.dump, "core dumps may contain it (default: they do not)"),
    OPTION_END,
};

const struct verb verb_create = {
    .name = "create",
    .also = "make new add",
    .operands = "QUEUE",
    .least = 1,
    .most = 1,
    .summary = "make a queue",
    .about =
        "Makes a queue. Its memory is reserved immediately, so that a full file system is an error "
        "here and not later; on a terminal create says how much that is. A group that is not "
        "declared takes 4 KiB more when it first joins.\n\n"
        "If the queue exists and is as requested, create says so and succeeds; attributes that are "
        "not given may have any value. If it differs, create fails.",
    .options = options,
    .run = run,
};
