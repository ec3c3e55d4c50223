/* SPDX-License-Identifier: MIT */
/* upgrade_fails.c - a binary that cannot take over changes nothing, and says why. */
#include <jansson.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "client.h"
#include "harness.h"
#include "operate.h"
#include "server.h"
#include "upgrade_rig.h"

SYSTEM_SUITE(upgrade_fails);

static void assert_upgrade_fails(struct server *s, const char *why)
{
	pid_t zero = status_worker(0), one = status_worker(1);
	ino_t binary = running_binary(server_pid(s));
	struct outcome o;

	cr_assert_eq(verb(&o, "upgrade", NULL), 1, "%s: it gave %d: %s", why, o.code, o.out);
	cr_assert_not_null(strstr(o.err, "upgrade failed: "), "%s: %s", why, o.err);
	cr_assert_not_null(strstr(o.err, "nothing has changed"), "%s: %s", why, o.err);
	cr_assert(server_says(s, "error master: upgrade failed: "));
	assert_greeting("hello", 20);
	cr_assert_eq(running_binary(server_pid(s)), binary, "%s", why);
	cr_assert(status_worker(0) == zero && status_worker(1) == one, "%s", why);
	cr_assert_eq(status_number("upgrades"), 0);
	cr_assert_eq(sockets_on("tcp", 8080), 2);
	server_await_workers(s, 2);
}

static void install_script(const char *text)
{
	write_file("live", "#!/bin/sh\n%s\n", text);
	cr_assert_eq(chmod(path_of("live"), 0755), 0);
}

Test(upgrade_fails, to_a_binary_that_cannot_be_run_changes_nothing)
{
	write_file("portico.ini", GREETING, "hello");
	struct server *s = start_serving();

	cr_assert_eq(unlink(path_of("live")), 0);
	assert_upgrade_fails(s, "missing");
	cr_assert(server_says(s, "No such file or directory"));
	copy_file(path_of("good"), "live");
	cr_assert_eq(chmod(path_of("live"), 0644), 0);
	assert_upgrade_fails(s, "not executable");
	cr_assert(server_says(s, "Permission denied"));
	write_file("live", "this is no binary\n");
	cr_assert_eq(chmod(path_of("live"), 0755), 0);
	assert_upgrade_fails(s, "no binary");
	cr_assert_eq(unlink(path_of("live")), 0);
	cr_assert_eq(mkdir(path_of("live"), 0755), 0);
	assert_upgrade_fails(s, "a directory");
	cr_assert_eq(rmdir(path_of("live")), 0);
	copy_file(path_of("good"), "live");
	upgrade_succeeds(s, 2);
	server_stop(s);
}

Test(upgrade_fails, to_a_binary_that_fails_its_check_changes_nothing)
{
	char script[512];

	write_file("portico.ini", GREETING, "hello");
	struct server *s = start_serving();
	copy_file("/bin/false", "live");
	assert_upgrade_fails(s, "false");
	install_script("kill -9 $$");
	assert_upgrade_fails(s, "killed");
	install_script("echo 'this binary is not well' >&2; exit 70");
	assert_upgrade_fails(s, "a script");
	snprintf(script, sizeof(script), "PORTICO_UPGRADE_STATE=4711 exec %s \"$@\"", path_of("good"));
	install_script(script);
	assert_upgrade_fails(s, "another version");
	cr_assert(server_says(s, "the running one writes 4711"));
	copy_file(path_of("good"), "live");
	upgrade_succeeds(s, 2);
	server_stop(s);
}

Test(upgrade_fails, with_a_broken_configuration_changes_nothing)
{
	write_file("portico.ini", GREETING, "hello");
	struct server *s = start_serving();

	write_file("portico.ini", "[portico]\nwrokers = 2\n");
	assert_upgrade_fails(s, "broken");
	cr_assert(server_says(s, "did you mean workers?"));
	write_file("portico.ini", "[service web]\nprotocol = http\nlisten = 127.0.0.1:8080\n"
		"[handler web /]\nplugin = ${T}/crash_in_load.so\n");
	assert_upgrade_fails(s, "crash in load");
	write_file("portico.ini", GREETING, "new");
	upgrade_succeeds(s, 2);
	cr_assert_str_eq(http_get(8080, "/"), "new\n");
	server_stop(s);
}

/* The check cannot see it: the new binary has taken over, with the workers of the old one. */
Test(upgrade_fails, whose_workers_fail_goes_on_with_the_old_ones)
{
	write_file("portico.ini", GREETING, "hello");
	struct server *s = start_serving();
	struct outcome o;
	pid_t zero = status_worker(0), one = status_worker(1);

	write_file("portico.ini", "[service web]\nprotocol = http\nlisten = 127.0.0.1:8080\n"
		"[handler web /]\nplugin = ${T}/fail_in_start.so\n");
	cr_assert_eq(verb(&o, "upgrade", NULL), 1, "%s", o.out);
	cr_assert_not_null(strstr(o.err, "its start() failed"), "%s", o.err);
	cr_assert_not_null(strstr(o.err, "generation 1 goes on"), "%s", o.err);
	assert_greeting("hello", 20);
	cr_assert(status_worker(0) == zero && status_worker(1) == one);
	cr_assert_eq(kill(zero, SIGKILL), 0);
	assert_greeting("hello", 40);
	cr_assert_eq(verb(&o, "scale", "3"), 1, "it cannot have more workers: %s", o.out);
	assert_greeting("hello", 40);
	write_file("portico.ini", GREETING, "mended");
	verb_succeeds(&o, "reload", NULL);
	assert_greeting("mended", 20);
	server_await_workers(s, 2);
	server_stop(s);
}

static struct server *upgrade_without_its_reload(const char *ini, const char *bad)
{
	struct outcome o;

	write_file("portico.ini", "%s", ini);
	struct server *s = start_copy();
	sockets_await("tcp", 8080, 2);
	status_await_worker(1);
	for (int i = 0; i < 10; i++)
		http_get(8080, "/");
	write_file("portico.ini", "%s", bad);
	cr_assert_eq(verb(&o, "upgrade", NULL), 1, "%s", o.out);
	cr_assert_not_null(strstr(o.err, "its start() failed"), "%s", o.err);
	cr_assert_eq(status_number("upgrades"), 1);
	return s;
}

static const char fails_in_start[] =
	"[service other]\nprotocol = http\nlisten = 127.0.0.1:8080\n"
	"[handler other /]\nplugin = ${T}/fail_in_start.so\n";

static json_t *service_of(json_t *status, size_t number, const char *name)
{
	json_t *service = json_array_get(json_object_get(status, "services"), number);

	cr_assert_str_eq(json_string_value(json_object_get(service, "name")), name);
	return service;
}

Test(upgrade_fails, without_its_reload_the_services_are_known)
{
	struct server *s = upgrade_without_its_reload("[portico]\nworkers = 2\n"
		"[service web]\nprotocol = http\nlisten = 127.0.0.1:8080, 127.0.0.1:8081\n"
		"balance = random\n[handler web /]\nplugin = ${T}/who.so\n"
		"[service flows]\nprotocol = udp\nlisten = 127.0.0.1:7001\n"
		"[handler flows]\nplugin = ${T}/who.so\n", fails_in_start);
	json_t *status = status_read(), *web = service_of(status, 0, "web");

	cr_assert_eq(json_array_size(json_object_get(status, "services")), 2);
	cr_assert_str_eq(json_string_value(json_object_get(web, "protocol")), "http");
	cr_assert_eq(json_array_size(json_object_get(web, "listen")), 2);
	cr_assert_str_eq(json_string_value(json_object_get(json_object_get(web, "balance"), "asked")),
		"random");
	cr_assert_eq(json_integer_value(json_object_get(web, "accepted")), 10);
	cr_assert_str_eq(json_string_value(json_object_get(service_of(status, 1, "flows"), "protocol")),
		"udp");
	json_decref(status);
	server_stop(s);
}

Test(upgrade_fails, without_its_reload_the_end_is_announced_as_before)
{
	struct server *s = upgrade_without_its_reload("[portico]\nworkers = 2\ndrain_delay = 100ms\n"
		"[service web]\nprotocol = http\nlisten = 127.0.0.1:8080\n"
		"[handler web /]\nplugin = ${T}/who.so\n", fails_in_start);

	server_signal(s, SIGTERM);
	server_await(s, "not ready any more; finishing begins in 0.1 s");
	cr_assert_eq(server_await_exit(s, PATIENCE), 0);
	server_assert_gone(s);
}

/* One that crashed is being replaced while the binary changes, and the new one hangs. */
Test(upgrade_fails, without_its_reload_who_hangs_in_its_start_is_ended_in_time)
{
	struct outcome o;

	write_file("gate", "open");
	write_file("portico.ini", "[portico]\nworkers = 2\nstart_time = 5s\n"
		"[service web]\nprotocol = http\nlisten = 127.0.0.1:8080\n"
		"[handler web /]\nplugin = ${T}/gate.so\nfile = %s\n", path_of("gate"));
	struct server *s = start_serving();
	cr_assert_eq(unlink(path_of("gate")), 0);
	cr_assert_eq(kill(status_worker(0), SIGKILL), 0);
	server_await_count(s, "waiting at the gate", 3);
	write_file("portico.ini", "%s", fails_in_start);
	cr_assert_eq(verb(&o, "upgrade", NULL), 1, "%s", o.out);
	cr_assert_eq(status_number("upgrades"), 1);
	server_await_workers(s, 1);
	cr_assert_str_eq(http_get(8080, "/"), "through\n");
	server_stop(s);
}

Test(upgrade_fails, without_its_reload_the_log_can_be_reopened)
{
	char ini[512];
	struct outcome o;

	snprintf(ini, sizeof(ini), "[portico]\nworkers = 2\nlog = %s\n"
		"[service web]\nprotocol = http\nlisten = 127.0.0.1:8080\n"
		"[handler web /]\nplugin = ${T}/who.so\n", path_of("portico.log"));
	struct server *s = upgrade_without_its_reload(ini, fails_in_start);

	cr_assert_eq(rename(path_of("portico.log"), path_of("portico.log.1")), 0);
	verb_succeeds(&o, "reopen", NULL);
	cr_assert_eq(verb(&o, "reload", NULL), 1);
	await_log("reload failed");
	server_signal(s, SIGUSR1);
	await_log("USR1: log reopened");
	cr_assert_null(strstr(server_log(s), "reload"), "the log went to standard error");
	server_stop(s);
}
