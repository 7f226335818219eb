#!/bin/sh
# SPDX-License-Identifier: MIT
# librill.so exports the functions that the headers declare and that librill.map lists, with
# their versions, and nothing else; a name that was released still exists (symbols.list).
# Names in librill.a begin with rill_ or rilli_, and are hidden in a library that links it.
. "$(dirname "$0")/common.sh"
nm -D --defined-only "$lib/librill.so.0" | sed -n 's/.* T \(.*\)@@\(.*\)/\1 \2/p' | sort >"$work/exports"
awk '/^RILL_/ { version = $1 } /^ +[a-z_]+;/ { sub(/;/, ""); print $1, version }' \
  "$SOURCE/src/client/librill.map" | sort >"$work/map"
diff "$work/map" "$work/exports" || fail "librill.map is not what librill.so exports"
same "$(grep -c . "$work/map")" "$(nm -D --defined-only "$lib/librill.so.0" | grep -c ' T ')"
cat "$PREFIX"/include/rill/*.h | awk '/^RILL_API /{ print }' |
  sed 's/.*[ *]\(rill_[a-z_]*\)(.*/\1/' | sort >"$work/headers"
cut -d' ' -f1 "$work/map" | diff "$work/headers" - || fail "librill.map is not what the headers say"
# A function and a struct of one name are a trap in C++, where a struct's name needs no "struct".
sed -n 's/^\(typedef \)*struct \(rill_[a-z_]*\).*/\2/p' "$PREFIX"/include/rill/*.h | sort -u |
  comm -12 - "$work/headers" >"$work/both"
[ ! -s "$work/both" ] || fail "a function and a struct: $(cat "$work/both")"

sort "$SOURCE/tests/install/symbols.list" | grep -v '^#' >"$work/released"
comm -23 "$work/released" "$work/exports" >"$work/gone"
[ ! -s "$work/gone" ] || fail "no longer exported: $(cat "$work/gone")"
comm -13 "$work/released" "$work/exports" >"$work/new"
[ ! -s "$work/new" ] || fail "new, to be added to symbols.list: $(cat "$work/new")"

nm "$lib/librill.a" | awk '$2 ~ /^[A-TV-Z]$/ && $3 !~ /^rilli?_/' >"$work/foreign"
[ ! -s "$work/foreign" ] || fail "librill.a has names of others: $(cat "$work/foreign")"
echo 'int mine(void) { return 0; }' >"$work/mine.c"
"$CC" -shared -fPIC -o "$work/mine.so" "$work/mine.c" -Wl,--whole-archive "$lib/librill.a" \
  -Wl,--no-whole-archive
! nm -D --defined-only "$work/mine.so" | grep rilli_ || fail "librill.a shows what is inside"
