#!/bin/sh
# SPDX-License-Identifier: MIT
# A signal ends rill bench and all its processes; its queues are removed, and the subjects that it
# had finished are printed. What a killed one leaves, the next one removes.
. "$(dirname "$0")/common.sh"
env --default-signal=INT true 2>/dev/null || skip "env cannot reset SIGINT"

# children PID...: by the kernel's list.
children() {
  for process in "$@"; do
    cat "/proc/$process/task/$process/children" 2>/dev/null || :
  done
}

# The pair of $bench, and the further consumers of fan_out, which are children of one of them.
family() {
  # shellcheck disable=SC2046 # a list of processes
  echo $(children "$bench") $(children $(children "$bench"))
}

# family_has N
family_has() {
  [ "$(family | wc -w)" = "$1" ]
}

# begin SUBJECT PROCESSES: in the background, until it has its queues and processes.
begin() {
  env --default-signal=INT "$RILL" bench "$1" --time 0 --rounds 1000000 --json >"$out" 2>"$err" &
  background
  bench=$!
  until [ -d "$RILL_DIR/rill.perf-$bench" ] && family_has "$2"; do
    kill -0 "$bench"
  done
  processes=$(family)
}

all_gone() {
  for process in $processes; do
    while kill -0 "$process" 2>/dev/null; do :; done
  done
}

for signal in INT:130 TERM:143 HUP:129; do
  case $signal in
  INT*) begin fan_out 6 ;;
  *) begin stream 2 ;;
  esac
  kill -s "${signal%:*}" "$bench"
  ended "$bench" "${signal#*:}"
  all_gone
  is_quiet
  same "" "$(ls "$RILL_DIR")"
done

begin fan_out 6
kill -KILL "$bench"
ended "$bench" 137
all_gone
[ -d "$RILL_DIR/rill.perf-$bench" ] || fail "a killed one removed its queues?"
run 0 "$RILL" bench stream --size 8 --rounds 20
same "" "$(ls "$RILL_DIR")"

# The first subject is finished when two processes run and no queue leads back: a stream has one way.
env --default-signal=INT "$RILL" bench round_trip stream --size 8 --rounds 500 --json >"$out" &
background
bench=$!
streams() {
  family_has 2 || return 1
  case $(ls "$RILL_DIR/rill.perf-$bench") in
  *-back*) return 1 ;;
  *-there*) return 0 ;;
  *) return 1 ;;
  esac
}
until streams; do
  kill -0 "$bench"
done
kill -INT "$bench"
ended "$bench" 130
same "round_trip
round_trip" "$("$JSON" subject <"$out")"
same "" "$(ls "$RILL_DIR")"
