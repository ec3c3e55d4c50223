/* SPDX-License-Identifier: MIT */
/* http_route.c - proto/http_route.c and the methods of http_allow.c. */
#include "proto/http_route.h"

#include <criterion/criterion.h>
#include <string.h>

#include "proto/handler.h"
#include "proto/http_allow.h"

static struct portico_service root, api, a_root, a_api, wild, wild_wide, six;

static struct http_route routes[] = {
	{ .prefix = "/", .handler = &root },
	{ .prefix = "/", .handler = &wild, .host = "*.b.example" },
	{ .prefix = "/api", .handler = &api },
	{ .prefix = "/", .handler = &a_root, .host = "a.example" },
	{ .prefix = "/", .handler = &wild_wide, .host = "*.example" },
	{ .prefix = "/api", .handler = &a_api, .host = "a.example" },
	{ .prefix = "/", .handler = &six, .host = "[::1]" },
};

enum { COUNT = sizeof(routes) / sizeof(*routes) };

static void set_up(void)
{
	http_route_sort(routes, COUNT);
}

TestSuite(http_route, .init = set_up);

static const struct portico_service *found(const char *host, const char *path)
{
	return http_route_find(routes, COUNT, host, strlen(host), path);
}

Test(http_route, the_longest_prefix_wins_on_segment_borders)
{
	cr_assert_eq(found("x", "/"), &root);
	cr_assert_eq(found("x", "/api"), &api);
	cr_assert_eq(found("x", "/api/1"), &api);
	cr_assert_eq(found("x", "/apix"), &root);
}

Test(http_route, a_name_wins_over_a_pattern_and_that_over_any_host)
{
	cr_assert_eq(found("a.example", "/"), &a_root);
	cr_assert_eq(found("a.example", "/api/1"), &a_api);
	cr_assert_eq(found("c.example", "/"), &wild_wide);
	cr_assert_eq(found("c.b.example", "/"), &wild);
	cr_assert_eq(found("d.c.b.example", "/api"), &wild, "the host comes before the prefix");
	cr_assert_eq(found("b.example", "/"), &wild_wide);
	cr_assert_eq(found("example", "/"), &root, "a pattern is not for its own end");
	cr_assert_eq(found(".example", "/"), &root);
	cr_assert_eq(found("", "/api"), &api);
}

Test(http_route, case_port_and_the_dot_of_the_root_do_not_count)
{
	cr_assert_eq(found("A.Example", "/"), &a_root);
	cr_assert_eq(found("a.example:8080", "/"), &a_root);
	cr_assert_eq(found("a.example.:8080", "/api"), &a_api);
	cr_assert_eq(found("a.example.", "/"), &a_root);
	cr_assert_eq(found("a.example:", "/"), &a_root);
	cr_assert_eq(found("[::1]", "/"), &six);
	cr_assert_eq(found("[::1]:80", "/"), &six);
	cr_assert_eq(found("[::2]:80", "/"), &root);
	cr_assert_eq(found("xa.example.com", "/"), &root);
}

Test(http_route, without_a_route_there_is_none)
{
	const struct http_route only[] = { { .prefix = "/api", .handler = &api, .host = "a.example" } };

	cr_assert_null(http_route_find(only, 1, "a.example", 9, "/"));
	cr_assert_null(http_route_find(only, 1, "b.example", 9, "/api"));
	cr_assert_null(http_route_find(only, 1, "", 0, "/api"));
	cr_assert_null(http_route_find(NULL, 0, "x", 1, "/"));
}

/* ---- methods ---- */

Test(http_route, a_plugin_has_the_methods_that_it_names)
{
	cr_assert(http_allow_has(NULL, "ANY"));
	cr_assert(http_allow_has("GET", "GET"));
	cr_assert(http_allow_has("GET", "HEAD"));
	cr_assert(http_allow_has("PUT POST", "POST"));
	cr_assert_not(http_allow_has("PUT POST", "HEAD"));
	cr_assert_not(http_allow_has("PUT POST", "POS"));
	cr_assert_not(http_allow_has("PUT POST", "POSTS"));
	cr_assert_not(http_allow_has("GET", "get"));
	cr_assert_not(http_allow_has("GET", ""));
}

Test(http_route, methods_are_words_with_a_blank_between_two)
{
	cr_assert(http_allow_is_sound("GET"));
	cr_assert(http_allow_is_sound("GET M-SEARCH"));
	cr_assert_not(http_allow_is_sound(""));
	cr_assert_not(http_allow_is_sound(" GET"));
	cr_assert_not(http_allow_is_sound("GET "));
	cr_assert_not(http_allow_is_sound("GET  PUT"));
	cr_assert_not(http_allow_is_sound("GET, PUT"));
	cr_assert_not(http_allow_is_sound("GET\r\nX: y"));
}
