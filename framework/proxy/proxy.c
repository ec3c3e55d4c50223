/* proxy.c - a proxy for anything over TCP: clients' connections go to one of several backends.
 *
 * A backend that cannot be reached is down until a check finds it up, and a client who meets it goes on to
 * the next one.  While a file with its name is in the directory `drained` it gets no new clients;
 * those that it has go on. */
#include "proxy/proxy.h"

static void drain(struct portico_service *service)
{
	struct proxy *p = portico_service_state(service);

	portico_timer_stop(p->timer);
	p->timer = NULL;
}

static const struct portico_option options[] = {
	PORTICO_OPTION(STRING, struct proxy, backends, NULL, "HOST:PORT or unix:PATH, with commas between"),
	PORTICO_OPTION(STRING, struct proxy, drained, "", "a directory: a backend whose name is a file in it "
		"gets no new clients"),
	PORTICO_OPTION_IN(SECONDS, struct proxy, check, "1s", "10ms..", "how often each is connected to"),
	PORTICO_OPTION_IN(SECONDS, struct proxy, connect_timeout, "2s", "1ms..", "for a name and a connect"),
	{ 0 },
};

PORTICO_PLUGIN(.name = "proxy", .summary = "passes connections on to backends", .options = options,
	.service_size = sizeof(struct proxy), .conn_size = sizeof(void *), .start = backends_start,
	.drain = drain, .tcp_open = client_open, .tcp_data = client_data, .tcp_eof = client_eof,
	.tcp_drained = client_drained, .tcp_close = client_close)
