/* SPDX-License-Identifier: MIT */
/* listen_rig.c - who listens to /events. */
#include "listen_rig.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "admin_rig.h"
#include "client.h"
#include "harness.h"

void listen_begin(struct listening *l, const char *path, const char *fields)
{
	char request[512];

	*l = (struct listening){ .fd = client_connect(ADMIN), .text = calloc(1, HEARD_ROOM) };
	snprintf(request, sizeof(request), "GET %s HTTP/1.0\r\nHost: localhost\r\n%s\r\n", path, fields);
	client_says(l->fd, request);
}

void listen_end(struct listening *l)
{
	close(l->fd);
	free(l->text);
}

static void hear(struct listening *l)
{
	ssize_t n = recv(l->fd, l->text + l->len, HEARD_ROOM - 1 - l->len, 0);

	cr_assert(n >= 0 || errno == EINTR, "%s; so far: %s", strerror(errno), l->text);
	l->ended = n == 0;
	l->len += n > 0 ? (size_t)n : 0;
	l->text[l->len] = '\0';
}

size_t listen_count(const struct listening *l, const char *text)
{
	size_t count = 0;

	for (const char *at = l->text; (at = strstr(at, text)); at++)
		count++;
	return count;
}

bool listen_heard(const struct listening *l, const char *text)
{
	return strstr(l->text, text) != NULL;
}

void listen_await(struct listening *l, const char *text, size_t times)
{
	double end = seconds_now() + PATIENCE;

	while (listen_count(l, text) < times) {
		cr_assert(!l->ended && seconds_now() < end, "no \"%s\" in: %.4000s", text, l->text);
		hear(l);
	}
}

void listen_await_end(struct listening *l)
{
	double end = seconds_now() + PATIENCE;

	while (!l->ended) {
		cr_assert(seconds_now() < end, "it goes on");
		hear(l);
	}
}

/* Where the newest event of a kind begins that is whole; NULL: there is none. */
static const char *newest(const struct listening *l, const char *begins)
{
	const char *found = NULL;

	for (const char *at = l->text; (at = strstr(at, begins)) && strstr(at, "\n\n"); at++)
		found = at;
	return found;
}

long long listen_last_id(const struct listening *l)
{
	const char *at = newest(l, "\nid: ");
	return at ? atoll(at + strlen("\nid: ")) : 0;
}

json_t *listen_status(const struct listening *l)
{
	static const char begins[] = "\nevent: status\ndata: ";
	const char *at = newest(l, begins);

	cr_assert_not_null(at, "no status in: %.2000s", l->text);
	json_t *status = json_loads(at + strlen(begins), JSON_DISABLE_EOF_CHECK, NULL);
	cr_assert_not_null(status, "%.2000s", at);
	return status;
}
