/* SPDX-License-Identifier: MIT */
/* check.c - portico check: everything that is wrong, in one run, and nothing served. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "client.h"
#include "harness.h"
#include "server.h"

SYSTEM_SUITE(check);

static void check(struct outcome *o)
{
	portico_ends(o, NULL, "check", "-c", path_of("portico.ini"), NULL);
}

static size_t count_lines(const char *text)
{
	size_t lines = 0;

	for (; (text = strchr(text, '\n')); text++)
		lines++;
	return lines;
}

Test(check, a_good_file_gives_0_and_one_line)
{
	struct outcome o;

	copy_file("etc/portico.ini", "portico.ini");
	setenv("PORTICO_PLUGINS", getenv("E"), 1);
	check(&o);
	cr_assert_eq(o.code, 0, "%s", o.err);
	cr_assert_str_eq(o.err, "");
	cr_assert_eq(count_lines(o.out), 1, "%s", o.out);
	cr_assert(strstr(o.out, "portico.ini: good: 3 services, 3 handlers"), "%s", o.out);
}

Test(check, reports_all_problems_of_the_file_in_one_run)
{
	struct outcome o;

	write_file("portico.ini", "[portico]\nworkers = 0\ndrian = 5s\n"
		"[service web]\nprotocol = htp\nlisten = 127.0.0.1:0, nowhere\nidle = 5 parsecs\n"
		"[handler wbe]\nplugin = x.so\n"
		"[nonsense]\n");
	check(&o);
	cr_assert_eq(o.code, 78);
	cr_assert(strstr(o.err, "portico.ini:2: workers = 0"), "%s", o.err);
	cr_assert(strstr(o.err, "portico.ini:3: drian"), "%s", o.err);
	cr_assert(strstr(o.err, "portico.ini:5: protocol = htp"), "%s", o.err);
	cr_assert(strstr(o.err, "portico.ini:6: listen = 127.0.0.1:0"), "%s", o.err);
	cr_assert(strstr(o.err, "portico.ini:6: listen = nowhere"), "%s", o.err);
	cr_assert(strstr(o.err, "portico.ini:7: idle = 5 parsecs"), "%s", o.err);
	cr_assert(strstr(o.err, "portico.ini:10: there is no section [nonsense]"), "%s", o.err);
	cr_assert_str_eq(o.out, "");
}

Test(check, reports_all_problems_of_all_plugins_in_one_run)
{
	struct outcome o;

	write_file("portico.ini", "[service web]\nprotocol = http\nlisten = 127.0.0.1:8080\n"
		"[handler web /a]\nplugin = ${T}/typed.so\nnumber = x\nsmall = 0\n"
		"[handler web /b]\nplugin = ${T}/no_name.so\n"
		"[handler web /c]\nplugin = ./missing.so\n"
		"[service echo]\nprotocol = tcp\nlisten = 127.0.0.1:7000\n"
		"[handler echo]\nplugin = ${E}/hello.so\n");
	check(&o);
	cr_assert_eq(o.code, 78);
	cr_assert(strstr(o.err, "portico.ini:4: handler web /a: must is missing"), "%s", o.err);
	cr_assert(strstr(o.err, "portico.ini:6: handler web /a: number = x"), "%s", o.err);
	cr_assert(strstr(o.err, "portico.ini:7: handler web /a: small = 0"), "%s", o.err);
	cr_assert(strstr(o.err, "portico.ini:8: handler web /b"), "%s", o.err);
	cr_assert(strstr(o.err, "portico.ini:10: handler web /c"), "%s", o.err);
	cr_assert(strstr(o.err, "portico.ini:15: handler echo: plugin hello has no tcp_open() nor "
		"tcp_data()"), "%s", o.err);
}

Test(check, survives_a_plugin_that_crashes_when_it_is_loaded)
{
	struct outcome o;

	write_file("portico.ini", "[service web]\nprotocol = http\nlisten = 127.0.0.1:8080\n"
		"[handler web]\nplugin = ${T}/crash_in_load.so\n");
	check(&o);
	cr_assert_eq(o.code, 78);
	cr_assert(strstr(o.err, "a plugin ended the trial with signal 6 (Aborted)"), "%s", o.err);
}

/* Not with its code, which says that all is well. */
Test(check, survives_a_plugin_that_exits_when_it_is_loaded)
{
	struct outcome o;

	write_file("portico.ini", "[service web]\nprotocol = http\nlisten = 127.0.0.1:8080\n"
		"[handler web /a]\nplugin = ./nowhere.so\n"
		"[handler web /b]\nplugin = ${T}/exit_in_load.so\n");
	check(&o);
	cr_assert_eq(o.code, 78);
	cr_assert(strstr(o.err, "nowhere.so"), "%s", o.err);
	cr_assert(strstr(o.err, "a plugin ended the trial with exit code 0"), "%s", o.err);
}

Test(check, starts_no_handler_and_takes_no_port)
{
	struct outcome o;
	struct server *s = server_start("[service web]\nprotocol = http\nlisten = 127.0.0.1:8080\n"
		"[handler web]\nplugin = ${T}/who.so\n%s", "");

	write_file("portico.ini", "[service web]\nprotocol = http\nlisten = 127.0.0.1:8080\n"
		"[handler web]\nplugin = ${T}/crash_in_start.so\n");
	check(&o);
	cr_assert_eq(o.code, 0, "%s", o.err);
	http_get(8080, "/");
	server_stop(s);
}

Test(check, many_problems_are_cut_and_counted)
{
	struct outcome o;
	char *text = calloc(1, 1 << 16);
	size_t len = 0;

	cr_assert_not_null(text);
	for (int i = 0; i < 150; i++)
		len += (size_t)sprintf(text + len, "nonsense%d = 1\n", i);
	write_file("portico.ini", "[service web]\nprotocol = http\nlisten = 127.0.0.1:8080\n"
		"[handler web]\nplugin = ${E}/hello.so\n%s", text);
	check(&o);
	cr_assert_eq(o.code, 78);
	cr_assert_eq(count_lines(o.err), 101, "%zu lines", count_lines(o.err));
	cr_assert(strstr(o.err, "and 50 more"), "%s", o.err);
	free(text);
}
