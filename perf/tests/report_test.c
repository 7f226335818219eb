/* SPDX-License-Identifier: MIT */
/* perf/tests/report_test.c - the page that rill_perf_report makes of report_sample.json: it is
 * well-formed, names every contender, and hostile text stays text; broken files are refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <ctype.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static char directory[] = "/tmp/rill-report-XXXXXX";
static char page_path[64], broken_path[64];

static char *slurp(const char *path) {
  FILE *file = fopen(path, "re");
  if (!file)
    return NULL;
  char *text = NULL;
  size_t size = 0;
  if (getdelim(&text, &size, 0, file) < 0) {
    free(text);
    text = NULL;
  }
  fclose(file);
  return text;
}

/* Runs the generator on a file; its exit status, and its messages on stderr. */
static int generate(const char *input, char *said, size_t size) {
  int ends[2];
  assert_int_equal(pipe(ends), 0);
  pid_t pid = fork();
  if (pid == 0) {
    dup2(ends[1], STDERR_FILENO);
    execl(REPORT, REPORT, "--out", page_path, "--machine", "CPU=<script>alert(1)</script>",
          "--version", "Rill=1.2.3 & more", "--text", "Reclaim <i>=" TEXT, input, (char *)NULL);
    _exit(127);
  }
  close(ends[1]);
  FILE *words = fdopen(ends[0], "r");
  size_t used = fread(said, 1, size - 1, words);
  said[used] = 0;
  fclose(words);
  int status;
  assert_int_equal(waitpid(pid, &status, 0), pid);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

/* The end of a tag that begins at `at`: each attribute has a value in double quotes, with no
 * '<' in it. NULL: it is malformed. */
static const char *tag_end(const char *at) {
  while (*at && *at != '>') {
    if (*at == '<')
      return NULL;
    if (*at == '=' && at[1] != '"')
      return NULL;
    if (*at == '"') {
      at++;
      at += strcspn(at, "\"<");
      if (*at != '"')
        return NULL;
    }
    at++;
  }
  return *at ? at : NULL;
}

static bool is_entity(const char *at) {
  static const char *const known[] = {"&amp;", "&lt;", "&gt;", "&quot;"};
  for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
    if (strncmp(at, known[i], strlen(known[i])) == 0)
      return true;
  return false;
}

/* Every element is closed, in the right sequence; every & begins an entity; there are no control
 * characters. Returns where that is violated, or NULL. */
static const char *malformed(const char *text) {
  const char *open[64];
  size_t depth = 0;
  for (const char *at = text; *at; at++) {
    if ((unsigned char)*at < 0x20 && *at != '\n')
      return at;
    if (*at == '&' && !is_entity(at))
      return at;
    if (*at != '<')
      continue;
    const char *end = tag_end(at + 1), *name = at + 1 + (at[1] == '/');
    size_t length = strcspn(name, " />\n");
    if (!end || !length)
      return at;
    if (at[1] == '/') {
      if (!depth || strncmp(open[depth - 1], name, length) != 0 ||
          isalnum((unsigned char)open[depth - 1][length]))
        return at;
      depth--;
    } else if (at[1] != '!' && end[-1] != '/') {
      if (depth == sizeof open / sizeof open[0])
        return at;
      open[depth++] = name;
    }
    at = end;
  }
  return depth ? open[depth - 1] : NULL;
}

static void the_check_itself_finds_what_is_malformed(void **state) {
  (void)state;
  assert_null(malformed("<a b=\"c\"><d/>x &amp; y</a>"));
  assert_non_null(malformed("<a><b></a></b>"));
  assert_non_null(malformed("<a>"));
  assert_non_null(malformed("<a>x & y</a>"));
  assert_non_null(malformed("<a b=c></a>"));
  assert_non_null(malformed("<a b=\"<\"></a>"));
  assert_non_null(malformed("<a>\1</a>"));
}

static int make_page(void **state) {
  char said[1024];
  assert_int_equal(generate(SAMPLE, said, sizeof said), 0);
  assert_string_equal(said, "");
  *state = slurp(page_path);
  return *state ? 0 : -1;
}

static int drop_page(void **state) {
  free(*state);
  return remove(page_path);
}

static void page_is_well_formed(void **state) {
  const char *where = malformed(*state);
  if (where)
    fail_msg("malformed at: %.80s", where);
}

static void page_names_every_contender_and_fact(void **state) {
  static const char *const wanted[] = {
      "rill",
      "bare",
      "nng",
      "a_contender_whose_name_is_much_too_long_for_any_label",
      "&lt;b&gt;&quot;&amp;'",
      "1.5.2 &lt;inproc&gt; &quot;quoted&quot; &amp; more",
      "1.2.3 &amp; more",
      "open of nng/1000: &lt;no room&gt;",
      "Not seen: no far round in this run",
      "48 B, 1us",
      "64 groups",
      "Reclaim &lt;i&gt;</h2>",
      "<pre>ms after kill -9        p50      p90\na &lt;small&gt; process",
      "5 entries do not follow"};
  for (size_t i = 0; i < sizeof wanted / sizeof wanted[0]; i++)
    if (!strstr(*state, wanted[i]))
      fail_msg("'%s' is not in the page", wanted[i]);
}

static void page_has_the_figures_of_the_sample(void **state) {
  static const char *const wanted[] = {
      "1.16 <small>1.10 to 1.22</small>", /* ratio of rill/48, near              */
      "647 ns",                           /* time of rill/48, far                */
      "21.0 \xc2\xb5s",                   /* p9999 of rill                       */
  };
  for (size_t i = 0; i < sizeof wanted / sizeof wanted[0]; i++)
    if (!strstr(*state, wanted[i]))
      fail_msg("'%s' is not in the page", wanted[i]);
}

static void hostile_text_stays_text(void **state) {
  assert_null(strstr(*state, "<b>"));
  assert_null(strstr(*state, "<script"));
  assert_null(strstr(*state, "\1"));
}

static void page_needs_nothing_from_outside(void **state) {
  assert_null(strstr(*state, "src="));
  assert_null(strstr(*state, "<link"));
  assert_null(strstr(*state, "@import"));
  assert_null(strstr(*state, "url("));
  assert_null(strstr(*state, "href=\"http"));
}

/* No page is left, and the words name the file and what is wrong with it. */
static void expect_refusal(const char *content, const char *words) {
  char said[1024];
  FILE *file = fopen(broken_path, "we");
  assert_non_null(file);
  fputs(content, file);
  assert_int_equal(fclose(file), 0);
  assert_int_equal(generate(broken_path, said, sizeof said), 1);
  if (!strstr(said, broken_path) || !strstr(said, words))
    fail_msg("neither file nor '%s' in: %s", words, said);
  assert_int_equal(access(page_path, F_OK), -1);
  remove(broken_path);
}

static void broken_json_is_refused_with_its_place(void **state) {
  (void)state;
  expect_refusal("{\"context\": {},\n\"benchmarks\": [", "line 2");
  expect_refusal("", "broken JSON");
}

static void json_of_something_else_is_refused(void **state) {
  (void)state;
  expect_refusal("[1, 2]", "no array 'benchmarks'");
  expect_refusal("{\"context\": {}}", "no array 'benchmarks'");
  expect_refusal("{\"benchmarks\": []}", "no object 'context'");
}

static void a_missing_file_is_named(void **state) {
  char said[1024];
  (void)state;
  assert_int_equal(generate("/nowhere/at-all.json", said, sizeof said), 1);
  assert_non_null(strstr(said, "/nowhere/at-all.json"));
}

int main(void) {
#define ON_PAGE(test) cmocka_unit_test_setup_teardown(test, make_page, drop_page)
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(the_check_itself_finds_what_is_malformed),
      ON_PAGE(page_is_well_formed),
      ON_PAGE(page_names_every_contender_and_fact),
      ON_PAGE(page_has_the_figures_of_the_sample),
      ON_PAGE(hostile_text_stays_text),
      ON_PAGE(page_needs_nothing_from_outside),
      cmocka_unit_test(broken_json_is_refused_with_its_place),
      cmocka_unit_test(json_of_something_else_is_refused),
      cmocka_unit_test(a_missing_file_is_named),
  };
  if (!mkdtemp(directory)) {
    perror("mkdtemp");
    return 1;
  }
  snprintf(page_path, sizeof page_path, "%s/page.html", directory);
  snprintf(broken_path, sizeof broken_path, "%s/broken.json", directory);
  int failed = cmocka_run_group_tests(tests, NULL, NULL);
  rmdir(directory);
  return failed;
}
