#!/bin/sh
# SPDX-License-Identifier: MIT
# create --numa, --no-prefault, --mlock, --huge, --dump: stat shows what was requested and what
# this host gave.
. "$(dirname "$0")/common.sh"
run 0 "$RILL" create plain
run 0 "$RILL" stat plain
grep -q "obtained .*data in memory; of 256 pages seen, .* on node" "$out" || fail "$(cat "$out")"
run 0 "$RILL" create q --capacity 4M --numa interleave --no-prefault --huge --dump
run 0 "$RILL" stat q
grep -q "numa  *interleave" "$out" || fail "$(cat "$out")"
grep -q "placement  *no-prefault, huge, dump" "$out" || fail "$(cat "$out")"
grep -q "obtained .*numa: .*huge pages: " "$out" || fail "$(cat "$out")"
run 0 "$RILL" stat q --json
same "interleave 0 false false true true 1024" "$("$JSON" placement.numa placement.numa_node \
  placement.prefault placement.mlock placement.huge placement.dump placement.pages <"$out")"
# Some of it, or an error of the kernel that says why not.
case $("$JSON" data_bytes placement.huge_bytes placement.huge_error <"$out") in
"6291456 0 null") fail "nothing is huge, and there is no reason: $(cat "$out")" ;;
"6291456 "*) ;;
*) fail "no room for huge pages: $(cat "$out")" ;;
esac
run 0 "$RILL" create q --numa interleave --huge
says exists
run 1 "$RILL" create q --numa local
run 1 "$RILL" create q --mlock
says mlock
run 2 "$RILL" create small --huge --capacity 1M
says "huge"
run 2 "$RILL" create odd --numa everywhere
run 2 "$RILL" create odd --numa 1000
says 1000
