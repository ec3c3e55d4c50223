/* SPDX-License-Identifier: MIT */
/*
 * load.c - open-loop clients in a process of their own, which never asserts.
 */
#include "load.h"

#include <errno.h>
#include <netinet/in.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "harness.h"

enum { CLIENTS = 4096, ANSWER = 512, BATCH = 64, DATAGRAMS = 128 };

#define GIVE_UP 10.0             /* seconds until a client counts as timed out */

static const char request[] = "GET / HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n";

struct client {
	int    fd;               /* -1: free */
	bool   asked;
	unsigned number;
	double begun;
	size_t len;
	char   answer[ANSWER];
};

struct maker {                   /* of load, in its own process */
	struct load_result *result;
	struct sockaddr_in6 to;          /* or a sockaddr_in, which is shorter */
	int                 type;
	int                 epoll;
	unsigned            alive;
	struct client      *clients;
};

/* ---- one client ---- */

static void end(struct maker *m, struct client *c, _Atomic unsigned *kind)
{
	unsigned took = (unsigned)((seconds_now() - c->begun) * 1e3);

	atomic_fetch_add(kind, 1);
	if (c->number < LOAD_WAITS)
		atomic_store(&m->result->waits[c->number], took);
	if (took > atomic_load(&m->result->slowest))
		atomic_store(&m->result->slowest, took);
	close(c->fd);
	c->fd = -1;
	m->alive--;
}

static void end_by_error(struct maker *m, struct client *c, int error)
{
	struct load_result *r = m->result;

	if (error == ECONNREFUSED)
		end(m, c, &r->refused);
	else if (error == ECONNRESET || error == EPIPE)
		end(m, c, &r->reset);
	else if (error == ETIMEDOUT)
		end(m, c, &r->timed_out);
	else
		end(m, c, &r->others);
}

static struct client *free_client(struct maker *m)
{
	for (size_t i = 0; i < CLIENTS; i++)
		if (m->clients[i].fd < 0)
			return &m->clients[i];
	return NULL;
}

static void begin(struct maker *m)
{
	struct client *c = free_client(m);
	unsigned number = atomic_fetch_add(&m->result->started, 1);

	if (!c) {
		atomic_fetch_add(&m->result->others, 1);
		return;
	}
	*c = (struct client){ .begun = seconds_now(), .number = number };
	m->alive++;
	c->fd = socket(m->to.sin6_family, m->type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	struct epoll_event e = { .events = EPOLLIN | EPOLLOUT, .data.ptr = c };
	if (c->fd < 0 || epoll_ctl(m->epoll, EPOLL_CTL_ADD, c->fd, &e) < 0) {
		end(m, c, &m->result->others);
		return;
	}
	if (connect(c->fd, (struct sockaddr *)&m->to, sizeof(m->to)) < 0 && errno != EINPROGRESS)
		end_by_error(m, c, errno);
}

static void ask(struct maker *m, struct client *c)
{
	struct epoll_event e = { .events = EPOLLIN, .data.ptr = c };

	if (send(c->fd, request, sizeof(request) - 1, MSG_NOSIGNAL) < 0) {
		end_by_error(m, c, errno);
		return;
	}
	c->asked = true;
	epoll_ctl(m->epoll, EPOLL_CTL_MOD, c->fd, &e);
}

/* The whole answer: its head, and as many bytes as that announces. */
static bool is_whole(const struct client *c)
{
	const char *body = strstr(c->answer, "\r\n\r\n");
	const char *length = strstr(c->answer, "Content-Length: ");

	return body && length && length < body
		&& strlen(body + 4) == strtoul(length + 16, NULL, 10);
}

static void judge(struct maker *m, struct client *c)
{
	struct load_result *r = m->result;

	if (!is_whole(c))
		end(m, c, &r->truncated);
	else
		end(m, c, strncmp(c->answer, "HTTP/1.1 200 ", 13) ? &r->wrong : &r->answered);
}

static void hear(struct maker *m, struct client *c)
{
	ssize_t n = recv(c->fd, c->answer + c->len, ANSWER - 1 - c->len, 0);

	if (n < 0 && errno == EAGAIN)
		return;
	if (n < 0)
		end_by_error(m, c, errno);
	else if (m->type == SOCK_DGRAM)
		end(m, c, n == sizeof(request) - 1 ? &m->result->answered : &m->result->wrong);
	else if (n == 0)
		judge(m, c);
	else
		c->len += (size_t)n;
}

/* ---- all of them ---- */

static void give_up_on_the_late(struct maker *m)
{
	double limit = seconds_now() - GIVE_UP;

	for (size_t i = 0; i < CLIENTS; i++)
		if (m->clients[i].fd >= 0 && m->clients[i].begun < limit)
			end(m, &m->clients[i], &m->result->timed_out);
}

static void serve_events(struct maker *m, int wait)
{
	struct epoll_event events[BATCH];
	int count = epoll_wait(m->epoll, events, BATCH, wait);

	for (int i = 0; i < count; i++) {
		struct client *c = events[i].data.ptr;
		if (c->fd >= 0 && !c->asked && events[i].events & (EPOLLOUT | EPOLLERR))
			ask(m, c);
		if (c->fd >= 0 && c->asked && events[i].events & (EPOLLIN | EPOLLHUP | EPOLLERR))
			hear(m, c);
	}
}

/* As many as may wait in one socket without being dropped: who was without a core would send all at once that it is
 * behind with. */
static bool has_room(const struct maker *m)
{
	return m->type != SOCK_DGRAM || m->alive < DATAGRAMS;
}

/* Never more than a second's worth behind its time. */
static void make(struct maker *m, unsigned per_second)
{
	double next = seconds_now(), step = 1. / per_second, checked = next;

	while (!atomic_load(&m->result->stop) || m->alive > 0) {
		double now = seconds_now();
		if (now > next + 1.)
			next = now - 1.;
		for (; next <= now && has_room(m) && !atomic_load(&m->result->stop); next += step)
			begin(m);
		serve_events(m, 1);
		if (now > checked + 0.5) {
			give_up_on_the_late(m);
			checked = now;
		}
	}
}

/* Any, so that the loads of tests that run at once do not share one. */
bool load_on_one_cpu(void)
{
	cpu_set_t allowed, one;
	int chosen;

	if (sched_getaffinity(0, sizeof(allowed), &allowed) < 0)
		return false;
	chosen = getpid() % CPU_COUNT(&allowed);
	CPU_ZERO(&one);
	for (int i = 0; i < CPU_SETSIZE; i++)
		if (CPU_ISSET(i, &allowed) && chosen-- == 0)
			CPU_SET(i, &one);
	return sched_setaffinity(0, sizeof(one), &one) == 0;
}

static struct sockaddr_in6 loopback(int family, int port)
{
	struct sockaddr_in6 to6 = { .sin6_family = AF_INET6, .sin6_port = htons((uint16_t)port),
		.sin6_addr = in6addr_loopback };
	struct sockaddr_in to4 = { .sin_family = AF_INET, .sin_port = htons((uint16_t)port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };

	if (family == AF_INET)
		memcpy(&to6, &to4, sizeof(to4));
	return to6;
}

static void run(struct load_result *result, const struct sockaddr_in6 *to, int type,
	unsigned per_second)
{
	struct maker m = {
		.result = result,
		.to = *to,
		.type = type,
		.epoll = epoll_create1(EPOLL_CLOEXEC),
		.clients = calloc(CLIENTS, sizeof(struct client)),
	};

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (!load_on_one_cpu() || m.epoll < 0 || !m.clients)
		_exit(1);
	for (size_t i = 0; i < CLIENTS; i++)
		m.clients[i].fd = -1;
	make(&m, per_second);
	_exit(0);
}

static void start(struct load *l, struct sockaddr_in6 to, int type, unsigned per_second)
{
	l->result = mmap(NULL, sizeof(*l->result), PROT_READ | PROT_WRITE,
		MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	cr_assert_neq(l->result, MAP_FAILED);
	l->pid = fork();
	cr_assert_geq(l->pid, 0);
	if (l->pid == 0)
		run(l->result, &to, type, per_second);
	load_await(l, 1);
}

void load_start(struct load *l, int port, unsigned per_second)
{
	start(l, loopback(AF_INET, port), SOCK_STREAM, per_second);
}

void load_start6(struct load *l, int port, unsigned per_second)
{
	start(l, loopback(AF_INET6, port), SOCK_STREAM, per_second);
}

void load_start_udp(struct load *l, int port, unsigned per_second)
{
	start(l, loopback(AF_INET, port), SOCK_DGRAM, per_second);
}

struct goal {
	struct load *load;
	unsigned     answered;
};

static bool is_reached(void *arg)
{
	struct goal *g = arg;
	return atomic_load(&g->load->result->answered) >= g->answered;
}

void load_await(struct load *l, unsigned more)
{
	struct goal g = { .load = l, .answered = atomic_load(&l->result->answered) + more };

	cr_assert(wait_until(is_reached, &g, PATIENCE), "the clients get no answers any more");
}

static bool has_ended(void *arg)
{
	struct load *l = arg;
	return waitpid(l->pid, NULL, WNOHANG) == l->pid;
}

void load_stop(struct load *l)
{
	struct load_result *r = l->result;

	atomic_store(&r->stop, 1);
	cr_assert(wait_until(has_ended, l, PATIENCE), "the load does not end");
	cr_log_info("load: %u started, %u answered, slowest %u ms; refused %u, reset %u, "
		"timed out %u, truncated %u, wrong %u, others %u", r->started, r->answered,
		r->slowest, r->refused, r->reset, r->timed_out, r->truncated, r->wrong, r->others);
}
