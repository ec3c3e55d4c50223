#!/bin/bash
# SPDX-License-Identifier: MIT
#
# layers.sh - no include points up: docs/design says which room is on which floor.
#
# Also: libev begins at floor 4, and only the service floor opens plugins.
set -u
cd "$(dirname "$0")/.." || exit 1

find framework include -name '*.[ch]' | sort | xargs awk '
BEGIN {
	split("base sys config net proto service admin worker master", rooms, " ")
	for (i in rooms)
		floor[rooms[i]] = i + 0
	floor["soak"] = floor["net"]     # beside it, and neither knows the other
	floor["kit"] = floor["admin"]    # a worker without a process
	main_floor = 10
}
function room_of(path, part) {
	split(path, part, "/")
	return part[2]
}
function floor_of(path, room) {
	room = room_of(path)
	return room in floor ? floor[room] : main_floor
}
function complain(why) {
	printf "%s:%d: %s\n", FILENAME, FNR, why
	bad = 1
}
/^[ \t]*#[ \t]*include[ \t]*"/ {
	name = $0
	sub(/^[^"]*"/, "", name)
	sub(/".*$/, "", name)
	count++
	if (name == "portico.h" || name == "portico/test.h")
		next
	if (name !~ /\//) {
		complain("include \"" name "\" from the root: \"room/" name "\"")
		next
	}
	if (floor_of("framework/" name) > floor_of(FILENAME))
		complain("includes \"" name "\", which is on a floor above")
	else if (floor_of("framework/" name) == floor_of(FILENAME) \
		&& room_of("framework/" name) != room_of(FILENAME))
		complain("includes \"" name "\", which is in a room beside")
}
/^[ \t]*#[ \t]*include[ \t]*<ev\.h>/ && floor_of(FILENAME) < floor["net"] {
	complain("libev begins at framework/net")
}
/^[ \t]*#[ \t]*include[ \t]*<dlfcn\.h>/ && FILENAME !~ /^framework\/(service\/|worker\/crash)/ {
	complain("only framework/service opens plugins")
}
END {
	if (!bad)
		printf "layers: %d includes, all of them point down\n", count
	exit bad
}'
