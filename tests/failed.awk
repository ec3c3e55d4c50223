# SPDX-License-Identifier: MIT
#
# failed.awk - which tests of one binary failed, and why:
#
#   awk -v what="gcc: unit" -v ended="..." -v details=15 -f failed.awk LOG JSON
#
# LOG is Criterion's with --verbose, JSON its report, which is empty when the
# runner was ended: ended then says how.  Prints what failed.sh gathers.
#
# What a test asserted is taken from JSON: in LOG the words of tests that run
# at once are mixed.  For the same reason what sanitizers, assert() and signals
# say is told once for all of them, after the last.

function short(text) { return "    " substr(text, 1, 200) "\n" }

function unquoted(text) {
	sub(/^ *("messages": \[|"name": )?"/, "", text)
	sub(/"\]?,?$/, "", text)
	return text
}

FNR == 1 { file = FILENAME == ARGV[1] ? "log" : "json" }

# ---- LOG ----

file == "log" && match($0, /\[(RUN |PASS|FAIL|SKIP)\] [a-z0-9_]+::[a-z0-9_]+/) {
	mark = substr($0, RSTART, 6)
	test = substr($0, RSTART + 7, RLENGTH - 7)
	if (mark == "[RUN ]")
		running[test] = 1
	else
		delete running[test]
	if (mark == "[FAIL]") {
		failures[++failed] = test
		asserted[test] = words
		words = ""
		worded = 0
	}
	next
}
file == "log" && /ERROR: |SUMMARY: |runtime error: |Assertion .* failed|signal caught|^ *#[0-9]+ / {
	if (++causes <= 2 * details)
		cause = cause short($0)
	next
}
file == "log" && /^\[----\] (.*Assertion Failed|  [^ ])/ && ++worded <= details {
	words = words short(substr($0, 8))
}
file == "log" && /^[^[=]/ { last[++said] = short($0) }

# ---- JSON: known by its indentation; it does not escape quotes ----

file == "json" && /^      "name": / { suite = unquoted($0) }
file == "json" && /^          "name": / { test = suite "::" unquoted($0); reported[test] = 1; previous = "" }
file == "json" && (/^          "messages": \["/ || /^            "/) {
	line = short(unquoted($0))
	if (line != previous && ++lines[test] <= details)
		message[test] = message[test] line
	previous = line
}

END {
	for (i = 1; i <= failed; i++) {
		test = failures[i]
		printf "failed: %s %s\n%s", what, test, reported[test] ? message[test] : asserted[test]
	}
	if (ended) {
		printf "failed: %s: %s\n", what, ended
		for (test in running)
			printf "    %s was running\n", test
		for (i = said - 4; i <= said; i++)
			printf "%s", last[i]
	}
	if (causes)
		printf "    its log has:\n%s", cause
}
