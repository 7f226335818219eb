#!/bin/sh
# SPDX-License-Identifier: MIT
# report.sh - all benchmarks of this machine in one page. Builds what it needs, runs every
# program of perf/ that is in the build directory, and writes report.html, with the JSON of
# each program beside it.
#
# sh perf/report.sh [--quick] [--out DIR]
set -eu
cd "$(dirname "$0")/.."
. src/packages.sh

usage() {
  cat <<'EOF'
Usage: sh perf/report.sh [--quick] [--out DIR]
Builds Rill (preset release), runs all its benchmarks and writes DIR/report.html, one page that
needs nothing else, and the JSON of each program beside it.

  --quick     about a minute of measuring, in place of about eight: enough to look at, not to quote
  --out DIR   where to write; default build-release/report
  --help      this text

Leave the machine alone meanwhile.
EOF
}

build='build-release'
out=$build/report
budget=480 # seconds for all programs together
while [ $# -gt 0 ]; do
  case $1 in
  --quick) budget=40 ;;
  --out)
    [ $# -ge 2 ] || {
      echo "report.sh: --out needs a directory" >&2
      exit 2
    }
    out=$2
    shift
    ;;
  --out=*) out=${1#--out=} ;;
  --help)
    usage
    exit
    ;;
  *)
    echo "report.sh: unknown argument '$1': see sh perf/report.sh --help" >&2
    exit 2
    ;;
  esac
  shift
done
mkdir -p "$out"
out=$(cd "$out" && pwd)

say() { printf '== %s\n' "$*" >&2; }

need_packages gcc g++ libc6-dev cmake ninja-build pkg-config libjansson-dev liburcu-dev libnuma-dev \
  libbenchmark-dev libcmocka-dev valgrind >&2
# The libraries that Rill is compared with: without one its rows are missing, and the page says so.
for package in libzmq3-dev libnng-dev libnanomsg-dev libqb-dev libboost-dev libck-dev \
  libiceoryx-posh-dev libiceoryx-binding-c-dev iceoryx; do
  need_packages $package >&2 || say "The report goes on without $package"
done

say "Building ($build)"
log=$(mktemp)
part=$(mktemp -d)
trap 'rm -rf "$log" "$part"' EXIT
trap 'exit 130' HUP INT TERM
{ cmake --preset release && cmake --build "$build" --target perf/all; } >"$log" 2>&1 || {
  cat "$log" >&2
  exit 1
}

# In the order of the page; whatever else was built comes last. Some print text in place of figures.
texts='reclaim open_close'
programs=
count=0
add() {
  case " $programs $texts " in
  *" $1 "*) return ;;
  esac
  [ -f "$build/perf/rill_perf_$1" ] && [ -x "$build/perf/rill_perf_$1" ] || return 0
  programs="$programs $1"
  count=$((count + 1))
}
for subject in round_trip stream wake latency fan_out groups sleepers; do
  add $subject
  add ${subject}_static
done
for program in "$build"/perf/rill_perf_*; do
  add "${program##*/rill_perf_}"
done
[ $count -gt 0 ] || {
  echo "report.sh: no benchmark was built in $build/perf; is it configured with RILL_PERF=OFF?" >&2
  exit 1
}
seconds=$((budget / count))
say "$count programs, $seconds s each: about $((count * (seconds + 1))) s"

failed=
number=0
set -- # the files
for name in $programs; do
  number=$((number + 1))
  say "[$number of $count] $name"
  status=0
  "$build/perf/rill_perf_$name" --seconds=$seconds --rounds=100000 --benchmark_out="$part/$name.json" \
    >"$log" 2>&1 || status=$?
  # 1: a contender failed, and the figures say which. Above: they are incomplete.
  if [ $status -gt 1 ] || ! [ -s "$part/$name.json" ]; then
    cat "$log" >&2
    echo "report.sh: rill_perf_$name ended with status $status; it is not in the report" >&2
    failed="$failed $name"
    continue
  fi
  [ $status -eq 0 ] || failed="$failed $name"
  mv "$part/$name.json" "$out/$name.json"
  set -- "$@" "$out/$name.json"
done
[ $# -gt 0 ] || {
  echo "report.sh: no program left figures" >&2
  exit 1
}

for name in $texts; do
  [ -x "$build/perf/rill_perf_$name" ] || continue
  say "$name"
  status=0
  "$build/perf/rill_perf_$name" >"$part/$name.txt" 2>"$log" || status=$?
  if [ $status -gt 0 ] || ! [ -s "$part/$name.txt" ]; then
    cat "$log" >&2
    echo "report.sh: rill_perf_$name ended with status $status; it is not in the report" >&2
    failed="$failed $name"
    continue
  fi
  mv "$part/$name.txt" "$out/$name.txt"
  heading=$(echo "$name" | sed 's/_/ and /; s/^r/R/; s/^o/O/')
  set -- "$@" --text "$heading=$out/$name.txt"
done

first() { sed -n "s/^$1[[:space:]]*: *//p" /proc/cpuinfo | head -n 1; }
virtual=no
if grep -q '^flags.* hypervisor' /proc/cpuinfo; then virtual=yes; fi
machine=$(systemd-detect-virt --vm 2>/dev/null || echo none)
[ "$machine" = none ] || virtual="yes, $machine"
governor=$(cat /sys/devices/system/cpu/cpu0/cpufreq/scaling_governor 2>/dev/null || echo 'not known')
commit=$(git describe --always --dirty 2>/dev/null || echo 'not known')
"$build/perf/report/rill_perf_report" --out "$out/report.html" \
  --machine "CPU=$(first 'model name')" --machine "Cores=$(nproc) allowed, $(getconf _NPROCESSORS_ONLN) online" \
  --machine "Memory=$(sed -n 's/^MemTotal: *//p' /proc/meminfo)" \
  --machine "Kernel=$(uname -srm)" --machine "Virtualised=$virtual" --machine "Governor=$governor" \
  --machine "Measured=$(date -u '+%Y-%m-%d %H:%M UTC'), $seconds s each program" \
  --version "Rill=$(sed -n 's/^project(rill VERSION \([0-9.]*\).*/\1/p' CMakeLists.txt), commit $commit" \
  "$@"
say "Written: $out/report.html"
[ -z "$failed" ] || {
  echo "report.sh: something failed in:$failed; see above, and the page" >&2
  exit 1
}
