/* SPDX-License-Identifier: MIT */
/* who_programs.c - portico who, asked about programs that people run. */
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>

#include "client.h"
#include "harness.h"
#include "load.h"
#include "operate.h"
#include "server.h"
#include "who_rig.h"

WHO_SUITE(who_programs);

enum { NOBODY = 65534, MANY = 50 };

static const char NGINX[] = "/usr/sbin/nginx", HAPROXY[] = "/usr/sbin/haproxy",
	PYTHON[] = "/usr/bin/python3";

static const char two_workers[] =
	"[portico]\nworkers = 2\n"
	"[service web]\nprotocol = http\nlisten = 127.0.0.1:8080\n"
	"[handler web]\nplugin = ${E}/hello.so\n"
	"[service echo]\nprotocol = udp\nlisten = 127.0.0.1:7001\n"
	"[handler echo]\nplugin = ${E}/udp_echo.so\n%s";

static void assert_is_group_of_both(struct server *server, const char *port)
{
	json_t *told = who_asked(0, port);
	pid_t workers[2];

	cr_assert_eq(server_workers(server, workers, 2), 2);
	cr_assert_eq(who_count(told), 2);
	for (size_t i = 0; i < 2; i++) {
		json_t *s = who_socket(told, i);
		cr_assert_eq(who_number(s, "group"), 1);
		cr_assert(json_is_true(json_object_get(s, "reuseport")));
		cr_assert(who_is_held_by(s, server_pid(server)), "the master's duplicate");
		cr_assert_neq(who_is_held_by(s, workers[0]), who_is_held_by(s, workers[1]),
			"each worker has its own");
	}
	json_decref(told);
}

Test(who_programs, portico_is_a_group_of_its_workers)
{
	struct server *s = server_start(two_workers, "");

	assert_is_group_of_both(s, "8080/tcp");
	assert_is_group_of_both(s, "7001/udp");
	cr_assert_not_null(strstr(who_said(0, "8080/tcp"), "yes: another process of uid 0 root that "
		"sets SO_REUSEPORT can bind 127.0.0.1:8080 now (tried); without it: no (Address already "
		"in use)"), "%s", who_said(0, "8080/tcp"));
	server_stop(s);
}

/* The tries are harmless: nobody's connection and nobody's datagram goes astray. */
Test(who_programs, asking_takes_nothing_from_a_server_under_load)
{
	struct load web, echo;
	struct server *s = server_start(two_workers, "");

	load_start(&web, 8080, 300);
	load_start_udp(&echo, 7001, 300);
	load_await(&web, 20);
	/* Less often where asking takes a second. */
	double end = seconds_now() + 40.;
	for (int i = 0; i < MANY && seconds_now() < end; i++) {
		json_decref(who_asked(0, "8080/tcp"));
		json_decref(who_asked(0, "7001/udp"));
	}
	load_await(&web, 20);
	load_stop(&web);
	load_stop(&echo);
	load_lost_nothing(web.result);
	load_lost_nothing(echo.result);
	server_stop(s);
}

Test(who_programs, python_does_not_share)
{
	if (!who_has(PYTHON))
		SKIP_TEST("%s is not installed", PYTHON);
	pid_t pid = who_run(NOBODY, PYTHON, "-m", "http.server", "8080", "--bind", "127.0.0.1", NULL);
	char sentence[128];

	sockets_await("tcp", 8080, 1);
	snprintf(sentence, sizeof(sentence), " (pid %d) holds it without SO_REUSEPORT", (int)pid);
	/* Its own user sees as much as root does. */
	for (int i = 0; i < 2; i++) {
		uid_t uid = i ? NOBODY : 0;
		json_t *told = who_asked(uid, "8080/tcp"), *s = who_socket(told, 0);
		json_t *holder = json_array_get(json_object_get(s, "holders"), 0);

		cr_assert_eq(who_number(holder, "pid"), pid);
		cr_assert_eq(strncmp(who_word(holder, "program"), "python3", 7), 0);
		cr_assert_not_null(strstr(who_word(holder, "command"), "-m http.server 8080"));
		cr_assert_eq(who_number(s, "uid"), NOBODY);
		cr_assert(json_is_false(json_object_get(s, "reuseport")));
		cr_assert_str_eq(who_word(who_place(told, "127.0.0.1:8080"), "answer"), "no");
		json_decref(told);
		cr_assert_not_null(strstr(who_said(uid, "8080/tcp"), sentence));
	}
}

static pid_t run_nginx(const char *options)
{
	write_file("nginx.conf",
		"daemon off;\nuser root;\nworker_processes 2;\npid %s/nginx.pid;\nerror_log %s/error.log;\n"
		"events { }\n"
		"http {\n\taccess_log off;\n\tclient_body_temp_path %s/body;\n"
		"\tproxy_temp_path %s/proxy;\n\tfastcgi_temp_path %s/fastcgi;\n"
		"\tuwsgi_temp_path %s/uwsgi;\n\tscgi_temp_path %s/scgi;\n"
		"\tserver { listen 127.0.0.1:8080%s; return 200; }\n}\n",
		harness_dir(), harness_dir(), harness_dir(), harness_dir(), harness_dir(), harness_dir(),
		harness_dir(), options);
	return who_run(0, NGINX, "-c", path_of("nginx.conf"), NULL);
}

Test(who_programs, nginx_shares_only_with_its_reuseport)
{
	if (!who_has(NGINX))
		SKIP_TEST("%s is not installed", NGINX);
	pid_t pid = run_nginx("");
	sockets_await("tcp", 8080, 1);
	json_t *told = who_asked(0, "8080/tcp");
	cr_assert(who_is_held_by(who_socket(told, 0), pid));
	cr_assert(json_is_false(json_object_get(who_socket(told, 0), "reuseport")));
	cr_assert_str_eq(who_word(who_place(told, "127.0.0.1:8080"), "answer"), "no");
	json_decref(told);
	who_end(pid);

	sockets_await("tcp", 8080, 0);
	pid = run_nginx(" reuseport");
	sockets_await("tcp", 8080, 2);
	told = who_asked(0, "8080/tcp");
	for (size_t i = 0; i < 2; i++) {
		cr_assert(who_is_held_by(who_socket(told, i), pid));
		cr_assert_eq(who_number(who_socket(told, i), "group"), 1);
	}
	cr_assert_str_eq(who_with(who_place(told, "127.0.0.1:8080"), "reuseport"), "yes");
	json_decref(told);
}

Test(who_programs, haproxy_shares_without_being_asked)
{
	if (!who_has(HAPROXY))
		SKIP_TEST("%s is not installed", HAPROXY);
	write_file("haproxy.cfg", "defaults\n\tmode http\n\ttimeout client 5s\n\ttimeout server 5s\n"
		"\ttimeout connect 5s\nfrontend f\n\tbind 127.0.0.1:8080\n");
	pid_t pid = who_run(0, HAPROXY, "-db", "-f", path_of("haproxy.cfg"), NULL);

	sockets_await("tcp", 8080, 1);
	json_t *told = who_asked(0, "8080/tcp"), *s = who_socket(told, 0);
	cr_assert(who_is_held_by(s, pid));
	cr_assert(json_is_true(json_object_get(s, "reuseport")));
	cr_assert_str_eq(who_word(who_place(told, "127.0.0.1:8080"), "answer"), "yes");
	json_decref(told);
}
