/* SPDX-License-Identifier: MIT */
/* completion.c - the completion of rill for bash, made from the tables of the verbs, so that it
 * offers what the parser accepts. It gets queues and groups from rill ls --names and rill group
 * ls --names. */
#include "cli.h"

#include <string.h>

static void print_names(FILE *out, const struct option *options) {
  for (; options->name; options++)
    if (options->help)
      fprintf(out, " --%s", options->name);
}

/* Prints what the value of an option may be: the lower-case words of "this|that|OTHER", up to a
 * ]; or a path. */
static void print_value(FILE *out, const char *value) {
  if (!strcmp(value, "PATH")) {
    fputs("kind=folders", out);
  } else if (!strcmp(value, "FILE") || !strcmp(value, "CONTROL,DATA")) {
    fputs("kind=files", out);
  } else if (!strcmp(value, "GROUP")) {
    fputs("kind=group", out);
  } else if (!strchr(value, '|')) {
    fputs("kind=nothing", out);
  } else {
    fputs("kind=words words='", out);
    for (const char *word = value; word;) {
      size_t size = strcspn(word, "|]");
      if (*word >= 'a' && *word <= 'z')
        fprintf(out, "%.*s ", (int)size, word);
      word = word[size] == '|' ? word + size + 1 : NULL;
    }
    putc('\'', out);
  }
}

/* The cases of the options that take a value. verb: as a pattern of case. */
static void print_values(FILE *out, const char *verb, const struct option *options) {
  for (; options->name; options++) {
    if (!options->value || !options->help)
      continue;
    fprintf(out, "  %s,--%s", verb, options->name);
    if (options->letter)
      fprintf(out, " | %s,-%c", verb, options->letter);
    fputs(") ", out);
    print_value(out, options->value);
    fputs(" ;;\n", out);
  }
}

/* Prints what the operands of a verb are: "VERB", "QUEUE", or words as for an option,
 * "[this|that]...". */
static void print_operands(FILE *out, const char *operands) {
  if (strstr(operands, "VERB"))
    fputs("kind=verb", out);
  else if (strstr(operands, "GROUP"))
    fputs("kind=${first:+group} kind=${kind:-queue}", out);
  else if (strstr(operands, "QUEUE") || strstr(operands, "PATTERN"))
    fputs("kind=queue", out);
  else
    print_value(out, operands + strspn(operands, "["));
}

static void print_verb(FILE *out, const struct verb *verb) {
  fprintf(out, "  '%s') ", verb->name);
  print_operands(out, verb->operands);
  fputs(" options='", out);
  print_names(out, verb->options);
  fputs("' ;;\n", out);
}

/* The verbs of a group, or of rill (NULL). */
static void print_verbs(FILE *out, const struct verb *group) {
  fprintf(out, "  '%s') words='", group ? group->name : "");
  for (const struct verb *const *verb = verbs_of(group); *verb; verb++)
    fprintf(out, "%s ", verb_word(*verb));
  fputs("' ;;\n", out);
}

static const char head[] =
    "_rill() {\n"
    "  local cur=${COMP_WORDS[COMP_CWORD]} prev='' verb='' first='' kind='' words='' options=''\n"
    "  local word before i\n"
    "  local -a where=()\n"
    "  ((COMP_CWORD == 0)) || prev=${COMP_WORDS[COMP_CWORD - 1]}\n"
    "  # --name=value comes as three words.\n"
    "  if [[ $cur == = ]]; then\n"
    "    cur=''\n"
    "  elif [[ $prev == = ]] && ((COMP_CWORD > 1)); then\n"
    "    prev=${COMP_WORDS[COMP_CWORD - 2]}\n"
    "  fi\n"
    "  for ((i = 1; i < COMP_CWORD; i++)); do\n"
    "    word=${COMP_WORDS[i]} before=${COMP_WORDS[i - 1]}\n"
    "    case $word in\n"
    "    --namespace | --dir)\n"
    "      [[ ${COMP_WORDS[i + 1]} != = ]] || ((i++))\n"
    "      ((i + 1 >= COMP_CWORD)) || where+=(\"$word\" \"${COMP_WORDS[i + 1]}\")\n"
    "      ((++i))\n"
    "      ;;\n"
    "    -* | =) ;;\n"
    "    *)\n"
    "      if [[ $before == = ]] || _rill_value \"$verb\" \"$before\"; then\n"
    "        :\n"
    "      elif [[ -z $verb ]]; then\n"
    "        verb=$word\n"
    "      elif [[ $verb != *' '* ]] && _rill_verbs \"$verb\"; then\n"
    "        verb=\"$verb $word\"\n"
    "      else\n"
    "        first=${first:-$word}\n"
    "      fi\n"
    "      ;;\n"
    "    esac\n"
    "  done\n"
    "  COMPREPLY=() kind='' words=''\n"
    "  _rill_value \"$verb\" \"$prev\" || _rill_operand \"$verb\"\n";

static const char tail[] =
    "  case $kind in\n"
    "  verb)\n"
    "    [[ $verb == help ]] || first=$verb\n"
    "    _rill_verbs \"$first\"\n"
    "    ;;\n"
    "  queue) words=$(\"${COMP_WORDS[0]}\" ls --names \"${where[@]}\" 2>/dev/null) ;;\n"
    "  group) words=$(\"${COMP_WORDS[0]}\" group ls --names \"${where[@]}\" -- \"$first\" "
    "2>/dev/null) ;;\n"
    "  files | folders)\n"
    "    compopt -o filenames 2>/dev/null\n"
    "    [[ $kind == files ]] && kind=-f || kind=-d\n"
    "    mapfile -t COMPREPLY < <(compgen \"$kind\" -- \"$cur\")\n"
    "    return\n"
    "    ;;\n"
    "  esac\n"
    "  mapfile -t COMPREPLY < <(compgen -W \"$words\" -- \"$cur\")\n"
    "}\n"
    "complete -F _rill rill\n";

void completion(FILE *out) {
  const struct verb *verb;
  char pattern[64];
  fputs("# bash completion for rill. Made by the inspector itself: rill help --completion.\n"
        "_rill_value() { # VERB OPTION: what its value may be; fails if it takes none\n"
        "  case $1,$2 in\n",
        out);
  for (size_t i = 0; (verb = verb_at(i)); i++) {
    snprintf(pattern, sizeof pattern, "'%s'", verb->name);
    print_values(out, pattern, verb->options);
  }
  print_values(out, "*", common_options);
  fputs("  *) return 1 ;;\n  esac\n}\n"
        "_rill_verbs() { # GROUP: its verbs; fails if it has none\n"
        "  case $1 in\n",
        out);
  print_verbs(out, NULL);
  for (size_t i = 0; (verb = verb_at(i)); i++)
    if (verb->verbs)
      print_verbs(out, verb);
  fputs("  *) return 1 ;;\n  esac\n}\n"
        "_rill_operand() { # VERB: what its next operand may be, and its options\n"
        "  case $1 in\n"
        "  '') kind=verb ;;\n",
        out);
  for (size_t i = 0; (verb = verb_at(i)); i++)
    print_verb(out, verb);
  fputs("  esac\n}\n", out);
  fputs(head, out);
  fputs("  [[ $cur != -* ]] || kind=words words=\"$options", out);
  print_names(out, common_options);
  fputs("\"\n", out);
  fputs(tail, out);
}
