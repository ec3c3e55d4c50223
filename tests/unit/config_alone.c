/* SPDX-License-Identifier: MIT */
/* config_alone.c - one plugin without a file: what is made of the words. */
#include <criterion/criterion.h>
#include <string.h>

#include "config/config.h"
#include "config/config_alone.h"

static char problems[1024];

static void keep_problem(void *arg, const char *sentence)
{
	(void)arg;
	strncat(problems, sentence, sizeof(problems) - strlen(problems) - 1);
}

static struct config *load(const struct config_alone *alone)
{
	config_serve_alone(alone);
	return config_load(alone->plugin, keep_problem, NULL);
}

Test(config_alone, makes_a_service_of_the_plugins_name)
{
	struct config *c = load(&(struct config_alone){
		.plugin = "some/my-web.so", .protocol = "http", .listen = "127.0.0.1:81", .workers = "3" });

	cr_assert_not_null(c, "%s", problems);
	cr_assert_eq(c->workers, 3);
	cr_assert_str_eq(c->file, "some/my-web.so");
	cr_assert_eq(c->service_count, 1);
	cr_assert_str_eq(c->services[0].name, "my-web");
	cr_assert_eq(c->services[0].protocol, CONFIG_HTTP);
	cr_assert_eq(c->services[0].listen_count, 1);
	cr_assert_str_eq(c->services[0].handlers[0].plugin, "some/./my-web.so");
	cr_assert_str_eq(c->services[0].handlers[0].prefix, "/");
	config_destroy(c);
}

Test(config_alone, a_port_is_that_of_every_address)
{
	struct config *c = load(&(struct config_alone){
		.plugin = "./.odd.so", .protocol = "tcp", .listen = "7000" });

	cr_assert_not_null(c, "%s", problems);
	cr_assert_str_eq(c->services[0].name, "main");
	cr_assert_eq(c->services[0].listen_count, 2);
	config_destroy(c);
}

Test(config_alone, values_are_as_they_were_given)
{
	struct config *c = load(&(struct config_alone){
		.plugin = "./x.so", .protocol = "udp", .listen = "7001",
		.settings = { "a= ; ${HOME}=\"b\" ", "empty=" }, .setting_count = 2 });

	cr_assert_not_null(c, "%s", problems);
	const struct config_handler *h = &c->services[0].handlers[0];
	cr_assert_eq(h->setting_count, 2);
	const struct config_setting *a = &h->settings[strcmp(h->settings[0].key, "a") == 0 ? 0 : 1];
	cr_assert_str_eq(a->key, "a");
	cr_assert_str_eq(a->value, " ; ${HOME}=\"b\" ");
	config_destroy(c);
}

Test(config_alone, tells_every_problem_in_one_run)
{
	struct config *c = load(&(struct config_alone){
		.plugin = "./x.so", .protocol = "tcp", .listen = "nowhere", .workers = "many",
		.settings = { "a", "=b", "plugin=y" }, .setting_count = 3 });

	cr_assert_null(c);
	cr_assert(strstr(problems, "./x.so: listen = nowhere: has no port"), "%s", problems);
	cr_assert(strstr(problems, "./x.so: workers = many: not a number"), "%s", problems);
	cr_assert(strstr(problems, "--set a: is not of the form KEY=VALUE"), "%s", problems);
	cr_assert(strstr(problems, "--set =b: is not of the form KEY=VALUE"), "%s", problems);
	cr_assert(strstr(problems, "--set plugin=y: plugin is set already"), "%s", problems);
}

static void words_are(const char *file, const char *expected)
{
	const char *words[CONFIG_ALONE_WORDS];
	char line[512] = "";

	config_alone_words("portico", "run", file, words);
	for (size_t i = 0; words[i]; i++)
		strcat(strcat(line, i ? " " : ""), words[i]);
	cr_assert_str_eq(line, expected);
}

Test(config_alone, another_process_is_told_the_same)
{
	words_are("x.ini", "portico run -c x.ini");
	config_serve_alone(&(struct config_alone){ .plugin = "./x.so", .protocol = "udp", .listen = "7001",
		.workers = "2", .settings = { "a=b", "c=d" }, .setting_count = 2 });
	words_are("./x.so", "portico run --udp --listen 7001 --workers 2 --set a=b --set c=d ./x.so");
	cr_assert(config_alone_is("./x.so"));
	cr_assert_not(config_alone_is("x.ini"));
}

Test(config_alone, knows_a_shared_object)
{
	cr_assert(config_is_plugin("/proc/self/exe"));
	cr_assert_not(config_is_plugin("/etc/passwd"));
	cr_assert_not(config_is_plugin("/no/such/file"));
	cr_assert_not(config_is_plugin("/"));
}
