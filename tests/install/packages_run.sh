#!/bin/sh
# SPDX-License-Identifier: MIT
# cpack makes three Debian packages that depend on what they need. Unpacked into a folder they
# carry messages and build programs; a file is in one of them only.
#
# packages_run.sh           unpacks them
# packages_run.sh really    installs and removes them, as root, if no other Rill is installed
. "$(dirname "$0")/common.sh"
command -v dpkg-deb >/dev/null || skip "no dpkg"
command -v dpkg-shlibdeps >/dev/null || skip "no dpkg-dev"
[ -x "$PREFIX/bin/rill" ] || skip "rill is not built"
"${CMAKE%cmake}cpack" --config "$BUILD/CPackConfig.cmake" -B "$work/made" >"$work/log" 2>&1 || {
  cat "$work/log"
  fail "cpack fails"
}
version=$(pkg-config --modversion rill)
cd "$work/made"

field() { dpkg-deb -f "$1"_"${version}"_*.deb "$2"; }
for package in librill0 librill-dev rill; do
  same "$version" "$(field $package Version)"
  dpkg-deb -c ${package}_*.deb | awk '$2 != "root/root" || $1 ~ /^-.....w|^-.......w/ { exit 1 }' ||
    fail "a file of $package is not root's alone"
  dpkg-deb -c ${package}_*.deb | grep -q "/usr/share/doc/$package/copyright$" ||
    fail "$package has no copyright"
  dpkg-deb -x ${package}_*.deb "$work/root"
  dpkg-deb -c ${package}_*.deb | awk '$1 !~ /^d/ { print $6 }' >>"$work/files"
done
sort "$work/files" | uniq -d >"$work/twice"
[ ! -s "$work/twice" ] || fail "in two packages: $(cat "$work/twice")"
case $(field librill0 Depends) in
*libc6*) ;;
*) fail "librill0 does not depend on libc6" ;;
esac
case $(field rill Depends) in
*libjansson4*) ;;
*) fail "rill does not depend on libjansson4" ;;
esac
same "librill0 (= $version)" "$(field librill-dev Depends)"

# carries RILL: messages go in and come out.
carries() {
  same "rill $version (library $version)" "$("$1" version)"
  "$1" create packaged --capacity 64K >/dev/null 2>&1
  seq 100 | "$1" pub packaged --timeout 60s
  same "$(seq 100 | sha256sum)" "$("$1" sub packaged --timeout 60s | sha256sum)"
  "$1" rm packaged
}
carries "$work/root/usr/bin/rill"
# A program, against what lies in the folder.
lib=$(dirname "$(find "$work/root" -name 'librill.so')")
PKG_CONFIG_PATH=$lib/pkgconfig
# shellcheck disable=SC2046 # a list of words
"$CC" -o "$work/program" "$SOURCE/tests/install/program.c" $(pkg-config --cflags --libs rill) \
  -Wl,-rpath,"$lib"
works "$work/program"

[ "${1-}" = really ] || exit 0
[ "$(id -u)" = 0 ] || skip "only root installs packages"
for package in librill0 librill-dev rill; do
  ! dpkg-query -W -f '${Status}' $package 2>/dev/null | grep -q installed ||
    skip "$package is installed here"
done
remove() {
  dpkg -P rill librill-dev librill0 >>"$work/log" 2>&1
}
trap 'remove; cleanup' EXIT
dpkg -i ./*.deb >>"$work/log" 2>&1 || {
  cat "$work/log"
  fail "dpkg -i fails"
}
carries /usr/bin/rill
unset PKG_CONFIG_PATH
# shellcheck disable=SC2046
"$CC" -o "$work/installed" "$SOURCE/tests/install/program.c" $(pkg-config --cflags --libs rill)
works "$work/installed"
for package in librill0 librill-dev rill; do
  dpkg -V $package
done
remove
trap cleanup EXIT
while read -r file; do
  [ ! -e "/${file#./}" ] || fail "$file is left"
done <"$work/files"
! timeout 60 "$work/installed" 2>/dev/null || fail "the library is still found"
