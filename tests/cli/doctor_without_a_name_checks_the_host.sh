#!/bin/sh
# SPDX-License-Identifier: MIT
# doctor without a name reports on the host, and which namespaces are left over.
. "$(dirname "$0")/common.sh"
run 0 "$RILL" create q --namespace old
run 0 "$RILL" create q --namespace used
mkfifo "$work/in"
"$RILL" pub q --namespace used <"$work/in" &
background
exec 3>"$work/in"
until [ "$("$RILL" stat q --namespace used --json | "$JSON" producer.state)" = alive ]; do
  kill -0 $!
done
run 0 "$RILL" doctor
grep -qx host "$out" || fail "nothing of the host: $(cat "$out")"
for what in "$RILL_DIR has" "files open" "lock so much memory" membarrier futex_waitv \
  "open file descriptions" MADV_WIPEONFORK MADV_POPULATE MADV_COLLAPSE "huge" logout container; do
  grep -q -e "^  \(fine\|note\) .*$what" "$out" || fail "nothing of '$what' in: $(cat "$out")"
done
grep -q "^  note .*'old'.* (1) " "$out" || fail "nothing of what is left over"
grep -q "'used'" "$out" && fail "calls left over what is in use"
run 0 "$RILL" doctor --json
same true "$("$JSON" sound <"$out")"
"$JSON" host.0.kind host.0.text <"$out" | grep -q "$RILL_DIR" || fail "no host"
run 0 "$RILL" create q
run 0 "$RILL" doctor q
grep -qx host "$out" && fail "speaks of the host when asked for a queue"
exec 3>&-
