/* SPDX-License-Identifier: MIT */
/*
 * page.c - the page, out of the binary.
 *
 * It is one page of its own: nothing that it loads, runs or looks like comes from elsewhere,
 * and no text of the status can become a part of it that does.
 */
#include "admin/page.h"

#include <stddef.h>

#include "admin/admin.h"

/* As it is, from the top of the tree, where make runs. */
#define FILE_AS(name, file)                                                  \
	__asm__(".pushsection .rodata\n"                                     \
		".global portico_page_" #name "\n"                           \
		".global portico_page_" #name "_end\n"                       \
		"portico_page_" #name ": .incbin \"framework/admin/page/" file "\"\n" \
		"portico_page_" #name "_end: .byte 0\n"                      \
		".popsection");                                              \
	extern const char portico_page_##name[], portico_page_##name##_end[]

FILE_AS(html, "page.html");
FILE_AS(css, "page.css");
FILE_AS(js, "page.js");
FILE_AS(svg, "page.svg");

static const struct {
	const char *name, *value;
} fences[] = {
	{ "Content-Security-Policy", "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
		"connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; "
		"require-trusted-types-for 'script'" },
	{ "Referrer-Policy", "no-referrer" },
	{ "Cross-Origin-Opener-Policy", "same-origin" },
	{ "Cross-Origin-Resource-Policy", "same-origin" },
};

static int reply(struct portico_request *r, const char *type, const char *from, const char *end)
{
	for (size_t i = 0; i < sizeof(fences) / sizeof(*fences); i++)
		if (portico_reply_header(r, fences[i].name, fences[i].value) < 0)
			return -1;
	return admin_reply(r, 200, type, from, (size_t)(end - from));
}

int page_html(struct admin *a, struct portico_request *r)
{
	(void)a;
	return reply(r, "text/html; charset=utf-8", portico_page_html, portico_page_html_end);
}

int page_css(struct admin *a, struct portico_request *r)
{
	(void)a;
	return reply(r, "text/css; charset=utf-8", portico_page_css, portico_page_css_end);
}

int page_js(struct admin *a, struct portico_request *r)
{
	(void)a;
	return reply(r, "text/javascript; charset=utf-8", portico_page_js, portico_page_js_end);
}

int page_svg(struct admin *a, struct portico_request *r)
{
	(void)a;
	return reply(r, "image/svg+xml", portico_page_svg, portico_page_svg_end);
}
