#!/bin/sh
# SPDX-License-Identifier: MIT
# create again: the same is fine and said, anything else fails; --exclusive always.
. "$(dirname "$0")/common.sh"
run 0 "$RILL" create q --capacity 1M --overflow overwrite --max-message 1000 --groups 7 --group g \
  --mode 0750 --type-id 5 --type-size 16 --type-version 2
is_quiet
run 0 "$RILL" create q --capacity 1M --overflow overwrite --group g
says exists
run 0 "$RILL" create q
run 1 "$RILL" create q --exclusive
run 1 "$RILL" create q --capacity 2M
run 1 "$RILL" create q --overflow reliable
run 1 "$RILL" create q --transient
run 1 "$RILL" create q --group other
says other
run 1 "$RILL" create q --max-message 999
run 1 "$RILL" create q --groups 8
run 1 "$RILL" create q --type-id 6
run 0 "$RILL" stat q --json
same "1048576 overwrite 1000 7 0750 kept 5 16 2 g kept" "$("$JSON" capacity overflow max_message \
  max_groups mode lifetime type.id type.size type.version groups.0.name groups.0.state <"$out")"
run 2 "$RILL" create "bad name"
run 2 "$RILL" create q2 --capacity 1M --max-message 1M
run 0 "$RILL" create t --transient

