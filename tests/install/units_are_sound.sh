#!/bin/sh
# SPDX-License-Identifier: MIT
# systemd reports nothing for the units of the registry, and their socket is where the library
# expects it.
. "$(dirname "$0")/common.sh"
units=$PREFIX/lib/systemd/system
grep -q '^ListenSequentialPacket=/dev/shm/rill.%i/+rilld.sock$' "$units/rilld@.socket"
command -v systemd-analyze >/dev/null || skip "no systemd-analyze"
for kind in service socket; do
  cp "$units/rilld@.$kind" "$work/rilld@test.$kind"
done
sed -i "s|^ExecStart=[^ ]*|ExecStart=$PREFIX/sbin/rilld|" "$work/rilld@test.service"
systemd-analyze verify --man=no "$work/rilld@test.service" "$work/rilld@test.socket" \
  >"$work/said" 2>&1 || cat "$work/said"
! grep rilld "$work/said" || fail "systemd says something"
