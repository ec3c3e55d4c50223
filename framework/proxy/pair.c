/* pair.c - a client's connection and its server's: what comes on one side goes to the other.
 *
 * One that is cut cuts the other: its server must not take half of what it says for all of it.
 * Neither is read while the other one takes nothing: no more than one read waits here. */
#include "proxy/proxy.h"

#include <errno.h>
#include <stdlib.h>

struct pair {                    /* lives as long as one of its sides */
	struct portico_conn *client, *server;    /* NULL: it is gone */
	struct backend      *backend;
	unsigned             left;       /* backends to try */
	bool                 open;
};

/* ---- what both sides do ---- */

/* What was cut must not look whole on the other side: so neither has an end, but a reset. */
static void cut(struct portico_conn *from, struct portico_conn *to)
{
	portico_conn_abort(from);
	if (to)
		portico_conn_abort(to);
}

/* As much as max_queue has room for; -1: nothing, and never will. */
static ssize_t write_some(struct portico_conn *to, const char *data, size_t len)
{
	while (portico_conn_write(to, data, len) < 0) {
		if (errno != ENOBUFS || len == 1)
			return -1;
		len /= 2;
	}
	return (ssize_t)len;
}

/* Gives how much was passed on; the rest comes again when that has gone. */
static ssize_t pass(struct portico_conn *from, struct portico_conn *to, const char *data, size_t len)
{
	size_t used = 0;

	while (to && used < len && portico_conn_queued(to) == 0) {
		ssize_t n = write_some(to, data + used, len - used);
		if (n < 0)
			break;
		used += (size_t)n;
	}
	if (to && portico_conn_queued(to) > 0)
		portico_conn_pause(from);
	else if (used < len)
		cut(from, to);
	return (ssize_t)used;
}

static void leave(struct pair *pair, struct portico_conn *other, int error)
{
	if (!other)
		free(pair);
	else if (error)
		portico_conn_abort(other);
	else
		portico_conn_close(other);
}

/* ---- the server's side ---- */

static int connect_next(struct pair *pair, struct portico_service *service)
{
	struct backend *b = pair->left > 0 ? backends_next(portico_service_state(service)) : NULL;

	if (!b)
		return -1;
	pair->left--;
	pair->backend = b;
	pair->server = portico_connect(b->clients, 0, pair);
	return pair->server ? 0 : -1;
}

static struct pair *pair_of(struct portico_conn *server)
{
	return portico_conn_state(server);
}

static int server_opened(struct portico_conn *server)
{
	struct pair *pair = pair_of(server);
	pair->open = true;
	backends_set_down(pair->backend, 0);
	portico_conn_resume(pair->client);
	return 0;
}

static ssize_t server_data(struct portico_conn *server, const void *data, size_t len)
{
	return pass(server, pair_of(server)->client, data, len);
}

static void server_eof(struct portico_conn *server)
{
	if (pair_of(server)->client)
		portico_conn_end(pair_of(server)->client);
}

static void server_drained(struct portico_conn *server)
{
	if (pair_of(server)->client)
		portico_conn_resume(pair_of(server)->client);
}

static void server_closed(struct portico_conn *server, int error)
{
	struct pair *pair = pair_of(server);

	pair->server = NULL;
	if (pair->client && !pair->open && error && error != ECANCELED) {
		backends_set_down(pair->backend, error);
		if (connect_next(pair, portico_conn_service(server)) == 0)
			return;
	}
	leave(pair, pair->client, error);
}

const struct portico_target pair_server = {
	.opened = server_opened,
	.data = server_data,
	.eof = server_eof,
	.drained = server_drained,
	.closed = server_closed,
};

/* ---- the client's side ---- */

static struct pair **client_pair(struct portico_conn *client)
{
	return portico_conn_state(client);
}

int client_open(struct portico_conn *client)
{
	struct portico_service *service = portico_conn_service(client);
	struct pair *pair = *client_pair(client) = calloc(1, sizeof(*pair));

	if (!pair)
		return -1;
	*pair = (struct pair){ .client = client, .left = ((struct proxy *)portico_service_state(service))->count };
	portico_conn_pause(client);
	return connect_next(pair, service);
}

ssize_t client_data(struct portico_conn *client, const void *data, size_t len)
{
	return pass(client, (*client_pair(client))->server, data, len);
}

void client_eof(struct portico_conn *client)
{
	if ((*client_pair(client))->server)
		portico_conn_end((*client_pair(client))->server);
}

void client_drained(struct portico_conn *client)
{
	if ((*client_pair(client))->server)
		portico_conn_resume((*client_pair(client))->server);
}

/* One that was idle has ended as well as one that said so. */
void client_close(struct portico_conn *client)
{
	struct pair *pair = *client_pair(client);
	int error = portico_conn_error(client);

	if (!pair)
		return;
	pair->client = NULL;
	leave(pair, pair->server, error == ETIMEDOUT ? 0 : error);
}
