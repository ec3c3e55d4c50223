/* SPDX-License-Identifier: MIT */
/*
 * client.c - who talks to the service: the other end of a socket pair, or a UDP socket.
 *
 * A socket pair knows no reset.  So what a stream calls to have one is caught on its
 * way, and the client that has the other end sees a cut where it sees the end.
 */
#include "kit/kit.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "service/service_parts.h"

enum {
	KIT_BUFFER = 8 * 1024,   /* asked for a socket: the kernel doubles it */
	KIT_PORT = 40000,        /* the first client's */
	KIT_BLOCK = 64 * 1024,
};

void kit_append(struct buf *b, const void *data, size_t len)
{
	if (len > 0 && buf_append(b, data, len) < 0)
		kit_need(false);
}

const char *kit_text(struct buf *b)
{
	if (buf_reserve(b, 1) < 0)
		kit_need(false);
	*buf_tail(b) = '\0';
	return buf_head(b);
}

/* ---- ends ---- */

void __wrap_sock_reset_on_close(int fd)
{
	struct portico_test *t = kit_current();

	__real_sock_reset_on_close(fd);
	for (struct portico_test_client *c = t ? t->clients : NULL; c; c = c->next) {
		if (c->server == fd)
			c->state = PORTICO_TEST_CUT;
	}
}

static void see_the_end(struct portico_test_client *c)
{
	c->server = -1;
	if (c->state == PORTICO_TEST_OPEN)
		c->state = PORTICO_TEST_ENDED;
	c->test->moved++;
	buf_fini(&c->out);
	close(c->fd);
	c->fd = -1;
}

/* A stream that is cut is seen at once; what it had sent is still read. */
enum portico_test_ending portico_test_state(const struct portico_test_client *c)
{
	return c->fd < 0 || c->state == PORTICO_TEST_CUT ? c->state : PORTICO_TEST_OPEN;
}

/* ---- a turn ---- */

static void write_out(struct portico_test_client *c)
{
	while (buf_len(&c->out) > 0) {
		ssize_t n = send(c->fd, buf_head(&c->out), buf_len(&c->out), MSG_NOSIGNAL);
		if (n < 0 && errno == EAGAIN)
			return;
		if (n < 0) {
			buf_fini(&c->out);       /* the other end is closed: nobody reads it */
			return;
		}
		buf_take(&c->out, (size_t)n);
		c->test->moved++;
	}
	if (c->finishing && !c->finished) {
		c->finished = true;
		shutdown(c->fd, SHUT_WR);
		c->test->moved++;
	}
}

/* One block, so that the handler's queue is seen between two. */
static void read_in(struct portico_test_client *c)
{
	static char block[KIT_BLOCK];
	ssize_t n = recv(c->fd, block, sizeof(block), MSG_DONTWAIT);

	if (n > 0) {
		kit_append(&c->in, block, (size_t)n);
		c->test->moved++;
	} else if (n == 0 || errno != EAGAIN) {
		see_the_end(c);
	}
}

static void read_datagrams(struct portico_test_client *c)
{
	static char block[KIT_BLOCK];
	ssize_t n;

	while ((n = recv(c->fd, block, sizeof(block), MSG_DONTWAIT)) >= 0) {
		kit_put(&c->items, 0, 0, block, (size_t)n);
		c->test->heard++;
		c->test->moved++;
	}
}

void kit_client_turn(struct portico_test_client *c)
{
	if (c->fd < 0)
		return;
	if (c->test->protocol == PORTICO_TEST_UDP) {
		if (!c->stopped)
			read_datagrams(c);
		return;
	}
	write_out(c);
	if (c->stopped)
		return;
	read_in(c);
	if (c->is_socket)
		kit_socket_turn(c);
}

/* ---- coming ---- */

/* A UDP client's port is the kernel's choice. */
static in_port_t next_port(const struct portico_test *t)
{
	return t->protocol == PORTICO_TEST_UDP ? 0 : htons((uint16_t)(KIT_PORT + t->connected % 20000));
}

static int parse(const char *text, struct addr *peer)
{
	const char *why;

	/* Numbers only: nothing here waits for a name. */
	return strspn(text, "0123456789abcdefABCDEF.:[]") == strlen(text)
		&& addr_parse(text, peer, 1, &why) == 1 ? 0 : -1;
}

static int find_peer(struct portico_test *t, const char *from, struct addr *peer)
{
	char text[ADDR_TEXT];

	if (from && parse(from, peer) == 0)
		return 0;
	snprintf(text, sizeof(text), "%s:1", from ? from : "127.0.0.1");
	if (parse(text, peer) < 0) {
		kit_fail(t, "portico_test_connect(): %s is no address", from);
		return -1;
	}
	peer->in.sin_port = next_port(t);        /* where in6 has its own, too */
	return 0;
}

static void shrink(int fd)
{
	int size = KIT_BUFFER;

	setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof(size));
}

/* The number may have been another client's, who has not looked since. */
static void forget_server(const struct portico_test *t, int fd)
{
	for (struct portico_test_client *c = t->clients; c; c = c->next) {
		if (c->server == fd)
			c->server = -1;
	}
}

static int connect_stream(struct portico_test_client *c, const struct addr *peer)
{
	struct portico_test *t = c->test;
	int ends[2];

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends) < 0)
		return -1;
	forget_server(t, ends[0]);
	shrink(ends[0]);
	c->fd = ends[1];
	c->server = ends[0];
	if (t->drained) {
		close(ends[0]);
		c->state = PORTICO_TEST_CUT;
		see_the_end(c);
		return 0;
	}
	service_enter(t->service, ends[0], peer);
	return 0;
}

static int connect_datagrams(struct portico_test_client *c, const struct addr *from)
{
	c->fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (c->fd < 0 || bind(c->fd, &from->sa, addr_len(from)) < 0)
		return -1;
	return connect(c->fd, &c->test->address.sa, addr_len(&c->test->address));
}

struct portico_test_client *portico_test_connect(struct portico_test *t, const char *from)
{
	struct addr peer = {0};

	if (find_peer(t, from, &peer) < 0)
		return NULL;
	struct portico_test_client *c = calloc(1, sizeof(*c));
	kit_need(c != NULL);
	*c = (struct portico_test_client){ .test = t, .fd = -1, .server = -1, .next = t->clients };
	t->clients = c;
	t->connected++;
	int result = t->protocol == PORTICO_TEST_UDP ? connect_datagrams(c, &peer)
						     : connect_stream(c, &peer);
	if (result < 0) {
		kit_fail(t, "portico_test_connect(): a socket from %s: %s", from ? from : "anywhere",
			strerror(errno));
		return NULL;
	}
	kit_settle(t);
	return c;
}

/* ---- talking ---- */

void portico_test_send(struct portico_test_client *c, const void *data, size_t len)
{
	if (c->fd >= 0 && c->test->protocol == PORTICO_TEST_UDP)
		c->test->sent += send(c->fd, data, len, MSG_NOSIGNAL) >= 0;
	else if (c->fd >= 0 && !c->finishing)
		kit_append(&c->out, data, len);
	kit_settle(c->test);
}

void portico_test_say(struct portico_test_client *c, const char *text)
{
	portico_test_send(c, text, strlen(text));
}

void portico_test_finish(struct portico_test_client *c)
{
	c->finishing = true;
	kit_settle(c->test);
}

void portico_test_leave(struct portico_test_client *c)
{
	if (c->fd >= 0)
		see_the_end(c);
	kit_settle(c->test);
}

void portico_test_stop_reading(struct portico_test_client *c)
{
	c->stopped = true;
}

void portico_test_read_on(struct portico_test_client *c)
{
	c->stopped = false;
	kit_settle(c->test);
}

static const char *give_datagram(struct portico_test_client *c, size_t *len)
{
	free(c->taken);
	c->taken = kit_take(&c->items);
	if (!c->taken)
		return NULL;
	*len = c->taken->message.len;
	return c->taken->bytes;
}

const char *portico_test_received(struct portico_test_client *c, size_t *len)
{
	size_t unasked;

	if (!len)
		len = &unasked;
	*len = 0;
	if (c->test->protocol == PORTICO_TEST_UDP)
		return give_datagram(c, len);
	buf_fini(&c->given);
	c->given = c->in;
	c->in = (struct buf){0};
	*len = buf_len(&c->given);
	return kit_text(&c->given);
}

void kit_client_free(struct portico_test_client *c)
{
	struct kit_item *i;

	if (c->fd >= 0)
		close(c->fd);
	while ((i = kit_take(&c->items)))
		free(i);
	free(c->taken);
	kit_forget_fields(c);
	buf_fini(&c->in);
	buf_fini(&c->out);
	buf_fini(&c->given);
	buf_fini(&c->head);
	buf_fini(&c->body);
	free(c);
}
