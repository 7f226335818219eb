#!/bin/sh
# SPDX-License-Identifier: MIT
# Comments, error texts, documents, the manual and names use plain words: none of those
# in tests/words.list, unless it is allowed there.
#
# words_are_plain.sh [--count] [PATH]...    --count: how many by folder, in place of each
set -eu
cd "$(dirname "$0")/../.."
count=
[ "${1-}" != --count ] || {
  count=1
  shift
}
[ $# -gt 0 ] || set -- include shm src perf tests ./*.md CMakeLists.txt .github
list=tests/words.list
found=$(mktemp)
trap 'rm -f "$found"' EXIT

find "$@" -path tests/fuzz/corpus -prune -o -type f \( -name '*.[ch]' -o -name '*.cc' -o -name '*.cpp' \
  -o -name '*.pml' -o -name '*.def' -o -name '*.md' -o -name '*.sh' -o -name '*.awk' -o -name '*.cmake' \
  -o -name 'CMakeLists.txt' -o -name '*.in' -o -name '*.map' -o -name run \) -print |
  sed 's|^\./||' | LC_ALL=C sort | LC_ALL=C xargs awk -v list="$list" '
# The input is cut into paragraphs: text that belongs together, over the ends of lines. `at` has the
# places in it at which lines begin.
function add(text) {
  gsub(/[ \t]+/, " ", text)
  sub(/^ /, "", text)
  if (text == "") return
  if (paragraph != "" && paragraph !~ / $/) paragraph = paragraph " "
  starts++
  at[starts] = length(paragraph) + 1
  line_at[starts] = FNR
  paragraph = paragraph text
}

function allowed(words,   i) {
  for (i = 1; i <= allows; i++)
    if (file ~ allow_file[i] && words ~ allow_words[i]) return 1
  return 0
}

function say(line, words, instead) {
  gsub(/^[^a-z]+|[^a-z]+$/, "", words)
  if (!allowed(words) && !said[file, line, words]++)
    printf "%s:%d: %s -> %s\n", file, line, words, instead
}

# Reports each place of the pattern in the text, on the line `fixed` or else on that of the paragraph.
function check(text, pattern, instead, fixed, question,   from, i, rest, sentence, stop) {
  from = 1
  while (match(substr(text, from), pattern)) {
    rest = substr(text, from + RSTART - 1)
    stop = RLENGTH
    from += RSTART
    if (question) { # is it one?
      sentence = substr(rest, 3)
      match(sentence, /[.?!;:]( |$)|$/)
      if (substr(sentence, RSTART, 1) == "?") continue
    }
    for (i = 1; i < starts && at[i + 1] <= from; i++) continue
    say(fixed != "" ? fixed : line_at[i], substr(rest, 1, stop), instead)
  }
}

function flush(   i, text, code) {
  if (paragraph == "") return
  text = tolower(paragraph)
  while (match(text, /`[^`]*`/)) { # code, of the same length
    code = substr(text, RSTART, RLENGTH)
    gsub(/./, "~", code)
    text = substr(text, 1, RSTART - 1) code substr(text, RSTART + RLENGTH)
  }
  for (i = 1; i <= texts; i++) check(text, text_pattern[i], text_instead[i], "", 0)
  for (i = 1; i <= heads; i++) check(text, head_pattern[i], head_instead[i], "", 1)
  paragraph = ""
  starts = 0
}

# C and Promela: comments, and strings (with nothing between them they belong together).
function c_line(line,   end, before, text) {
  while (line != "") {
    if (inside) {
      end = index(line, "*/")
      text = end ? substr(line, 1, end - 1) : line
      sub(/^ *\*+ ?/, "", text)
      if (text ~ /^ *$/) flush()
      else add(text)
      if (!end) return
      inside = 0
      flush()
      line = substr(line, end + 2)
    } else if (match(line, /\/\*|\/\/|"([^"\\]|\\.)*"|\047([^\047\\]|\\.)*\047/)) {
      before = substr(line, 1, RSTART - 1)
      text = substr(line, RSTART, RLENGTH)
      line = substr(line, RSTART + RLENGTH)
      if (before !~ /^[ \t]*$/) flush()
      if (text == "/*") {
        flush()
        inside = 1
        sub(/^\*/, "", line)
        if (line == "") return
      } else if (text == "//") {
        add(line)
        return
      } else if (text ~ /^"/) {
        gsub(/\\n/, ". ", text)
        add(substr(text, 2, length(text) - 2))
      }
    } else {
      if (line !~ /^[ \t]*$/) flush()
      return
    }
  }
}

# Documents: a list item, a cell, a heading each stand alone.
function md_line(line,   i, n, cells) {
  if (line ~ /^[ \t]*$/ || line ~ /^(#|```)/ || line ~ /^ *([*-]|[0-9]+\.) / || line ~ /^\|/) flush()
  if (line ~ /^\|/) {
    n = split(line, cells, "|")
    for (i = 1; i <= n; i++) { add(cells[i]); flush() }
    return
  }
  sub(/^[#* -]+|^ *[0-9]+\. /, "", line)
  gsub(/[*]/, "", line)
  add(line)
}

function roff_line(line) {
  if (line ~ /^[.]/) {
    if (line ~ /^[.](SH|SS|PP|TP|IP|TH|nf|fi)/) flush()
    sub(/^[.][A-Z\\"]+ ?/, "", line)
  }
  gsub(/\\f[BIRP]/, "", line)
  gsub(/\\-/, "-", line)
  add(line)
}

function hash_line(line) {
  if (line ~ /^ *#/) {
    sub(/^ *#+/, "", line)
    if (line ~ /^ *$/) flush()
    else add(line)
    return
  }
  flush()
  add(line)
  flush()
}

BEGIN {
  while ((getline line < list) > 0) {
    if (line ~ /^#/ || split(line, field, "\t") < 2) continue
    whole = "(^|[^a-z0-9_-])(" field[2] ")([^a-z0-9_-]|$)"
    part = "(^|[^a-z])(" field[2] ")([^a-z]|$)"
    if (field[1] == "text") {
      text_pattern[++texts] = whole
      text_instead[texts] = field[3]
    } else if (field[1] == "start") {
      head_pattern[++heads] = "(^|[.?!:;] )(" field[2] ") "
      head_instead[heads] = field[3]
    } else if (field[1] == "name" || field[1] == "tests") {
      name_pattern[++names] = part
      name_instead[names] = field[3]
      name_where[names] = field[1] == "tests" ? "^tests/" : "."
    } else if (field[1] == "allow") {
      colon = index(field[2], ":")
      allow_file[++allows] = as_pattern(substr(field[2], 1, colon - 1))
      allow_words[allows] = as_pattern(substr(field[2], colon + 1))
    } else {
      print list ": what is " field[1] "?"
      exit 1
    }
  }
}
function as_pattern(glob) {
  gsub(/[.+(){}^$|]/, "[&]", glob)
  gsub(/[*]/, ".*", glob)
  gsub(/[?]/, ".", glob)
  return "^" glob "$"
}

FNR == 1 {
  flush()
  file = FILENAME
  inside = 0
  kind = file ~ /\.md$/ ? "md" : file ~ /\.[0-9]\.in$/ ? "roff" : file ~ /\.(c|h|cc|cpp|pml|def|h\.in|c\.in)$/ ? "c" : "hash"
  path = file
  gsub(/[_\/.]/, " ", path)
  for (i = 1; i <= texts; i++) check(path, text_pattern[i], text_instead[i], 1, 0)
  for (i = 1; i <= names; i++)
    if (file ~ name_where[i]) check(path, name_pattern[i], name_instead[i], 1, 0)
}
{
  low = tolower($0)
  for (i = 1; i <= names; i++)
    if (low ~ name_pattern[i] && file ~ name_where[i])
      check(low, name_pattern[i], name_instead[i], FNR, 0)
  if (kind == "c") c_line($0)
  else if (kind == "md") md_line($0)
  else if (kind == "roff") roff_line($0)
  else hash_line($0)
}
END { flush() }' | LC_ALL=C sort -t: -k1,1 -k2,2n >"$found"

total=$(wc -l <"$found")
if [ -n "$count" ]; then
  sed -e 's|:.*||' -e 's|^\([^/]*\)$|(top)/\1|' "$found" |
    awk -F/ '{ print $1 == "src" || $1 == "tests" || $1 == "perf" ? (NF > 2 ? $1 "/" $2 : $1) : $1 == "(top)" ? $2 : $1 }' |
    sort | uniq -c | sort -rn
else
  cat "$found"
fi
echo "$total words to replace (tests/words.list says how, and which may stay)"
[ "$total" -eq 0 ]
