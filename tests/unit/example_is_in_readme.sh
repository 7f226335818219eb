#!/bin/sh
# SPDX-License-Identifier: MIT
# The test that tests/README.md shows is example.c, which is compiled and run.
set -eu
cd "$(dirname "$0")"
shown=$(awk '/^```c$/ { on = 1; next } /^```$/ { on = 0 } on' ../README.md)
[ "$shown" = "$(tail -n +3 example.c)" ] || {
  echo "the example in tests/README.md is not tests/unit/example.c"
  exit 1
}
