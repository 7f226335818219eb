#!/bin/sh
# SPDX-License-Identifier: MIT
# hour.sh - a storm of an hour, of the build directory BUILD (build-release).
#
# sh tests/soak/hour.sh [BUILD [SEED]]
set -eu
cd "$(dirname "$0")/../.."
exec "${1:-build-release}/tests/soak/soak_storm" 3600 ${2:+"$2"}
