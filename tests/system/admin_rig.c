/* SPDX-License-Identifier: MIT */
/* admin_rig.c - what is asked of the admin service, and the numbers that it tells. */
#include "admin_rig.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "harness.h"

/* ---- asking ---- */

static void ask(int fd, const char *path, const char *fields, struct response *r)
{
	char request[1024];

	snprintf(request, sizeof(request), "GET %s HTTP/1.1\r\nHost: localhost\r\n%s\r\n", path, fields);
	client_says(fd, request);
	cr_assert(client_response(fd, r), "no whole answer to GET %s", path);
	close(fd);
}

void admin_get(const char *path, const char *fields, struct response *r)
{
	ask(client_connect(ADMIN), path, fields, r);
}

int admin_status(const char *path)
{
	struct response r;

	admin_get(path, "", &r);
	return r.status;
}

bool admin_ready(void)
{
	return admin_status("/readyz") == 200;
}

int admin_status_at(const char *path, const char *page)
{
	struct sockaddr_un name = { .sun_family = AF_UNIX };
	struct timeval patience = { .tv_sec = (time_t)PATIENCE };
	struct response r;
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	snprintf(name.sun_path, sizeof(name.sun_path), "%s", path);
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	if (connect(fd, (struct sockaddr *)&name, sizeof(name)) < 0) {
		close(fd);
		return 0;
	}
	ask(fd, page, "", &r);
	return r.status;
}

/* ---- numbers ---- */

char *metrics_read(void)
{
	struct response r;

	admin_get("/metrics", "", &r);
	cr_assert_eq(r.status, 200, "%d %s", r.status, r.body);
	return strdup(r.body);
}

static const char *next_line(const char *line)
{
	const char *end = strchr(line, '\n');
	return end ? end + 1 : line + strlen(line);
}

double metrics_sum(const char *text, const char *name, const char *holds)
{
	size_t len = strlen(name);
	double sum = 0.;
	char line[1024];

	for (const char *at = text; *at; at = next_line(at)) {
		snprintf(line, sizeof(line), "%.*s", (int)strcspn(at, "\n"), at);
		if (strncmp(line, name, len) == 0 && (line[len] == '{' || line[len] == ' ')
			&& (!holds || strstr(line, holds)))
			sum += atof(strrchr(line, ' '));
	}
	return sum;
}

static bool grows(const char *line, size_t name)
{
	static const char *const ends[] = { "_total", "_bucket", "_count", "_sum" };

	for (size_t i = 0; i < sizeof(ends) / sizeof(*ends); i++)
		if (name >= strlen(ends[i])
			&& strncmp(line + name - strlen(ends[i]), ends[i], strlen(ends[i])) == 0)
			return true;
	return false;
}

void metrics_grew(const char *before, const char *after)
{
	char sample[1024], key[1100];
	unsigned looked = 0;

	for (const char *at = before; *at; at = next_line(at)) {
		snprintf(sample, sizeof(sample), "%.*s", (int)strcspn(at, "\n"), at);
		if (sample[0] == '#' || !grows(sample, strcspn(sample, "{ ")))
			continue;
		char *value = strrchr(sample, ' ');
		*value++ = '\0';
		snprintf(key, sizeof(key), "\n%s ", sample);
		const char *now = strstr(after, key);
		cr_assert_not_null(now, "%s is gone", sample);
		cr_assert(atof(now + strlen(key)) >= atof(value), "%s was %s, now %.20s", sample, value,
			now + strlen(key));
		looked++;
	}
	cr_assert_gt(looked, 100);
}
