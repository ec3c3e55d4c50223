/* SPDX-License-Identifier: MIT */
/* config_handlers.c - [handler ...]: which plugin for which requests, and what is left to it. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "config_rig.h"

CONFIG_SUITE(config_handlers);

Test(config_handlers, handlers_may_be_for_hosts)
{
	expect_sound(HTTP HANDLER "[handler s /]\nplugin = q.so\nhost = A.example,*.b.example\n"
			  "[handler s]\nplugin = r.so\nhost = [::1]\n");
	const struct config_service *s = service("s");
	cr_assert_eq(s->handler_count, 3);
	for (size_t i = 0; i < 3; i++) {
		const struct config_handler *h = &s->handlers[i];
		cr_assert_eq(h->setting_count, 0);
		if (strstr(h->plugin, "q.so") == NULL)
			continue;
		cr_assert_eq(h->host_count, 2);
		cr_assert_str_eq(h->hosts[0], "a.example");
		cr_assert_str_eq(h->hosts[1], "*.b.example");
	}
}

Test(config_handlers, a_host_has_one_handler_for_a_prefix)
{
	expect_told(HTTP "[handler s /]\nplugin = p.so\nhost = a.example, b.example\n"
			 "[handler s]\nplugin = q.so\nhost = c.example, B.example\n",
		"a.ini:7: [handler s]: s has its handler and a host of it already, at a.ini:4; "
		"delete one\n");
}

Test(config_handlers, hosts_are_names)
{
	expect_told(HTTP HANDLER "host = a.example:80, ,*, a..b, *.[::1], a.*.b\n",
#define NO_HOST(host)                                                        \
		"a.ini:6: host: \"" host "\" is no host; write a.example or *.example, without a port\n"
		NO_HOST("a.example:80") NO_HOST("") NO_HOST("*") NO_HOST("a..b") NO_HOST("*.[::1]")
		NO_HOST("a.*.b"));
#undef NO_HOST
}

#define A16  "aaaaaaaaaaaaaaaa"
#define A128 A16 A16 A16 A16 A16 A16 A16 A16

/* Its label goes to the next worker, in a room that is made for such. */
Test(config_handlers, an_address_is_no_longer_than_a_name)
{
	expect_told(HTTP HANDLER "host = [" A128 A128 "]\n",
		"a.ini:6: host: \"[" A128 A128 "]\" is no host; write a.example or *.example, without a port\n");
}

/* A client plugin may well have a host to connect to. */
Test(config_handlers, host_is_the_plugins_where_there_are_no_requests)
{
	expect_sound(TCP HANDLER "host = db.example:5432\n");
	cr_assert_eq(service("s")->handlers[0].host_count, 0);
	cr_assert_str_eq(service("s")->handlers[0].settings[0].key, "host");
}

Test(config_handlers, http_handlers_have_the_longest_prefix_first)
{
	expect_sound("[handler s /a]\nplugin = a.so\n" HTTP "[handler s]\nplugin = /x/p.so\n"
		     "[handler s /a/b]\nplugin = ./d/b.so\n");
	const struct config_service *s = service("s");
	cr_assert_eq(s->handler_count, 3);
	cr_assert_str_eq(s->handlers[0].prefix, "/a/b");
	cr_assert_str_eq(s->handlers[1].prefix, "/a");
	cr_assert_str_eq(s->handlers[2].prefix, "/");
	cr_assert_str_eq(s->handlers[2].plugin, "/x/p.so");
	cr_assert_not_null(strstr(s->handlers[0].plugin, dir));
	cr_assert_not_null(strstr(s->handlers[0].plugin, "/./d/b.so"));
	cr_assert_str_eq(s->handlers[1].plugin, "/usr/local/lib/portico/a.so");
}

Test(config_handlers, plugins_is_seen_from_its_file)
{
	char wanted[128];

	expect_sound("[portico]\nplugins = lib\n" TCP HANDLER);
	snprintf(wanted, sizeof(wanted), "%s/lib/p.so", dir);
	cr_assert_str_eq(service("s")->handlers[0].plugin, wanted);
}

Test(config_handlers, a_plugin_in_an_included_file_is_seen_from_there)
{
	char wanted[128];

	cr_assert_eq(mkdir(path_of("d"), 0700), 0);
	put("d/b.ini", "[handler s]\nplugin = ./p.so\n");
	expect_sound("[portico]\ninclude = d/*.ini\n" TCP);
	snprintf(wanted, sizeof(wanted), "%s/d/./p.so", dir);
	cr_assert_str_eq(service("s")->handlers[0].plugin, wanted);
}

Test(config_handlers, other_keys_of_a_handler_are_the_plugins)
{
	expect_sound(TCP HANDLER "greeting = Hi %s%n\nempty =\n");
	const struct config_handler *h = &service("s")->handlers[0];
	cr_assert_eq(h->setting_count, 2);
	cr_assert_str_eq(h->settings[0].key, "greeting");
	cr_assert_str_eq(h->settings[0].value, "Hi %s%n");
	cr_assert_eq(h->settings[0].line, 6);
	cr_assert_not_null(strstr(h->settings[0].file, "a.ini"));
	cr_assert_str_eq(h->settings[1].value, "");
}

Test(config_handlers, handlers_need_their_service)
{
	expect_told(TCP "[handler ss]\nplugin = p.so\n" HANDLER,
		"a.ini:4: [handler ss]: there is no service ss; add [service ss]\n");
	expect_told("[service web]\nprotocol = http\nlisten = *:80\n[handler wbe]\n"
		    "plugin = p.so\n",
		"a.ini:4: [handler wbe]: there is no service wbe; did you mean web?\n");
}

Test(config_handlers, services_need_a_handler)
{
	expect_told(
		TCP, "a.ini:1: [service s] has no handler; add [handler s] with plugin = ...\n");
}

Test(config_handlers, prefixes_are_for_http_and_begin_with_a_slash)
{
	expect_told(TCP "[handler s /a]\nplugin = p.so\n",
		"a.ini:4: [handler s /a]: only protocol = http has prefixes, s is tcp; write "
		"[handler s]\n");
	expect_told(HTTP "[handler s a]\nplugin = p.so\n",
		"a.ini:4: [handler s a]: the prefix does not begin with /; write "
		"[handler SERVICE /PREFIX]\n");
	expect_told(HTTP "[handler s /a?b]\nplugin = p.so\n",
		"a.ini:4: [handler s /a?b]: a prefix is the start of a path, which ends before ? "
		"and #; cut it there\n");
}

Test(config_handlers, a_prefix_has_one_handler)
{
	expect_told(HTTP HANDLER "[handler s /]\nplugin = q.so\n",
		"a.ini:6: [handler s /]: s has its handler for / already, at a.ini:4; "
		"delete one\n");
	expect_told(UDP HANDLER "[handler  s]\nplugin = q.so\n",
		"a.ini:6: [handler s]: s has its handler already, at a.ini:4; delete one\n");
}
