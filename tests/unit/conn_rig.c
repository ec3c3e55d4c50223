/* SPDX-License-Identifier: MIT */
#include "conn_rig.h"

#include <criterion/criterion.h>
#include <stdalign.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>

struct state {
	max_align_t first;
	bool        seen;
	char        rest[50];
};

struct conn_rig tcp;

static unsigned opened, closed;

static int tcp_open(struct portico_conn *c)
{
	static const struct state zero;
	struct state *s = portico_conn_state(c);

	rig_enter();
	cr_assert_eq((uintptr_t)s % alignof(max_align_t), 0);
	cr_assert_eq(memcmp(s, &zero, sizeof(zero)), 0, "state is not zeroed");
	memset(s, 0xee, sizeof(*s));
	s->seen = true;
	opened++;
	tcp.conn = c;
	if (tcp.telling)
		rig_tell("open");
	int result = tcp.on_open ? tcp.on_open(c) : 0;
	rig_leave();
	return result;
}

static ssize_t tcp_data(struct portico_conn *c, const void *data, size_t len)
{
	rig_enter();
	tcp.datas++;
	cr_assert_gt(len, 0);
	if (tcp.telling)
		rig_tell("data:%.*s", len < 20 ? (int)len : 20, (const char *)data);
	ssize_t used = tcp.on_data ? tcp.on_data(c, data, len) : (ssize_t)len;
	rig_leave();
	return used;
}

void tcp_eof(struct portico_conn *c)
{
	rig_enter();
	if (tcp.telling)
		rig_tell("eof");
	if (tcp.on_eof)
		tcp.on_eof(c);
	rig_leave();
}

void tcp_drained(struct portico_conn *c)
{
	rig_enter();
	tcp.draineds++;
	if (tcp.telling)
		rig_tell("drained");
	if (tcp.on_drained)
		tcp.on_drained(c);
	rig_leave();
}

static void tcp_close(struct portico_conn *c)
{
	struct state *s = portico_conn_state(c);

	rig_enter();
	cr_assert(s->seen, "closed, but never opened");
	s->seen = false;
	closed++;
	if (tcp.conn == c)
		tcp.conn = NULL;
	if (tcp.telling)
		rig_tell("close");
	if (tcp.on_close)
		tcp.on_close(c);
	rig_leave();
}

void conn_set_up(void)
{
	static const struct conn_limits limits = {
		.max_input = 4096,
		.high_water = 64 * 1024,
		.max_queue = 1024 * 1024,
		.linger = 5.,
	};

	tcp.telling = true;
	rig_up();
	rig.handler.plugin.conn_size = sizeof(struct state);
	rig.handler.plugin.tcp_open = tcp_open;
	rig.handler.plugin.tcp_data = tcp_data;
	rig.handler.plugin.tcp_close = tcp_close;
	conn_site_init(&tcp.site, &rig.hub, &rig.handler, &limits);
}

void conn_tear_down(void)
{
	conn_site_abort(&tcp.site);
	rig_turns(2);
	cr_assert_eq(closed, opened, "%u connections were opened, %u closed", opened, closed);
	conn_site_fini(&tcp.site);
	client_fini(&tcp.client);
	rig_down();
}

void conn_connect(void)
{
	client_fini(&tcp.client);
	rig_turns(3);
	conn_accept(&tcp.site, client_pair(&tcp.client, SOCK_STREAM), &rig.peer);
}

void conn_connect_tcp(void)
{
	client_fini(&tcp.client);
	rig_turns(3);
	conn_accept(&tcp.site, client_tcp(&tcp.client), &rig.peer);
}

void conn_says(const char *text)
{
	client_says(&tcp.client, text);
	rig_turns(3);
}

ssize_t conn_echo(struct portico_conn *c, const char *data, size_t len)
{
	return portico_conn_write(c, data, len);
}
