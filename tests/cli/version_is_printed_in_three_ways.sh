#!/bin/sh
# SPDX-License-Identifier: MIT
# rill version, rill --version or -V, and JSON.
. "$(dirname "$0")/common.sh"
run 0 "$RILL" version
cp "$out" "$work/version"
run 0 "$RILL" --version
cmp "$out" "$work/version"
run 0 "$RILL" -V
cmp "$out" "$work/version"
run 0 "$RILL" version --json
grep -q "$("$JSON" version <"$out")" "$work/version" || fail "versions differ"
