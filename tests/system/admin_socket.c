/* SPDX-License-Identifier: MIT */
/* admin_socket.c - the admin service by its unix socket. */
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "admin_rig.h"
#include "client.h"
#include "harness.h"
#include "operate.h"
#include "server.h"

SYSTEM_SUITE(admin_socket);

enum { WEB = 8080 };

#define SERVICES                                                             \
	"[service web]\nprotocol = http\nlisten = 127.0.0.1:8080\n"          \
	"[handler web /]\nplugin = ${T}/block.so\n"

#define BY_PATH "[portico]\nworkers = 2\ncontrol = control.sock\n"

Test(admin_socket, a_unix_socket_stays_over_all_that_changes)
{
	struct server *s = server_start(BY_PATH SERVICES);
	struct outcome o;
	char path[256];

	snprintf(path, sizeof(path), "%s", path_of("admin.sock"));
	for (unsigned i = 0; i < 5; i++)
		cr_assert_eq(admin_status_at(path, "/metrics"), 200);
	verb_succeeds(&o, "reload", NULL);
	cr_assert_eq(admin_status_at(path, "/metrics"), 200);
	kill(status_worker(0), SIGKILL);
	cr_assert_eq(admin_status_at(path, "/metrics"), 200);
	status_await_worker(0);
	verb_succeeds(&o, "upgrade", NULL);
	server_await_generation(s, 3);
	cr_assert_eq(admin_status_at(path, "/metrics"), 200);
	server_stop(s);
	cr_assert_eq(access(path, F_OK), -1);
}

static bool is_gone(void *path)
{
	return access(path, F_OK) < 0;
}

static void await_removal(const char *path)
{
	cr_assert(wait_until(is_gone, (void *)path, PATIENCE), "%s is still there", path);
}

Test(admin_socket, a_unix_socket_moves_with_a_reload)
{
	struct server *s = server_start(BY_PATH "admin = unix:one.sock\n" SERVICES);
	char one[256], two[256];

	snprintf(one, sizeof(one), "%s", path_of("one.sock"));
	snprintf(two, sizeof(two), "%s", path_of("two.sock"));
	cr_assert_eq(admin_status_at(one, "/livez"), 200);
	server_reload(s, BY_PATH "admin = unix:two.sock, 127.0.0.1:9180\n" SERVICES);
	server_await_generation(s, 2);
	cr_assert_eq(admin_status_at(two, "/livez"), 200);
	cr_assert_eq(admin_status("/livez"), 200);
	await_removal(one);      /* until then it may be connected to, and nobody is there to answer */
	cr_assert_eq(admin_status_at(one, "/livez"), 0);
}

Test(admin_socket, a_path_where_somebody_listens_is_refused)
{
	struct outcome o;

	server_start(BY_PATH "admin = unix:one.sock\n" SERVICES);
	write_file("other.ini", "[portico]\ncontrol = other.sock\nadmin = unix:one.sock\n"
		"[service web]\nprotocol = http\nlisten = 127.0.0.1:8081\n[handler web /]\nplugin = %s\n",
		example("hello.so"));
	portico_ends(&o, NULL, "run", "-c", path_of("other.ini"), NULL);
	cr_assert_eq(o.code, 69, "%d", o.code);
	cr_assert_not_null(strstr(o.err, "one.sock: Address already in use"), "%s", o.err);
	cr_assert_eq(admin_status_at(path_of("one.sock"), "/livez"), 200);
}

/* Who cleans up /run, or makes its directory anew, must not take it away for ever. */
Test(admin_socket, a_reload_makes_a_unix_socket_again_that_was_removed)
{
	struct server *s = server_start(BY_PATH SERVICES);
	struct outcome o;
	char path[256];

	snprintf(path, sizeof(path), "%s", path_of("admin.sock"));
	cr_assert_eq(admin_status_at(path, "/livez"), 200);
	cr_assert_eq(unlink(path), 0);
	verb_succeeds(&o, "reload", NULL);
	cr_assert_eq(admin_status_at(path, "/livez"), 200);
	server_await(s, "generation 1) left");
	cr_assert_eq(admin_status_at(path, "/metrics"), 200);
}

Test(admin_socket, what_took_the_place_of_a_unix_socket_is_left_there)
{
	struct server *s = server_start(BY_PATH SERVICES);
	struct outcome o;
	char path[256];

	snprintf(path, sizeof(path), "%s", path_of("admin.sock"));
	cr_assert_eq(unlink(path), 0);
	write_file("admin.sock", "precious");
	verb_succeeds(&o, "reload", NULL);
	server_await(s, "it cannot be made again: Address already in use");
	cr_assert_eq(http_status(WEB, "/"), 200);
	server_stop(s);
	cr_assert_eq(access(path, F_OK), 0);
}

/* Such a path cannot be told to the next binary. */
Test(admin_socket, an_upgrade_finds_one_that_it_was_not_told_of)
{
	struct server *s = server_start(BY_PATH "admin = unix:\xff.sock\n" SERVICES);
	struct outcome o;
	char path[256];

	snprintf(path, sizeof(path), "%s", path_of("\xff.sock"));
	cr_assert_eq(admin_status_at(path, "/livez"), 200);
	verb_succeeds(&o, "upgrade", NULL);
	server_await_generation(s, 2);
	cr_assert_eq(admin_status_at(path, "/metrics"), 200);
	server_stop(s);
	cr_assert_eq(access(path, F_OK), -1);
}
