#!/bin/bash
# SPDX-License-Identifier: MIT
#
# abi.sh - include/portico.h keeps what every frozen header in tests/abi/ promised, and the
# check that says so sees each way not to.  docs/abi.md says what is promised.
set -u
cd "$(dirname "$0")/.." || exit 1

header=include/portico.h
failed=0
checks=0
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
tests/abi.py facts "$header" >"$dir/facts" || exit 1

wrong() {
	echo "abi: $1"
	failed=1
}

for frozen in tests/abi/portico-*.h; do
	checks=$((checks + 1))
	tests/abi.py kept "$frozen" "$dir/facts" || wrong "$header does not keep what $frozen promised"
done

# changed NAME SED: a copy of the header with that change, which must be one
changed() {
	sed -E "$2" "$header" >"$dir/$1.h"
	if cmp -s "$header" "$dir/$1.h"; then
		wrong "the change $1 changes nothing: mend tests/abi.sh"
		return 1
	fi
}

# seen NAME WHAT SED: such a change is told, with these words
seen() {
	checks=$((checks + 1))
	changed "$1" "$3" || return
	if tests/abi.py kept "$dir/facts" "$dir/$1.h" >"$dir/said"; then
		wrong "$1 is not seen"
	elif ! grep -qF -- "$2" "$dir/said"; then
		wrong "$1 is not told as '$2' but:"
		cat "$dir/said"
	fi
}

# fine NAME SED: and such a one is none of its business
fine() {
	checks=$((checks + 1))
	changed "$1" "$2" || return
	tests/abi.py kept "$dir/facts" "$dir/$1.h" || wrong "$1 is not allowed"
}

seen inserted_member "gone or changed: member portico_plugin.version at" \
	's/^(\tconst char \*)version;.*/\1nickname;\n&/'
seen member_in_a_hole "not at the end: portico_option.loud at 12" \
	's/^(\tenum portico_type  type;)/\1\n\tbool loud;/'
seen removed_member "gone or changed: member portico_plugin.methods" \
	'/^\tconst char \*methods;/d'
seen members_that_changed_places "gone or changed: member portico_plugin.start at" \
	's/\*start\)/*XX)/; s/\(\*drain\)/(*start)/; s/\*XX\)/*drain)/'
seen renamed_member "gone or changed: member portico_peer.len" \
	's/^(\tsocklen_t               )len;/\1length;/'
seen changed_type_of_the_same_size "gone or changed: member portico_plugin.abi at 0, 4 bytes, uint32_t" \
	's/^\tuint32_t abi;/\tint32_t abi;/'
seen changed_callback "gone or changed: member portico_plugin.tcp_open" \
	's/^(\tint     \(\*tcp_open\)\(struct portico_conn \*)\);/\1, int);/'
seen a_value_that_grew "struct portico_peer had" \
	's/^(\tsocklen_t               len;)/\1\n\tuint64_t zone;/'
seen inserted_enumerator "gone or changed: value PORTICO_INT 2" \
	's/^(\tPORTICO_STRING = 1,.*)/\1\n\tPORTICO_BYTES,/'
seen changed_value "gone or changed: value PORTICO_LATER 1" \
	's/PORTICO_LATER = 1/PORTICO_LATER = 2/'
seen changed_macro "gone or changed: macro PORTICO_CHUNKED (-1)" \
	's/PORTICO_CHUNKED \(-1\)/PORTICO_CHUNKED (-2)/'
seen removed_function "gone or changed: function portico_timer_stop" \
	'/^void portico_timer_stop\(/d'
seen changed_parameter "gone or changed: function portico_request_resume" \
	's/^(void +portico_request_resume\(struct portico_request \*)\);/\1, int);/'
seen changed_result "gone or changed: function portico_reply_end int" \
	's/^int (portico_reply_end\()/ssize_t \1/'

fine appended_member 's/^(\tint \(\*ws_import\)\(.*;)/\1\n\tvoid (*http_wish)(struct portico_request *);/'
fine appended_option_column 's/^(\tconst char        \*range;.*)/\1\n\tconst char *unit;/'
fine appended_enumerator 's/^(\tPORTICO_ENUM, .*)/\1\n\tPORTICO_LIST,/'
fine new_function 's/^(int portico_reply_end\(.*)/\1\nint portico_reply_wish(struct portico_request *);/'
fine new_comment 's/one line of the log, as/a line of the log, as/'

[ "$failed" -eq 0 ] && echo "abi: $checks checks passed"
exit "$failed"
