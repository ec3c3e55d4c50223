#!/bin/bash
# SPDX-License-Identifier: MIT
#
# suites.sh - the unit and system suites of one build: B=build SAN= suites.sh
#
# Prints a line a suite and the failures in full, and at the end what failed,
# which it appends to $FAILURES if that is set (failed.sh; $VARIANT is its name
# for this build).  Appends "passed failed skipped" to $COUNTS if that is set.  Fails if
# a test does, or if none ran.
set -u
. tests/failed.sh

B=${B:-build}
SAN=${SAN:-}
export PORTICO=$PWD/$B/portico
export PORTICO_EXAMPLES=$PWD/$B/examples
export PORTICO_TEST_PLUGINS=$PWD/$B/tests/plugins
export PORTICO_ABI_PLUGINS=$PWD/$B/tests/abi
export PORTICO_SAN=$SAN
# A leak is an error in every process; a daemon's exit code must say so.
export ASAN_OPTIONS=detect_leaks=1:abort_on_error=0:exitcode=99
export UBSAN_OPTIONS=print_stacktrace=1:halt_on_error=1

# Criterion's JSON has "name", "passed", "failed", "errored", "skipped" of each
# suite, then its tests with "name" and "status".
tell_suites() {
	awk -F'"' -v prefix="$1" -v left_out="${left_out:-^$}" '
	/"test_suites"/ { inside = 1 }
	!inside { next }
	$2 == "name" { name = $4 }
	$2 == "passed" || $2 == "failed" || $2 == "errored" || $2 == "skipped" {
		value = $3
		gsub(/[^0-9]/, "", value)
		count[$2] = value + 0
		if ($2 == "skipped" && name !~ left_out) {
			printf "  %-28s %3d passed%s%s\n", prefix name, count["passed"],
				(count["failed"] ? ", " count["failed"] " failed" : ""),
				(count["skipped"] ? ", " count["skipped"] " skipped" : "")
			total_passed += count["passed"]
			total_failed += count["failed"]
			total_skipped += count["skipped"]
		}
	}
	END { printf "%d %d %d\n", total_passed, total_failed, total_skipped > "/dev/stderr" }
	' "$2"
}

# Whether a test leaks.  Criterion lets it pass, so only LOG tells.  Its runner has leaks of its
# own, which no suppression keeps apart: its library is on the stack of every test too.
has_leaks() {
	awk '/ERROR: LeakSanitizer/ { inside = 1 }
	/SUMMARY: / { inside = 0 }
	inside && /^ *#[0-9]+ .*[ \/](framework|tests)\// { ours = 1 }
	END { exit !ours }' "$1"
}

# how_it_ended CODE SECONDS LOG: nothing, or what went wrong beside failing tests
how_it_ended() {
	if [ "$1" -eq 124 ] || [ "$1" -eq 137 ]; then
		echo "did not end within $2 s"
	elif [ "$((passed + bad))" -eq 0 ]; then
		echo "no test ran (exit code $1)"
	elif [ "$bad" -gt 0 ]; then
		return
	elif has_leaks "$3"; then
		echo "a test leaks"
	elif [ "$1" -ne 0 ] && ! grep -q 'ERROR: LeakSanitizer' "$3"; then
		echo "ended with exit code $1, though no test failed"
	fi
}

# run_binary NAME SECONDS JOBS [OPTION...]
run_binary() {
	local name=$1 limit=$2 jobs=$3 json log totals ended code=0 begun=$SECONDS
	shift 3
	json=$(mktemp) log=$(mktemp) totals=$(mktemp)
	# Criterion can hang when a child of a test fails an assertion: never wait for it.
	timeout -k 10 "$limit" "$B/$name" --jobs "$jobs" --verbose --json="$json" "$@" \
		>"$log" 2>&1 || code=$?
	tell_suites "$name: " "$json" 2>"$totals"
	echo "  $name: $((SECONDS - begun)) s, $jobs tests at a time"
	read -r passed bad skipped <"$totals"
	grep -v ': Test is disabled$' "$log" | sed -n 's/.*\[SKIP\] /  skipped: /p'
	ended=$(how_it_ended "$code" "$limit" "$log")
	if [ "$bad" -gt 0 ] || [ -n "$ended" ]; then
		grep -vE '^\[(====|RUN |PASS|SKIP)\]' "$log"
		[ -n "$ended" ] && echo "$name: $ended"
		awk -v what="${VARIANT:+$VARIANT: }$name" -v ended="$ended" -v details="$DETAILS" \
			-f tests/failed.awk "$log" "$json" >>"$FAILURES"
		# What ended the runner must not be lost in a count of nothing.
		[ "$bad" -eq 0 ] && bad=1
		failed=1
	fi
	[ -n "${COUNTS:-}" ] && echo "$passed $bad $skipped" >>"$COUNTS"
	rm -f "$json" "$log" "$totals"
}

# Told here too, and not only by who set $FAILURES: of a long output some keep what is near an error.
of_all=${FAILURES:-/dev/null}
FAILURES=$(mktemp)

# They wait more than they work, system tests ten times as long: eight at a time keep two cores busy, and with
# sanitizers six.
failed=0
run_binary unit 300 4
run_binary kit-tests 120 4
if [ -n "$SAN" ]; then
	echo "  system: memory and no_proc are not among them: sanitizers have memory of their own, and read /proc"
	left_out='^(memory|no_proc)$'
	run_binary system 900 6 --filter '!(memory|no_proc)/*'
else
	run_binary system 900 8
fi
tell_failed
cat "$FAILURES" >>"$of_all"
rm -f "$FAILURES"
exit "$failed"
