/* SPDX-License-Identifier: MIT */
#include "config_rig.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <string.h>

struct config *config;

void config_tear_down(void)
{
	config_destroy(config);
	told_tear_down();
}

void load(const char *text)
{
	put("a.ini", text);
	config_destroy(config);
	told[0] = '\0';
	config = config_load(path_of("a.ini"), hear, NULL);
}

void expect_sound(const char *text)
{
	load(text);
	cr_assert_str_eq(told, "");
	cr_assert_not_null(config);
}

void expect_told(const char *text, const char *wanted)
{
	load(text);
	int error = errno;
	cr_assert_str_eq(told, wanted);
	cr_assert_null(config);
	cr_assert_eq(error, EINVAL);
}

const struct config_service *service(const char *name)
{
	for (size_t i = 0; i < config->service_count; i++) {
		if (strcmp(config->services[i].name, name) == 0)
			return &config->services[i];
	}
	return NULL;
}
