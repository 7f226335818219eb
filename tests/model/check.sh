#!/bin/sh
# SPDX-License-Identifier: MIT
# check.sh - one run of the Spin model checker.
#
#     check.sh [-l] MODEL            the model must hold: no error, the search complete
#     check.sh [-l] MODEL MUTANT...  each mutant must be rejected, with the kind of error
#                                    that the line "mutant NAME: KIND - why" in the model says
#
# A model whose first comment has a line "search: cycles, weak fairness" makes claims of liveness
# (ltl): all runs are searched for cycles that break one, of those in which no process that could
# always go on stays behind for ever. KIND is then "acceptance cycle", or an assertion. In all
# others a process that waits for ever is an "invalid end state".
#
# -l: the model's large parameters (memory up to 4 GB, minutes). Prints states and time.
# Exit status: 0 as it must be, 1 not so (the end of Spin's output is shown), 2 usage or tools.
set -eu

large='' memory=2000
if [ "${1-}" = -l ]; then
  large=-DLARGE memory=4000
  shift
fi
[ $# -ge 1 ] || { echo "usage: check.sh [-l] MODEL [MUTANT...]" >&2; exit 2; }
folder=$(cd "$(dirname "$0")" && pwd)
name=$(basename "$1" .pml)
model=$folder/$name.pml
shift
[ -r "$model" ] || { echo "check.sh: there is no model $name" >&2; exit 2; }
for tool in spin gcc; do
  command -v "$tool" >/dev/null 2>&1 || {
    echo "check.sh: $tool is missing: install the package '$tool' (Debian: apt-get install $tool)" >&2
    exit 2
  }
done

work=$(mktemp -d "${TMPDIR:-/tmp}/rill-model.XXXXXX")
trap 'rm -rf "$work"' EXIT
trap 'exit 2' HUP INT TERM
cd "$work"
cp "$model" .

search='-DSAFETY -DNOFAIR' options=''
if grep -q '^ \* search: cycles, weak fairness$' "$name.pml"; then
  search=-DNFAIR=3 options='-a -f'
fi

# build and run: defines, optimisation. The result is in the file `output`.
run() {
  spin -a $large $1 "$name.pml" >output 2>&1 || { cat output >&2; exit 2; }
  # -w: what spin generates is not ours to keep free of warnings.
  gcc -w "$2" $search ${large:+-DCOLLAPSE} -DMEMLIM=$memory -o pan pan.c
  ./pan -m1000000 $options >output 2>&1 || true
}

say() {
  states=$(sed -n 's/^ *\([0-9.e+]*\) states, stored.*/\1/p' output)
  time=$(sed -n 's/^pan: elapsed time \(.*\) seconds/\1/p' output)
  echo "$1: $2; ${states:-?} states, ${time:-?} s"
}

wrong() {
  say "$1" "$2"
  tail -n 40 output
  exit 1
}

if [ $# -eq 0 ]; then
  run "" -O2
  if grep -q -e 'not completed' -e 'max search depth too small' -e 'MEMLIM' -e 'out of memory' output; then
    wrong "$name" "an error, or the search is not complete"
  fi
  grep -q 'errors: 0' output || wrong "$name" "not without errors"
  say "$name" "holds"
fi
for mutant in "$@"; do
  kind=$(sed -n "s/^ \* mutant $mutant: \(.*\) - .*/\1/p" "$name.pml")
  [ -n "$kind" ] || { echo "check.sh: $name has no mutant $mutant" >&2; exit 2; }
  run "-D$mutant" -O0 # most end soon: compiling is what takes time
  grep -q "^pan:1: $kind" output || wrong "$name.$mutant" "not rejected by: $kind"
  say "$name.$mutant" "rejected, $kind"
done
