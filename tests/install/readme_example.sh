#!/bin/sh
# SPDX-License-Identifier: MIT
# The program in README.md compiles as it stands there, works whichever side starts first,
# and is the one in src/examples/.
#
# readme_example.sh SOURCE_DIR BUILD_DIR COMPILER
set -eu
source=$1
build=$2
compiler=$3
work=$(mktemp -d)
RILL_NAMESPACE=test-readme-$$
export RILL_NAMESPACE
finish() {
  rm -rf "$work" "${RILL_DIR:-/dev/shm}/rill.$RILL_NAMESPACE"
}
trap finish EXIT

awk '/^```c$/ { on = 1; next } /^```$/ { on = 0 } on' "$source/README.md" >"$work/hello.c"
grep -v '^/\* hello.c' "$source/src/examples/hello.c" | cmp - "$work/hello.c"

# shellcheck disable=SC2086 # RILL_TEST_FLAGS is a list (a sanitizer's flags)
"$compiler" "$work/hello.c" -I"$source/include" -I"$build/include" -L"$build/src/client" -lrill \
  -Wl,-rpath,"$build/src/client" ${RILL_TEST_FLAGS-} -o "$work/hello"

# The sender first: what it published is there for whoever comes later.
timeout 60 "$work/hello" "from the one who came first"
[ "$(timeout 60 "$work/hello")" = "from the one who came first" ]

# The receiver first: it waits, asleep or not, for a sender.
rm -rf "${RILL_DIR:-/dev/shm}/rill.$RILL_NAMESPACE"
timeout 60 "$work/hello" >"$work/out" &
receiver=$!
timeout 60 "$work/hello" "from the one who came last"
wait "$receiver"
[ "$(cat "$work/out")" = "from the one who came last" ]
