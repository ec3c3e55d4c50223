/* backends.c - the backends, which of them are up, and whose turn it is. */
#include "proxy/proxy.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

struct backend *backends_next(struct proxy *p)
{
	for (unsigned i = 0; i < 2 * p->count; i++) {
		struct backend *b = &p->list[p->next++ % p->count];
		if (!b->drained && (!b->down || i >= p->count))
			return b;
	}
	return NULL;
}

/* That we have no descriptor or no memory says nothing of it. */
static bool is_ours(int error)
{
	return error == EMFILE || error == ENFILE || error == ENOMEM || error == ENOBUFS;
}

void backends_set_down(struct backend *b, int error)
{
	if (is_ours(error))
		return;
	if (b->down != (error != 0))
		portico_log(b->service, PORTICO_WARN, "backend %s is %s%s", b->name, error ? "down: " : "up",
			error ? strerror(error) : "");
	b->down = error != 0;
}

/* ---- checks ---- */

static int check_opened(struct portico_conn *conn)
{
	backends_set_down(portico_conn_state(conn), 0);
	return -1;               /* that is all we wanted to know */
}

static void check_closed(struct portico_conn *conn, int error)
{
	struct backend *b = portico_conn_state(conn);
	b->checking = false;
	if (error && error != ECANCELED)
		backends_set_down(b, error);
}

static void check_all(void *arg)
{
	struct proxy *p = arg;
	char path[8192];

	for (struct backend *b = p->list; b < p->list + p->count; b++) {
		b->drained = *p->drained && snprintf(path, sizeof(path), "%s/%s", p->drained, b->name)
			< (int)sizeof(path) && access(path, F_OK) == 0;
		if (!b->checking)
			b->checking = portico_connect(b->checks, PORTICO_FRESH, b) != NULL;
	}
}

/* ---- the list ---- */

static int add(struct portico_service *service, struct proxy *p, const char *name)
{
	struct backend *b = &p->list[p->count];
	struct portico_target to = pair_server;
	struct portico_target check = { .opened = check_opened, .closed = check_closed };

	if (p->count == sizeof(p->list) / sizeof(*p->list)) {
		portico_log(service, PORTICO_ERROR, "backends = has more than %u", p->count);
		return -1;
	}
	if (strlen(name) >= sizeof(b->name)) {
		portico_log(service, PORTICO_ERROR, "backend %s: longer than a name can be", name);
		return -1;
	}
	snprintf(b->name, sizeof(b->name), "%s", name);
	b->service = service;
	to.address = check.address = b->name;
	to.connect_timeout = check.connect_timeout = p->connect_timeout;
	b->clients = portico_upstream(service, &to, sizeof(to));
	b->checks = portico_upstream(service, &check, sizeof(check));
	p->count++;
	if (b->clients && b->checks)
		return 0;
	portico_log(service, PORTICO_ERROR, "backend %s: %s", name, strerror(errno));
	return -1;
}

static int read_list(struct portico_service *service, struct proxy *p)
{
	char list[8192], *rest = list;

	if (snprintf(list, sizeof(list), "%s", p->backends) >= (int)sizeof(list)) {
		portico_log(service, PORTICO_ERROR, "backends = has more than %zu bytes", sizeof(list) - 1);
		return -1;
	}
	for (char *name; (name = strtok_r(rest, ", ", &rest));)
		if (add(service, p, name) < 0)
			return -1;
	if (p->count > 0)
		return 0;
	portico_log(service, PORTICO_ERROR, "backends = names none");
	return -1;
}

int backends_start(struct portico_service *service)
{
	struct proxy *p = portico_service_state(service);

	if (read_list(service, p) < 0)
		return -1;
	p->timer = portico_timer_start(service, 0., p->check, check_all, p);
	return p->timer ? 0 : -1;
}
