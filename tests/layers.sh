#!/bin/bash
# SPDX-License-Identifier: MIT
#
# layers.sh - no include points up: README.md, The tree, says which room is on which floor.
#
# Also: libev begins at floor 4, only the service floor opens plugins, and an example is one idea:
# under 150 lines, explained in its head, and used by a test.
set -u
cd "$(dirname "$0")/.." || exit 1
failed=0

find framework include -name '*.[ch]' | sort | xargs awk '
BEGIN {
	split("base sys config net proto service admin worker master", rooms, " ")
	for (i in rooms)
		floor[rooms[i]] = i + 0
	floor["soak"] = floor["net"]     # beside it, and neither knows the other
	floor["kit"] = floor["admin"]    # a worker without a process
	floor["files"] = floor["proxy"] = 0  # plugins: portico.h is all that they may know
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
	else if (floor_of("framework/" name) == 0 && room_of("framework/" name) != room_of(FILENAME))
		complain("includes \"" name "\", which is a plugin of its own")
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
}' || failed=1

# ---- examples ----

complain() {
	echo "$1"
	failed=1
}

# All that tests load or include of examples/, and the programs that tests/docs/run runs.
used=$(grep -rhoE '[a-z_]+\.so|example\("[a-z_]+|examples/[a-z_]+\.c' tests/kit tests/system |
	sed -E 's/\.so$|\.c$//; s/.*[("\/]//'
	grep -oE 'examples/notes/[a-z_]+$' docs/ports-and-sockets.md)

for file in examples/*.c examples/notes/*.c; do
	name=$(basename "$file" .c)
	lines=$(wc -l <"$file")
	[ "$lines" -lt 150 ] || complain "$file: $lines lines; an example is one idea, in under 150"
	sed -n 2,3p "$file" | grep -q "^[/ ]\*.* $name\.c - ." || complain "$file: its head does not say what it shows"
	case $file in
	examples/notes/note.c) continue ;;       # what they share
	examples/notes/*) name=examples/notes/$name ;;
	esac
	grep -qxF "$name" <<<"$used" || complain "$file: no test uses it"
done
for folder in examples/*/; do
	[ "$folder" = examples/notes/ ] || complain "$folder: an example is one file; what is more is a room of framework/"
done
[ "$failed" = 0 ] && echo "examples: all of them short, explained and used"
exit "$failed"
