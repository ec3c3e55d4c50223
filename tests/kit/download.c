/* SPDX-License-Identifier: MIT */
/* download.c - examples/download.c, and with it portico_reply_file() under the test kit. */
#include <criterion/criterion.h>
#include <portico/test.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "rig.h"

enum { LARGE = 3000000 };        /* no socket takes it at once */

static char path[] = "/tmp/portico-download-XXXXXX";
static char *content;

static void make_file(void)
{
	int fd = mkstemp(path);

	content = malloc(LARGE);
	cr_assert(fd >= 0 && content);
	for (int i = 0; i < LARGE; i++)
		content[i] = (char)('a' + (i + i / 26) % 26);
	cr_assert_eq(write(fd, content, LARGE), LARGE);
	close(fd);
}

static void remove_file(void)
{
	unlink(path);
	free(content);
}

TestSuite(kit_download, .init = make_file, .fini = remove_file, .timeout = 60);

static struct portico_test *serve(const char *more)
{
	char settings[200];

	snprintf(settings, sizeof(settings), "file = %s\n%s", path, more);
	return portico_test_new(.file = example("download"), .settings = settings);
}

Test(kit_download, sends_the_whole_file_to_be_saved)
{
	struct portico_test *t = serve("name = report.pdf\n");
	struct portico_test_reply *r = portico_test_get(t, "/");

	cr_assert_eq(r->status, 200);
	cr_assert_str_eq(portico_test_field(r, "Content-Disposition"),
		"attachment; filename=\"report.pdf\"");
	cr_assert_str_eq(portico_test_field(r, "Content-Type"), "application/octet-stream");
	cr_assert_eq(r->len, LARGE);
	cr_assert_eq(memcmp(r->body, content, LARGE), 0);
	portico_test_end(t);
}

Test(kit_download, a_client_that_leaves_in_the_middle_is_no_failure)
{
	struct portico_test *t = serve("");
	struct portico_test_client *c = portico_test_connect(t, NULL);

	portico_test_stop_reading(c);
	portico_test_request(c, "GET", "/", NULL, NULL, 0);
	portico_test_leave(c);
	cr_assert_eq(portico_test_get(t, "/")->len, LARGE);
	cr_assert_str_eq(portico_test_logs(t), "");
	portico_test_end(t);
}

Test(kit_download, a_file_that_is_gone_is_not_there)
{
	struct portico_test *t = serve("");

	unlink(path);
	cr_assert_eq(portico_test_get(t, "/")->status, 404);
	portico_test_end(t);
}

Test(kit_download, refuses_a_name_that_would_need_quoting)
{
	char settings[200];

	snprintf(settings, sizeof(settings), "file = %s\nname = a\"b\n", path);
	cr_assert_not_null(strstr(portico_test_refuses(.file = example("download"), .settings = settings),
		"a name has no quotes and no slashes"));
}
