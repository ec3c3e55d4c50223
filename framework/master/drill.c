/* SPDX-License-Identifier: MIT */
/*
 * drill.c - portico soak: load against a running server while it reloads.
 *
 * Only this machine is spoken to: a wildcard address is reached over loopback,
 * and an address that no interface here has is left out.  An HTTP service is
 * asked for its first handler's prefix, and must answer 200.  What a TCP handler
 * speaks is unknown, but for echo, which is tried with one line first.
 */
#include "master/drill.h"

#include <errno.h>
#include <ev.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sysexits.h>
#include <unistd.h>

#include "config/config.h"
#include "master/ask.h"
#include "master/child.h"
#include "sys/sock.h"
#include "soak/soak.h"

#define EVERY 0.5                /* seconds between two reloads */

struct drill {
	const char     *file;
	struct ev_loop *loop;
	struct soak    *soak;
	ev_timer        next;
	struct child    reload;      /* portico reload, in a process of its own */
	int64_t         wanted;
	int64_t         done;
	int64_t         failed;
};

/* ---- what to load ---- */

static struct addr reachable(const struct addr *listen)
{
	struct addr a = *listen;

	if (!addr_is_wildcard(&a))
		return a;
	if (a.sa.sa_family == AF_INET)
		a.in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	else
		a.in6.sin6_addr = in6addr_loopback;
	return a;
}

/* Port 0 can be bound on the addresses of this machine only. */
static bool is_of_this_machine(struct addr a)
{
	if (a.sa.sa_family == AF_INET)
		a.in.sin_port = 0;
	else
		a.in6.sin6_port = 0;
	return sock_probe(&a, SOCK_STREAM) == 0;
}

static bool echoes(const struct addr *to)
{
	char answer[8] = "";
	struct timeval second = { .tv_sec = 1 };
	int fd = socket(to->sa.sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);

	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &second, sizeof(second));
	bool same = fd >= 0 && connect(fd, &to->sa, addr_len(to)) == 0
		&& send(fd, "portico\n", 8, MSG_NOSIGNAL) == 8
		&& recv(fd, answer, 8, MSG_WAITALL) == 8 && memcmp(answer, "portico\n", 8) == 0;
	if (fd >= 0)
		close(fd);
	return same;
}

static void add_target(struct soak_plan *plan, const struct soak_target *t)
{
	if (plan->target_count < SOAK_TARGETS)
		plan->targets[plan->target_count++] = *t;
}

/* "web once": one request a connection; "web kept": several. */
static const char *name_of(const struct config_service *s, const char *how)
{
	static char names[2 * SOAK_TARGETS][48];
	static size_t count;
	char *name = names[count++ % (2 * SOAK_TARGETS)];

	snprintf(name, sizeof(names[0]), "%.32s %s", s->name, how);
	return name;
}

/* Why s cannot be loaded; NULL if it can. */
static const char *unfit(const struct config_service *s, struct addr to)
{
	if (s->protocol == CONFIG_UDP)
		return "udp";
	if (s->tls_pair_count > 0)
		return "tls";
	if (s->proxy_protocol)
		return "behind a proxy";
	return is_of_this_machine(to) ? NULL : "not on this machine";
}

static void add_service(struct soak_plan *plan, const struct config_service *s)
{
	struct soak_target t = { .name = s->name, .to = reachable(&s->listens[0]) };
	const char *why = unfit(s, t.to);

	if (why) {
		printf("%s: left out, it is %s\n", s->name, why);
		return;
	}
	if (s->protocol == CONFIG_TCP) {
		t.protocol = SOAK_TCP;
		if (echoes(&t.to))
			add_target(plan, &t);
		else
			printf("%s: left out, it does not echo\n", s->name);
		return;
	}
	t.path = s->handlers[s->handler_count - 1].prefix;
	t.name = name_of(s, "once");
	add_target(plan, &t);
	/* The same with kept connections, which a reload must not cut. */
	t.name = name_of(s, "kept");
	t.requests = 5;
	t.pause_min = 0.01;
	t.pause_max = 0.5;
	add_target(plan, &t);
}

/* ---- reloads ---- */

static int reload_entry(void *arg, int channel)
{
	const struct drill *d = arg;

	close(channel);
	return ask_and_tell(d->file, json_pack("{s:s}", "do", "reload"));
}

static void heard_nothing(struct child *c, const struct message *m, int fd)
{
	(void)c;
	(void)m;
	if (fd >= 0)
		close(fd);
}

static void wait_for_next(struct drill *d)
{
	if (d->done == d->wanted) {
		soak_stop(d->soak);
		return;
	}
	ev_timer_set(&d->next, EVERY, 0.);
	ev_timer_start(d->loop, &d->next);
}

static void on_reloaded(struct child *c, const siginfo_t *how)
{
	struct drill *d = (struct drill *)((char *)c - offsetof(struct drill, reload));

	d->done++;
	if (how->si_code != CLD_EXITED || how->si_status != EX_OK)
		d->failed++;
	wait_for_next(d);
}

static void on_next(struct ev_loop *loop, ev_timer *t, int events)
{
	struct drill *d = t->data;

	(void)events;
	memset(&d->reload, 0, sizeof(d->reload));
	d->reload.heard = heard_nothing;
	d->reload.died = on_reloaded;
	if (child_spawn(&d->reload, loop, reload_entry, d) == 0)
		return;
	d->failed++;
	d->done = d->wanted;
	wait_for_next(d);
}

static void on_soaked(void *arg)
{
	struct drill *d = arg;
	ev_break(d->loop, EVBREAK_ALL);
}

/* ---- the whole ---- */

static int judge(const struct drill *d, const struct soak_report *r)
{
	soak_print(r, stdout);
	printf("%lld reloads, %lld of them failed; %llu lost\n", (long long)d->done,
		(long long)d->failed, (unsigned long long)soak_lost(&r->all));
	if (!soak_is_sound(r))
		printf("this machine did not keep up with the load that was asked for: "
			"what it shows is not to be relied on\n");
	return d->failed == 0 && soak_lost(&r->all) == 0 ? EX_OK : 1;
}

static int run(struct drill *d, const struct soak_plan *plan)
{
	struct soak_report report;
	int code = EX_OSERR;

	signal(SIGCHLD, SIG_DFL);
	d->loop = ev_loop_new(EVBACKEND_EPOLL | EVFLAG_NOENV);
	d->soak = d->loop ? soak_create(d->loop, plan, on_soaked, d) : NULL;
	if (d->soak) {
		ev_timer_init(&d->next, on_next, EVERY, 0.);
		d->next.data = d;
		soak_start(d->soak);
		wait_for_next(d);
		ev_run(d->loop, 0);
		soak_get_report(d->soak, &report);
		code = judge(d, &report);
		soak_destroy(d->soak);
	} else {
		fprintf(stderr, "portico: soak: %s\n", strerror(errno));
	}
	if (d->loop)
		ev_loop_destroy(d->loop);
	return code;
}

static void print_problem(void *arg, const char *sentence)
{
	(void)arg;
	fprintf(stderr, "%s\n", sentence);
}

int drill(const char *file, int64_t reloads, int64_t rate)
{
	struct drill d = { .file = file, .wanted = reloads };
	struct soak_plan plan = { .rate = (double)rate };
	int code;

	json_t *status = ask(file, json_pack("{s:s}", "do", "status"), ASK_SECONDS, &code);
	if (!status)
		return code == EX_OK ? 1 : code;
	json_decref(status);
	struct config *c = config_load(file, print_problem, NULL);
	if (!c)
		return EX_CONFIG;
	for (size_t i = 0; i < c->service_count && !config_is_admin(&c->services[i]); i++)
		add_service(&plan, &c->services[i]);
	if (plan.target_count > 0) {
		code = run(&d, &plan);
	} else {
		fprintf(stderr, "portico: %s has no service on this machine that can be loaded\n", file);
		code = EX_CONFIG;
	}
	config_destroy(c);
	return code;
}
