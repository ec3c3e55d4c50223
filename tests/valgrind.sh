#!/bin/bash
# SPDX-License-Identifier: MIT
#
# valgrind.sh - 10 000 requests, a reload in between, a drain: no error, no
# leak, in the master and in every worker.
set -u
. tests/alone.sh

dir=$(mktemp -d)
master=
finish() {
	[ -n "$master" ] && kill -KILL "$master" 2>/dev/null
	rm -rf "$dir"
}
trap finish EXIT

cat >"$dir/portico.ini" <<INI
[portico]
workers = 1
plugins = $PWD/build/examples
start_time = 10m
[service web]
protocol = http
listen = 127.0.0.1:8080
[handler web /]
plugin = hello.so
[handler web /later]
plugin = later.so
wait = 10ms
[handler web /upload]
plugin = upload.so
[service echo]
protocol = tcp
listen = 127.0.0.1:8081
[handler echo]
plugin = echo.so
[service udp]
protocol = udp
listen = 127.0.0.1:8081
[handler udp]
plugin = udp_echo.so
INI

# 99: an error or a leak that is one for certain.
valgrind --quiet --trace-children=no --child-silent-after-fork=no --leak-check=full \
	--errors-for-leak-kinds=definite,indirect,possible --show-leak-kinds=definite,indirect,possible \
	--error-exitcode=99 build/portico run -c "$dir/portico.ini" >"$dir/log" 2>&1 &
master=$!

# wait_for PATTERN TIMES
wait_for() {
	local tries=0
	until [ "$(grep -c "$1" "$dir/log")" -ge "$2" ]; do
		kill -0 "$master" 2>/dev/null || { cat "$dir/log"; echo "it ended early"; exit 1; }
		tries=$((tries + 1))
		[ "$tries" -lt 600 ] || { cat "$dir/log"; echo "no '$1' in the log"; exit 1; }
		read -rt 0.1 <> <(:) || true
	done
}

ask() {
	local url="http://127.0.0.1:8080"
	for round in 1 2 3 4 5; do
		# One process, one connection, 1000 requests.
		curl -sS --fail -o /dev/null "$url/[1-1000]" || return 1
	done
	curl -sS --fail "$url/later" >/dev/null || return 1
	head -c 200000 /dev/zero | curl -sS --fail -T - "$url/upload" >/dev/null || return 1
	[ "$(echo tcp | nc -N 127.0.0.1 8081)" = tcp ] || return 1
	[ "$(echo udp | timeout 60 nc -u -W 1 127.0.0.1 8081)" = udp ] || return 1
}

wait_for "generation 1 serves" 1
ask || { cat "$dir/log"; echo "a request failed"; exit 1; }
kill -HUP "$master"
wait_for "generation 2 serves" 1
ask || { cat "$dir/log"; echo "a request failed"; exit 1; }
kill -TERM "$master"
wait "$master"
code=$?
master=
cat "$dir/log"
# valgrind's own lines begin with ==pid==: there must be none of them
if [ "$code" -ne 0 ] || grep -q '^==[0-9]*==' "$dir/log"; then
	echo "exit code $code"
	exit 1
fi
[ "$(grep -c ' left after ' "$dir/log")" -eq 2 ] || { echo "a worker did not leave by itself"; exit 1; }
