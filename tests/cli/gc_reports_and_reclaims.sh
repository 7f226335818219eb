#!/bin/sh
# SPDX-License-Identifier: MIT
# gc --dry-run says what it would remove, and leaves it; gc removes it, and nothing that is kept.
. "$(dirname "$0")/common.sh"
run 0 "$RILL" gc
says nothing
run 0 "$RILL" gc -q
is_quiet
run 0 "$RILL" create kept
run 0 "$RILL" create passing --transient
run 0 "$RILL" gc --dry-run --json
same "true 1 passing" "$("$JSON" dry_run reclaimed.# reclaimed.0.name <"$out")"
run 0 "$RILL" gc --dry-run
grep -q passing "$out" || fail "no line for it"
run 0 "$RILL" stat passing
run 0 "$RILL" gc --json
same "false 1" "$("$JSON" dry_run reclaimed.# <"$out")"
run 1 "$RILL" stat passing
run 0 "$RILL" stat kept
