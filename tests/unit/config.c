/* SPDX-License-Identifier: MIT */
/* config.c - config/config.c: from an ini file to a configuration, or every reason why not. */
#include "config/config.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "config/config_draft.h"

#ifndef PORTICO_SOURCE_DIR
#define PORTICO_SOURCE_DIR "."
#endif

static const char SAMPLE[] = PORTICO_SOURCE_DIR "/etc/portico.ini";

/* What a sound file needs at least. */
#define HANDLER "[handler s]\nplugin = p.so\n"
#define TCP	"[service s]\nprotocol = tcp\nlisten = 127.0.0.1:7000\n"
#define HTTP	"[service s]\nprotocol = http\nlisten = 127.0.0.1:8000\n"
#define UDP	"[service s]\nprotocol = udp\nlisten = 127.0.0.1:9000\n"

static char dir[64];
static char told[1 << 16]; /* every sentence and a newline, without the directory */
static struct config *config;

static void hear(void *arg, const char *sentence)
{
	size_t len = strlen(told);
	const char *at;

	(void)arg;
	for (; (at = strstr(sentence, dir)) != NULL; sentence = at + strlen(dir) + 1) {
		memcpy(told + len, sentence, (size_t)(at - sentence));
		len += (size_t)(at - sentence);
		told[len] = '\0';
	}
	snprintf(told + len, sizeof(told) - len, "%s\n", sentence);
}

static void set_up(void)
{
	strcpy(dir, "/tmp/portico-config-XXXXXX");
	cr_assert_not_null(mkdtemp(dir));
}

static void tear_down(void)
{
	char command[128];

	config_destroy(config);
	snprintf(command, sizeof(command), "rm -rf '%s'", dir);
	cr_assert_eq(system(command), 0);
}

TestSuite(config, .init = set_up, .fini = tear_down);

static const char *path_of(const char *name)
{
	static char path[256];

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	return path;
}

static void put(const char *name, const char *text)
{
	FILE *file = fopen(path_of(name), "w");

	cr_assert_not_null(file);
	fputs(text, file);
	fclose(file);
}

static void load(const char *text)
{
	put("a.ini", text);
	config_destroy(config);
	told[0] = '\0';
	config = config_load(path_of("a.ini"), hear, NULL);
}

static void expect_sound(const char *text)
{
	load(text);
	cr_assert_str_eq(told, "");
	cr_assert_not_null(config);
}

/* Compares everything that is told about text. */
static void expect_told(const char *text, const char *wanted)
{
	load(text);
	int error = errno;
	cr_assert_str_eq(told, wanted);
	cr_assert_null(config);
	cr_assert_eq(error, EINVAL);
}

static const struct config_service *service(const char *name)
{
	for (size_t i = 0; i < config->service_count; i++) {
		if (strcmp(config->services[i].name, name) == 0)
			return &config->services[i];
	}
	return NULL;
}

Test(config, defaults_hold_without_keys)
{
	expect_sound(TCP HANDLER);
	const struct config_service *s = service("s");
	cr_assert_geq(config->workers, 1);
	cr_assert_null(config->user);
	cr_assert_null(config->log);
	cr_assert_float_eq(config->drain, 20, 1e-9);
	cr_assert_float_eq(config->start_time, 30, 1e-9);
	cr_assert_eq(config->service_count, 1);
	cr_assert_eq(s->protocol, CONFIG_TCP);
	cr_assert_eq(s->line, 1);
	cr_assert_eq(s->backlog, 4096);
	cr_assert(!s->share);
	cr_assert_float_eq(s->idle, 60, 1e-9);
	cr_assert_eq(s->max_input, 64 << 10);
	cr_assert_eq(s->high_water, 64 << 10);
	cr_assert_eq(s->max_queue, 16 << 20);
	cr_assert_float_eq(s->linger, 5, 1e-9);
	cr_assert_eq(s->max_head, 16 << 10);
	cr_assert_eq(s->max_target, 8 << 10);
	cr_assert_eq(s->max_fields, 100);
	cr_assert_eq(s->max_body, 1 << 20);
	cr_assert_float_eq(s->head_time, 10, 1e-9);
	cr_assert_float_eq(s->body_time, 0, 1e-9);
	cr_assert_eq(s->ws_max_message, 1 << 20);
	cr_assert_float_eq(s->ws_ping, 30, 1e-9);
	cr_assert_eq(s->handler_count, 1);
	cr_assert_null(s->handlers[0].prefix);
	cr_assert_eq(s->handlers[0].line, 4);
}

Test(config, keys_reach_their_fields)
{
	expect_sound("[portico]\nworkers = 3\nuser = nobody\nlog = l.log\ndrain = 1m\n"
		     "start_time = 5s\n" HTTP "backlog = 5\nshare = yes\nidle = 0\n"
		     "high_water = 1k\nmax_queue = 2k\nlinger = 1s\nmax_head = 4k\n"
		     "max_target = 1k\nmax_fields = 7\nmax_body = 0\nhead_time = 1s\n"
		     "body_time = 1m\nws_max_message = 3k\nws_ping = 0\n" HANDLER);
	const struct config_service *s = service("s");
	cr_assert_eq(config->workers, 3);
	cr_assert_str_eq(config->user, "nobody");
	cr_assert_not_null(strstr(config->log, "/l.log"), "seen from the file's directory");
	cr_assert_float_eq(config->drain, 60, 1e-9);
	cr_assert_eq(s->backlog, 5);
	cr_assert(s->share);
	cr_assert_eq(s->high_water, 1024);
	cr_assert_eq(s->max_queue, 2048);
	cr_assert_eq(s->max_fields, 7);
	cr_assert_eq(s->max_body, 0);
	cr_assert_float_eq(s->body_time, 60, 1e-9);
	cr_assert_eq(s->ws_max_message, 3 << 10);
	cr_assert_float_eq(s->ws_ping, 0, 1e-9);
}

Test(config, bounds_reach_their_fields)
{
	expect_sound(HTTP "body_rate = 1k\nsend_rate = 2k\nrate_grace = 5s\nmax_requests = 6\n"
		     "max_connections = 7\nmax_per_client = 8\nserver = nginx/1 (no)\n" HANDLER);
	const struct config_service *s = service("s");
	cr_assert_eq(s->body_rate, 1024);
	cr_assert_eq(s->send_rate, 2048);
	cr_assert_float_eq(s->rate_grace, 5, 1e-9);
	cr_assert_eq(s->max_requests, 6);
	cr_assert_eq(s->max_connections, 7);
	cr_assert_eq(s->max_per_client, 8);
	cr_assert_str_eq(s->server, "nginx/1 (no)");
	expect_sound(HTTP "server = off\n" HANDLER);
	cr_assert_null(service("s")->server);
	expect_sound(HTTP HANDLER);
	cr_assert_str_eq(service("s")->server, "portico");
	cr_assert_eq(service("s")->max_per_client, 0);
	cr_assert_eq(service("s")->body_rate, 500);
}

Test(config, bounds_have_their_range_and_their_protocol)
{
	expect_told(TCP "send_rate = 2g\nrate_grace = 0\nmax_connections = -1\nmax_per_client = x\n"
			"body_rate = 1\nmax_requests = 1\nserver = x\n" HANDLER,
		"a.ini:4: send_rate = 2g: out of range; write 0 to 1g\n"
		"a.ini:5: rate_grace = 0: out of range; write 1s to 1d\n"
		"a.ini:6: max_connections = -1: out of range; write 0 to 1000000000\n"
		"a.ini:7: max_per_client = x: not a whole number; write digits only\n"
		"a.ini:8: body_rate is not for protocol = tcp but for http; delete it\n"
		"a.ini:9: max_requests is not for protocol = tcp but for http; delete it\n"
		"a.ini:10: server is not for protocol = tcp but for http; delete it\n");
	expect_told(UDP "send_rate = 1\nmax_connections = 1\n" HANDLER,
		"a.ini:4: send_rate is not for protocol = udp but for tcp or http; delete it\n"
		"a.ini:5: max_connections is not for protocol = udp but for tcp or http; delete it\n");
	expect_told(HTTP "body_rate = -1\nmax_requests = -1\n" HANDLER,
		"a.ini:4: body_rate = -1: not a size; write 512, 64k, 1m or 2g\n"
		"a.ini:5: max_requests = -1: out of range; write 0 to 1000000000\n");
}

Test(config, server_is_what_a_header_may_hold)
{
	char text[256];

	setenv("S", "a\r\nX: y", 1);
	expect_told(HTTP "server = ${S}\n" HANDLER, "a.ini:4: server: the environment variable S "
		"holds a control character; take it out\n");
	snprintf(text, sizeof(text), HTTP "server = %0100d\n" HANDLER, 1);
	expect_sound(text);
	snprintf(text, sizeof(text), HTTP "server = %0101d\n" HANDLER, 1);
	expect_told(text, "a.ini:4: server has more than 100 bytes; write less, or off\n");
}

Test(config, handlers_may_be_for_hosts)
{
	expect_sound(HTTP HANDLER "[handler s /]\nplugin = q.so\nhost = A.example,*.b.example\n"
			  "[handler s]\nplugin = r.so\nhost = [::1]\n");
	const struct config_service *s = service("s");
	cr_assert_eq(s->handler_count, 3);
	for (size_t i = 0; i < 3; i++) {
		const struct config_handler *h = &s->handlers[i];
		cr_assert_eq(h->setting_count, 0);
		if (strstr(h->plugin, "q.so") == NULL)
			continue;
		cr_assert_eq(h->host_count, 2);
		cr_assert_str_eq(h->hosts[0], "a.example");
		cr_assert_str_eq(h->hosts[1], "*.b.example");
	}
}

Test(config, a_host_has_one_handler_for_a_prefix)
{
	expect_told(HTTP "[handler s /]\nplugin = p.so\nhost = a.example, b.example\n"
			 "[handler s]\nplugin = q.so\nhost = c.example, B.example\n",
		"a.ini:7: [handler s]: s has its handler and a host of it already, at a.ini:4; "
		"delete one\n");
}

Test(config, hosts_are_names)
{
	expect_told(HTTP HANDLER "host = a.example:80, ,*, a..b, *.[::1], a.*.b\n",
#define NO_HOST(host)                                                        \
		"a.ini:6: host: \"" host "\" is no host; write a.example or *.example, without a port\n"
		NO_HOST("a.example:80") NO_HOST("") NO_HOST("*") NO_HOST("a..b") NO_HOST("*.[::1]")
		NO_HOST("a.*.b"));
#undef NO_HOST
}

/* A client plugin may well have a host to connect to. */
Test(config, host_is_the_plugins_where_there_are_no_requests)
{
	expect_sound(TCP HANDLER "host = db.example:5432\n");
	cr_assert_eq(service("s")->handlers[0].host_count, 0);
	cr_assert_str_eq(service("s")->handlers[0].settings[0].key, "host");
}

Test(config, listen_is_a_list)
{
	char text[ADDR_TEXT];

	expect_sound(
		"[service s]\nprotocol = tcp\nlisten = 127.0.0.1:1 ,[::1]:2,0.0.0.0:3\n" HANDLER);
	const struct config_service *s = service("s");
	cr_assert_eq(s->listen_count, 3);
	cr_assert_str_eq(addr_format(&s->listens[1], text), "[::1]:2");
}

Test(config, http_handlers_have_the_longest_prefix_first)
{
	expect_sound("[handler s /a]\nplugin = a.so\n" HTTP "[handler s]\nplugin = /x/p.so\n"
		     "[handler s /a/b]\nplugin = ./d/b.so\n");
	const struct config_service *s = service("s");
	cr_assert_eq(s->handler_count, 3);
	cr_assert_str_eq(s->handlers[0].prefix, "/a/b");
	cr_assert_str_eq(s->handlers[1].prefix, "/a");
	cr_assert_str_eq(s->handlers[2].prefix, "/");
	cr_assert_str_eq(s->handlers[2].plugin, "/x/p.so");
	cr_assert_not_null(strstr(s->handlers[0].plugin, dir));
	cr_assert_not_null(strstr(s->handlers[0].plugin, "/./d/b.so"));
	cr_assert_str_eq(s->handlers[1].plugin, "/usr/local/lib/portico/a.so");
}

Test(config, plugins_is_seen_from_its_file)
{
	char wanted[128];

	expect_sound("[portico]\nplugins = lib\n" TCP HANDLER);
	snprintf(wanted, sizeof(wanted), "%s/lib/p.so", dir);
	cr_assert_str_eq(service("s")->handlers[0].plugin, wanted);
}

Test(config, a_plugin_in_an_included_file_is_seen_from_there)
{
	char wanted[128];

	cr_assert_eq(mkdir(path_of("d"), 0700), 0);
	put("d/b.ini", "[handler s]\nplugin = ./p.so\n");
	expect_sound("[portico]\ninclude = d/*.ini\n" TCP);
	snprintf(wanted, sizeof(wanted), "%s/d/./p.so", dir);
	cr_assert_str_eq(service("s")->handlers[0].plugin, wanted);
}

Test(config, other_keys_of_a_handler_are_the_plugins)
{
	expect_sound(TCP HANDLER "greeting = Hi %s%n\nempty =\n");
	const struct config_handler *h = &service("s")->handlers[0];
	cr_assert_eq(h->setting_count, 2);
	cr_assert_str_eq(h->settings[0].key, "greeting");
	cr_assert_str_eq(h->settings[0].value, "Hi %s%n");
	cr_assert_eq(h->settings[0].line, 6);
	cr_assert_not_null(strstr(h->settings[0].file, "a.ini"));
	cr_assert_str_eq(h->settings[1].value, "");
}

Test(config, no_service_is_a_problem)
{
	expect_told("[portico]\n", "a.ini: has no service; add [service NAME]\n");
	expect_told("; nothing\n", "a.ini: has no service; add [service NAME]\n");
}

Test(config, an_empty_file_closes_no_port)
{
	expect_told("", "a.ini: is empty; write a section or name another file\n");
}

Test(config, a_file_that_cannot_be_read_keeps_its_errno)
{
	errno = 0;
	cr_assert_null(config_load(path_of("none.ini"), hear, NULL));
	cr_assert_eq(errno, ENOENT);
	cr_assert_str_eq(told, "none.ini: there is no such file; correct the name\n");
}

Test(config, unknown_sections_are_told_and_nothing_else)
{
	expect_told("[sevice s]\nprotocol = tcp\n" HANDLER,
		"a.ini:1: there is no section [sevice s]; did you mean [service s]?\n");
	expect_told("[x]\n", "a.ini:1: there is no section [x]; write [portico], [service ...] or "
			     "[handler ...]\n");
}

Test(config, headings_have_their_form)
{
	expect_told("[portico x]\n[service]\n[service a b]\n[handler]\n[handler a /b c]\n",
		"a.ini:1: [portico x]: is not of the form [portico]; write it so\n"
		"a.ini:2: [service]: is not of the form [service NAME]; write it so\n"
		"a.ini:3: [service a b]: is not of the form [service NAME]; write it so\n"
		"a.ini:4: [handler]: is not of the form [handler SERVICE] or "
		"[handler SERVICE /PREFIX]; write it so\n"
		"a.ini:5: [handler a /b c]: is not of the form [handler SERVICE] or "
		"[handler SERVICE /PREFIX]; write it so\n");
}

Test(config, names_of_services_are_checked)
{
	expect_told("[service a.b]\n[service aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa]\n",
		"a.ini:1: [service a.b]: a.b is no name for a service; write 1 to 32 of "
		"A-Z a-z 0-9 _ -\n"
		"a.ini:2: [service aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa]: "
		"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa is no name for a service; write 1 to 32 of "
		"A-Z a-z 0-9 _ -\n");
}

Test(config, unknown_keys_are_told_with_their_neighbour)
{
	expect_told("[portico]\ndrian = 1s\n" TCP "idel = 3s\n" HANDLER,
		"a.ini:2: drian is not an option of [portico]; did you mean drain?\n"
		"a.ini:6: idel is not an option of [service s]; did you mean idle?\n");
}

Test(config, values_out_of_range_name_the_range)
{
	expect_told("[portico]\nworkers = 0\n" TCP HANDLER,
		"a.ini:2: workers = 0: out of range; write auto or 1 to 1024\n");
	expect_told("[portico]\nworkers = 100000\n" TCP HANDLER,
		"a.ini:2: workers = 100000: out of range; write auto or 1 to 1024\n");
	expect_told("[portico]\nworkers = many\n" TCP HANDLER,
		"a.ini:2: workers = many: not a number; write auto or 1 to 1024\n");
	expect_told(TCP "backlog = 0\n" HANDLER,
		"a.ini:4: backlog = 0: out of range; write 1 to 65535\n");
	expect_told(HTTP "max_fields = 101\n" HANDLER,
		"a.ini:4: max_fields = 101: out of range; write 1 to 100\n");
}

Test(config, times_and_sizes_need_units)
{
	expect_told("[portico]\ndrain = 20\n" TCP "max_queue = 1q\n" HANDLER,
		"a.ini:2: drain = 20: not a time; write 250ms, 30s, 5m or 1h\n"
		"a.ini:6: max_queue = 1q: not a size; write 512, 64k, 1m or 2g\n");
}

Test(config, an_empty_value_is_refused)
{
	expect_told("[portico]\nuser =\ninclude =\n" TCP HANDLER,
		"a.ini:3: include =: names no file; name one or delete the line\n"
		"a.ini:2: user has no value; write one or delete the line\n");
}

Test(config, keys_of_another_protocol_are_told)
{
	expect_told(TCP "max_head = 1k\n" HANDLER,
		"a.ini:4: max_head is not for protocol = tcp but for http; delete it\n");
	expect_told(UDP "idle = 1s\nbacklog = 0\n" HANDLER,
		"a.ini:4: idle is not for protocol = udp but for tcp or http; delete it\n"
		"a.ini:5: backlog is not for protocol = udp but for tcp or http; delete it\n");
	expect_told(HTTP "max_input = 1k\n" HANDLER,
		"a.ini:4: max_input is not for protocol = http but for tcp; delete it\n");
}

Test(config, required_keys_are_missed_once)
{
	expect_told("[service s]\n[handler s]\n",
		"a.ini:1: [service s] has no protocol; add it: tcp, udp or http\n"
		"a.ini:1: [service s] has no listen; add it: HOST:PORT, or several with commas "
		"between them\n"
		"a.ini:2: [handler s] has no plugin; add it: the handler's shared object\n");
	expect_told("[service s]\nprotcol = tcp\nlisten = ${PT_NONE}\n" HANDLER,
		"a.ini:3: listen: the environment variable PT_NONE is not set; set it or give a "
		"default: ${NAME:default}\n"
		"a.ini:2: protcol is not an option of [service s]; did you mean protocol?\n");
	expect_told(TCP "[handler s]\nplugn = p.so\n",
		"a.ini:5: [handler s] has no plugin; did you mean plugin with plugn?\n");
}

Test(config, a_wrong_protocol_has_no_follow_ups)
{
	expect_told("[service s]\nprotocol = htp\nlisten = *:80\nmax_head = 1k\nmax_input = 1\n"
		    "[handler s /x]\nplugin = p.so\n",
		"a.ini:2: protocol = htp: not known; did you mean http?\n");
}

Test(config, limits_hold_against_each_other)
{
	expect_told(TCP "high_water = 32m\n" HANDLER,
		"a.ini:4: high_water = 32m: more than max_queue, which is 16777216; write less, or "
		"raise max_queue\n");
	expect_told(HTTP "max_target = 2k\nmax_head = 1k\n" HANDLER,
		"a.ini:4: max_target = 2k: more than max_head, which is 1024; write less, or raise "
		"max_head\n");
}

Test(config, a_default_gives_way_to_a_limit_that_is_written)
{
	expect_sound(HTTP "max_queue = 1k\nmax_head = 2k\n" HANDLER);
	cr_assert_eq(service("s")->high_water, 1024);
	cr_assert_eq(service("s")->max_target, 2048);
}

Test(config, wrong_addresses_are_told_one_by_one)
{
	expect_told(
		"[service s]\nprotocol = tcp\nlisten = 1.2.3.4, 1.2.3.4:0, [::1]:70000,\n" HANDLER,
		"a.ini:3: listen = 1.2.3.4: has no port; write HOST:PORT\n"
		"a.ini:3: listen = 1.2.3.4:0: the port is not in range; write 1 to 65535\n"
		"a.ini:3: listen = [::1]:70000: the port is not in range; write 1 to 65535\n"
		"a.ini:3: listen: no address between two commas or at the end; delete the comma\n");
}

Test(config, a_name_that_does_not_resolve_is_told)
{
	load("[service s]\nprotocol = tcp\nlisten = no-such-host.invalid:80\n" HANDLER);
	cr_assert_null(config);
	cr_assert_not_null(strstr(told, "a.ini:3: listen = no-such-host.invalid:80: the name does "
					"not resolve ("),
		"%s", told);
}

Test(config, an_address_is_served_once_a_transport)
{
	expect_told("[service a]\nprotocol = tcp\nlisten = 127.0.0.1:80, 127.0.0.1:80\n"
		    "[service b]\nprotocol = http\nlisten = [::1]:80, 127.0.0.1:80\n"
		    "[handler a]\nplugin = p.so\n[handler b]\nplugin = p.so\n",
		"a.ini:3: listen: [service a] has 127.0.0.1:80 already, at a.ini:3; take one out\n"
		"a.ini:6: listen: [service a] has 127.0.0.1:80 already, at a.ini:3; take one "
		"out\n");
	expect_sound("[service a]\nprotocol = tcp\nlisten = 127.0.0.1:80\n"
		     "[service b]\nprotocol = udp\nlisten = 127.0.0.1:80\n"
		     "[handler a]\nplugin = p.so\n[handler b]\nplugin = p.so\n");
}

Test(config, addresses_have_a_limit_over_all_services)
{
	char text[4096] = "[service s]\nprotocol = tcp\nlisten = 127.0.0.1:1";

	for (int port = 2; port <= 64; port++)
		sprintf(text + strlen(text), ",1.1.1.1:%d", port);
	size_t end = strlen(text);
	strcpy(text + end, "\n" HANDLER);
	expect_sound(text);
	cr_assert_eq(service("s")->listen_count, 64);
	strcpy(text + end, ",1.1.1.1:65,1.1.1.1:66\n" HANDLER);
	expect_told(
		text, "a.ini:3: listen: more than 64 addresses in all services; take some out\n");
}

Test(config, handlers_need_their_service)
{
	expect_told(TCP "[handler ss]\nplugin = p.so\n" HANDLER,
		"a.ini:4: [handler ss]: there is no service ss; add [service ss]\n");
	expect_told("[service web]\nprotocol = http\nlisten = *:80\n[handler wbe]\n"
		    "plugin = p.so\n",
		"a.ini:4: [handler wbe]: there is no service wbe; did you mean web?\n");
}

Test(config, services_need_a_handler)
{
	expect_told(
		TCP, "a.ini:1: [service s] has no handler; add [handler s] with plugin = ...\n");
}

Test(config, prefixes_are_for_http_and_begin_with_a_slash)
{
	expect_told(TCP "[handler s /a]\nplugin = p.so\n",
		"a.ini:4: [handler s /a]: only protocol = http has prefixes, s is tcp; write "
		"[handler s]\n");
	expect_told(HTTP "[handler s a]\nplugin = p.so\n",
		"a.ini:4: [handler s a]: the prefix does not begin with /; write "
		"[handler SERVICE /PREFIX]\n");
	expect_told(HTTP "[handler s /a?b]\nplugin = p.so\n",
		"a.ini:4: [handler s /a?b]: a prefix is the start of a path, which ends before ? "
		"and #; cut it there\n");
}

Test(config, a_prefix_has_one_handler)
{
	expect_told(HTTP HANDLER "[handler s /]\nplugin = q.so\n",
		"a.ini:6: [handler s /]: s has its handler for / already, at a.ini:4; "
		"delete one\n");
	expect_told(UDP HANDLER "[handler  s]\nplugin = q.so\n",
		"a.ini:6: [handler s]: s has its handler already, at a.ini:4; delete one\n");
}

Test(config, a_file_that_is_missing_has_no_follow_ups)
{
	expect_told("[portico]\ninclude = none.ini\n[handler web]\nplugin = p.so\n",
		"a.ini:2: include none.ini: there is no such file; correct the name\n");
}

Test(config, only_the_main_file_sets_the_server)
{
	put("b.ini", "[portico]\nworkers = 3\ninclude = c.ini\n");
	put("c.ini", HANDLER);
	expect_told("[portico]\ninclude = b.ini\n" TCP,
		"b.ini:2: workers: [portico] in an included file may hold include alone; move the "
		"line to a.ini\n");
}

Test(config, a_line_that_is_too_long_is_told_alone)
{
	char text[4096] = "[service s]\nprotocol = tcp\nlisten = ";
	size_t len = strlen(text);

	memset(text + len, '1', 1100);
	strcpy(text + len + 1100, "\n" HANDLER);
	expect_told(text, "a.ini:3: the line has 1109 bytes; up to 1024 are allowed\n");
}

Test(config, percent_signs_in_a_file_are_only_text)
{
	expect_told("[%s%n]\n" TCP "%n = 1\nidle = %s%n\n[handler %s]\nplugin = %n\n" HANDLER,
		"a.ini:1: there is no section [%s%n]; write [portico], [service ...] or "
		"[handler ...]\n"
		"a.ini:5: %n is not an option of [service s]; it knows protocol, listen, balance, "
		"backlog, share, idle, max_input, high_water, max_queue, linger, tls_certificate, tls_key, tls_client_ca, "
		"tls_client, tls_protocols, tls_handshake, max_head, max_target, max_fields, max_body, head_time, "
		"body_time, ws_max_message, ws_ping, body_rate, send_rate, rate_grace, max_requests, "
		"max_connections, max_per_client, server\n"
		"a.ini:6: idle = %s%n: not a time; write 250ms, 30s, 5m or 1h\n");
}

Test(config, problems_beyond_the_limit_are_counted)
{
	char text[8192] = TCP;
	size_t lines = 0;

	for (int i = 0; i < 130; i++)
		sprintf(text + strlen(text), "zzz%d = 1\n", i);
	strcat(text, HANDLER);
	load(text);
	for (const char *at = told; (at = strchr(at, '\n')) != NULL; at++)
		lines++;
	cr_assert_eq(lines, CONFIG_MAX_PROBLEMS + 1);
	cr_assert_not_null(strstr(told, "\nand 30 more\n"));
}

Test(config, the_sample_has_no_problem)
{
	setenv("PORTICO_PLUGINS", "/tmp/plugins", 1);
	config = config_load(SAMPLE, hear, NULL);
	cr_assert_str_eq(told, "");
	cr_assert_not_null(config);
	cr_assert_eq(config->service_count, 3);
	cr_assert_str_eq(service("web")->handlers[0].plugin, "/tmp/plugins/hello.so");
	cr_assert_str_eq(service("web")->handlers[0].settings[0].value, "Hello");
	cr_assert_eq(service("echo")->listen_count, 2);
	cr_assert_eq(service("udp_echo")->protocol, CONFIG_UDP);
}

/* The sample's lines "KEY = ..." and ";KEY = ...": what they say, or NULL. */
static const char *sample_says(const char *key)
{
	static char line[256];
	static char *value;
	FILE *file = fopen(SAMPLE, "r");

	cr_assert_not_null(file, "%s", SAMPLE);
	value = NULL;
	while (value == NULL && fgets(line, sizeof(line), file) != NULL) {
		char *at = line + (line[0] == ';');
		line[strcspn(line, "\n")] = '\0';
		size_t len = strlen(key);
		if (strncmp(at, key, len) == 0 && strncmp(at + len, " = ", 3) == 0)
			value = at + len + 3;
	}
	fclose(file);
	return value;
}

static void expect_in_sample(const struct schema *keys)
{
	struct portico_option o;

	for (size_t i = 0; schema_option(keys, i, &o); i++) {
		const char *said = sample_says(o.name);
		cr_assert_not_null(said, "%s is not in %s", o.name, SAMPLE);
		if (o.fallback == NULL || o.fallback[0] == '\0' || said[0] == '$')
			continue;
		cr_assert_str_eq(said, o.fallback, "%s", o.name);
	}
}

Test(config, the_sample_shows_every_key_with_its_default)
{
	expect_in_sample(&config_portico_keys);
	expect_in_sample(&config_service_keys);
	expect_in_sample(&config_handler_keys);
}

Test(config, the_sample_is_sound_with_its_comments_taken_away)
{
	char line[256], text[16384] = "";
	FILE *file = fopen(SAMPLE, "r");

	cr_assert_not_null(file);
	while (fgets(line, sizeof(line), file) != NULL) {
		bool key = line[0] == ';' && line[1] >= 'a' && line[1] <= 'z';
		strcat(text, line + key);
	}
	fclose(file);
	setenv("PORTICO_PLUGINS", "/tmp/plugins", 1);
	load(text);
	cr_assert_str_eq(told, "");
	cr_assert_str_eq(config->user, "www-data");
}
