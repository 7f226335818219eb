/* SPDX-License-Identifier: MIT */
/* json.c - for the tests of the inspector: reads JSON texts from standard input, and
 * prints for each, on a line, the values at the given paths (keys and indices, joined by
 * dots; "#" is the number of elements). Status 1: not JSON, none, or no such path. */
#include <jansson.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static json_t *child(json_t *value, const char *key) {
  if (json_is_array(value))
    return json_array_get(value, strtoul(key, NULL, 10));
  return json_object_get(value, key);
}

static void print(const json_t *value) {
  if (json_is_string(value))
    fwrite(json_string_value(value), 1, json_string_length(value), stdout);
  else
    json_dumpf(value, stdout, JSON_ENCODE_ANY | JSON_COMPACT);
}

static int print_path(json_t *value, const char *path) {
  char copy[256];
  snprintf(copy, sizeof copy, "%s", path);
  for (char *rest = NULL, *key = strtok_r(copy, ".", &rest); key;
       key = strtok_r(NULL, ".", &rest)) {
    if (!strcmp(key, "#")) {
      printf("%zu", json_is_array(value) ? json_array_size(value) : json_object_size(value));
      return 0;
    }
    value = child(value, key);
    if (!value) {
      fprintf(stderr, "no '%s' in '%s'\n", key, path);
      return 1;
    }
  }
  print(value);
  return 0;
}

int main(int argc, char **argv) {
  json_error_t error;
  int texts = 0, c;
  while ((c = getchar()) != EOF) {
    if (c == '\n' || c == ' ')
      continue;
    ungetc(c, stdin);
    json_t *value = json_loadf(stdin, JSON_DISABLE_EOF_CHECK | JSON_ALLOW_NUL, &error);
    if (!value) {
      fprintf(stderr, "line %d: %s\n", error.line, error.text);
      return 1;
    }
    for (int i = 1; i < argc; i++) {
      fputs(i > 1 ? " " : "", stdout);
      if (print_path(value, argv[i]))
        return 1;
    }
    if (argc > 1)
      putchar('\n');
    json_decref(value);
    texts++;
  }
  return texts ? 0 : 1;
}
