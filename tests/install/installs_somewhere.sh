#!/bin/sh
# SPDX-License-Identifier: MIT
# An installation into a prefix (which the other tests use) and one by DESTDIR have the same
# files; all promised files are among them, and none refers to the build tree.
. "$(dirname "$0")/common.sh"
rm -rf "$PREFIX"
"$CMAKE" --install "$BUILD" --prefix "$PREFIX" >/dev/null
DESTDIR=$work/root "$CMAKE" --install "$BUILD" --prefix /opt/rill >/dev/null
(cd "$PREFIX" && find . ! -type d | sort) >"$work/prefix"
(cd "$work/root/opt/rill" && find . ! -type d | sort) >"$work/destdir"
cmp "$work/prefix" "$work/destdir"

for file in "$SOURCE"/include/rill/*.h; do
  cmp "$file" "$PREFIX/include/rill/${file##*/}"
done
for file in include/rill/version.h "$LIBDIR/librill.a" "$LIBDIR/librill.so.0" \
  "$LIBDIR/pkgconfig/rill.pc" "$LIBDIR/cmake/rill/rillConfig.cmake" \
  "$LIBDIR/cmake/rill/rillConfigVersion.cmake" share/man/man7/rill.7 \
  share/doc/rill/README.md share/doc/rill/CHANGELOG.md share/doc/rill/LICENSE; do
  [ -f "$PREFIX/$file" ] || fail "$file is not installed"
done
same librill.so.0 "$(readlink "$lib/librill.so")"
readelf -d "$lib/librill.so" | grep -q 'SONAME.*\[librill\.so\.0\]'
if [ -x "$PREFIX/bin/rill" ]; then
  [ -f "$PREFIX/share/man/man1/rill.1" ]
  [ -f "$PREFIX/share/bash-completion/completions/rill" ]
  rill version
fi
if [ -x "$PREFIX/sbin/rilld" ]; then
  [ -f "$PREFIX/share/man/man8/rilld.8" ]
  for whose in system user; do
    units=lib/systemd/$whose
    grep -q "^ExecStart=$PREFIX/sbin/rilld " "$PREFIX/$units/rilld@.service"
    grep -q "^ExecStart=/opt/rill/sbin/rilld " "$work/root/opt/rill/$units/rilld@.service"
    [ -f "$PREFIX/$units/rilld@.socket" ]
  done
fi

for file in "$lib/librill.so.0" "$PREFIX"/bin/* "$PREFIX"/sbin/*; do
  [ -f "$file" ] || continue
  ! readelf -d "$file" | grep -E 'R(UN)?PATH' || fail "$file has a path of its own to look in"
done
! grep -rIl -e "$BUILD" -e "$SOURCE" "$work/root" || fail "these files name the build tree"
