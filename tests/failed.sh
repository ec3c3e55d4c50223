# SPDX-License-Identifier: MIT
# shellcheck shell=bash
#
# failed.sh - what failed, gathered while a run goes on and told at its end:
# the last lines of a long output are all that some keep of it.  Sourced.
#
# $FAILURES is the file it is gathered in: lines "failed: WHAT", below each up
# to DETAILS lines that begin with blanks.

DETAILS=15
EXPLAINED=20            # of more failures than these only the names are told

# note_failed WHAT <LINES
note_failed() {
	[ -n "${FAILURES:-}" ] || return 0
	{
		echo "failed: $1"
		head -n "$DETAILS" | cut -c 1-200 | sed 's/^/    /'
	} >>"$FAILURES"
}

tell_failed() {
	awk -v explained="$EXPLAINED" '/^failed: / { n++ } /^failed: / || n <= explained' "$FAILURES"
}
