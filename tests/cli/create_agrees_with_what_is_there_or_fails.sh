#!/bin/sh
# SPDX-License-Identifier: MIT
# create again: the same attributes succeed with a note, others fail; --exclusive always fails.
. "$(dirname "$0")/common.sh"
run 0 "$RILL" create q --capacity 1M --overflow overwrite --max-message 1000 --max-groups 7 --group g \
  --mode 0750 --type-id 5 --type-size 16 --type-version 2
is_quiet
run 0 "$RILL" create q --group g --quiet
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
run 1 "$RILL" create q --max-groups 8
run 1 "$RILL" create q --type-id 6
run 0 "$RILL" stat q --json
same "1048576 overwrite 1000 7 0750 kept 5 16 2 g kept" "$("$JSON" capacity overflow max_message \
  max_groups mode lifetime type.id type.size type.version groups.0.name groups.0.state <"$out")"
run 2 "$RILL" create "bad name"
run 2 "$RILL" create q2 --capacity 1M --max-message 1M
run 0 "$RILL" create t --transient

run 0 "$RILL" create e --evict-after 1.5s
run 0 "$RILL" create e --evict-after 1500ms --overflow reliable
run 0 "$RILL" create e
run 1 "$RILL" create e --evict-after 2s
run 1 "$RILL" create e --evict-after 0
says "its evict_after is 1.5 s"
run 1 "$RILL" create q --evict-after 2s
run 0 "$RILL" create q --evict-after 0
run 0 "$RILL" stat e --json
same "1500000000 0" "$("$JSON" evict_after_ns evictions <"$out")"
run 0 "$RILL" stat q --json
same "0 0" "$("$JSON" evict_after_ns evictions <"$out")"
for verb in create pub; do
  run 2 "$RILL" $verb e2 --evict-after 1s --overflow overwrite </dev/null
  says "--overflow reliable"
  run 2 "$RILL" $verb e2 --evict-after soon </dev/null
  says "duration"
done
run 1 "$RILL" stat e2
run 0 "$RILL" pub e3 --evict-after 2m </dev/null
run 0 "$RILL" stat e3 --json
same 120000000000 "$("$JSON" evict_after_ns <"$out")"

