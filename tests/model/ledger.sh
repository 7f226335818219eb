#!/bin/sh
# SPDX-License-Identifier: MIT
# ledger.sh - is the ledger of orders and protocols true?
#
#     ledger.sh [SOURCE]     the root of the tree
#
# shm/ORDERING.md numbers the ordering edges, shm/PROTOCOL.md the steps of the protocols. Checked:
#   each function, file, edge, step, model, mutant and test that they or the heads of the models
#   name is there; each end of an edge says its number in a comment of that function, and names
#   partners at the other end, which name it; each step is named by its function; each number
#   in the code is in the ledger; no comment names a step without its protocol.
# Exit status: 0 true, 1 not (what is wrong, a line each).
set -eu
cd "${1-$(dirname "$0")/../..}"

names=$(mktemp "${TMPDIR:-/tmp}/rill-ledger.XXXXXX.names")
trap 'rm -f "$names"' EXIT
trap 'exit 2' HUP INT TERM
# The words that names of tests are made of.
{
  find tests -name '*.c' -o -name '*.sh' | sed 's,.*/,,; s,\.[a-z]*$,,'
  find tests -name 'CMakeLists.txt' -exec cat {} + | tr -c 'a-z_\n' '\n'
} | sort -u >"$names"

awk -f tests/model/ledger.awk \
  shm/ORDERING.md shm/PROTOCOL.md \
  $(find shm src -name '*.[ch]' | sort) \
  tests/model/*.pml README.md tests/README.md \
  $(find tests -name '*.[ch]' | sort) "$names"
