# SPDX-License-Identifier: MIT
# shellcheck shell=bash
#
# machine.sh - a machine with systemd as process 1, in namespaces of its own.  Sourced.
#
# Its root is this machine's under an overlay: nothing outside is changed.  Who sources it says what
# skip() WHY is, which does not return: there is no systemd, or no namespaces may be made.
top= cgroup= init= holder=

start_machine() {
	local unified
	[ -x /lib/systemd/systemd ] || skip "there is none on this machine"
	[ "$(id -u)" -eq 0 ] || skip "its namespaces need root"
	unified=$(awk '$3 == "cgroup2" { print $2; exit }' /proc/mounts)
	mkdir "$unified/portico-test.$$" 2>/dev/null || skip "no cgroup v2 that may be written"
	cgroup=$unified/portico-test.$$
	top=$(mktemp -d)
	mount -t tmpfs -o mode=755 tmpfs "$top" || skip "no tmpfs may be mounted"
	mkdir "$top/upper" "$top/work" "$top/root"
	(
		echo "$BASHPID" >"$cgroup/cgroup.procs"
		exec unshare --kill-child --pid --fork --mount --uts --ipc --net --cgroup tests/systemd/inside "$top"
	) >"$top/log" 2>&1 </dev/null &
	holder=$!
	for _ in $(seq 100); do
		init=$(pgrep -P "$holder" -x systemd) && break
		kill -0 "$holder" 2>/dev/null || break
		sleep 0.05
	done
	[ -n "$init" ] || skip "it does not start as process 1 of a namespace: $(tail -n 1 "$top/log")"
	for _ in $(seq 200); do
		inside systemctl is-active -q basic.target 2>/dev/null && return
		kill -0 "$init" 2>/dev/null || skip "it ended while it started"
		sleep 0.1
	done
	skip "it is not up after 20 s"
}

# Twice is fine.
end_machine() {
	[ -n "$init" ] && kill -KILL "$init" 2>/dev/null
	[ -n "$holder" ] && wait "$holder" 2>/dev/null
	if [ -n "$cgroup" ]; then
		echo $$ >"${cgroup%/*}/cgroup.procs"
		find "$cgroup" -depth -type d -exec rmdir {} + 2>/dev/null
	fi
	[ -n "$top" ] && umount -l "$top" && rmdir "$top"
}

inside() {
	nsenter -t "$init" -a -r -w "$@"
}

# await WHAT...: until it is so, in 20 s
await() {
	local end=$((SECONDS + 20))
	until "$@" >/dev/null 2>&1; do
		[ "$SECONDS" -lt "$end" ] || { echo "never came: $*"; return 1; }
		sleep 0.05
	done
}

put() {
	inside tee "$1" >/dev/null
}

