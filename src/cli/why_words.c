/* SPDX-License-Identifier: MIT */
/* why_words.c - what rill why found, in words and as JSON (why.h). */
#include "json.h"
#include "units.h"
#include "why.h"
#include "words.h"

#include <stdarg.h>
#include <string.h>

enum { TEXT = 1024, ADVICE_MOST = 3 };

struct advice {
  char texts[ADVICE_MOST][TEXT];
  int count;
};

const char *why_word(enum why_cause cause) {
  static const char *const words[] = {
      [WHY_NONE] = "none",
      [WHY_REMOVED] = "removed",
      [WHY_NO_GROUP] = "no-group",
      [WHY_GROUP_SLOW] = "group-slow",
      [WHY_GROUP_STOPPED] = "group-stopped",
      [WHY_GROUP_DEAD] = "group-dead",
      [WHY_GROUP_KEPT] = "group-kept",
      [WHY_PRODUCER_NONE] = "producer-none",
      [WHY_PRODUCER_CLOSED] = "producer-closed",
      [WHY_PRODUCER_DEAD] = "producer-dead",
      [WHY_PRODUCER_STOPPED] = "producer-stopped",
      [WHY_PRODUCER_IDLE] = "producer-idle",
  };
  return words[cause];
}

const char *why_group_name(const struct rill_group_stat *group, char ret[96]) {
  if (*group->name)
    snprintf(ret, 96, "group '%s'", group->name);
  else
    snprintf(ret, 96, "the group without a name in row %u", group->index);
  return ret;
}

static const char *does(enum process_state state) {
  static const char *const words[] = {
      [PROCESS_UNKNOWN] = "cannot be seen from here",
      [PROCESS_RUNNING] = "runs",
      [PROCESS_SPINNING] = "spins: it uses a processor and takes nothing",
      [PROCESS_SLEEPING] = "sleeps",
      [PROCESS_WAITING] = "waits in the kernel",
      [PROCESS_STOPPED] = "is stopped",
      [PROCESS_TRACED] = "is stopped by a debugger",
  };
  return words[state];
}

/* Of copied files it is not known from which host they come. */
static const char *name_of(const struct why *why, struct process_id id, char ret[PROCESS_TEXT]) {
  if (why->copied)
    id.name_space = 0;
  return process_name(&id, ret);
}

/* The member, and what it does: the middle of a sentence. */
static void member(const struct why *why, char *ret, size_t size) {
  char name[PROCESS_TEXT];
  (void)name_of(why, process_of_member(&why->group), name);
  if (why->cause == WHY_GROUP_KEPT)
    snprintf(ret, size, "it is kept and has no member");
  else if (why->cause == WHY_GROUP_DEAD)
    snprintf(ret, size, "its member, %s, died and is not reclaimed yet", name);
  else if (!why->group.pid)
    snprintf(ret, size, "its member cannot be seen with read-only access");
  else if (why->member.state == PROCESS_UNKNOWN)
    snprintf(ret, size, "its member, %s, %s", name,
             why->copied  ? "was there when the files were copied"
             : why->moves ? "lives, and takes messages too slowly"
                          : "lives, and takes nothing");
  else
    snprintf(ret, size, "its member, %s (%s), %s%s", name, why->member.command,
             does(why->member.state), why->moves ? ", and takes messages too slowly" : "");
}

static double full(const struct why *why) {
  return why->has_group ? 100.0 * (double)why->group.lag_bytes / (double)why->stat.capacity : 0;
}

/* The one sentence of a group that is behind. */
static void group_answer(const struct why *why, char *ret, size_t size) {
  char name[96], is[256], age[UNITS_TEXT], bytes[UNITS_TEXT], when[288];
  member(why, is, sizeof is);
  if (why->blocked)
    snprintf(when, sizeof when, "holds '%.200s' up", why->stat.name);
  else
    snprintf(when, sizeof when, "will hold '%.200s' up when the ring is full (%.0f %% so far)",
             why->stat.name, full(why));
  int n = snprintf(
      ret, size, "%s %s: %s; %llu messages (%s) wait for it, the oldest for %s",
      why_group_name(&why->group, name), when, is, (unsigned long long)why->group.lag_messages,
      format_size(bytes, why->group.lag_bytes), format_duration(age, why->group.lag_age));
  if (why->stat.evict_after && n > 0 && (size_t)n < size)
    snprintf(ret + n, size - (size_t)n, "; a publish that waits for it for %s evicts it",
             format_duration(age, why->stat.evict_after));
}

static void producer_answer(const struct why *why, char *ret, size_t size) {
  const struct rill_queue_stat *stat = &why->stat;
  char watched[UNITS_TEXT], name[PROCESS_TEXT];
  (void)name_of(why, process_of_producer(stat), name);
  switch (why->cause) {
  case WHY_PRODUCER_NONE:
    snprintf(ret, size, "'%s' has had no producer yet", stat->name);
    break;
  case WHY_PRODUCER_CLOSED:
    snprintf(ret, size, "the producer of '%s' has closed normally after %llu messages", stat->name,
             (unsigned long long)stat->sequence);
    break;
  case WHY_PRODUCER_DEAD:
    snprintf(ret, size, "the producer of '%s', %s, died; a successor goes on at message %llu",
             stat->name, name, (unsigned long long)stat->sequence);
    break;
  case WHY_PRODUCER_STOPPED:
    snprintf(ret, size, "the producer of '%s', %s (%s), %s", stat->name, name,
             why->producer.command, does(why->producer.state));
    break;
  default: /* WHY_PRODUCER_IDLE */
    snprintf(ret, size,
             "nothing holds '%s' up: all is read, and its producer, %s, published "
             "nothing in %s",
             stat->name, name, format_duration(watched, why->watched));
    break;
  }
}

static void none_answer(const struct why *why, char *ret, size_t size) {
  char name[96], bytes[UNITS_TEXT];
  const bool overwrite = why->stat.overflow == RILL_OVERWRITE;
  int n = snprintf(ret, size, "nothing holds '%s' up%s", why->stat.name,
                   overwrite ? ": it overwrites, and its producer never waits" : "");
  if (why->has_group && why->group.lag_bytes && n > 0 && (size_t)n < size)
    snprintf(ret + n, size - (size_t)n, "; %s is the slowest, %llu messages (%s) behind",
             why_group_name(&why->group, name), (unsigned long long)why->group.lag_messages,
             format_size(bytes, why->group.lag_bytes));
}

static void answer(const struct why *why, char *ret, size_t size) {
  switch (why->cause) {
  case WHY_NONE:
    none_answer(why, ret, size);
    break;
  case WHY_REMOVED:
    snprintf(ret, size, "'%s' was removed: a process that still has it open must open it again",
             why->stat.name);
    break;
  case WHY_NO_GROUP:
    snprintf(ret, size,
             "nothing holds '%s' up: no group %s, so the producer waits for none and the oldest "
             "messages are overwritten",
             why->stat.name, why->evicted || why->refused ? "counts any more" : "exists");
    break;
  case WHY_GROUP_SLOW:
  case WHY_GROUP_STOPPED:
  case WHY_GROUP_DEAD:
  case WHY_GROUP_KEPT:
    group_answer(why, ret, size);
    break;
  default:
    producer_answer(why, ret, size);
    break;
  }
}

/* --- what to do ------------------------------------------------------------------ */

__attribute__((format(printf, 2, 3))) static void advise(struct advice *advice, const char *format,
                                                         ...) {
  va_list arguments;
  va_start(arguments, format);
  if (advice->count < ADVICE_MOST)
    vsnprintf(advice->texts[advice->count++], TEXT, format, arguments);
  va_end(arguments);
}

static void advise_continue(struct advice *advice, const struct process *process, int64_t pid) {
  if (process->state == PROCESS_TRACED)
    advise(advice, "let its debugger go on, or leave it");
  else
    advise(advice, "kill -CONT %lld", (long long)pid);
}

static void advise_slow(struct advice *advice, const struct why *why) {
  const long long pid = (long long)why->group.pid;
  const struct process_id id = process_of_member(&why->group);
  char name[PROCESS_TEXT];
  if (!pid)
    advise(advice, "run this again as a user who has write access");
  else if (why->moves)
    advise(advice,
           "make %s faster, or slow the producer down: a larger queue only helps against bursts",
           process_name(&id, name));
  else if (process_is_elsewhere(&id))
    advise(advice,
           "on the host, lsns %llu lists the processes of that pid namespace: examine there what "
           "its process %lld does with the message that it has",
           (unsigned long long)id.name_space, pid);
  else
    advise(advice, "find out what process %lld does with the message that it has (gdb -p %lld)",
           pid, pid);
}

static void advise_group(struct advice *advice, const struct why *why) {
  const char *name = why->name, *group = why->group.name;
  switch (why->cause) {
  case WHY_GROUP_KEPT:
    advise(advice, "let its reader come back, as rill sub %s --group %s%s", name, group,
           why->where);
    break;
  case WHY_GROUP_DEAD:
    advise(advice, "rill gc%s", why->where);
    break;
  case WHY_GROUP_STOPPED:
    advise_continue(advice, &why->member, why->group.pid);
    advise(advice, "or end it: kill -9 %lld", (long long)why->group.pid);
    break;
  default:
    advise_slow(advice, why);
    break;
  }
  if (why->cause == WHY_GROUP_KEPT || why->group.keep)
    advise(advice, "%sgive its messages up: rill group rm %s %s%s",
           why->cause == WHY_GROUP_KEPT ? "or " : "once it has no member, the group stays; ", name,
           group, why->where);
}

static void advice_of(const struct why *why, struct advice *ret) {
  ret->count = 0;
  if (why->copied)
    return;
  switch (why->cause) {
  case WHY_GROUP_SLOW:
  case WHY_GROUP_STOPPED:
  case WHY_GROUP_DEAD:
  case WHY_GROUP_KEPT:
    advise_group(ret, why);
    break;
  case WHY_PRODUCER_NONE:
  case WHY_PRODUCER_CLOSED:
  case WHY_PRODUCER_DEAD:
    advise(ret, "start a producer, as rill pub %s%s", why->name, why->where);
    break;
  case WHY_PRODUCER_STOPPED:
    advise_continue(ret, &why->producer, why->stat.producer_pid);
    break;
  case WHY_NO_GROUP:
    advise(ret, "start a reader, as rill sub %s%s", why->name, why->where);
    break;
  default:
    break;
  }
  if (why->refused)
    advise(ret, "rill doctor %s%s: the producer refused %u of its groups", why->name, why->where,
           why->refused);
}

/* --- text -------------------------------------------------------------------------- */

static void print_process(FILE *out, const struct process *process) {
  if (process->state == PROCESS_UNKNOWN)
    return;
  fprintf(out, " (%s), %s", process->command, process_word(process->state));
  if (process->cpu >= 0)
    fprintf(out, ", %.0f %% of a processor", 100 * process->cpu);
}

static void print_group(FILE *out, const struct why *why) {
  char bytes[UNITS_TEXT], age[UNITS_TEXT], name[PROCESS_TEXT];
  const struct rill_group_stat *group = &why->group;
  fprintf(out, "  slowest   %s, %s%s\n", *group->name ? group->name : "-",
          words_group(group->state),
          group->keep && group->state != RILL_GROUP_KEPT ? ", kept" : "");
  if (group->pid) {
    fprintf(out, "  member    %s", name_of(why, process_of_member(group), name));
    print_process(out, &why->member);
    fprintf(out, ", waits by %s\n", words_wait(group->wait));
  }
  fprintf(out, "  behind    %llu messages, %s (%.0f %% of the capacity)",
          (unsigned long long)group->lag_messages, format_size(bytes, group->lag_bytes), full(why));
  if (group->lag_age)
    fprintf(out, ", the oldest for %s", format_duration(age, group->lag_age));
  fprintf(out, "%s\n", why->copied ? "" : why->moves ? ", gets on" : ", does not move");
}

static void print_evictions(FILE *out, const struct why *why) {
  const uint64_t count = why->stat.evictions;
  char span[UNITS_TEXT];
  if (why->stat.evict_after)
    fprintf(out, "  evicts    after %s; so far %llu %s\n",
            format_duration(span, why->stat.evict_after), (unsigned long long)count,
            count == 1 ? "time" : "times");
  if (why->evicted > 1)
    fprintf(out, "  evicted   %s and %u more: they hold nothing up\n", why->first_evicted,
            why->evicted - 1);
  else if (why->evicted)
    fprintf(out, "  evicted   %s: it holds nothing up\n", why->first_evicted);
}

int why_print_text(FILE *out, const struct why *why) {
  char text[TEXT], name[PROCESS_TEXT];
  struct advice advice;
  answer(why, text, sizeof text);
  fprintf(out, "%s\n", text);
  if (why->has_group)
    print_group(out, why);
  fprintf(out, "  producer  %s", words_producer(why->stat.producer));
  if (why->stat.producer_pid)
    fprintf(out, ", %s", name_of(why, process_of_producer(&why->stat), name));
  print_process(out, &why->producer);
  fprintf(out, "%s\n", why->blocked ? ", waits for room" : "");
  print_evictions(out, why);
  if (why->stat.limited)
    fprintf(
        out, "  note      %s\n",
        why->copied
            ? "of files, so which processes live is not known"
            : "with read-only access the leases cannot be seen: which processes live is not known");
  advice_of(why, &advice);
  for (int i = 0; i < advice.count; i++)
    fprintf(out, "  %-8s  %s\n", i ? "" : "to do", advice.texts[i]);
  return STATUS_DONE;
}

/* --- JSON -------------------------------------------------------------------------- */

static json_t *process_object(const struct process *process) {
  return json_pack("{s:s, s:s, s:o}", "state", process_word(process->state), "command",
                   process->command, "cpu_percent",
                   process->cpu < 0 ? json_null() : json_real(100 * process->cpu));
}

static json_t *group_object(const struct why *why) {
  const struct rill_group_stat *group = &why->group;
  if (!why->has_group)
    return json_null();
  return json_pack("{s:s, s:I, s:s, s:b, s:I, s:I, s:o, s:b, s:I, s:I, s:I, s:I}", "name",
                   group->name, "index", (json_int_t)group->index, "state",
                   words_group(group->state), "keep", group->keep != 0, "pid",
                   (json_int_t)group->pid, "pid_namespace", (json_int_t)group->pid_namespace,
                   "process", process_object(&why->member), "moves", why->moves, "lag_messages",
                   (json_int_t)group->lag_messages, "lag_bytes", (json_int_t)group->lag_bytes,
                   "lag_age_ns", (json_int_t)group->lag_age, "lost", (json_int_t)group->lost);
}

int why_print_json(FILE *out, const struct why *why) {
  char text[TEXT];
  struct advice advice;
  answer(why, text, sizeof text);
  advice_of(why, &advice);
  json_t *list = json_array();
  for (int i = 0; i < advice.count; i++)
    json_array_append_new(list, json_string(advice.texts[i]));
  json_t *producer = json_pack("{s:s, s:I, s:I, s:o}", "state", words_producer(why->stat.producer),
                               "pid", (json_int_t)why->stat.producer_pid, "pid_namespace",
                               (json_int_t)why->stat.producer_pid_namespace, "process",
                               process_object(&why->producer));
  return json_print(out, json_pack("{s:s, s:s, s:b, s:s, s:o, s:f, s:I, s:I, s:I, s:b, s:o, s:o}",
                                   "name", why->stat.name, "cause", why_word(why->cause), "held",
                                   why->blocked, "answer", text, "advice", list, "full_percent",
                                   full(why), "evict_after_ns", (json_int_t)why->stat.evict_after,
                                   "evictions", (json_int_t)why->stat.evictions, "evicted",
                                   (json_int_t)why->evicted, "limited", why->stat.limited != 0,
                                   "producer", producer, "group", group_object(why)));
}
