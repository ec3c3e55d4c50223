/* SPDX-License-Identifier: MIT */
/* config_admin.c - admin and admin_host of [portico]: the service that they make. */
#include <criterion/criterion.h>
#include <string.h>

#include "config_rig.h"

CONFIG_SUITE(config_admin);

#define ADMIN(value) "[portico]\nadmin = " value "\n" TCP HANDLER

static const struct config_service *admin(void)
{
	cr_assert_not_null(config, "%s", told);
	const struct config_service *last = &config->services[config->service_count - 1];
	return config_is_admin(last) ? last : NULL;
}

Test(config_admin, there_is_none_unless_it_is_asked_for)
{
	load(TCP HANDLER);
	cr_assert_null(admin());
	load(ADMIN("off"));
	cr_assert_null(admin());
	load("[portico]\ncontrol = /run/x/control.sock\nadmin = off\n" TCP HANDLER);
	cr_assert_null(admin());
	cr_assert_null(config->admin_path);
}

Test(config_admin, is_the_last_service_with_small_limits)
{
	load(ADMIN("127.0.0.1:9180, [::1]:9180"));
	const struct config_service *s = admin();
	cr_assert_not_null(s);
	cr_assert_eq(config->service_count, 2);
	cr_assert_eq(s->listen_count, 2);
	cr_assert_eq(s->protocol, CONFIG_HTTP);
	cr_assert_eq(s->handler_count, 1);
	cr_assert_eq(s->max_body, 0);
	cr_assert_eq(s->max_connections, 64);
	cr_assert_null(config->admin_path);
	cr_assert_not(config_is_admin(service("s")));
}

Test(config_admin, may_have_a_path_beside_addresses)
{
	load(ADMIN("127.0.0.1:9180,unix:x.sock"));
	cr_assert_eq(admin()->listen_count, 1);
	cr_assert_not_null(strstr(config->admin_path, "/x.sock"));
	load(ADMIN("unix:/run/x.sock"));
	cr_assert_eq(admin()->listen_count, 0);
	cr_assert_str_eq(config->admin_path, "/run/x.sock");
}

Test(config_admin, is_by_default_beside_the_control_socket)
{
	load("[portico]\ncontrol = /run/x/control.sock\n" TCP HANDLER);
	cr_assert_not_null(admin());
	cr_assert_str_eq(config->admin_path, "/run/x/admin.sock");
	load("[portico]\ncontrol = /run/x/a.sock\n" TCP HANDLER);
	cr_assert_not_null(admin());
	cr_assert_str_eq(config->admin_path, "/run/x/a.sock.admin");
}

Test(config_admin, names_are_between_commas)
{
	load("[portico]\nadmin = *:9180\nadmin_host = a.example , b\n" TCP HANDLER);
	cr_assert_not_null(admin());
	cr_assert_eq(config->admin_host_count, 2);
	cr_assert_str_eq(config->admin_hosts[0], "a.example");
	cr_assert_str_eq(config->admin_hosts[1], "b");
}

Test(config_admin, what_is_wrong_is_told)
{
	expect_told(ADMIN("unix:"),
		"a.ini:2: admin: one path is expected behind unix:; write unix:/run/portico/admin.sock\n");
	expect_told(ADMIN("unix:/a, unix:/b"),
		"a.ini:2: admin: one path is expected behind unix:; write unix:/run/portico/admin.sock\n");
	expect_told(ADMIN("127.0.0.1:9180,"),
		"a.ini:2: admin: no address between two commas or at the end; delete the comma\n");
	expect_told(ADMIN("127.0.0.1:7000"),
		"a.ini:2: admin: [service s] has 127.0.0.1:7000 already, at a.ini:5; take one out\n");
	expect_told("[service portico-admin]\nprotocol = tcp\nlisten = *:1\n" TCP HANDLER,
		"a.ini:1: [service portico-admin]: the name is the admin service's; choose another, or set "
		"admin in [portico]\n");
	load("[portico]\nadmin = 127.0.0.1\n" TCP HANDLER);
	cr_assert_null(config);
	cr_assert_not_null(strstr(told, "a.ini:2: admin = 127.0.0.1: "), "%s", told);
}

Test(config_admin, does_not_make_a_service_where_there_is_none)
{
	expect_told("[portico]\nadmin = 127.0.0.1:1\n", "a.ini: has no service; add [service NAME]\n");
}
