/* SPDX-License-Identifier: MIT */
/* operation.c - master/operation.c: whoever waits for the outcome hears of it. */
#include "master/operation.h"

#include <criterion/criterion.h>
#include <ev.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "master/control.h"
#include "master/generation.h"
#include "master/master.h"
#include "no_memory.h"

static struct master m;
static struct control_client *client;
static int peer;                         /* the client's end */

static void set_up(void)
{
	const struct sockaddr_un any = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), ends[2];

	cr_assert_eq(bind(fd, (const struct sockaddr *)&any, offsetof(struct sockaddr_un, sun_path)), 0);
	cr_assert_eq(listen(fd, 1), 0);
	m = (struct master){ .file = "test", .loop = ev_loop_new(EVBACKEND_EPOLL | EVFLAG_NOENV) };
	cr_assert_eq(control_adopt(&m, fd, ""), 0);
	cr_assert_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends), 0);
	peer = ends[1];
	client = control_adopt_client(&m, ends[0]);
	cr_assert_not_null(client);
}

static void tear_down(void)
{
	operation_stop(&m);
	control_close(&m);
	close(peer);
	ev_loop_destroy(m.loop);
}

TestSuite(operation, .init = set_up, .fini = tear_down, .timeout = 60);

static void hears(const char *answer)
{
	char text[256];

	for (int i = 0; i < 4; i++)
		ev_run(m.loop, EVRUN_NOWAIT);
	ssize_t n = read(peer, text, sizeof(text) - 1);
	cr_assert_gt(n, 0, "the client waits");
	text[n] = '\0';
	cr_assert_not_null(strstr(text, answer), "%s", text);
	cr_assert_eq(read(peer, text, sizeof(text)), 0, "the connection goes on");
}

static void ask(void)
{
	operation_ask(&m, &(struct operation_wish){ .kind = OPERATION_RELOAD }, client);
}

Test(operation, who_waits_is_told_that_it_stops)
{
	ask();
	operation_stop(&m);
	hears("\"good\":false,\"said\":\"portico is stopping\"");
}

Test(operation, who_asks_and_there_is_no_memory_is_told)
{
	no_memory_for(sizeof(struct operation));
	ask();
	cr_assert(no_memory_was_told());
	hears("\"good\":false,\"said\":\"no memory for an operation");
	cr_assert_null(m.waiting);
}

Test(operation, who_upgraded_and_there_is_no_memory_is_told)
{
	no_memory_for(sizeof(struct operation));
	operation_adopt(&m, client);
	cr_assert(no_memory_was_told());
	hears("\"good\":false,\"said\":\"no memory");
	cr_assert_null(m.operation);
}

Test(operation, nothing_begins_while_a_generation_is_on_its_way)
{
	struct generation serving = {0};

	m.serving = &serving;
	for (int i = 0; i < 2; i++) {
		m.trial = i == 0 ? (struct trial *)&m : NULL;    /* of an upgrade without an operation */
		m.starting = i == 1 ? &serving : NULL;
		operation_ask(&m, &(struct operation_wish){ .kind = OPERATION_SCALE }, NULL);
		ev_run(m.loop, EVRUN_NOWAIT);
		cr_assert_null(m.operation);
		cr_assert_not_null(m.waiting);
	}
	m.starting = NULL;
}
