/* SPDX-License-Identifier: MIT */
/*
 * proxy.c - framework/proxy under the test kit, with a socket of the test as its backend.
 */
#include <criterion/criterion.h>
#include <netinet/in.h>
#include <portico/test.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "rig.h"

TestSuite(kit_proxy, .timeout = 60);

static int listener, backend = -1;
static char settings[64];

static void listen_somewhere(void)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof(a);

	listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	cr_assert_eq(bind(listener, (struct sockaddr *)&a, sizeof(a)), 0);
	cr_assert_eq(listen(listener, 10), 0);
	cr_assert_eq(getsockname(listener, (struct sockaddr *)&a, &len), 0);
	snprintf(settings, sizeof(settings), "backends = 127.0.0.1:%d\n", ntohs(a.sin_port));
}

/* One that says something: checks do not. */
static bool is_asked(void *text)
{
	static char got[16];     /* it is asked again what it has said */

	if (backend < 0)
		backend = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
	if (backend < 0)
		return false;
	if (*got == '\0' && recv(backend, got, sizeof(got) - 1, 0) == 0) {
		close(backend);
		backend = -1;
	}
	return strcmp(got, text) == 0;
}

static bool is_answered(void *client)
{
	static bool so;          /* what was received is not told twice */

	so = so || strcmp(portico_test_received(client, NULL), "answer") == 0;
	return so;
}

Test(kit_proxy, passes_bytes_both_ways_and_the_end)
{
	listen_somewhere();
	struct portico_test *t = portico_test_new(.file = example("proxy"),
		.protocol = PORTICO_TEST_TCP, .settings = settings);
	struct portico_test_client *c = portico_test_connect(t, NULL);

	portico_test_say(c, "question");
	cr_assert(portico_test_wait(t, is_asked, "question", 20.));
	cr_assert_eq(send(backend, "answer", 6, MSG_NOSIGNAL), 6);
	cr_assert(portico_test_wait(t, is_answered, c, 20.));
	cr_assert_eq(portico_test_state(c), PORTICO_TEST_OPEN);
	portico_test_end(t);
	close(backend);
	close(listener);
}

static void is_refused(const char *backends, const char *why)
{
	static char more[9 * 1024];

	snprintf(more, sizeof(more), "backends = %s\n", backends);
	const char *said = portico_test_refuses(.file = example("proxy"), .protocol = PORTICO_TEST_TCP,
		.settings = more);
	cr_assert_not_null(said, "%.60s", backends);
	cr_assert_not_null(strstr(said, why), "%.60s: %s", backends, said);
}

Test(kit_proxy, says_what_is_wrong_with_its_backends)
{
	char many[33 * 14 + 1] = "";

	for (int i = 0; i < 33; i++)
		strcat(many, "127.0.0.1:80, ");
	is_refused(many, "backends = has more than 32");
	is_refused(", ,", "backends = names none");
	is_refused("127.0.0.1", "backend 127.0.0.1: Invalid argument");
}
