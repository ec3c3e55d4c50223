#!/bin/bash
# SPDX-License-Identifier: MIT
#
# install.sh - what make install puts down is enough to build a plugin and to
# serve it, with pkg-config and the one header.
set -eu
. tests/alone.sh

dir=$(mktemp -d)
master=
finish() {
	[ -n "$master" ] && kill -TERM "$master" 2>/dev/null
	rm -rf "$dir"
}
trap finish EXIT

# Somewhere else, not by DESTDIR: the sample works where it stands.
make -s install PREFIX="$dir/here"
"$dir/here/bin/portico" check -c "$dir/here/etc/portico.ini"

make -s install DESTDIR="$dir/root" PREFIX=/opt/portico
root=$dir/root/opt/portico
for file in bin/portico include/portico.h etc/portico.ini lib/portico/hello.so lib/portico/files.so \
	lib/pkgconfig/portico.pc share/man/man1/portico.1 share/man/man5/portico.ini.5 \
	share/bash-completion/completions/portico etc/logrotate.d/portico; do
	[ -s "$root/$file" ] || { echo "$file is not installed"; exit 1; }
done

grep -q '^\.It Pa /opt/portico/etc/portico\.ini' "$root/share/man/man1/portico.1"

# A second time over the first, as an upgrade does; the operator's file stays.
echo '; mine' >>"$root/etc/portico.ini"
make -s install DESTDIR="$dir/root" PREFIX=/opt/portico
grep -q '; mine' "$root/etc/portico.ini" || { echo "portico.ini was written over"; exit 1; }

cat >"$dir/mine.c" <<'C'
#include <portico.h>
static int request(struct portico_request *req)
{
	return portico_reply_text(req, 200, "mine\n");
}
PORTICO_PLUGIN(.name = "mine", .http_request = request)
C
export PKG_CONFIG_PATH=$root/lib/pkgconfig PKG_CONFIG_SYSROOT_DIR=$dir/root
# shellcheck disable=SC2046
cc -Wall -Wextra -Wpedantic -Werror -shared -fPIC -o "$dir/mine.so" "$dir/mine.c" \
	$(pkg-config --cflags portico)
c++ --version >/dev/null 2>&1 && c++ -std=c++20 -fsyntax-only -x c++ "$root/include/portico.h"

# Its author tests it, linked in and as the shared object.
cat >"$dir/test.c" <<'C'
#include <criterion/criterion.h>
#include <portico/test.h>
#include "mine.c"
Test(mine, answers)
{
	struct portico_test *t = portico_test_new();
	cr_assert_str_eq(portico_test_get(t, "/")->body, "mine\n");
	portico_test_end(t);
	t = portico_test_new(.file = "mine.so");
	cr_assert_str_eq(portico_test_get(t, "/")->body, "mine\n");
	portico_test_end(t);
}
C
# shellcheck disable=SC2046
cc -Wall -Wextra -Werror -o "$dir/test" "$dir/test.c" -lcriterion \
	$(pkg-config --cflags --libs portico-test)
(cd "$dir" && ./test >test.log 2>&1) || { cat "$dir/test.log"; exit 1; }
c++ --version >/dev/null 2>&1 && c++ -std=c++20 -I"$root/include" -fsyntax-only -x c++ \
	"$root/include/portico/test.h"

cat >"$dir/mine.ini" <<INI
[portico]
workers = 1
[service web]
protocol = http
listen = 127.0.0.1:8080
[handler web /]
plugin = ./mine.so
INI
"$root/bin/portico" check -c "$dir/mine.ini"
"$root/bin/portico" run -c "$dir/mine.ini" 2>"$dir/log" &
master=$!
answer=$(curl -sS --retry 50 --retry-delay 0 --retry-connrefused --retry-max-time 20 \
	"http://127.0.0.1:8080/")
[ "$answer" = mine ] || { cat "$dir/log"; echo "answered '$answer'"; exit 1; }
kill -TERM "$master"
wait "$master"
master=
