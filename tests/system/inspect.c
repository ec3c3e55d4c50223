/* SPDX-License-Identifier: MIT */
/* inspect.c - portico plugin: what a shared object is, for people, programs and files. */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "command.h"
#include "harness.h"
#include "server.h"

SYSTEM_SUITE(inspect);

enum { NOBODY = 65534 };

/* What it says of the plugin; option may be NULL. */
static const char *told(const char *plugin, const char *option)
{
	static struct outcome o;

	portico_ends(&o, NULL, "plugin", plugin, option, NULL);
	cr_assert_eq(o.code, 0, "%s", o.err);
	cr_assert_str_eq(o.err, "");
	return o.out;
}

static void has(const char *text, const char *piece)
{
	cr_assert(strstr(text, piece), "no '%s' in\n%s", piece, text);
}

Test(inspect, tells_what_it_is)
{
	const char *text = told(test_plugin("typed.so"), NULL);

	has(text, "typed.so: plugin typed\n");
	has(text, "  abi         1, as this portico; struct of ");
	has(text, " bytes, as this portico's\n");
	has(text, "  serves      http\n");
	has(text, "  callbacks   http_request\n");
	has(text, "  size    size 1..1m           4k        a size\n");
	has(text, "  colour  enum red|green|blue  green     a colour\n");
	has(text, "  must    string               required  what must be said\n");
}

Test(inspect, tells_of_all_protocols_and_websockets)
{
	has(told(example("echo.so"), NULL), "  serves      tcp\n");
	has(told(example("udp_echo.so"), NULL), "  serves      udp\n");
	has(told(example("chat.so"), NULL), "  websocket   yes\n");
}

Test(inspect, holds_the_size_of_its_struct_against_ours)
{
	char path[512];

	snprintf(path, sizeof(path), "%s/older.so", getenv("PORTICO_ABI_PLUGINS"));
	has(told(path, NULL), ": built with an older portico.h\n");
	snprintf(path, sizeof(path), "%s/newer.so", getenv("PORTICO_ABI_PLUGINS"));
	has(told(path, NULL), ": built with a newer portico.h\n");
}

Test(inspect, needs_no_privilege)
{
	struct outcome o;

	portico_ends(&o, &(struct spawn){ .uid = NOBODY }, "plugin", example("hello.so"), NULL);
	cr_assert_eq(o.code, 0, "%s", o.err);
	has(o.out, "hello.so: plugin hello: answers every request with a greeting\n");
}

Test(inspect, json_is_for_programs)
{
	json_t *json = json_loads(told(test_plugin("typed.so"), "--json"), 0, NULL);
	const char *name, *must, *range;
	int version, ours, size, our_size;

	cr_assert_not_null(json);
	cr_assert_eq(json_unpack(json, "{s:s, s:n, s:{s:i, s:i, s:i, s:i}, s:[s!]}", "name", &name,
		"problem", "abi", "version", &version, "ours", &ours, "struct_size", &size,
		"our_struct_size", &our_size, "protocols", &range), 0);
	cr_assert_str_eq(name, "typed");
	cr_assert(version == ours && size == our_size);
	json_t *options = json_object_get(json, "options");
	cr_assert_eq(json_unpack(json_array_get(options, 7), "{s:s, s:n}", "name", &must, "default"), 0);
	cr_assert_str_eq(must, "must");
	cr_assert_eq(json_unpack(json_array_get(options, 3), "{s:s}", "range", &range), 0);
	cr_assert_str_eq(range, "1..1m");
	json_decref(json);
}

/* A sample that portico check likes. */
static void sample_is_good(const char *plugin)
{
	struct outcome o;

	write_file("sample.ini", "%s", told(plugin, "--ini"));
	portico_ends(&o, NULL, "check", "-c", path_of("sample.ini"), NULL);
	cr_assert_eq(o.code, 0, "%s\n%s", o.err, read_file(path_of("sample.ini")));
}

Test(inspect, ini_is_a_sample_that_check_likes)
{
	sample_is_good(example("hello.so"));
	sample_is_good(example("files.so"));
	sample_is_good(example("echo.so"));
	sample_is_good(example("udp_echo.so"));
	sample_is_good(test_plugin("typed.so"));
	has(read_file(path_of("sample.ini")), "\n; what must be said; string\nmust = CHANGE-ME\n");
	has(read_file(path_of("sample.ini")), "\n;colour = green\n");
}

/* Its options without a comment in front, too: the defaults can be written as they stand. */
Test(inspect, ini_has_values_that_can_be_taken_over)
{
	told(test_plugin("typed.so"), NULL);
	sample_is_good(test_plugin("typed.so"));
	command("sed -i 's/^;\\([a-z]* = \\)/\\1/' sample.ini && %s check -c sample.ini", portico_binary());
}

/* ---- what is none, or wrong ---- */

#define REFUSED(name, exit_code, sentence, ...)                              \
	Test(inspect, name)                                                  \
	{                                                                    \
		struct outcome o;                                            \
		portico_ends(&o, NULL, "plugin", __VA_ARGS__, NULL);         \
		cr_assert_eq(o.code, exit_code, "%d: %s", o.code, o.err);    \
		cr_assert(strstr(o.err, sentence), "%s", o.err);             \
	}

REFUSED(a_plugin_that_crashes_is_told, 78, "crash_in_load.so: loading it ended with signal 6 (Aborted)",
	test_plugin("crash_in_load.so"), "--json")
REFUSED(a_plugin_that_hangs_is_ended, 78, "hang_in_load.so: it was still loading after 10 s",
	test_plugin("hang_in_load.so"))
REFUSED(another_abi, 78, "has plugin ABI 99, this portico has 1; rebuild it", test_plugin("wrong_abi.so"))
REFUSED(no_struct, 78, "end its source with PORTICO_PLUGIN(...)", test_plugin("not_a_plugin.so"))
REFUSED(no_name, 78, "no_name.so has no name", test_plugin("no_name.so"))
REFUSED(an_unknown_symbol, 78, "link it with the library that has it", test_plugin("unresolved.so"))
REFUSED(no_object, 78, "build it with cc -shared -fPIC", "/etc/passwd")
REFUSED(no_such_file, 66, "none.so: there is no such file here and none in /", "none.so")
REFUSED(no_argument, 64, "plugin needs a shared object", "--json")
REFUSED(both_forms, 64, "leave one out", test_plugin("typed.so"), "--json", "--ini")

Test(inspect, a_wrong_plugin_is_told_in_json_too)
{
	struct outcome o;

	portico_ends(&o, NULL, "plugin", test_plugin("wrong_abi.so"), "--json", NULL);
	cr_assert_eq(o.code, 78);
	has(o.out, "\"version\": 99");
	has(o.out, "rebuild it");
}

Test(inspect, what_a_constructor_prints_is_not_in_the_answer)
{
	write_file("loud.c", "#include <portico.h>\n#include <stdio.h>\n"
		"__attribute__((constructor)) static void loud(void) { puts(\"loud\"); fflush(stdout); }\n"
		"static int r(struct portico_request *q) { return portico_reply_text(q, 200, \"\"); }\n"
		"PORTICO_PLUGIN(.name = \"lo\\xffud\", .http_request = r)\n");
	command("cc -shared -fPIC -I%s/include -o loud.so loud.c", PORTICO_SOURCE_DIR);
	command("%s plugin ./loud.so --json 2>err | python3 -m json.tool >all && grep -q loud err", portico_binary());
	has(read_file(path_of("all")), "\"name\": \"lo?ud\"");
}
