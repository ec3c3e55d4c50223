/* SPDX-License-Identifier: MIT */
/*
 * templates.c - the files of etc/templates, in the binary: it needs no folder to be found.
 *
 * The assembler puts them in, so they are files that can be read, built and tried as they are.
 * The Makefile says that this file depends on them: compilers do not see it.  The symbols are global
 * for LTO, which puts the assembler's part and who refers to it in different objects.
 */
#include "master/templates.h"

#include <stddef.h>
#include <string.h>

#define TEMPLATE(symbol, file)                                               \
	__asm__(".pushsection .rodata\n"                                     \
		".globl " #symbol "\n.hidden " #symbol "\n"                  \
		#symbol ":\n"                                                \
		".incbin \"etc/templates/" file ".in\"\n"                    \
		".byte 0\n"                                                  \
		".popsection\n");                                            \
	extern __attribute__((visibility("hidden"))) const char symbol[];

TEMPLATE(template_makefile, "Makefile")
TEMPLATE(template_ini, "ini")
TEMPLATE(template_gitignore, "gitignore")
TEMPLATE(template_readme, "README.md")
TEMPLATE(template_watch, "watch.sh")
TEMPLATE(template_http, "http.c")
TEMPLATE(template_http_test, "http_test.c")
TEMPLATE(template_tcp, "tcp.c")
TEMPLATE(template_tcp_test, "tcp_test.c")
TEMPLATE(template_udp, "udp.c")
TEMPLATE(template_udp_test, "udp_test.c")
TEMPLATE(template_websocket, "websocket.c")
TEMPLATE(template_websocket_test, "websocket_test.c")

static const struct {
	const char *name;
	const char *text;
} all[] = {
	{ "Makefile", template_makefile },
	{ "ini", template_ini },
	{ "gitignore", template_gitignore },
	{ "README.md", template_readme },
	{ "watch.sh", template_watch },
	{ "http.c", template_http },
	{ "http_test.c", template_http_test },
	{ "tcp.c", template_tcp },
	{ "tcp_test.c", template_tcp_test },
	{ "udp.c", template_udp },
	{ "udp_test.c", template_udp_test },
	{ "websocket.c", template_websocket },
	{ "websocket_test.c", template_websocket_test },
};

const char *template_text(const char *name)
{
	for (size_t i = 0; i < sizeof(all) / sizeof(*all); i++)
		if (strcmp(all[i].name, name) == 0)
			return all[i].text;
	return NULL;
}
