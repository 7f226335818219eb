#!/bin/sh
# SPDX-License-Identifier: MIT
# What tests/README.md shows is example.c.
set -eu
cd "$(dirname "$0")"
shown=$(awk '/^```c$/ { on = 1; next } /^```$/ { on = 0 } on' ../README.md)
[ "$shown" = "$(tail -n +3 example.c)" ]
