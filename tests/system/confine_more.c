/* SPDX-License-Identifier: MIT */
/* confine_more.c - seccomp, chroot, limits; what check says of them; and that nobody is lost by any of it. */
#include <linux/capability.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "client.h"
#include "command.h"
#include "confine_rig.h"
#include "harness.h"
#include "load.h"
#include "operate.h"
#include "proc.h"
#include "server.h"

SYSTEM_SUITE(confine_more);

/* LeakSanitizer traces its own process and reads /proc, which is not in every jail. */
static void prepare(void)
{
	confine_set_up();
	setenv("LSAN_OPTIONS", "detect_leaks=0", 1);
}

static struct server *start(const char *ini)
{
	prepare();
	return server_start("%s", ini);
}

/* ---- seccomp ---- */

Test(confine_more, denied_calls_fail_and_the_worker_goes_on)
{
	struct server *s = start(ATTEMPT("user = nobody\nlandlock = off\nseccomp = deny\n"));

	cr_assert_str_eq(proc_status(worker_pid(0), "Seccomp"), "2");
	assert_attempt("EPERM", "/run?/bin/true");
	assert_attempt("EPERM", "/tcp?9999");
	assert_attempt("EPERM", "/udp?9999");
	assert_attempt("EPERM", "/trace?%d", (int)worker_pid(0));
	assert_attempt("EPERM", "/limit?%d", (int)worker_pid(0));
	assert_attempt("EPERM", "/chroot?/");
	assert_attempt("OK", "/read?%s", path_of("other/c"));
	assert_attempt("OK", "/write?%s", path_of("made/d"));
	cr_assert_eq(server_count(s, "died"), 0);
	server_stop(s);
}

Test(confine_more, calls_that_are_only_logged_work)
{
	struct server *s = start(ATTEMPT("landlock = off\nseccomp = log\n"));

	cr_assert_str_eq(proc_status(worker_pid(0), "Seccomp"), "2");
	assert_attempt("OK", "/run?/bin/true");
	assert_attempt("OK", "/tcp?9999");
	server_stop(s);
}

Test(confine_more, a_program_that_is_run_is_the_workers_end)
{
	struct server *s = start(ATTEMPT("user = nobody\nseccomp = kill\n"));
	struct response r;

	cr_assert_eq(http_raw(8080, "GET /run?/bin/true HTTP/1.1\r\nHost: a\r\n\r\n", &r), 0);
	server_await(s, "of signal 31 (Bad system call)");
	server_await(s, "seccomp does not allow the system call");
	server_await_workers(s, 2);
	assert_attempt("OK", "/read?%s", path_of("root/a"));
	cr_assert_eq(server_count(s, "died"), 1);
	server_stop(s);
}

/* It asks for files and for addresses, by a socket that it binds: that is no reason to die. */
Test(confine_more, a_name_is_found_behind_all_walls)
{
	struct server *s = start(ATTEMPT("user = nobody\nread_paths = none\nseccomp = kill\n"));

	assert_attempt("OK", "/resolve?localhost");
	assert_attempt("EPERM", "/tcp?9999");
	assert_attempt("OK", "/write?/dev/null");
	assert_attempt("OK", "/read?/dev/urandom");
	cr_assert_eq(server_count(s, "died"), 0);
	server_stop(s);
}

/* ---- chroot ---- */

/* The jail has the plugin at the path that it has outside. */
static void make_jail(void)
{
	command("mkdir -p jail%s jail/made && chmod 777 jail/made && cp attempt.so jail%s/", harness_dir(),
		harness_dir());
	write_file("jail/inside", "a");
}

Test(confine_more, a_jail_is_all_that_there_is)
{
	prepare();
	make_jail();
	struct server *s = server_start("%s", ATTEMPT("user = nobody\nchroot = ./jail\n"));

	assert_attempt("OK", "/read?/inside");
	assert_attempt("OK", "/write?/made/d");
	assert_attempt("ENOENT", "/read?/etc/passwd");
	assert_attempt("ENOENT", "/read?%s", path_of("root/a"));
	assert_attempt("EACCES", "/write?/new");
	assert_attempt("EPERM", "/chroot?/made");
	server_reload(s, ATTEMPT("user = nobody\nchroot = ./jail\nwrite_paths = /made\n"));
	server_await_generation(s, 2);
	assert_attempt("OK", "/write?/made/d");
	if (landlock_here() >= 1)
		assert_attempt("EACCES", "/read?/inside");
	server_stop(s);
}

Test(confine_more, a_key_outside_of_the_jail_is_read_before)
{
	prepare();
	make_jail();
	command("'%s' cert a.test", portico_binary());
	cr_assert_eq(chmod(path_of("a.test.key"), 0600), 0);
	struct server *s = server_start("[portico]\nworkers = 1\nuser = nobody\nchroot = ./jail\n"
		"[service web]\nprotocol = http\nlisten = 127.0.0.1:8443\n"
		"tls_certificate = a.test.crt\ntls_key = a.test.key\n"
		"[handler web]\nplugin = ./attempt.so\n%s", "");

	command_said(command("curl -sk https://127.0.0.1:8443/read?/inside"), "OK");
	command_said(command("curl -sk https://127.0.0.1:8443/read?%s", path_of("a.test.key")), "ENOENT");
	server_stop(s);
}

/* ---- limits ---- */

static const char *limit_of(pid_t pid, const char *name)
{
	char path[64];
	static char line[128];

	snprintf(path, sizeof(path), "/proc/%d/limits", (int)pid);
	const char *at = strstr(read_file(path), name);
	cr_assert_not_null(at, "%s", name);
	snprintf(line, sizeof(line), "%.*s", (int)strcspn(at, "\n"), at);
	return line;
}

Test(confine_more, limits_are_what_they_are_asked_to_be)
{
	struct server *s = start(ATTEMPT("user = nobody\nmax_files = 333\ncore = 1m\numask = 027\n"));
	pid_t worker = worker_pid(0);
	int soft = 0, hard = 0;

	cr_assert_eq(sscanf(limit_of(worker, "Max open files") + strlen("Max open files"), "%d %d",
		&soft, &hard), 2);
	cr_assert_eq(soft, 333);
	cr_assert_eq(hard, 333);
	cr_assert_eq(sscanf(limit_of(worker, "Max core file size") + strlen("Max core file size"), "%d",
		&soft), 1);
	/* Servers of tests have a hard limit of 0: run.c. */
	cr_assert(soft == 1 << 20 || server_says(s, "core: the hard limit is lower"), "%d", soft);
	cr_assert_str_eq(proc_status(worker, "Umask"), "0027");
	server_reload(s, ATTEMPT("max_files = 100000000\n"));
	server_await(s, "max_files = 100000000: the hard limit is");
	server_await_generation(s, 2);
	cr_assert_eq(sscanf(limit_of(worker_pid(0), "Max core file size") + strlen("Max core file size"),
		"%d", &soft), 1);
	cr_assert_eq(soft, 0);
	server_stop(s);
}

/* ---- the master ---- */

static void give_up_all_but(const unsigned *kept, size_t count)
{
	for (unsigned i = 0; i <= CAP_LAST_CAP; i++) {
		bool keep = false;
		for (size_t k = 0; k < count; k++)
			keep = keep || kept[k] == i;
		if (!keep)
			(void)prctl(PR_CAPBSET_DROP, i, 0, 0, 0);
	}
}

Test(confine_more, a_master_needs_five_capabilities)
{
	static const unsigned needed[] = {
		CAP_SETUID, CAP_SETGID, CAP_KILL, CAP_SETPCAP, CAP_NET_BIND_SERVICE,
	};
	static const char ini[] = "[portico]\nworkers = 2\nuser = nobody\nread_paths = none\n"
		"[service web]\nprotocol = http\nlisten = 127.0.0.1:80\n"
		"[handler web]\nplugin = ./attempt.so\n";

	prepare();
	give_up_all_but(needed, sizeof(needed) / sizeof(*needed));
	struct server *s = server_start("%s", ini);
	cr_assert_str_eq(proc_status(server_pid(s), "CapPrm"), "00000000000005e0");
	cr_assert_str_eq(proc_status(worker_pid(0), "CapBnd"), "0000000000000000");
	server_reload(s, "%s", ini);
	server_await_generation(s, 2);
	verb_succeeds(&(struct outcome){0}, "retire", "1");
	verb_succeeds(&(struct outcome){0}, "upgrade", NULL);
	cr_assert_str_eq(http_get(80, "/tcp?80"), "EACCES");
	server_stop(s);
}

/* ---- check ---- */

static void assert_check_says(uid_t uid, int code, const char *ini, const char *sentence)
{
	struct outcome o;

	write_file("portico.ini", "%s", ini);
	portico_ends(&o, &(struct spawn){ .uid = uid }, "check", "-c", path_of("portico.ini"), NULL);
	cr_assert_eq(o.code, code, "%d: %s", o.code, o.err);
	cr_assert_not_null(strstr(o.err, sentence), "%s", o.err);
}

Test(confine_more, check_tells_what_cannot_be_done)
{
	prepare();
	assert_check_says(0, 78, ATTEMPT("user = nobodx\n"),
		"user = nobodx: no such user; create it or name another");
	assert_check_says(0, 78, ATTEMPT("group = nogroupx\n"),
		"group = nogroupx: no such group; create it or name another");
	assert_check_says(0, 78, ATTEMPT("chroot = ./nowhere\n"), "nowhere: No such file or directory");
	assert_check_says(0, 78, ATTEMPT("chroot = ./made\n"), "cannot load the plugin");
	assert_check_says(CONFINE_NOBODY, 77, ATTEMPT("chroot = ./made\n"), "only root can do that");
	assert_check_says(CONFINE_NOBODY, 77, ATTEMPT("group = daemon\n"), "only root can change groups");
	assert_check_says(CONFINE_NOBODY, 77, ATTEMPT("user = daemon\n"),
		"only root can become another user");
	if (landlock_here() >= 1)
		assert_check_says(0, 78, ATTEMPT("read_paths = ./nowhere\n"),
			"nowhere: No such file or directory");
}

/* ---- all of it at once ---- */

#define ALL "user = nobody\nread_paths = none\nseccomp = kill\nmax_files = 4000\n"
#define GREETING(workers)                                                    \
	"[portico]\nworkers = " workers "\n" ALL                             \
	"[service web]\nprotocol = http\nlisten = 127.0.0.1:8080\naccess_log = ./access\n" \
	"[handler web]\nplugin = ./hello.so\n"                               \
	"[service far]\nprotocol = udp\nlisten = 127.0.0.1:7001\n"           \
	"[handler far]\nplugin = ./udp_echo.so\n"

Test(confine_more, reload_scale_crash_and_upgrade_lose_nobody)
{
	struct load l;

	copy_file(example("hello.so"), "hello.so");
	copy_file(example("udp_echo.so"), "udp_echo.so");
	struct server *s = start(GREETING("2"));
	load_start(&l, 8080, 300);
	load_await(&l, 100);
	server_reload(s, GREETING("3"));
	server_await_generation(s, 2);
	load_await(&l, 100);
	verb_succeeds(&(struct outcome){0}, "scale", "2");
	server_signal(s, SIGUSR1);
	verb_succeeds(&(struct outcome){0}, "retire", "0");
	verb_succeeds(&(struct outcome){0}, "upgrade", NULL);
	load_await(&l, 100);
	load_stop(&l);
	load_lost_nothing(l.result);
	cr_assert_eq(server_count(s, "died"), 0);
	server_stop(s);
}
