/* SPDX-License-Identifier: MIT */
/*
 * setup.c - a service in a test's process, made as a worker makes its own.
 *
 * The configuration is an ini file in memory, so that a test's lines are read by the
 * same rules as an operator's.  The socket that the service serves is never connected to
 * for tcp and http; for udp it is on loopback.
 */
#include "kit/kit.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/un.h>
#include <unistd.h>

#include "config/problem.h"
#include "sys/bus.h"
#include "sys/rates.h"
#include "sys/sock.h"
#include "sys/table.h"

/* What PORTICO_PLUGIN() made, if it is linked in. */
extern const struct portico_plugin portico_plugin __attribute__((weak));

static const char *const protocols[] = { "http", "tcp", "udp" };

/* ---- problems ---- */

/* Without the place in a file that the test does not have. */
static void tell(void *arg, const char *sentence)
{
	struct portico_test *t = arg;
	const char *place = strstr(sentence, "/proc/self/fd/");
	const char *colon = place == sentence ? strstr(sentence, ": ") : NULL;

	sentence = colon ? colon + 2 : sentence;
	kit_append(&t->problems, sentence, strlen(sentence));
	kit_append(&t->problems, "\n", 1);
}

static int cannot(struct portico_test *t, const char *what)
{
	char sentence[256];

	snprintf(sentence, sizeof(sentence), "cannot %s: %s", what, strerror(errno));
	tell(t, sentence);
	return -1;
}

/* ---- the configuration ---- */

/* A file's path from the root; "linked" for one in the test. */
static char *plugin_path(const struct portico_test_setup *setup)
{
	if (!setup->file)
		return strdup("/linked");
	char *path = realpath(setup->file, NULL);
	return path ? path : strdup(setup->file);
}

static int write_ini(FILE *f, const struct portico_test_setup *setup)
{
	char *path = plugin_path(setup);

	kit_need(path != NULL);
	fprintf(f, "[service test]\nprotocol = %s\nlisten = 127.0.0.1:1\n%s\n",
		protocols[setup->protocol], setup->service ? setup->service : "");
	fprintf(f, "[handler test%s]\nplugin = %s\n%s\n",
		setup->protocol == PORTICO_TEST_HTTP ? " /" : "", path,
		setup->settings ? setup->settings : "");
	free(path);
	return fflush(f) == 0 ? 0 : -1;
}

static struct config *load(struct portico_test *t, const struct portico_test_setup *setup)
{
	int fd = memfd_create("portico-test.ini", MFD_CLOEXEC);
	FILE *f = fd >= 0 ? fdopen(fd, "w") : NULL;
	struct config *config = NULL;
	char path[64];

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	if (f && write_ini(f, setup) == 0)
		config = config_load(path, tell, t);
	else
		cannot(t, "write the configuration");
	if (f)
		fclose(f);
	return config;
}

/* Nobody would know that it was not tested. */
static int check_service(struct portico_test *t)
{
	const struct config_service *s = t->config->services;

	if (s->tls_pair_count == 0 && !s->proxy_protocol)
		return 0;
	tell(t, "the test kit speaks neither TLS nor PROXY headers: test that with the server");
	return -1;
}

static int configure(struct portico_test *t, const struct portico_test_setup *setup)
{
	const struct portico_plugin *linked = setup->plugin ? setup->plugin : &portico_plugin;

	t->config = load(t, setup);
	if (!t->config || check_service(t) < 0)
		return -1;
	if (setup->file)
		return 0;
	if (!linked) {
		tell(t, "there is no plugin: name one with .plugin or .file, or link one in");
		return -1;
	}
	t->config->services[0].handlers[0].linked = linked;
	t->config->services[0].handlers[0].plugin = "the plugin";
	return 0;
}

/* ---- the worker's part ---- */

static int make_loop(struct portico_test *t)
{
	t->loop = ev_loop_new(EVFLAG_AUTO | EVFLAG_NOENV);
	if (!t->loop || hub_init(&t->hub, t->loop) < 0)
		return cannot(t, "make a loop");
	int fd;
	t->page = page_create(1, &fd);
	if (!t->page)
		return cannot(t, "make a page");
	close(fd);
	beat_start(&t->beat, &t->hub, t->page);
	outgoing_init(&t->outgoing, &t->hub);
	t->home = (struct service_home){ .hub = &t->hub, .page = t->page, .outgoing = &t->outgoing };
	return 0;
}

static void prepare_work(struct portico_test *t)
{
	const struct config *c = t->config;

	asks_init(&t->asks, t->loop, c->redis.queue);
	offload_init(&t->offload, t->loop, t->page, (unsigned)c->offload_threads, (unsigned)c->offload_queue);
	t->home.asks = &t->asks;
	t->home.offload = &t->offload;
}

/* Its only worker shares them with itself. */
static int make_shared(struct portico_test *t)
{
	const struct config_service *s = t->config->services;

	if (s->table > 0 && !(t->table = table_create("test", s->table)))
		return cannot(t, "make a table");
	if (s->publish > 0 && !(t->bus = bus_create(s->publish)))
		return cannot(t, "make room for messages");
	if (config_has_rate(s) && !(t->rates = rates_create(s->rate_clients)))
		return cannot(t, "make room for rates");
	t->home.shared = &t->table;
	t->home.buses = &t->bus;
	t->home.rates = &t->rates;
	return 0;
}

static int open_socket(struct portico_test *t)
{
	struct sockaddr_un any = { .sun_family = AF_UNIX };      /* the kernel finds a name */
	socklen_t len = sizeof(t->address);

	if (t->protocol != PORTICO_TEST_UDP) {
		t->socket = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
		if (t->socket >= 0 && bind(t->socket, (struct sockaddr *)&any, sizeof(sa_family_t)) == 0
			&& listen(t->socket, 1) == 0)
			return 0;
		return cannot(t, "make a socket");
	}
	t->address.in = (struct sockaddr_in){
		.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	t->socket = sock_bind(&t->address, SOCK_DGRAM);
	if (t->socket >= 0 && getsockname(t->socket, &t->address.sa, &len) == 0)
		return 0;
	return cannot(t, "make a socket on 127.0.0.1");
}

/* With what it logged, which should say why. */
static int not_started(struct portico_test *t, const char *handler)
{
	const char *logs = portico_test_logs(t);
	char sentence[128];

	t->looked = t->told;     /* it is told now: no breach, and not again */
	kit_append(&t->problems, logs, strlen(logs));
	snprintf(sentence, sizeof(sentence), "handler %s: its start() failed", handler);
	tell(t, sentence);
	return -1;
}

static int start(struct portico_test *t)
{
	struct problems problems = { .tell = tell, .arg = t, .most = CONFIG_MAX_PROBLEMS };
	const char *failed;

	t->service = service_create(t->config->services, &t->home, &problems);
	problems_end(&problems);
	if (!t->service)
		return -1;
	if (service_start(t->service, &failed) < 0)
		return not_started(t, failed);
	if (service_serve(t->service, &t->socket) < 0)
		return cannot(t, "serve");
	return 0;
}

int kit_assemble(struct portico_test *t, const struct portico_test_setup *setup)
{
	t->protocol = setup->protocol;
	t->failed = setup->failed;
	t->label = setup->protocol == PORTICO_TEST_HTTP ? "test /" : "test";
	t->socket = t->log = -1;
	if (kit_log_open(t) < 0)
		return cannot(t, "keep a log");
	if (configure(t, setup) < 0 || make_loop(t) < 0)
		return -1;
	prepare_work(t);
	if (make_shared(t) < 0 || open_socket(t) < 0)
		return -1;
	return start(t);
}

/* ---- the end ---- */

static void invoke_nothing(struct ev_loop *loop)
{
	(void)loop;
}

/* All of ours are stopped.  None is called: what it belongs to is gone. */
static void look_for_watchers(struct portico_test *t)
{
	ev_set_invoke_pending_cb(t->loop, invoke_nothing);
	if (ev_run(t->loop, EVRUN_NOWAIT))
		kit_fail(t, "handler %s: watchers of its own are still active after stop()", t->label);
}

/* What is in work may use all that there is. */
static void await_work(struct portico_test *t)
{
	while (!offload_fini(&t->offload))
		poll(NULL, 0, 1);
}

void kit_dismantle(struct portico_test *t)
{
	outgoing_fini(&t->outgoing);
	await_work(t);
	asks_fini(&t->asks);
	service_destroy(t->service);
	table_destroy(t->table);
	bus_destroy(t->bus);
	rates_destroy(t->rates);
	if (t->log >= 0)
		kit_log_look(t);
	if (t->page)
		beat_stop(&t->beat);
	if (t->hub.block)
		hub_fini(&t->hub);
	if (t->page)
		look_for_watchers(t);
	if (t->loop)
		ev_loop_destroy(t->loop);
	page_destroy(t->page, 1);
	config_destroy(t->config);
	if (t->socket >= 0)
		close(t->socket);
	kit_log_close(t);
	buf_fini(&t->text);
	buf_fini(&t->problems);
}
