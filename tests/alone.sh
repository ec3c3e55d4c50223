# SPDX-License-Identifier: MIT
# shellcheck shell=bash
#
# alone.sh - who sources it first thing goes on in a network of its own, where each port is free
# and nobody else's.
if [ -z "${ALONE:-}" ]; then
	ALONE=1 exec unshare --map-root-user --net "$0" "$@"
fi
ip link set lo up
