# SPDX-License-Identifier: MIT
# complete.bash - bash, with the completions loaded, completes what a person types.
set -u
# shellcheck source=/dev/null
. <("$PORTICO" completion bash)
[ "$(complete -p portico)" = "complete -F _portico portico" ]

# completes WORDS... = ANSWERS: what the last word becomes
completes() {
	local -a words=()
	while [ "$1" != = ]; do
		words+=("$1")
		shift
	done
	COMP_WORDS=(portico "${words[@]}")
	COMP_CWORD=${#words[@]}
	_portico
	[ "${COMPREPLY[*]}" = "$2" ] || { echo "${words[*]}: ${COMPREPLY[*]}, not $2"; exit 1; }
}

touch "${dir:?}/a named file"
completes pro = promote
completes un = undrain
completes reload --c = --canary
completes status --j = --json
completes run --j = ''
completes completion f = fish
completes soak --rate '' = ''
completes soak --rate 3 --re = --reloads
completes -c "$dir/a n" = "$dir/a named file"
completes plugin "$dir/a n" = "$dir/a named file"
completes plugin --i = --ini
completes run --set x=y --li = --listen
completes new --w = --websocket
completes -c x.ini stat = status
