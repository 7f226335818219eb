#!/bin/sh
# SPDX-License-Identifier: MIT
# rm of several: a missing one is a failure, and the others are removed.
. "$(dirname "$0")/common.sh"
run 0 "$RILL" create a
run 0 "$RILL" create b
run 1 "$RILL" rm a none b
says none
run 0 "$RILL" ls --json
same 0 "$("$JSON" '#' <"$out")"
run 0 "$RILL" rm --force none
is_quiet
run 2 "$RILL" rm
