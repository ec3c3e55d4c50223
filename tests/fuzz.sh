#!/bin/bash
# SPDX-License-Identifier: MIT
#
# fuzz.sh SECONDS - every fuzzer for that long, one on each core, from the corpus
# in the tree.  What it finds is kept in build/fuzz/NAME.found/.
set -u
. tests/failed.sh

seconds=$1

# fuzz NAME
fuzz() {
	local log=build/fuzz/$1.log code=0
	mkdir -p "build/fuzz/$1.new" "build/fuzz/$1.found"
	timeout -k 10 $((seconds + 60)) "build/fuzz/$1" -max_total_time="$seconds" \
		-timeout=10 -rss_limit_mb=2048 -artifact_prefix="build/fuzz/$1.found/" \
		"build/fuzz/$1.new" "tests/fuzz/corpus/$1" >"$log" 2>&1 || code=$?
	rm -rf "build/fuzz/$1.new"
	echo "$code" >"build/fuzz/$1.code"
}

# tell NAME: fails if it did
tell() {
	local log=build/fuzz/$1.log
	if [ "$(cat "build/fuzz/$1.code")" -eq 0 ]; then
		printf '  fuzz: %-22s %s\n' "$1" "$(grep -E '^Done ' "$log" | tail -n 1)"
		return 0
	fi
	tail -n 30 "$log"
	echo "  fuzz: $1 FAILED: build/fuzz/$1.found/ has the input"
	grep -vE '^(#[0-9]+|INFO:)' "$log" | note_failed "fuzz: $1"
	return 1
}

names=$(basename -s .c tests/fuzz/*.c)
cores=$(nproc)
for name in $names; do
	[ "$(jobs -rp | wc -l)" -lt "$cores" ] || wait -n
	fuzz "$name" &
done
wait

passed=0
failed=0
for name in $names; do
	if tell "$name"; then
		passed=$((passed + 1))
	else
		failed=$((failed + 1))
	fi
done
[ -n "${COUNTS:-}" ] && echo "$passed $failed 0" >>"$COUNTS"
[ "$failed" -eq 0 ]
