/* SPDX-License-Identifier: MIT */
/* start.c - what an operator sees of a start. */
#include <netinet/in.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "client.h"
#include "harness.h"
#include "proc.h"
#include "server.h"

SYSTEM_SUITE(start);

static void assert_tcp_echo(const char *host, int port)
{
	char answer[6];
	int fd = client_try_connect(host, port);

	cr_assert_geq(fd, 0, "%s is not served", host);
	client_send(fd, "hello\n", 6);
	client_read(fd, answer, 6);
	cr_assert_eq(memcmp(answer, "hello\n", 6), 0);
	close(fd);
}

static void assert_udp_echo(const char *host, int port)
{
	char answer[16];
	int fd = udp_client(host, port);

	cr_assert_eq(udp_ask(fd, "hello", 5, answer, sizeof(answer)), 5);
	cr_assert_eq(memcmp(answer, "hello", 5), 0);
	close(fd);
}

/* The file that the project ships, not a copy: it is found from the root of the project. */
Test(start, serves_http_tcp_and_udp_on_the_sample_configuration)
{
	struct response r;

	if (access("etc/portico.ini", R_OK) < 0)
		cr_assert_fail("run the tests from the root of the project");
	copy_file("etc/portico.ini", "portico.ini");
	setenv("PORTICO_PLUGINS", getenv("E"), 1);
	struct server *s = server_spawn(NULL);
	server_await_generation(s, 1);
	cr_assert_str_eq(http_get(8080, "/"), "Hello\n");
	int fd = client_try_connect("::1", 8080);
	cr_assert_geq(fd, 0, "[::1]:8080 is not served");
	client_get(fd, "/any/path", &r);
	cr_assert_eq(r.status, 200);
	close(fd);
	assert_tcp_echo("127.0.0.1", 7000);
	assert_tcp_echo("::1", 7000);
	assert_udp_echo("127.0.0.1", 7001);
	assert_udp_echo("::1", 7001);
	server_stop(s);
}

static const char three_services[] =
	"[portico]\nworkers = %u\n"
	"[service web]\nprotocol = http\nlisten = 127.0.0.1:8080\n"
	"[handler web]\nplugin = ${T}/who.so\n"
	"[service tcp]\nprotocol = tcp\nlisten = 127.0.0.1:7000\n"
	"[handler tcp]\nplugin = ${T}/who.so\n"
	"[service udp]\nprotocol = udp\nlisten = 127.0.0.1:7001\n"
	"[handler udp]\nplugin = ${T}/who.so\n";

/* Each of three workers one of three sockets. */
static void each_has_one(struct server *s, const char *protocol, int port)
{
	unsigned long inodes[8];
	pid_t workers[8];

	cr_assert_eq(proc_sockets(protocol, port, inodes, 8), 3);
	cr_assert_eq(server_workers(s, workers, 8), 3);
	for (size_t i = 0; i < 3; i++)
		cr_assert_eq(proc_holds(workers[i], inodes, 3), 1, "worker %zu, port %d", i, port);
}

Test(start, every_worker_has_one_listening_socket_on_the_same_port)
{
	struct server *s = server_start(three_services, 3);

	each_has_one(s, "tcp", 8080);
	each_has_one(s, "tcp", 7000);
	server_stop(s);
}

Test(start, udp_sockets_one_a_worker)
{
	struct server *s = server_start(three_services, 3);

	each_has_one(s, "udp", 7001);
	server_stop(s);
}

/* Fair shares are 100; 40 is six standard deviations away. */
static void assert_shares(const unsigned *shares, const char *protocol)
{
	for (unsigned i = 0; i < 4; i++)
		cr_assert_geq(shares[i], 40, "%s: worker %u got %u of 400", protocol, i, shares[i]);
}

Test(start, every_worker_gets_a_share)
{
	unsigned web[4] = { 0 }, tcp[4] = { 0 }, udp[4] = { 0 };
	char text[64];
	struct server *s = server_start(three_services, 4);

	for (int i = 0; i < 400; i++) {
		web[atoi(http_get(8080, "/")) & 3]++;
		int fd = client_connect(7000);
		cr_assert_gt(client_read_all(fd, text, sizeof(text)), 0);
		tcp[atoi(text) & 3]++;
		close(fd);
		fd = udp_client("127.0.0.1", 7001);
		cr_assert_gt(udp_ask(fd, "?", 1, text, sizeof(text)), 0);
		udp[atoi(text) & 3]++;
		close(fd);
	}
	assert_shares(web, "http");
	assert_shares(tcp, "tcp");
	assert_shares(udp, "udp");
	server_stop(s);
}

Test(start, ready_line_comes_only_when_it_serves)
{
	write_file("portico.ini",
		"[portico]\nworkers = 2\n"
		"[service web]\nprotocol = http\nlisten = 127.0.0.1:8080\n"
		"[handler web]\nplugin = ${T}/gate.so\nfile = %s\n", path_of("open"));
	struct server *s = server_spawn(NULL);

	server_await_count(s, "waiting at the gate", 2);
	cr_assert(client_is_refused("127.0.0.1", 8080), "somebody listens before it is ready");
	cr_assert_not(server_says(s, "serves"));
	write_file("open", "sesame");
	server_await_generation(s, 1);
	for (int i = 0; i < 20; i++)
		cr_assert_str_eq(http_get(8080, "/"), "through\n");
	server_stop(s);
}

Test(start, names_all_services_and_addresses_in_the_ready_line)
{
	struct server *s = server_start(three_services, 2);

	server_await(s, "2 workers; web http 127.0.0.1:8080; tcp tcp 127.0.0.1:7000; "
		"udp udp 127.0.0.1:7001");
	server_stop(s);
}

Test(start, a_hostile_environment_does_not_choose_the_event_loop)
{
	setenv("LIBEV_FLAGS", "1", 1);   /* select(2), which ends at 1024 descriptors */
	struct server *s = server_start(three_services, 1);
	pid_t worker;

	cr_assert_eq(server_workers(s, &worker, 1), 1);
	cr_assert(strstr(proc_descriptors(worker), "eventpoll"), "the worker has no epoll");
	server_stop(s);
}

/* What its parent left open is none of the server's business, and of no worker's. */
Test(start, a_restart_right_after_a_stop_gets_its_ports)
{
	for (int i = 0; i < 3; i++) {
		struct server *s = server_start(three_services, 2);
		for (int k = 0; k < 10; k++)
			http_get(8080, "/");
		server_stop(s);
	}
}

/* As in a container: the workers' parent is pid 1 while it lives. */
Test(start, it_may_be_pid_1)
{
	pid_t worker;

	cr_assert_eq(unshare(CLONE_NEWPID), 0);
	struct server *s = server_start(three_services, 1);

	cr_assert_eq(server_workers(s, &worker, 1), 1);
	cr_assert_eq(kill(worker, SIGKILL), 0);
	server_await(s, "of signal 9 (Killed)");
	cr_assert_eq(strncmp(http_get(8080, "/"), "0 ", 2), 0);
	server_stop(s);
}
