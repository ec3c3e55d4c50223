/* SPDX-License-Identifier: MIT */
/* files_rig.c - what the tests of the plugin files share. */
#include "files_rig.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "harness.h"

static void make_directory(const char *name)
{
	cr_assert_eq(mkdir(path_of(name), 0755), 0, "mkdir %s", name);
}

void files_date(const char *name, long when)
{
	struct timespec times[2] = { { .tv_sec = when }, { .tv_sec = when } };

	cr_assert_eq(utimensat(AT_FDCWD, path_of(name), times, 0), 0);
}

void files_make(void)
{
	make_directory("www");
	make_directory("www/dir");
	make_directory("www/empty");
	write_file("www/a.txt", ALPHABET);
	files_date("www/a.txt", 784111777);
	write_file("www/dir/index.html", "index\n");
}

void files_link(const char *to, const char *name)
{
	cr_assert_eq(symlink(to, path_of(name)), 0, "symlink %s", name);
}

char files_byte(size_t at)
{
	return (char)('!' + (at * 7 + at / 93 + at / 10007) % 93);
}

void files_fill(const char *name, size_t len)
{
	char *bytes = malloc(len);
	FILE *f = fopen(path_of(name), "we");

	cr_assert(bytes && f);
	for (size_t i = 0; i < len; i++)
		bytes[i] = files_byte(i);
	cr_assert_eq(fwrite(bytes, 1, len, f), len);
	cr_assert_eq(fclose(f), 0);
	free(bytes);
}

struct server *files_start(const char *more)
{
	return server_start("[portico]\nworkers = 1\n"
		"[service web]\nprotocol = http\nlisten = 127.0.0.1:8080\n"
		"[handler web /]\nplugin = ${E}/files.so\nroot = %s\n%s", path_of("www"), more);
}

int files_ask(const char *method, const char *path, const char *headers, struct response *r)
{
	static char request[16384];
	int fd = client_connect(8080);

	snprintf(request, sizeof(request), "%s %s HTTP/1.1\r\nHost: test\r\n%s\r\n", method, path, headers);
	client_says(fd, request);
	bool whole = strcmp(method, "HEAD") == 0 ? client_response_to_head(fd, r)
						 : client_response(fd, r);
	cr_assert(whole, "no whole answer to %s %s with %s", method, path, headers);
	close(fd);
	return r->status;
}

int files_get(const char *path, const char *headers, struct response *r)
{
	return files_ask("GET", path, headers, r);
}

void files_has_header(const struct response *r, const char *name, const char *value)
{
	const char *got = response_header(r, name);

	if (value)
		cr_assert(got && strcmp(got, value) == 0, "%s: %s instead of %s", name,
			got ? got : "(none)", value);
	else
		cr_assert_null(got, "%s: %s", name, got);
}
