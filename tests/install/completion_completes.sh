#!/bin/sh
# SPDX-License-Identifier: MIT
# The completion for bash sources cleanly and completes verbs, options, values and queues.
. "$(dirname "$0")/common.sh"
[ -x "$PREFIX/bin/rill" ] || skip "rill is not built"
command -v bash >/dev/null || skip "no bash"
rill create orders --capacity 64K --group billing --group audit >/dev/null 2>&1
rill create md/eurex --capacity 64K >/dev/null 2>&1
rill create elsewhere --capacity 64K --namespace "$RILL_NAMESPACE.b" >/dev/null 2>&1
: >"$work/only"
bash -u -s "$PREFIX/share/bash-completion/completions/rill" "$work" >"$work/out" 2>&1 <<'END' || :
  . "$1"
  # expect ANSWERS WORD...: what is offered for the last of the words.
  expect() {
    COMP_WORDS=("${@:2}") COMP_CWORD=$(($# - 2)) COMPREPLY=()
    _rill
    [[ ${COMPREPLY[*]-} == $1 ]] || echo "${*:2}: '${COMPREPLY[*]-}', not '$1'"
  }
  expect 'create' rill cr
  expect 'create ls stat *help' rill ''
  expect 'create' rill --namespace x cr
  expect 'doctor' rill help do
  expect 'group' rill gr
  expect 'declare ls rm' rill group ''
  expect 'declare ls rm' rill group --namespace x ''
  expect 'declare ls rm' rill help group ''
  expect 'orders' rill group rm or
  expect 'billing' rill group rm orders bi
  expect 'billing audit' rill group rm --force orders ''
  expect 'audit' rill group declare --from latest orders au
  expect 'oldest' rill group declare --from o
  expect '--force' rill group rm orders --f
  expect 'billing audit' rill sub orders --group ''
  expect 'billing' rill sub -n 5 orders -g b
  expect 'audit' rill rm orders --group = a
  expect '--capacity' rill create orders --cap
  expect '--namespace' rill create --na
  expect 'overwrite' rill create --overflow ov
  expect 'reliable overwrite' rill create --overflow = ''
  expect 'overwrite' rill create --overflow = o
  expect 'park' rill sub orders --wait p
  expect 'oldest latest' rill sub --from ''
  expect '' rill sub --count ''
  expect 'orders' rill sub or
  expect 'md/eurex orders' rill rm ''
  expect 'elsewhere' rill stat --namespace "$RILL_NAMESPACE.b" ''
  expect 'elsewhere' rill --namespace "$RILL_NAMESPACE.b" stat ''
  expect '/dev/shm' rill ls --dir /dev/sh
  expect "$2/only" rill pub --stats-file "$2/on"
  expect '' rill version ''
  expect 'stream' rill bench round_trip st
  expect '--namespace --dir --help' rill help --
  echo completed
END
rm -rf "$RILL_DIR/rill.$RILL_NAMESPACE.b"
same completed "$(cat "$work/out")"
