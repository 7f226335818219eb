#!/bin/sh
# SPDX-License-Identifier: MIT
# A wrong command line is status 2 and says what would be right.
. "$(dirname "$0")/common.sh"
run 2 "$RILL"
run 2 "$RILL" crate q
says create
run 2 "$RILL" frobnicate
says 'rill help'
run 2 "$RILL" publish q
says "'pub'"
run 2 "$RILL" delete q
says "'rm'"
run 2 "$RILL" declare q g
says "'group declare'"
run 2 "$RILL" group dclare q g
says "'group declare'"
run 2 "$RILL" group frobnicate
says 'rill help group'
run 2 "$RILL" group
run 2 "$RILL" group --namspace x ls q
says --namespace
run 2 "$RILL" help group rmm
says "'group rm'"
run 2 "$RILL" help ls rm
run 2 "$RILL" help sbu
says sub
run 2 "$RILL" create q --capcity 1M
says --capacity
run 2 "$RILL" sub q --form oldest
says --from
run 2 "$RILL" ls -x
run 2 "$RILL" tail q -5
says "'-n 5'"
run 2 "$RILL" --namspace x ls
says --namespace
run 2 "$RILL" create q --capacity
run 2 "$RILL" create q --cap 1M
says --capacity
run 2 "$RILL" create q --capacity 1X
says "64MB.*'1X'"
run 2 "$RILL" create q --overflow drop
says overwrite
run 2 "$RILL" create q --type-id 4294967296
run 2 "$RILL" create q --mode 0888
run 2 "$RILL" sub q --timeout soon
says "5s.*'soon'"
run 2 "$RILL" sub q --count -1
run 2 "$RILL" ls --json=yes
run 2 "$RILL" create
run 2 "$RILL" create a b
says 'usage: rill create QUEUE'
run 2 "$RILL" create 'a b'
says 'not allowed'
run 2 "$RILL" create a//b
run 2 "$RILL" stat ''
run 2 "$RILL" rm 'a b'
run 0 "$RILL" create there
run 2 "$RILL" sub there --group 'a b' --timeout 1ms
run 2 "$RILL" create q --group g --group g
run 2 "$RILL" create q --mode 0666
run 2 "$RILL" create q --max-message 1G
run 2 "$RILL" create q --max-groups 1025
run 2 "$RILL" --namespace a/b ls
run 2 "$RILL" version now
[ ! -s "$out" ] || fail "an error went to standard output"
