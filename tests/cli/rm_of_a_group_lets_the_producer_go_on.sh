#!/bin/sh
# SPDX-License-Identifier: MIT
# A kept group that is not needed any more is removed, and the queue stays.
. "$(dirname "$0")/common.sh"
run 0 "$RILL" create q --capacity 64K --group gone --group stays
run 3 "$RILL" pub q --count 5000 --timeout 20ms
"$RILL" pub q --count 300 &
background
pub=$!
run 0 "$RILL" rm q --group gone
run 1 "$RILL" rm q --group gone
run 0 "$RILL" rm q --group gone --force
run 0 "$RILL" sub q --group stays --quiet
ended "$pub" 0
run 0 "$RILL" stat q --json
same "1 stays" "$("$JSON" groups.# groups.0.name <"$out")"
