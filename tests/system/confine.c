/* SPDX-License-Identifier: MIT */
/*
 * confine.c - what somebody can do who has taken over a handler: docs/security.md names these
 * tests.  Where a wall is tried, the same is tried without it, and works.
 */
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "client.h"
#include "confine_rig.h"
#include "harness.h"
#include "operate.h"
#include "proc.h"
#include "server.h"

SYSTEM_SUITE(confine);

#define NO_LANDLOCK "landlock = off\n"
#define NONE "0000000000000000"

static struct server *start_as(uid_t uid, const char *ini)
{
	confine_set_up();
	write_file("portico.ini", "%s", ini);
	struct server *s = server_spawn(&(struct spawn){ .uid = uid });
	server_await_generation(s, 1);
	return s;
}

/* ---- what a user may not do ---- */

Test(confine, a_worker_has_no_power_of_its_master)
{
	struct server *s = start_as(0, ATTEMPT("user = nobody\n" NO_LANDLOCK));
	pid_t worker = worker_pid(0);

	cr_assert_str_eq(proc_status(worker, "Uid"), "65534\t65534\t65534\t65534");
	cr_assert_str_eq(proc_status(worker, "CapInh"), NONE);
	cr_assert_str_eq(proc_status(worker, "CapPrm"), NONE);
	cr_assert_str_eq(proc_status(worker, "CapEff"), NONE);
	cr_assert_str_eq(proc_status(worker, "CapBnd"), NONE);
	cr_assert_str_eq(proc_status(worker, "CapAmb"), NONE);
	cr_assert_str_eq(proc_status(worker, "NoNewPrivs"), "1");
	cr_assert_str_eq(proc_status(worker, "Umask"), "0077");
	assert_attempt("EACCES", "/read?/etc/shadow");
	assert_attempt("EACCES", "/read?%s", path_of("secret"));
	assert_attempt("EACCES", "/write?%s", path_of("other/new"));
	assert_attempt("EACCES", "/tcp?80");
	assert_attempt("EPERM", "/root");
	assert_attempt("EPERM", "/capability");
	assert_attempt("EPERM", "/chroot?/tmp");
	assert_attempt("EPERM", "/signal?%d", (int)server_pid(s));
	assert_attempt("EPERM", "/trace?%d", (int)server_pid(s));
	assert_attempt("EPERM", "/limit?%d", (int)server_pid(s));
	assert_attempt("OK", "/umask?%s", path_of("made/new"));
	server_stop(s);
}

/* A root worker is root of its files, and nothing else. */
Test(confine, a_worker_that_stays_root_has_no_capability)
{
	struct server *s = start_as(0, ATTEMPT(NO_LANDLOCK));

	cr_assert_str_eq(proc_status(worker_pid(0), "CapEff"), NONE);
	assert_attempt("OK", "/read?%s", path_of("secret"));
	assert_attempt("EACCES", "/tcp?80");
	assert_attempt("EPERM", "/capability");
	server_reload(s, ATTEMPT(NO_LANDLOCK "capabilities = keep\n"));
	server_await_generation(s, 2);
	cr_assert_str_neq(proc_status(worker_pid(0), "CapEff"), NONE);
	assert_attempt("OK", "/tcp?80");
	server_stop(s);
}

Test(confine, a_group_of_its_own_takes_the_place_of_the_users)
{
	struct server *s = start_as(0, ATTEMPT("user = nobody\ngroup = daemon\n"));
	pid_t worker = worker_pid(1);

	cr_assert_str_eq(proc_status(worker, "Uid"), "65534\t65534\t65534\t65534");
	cr_assert_str_eq(proc_status(worker, "Gid"), "1\t1\t1\t1");
	cr_assert_null(strchr(proc_status(worker, "Groups"), '0'), "groups of root");
	server_stop(s);
}

/* ---- siblings, of the same user ---- */

Test(confine, a_siblings_memory_is_closed_unless_it_may_dump_core)
{
	struct server *s = start_as(0, ATTEMPT("user = nobody\n" NO_LANDLOCK));

	assert_attempt("EACCES", "/read?/proc/%d/environ", (int)server_pid(s));
	/* Either is a sibling of one of the two, and its own file is closed to a worker too. */
	assert_attempt("EACCES", "/read?/proc/%d/environ", (int)worker_pid(0));
	assert_attempt("EACCES", "/read?/proc/%d/environ", (int)worker_pid(1));
	server_reload(s, ATTEMPT("user = nobody\ncore = yes\n" NO_LANDLOCK));
	server_await_generation(s, 2);
	assert_attempt("OK", "/read?/proc/%d/environ", (int)worker_pid(0));
	assert_attempt("OK", "/read?/proc/%d/environ", (int)worker_pid(1));
	server_stop(s);
}

/* ---- Landlock: ports and processes ---- */

/* Asks until it was both: a worker may signal itself. */
static void assert_one_of_two_may_not(const char *what, pid_t pid)
{
	bool refused = false;

	for (int i = 0; i < 200 && !refused; i++)
		refused = strcmp(attempt("%s?%d", what, (int)pid), "EPERM") == 0;
	cr_assert(refused, "each of the two workers may %s", what);
}

Test(confine, an_ordinary_users_worker_cannot_turn_on_master_and_siblings)
{
	NEEDS_LANDLOCK(6);
	struct server *s = start_as(CONFINE_NOBODY, ATTEMPT(""));

	assert_attempt("EPERM", "/signal?%d", (int)server_pid(s));
	assert_one_of_two_may_not("/signal", worker_pid(0));
	assert_attempt("EPERM", "/trace?%d", (int)server_pid(s));
	assert_attempt("EPERM", "/stop?%s", control_socket());
	assert_attempt("EACCES", "/tcp?9999");
	assert_attempt("EACCES", "/tcp?8080");
	cr_assert_not_null(strstr(server_log(s), "workers: uid 65534 nobody"), "%s", server_log(s));
	server_stop(s);
}

Test(confine, without_landlock_it_could)
{
	struct server *s = start_as(CONFINE_NOBODY, ATTEMPT(NO_LANDLOCK));

	assert_attempt("OK", "/signal?%d", (int)server_pid(s));
	assert_attempt("OK", "/signal?%d", (int)worker_pid(0));
	assert_attempt("OK", "/connect?%s", control_socket());
	assert_attempt("OK", "/tcp?9999");
	assert_attempt("OK", "/tcp?8080");
	server_stop(s);
}

Test(confine, the_control_socket_obeys_no_worker_of_another_user)
{
	struct server *s = start_as(0, ATTEMPT("user = nobody\n" NO_LANDLOCK));

	assert_attempt("OK", "/connect?%s", control_socket());
	assert_attempt("EACCES", "/stop?%s", control_socket());
	assert_attempt("OK", "/connect?%s", control_socket());
	cr_assert_null(strstr(server_log(s), "finishing"));
	server_stop(s);
}

/* ---- Landlock: files ---- */

#define LISTED "read_paths = ./listed\nwrite_paths = ./made\n"

static void assert_only_what_is_listed(void)
{
	assert_attempt("OK", "/read?%s", path_of("root/a"));
	assert_attempt("OK", "/read?%s", path_of("listed/b"));
	assert_attempt("OK", "/write?%s", path_of("made/d"));
	assert_attempt("OK", "/read?%s", path_of("made/d"));
	assert_attempt("OK", "/read?/etc/passwd");
	assert_attempt("EACCES", "/write?%s", path_of("listed/b"));
	assert_attempt("EACCES", "/read?%s", path_of("other/c"));
	assert_attempt("EACCES", "/read?%s", path_of("secret"));
	assert_attempt("EACCES", "/read?%s", path_of("portico.ini"));
	assert_attempt("EACCES", "/read?/etc/shadow");
	assert_attempt("EACCES", "/write?/tmp/confine-must-not-be-made");
	assert_attempt("EACCES", "/run?/bin/true");
}

Test(confine, files_that_are_not_listed_are_closed_to_a_user)
{
	NEEDS_LANDLOCK(1);
	struct server *s = start_as(0, ATTEMPT("user = nobody\n" LISTED));

	assert_only_what_is_listed();
	server_stop(s);
}

/* Who owns them all, and could read and write them by his rights. */
Test(confine, files_that_are_not_listed_are_closed_to_root)
{
	NEEDS_LANDLOCK(1);
	struct server *s = start_as(0, ATTEMPT(LISTED));

	assert_only_what_is_listed();
	server_reload(s, ATTEMPT(""));
	server_await_generation(s, 2);
	assert_attempt("OK", "/read?%s", path_of("secret"));
	assert_attempt("OK", "/read?%s", path_of("other/c"));
	assert_attempt("OK", "/run?/bin/true");
	server_reload(s, ATTEMPT("read_paths = none\n"));
	server_await_generation(s, 3);
	assert_attempt("OK", "/read?%s", path_of("root/a"));
	assert_attempt("EACCES", "/read?%s", path_of("listed/b"));
	server_stop(s);
}

/* ---- a kernel without it ---- */

Test(confine, what_the_kernel_lacks_is_told_and_the_rest_is_done)
{
	landlock_hide();
	struct server *s = start_as(0, ATTEMPT("user = nobody\n" LISTED));

	server_await(s, "the kernel lacks Landlock: read_paths and write_paths have no effect");
	assert_attempt("OK", "/read?%s", path_of("other/c"));
	assert_attempt("EACCES", "/read?%s", path_of("secret"));
	json_t *status = status_read();
	const char *lack = json_string_value(json_array_get(json_object_get(status, "lacks"), 0));
	cr_assert(lack && strstr(lack, "Landlock: read_paths"), "%s", lack ? lack : "nothing");
	const char *confined = json_string_value(json_object_get(status, "confined"));
	cr_assert(confined && strstr(confined, "no Landlock"), "%s", confined ? confined : "nothing");
	json_decref(status);
	server_stop(s);
}

Test(confine, landlock_that_is_required_and_lacks_is_no_start)
{
	struct outcome o;

	landlock_hide();
	confine_set_up();
	write_file("portico.ini", ATTEMPT("landlock = required\n"));
	portico_ends(&o, NULL, "check", "-c", path_of("portico.ini"), NULL);
	cr_assert_eq(o.code, 71, "%d %s", o.code, o.err);
	cr_assert_not_null(strstr(o.err, "landlock = required: this kernel has none"), "%s", o.err);
	portico_ends(&o, NULL, "run", "-c", path_of("portico.ini"), NULL);
	cr_assert_eq(o.code, 71);
}
