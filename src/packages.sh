# shellcheck shell=sh
# SPDX-License-Identifier: MIT
# packages.sh - installs Debian packages that are not there yet. Sourced by the scripts.
#
# need_packages NAME...: does nothing when all are installed; else needs root, or says what
# to ask an administrator for.

need_packages() {
  missing=
  for package in "$@"; do
    dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q 'install ok installed' ||
      missing="$missing $package"
  done
  [ -n "$missing" ] || return 0
  if [ "$(id -u)" -ne 0 ]; then
    echo "These Debian packages are missing:$missing" >&2
    echo "Install them as root: apt-get install$missing" >&2
    return 1
  fi
  echo "Installing:$missing"
  log=$(mktemp)
  # shellcheck disable=SC2086 # a list of words
  if { apt-get update && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends \
    $missing; } >"$log" 2>&1; then
    rm -f "$log"
  else
    cat "$log" >&2
    rm -f "$log"
    echo "Could not install:$missing" >&2
    return 1
  fi
}
