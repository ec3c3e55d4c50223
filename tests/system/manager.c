/* SPDX-License-Identifier: MIT */
/* manager.c - what a service manager hears, and sockets that it opened: the test is the manager, so these are tried
 * without systemd, too.  With it: tests/systemd. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/clock.h"
#include "client.h"
#include "harness.h"
#include "operate.h"
#include "server.h"

SYSTEM_SUITE(manager);

#define WEB(workers, port, plugin) WEB_WITH("workers = " #workers, port, plugin)
#define WEB_WITH(key, port, plugin)                                          \
	"[portico]\n" key "\n"                                               \
	"[service web]\nprotocol = http\nlisten = 127.0.0.1:" #port "\n"     \
	"[handler web /]\nplugin = ${T}/" plugin "\n"

static int manager = -1;

/* Else ten words, and the watchdog's are some in a second, while a verb takes its time: more were lost. */
static void take_many_words(void)
{
	int fd = open("/proc/sys/net/unix/max_dgram_qlen", O_WRONLY | O_CLOEXEC);

	cr_assert_eq(write(fd, "1000", 4), 4, "%s", strerror(errno));
	close(fd);
}

static void be_manager(void)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX };

	take_many_words();
	snprintf(at.sun_path, sizeof(at.sun_path), "%s", path_of("notify"));
	manager = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	cr_assert_eq(bind(manager, (const struct sockaddr *)&at, sizeof(at)), 0);
	cr_assert_eq(chmod(at.sun_path, 0666), 0);
	setenv("NOTIFY_SOCKET", at.sun_path, 1);
}

/* The next datagram that begins so; others are passed over. */
static const char *hears(const char *begin)
{
	static char got[4096];
	struct pollfd p = { .fd = manager, .events = POLLIN };
	double end = seconds_now() + PATIENCE;

	do {
		cr_assert(seconds_now() < end && poll(&p, 1, (int)(PATIENCE * 1000)) == 1,
			"%s was never told", begin);
		ssize_t len = recv(manager, got, sizeof(got) - 1, 0);
		cr_assert_gt(len, 0);
		got[len] = '\0';
	} while (strncmp(got, begin, strlen(begin)) != 0);
	return got;
}

/* ---- words ---- */

Test(manager, hears_ready_reloading_and_stopping)
{
	unsigned long long when;
	char ready[64];
	struct outcome o;

	be_manager();
	setenv("WATCHDOG_USEC", "400000", 1);
	struct server *s = server_start(WEB(2, 8080, "who.so"));
	snprintf(ready, sizeof(ready), "READY=1\nMAINPID=%d", (int)server_pid(s));
	cr_assert_str_eq(hears("READY=1"), ready);
	cr_assert_not_null(strstr(hears("STATUS="), "2 workers, generation 1"));
	hears("WATCHDOG=1");
	hears("WATCHDOG=1");

	unsigned long long before = clock_ns() / 1000;
	verb_succeeds(&o, "reload", NULL);
	cr_assert_eq(sscanf(hears("RELOADING=1"), "RELOADING=1\nMONOTONIC_USEC=%llu", &when), 1);
	cr_assert_geq(when, before);
	cr_assert_str_eq(hears("READY=1"), ready);

	write_file("portico.ini", "nonsense\n");
	cr_assert_eq(verb(&o, "reload", NULL), 1);
	hears("RELOADING=1");
	cr_assert_str_eq(hears("READY=1"), ready);

	server_signal(s, SIGTERM);
	hears("STOPPING=1");
	cr_assert_eq(server_await_exit(s, PATIENCE), 0);
}

Test(manager, hears_of_the_same_process_over_an_upgrade)
{
	char ready[64];
	struct outcome o;

	be_manager();
	setenv("WATCHDOG_USEC", "400000", 1);
	struct server *s = server_start(WEB(1, 8080, "who.so"));
	snprintf(ready, sizeof(ready), "READY=1\nMAINPID=%d", (int)server_pid(s));
	hears("READY=1");
	verb_succeeds(&o, "upgrade", NULL);
	hears("RELOADING=1");
	cr_assert_str_eq(hears("READY=1"), ready);
	hears("WATCHDOG=1");
	server_stop(s);
}

Test(manager, is_asked_for_time_while_it_drains)
{
	be_manager();
	struct server *s = server_start(WEB(1, 8080, "deferred.so") "file = %s\n", path_of("go"));
	int client = client_connect(8080);
	struct response r;

	client_says(client, "GET / HTTP/1.1\r\nHost: test\r\n\r\n");
	server_await(s, "request in hand");
	server_signal(s, SIGTERM);
	cr_assert_not_null(strstr(hears("STOPPING=1"), "EXTEND_TIMEOUT_USEC="));
	hears("EXTEND_TIMEOUT_USEC=");
	write_file("go", "now");
	cr_assert(client_response(client, &r));
	close(client);
	cr_assert_eq(server_await_exit(s, PATIENCE), 0);
}

/* It must not take drain_delay for a server that does not stop. */
Test(manager, hears_that_it_stops_when_it_is_not_ready_any_more)
{
	be_manager();
	struct server *s = server_start(WEB_WITH("drain_delay = 1h", 8080, "who.so"));

	server_signal(s, SIGTERM);
	cr_assert_not_null(strstr(hears("STOPPING=1"), "EXTEND_TIMEOUT_USEC="));
	hears("EXTEND_TIMEOUT_USEC=");
	server_signal(s, SIGTERM);       /* enough of the delay */
	cr_assert_eq(server_await_exit(s, PATIENCE), 0);
}

/* ---- sockets ---- */

/* Above those that they will be in the server. */
enum { OPENED = 100, GIVEN = 4 };

struct given {
	int          sockets[GIVEN];
	struct spawn how;
};

/* Opens count sockets on a port as systemd would. */
static void open_sockets(struct given *g, unsigned count, int port, int shared)
{
	struct sockaddr_in at = { .sin_family = AF_INET, .sin_port = htons((uint16_t)port) };
	int on = 1;

	at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	for (unsigned i = 0; i < count; i++) {
		int first = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
		int fd = fcntl(first, F_DUPFD_CLOEXEC, OPENED);
		close(first);
		setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
		setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &shared, sizeof(shared));
		cr_assert_eq(bind(fd, (const struct sockaddr *)&at, sizeof(at)), 0);
		cr_assert_eq(listen(fd, 16), 0);
		g->sockets[i] = fd;
	}
	g->how = (struct spawn){ .given = g->sockets, .given_count = count };
}

static struct server *start_with(const struct given *g, const char *ini)
{
	write_file("portico.ini", "%s", ini);
	struct server *s = server_spawn(&g->how);
	server_await_generation(s, 1);
	return s;
}

static void refused(const struct given *g, const char *ini, const char *why)
{
	write_file("portico.ini", "%s", ini);
	struct server *s = server_spawn(&g->how);

	cr_assert_eq(server_await_exit(s, PATIENCE), 78);
	cr_assert(server_says(s, why), "%s", server_log(s));
}

/* The third slot binds its own; nobody's place in the row changes. */
Test(manager, sockets_that_were_given_are_the_slots_and_the_rest_is_bound)
{
	struct outcome o;
	struct given g;

	open_sockets(&g, 2, 8080, 1);
	struct server *s = start_with(&g, WEB(3, 8080, "who.so"));
	cr_assert(server_says(s, "systemd gave 2 sockets"));
	sockets_await("tcp", 8080, 3);
	slots_await_all(8080, 3);
	verb_succeeds(&o, "reload", NULL);
	verb_succeeds(&o, "upgrade", NULL);
	slots_await_all(8080, 3);
	cr_assert_eq(sockets_on("tcp", 8080), 3);
	verb_succeeds(&o, "scale", "2");
	cr_assert_eq(verb(&o, "scale", "1"), 1);
	cr_assert_not_null(strstr(o.err, "systemd holds 2 sockets of an address"), "%s", o.err);
	slots_await_all(8080, 2);
	server_stop(s);
	cr_assert_eq(sockets_on("tcp", 8080), 2, "they are systemd's");
}

Test(manager, sockets_that_cannot_do_are_refused_with_advice)
{
	struct given g;

	open_sockets(&g, 1, 8080, 0);
	refused(&g, WEB(2, 8080, "who.so"), "systemd gave 127.0.0.1:8080 (unknown): it cannot be shared, and "
		"there are 2 workers; write ReusePort=yes and its line 2 times, or workers = 1");
	refused(&g, WEB(1, 8081, "who.so"), "no service listens there");
	open_sockets(&g, 2, 8082, 1);
	refused(&g, WEB(1, 8082, "who.so"), "more than the 1 worker, and nobody would serve");
	open_sockets(&g, 1, 8083, 1);
	g.how.uid = 65534;
	refused(&g, WEB(2, 8083, "who.so"), "1 of 2 workers have one, and only uid 0 may add to them");
}

Test(manager, one_socket_that_cannot_be_shared_is_enough_for_one_worker)
{
	struct given g;

	open_sockets(&g, 1, 8080, 0);
	struct server *s = start_with(&g, WEB(1, 8080, "who.so"));
	cr_assert_eq(slot_of(8080), 0);
	server_stop(s);
}

Test(manager, a_port_under_1024_is_served_by_an_ordinary_user)
{
	struct given g;

	open_sockets(&g, 2, 80, 1);
	g.how.uid = 65534;
	struct server *s = start_with(&g, WEB(2, 80, "who.so"));
	slots_await_all(80, 2);
	server_stop(s);
}
