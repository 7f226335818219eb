#!/bin/sh
# SPDX-License-Identifier: MIT
# common.sh - what every test of the installation begins with: a folder and queues of its own,
# removed at the end with all that it started. PREFIX is an installation, made by installs_somewhere.
set -eu
: "${SOURCE:?}" "${BUILD:?}" "${PREFIX:?}" "${LIBDIR:?}" "${CMAKE:?}" "${CC:?}" "${CXX:?}"
lib=$PREFIX/$LIBDIR
work=$(mktemp -d)
RILL_NAMESPACE=install$$
RILL_DIR=/dev/shm
PKG_CONFIG_PATH=$lib/pkgconfig
PATH=$PREFIX/bin:$PATH
export RILL_NAMESPACE RILL_DIR PKG_CONFIG_PATH PATH
# Programs must find the library by the test's own settings, not by those of the environment.
unset LD_LIBRARY_PATH CFLAGS CXXFLAGS LDFLAGS DESTDIR
started=

cleanup() {
  status=$?
  trap - EXIT
  for pid in $started; do
    kill -9 "$pid" 2>/dev/null || :
  done
  rm -rf "$work" "$RILL_DIR/rill.$RILL_NAMESPACE"
  exit $status
}
trap cleanup EXIT
trap 'exit 143' INT TERM

fail() {
  echo "FAILED: $*" >&2
  exit 1
}

skip() {
  echo "skipped: $*" >&2
  exit 77
}

same() {
  [ "$1" = "$2" ] || fail "expected '$1', found '$2'"
}

# The program prints the version that it was compiled with, and has passed a message.
works() {
  same "$(sed -n 's/#define RILL_VERSION "\(.*\)"/\1/p' "$PREFIX/include/rill/version.h")" \
    "$(timeout 60 "$@")"
}

# needs_shared PROGRAM, needs_no_shared PROGRAM: does it need librill.so when it starts?
needs_shared() {
  readelf -d "$1" | grep -q 'NEEDED.*librill\.so\.0\]' || fail "$1 does not use librill.so.0"
}
needs_no_shared() {
  ! readelf -d "$1" | grep -q 'NEEDED.*librill' || fail "$1 uses librill.so"
}
