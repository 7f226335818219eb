#!/bin/sh
# SPDX-License-Identifier: MIT
# common.sh - what every test of the inspector begins with: queues of its own, removed at
# the end with all that it started. RILL and JSON name the programs.
set -eu
: "${RILL:?}" "${JSON:?}"
work=$(mktemp -d /dev/shm/rill-cli.XXXXXX)
RILL_DIR=$work/queues
RILL_NAMESPACE=cli$$
export RILL_DIR RILL_NAMESPACE
mkdir "$RILL_DIR"
out=$work/out err=$work/err started=

cleanup() {
  status=$?
  trap - EXIT
  trap '' INT TERM
  for pid in $started; do
    kill -9 "$pid" 2>/dev/null || :
  done
  rm -rf "$work"
  exit $status
}
trap cleanup EXIT
trap 'exit 143' INT TERM

fail() {
  echo "FAILED: $*" >&2
  exit 1
}

skip() {
  echo "skipped: $*" >&2
  exit 77
}

# run STATUS COMMAND...: its output goes to $out and $err, its status must be STATUS.
run() {
  want=$1 got=0
  shift
  "$@" >"$out" 2>"$err" || got=$?
  [ "$got" = "$want" ] && return
  cat "$out" "$err" >&2
  fail "status $got, not $want: $*"
}

# Standard error of the last run mentions it.
says() {
  grep -q -e "$1" "$err" && return
  cat "$err" >&2
  fail "says nothing of '$1'"
}

# Standard error of the last run is empty.
is_quiet() {
  [ ! -s "$err" ] && return
  cat "$err" >&2
  fail "says something"
}

# To be called after "command &": it is killed at the end, whatever happens.
background() {
  started="$started $!"
}

# ended PID STATUS: waits for it.
ended() {
  got=0
  wait "$1" || got=$?
  [ "$got" = "$2" ] || fail "process ended with status $got, not $2"
}

# same EXPECTED ACTUAL
same() {
  [ "$1" = "$2" ] || fail "expected '$1', found '$2'"
}
