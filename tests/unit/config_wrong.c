/* SPDX-License-Identifier: MIT */
/* config_wrong.c - what is no configuration: each problem once, in words that help. */
#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "config_rig.h"

CONFIG_SUITE(config_wrong);

Test(config_wrong, no_service_is_a_problem)
{
	expect_told("[portico]\n", "a.ini: has no service; add [service NAME]\n");
	expect_told("; nothing\n", "a.ini: has no service; add [service NAME]\n");
}

Test(config_wrong, an_empty_file_closes_no_port)
{
	expect_told("", "a.ini: is empty; write a section or name another file\n");
}

Test(config_wrong, a_file_that_cannot_be_read_keeps_its_errno)
{
	errno = 0;
	cr_assert_null(config_load(path_of("none.ini"), hear, NULL));
	cr_assert_eq(errno, ENOENT);
	cr_assert_str_eq(told, "none.ini: there is no such file; correct the name\n");
}

Test(config_wrong, unknown_sections_are_told_and_nothing_else)
{
	expect_told("[sevice s]\nprotocol = tcp\n" HANDLER,
		"a.ini:1: there is no section [sevice s]; did you mean [service s]?\n");
	expect_told("[x]\n", "a.ini:1: there is no section [x]; write [portico], [service ...] or "
			     "[handler ...]\n");
}

Test(config_wrong, headings_have_their_form)
{
	expect_told("[portico x]\n[service]\n[service a b]\n[handler]\n[handler a /b c]\n",
		"a.ini:1: [portico x]: is not of the form [portico]; write it so\n"
		"a.ini:2: [service]: is not of the form [service NAME]; write it so\n"
		"a.ini:3: [service a b]: is not of the form [service NAME]; write it so\n"
		"a.ini:4: [handler]: is not of the form [handler SERVICE] or "
		"[handler SERVICE /PREFIX]; write it so\n"
		"a.ini:5: [handler a /b c]: is not of the form [handler SERVICE] or "
		"[handler SERVICE /PREFIX]; write it so\n");
}

Test(config_wrong, names_of_services_are_checked)
{
	expect_told("[service a.b]\n[service aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa]\n",
		"a.ini:1: [service a.b]: a.b is no name for a service; write 1 to 32 of "
		"A-Z a-z 0-9 _ -\n"
		"a.ini:2: [service aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa]: "
		"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa is no name for a service; write 1 to 32 of "
		"A-Z a-z 0-9 _ -\n");
}

Test(config_wrong, unknown_keys_are_told_with_their_neighbour)
{
	expect_told("[portico]\ndrian = 1s\n" TCP "idel = 3s\n" HANDLER,
		"a.ini:2: drian is not an option of [portico]; did you mean drain?\n"
		"a.ini:6: idel is not an option of [service s]; did you mean idle?\n");
}

Test(config_wrong, values_out_of_range_name_the_range)
{
	expect_told("[portico]\nworkers = 0\n" TCP HANDLER,
		"a.ini:2: workers = 0: out of range; write auto or 1 to 1024\n");
	expect_told("[portico]\nworkers = 100000\n" TCP HANDLER,
		"a.ini:2: workers = 100000: out of range; write auto or 1 to 1024\n");
	expect_told("[portico]\nworkers = many\n" TCP HANDLER,
		"a.ini:2: workers = many: not a number; write auto or 1 to 1024\n");
	expect_told(TCP "backlog = 0\n" HANDLER,
		"a.ini:4: backlog = 0: out of range; write 1 to 65535\n");
	expect_told(TCP "defer_accept = maybe\n" HANDLER,
		"a.ini:4: defer_accept = maybe: not known; write auto, yes or no\n");
	expect_told(HTTP "max_fields = 101\n" HANDLER,
		"a.ini:4: max_fields = 101: out of range; write 1 to 100\n");
}

Test(config_wrong, times_and_sizes_need_units)
{
	expect_told("[portico]\ndrain = 20\n" TCP "max_queue = 1q\n" HANDLER,
		"a.ini:2: drain = 20: not a time; write 250ms, 30s, 5m or 1h\n"
		"a.ini:6: max_queue = 1q: not a size; write 512, 64k, 1m or 2g\n");
}

Test(config_wrong, an_empty_value_is_refused)
{
	expect_told("[portico]\nuser =\ninclude =\n" TCP HANDLER,
		"a.ini:3: include =: names no file; name one or delete the line\n"
		"a.ini:2: user has no value; write one or delete the line\n");
}

Test(config_wrong, keys_of_another_protocol_are_told)
{
	expect_told(TCP "max_head = 1k\n" HANDLER,
		"a.ini:4: max_head is not for protocol = tcp but for http; delete it\n");
	expect_told(UDP "defer_accept = no\n" HANDLER,
		"a.ini:4: defer_accept is not for protocol = udp but for tcp or http; delete it\n");
	expect_told(UDP "idle = 1s\nbacklog = 0\n" HANDLER,
		"a.ini:4: idle is not for protocol = udp but for tcp or http; delete it\n"
		"a.ini:5: backlog is not for protocol = udp but for tcp or http; delete it\n");
	expect_told(HTTP "max_input = 1k\n" HANDLER,
		"a.ini:4: max_input is not for protocol = http but for tcp; delete it\n");
}

Test(config_wrong, required_keys_are_missed_once)
{
	expect_told("[service s]\n[handler s]\n",
		"a.ini:1: [service s] has no protocol; add it: tcp, udp or http\n"
		"a.ini:1: [service s] has no listen; add it: HOST:PORT, or several with commas "
		"between them\n"
		"a.ini:2: [handler s] has no plugin; add it: the handler's shared object\n");
	expect_told("[service s]\nprotcol = tcp\nlisten = ${PT_NONE}\n" HANDLER,
		"a.ini:3: listen: the environment variable PT_NONE is not set; set it or give a "
		"default: ${NAME:default}\n"
		"a.ini:2: protcol is not an option of [service s]; did you mean protocol?\n");
	expect_told(TCP "[handler s]\nplugn = p.so\n",
		"a.ini:5: [handler s] has no plugin; did you mean plugin with plugn?\n");
}

Test(config_wrong, a_wrong_protocol_has_no_follow_ups)
{
	expect_told("[service s]\nprotocol = htp\nlisten = *:80\nmax_head = 1k\nmax_input = 1\n"
		    "[handler s /x]\nplugin = p.so\n",
		"a.ini:2: protocol = htp: not known; did you mean http?\n");
}

Test(config_wrong, a_file_that_is_missing_has_no_follow_ups)
{
	expect_told("[portico]\ninclude = none.ini\n[handler web]\nplugin = p.so\n",
		"a.ini:2: include none.ini: there is no such file; correct the name\n");
}

Test(config_wrong, only_the_main_file_sets_the_server)
{
	put("b.ini", "[portico]\nworkers = 3\ninclude = c.ini\n");
	put("c.ini", HANDLER);
	expect_told("[portico]\ninclude = b.ini\n" TCP,
		"b.ini:2: workers: [portico] in an included file may hold include alone; move the "
		"line to a.ini\n");
}

Test(config_wrong, a_line_that_is_too_long_is_told_alone)
{
	char text[4096] = "[service s]\nprotocol = tcp\nlisten = ";
	size_t len = strlen(text);

	memset(text + len, '1', 1100);
	strcpy(text + len + 1100, "\n" HANDLER);
	expect_told(text, "a.ini:3: the line has 1109 bytes; up to 1024 are allowed\n");
}

Test(config_wrong, problems_beyond_the_limit_are_counted)
{
	char text[8192] = TCP;
	size_t lines = 0;

	for (int i = 0; i < 130; i++)
		sprintf(text + strlen(text), "zzz%d = 1\n", i);
	strcat(text, HANDLER);
	load(text);
	for (const char *at = told; (at = strchr(at, '\n')) != NULL; at++)
		lines++;
	cr_assert_eq(lines, CONFIG_MAX_PROBLEMS + 1);
	cr_assert_not_null(strstr(told, "\nand 30 more\n"));
}
