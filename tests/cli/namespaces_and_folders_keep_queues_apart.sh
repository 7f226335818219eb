#!/bin/sh
# SPDX-License-Identifier: MIT
# --namespace and --dir, before or after the verb, over what the environment says.
. "$(dirname "$0")/common.sh"
mkdir "$work/elsewhere"
run 0 "$RILL" --namespace a create q
run 0 "$RILL" create q --namespace=b
run 0 "$RILL" create p --dir "$work/elsewhere"
run 0 "$RILL" ls --json
same 0 "$("$JSON" '#' <"$out")"
run 0 "$RILL" ls --json --namespace a
same "1 q" "$("$JSON" '#' 0.name <"$out")"
run 0 "$RILL" ls --json --dir "$work/elsewhere"
same "1 p" "$("$JSON" '#' 0.name <"$out")"
run 1 "$RILL" ls --dir "$work/nowhere"
