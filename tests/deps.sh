#!/bin/bash
# SPDX-License-Identifier: MIT
#
# deps.sh PACKAGE... - installs those of Debian's packages that are missing,
# and says which.  With sudo if not root.
set -eu

missing=()
for package in "$@"; do
	state=$(dpkg-query -W -f='${db:Status-Status}' "$package" 2>/dev/null || true)
	[ "$state" = installed ] || missing+=("$package")
done
[ ${#missing[@]} -gt 0 ] || exit 0

as_root=()
if [ "$(id -u)" -ne 0 ]; then
	if ! command -v sudo >/dev/null; then
		echo "missing: ${missing[*]}; not root and no sudo: install them as root with" \
			"apt-get install ${missing[*]}" >&2
		exit 77
	fi
	as_root=(sudo)
fi

echo "installing what is missing: ${missing[*]}"
log=$(mktemp)
trap 'rm -f "$log"' EXIT
export DEBIAN_FRONTEND=noninteractive
# A package that brings a service must not start it: a port would be taken.
policy=/usr/sbin/policy-rc.d
made_policy=no
if [ ! -e "$policy" ] && [ "$(id -u)" -eq 0 ]; then
	printf '#!/bin/sh\nexit 101\n' >"$policy"
	chmod 755 "$policy"
	made_policy=yes
fi
install() {
	"${as_root[@]}" apt-get update -q && "${as_root[@]}" apt-get install -y -q \
		--no-install-recommends "${missing[@]}"
}
code=0
install >"$log" 2>&1 || code=$?
[ "$made_policy" = yes ] && rm -f "$policy"
if [ "$code" -ne 0 ]; then
	tail -n 20 "$log" >&2
	echo "apt-get failed; its last words are above" >&2
fi
exit "$code"
