#!/bin/sh
# SPDX-License-Identifier: MIT
# pub makes a queue that is kept, except with --no-create.
. "$(dirname "$0")/common.sh"
run 1 "$RILL" pub q --no-create --count 1
run 0 "$RILL" pub q --capacity 128K --count 3 --size 10
run 0 "$RILL" stat q --json
same "131072 kept 3 3 closed 1" "$("$JSON" capacity lifetime sequence sequence producer.state \
  producer.generation <"$out")"
run 0 "$RILL" pub q --no-create --count 2
run 1 "$RILL" pub q --capacity 1M --count 1
run 1 "$RILL" pub q --overflow overwrite --count 1
run 2 "$RILL" pub q --rate 0 --count 1
