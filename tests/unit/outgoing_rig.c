/* SPDX-License-Identifier: MIT */
#include "outgoing_rig.h"

#include <criterion/criterion.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "sys/page.h"

struct outgoing_rig out;

static unsigned began, closed;

/* ---- the callbacks ---- */

static int opened_one(struct portico_conn *c)
{
	rig_enter();
	rig_tell("open");
	out.conn = c;
	out.opened = true;
	int result = out.on_open ? out.on_open(c) : 0;
	rig_leave();
	return result;
}

static ssize_t heard(struct portico_conn *c, const void *data, size_t len)
{
	rig_enter();
	rig_tell("data:%.*s", len < 20 ? (int)len : 20, (const char *)data);
	ssize_t used = out.on_data ? out.on_data(c, data, len) : (ssize_t)len;
	rig_leave();
	return used;
}

static void ended(struct portico_conn *c)
{
	rig_enter();
	rig_tell("eof");
	if (out.on_eof)
		out.on_eof(c);
	rig_leave();
}

static void drained(struct portico_conn *c)
{
	(void)c;
	rig_enter();
	rig_tell("drained");
	rig_leave();
}

static void closed_one(struct portico_conn *c, int error)
{
	rig_enter();
	rig_tell("close:%s", error ? strerrorname_np(error) : "0");
	closed++;
	out.closed = true;
	out.error = error;
	if (out.conn == c)
		out.conn = NULL;
	if (out.on_close)
		out.on_close(c);
	rig_leave();
}

/* ---- the rig ---- */

static void listen_somewhere(void)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof(a);

	out.listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	cr_assert_eq(bind(out.listener, (struct sockaddr *)&a, sizeof(a)), 0);
	cr_assert_eq(listen(out.listener, 10), 0);
	cr_assert_eq(getsockname(out.listener, (struct sockaddr *)&a, &len), 0);
	snprintf(out.address, sizeof(out.address), "127.0.0.1:%d", ntohs(a.sin_port));
}

void outgoing_set_up(void)
{
	rig_up();
	outgoing_init(&out.all, &rig.hub);
	rig.handler.outgoing = &out.all;
	rig.handler.bounds = (struct outgoing_bounds){
		.max_input = 4096, .high_water = 64 * 1024, .max_queue = 1024 * 1024, .linger = 1.,
		.send_rate = 500., .rate_grace = 30.,
	};
	listen_somewhere();
	out.target = (struct portico_target){
		.address = out.address,
		.connect_timeout = 20.,
		.opened = opened_one,
		.data = heard,
		.eof = ended,
		.drained = drained,
		.closed = closed_one,
	};
}

void outgoing_tear_down(void)
{
	outgoing_give_up(&out.all);
	rig_turns(3);
	outgoing_fini(&out.all);
	cr_assert_eq(closed, began, "%u connections began, %u were closed", began, closed);
	client_fini(&out.server);
	if (out.listener >= 0)
		close(out.listener);
	rig_down();
}

struct portico_upstream *upstream(void)
{
	struct portico_upstream *up = portico_upstream(&rig.handler, &out.target, sizeof(out.target));

	cr_assert_not_null(up);
	return up;
}

struct portico_conn *begin_connect(struct portico_upstream *up, unsigned flags)
{
	struct portico_conn *c = portico_connect(up, flags, &out);

	began += c != NULL;
	return c;
}

/* It may come before the loop would sleep. */
static void await(bool *so)
{
	*so = false;
	for (rig_turn(); !*so; rig_pass(0.001))
		poll(NULL, 0, 1);
}

void await_open(void)
{
	await(&out.opened);
}

int await_close(void)
{
	await(&out.closed);
	return out.error;
}

void server_accepts(void)
{
	int fd = accept4(out.listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

	cr_assert_geq(fd, 0);
	client_fini(&out.server);
	out.server = (struct client){ .fd = fd, .got = calloc(1, 1) };
}

struct portico_conn *connect_to(struct portico_upstream *up, unsigned flags)
{
	struct portico_conn *c = begin_connect(up, flags);

	cr_assert_not_null(c);
	await_open();
	server_accepts();
	return c;
}

uint64_t outgoing_counter(const char *name)
{
	struct page_metric *m = page_metric(rig.handler.page, "test", name, NULL, PAGE_COUNTER);

	cr_assert_not_null(m);
	return m->value.count;
}

double outgoing_gauge(const char *name)
{
	return page_metric(rig.handler.page, "test", name, NULL, PAGE_GAUGE)->value.level;
}

void server_says(const char *text)
{
	client_says(&out.server, text);
	rig_turns(3);
}

struct portico_upstream *pooling_upstream(unsigned max)
{
	out.target.pool_max = max;
	return upstream();
}

void keep_in_pool(struct portico_conn *c)
{
	portico_conn_keep(c);
	cr_assert_eq(await_close(), 0);
}
