#!/bin/sh
# SPDX-License-Identifier: MIT
# share/rill/interface.json has the constants and structs of the headers, which layout.list has too,
# and the attributes and figures of the tables with what they mean, for bindings.
. "$(dirname "$0")/common.sh"
json=$PREFIX/share/rill/interface.json
if command -v python3 >/dev/null; then
  python3 -m json.tool "$json" /dev/null
fi
same "$(sed -n 's/^#define RILL_VERSION "\(.*\)"/\1/p' "$PREFIX/include/rill/version.h")" \
  "$(sed -n 's/^  "version": "\(.*\)",$/\1/p' "$json")"
sed -n -e 's/^    "\(RILL_[A-Z_0-9]*\)": \([0-9]*\),*$/\1 \2/p' \
  -e 's/^.*"\(rill_[a-z_]*\)": {"size": \([0-9]*\), "fields.*/struct \1 \2/p' \
  -e 's/^ *"\([a-z_0-9]*\)": {"offset": \([0-9]*\), "size": \([0-9]*\)}.*/  \1 \2 \3/p' \
  "$json" | grep -v -e '^RILL_NOW ' -e '^RILL_FOREVER ' | sort >"$work/json.list"
grep -v '^#' "$SOURCE/tests/install/layout.list" | sort | diff -u - "$work/json.list" ||
  fail "interface.json has not what layout.list has"
grep -q '^    "RILL_FOREVER": 9223372036854775807,$' "$json" || fail "no RILL_FOREVER"
for name in capacity evict_after type.id mode evictions lag_bytes; do
  grep -q "\"$name\": {\"type\": \".*\"help\": \"..*\"" "$json" || fail "nothing of $name"
done
