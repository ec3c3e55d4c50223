/* SPDX-License-Identifier: MIT */
/* page.c - the page: it is whole in itself, and nothing that is not its own gets into it. */
#include <stdio.h>
#include <string.h>

#include "admin_rig.h"
#include "client.h"
#include "harness.h"
#include "operate.h"
#include "server.h"

SYSTEM_SUITE(page);

#define WEB_SERVICE                                                          \
	"[service web]\nprotocol = http\nlisten = 127.0.0.1:8080\n"          \
	"[handler web /]\nplugin = ${T}/who.so\n"

static const struct {
	const char *path, *type, *file;
	size_t      most;
} files[] = {
	{ "/", "text/html; charset=utf-8", "page.html", 8 << 10 },
	{ "/page.css", "text/css; charset=utf-8", "page.css", 12 << 10 },
	{ "/page.js", "text/javascript; charset=utf-8", "page.js", 25 << 10 },
	{ "/page.svg", "image/svg+xml", "page.svg", 1 << 10 },
};

enum { FILES = sizeof(files) / sizeof(*files) };

Test(page, is_in_the_binary_as_it_is_in_the_tree)
{
	server_start(WITH_ADMIN WEB_SERVICE);
	struct response r;
	char path[512];

	for (unsigned i = 0; i < FILES; i++) {
		admin_get(files[i].path, "", &r);
		snprintf(path, sizeof(path), "%s/framework/admin/page/%s", PORTICO_SOURCE_DIR, files[i].file);
		cr_assert_eq(r.status, 200);
		cr_assert_str_eq(response_header(&r, "Content-Type"), files[i].type);
		cr_assert_str_eq(r.body, read_file(path), "%s", files[i].path);
		cr_assert_leq(r.len, files[i].most, "%s has %zu bytes", files[i].path, r.len);
	}
}

Test(page, may_load_and_do_only_what_is_its_own)
{
	server_start(WITH_ADMIN WEB_SERVICE);
	struct response r;

	for (unsigned i = 0; i < FILES; i++) {
		admin_get(files[i].path, "", &r);
		const char *policy = response_header(&r, "Content-Security-Policy");
		cr_assert_not_null(policy);
		cr_assert_not_null(strstr(policy, "default-src 'none'; script-src 'self'; style-src 'self'"));
		cr_assert_not_null(strstr(policy, "frame-ancestors 'none'"));
		cr_assert_null(strstr(policy, "unsafe"), "%s", policy);
		cr_assert_null(strchr(policy, '*'), "%s", policy);
		cr_assert_str_eq(response_header(&r, "X-Content-Type-Options"), "nosniff");
		cr_assert_str_eq(response_header(&r, "Referrer-Policy"), "no-referrer");
		cr_assert_str_eq(response_header(&r, "Cache-Control"), "no-store");
	}
}

/* But the name of SVG, which nobody asks for anything. */
static const char *after_svg(const char *text)
{
	static const char svg[] = "http://www.w3.org/2000/svg";
	const char *found = strstr(text, "://");

	return found && strncmp(found - 4, svg, strlen(svg)) == 0 ? found + strlen(svg) - 4 : text;
}

Test(page, names_no_other_place)
{
	server_start(WITH_ADMIN WEB_SERVICE);
	struct response r;

	for (unsigned i = 0; i < FILES; i++) {
		admin_get(files[i].path, "", &r);
		cr_assert_null(strstr(after_svg(r.body), "://"), "%s", files[i].path);
		cr_assert_null(strstr(r.body, "@import"));
		cr_assert_null(strstr(r.body, "innerHTML"));
	}
	admin_get("/", "", &r);
	cr_assert_null(strstr(r.body, "style="));
	cr_assert_null(strstr(r.body, "<style"));
	cr_assert_null(strstr(r.body, "<script>"));
	cr_assert_null(strstr(r.body, " onclick"));
}

Test(page, is_for_who_asks_us_by_our_name)
{
	server_start(WITH_ADMIN WEB_SERVICE);
	struct response r;

	cr_assert_eq(http_raw(ADMIN, "GET / HTTP/1.1\r\nHost: evil.example\r\n\r\n", &r), 421);
	cr_assert_eq(http_raw(ADMIN, "GET /events HTTP/1.1\r\nHost: evil.example\r\n\r\n", &r), 421);
	cr_assert_eq(http_raw(ADMIN, "POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n", &r), 405);
}
