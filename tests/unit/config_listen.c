/* SPDX-License-Identifier: MIT */
/* config_listen.c - "listen =": addresses, over all services. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "config_rig.h"

CONFIG_SUITE(config_listen);

Test(config_listen, listen_is_a_list)
{
	char text[ADDR_TEXT];

	expect_sound(
		"[service s]\nprotocol = tcp\nlisten = 127.0.0.1:1 ,[::1]:2,0.0.0.0:3\n" HANDLER);
	const struct config_service *s = service("s");
	cr_assert_eq(s->listen_count, 3);
	cr_assert_str_eq(addr_format(&s->listens[1], text), "[::1]:2");
}

Test(config_listen, wrong_addresses_are_told_one_by_one)
{
	expect_told(
		"[service s]\nprotocol = tcp\nlisten = 1.2.3.4, 1.2.3.4:0, [::1]:70000,\n" HANDLER,
		"a.ini:3: listen = 1.2.3.4: has no port; write HOST:PORT\n"
		"a.ini:3: listen = 1.2.3.4:0: the port is not in range; write 1 to 65535\n"
		"a.ini:3: listen = [::1]:70000: the port is not in range; write 1 to 65535\n"
		"a.ini:3: listen: no address between two commas or at the end; delete the comma\n");
}

Test(config_listen, a_name_that_does_not_resolve_is_told)
{
	load("[service s]\nprotocol = tcp\nlisten = no-such-host.invalid:80\n" HANDLER);
	cr_assert_null(config);
	cr_assert_not_null(strstr(told, "a.ini:3: listen = no-such-host.invalid:80: the name does "
					"not resolve ("),
		"%s", told);
}

Test(config_listen, an_address_is_served_once_a_transport)
{
	expect_told("[service a]\nprotocol = tcp\nlisten = 127.0.0.1:80, 127.0.0.1:80\n"
		    "[service b]\nprotocol = http\nlisten = [::1]:80, 127.0.0.1:80\n"
		    "[handler a]\nplugin = p.so\n[handler b]\nplugin = p.so\n",
		"a.ini:3: listen: [service a] has 127.0.0.1:80 already, at a.ini:3; take one out\n"
		"a.ini:6: listen: [service a] has 127.0.0.1:80 already, at a.ini:3; take one "
		"out\n");
	expect_sound("[service a]\nprotocol = tcp\nlisten = 127.0.0.1:80\n"
		     "[service b]\nprotocol = udp\nlisten = 127.0.0.1:80\n"
		     "[handler a]\nplugin = p.so\n[handler b]\nplugin = p.so\n");
}

Test(config_listen, addresses_have_a_limit_over_all_services)
{
	char text[4096] = "[service s]\nprotocol = tcp\nlisten = 127.0.0.1:1";

	for (int port = 2; port <= 64; port++)
		sprintf(text + strlen(text), ",1.1.1.1:%d", port);
	size_t end = strlen(text);
	strcpy(text + end, "\n" HANDLER);
	expect_sound(text);
	cr_assert_eq(service("s")->listen_count, 64);
	strcpy(text + end, ",1.1.1.1:65,1.1.1.1:66\n" HANDLER);
	expect_told(
		text, "a.ini:3: listen: more than 64 addresses in all services; take some out\n");
}
