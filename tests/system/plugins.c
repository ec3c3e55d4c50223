/* SPDX-License-Identifier: MIT */
/* plugins.c - options as a plugin sees them, and plugins of other ages. */
#include <string.h>
#include <unistd.h>

#include "client.h"
#include "harness.h"
#include "server.h"

SYSTEM_SUITE(plugins);

#define WEB                                                                  \
	"[portico]\nworkers = 1\n"                                           \
	"[service web]\nprotocol = http\nlisten = 127.0.0.1:8080\n"

Test(plugins, options_have_their_defaults)
{
	struct server *s = server_start(WEB "[handler web]\nplugin = ${T}/typed.so\nmust = %s\n", "be");

	cr_assert_str_eq(http_get(8080, "/"), "words -3 5 4096 0 0.250 1 be\n");
	server_stop(s);
}

Test(plugins, options_have_the_values_of_the_file)
{
	struct server *s = server_start(WEB "[handler web]\nplugin = ${T}/typed.so\nmust = %s\n"
		"text = two words\nnumber = -42\nsmall = 10\nsize = 1m\nflag = yes\nwait = 1m\n"
		"colour = blue\n", "be");

	cr_assert_str_eq(http_get(8080, "/"), "two words -42 10 1048576 1 60.000 2 be\n");
	server_stop(s);
}

Test(plugins, settings_that_are_not_in_the_table_reach_the_plugin)
{
	struct server *s = server_start(WEB "[handler web]\nplugin = ${T}/refuse_setting.so\n"
		"anything = %s\n", "goes");

	cr_assert_str_eq(http_get(8080, "/"), "set\n");
	server_stop(s);
}

Test(plugins, two_handlers_of_one_plugin_have_their_own_state)
{
	struct server *s = server_start(WEB
		"[handler web /a]\nplugin = ${E}/hello.so\ngreeting = from a\n"
		"[handler web /b]\nplugin = ${E}/hello.so\ngreeting = %s\n", "from b");

	cr_assert_str_eq(http_get(8080, "/a"), "from a\n");
	cr_assert_str_eq(http_get(8080, "/b"), "from b\n");
	cr_assert_str_eq(http_get(8080, "/a"), "from a\n");
	server_stop(s);
}

/* The binary draws with ncurses, whose names are common words. */
Test(plugins, functions_named_like_those_of_a_library_of_ours_stay_its_own)
{
	struct server *s = server_start(WEB "[handler web]\nplugin = %s\n", test_plugin("own_names.so"));

	cr_assert_str_eq(http_get(8080, "/"), "own\n");
	server_stop(s);
}

/* ---- built with the headers of other releases ---- */

Test(plugins, one_built_with_the_frozen_header_serves_all_protocols)
{
	struct server *s = server_start(WEB
		"[handler web]\nplugin = ${T}/../abi/old.so\nword = %s\nnumber = 7\n"
		"[service tcp]\nprotocol = tcp\nlisten = 127.0.0.1:7000\n"
		"[handler tcp]\nplugin = ${T}/../abi/old.so\n"
		"[service udp]\nprotocol = udp\nlisten = 127.0.0.1:7001\n"
		"[handler udp]\nplugin = ${T}/../abi/old.so\n", "still");
	struct response r;
	char answer[8];
	int fd = client_connect(8080);

	client_get(fd, "/", &r);
	cr_assert_str_eq(r.body, "still 7\n");
	cr_assert_str_eq(response_header(&r, "X-Old"), "yes");
	close(fd);
	fd = client_connect(7000);
	client_says(fd, "echo");
	client_read(fd, answer, 4);
	close(fd);
	fd = udp_client("127.0.0.1", 7001);
	cr_assert_eq(udp_ask(fd, "echo", 4, answer, sizeof(answer)), 4);
	close(fd);
	server_stop(s);
}

Test(plugins, one_with_fewer_members_is_read_as_far_as_it_goes)
{
	struct server *s = server_start(WEB
		"[handler web]\nplugin = ${T}/../abi/older.so\nword = %s\nloud = yes\n", "hear");

	for (int i = 0; i < 3; i++)
		cr_assert_str_eq(http_get(8080, "/"), "hear!\n");
	server_stop(s);
}

Test(plugins, one_with_more_members_serves_when_it_does_not_use_them)
{
	struct server *s = server_start(WEB "[handler web]\nplugin = ${T}/../abi/%s\n", "newer.so");

	cr_assert_str_eq(http_get(8080, "/"), "newer\n");
	server_stop(s);
}

Test(plugins, one_that_uses_members_of_the_future_is_refused_with_words)
{
	struct outcome o;

	write_file("portico.ini", WEB "[handler web]\nplugin = ${T}/../abi/newer_used.so\n");
	portico_ends(&o, NULL, "run", "-c", path_of("portico.ini"), NULL);
	cr_assert_eq(o.code, 78, "%s", o.err);
	cr_assert(strstr(o.err, "newer_used.so uses callbacks that this portico does not know yet; "
		"install a newer portico"), "%s", o.err);
}
