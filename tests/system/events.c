/* SPDX-License-Identifier: MIT */
/* events.c - /events: who listens hears once a second how the server is, and misses nothing. */
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "admin_rig.h"
#include "client.h"
#include "harness.h"
#include "listen_rig.h"
#include "operate.h"
#include "server.h"

SYSTEM_SUITE(events);

enum { WEB = 8080, LISTENERS = 16 };

#define WEB_SERVICE                                                          \
	"[service web]\nprotocol = http\nlisten = 127.0.0.1:8080\n"          \
	"[handler web /]\nplugin = ${T}/who.so\n"

#define ONE "[portico]\nworkers = 1\nadmin = 127.0.0.1:9180\n"

/* ---- what is told ---- */

/* When it was told how it is for the nth time, in milliseconds. */
static long long told_at(const struct listening *l, unsigned n)
{
	const char *at = l->text;

	for (; n > 0; n--) {
		at = strstr(at + 1, "\nevent: status\n");
		cr_assert_not_null(at);
	}
	while (strncmp(at, "\nid: ", 5) != 0)
		at--;
	return atoll(at + 5);
}

Test(events, come_once_a_second_with_the_status)
{
	server_start(WITH_ADMIN WEB_SERVICE);
	struct listening l;

	listen_begin(&l, "/events", "");
	listen_await(&l, "event: status\n", 4);
	/* Any of them may be late, who asks for them and who hears them too. */
	long long took = told_at(&l, 4) - told_at(&l, 1);
	cr_assert(took > 2000 && took < 9000, "%lld ms", took);
	cr_assert(listen_heard(&l, "HTTP/1.1 200 ") && listen_heard(&l, "Content-Type: text/event-stream\r\n")
		&& listen_heard(&l, "Cache-Control: no-store\r\n"));
	cr_assert(listen_heard(&l, "\r\n\r\nretry: 1000\n\n"));
	cr_assert(listen_heard(&l, "event: happened\n") && listen_heard(&l, "generation 1 serves"));
	cr_assert_eq(listen_count(&l, "generation 1 serves"), 1);
	listen_end(&l);
}

Test(events, carry_what_the_page_needs)
{
	server_start(WITH_ADMIN WEB_SERVICE);
	struct listening l;

	for (unsigned i = 0; i < 40; i++)
		cr_assert_eq(http_status(WEB, "/"), 200);
	listen_begin(&l, "/events", "");
	listen_await(&l, "event: status\n", 3);
	listen_await(&l, "\n\n", 6);
	json_t *status = listen_status(&l);
	const json_t *service = json_array_get(json_object_get(status, "services"), 0);
	const json_t *slots = json_object_get(service, "slots");
	const json_t *all = json_object_get(json_object_get(service, "latency"), "all");
	double share = 0., expected = 0.;
	for (size_t i = 0; i < 2; i++) {
		share += json_number_value(json_object_get(json_array_get(slots, i), "share"));
		expected += json_number_value(json_object_get(json_array_get(slots, i), "expected"));
	}
	cr_assert(share > .999 && share < 1.001, "%g", share);
	cr_assert(expected > .999 && expected < 1.001, "%g", expected);
	cr_assert_eq(json_integer_value(json_object_get(all, "count")), 40);
	cr_assert(json_number_value(json_object_get(all, "p999")) > 0.);
	cr_assert_eq(json_array_size(json_object_get(all, "counts")),
		json_array_size(json_object_get(status, "bounds")) + 1);
	cr_assert(json_is_null(json_object_get(json_object_get(service, "latency"), "reload")));
	cr_assert_eq(json_array_size(json_object_get(status, "lives")), 2);
	cr_assert_null(json_object_get(status, "events"));
	json_decref(status);
	listen_end(&l);
}

static const json_t *life_of(const json_t *status, pid_t pid)
{
	const json_t *all = json_object_get(status, "lives"), *life;
	size_t i;

	json_array_foreach(all, i, life)
		if (json_integer_value(json_object_get(life, "pid")) == pid)
			return life;
	cr_assert_fail("no life of %d", (int)pid);
	return NULL;
}

static double at(const json_t *life, const char *key)
{
	const json_t *value = json_object_get(life, key);
	return json_is_null(value) ? 0. : json_number_value(value);
}

/* Worker 1 is killed, then all that live are replaced. */
Test(events, lives_tell_a_crash_and_a_reload_over_an_upgrade)
{
	struct server *s = server_start(WITH_ADMIN WEB_SERVICE);
	pid_t crashed = status_worker(1), retired = status_worker(0);
	struct outcome o;

	kill(crashed, SIGKILL);
	server_await(s, "died after");
	status_await_worker(1);
	verb_succeeds(&o, "reload", NULL);
	verb_succeeds(&o, "upgrade", NULL);
	json_t *status = status_read();
	const json_t *dead = life_of(status, crashed), *old = life_of(status, retired);

	cr_assert(json_is_true(json_object_get(dead, "crashed")));
	cr_assert(at(dead, "gone") > at(dead, "serving") && at(dead, "draining") == 0.);
	cr_assert(json_is_false(json_object_get(old, "crashed")));
	cr_assert(at(old, "born") > 0. && at(old, "serving") >= at(old, "ready"));
	cr_assert(at(old, "draining") > at(dead, "gone"), "%g %g", at(old, "draining"), at(dead, "gone"));
	const json_t *new = life_of(status, status_worker(1));
	cr_assert(at(new, "serving") > at(old, "draining") && at(new, "gone") == 0.);
	json_decref(status);
}

/* ---- what was missed ---- */

/* Who comes back with the last id that it has hears what it has not, at whichever worker. */
Test(events, what_was_missed_is_told_and_nothing_twice)
{
	struct server *s = server_start(WITH_ADMIN WEB_SERVICE);
	struct outcome o;
	struct listening l, back, by_query, stranger;
	char field[64], path[64];

	listen_begin(&l, "/events", "");
	listen_await(&l, "event: status\n", 1);
	snprintf(field, sizeof(field), "Last-Event-ID: %lld\r\n", listen_last_id(&l));
	snprintf(path, sizeof(path), "/events?last=%lld", listen_last_id(&l));
	listen_end(&l);
	kill(status_worker(0), SIGKILL);
	server_await(s, "died after");
	status_await_worker(0);
	verb_succeeds(&o, "reload", NULL);

	listen_begin(&back, "/events", field);
	listen_begin(&by_query, path, "");
	listen_begin(&stranger, "/events", "Last-Event-ID: 99999999999999\r\n");
	listen_await(&back, "\"kind\":\"crash\"", 1);
	listen_await(&by_query, "\"kind\":\"crash\"", 1);
	listen_await(&stranger, "\"kind\":\"crash\"", 1);
	size_t so_far = listen_count(&back, "event: status\n");
	listen_await(&back, "event: status\n", so_far + 2);
	cr_assert_eq(listen_count(&back, "generation 2 serves"), 1);
	cr_assert_eq(listen_count(&back, "generation 1 serves"), 0, "%s", back.text);
	cr_assert_eq(listen_count(&by_query, "generation 1 serves"), 0);
	cr_assert_eq(listen_count(&stranger, "generation 1 serves"), 1);
	listen_end(&back);
	listen_end(&by_query);
	listen_end(&stranger);
}

Test(events, why_a_reload_failed_stays_in_the_log)
{
	struct server *s = server_start(WITH_ADMIN WEB_SERVICE);
	struct listening l;

	listen_begin(&l, "/events", "");
	server_reload(s, WITH_ADMIN WEB_SERVICE "password = secret\n");
	server_await(s, "reload failed");
	listen_await(&l, "reload failed; the log says why", 1);
	listen_await(&l, "event: status\n", 2);
	cr_assert_not(listen_heard(&l, "secret"));
	cr_assert_not(listen_heard(&l, "password"));
	listen_end(&l);
}

Test(events, a_master_that_hangs_is_told)
{
	struct server *s = server_start(WITH_ADMIN WEB_SERVICE);
	struct listening l;

	listen_begin(&l, "/events", "");
	listen_await(&l, "event: status\n", 1);
	server_signal(s, SIGSTOP);
	listen_await(&l, "event: silence\ndata: the master does not answer\n\n", 1);
	server_signal(s, SIGCONT);
	size_t so_far = listen_count(&l, "event: status\n");
	listen_await(&l, "event: status\n", so_far + 2);
	listen_end(&l);
}

/* ---- who listens ---- */

static bool is_listened_to(void *arg)
{
	struct listening *l = arg;

	listen_begin(l, "/events", "");
	listen_await(l, "\r\n\r\n", 1);
	if (listen_heard(l, "HTTP/1.1 200 "))
		return true;
	listen_end(l);
	return false;
}

Test(events, so_many_may_listen)
{
	server_start(ONE WEB_SERVICE);
	struct listening all[LISTENERS], more;

	for (unsigned i = 0; i < LISTENERS; i++) {
		listen_begin(&all[i], "/events", "");
		listen_await(&all[i], "event: status\n", 1);
	}
	listen_begin(&more, "/events", "");
	listen_await_end(&more);
	cr_assert(listen_heard(&more, "HTTP/1.1 503 "), "%s", more.text);
	listen_end(&more);
	cr_assert_eq(admin_status("/readyz"), 200);
	listen_end(&all[0]);
	cr_assert(wait_until(is_listened_to, &all[0], PATIENCE), "the place stays taken");
	for (unsigned i = 0; i < LISTENERS; i++)
		listen_end(&all[i]);
}

static bool is_cut(void *arg)
{
	struct pollfd p = { .fd = *(int *)arg };
	return poll(&p, 1, 0) == 1 && (p.revents & (POLLHUP | POLLERR));
}

static void make_buffers_small(void)
{
	int fd = open("/proc/sys/net/ipv4/tcp_wmem", O_WRONLY | O_CLOEXEC);
	bool done = fd >= 0 && write(fd, "4096 4096 4096", 14) == 14;

	close(fd);
	cr_assert(done);
}

static int never_read(void)
{
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons(ADMIN) };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), little = 1;

	/* Before it is connected: a window that was offered is not taken back. */
	setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &little, sizeof(little));
	to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	cr_assert_eq(connect(fd, (struct sockaddr *)&to, sizeof(to)), 0);
	client_says(fd, "GET /events HTTP/1.1\r\nHost: localhost\r\n\r\n");
	return fd;
}

Test(events, who_does_not_read_is_cut_off)
{
	make_buffers_small();
	server_start(ONE WEB_SERVICE);
	struct listening l;

	int slow = never_read();
	listen_begin(&l, "/events", "");
	double begin = seconds_now();
	cr_assert(wait_until(is_cut, &slow, PATIENCE), "it is told more and more");
	cr_assert(seconds_now() - begin > 4., "too early: %g", seconds_now() - begin);
	size_t so_far = listen_count(&l, "event: status\n");
	listen_await(&l, "event: status\n", so_far + 7);
	close(slow);
	listen_end(&l);
}

Test(events, of_a_head_request_is_the_head)
{
	server_start(WITH_ADMIN WEB_SERVICE);
	struct response r;
	int fd = client_connect(ADMIN);

	client_says(fd, "HEAD /events HTTP/1.1\r\nHost: localhost\r\n\r\n");
	cr_assert(client_response_to_head(fd, &r));
	cr_assert_eq(r.status, 200);
	cr_assert_str_eq(response_header(&r, "Content-Type"), "text/event-stream");
	client_says(fd, "GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n");
	cr_assert(client_response(fd, &r));
	cr_assert_eq(r.status, 200);
	close(fd);
}

/* ---- the end of a worker ---- */

/* A reply that is over: the browser comes back, to a worker that serves. */
Test(events, end_with_their_worker)
{
	server_start(WITH_ADMIN "drain = 1h\n" WEB_SERVICE);
	pid_t old = status_worker(0);
	struct outcome o;
	char heard[1 << 16];
	int fd = client_connect(ADMIN);

	client_says(fd, "GET /events HTTP/1.1\r\nHost: localhost\r\n\r\n");
	client_read(fd, heard, 12);
	verb_succeeds(&o, "reload", NULL);
	long len = client_read_all(fd, heard, sizeof(heard));
	cr_assert(len > 5, "%ld", len);
	cr_assert_eq(memcmp(heard + len - 5, "0\r\n\r\n", 5), 0);
	close(fd);
	for (double end = seconds_now() + PATIENCE; kill(old, 0) == 0;)
		cr_assert(seconds_now() < end, "it stays");
}

Test(events, do_not_keep_the_server_from_its_end)
{
	struct server *s = server_start(WITH_ADMIN "drain = 1h\n" WEB_SERVICE);
	struct listening l;

	listen_begin(&l, "/events", "");
	listen_await(&l, "event: status\n", 1);
	server_signal(s, SIGTERM);
	listen_await_end(&l);
	cr_assert_eq(server_await_exit(s, PATIENCE), 0);
	listen_end(&l);
}
