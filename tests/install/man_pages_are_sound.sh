#!/bin/sh
# SPDX-License-Identifier: MIT
# Each exported function has a page with the chapters that are promised; groff, and mandoc if
# installed, report nothing for any page; and the generator refuses a header whose comments lack a
# required part.
. "$(dirname "$0")/common.sh"
man=$PREFIX/share/man
for name in $(nm -D --defined-only "$lib/librill.so.0" | sed -n 's/.* T \(.*\)@@.*/\1/p'); do
  page=$man/man3/$name.3
  [ -f "$page" ] || fail "$name has no page"
  target=$(sed -n 's/^\.so //p' "$page")
  page=${target:+$man/}${target:-$page}
  sed -n '/^\.SH NAME/,/^\.SH/p' "$page" | grep -qw "$name" || fail "$name is not in NAME of $page"
  sed -n '/^\.SH SYNOPSIS/,/^\.SH/p' "$page" | grep -qw "$name" || fail "$name has no synopsis"
  for chapter in DESCRIPTION ERRORS '"SEE ALSO"'; do
    grep -q "^\.SH $chapter" "$page" || fail "$page has no $chapter"
  done
  awk '/^\.SH (DESCRIPTION|ERRORS)/ { getline; if (/^\.SH/ || !length) exit 1 }' "$page" ||
    fail "$page has an empty chapter"
  grep -q "^\.BR $name (3)" "$man/man7/rill.7" || [ -n "$target" ] || fail "$name is not in rill(7)"
done
# The pages that others refer to exist.
sed -n 's/^\.BR \(rill[a-z_]*\) (\([1378]\)).*/\1.\2/p' "$man"/man[1378]/* >"$work/names"
while read -r name; do
  [ -f "$man/man${name##*.}/$name" ] || case $name in
  rill.1 | rilld.8) ;; # are not always built
  *) fail "a page refers to $name, which there is not" ;;
  esac
done <"$work/names"

# refused WHY TEXT...: a header with this comment makes no manual.
refused() {
  printf '%s\n' '/* */' "$2" 'RILL_API int rill_x(int count);' >"$work/x.h"
  ! awk -v out="$work" -v version=0 -v template=/dev/null -f "$SOURCE/src/man/pages.awk" \
    "$work/x.h" 2>"$work/why" || fail "a header is not refused: $1"
  grep -q "$1" "$work/why" || fail "$1 is not said, but: $(cat "$work/why")"
}
refused "no comment" ""
refused "does not end with" "/* Does it. Errors: -EINVAL. */"
refused "no \"Errors:\"" "/* Does it. Since 0.1. */"
refused "Ordering comes after Contexts" \
  "/* Does it. Contexts: any. Ordering: none. Errors: -EINVAL. Since 0.1. */"
refused "needs its reason" "/* Does it. Errors: -ELOOP. Since 0.1. */"
refused "which there is not" "/* Does it. Errors: as rill_y. Since 0.1. */"

checked=
if command -v groff >/dev/null; then
  for page in "$man"/man[1378]/*; do
    (cd "$man" && groff -ww -b -man -Tutf8 -z "$page") >"$work/said" 2>&1
    [ ! -s "$work/said" ] || fail "$page: $(cat "$work/said")"
  done
  checked=groff
fi
if command -v mandoc >/dev/null; then
  (cd "$man" && mandoc -Tlint -Wwarning man[1378]/*) |
    grep -v -e 'missing date' -e '\.so is fragile' >"$work/said" || :
  [ ! -s "$work/said" ] || fail "mandoc: $(cat "$work/said")"
  checked="$checked mandoc"
fi
[ -n "$checked" ] || skip "neither groff nor mandoc is here; all else is as it should be"
