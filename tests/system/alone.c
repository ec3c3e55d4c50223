/* SPDX-License-Identifier: MIT */
/* alone.c - portico run PLUGIN.so: served without a file, and operated like any other. */
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "client.h"
#include "command.h"
#include "harness.h"
#include "load.h"
#include "operate.h"
#include "server.h"

SYSTEM_SUITE(alone);

enum { PORT = 8080, NOBODY = 65534 };

/* The plugin under a name of the test's own, and portico run NAME with these words. */
static struct server *serve(const struct spawn *how, const char *plugin, const char *name,
	const char *word, const char *value)
{
	const char *argv[] = { NULL, "run", path_of(name), "--listen", "127.0.0.1:8080", word, value, NULL };

	copy_file(example(plugin), name);
	struct server *s = server_spawn_with(how, argv);
	server_await_generation(s, 1);
	return s;
}

static struct server *serve_hello(void)
{
	return serve(NULL, "hello.so", "hello.so", "--set", "greeting=Hi ; $you = ${HOME}");
}

/* Of a verb for the server that was started with hello.so. */
static void says(const char *what, const char *expected)
{
	struct outcome o;

	portico_ends(&o, NULL, what, "-c", path_of("hello.so"), NULL);
	cr_assert_eq(o.code, 0, "%s: %s", what, o.err);
	cr_assert(strstr(o.out, expected), "%s: %s", what, o.out);
}

Test(alone, serves_http_with_values_as_they_are)
{
	struct server *s = serve_hello();

	cr_assert_str_eq(http_get(PORT, "/"), "Hi ; $you = ${HOME}\n");
	server_stop(s);
}

Test(alone, finds_tcp_by_the_callbacks)
{
	struct server *s = serve(NULL, "echo.so", "echo.so", "--workers", "1");
	char back[5];

	server_await_workers(s, 1);
	int fd = client_connect(PORT);
	client_says(fd, "hello");
	client_read(fd, back, 5);
	cr_assert_arr_eq(back, "hello", 5);
	close(fd);
	server_stop(s);
}

Test(alone, finds_udp_by_the_callbacks)
{
	struct server *s = serve(NULL, "udp_echo.so", "udp_echo.so", NULL, NULL);
	char back[16];

	cr_assert_eq(udp_ask(udp_client("127.0.0.1", PORT), "hello", 5, back, sizeof(back)), 5);
	server_stop(s);
}

Test(alone, needs_no_privilege)
{
	struct server *s = serve(&(struct spawn){ .uid = NOBODY }, "hello.so", "hello.so", NULL, NULL);

	cr_assert_str_eq(http_get(PORT, "/"), "Hello\n");
	server_stop(s);
}

Test(alone, a_port_is_that_of_all_addresses)
{
	const char *argv[] = { NULL, "run", example("hello.so"), "--listen", "8080", NULL };
	struct server *s = server_spawn_with(NULL, argv);

	server_await(s, "hello http 0.0.0.0:8080, [::]:8080");
	server_await_generation(s, 1);
	server_stop(s);
}

Test(alone, is_operated_by_its_plugins_name)
{
	struct server *s = serve_hello();

	says("status", "/hello.so");
	says("reload", "generation 2 serves");
	portico_ends(&(struct outcome){ 0 }, NULL, "scale", "3", "-c", path_of("hello.so"), NULL);
	server_await_workers(s, 3);
	says("stop", "stopped");
	cr_assert_eq(server_await_exit(s, PATIENCE), 0);
}

Test(alone, reload_brings_the_rebuilt_plugin_and_loses_nothing)
{
	struct server *s = serve_hello();
	struct load l;

	load_start(&l, PORT, 300);
	load_await(&l, 50);
	copy_file(test_plugin("who.so"), "hello.so");
	portico_ends(&(struct outcome){ 0 }, NULL, "reload", "-c", path_of("hello.so"), NULL);
	cr_assert_eq(server_count(s, "generation 2 serves"), 0, "who.so has no greeting");
	copy_file(example("hello.so"), "hello.so");
	says("reload", "generation 2 serves");
	load_await(&l, 50);
	load_stop(&l);
	load_lost_nothing(l.result);
	server_stop(s);
}

Test(alone, upgrade_goes_on_with_the_same_words)
{
	struct server *s = serve_hello();

	says("upgrade", "generation 2 serves");
	cr_assert_str_eq(http_get(PORT, "/"), "Hi ; $you = ${HOME}\n");
	server_stop(s);
}

Test(alone, soak_finds_its_addresses)
{
	struct server *s = serve_hello();

	command_said(command("%s soak %s --listen 127.0.0.1:8080 --reloads 1 --rate 50", portico_binary(),
		path_of("hello.so")), "0 of them failed; 0 lost");
	server_stop(s);
}

/* ---- what is refused ---- */

#define REFUSED(name, exit_code, sentence, ...)                              \
	Test(alone, name)                                                    \
	{                                                                    \
		struct outcome o;                                            \
		copy_file(example("hello.so"), "hello.so");                  \
		portico_ends(&o, NULL, __VA_ARGS__, NULL);                   \
		cr_assert_eq(o.code, exit_code, "%d: %s", o.code, o.err);    \
		cr_assert(strstr(o.err, sentence), "%s", o.err);             \
	}

REFUSED(an_option_that_it_does_not_know, 78, "greetign is not an option of [handler hello /]; "
	"did you mean greeting?", "check", path_of("hello.so"), "--set", "greetign=x")
REFUSED(a_setting_without_a_value, 78, "--set greeting: is not of the form KEY=VALUE",
	"run", path_of("hello.so"), "--set", "greeting")
REFUSED(a_setting_that_is_there_twice, 78, "--set greeting=b: greeting is set already",
	"check", path_of("hello.so"), "--set", "greeting=a", "--set", "greeting=b")
REFUSED(no_such_place, 78, "hello.so: listen = nowhere: has no port", "run", path_of("hello.so"),
	"--listen", "nowhere")
REFUSED(no_such_number, 78, "workers = many: not a number", "check", path_of("hello.so"), "--workers",
	"many")
REFUSED(another_protocol, 78, "cannot serve protocol tcp", "check", path_of("hello.so"), "--tcp")
REFUSED(two_protocols, 64, "one has to do", "check", path_of("hello.so"), "--tcp", "--udp")
REFUSED(no_such_plugin, 66, "none.so: there is no such file here; build it", "run", path_of("none.so"))
REFUSED(no_plugin_at_all, 64, "go with a plugin", "run", "--listen", "8080")
REFUSED(a_file_and_a_plugin, 64, "one too many", "run", path_of("hello.so"), "-c", "x.ini")
REFUSED(a_plugin_for_a_file, 78, "is a program or a plugin, not a configuration", "run", "-c",
	path_of("hello.so"))
REFUSED(a_plugin_that_crashes, 78, "crash_in_load.so: loading it ended with signal 6 (Aborted)", "run",
	test_plugin("crash_in_load.so"))
REFUSED(nobody_serves_it, 75, "portico run /", "status", "-c", path_of("hello.so"))

Test(alone, a_plugin_of_several_protocols_wants_one_named)
{
	write_file("both.c", "#include <portico.h>\n"
		"static int r(struct portico_request *q) { return portico_reply_text(q, 200, \"both\"); }\n"
		"static ssize_t d(struct portico_conn *c, const void *b, size_t n) "
		"{ return portico_conn_write(c, b, n); }\n"
		"PORTICO_PLUGIN(.name = \"both\", .tcp_data = d, .http_request = r)\n");
	command("cc -shared -fPIC -I%s/include -o both.so both.c", PORTICO_SOURCE_DIR);
	cr_assert_eq(command_code("%s check ./both.so 2>said", portico_binary()), 78);
	command_said(read_file(path_of("said")), "serves several protocols; say which: --tcp or --http\n");
	command("%s check ./both.so --tcp && %s check ./both.so --http", portico_binary(), portico_binary());
}

Test(alone, a_second_one_of_the_same_plugin_is_refused)
{
	struct server *s = serve_hello();
	struct outcome o;

	portico_ends(&o, NULL, "run", path_of("hello.so"), "--listen", "8081", NULL);
	cr_assert_eq(o.code, 69, "%s", o.err);
	cr_assert(strstr(o.err, "a portico with this file runs already"), "%s", o.err);
	server_stop(s);
}
