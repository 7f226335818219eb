#!/bin/sh
# SPDX-License-Identifier: MIT
# run.sh - runs the fuzz targets and says what they found; exits with 1 if they found anything.
#
# sh tests/fuzz/run.sh [OPTION]... [SECONDS] [TARGET]...
#   SECONDS          in all, shared by the targets (600); each begins with its corpus
#   --build FOLDER   where build.sh built them; without it they are built in build-fuzz
#   --jobs N         how many run side by side (1): their shares grow
#   --replay         the corpus alone
#   --runs N         how many inputs for each target, instead of a time
#   --seed N         of the random numbers (printed; another one each time)
#   --keep FOLDER    new inputs that reached new code stay there, a folder for each target
# A finding is an input in FOLDER/findings of the build; to run it again:
#   build-fuzz/tests/fuzz/fuzz_TARGET build-fuzz/findings/FILE
set -eu
here=$(cd "$(dirname "$0")" && pwd)
. "$here/corpus.sh"
build=
seconds=600 jobs=1 replay= runs= seed= keep= targets=

while [ $# -gt 0 ]; do
  case $1 in
  --build) build=$2 && shift ;;
  --jobs) jobs=$2 && shift ;;
  --runs) runs=$2 && shift ;;
  --seed) seed=$2 && shift ;;
  --keep) keep=$2 && shift ;;
  --replay) replay=1 ;;
  -h | --help)
    sed -n '3,15s/^# \{0,1\}//p' "$0"
    exit 0
    ;;
  -*)
    echo "run.sh: there is no option '$1'; see run.sh --help" >&2
    exit 2
    ;;
  *[!0-9]*) targets="$targets $1" ;;
  *) seconds=$1 ;;
  esac
  shift
done
[ -n "$build" ] || {
  build=$here/../../build-fuzz
  sh "$here/build.sh" "$build"
}
build=$(cd "$build" && pwd)
if [ -z "$targets" ]; then
  for source in "$here"/fuzz_*.c; do
    name=$(basename "$source" .c)
    [ ! -x "$build/tests/fuzz/$name" ] || targets="$targets ${name#fuzz_}"
  done
fi
[ -n "$seed" ] || seed=$(($(od -An -N3 -tu4 /dev/urandom) + 1))
count=$(echo "$targets" | wc -w)
share=$((seconds * jobs / count))
[ "$share" -gt 0 ] || share=1

# All that the targets make in shared memory, however they end.
work=$(mktemp -d)
RILL_DIR=$(mktemp -d /dev/shm/rill-fuzz.XXXXXX)
export RILL_DIR
trap 'rm -rf "$work" "$RILL_DIR"' EXIT
trap 'exit 143' INT TERM
mkdir -p "$build/findings"

if [ -n "$replay" ]; then
  limit=-runs=0
  echo "the corpus of$targets"
elif [ -n "$runs" ]; then
  limit=-runs=$runs
  echo "$runs inputs each for$targets; seed $seed"
else
  limit=-max_total_time=$share
  echo "$share s each for$targets; seed $seed"
fi

# run_one TARGET: its log is $work/TARGET.log, its exit status in $work/TARGET.status.
run_one() {
  fresh=${keep:-$work/new}/$1
  mkdir -p "$fresh"
  unpack "$here/corpus/$1" "$work/corpus/$1"
  find "$fresh" -type f | sort >"$work/$1.before"
  status=0
  "$build/tests/fuzz/fuzz_$1" "$limit" -seed="$seed" -max_len=400 -len_control=20 -timeout=60 -rss_limit_mb=2048 \
    -print_final_stats=1 -artifact_prefix="$build/findings/$1-" "$fresh" "$work/corpus/$1" \
    >"$work/$1.log" 2>&1 || status=$?
  echo "$status" >"$work/$1.status"
}

bad=0
report_one() {
  status=$(cat "$work/$1.status")
  fresh=${keep:-$work/new}/$1
  executed=$(sed -n 's/^stat::number_of_executed_units: *//p' "$work/$1.log")
  coverage=$(sed -n 's/.* cov: \([0-9]*\) .*/\1/p' "$work/$1.log" | tail -1)
  new=$(find "$fresh" -type f | sort | comm -13 "$work/$1.before" - | wc -l)
  crashes=$([ "$status" -eq 0 ] && echo 0 || echo 1)
  printf '%-8s %9s executions, coverage %s, %s new inputs, %s findings\n' "$1" "${executed:-?}" \
    "${coverage:-?}" "$new" "$crashes"
  [ "$status" -eq 0 ] && return
  bad=1
  grep -v -e '^#[0-9]' -e '^INFO' -e '# Uses' "$work/$1.log" | head -60
}

# In batches of $jobs.
batch=
for target in $targets; do
  run_one "$target" &
  batch="$batch $target"
  [ "$(echo "$batch" | wc -w)" -ge "$jobs" ] || continue
  wait
  for done in $batch; do report_one "$done"; done
  batch=
done
wait
for done in $batch; do report_one "$done"; done
exit $bad
