# SPDX-License-Identifier: MIT
# shellcheck shell=bash
#
# claims.sh - a suite written in bash: a line for each claim, the count at its end.  Sourced
# by tests/NAME/run; $suite is what its lines begin with.
: "${suite:?}"
. tests/failed.sh

passed=0 failed=0 skipped=0

# claim WHAT COMMAND...: its output is shown only if it fails
claim() {
	local what=$1 log
	shift
	log=$(mktemp)
	if "$@" >"$log" 2>&1; then
		printf '  %s: %s\n' "$suite" "$what"
		passed=$((passed + 1))
	else
		tail -n 40 "$log"
		printf '  %s: %s FAILED\n' "$suite" "$what"
		tail -n "$DETAILS" "$log" | note_failed "$suite: $what"
		failed=$((failed + 1))
	fi
	rm -f "$log"
}

# leave_out COUNT WHY
leave_out() {
	echo "  skipped: $suite: $2"
	skipped=$((skipped + $1))
}

# The last line of a suite: what it gives is the suite's exit code.
tell_claims() {
	[ -n "${COUNTS:-}" ] && echo "$passed $failed $skipped" >>"$COUNTS"
	echo "$passed passed, $failed failed, $skipped skipped"
	[ "$failed" -eq 0 ] && [ "$((passed + skipped))" -gt 0 ]
}
