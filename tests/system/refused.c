/* SPDX-License-Identifier: MIT */
/*
 * refused.c - what cannot be served: the exit code and the words, each by one mistake.
 *
 * Codes as in sysexits.h: 64 usage, 69 port not to be had, 70 a plugin's crash, 71 system,
 * 77 permission, 78 configuration.
 */
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "client.h"
#include "harness.h"
#include "server.h"

SYSTEM_SUITE(refused);

enum { NOBODY = 65534 };

static void assert_outcome(const struct outcome *o, int code, const char *words)
{
	cr_assert_eq(o->code, code, "exit code %d instead of %d; it says: %s%s", o->code, code,
		o->out, o->err);
	cr_assert(strstr(o->err, words), "it does not say: %s\nbut: %s", words, o->err);
}

static void run_as(const struct spawn *how, int code, const char *words)
{
	struct outcome o;

	portico_ends(&o, how, "run", "-c", path_of("portico.ini"), NULL);
	assert_outcome(&o, code, words);
	cr_assert_null(strstr(o.err, "serves"), "it served: %s", o.err);
}

#define WEB "[service web]\nprotocol = http\nlisten = 127.0.0.1:8080\n"
#define HELLO "[handler web]\nplugin = ${E}/hello.so\n"

/* A file, the code of run, and words of its problem.  check must see all that is in the
 * file, and in the plugins up to their start(). */
#define REFUSED(name, code, words, ini)                                      \
	Test(refused, name)                                                  \
	{                                                                    \
		struct outcome o;                                            \
		write_file("portico.ini", "%s", ini);                        \
		run_as(NULL, code, words);                                   \
		portico_ends(&o, NULL, "check", "-c", path_of("portico.ini"), NULL); \
		assert_outcome(&o, code, words);                             \
		cr_assert_str_eq(o.out, "");                                 \
	}

/* ---- the command line ---- */

static void command(int code, const char *words, const char *a, const char *b, const char *c)
{
	struct outcome o;

	portico_ends(&o, NULL, a, b, c, NULL);
	assert_outcome(&o, code, words);
}

Test(refused, no_verb)
{
	command(64, "usage: portico VERB [-c FILE]", NULL, NULL, NULL);
}

Test(refused, unknown_verb)
{
	command(64, "there is no verb rnu; did you mean run", "rnu", NULL, NULL);
	command(64, "there is no verb fly; portico -h lists them", "fly", NULL, NULL);
}

Test(refused, unknown_flag)
{
	command(64, "invalid option -- 'x'", "run", "-x", NULL);
	command(64, "requires an argument -- 'c'", "run", "-c", NULL);
}

Test(refused, an_option_of_another_verb)
{
	command(64, "status has no --rate N; portico -h shows how it goes", "status", "--rate", "3");
	command(64, "reload has no --json", "reload", "--json", NULL);
}

Test(refused, completions_of_no_shell)
{
	command(64, "completion needs a shell", "completion", NULL, NULL);
	command(64, "completion needs a shell", "completion", "tcsh", NULL);
}

Test(refused, a_word_too_many)
{
	command(64, "now is one word too many", "reload", "now", NULL);
}

Test(refused, help_and_version_are_not_errors)
{
	struct outcome o;

	portico_ends(&o, NULL, "-h", NULL);
	cr_assert_eq(o.code, 0);
	cr_assert(strstr(o.out, "usage: portico"));
	portico_ends(&o, NULL, "-V", NULL);
	cr_assert_eq(o.code, 0);
	cr_assert(strstr(o.out, "plugin ABI 1"));
}

/* ---- the file ---- */

Test(refused, no_file)
{
	run_as(NULL, 78, "portico.ini: there is no such file");
}

Test(refused, file_is_a_directory)
{
	cr_assert_eq(mkdir(path_of("portico.ini"), 0755), 0);
	run_as(NULL, 78, "portico.ini: ");
}

Test(refused, file_that_may_not_be_read)
{
	write_file("portico.ini", WEB HELLO);
	cr_assert_eq(chmod(path_of("portico.ini"), 0600), 0);
	run_as(&(struct spawn){ .uid = NOBODY }, 77, "ermission denied");
}

REFUSED(empty_file, 78, "is empty; write a section or name another file", "")
REFUSED(no_service, 78, "has no service; add [service NAME]", "[portico]\nworkers = 1\n")
REFUSED(unknown_section, 78, "portico.ini:1: there is no section [servce web]; did you mean "
	"[service web]?", "[servce web]\nprotocol = http\n")
REFUSED(unknown_key, 78, "portico.ini:4: lisen is not an option of [service web]; did you mean "
	"listen?", WEB "lisen = 127.0.0.1:1\n" HELLO)
REFUSED(bad_unit, 78, "portico.ini:4: idle = 5 parsecs: not a time; write 250ms, 30s, 5m or 1h",
	WEB "idle = 5 parsecs\n" HELLO)
REFUSED(bad_size, 78, "portico.ini:4: max_body = lots: not a size", WEB "max_body = lots\n" HELLO)
REFUSED(no_message_at_all, 78, "portico.ini:4: ws_max_message = 0", WEB "ws_max_message = 0\n" HELLO)
REFUSED(too_small_a_table, 78, "portico.ini:4: table = 1k: less than 256k", WEB "table = 1k\n" HELLO)
REFUSED(too_small_for_messages, 78, "portico.ini:4: publish = 1k: less than 256k", WEB "publish = 1k\n" HELLO)
REFUSED(redis_nowhere, 78, "portico.ini:4: table = redis: nobody says where it is; add redis = ",
	WEB "table = redis\n" HELLO)
REFUSED(redis_without_its_password, 78, "redis_password_file = ",
	"[portico]\nredis = 127.0.0.1:6379\nredis_password_file = none\n" WEB "table = redis\n" HELLO)
REFUSED(ping_too_rare, 78, "portico.ini:4: ws_ping = 2d", WEB "ws_ping = 2d\n" HELLO)
REFUSED(ping_of_tcp, 78, "ws_ping is not for protocol = tcp but for http",
	"[service web]\nprotocol = tcp\nlisten = 127.0.0.1:8080\nws_ping = 1s\n"
	"[handler web]\nplugin = ${E}/echo.so\n")
REFUSED(no_handler, 78, "portico.ini:1: [service web] has no handler", WEB)
REFUSED(no_protocol, 78, "[service web] has no protocol",
	"[service web]\nlisten = 127.0.0.1:8080\n" HELLO)
REFUSED(handler_without_service, 78, "there is no service wbe; did you mean web?",
	WEB "[handler wbe]\nplugin = ${E}/hello.so\n")
REFUSED(address_twice, 78, "[service web] has 127.0.0.1:8080 already",
	WEB HELLO "[service two]\nprotocol = tcp\nlisten = 127.0.0.1:8080\n"
	"[handler two]\nplugin = ${E}/echo.so\n")

#define LISTEN(address) "[service web]\nprotocol = http\nlisten = " address "\n" HELLO

REFUSED(port_0, 78, "portico.ini:3: listen = 127.0.0.1:0: the port is not in range; write 1 to "
	"65535", LISTEN("127.0.0.1:0"))
REFUSED(port_70000, 78, "portico.ini:3: listen = 127.0.0.1:70000: the port is not in range",
	LISTEN("127.0.0.1:70000"))
REFUSED(no_port, 78, "has no port; write HOST:PORT", LISTEN("127.0.0.1"))
REFUSED(address_that_is_none, 78, "no IPv4 address", LISTEN("300.0.0.1:80"))

REFUSED(no_workers, 78, "portico.ini:2: workers = 0: out of range; write auto or 1 to 1024",
	"[portico]\nworkers = 0\n" WEB HELLO)
REFUSED(too_many_workers, 78, "workers = 100000: out of range; write auto or 1 to 1024",
	"[portico]\nworkers = 100000\n" WEB HELLO)
REFUSED(workers_in_words, 78, "workers = many: not a number",
	"[portico]\nworkers = many\n" WEB HELLO)

/* There is no network here, so nothing answers; and nothing may hang for long. */
Test(refused, unknown_host)
{
	struct outcome o;

	write_file("portico.ini", LISTEN("no-such-host.invalid:80"));
	portico_ends(&o, NULL, "run", "-c", path_of("portico.ini"), NULL);
	assert_outcome(&o, 78, "listen = no-such-host.invalid:80: the name does not resolve");
	cr_assert_lt(o.seconds, 15.);
}

/* ---- ports ---- */

static int hold(int type, int port, bool share)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_port = htons((uint16_t)port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = socket(AF_INET, type | SOCK_CLOEXEC, 0), on = 1;

	if (share)
		setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof(on));
	cr_assert_eq(bind(fd, (struct sockaddr *)&a, sizeof(a)), 0);
	if (type == SOCK_STREAM)
		cr_assert_eq(listen(fd, 10), 0);
	return fd;
}

#define HELD "service web: bind 127.0.0.1:8080: Address already in use: held by"

Test(refused, port_held_by_another_program)
{
	int fd = hold(SOCK_STREAM, 8080, false);

	write_file("portico.ini", WEB HELLO);
	run_as(NULL, 69, HELD);
	close(fd);
}

Test(refused, a_second_portico_with_the_same_file)
{
	struct server *s = server_start(WEB HELLO "greeting = %s\n", "first");

	run_as(NULL, 69, "portico.ini: a portico with this file runs already");
	cr_assert_str_eq(http_get(8080, "/"), "first\n");
	server_stop(s);
}

Test(refused, port_held_by_another_portico)
{
	struct server *s = server_start(WEB HELLO "greeting = %s\n", "first");
	struct outcome o;

	write_file("second.ini", WEB HELLO "greeting = second\n");
	portico_ends(&o, NULL, "run", "-c", path_of("second.ini"), NULL);
	assert_outcome(&o, 69, HELD);
	for (int i = 0; i < 10; i++)
		cr_assert_str_eq(http_get(8080, "/"), "first\n");
	server_stop(s);
}

Test(refused, port_held_with_reuseport_by_the_same_user)
{
	int fd = hold(SOCK_STREAM, 8080, true);

	write_file("portico.ini", WEB HELLO);
	run_as(NULL, 69, HELD);
	close(fd);
}

Test(refused, not_a_shared_port_when_it_may_be_shared)
{
	int fd = hold(SOCK_STREAM, 8080, true);
	struct server *s = server_start(WEB "share = yes\n" HELLO "greeting = %s\n", "shared");

	close(fd);
	cr_assert_str_eq(http_get(8080, "/"), "shared\n");
	server_stop(s);
}

Test(refused, port_held_without_reuseport_although_it_may_be_shared)
{
	int fd = hold(SOCK_STREAM, 8080, false);

	write_file("portico.ini", WEB "share = yes\n" HELLO);
	run_as(NULL, 69, HELD);
	close(fd);
}

static void assert_udp_held(bool share)
{
	int fd = hold(SOCK_DGRAM, 7001, share);

	write_file("portico.ini", "[service echo]\nprotocol = udp\nlisten = 127.0.0.1:7001\n"
		"[handler echo]\nplugin = ${E}/udp_echo.so\n");
	run_as(NULL, 69, "service echo: bind 127.0.0.1:7001: Address already in use");
	close(fd);
}

Test(refused, udp_port_held_by_another_program)
{
	assert_udp_held(false);
}

Test(refused, udp_port_held_with_reuseport)
{
	assert_udp_held(true);
}

Test(refused, address_of_no_interface)
{
	write_file("portico.ini", "%s", LISTEN("192.0.2.7:8080"));
	run_as(NULL, 69, "no interface of this machine has that address");
}

Test(refused, port_80_for_an_ordinary_user)
{
	int fd = open("/proc/sys/net/ipv4/ip_unprivileged_port_start", O_WRONLY);

	if (fd >= 0)
		(void)!write(fd, "1024", 4);
	close(fd);
	copy_file(example("hello.so"), "hello.so");
	write_file("portico.ini", "[service web]\nprotocol = http\nlisten = 127.0.0.1:80\n"
		"[handler web]\nplugin = ./hello.so\n");
	run_as(&(struct spawn){ .uid = NOBODY }, 77,
		"bind 127.0.0.1:80: Permission denied; ports under 1024 need root");
}

/* ---- plugins ---- */

#define PLUGIN(path) WEB "[handler web /]\nplugin = " path "\n"

Test(refused, plugin_that_is_a_text_file)
{
	write_file("text.so", "This is no shared object.\n");
	write_file("portico.ini", "%s", PLUGIN("./text.so"));
	run_as(NULL, 78, "portico.ini:4: handler web /: cannot load the plugin: ");
	run_as(NULL, 78, "text.so");
}

REFUSED(plugin_missing, 78, "portico.ini:4: handler web /: cannot load the plugin: ",
	PLUGIN("./no_such.so"))
REFUSED(plugin_unresolved, 78, "undefined symbol: there_is_no_such_function",
	PLUGIN("${T}/unresolved.so"))
REFUSED(plugin_wrong_abi, 78, "has plugin ABI 99, this portico has 1; rebuild it",
	PLUGIN("${T}/wrong_abi.so"))
REFUSED(plugin_without_size, 78, "has sizes that no portico.h has", PLUGIN("${T}/no_size.so"))
REFUSED(plugin_without_name, 78, "no_name.so has no name", PLUGIN("${T}/no_name.so"))
REFUSED(plugin_with_bad_methods, 78, "plugin bad_methods names methods that are none",
	PLUGIN("${T}/bad_methods.so"))
REFUSED(plugin_that_is_none, 78, "is a shared object but not a portico plugin",
	PLUGIN("${T}/not_a_plugin.so"))
REFUSED(plugin_of_another_protocol, 78, "plugin echo has no http_request(), so it cannot serve "
	"protocol http", PLUGIN("${E}/echo.so"))

#define TYPED PLUGIN("${T}/typed.so") "must = yes\n"

REFUSED(option_not_a_number, 78, "portico.ini:7: handler web /: number = three: not a whole number",
	TYPED "number = three\n")
REFUSED(option_out_of_range, 78, "small = 11: out of range; write 1 to 10", TYPED "small = 11\n")
REFUSED(option_size_out_of_range, 78, "size = 2m: out of range", TYPED "size = 2m\n")
REFUSED(option_not_a_flag, 78, "flag = perhaps: not yes or no", TYPED "flag = perhaps\n")
REFUSED(option_not_a_time, 78, "wait = 5 parsecs: not a time", TYPED "wait = 5 parsecs\n")
REFUSED(option_not_in_the_list, 78, "colour = gren: not known; did you mean green?",
	TYPED "colour = gren\n")
REFUSED(option_unknown, 78, "colur is not an option of [handler web /]; did you mean colour?",
	TYPED "colur = red\n")
REFUSED(option_missing, 78, "must is missing; plugin typed needs it: what must be said",
	PLUGIN("${T}/typed.so"))
REFUSED(setting_refused, 78, "portico.ini:6: handler web /: plugin refuse_setting refuses bad = 1",
	PLUGIN("${T}/refuse_setting.so") "bad = 1\n")

Test(refused, plugin_that_fails_in_start)
{
	write_file("portico.ini", "%s", PLUGIN("${T}/fail_in_start.so"));
	run_as(NULL, 78, "cannot start: handler web /: its start() failed");
	run_as(NULL, 78, "the database is on fire");
}

Test(refused, plugin_that_crashes_in_start)
{
	write_file("portico.ini", "[portico]\nworkers = 1\n%s", PLUGIN("${T}/crash_in_start.so"));
	run_as(NULL, 70, "signal 11 (Segmentation fault), starting handlers, in start() of "
		"handler web /");
}

Test(refused, plugin_that_crashes_in_load)
{
	write_file("portico.ini", "%s", PLUGIN("${T}/crash_in_load.so"));
	run_as(NULL, 70, "signal 6 (Aborted), loading plugins");
}

Test(refused, plugin_that_hangs_in_start)
{
	write_file("portico.ini", "[portico]\nstart_time = 1s\n%s", PLUGIN("${T}/hang_in_start.so"));
	run_as(NULL, 70, "it was not ready within start_time and was killed");
}

/* ---- the system ---- */

Test(refused, too_few_descriptors)
{
	write_file("portico.ini", "[portico]\nworkers = 2\n%s", WEB HELLO);
	run_as(&(struct spawn){ .files = 16 }, 71, "descriptors in the master, the hard limit is 16");
}

REFUSED(user_unknown, 78, "user = no_such_user: no such user",
	"[portico]\nuser = no_such_user\n" WEB HELLO)

Test(refused, another_user_when_not_root)
{
	write_file("portico.ini", "[portico]\nuser = root\n%s", WEB HELLO);
	run_as(&(struct spawn){ .uid = NOBODY }, 77, "user = root: only root can become another user");
}

Test(refused, log_that_cannot_be_opened)
{
	write_file("portico.ini", "[portico]\nlog = ./no/such/place\n%s", WEB HELLO);
	run_as(NULL, 78, "no/such/place: No such file or directory");
}

Test(refused, log_that_may_not_be_written)
{
	copy_file(example("hello.so"), "hello.so");
	cr_assert_eq(mkdir(path_of("private"), 0700), 0);
	write_file("portico.ini", "[portico]\nlog = ./private/log\n%s",
		WEB "[handler web]\nplugin = ./hello.so\n");
	run_as(&(struct spawn){ .uid = NOBODY }, 77, "private/log: Permission denied");
}
