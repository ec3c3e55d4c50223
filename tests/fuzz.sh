#!/bin/bash
# SPDX-License-Identifier: MIT
#
# fuzz.sh SECONDS - every fuzzer for that long, from the corpus in the tree.
# What it finds is kept in build/fuzz/NAME.found/.
set -u
. tests/failed.sh

seconds=$1
failed=0
passed=0
for target in tests/fuzz/*.c; do
	name=$(basename "$target" .c)
	mkdir -p "build/fuzz/$name.new" "build/fuzz/$name.found"
	log=build/fuzz/$name.log
	if timeout -k 10 $((seconds + 60)) "build/fuzz/$name" -max_total_time="$seconds" \
		-timeout=10 -rss_limit_mb=2048 -artifact_prefix="build/fuzz/$name.found/" \
		"build/fuzz/$name.new" "tests/fuzz/corpus/$name" >"$log" 2>&1; then
		printf '  fuzz: %-22s %s\n' "$name" "$(grep -E '^Done ' "$log" | tail -n 1)"
		passed=$((passed + 1))
	else
		tail -n 30 "$log"
		echo "  fuzz: $name FAILED: build/fuzz/$name.found/ has the input"
		grep -vE '^(#[0-9]+|INFO:)' "$log" | note_failed "fuzz: $name"
		failed=$((failed + 1))
	fi
	rm -rf "build/fuzz/$name.new"
done
[ -n "${COUNTS:-}" ] && echo "$passed $failed 0" >>"$COUNTS"
[ "$failed" -eq 0 ]
