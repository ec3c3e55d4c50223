/* SPDX-License-Identifier: MIT */
/* config_confine.c - config/config_confine.c: what a worker may do. */
#include <criterion/criterion.h>
#include <string.h>

#include "config_rig.h"

CONFIG_SUITE(config_confine);

Test(config_confine, defaults_confine_without_breaking_handlers)
{
	expect_sound(TCP HANDLER);
	cr_assert_null(config->group);
	cr_assert_null(config->chroot);
	cr_assert_eq(config->capabilities, CONFIG_CAPABILITIES_NONE);
	cr_assert_eq(config->landlock, CONFIG_LANDLOCK_AUTO);
	cr_assert(!config->files);
	cr_assert_eq(config->seccomp, CONFIG_SECCOMP_OFF);
	cr_assert_eq(config->umask, 077);
	cr_assert_eq(config->core, 0);
	cr_assert_eq(config->max_files, 0);
}

Test(config_confine, keys_reach_their_fields)
{
	expect_sound("[portico]\ngroup = g\nchroot = jail\ncapabilities = keep\n"
		"landlock = required\nread_paths = /a, b\nwrite_paths = /c\nseccomp = kill\n"
		"umask = 0027\ncore = 2m\nmax_files = 5000\n" TCP HANDLER);
	cr_assert_str_eq(config->group, "g");
	cr_assert_str_eq(config->chroot, path_of("jail"));
	cr_assert_eq(config->capabilities, CONFIG_CAPABILITIES_KEEP);
	cr_assert_eq(config->landlock, CONFIG_LANDLOCK_REQUIRED);
	cr_assert(config->files);
	cr_assert_eq(config->read_count, 2);
	cr_assert_str_eq(config->reads[0], "/a");
	cr_assert_str_eq(config->reads[1], path_of("b"));
	cr_assert_eq(config->write_count, 1);
	cr_assert_str_eq(config->writes[0], "/c");
	cr_assert_eq(config->seccomp, CONFIG_SECCOMP_KILL);
	cr_assert_eq(config->umask, 027);
	cr_assert_eq(config->core, 2 << 20);
	cr_assert_eq(config->max_files, 5000);
}

Test(config_confine, no_paths_at_all_are_not_the_same_as_none)
{
	expect_sound("[portico]\nread_paths = none\n" TCP HANDLER);
	cr_assert(config->files);
	cr_assert_eq(config->read_count, 0);
	expect_sound("[portico]\nlandlock = off\n" TCP HANDLER);
	cr_assert(!config->files);
}

Test(config_confine, a_core_may_have_any_size)
{
	expect_sound("[portico]\ncore = yes\n" TCP HANDLER);
	cr_assert_eq(config->core, CONFIG_CORE_ANY);
	expect_sound("[portico]\ncore = no\n" TCP HANDLER);
	cr_assert_eq(config->core, 0);
}

Test(config_confine, what_is_wrong_is_told)
{
	expect_told("[portico]\numask = 088\ncore = big\nseccomp = on\nlandlock = yes\nmax_files = -1\n"
		"capabilities = some\nread_paths = /a,,\n" TCP HANDLER,
		"a.ini:4: seccomp = on: not known; write off, log, deny or kill\n"
		"a.ini:5: landlock = yes: not known; write auto, off or required\n"
		"a.ini:6: max_files = -1: out of range; write 0 to 1000000000\n"
		"a.ini:7: capabilities = some: not known; write none or keep\n"
		"a.ini:2: umask = 088: not a mask; write 077, 027 or 022\n"
		"a.ini:3: core = big: neither a size nor yes or no; write no, yes or 100m\n"
		"a.ini:8: read_paths: no file between two commas or at the end; delete the comma\n"
		"a.ini:8: read_paths: no file between two commas or at the end; delete the comma\n");
	expect_told("[portico]\numask = 1777\n" TCP HANDLER,
		"a.ini:2: umask = 1777: not a mask; write 077, 027 or 022\n");
}

Test(config_confine, paths_without_landlock_are_no_protection)
{
	expect_told("[portico]\nlandlock = off\nread_paths = /a\nwrite_paths = none\n" TCP HANDLER,
		"a.ini:3: read_paths has no effect with landlock = off; delete one of the two\n"
		"a.ini:4: write_paths has no effect with landlock = off; delete one of the two\n");
}
