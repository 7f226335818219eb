#!/bin/sh
# SPDX-License-Identifier: MIT
# On a terminal pub shows its progress, and that it waits for room; an error that follows
# has a line of its own.
. "$(dirname "$0")/common.sh"
command -v script >/dev/null || skip "no script(1)"
run 0 "$RILL" create q --capacity 64K --group slow
run 3 script -qec "yes | '$RILL' pub q --timeout 1500ms" /dev/null
tr '\r' '\n' <"$out" | grep -q 'messages, .*, waits for room' || fail "shows no wait"
tr '\r' '\n' <"$out" | grep -q "$(printf '^\033\\[Krill: pub: q: the queue stayed full')" ||
  fail "the error is on the line of the progress"
