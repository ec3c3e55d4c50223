/* SPDX-License-Identifier: MIT */
/* config.c - config/config.c: from an ini file to a configuration, or every reason why not. */
#include "config/config.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "config/config_draft.h"
#include "config_rig.h"

#ifndef PORTICO_SOURCE_DIR
#define PORTICO_SOURCE_DIR "."
#endif

static const char SAMPLE[] = PORTICO_SOURCE_DIR "/etc/portico.ini";

CONFIG_SUITE(config);

Test(config, defaults_hold_without_keys)
{
	expect_sound(TCP HANDLER);
	const struct config_service *s = service("s");
	cr_assert_geq(config->workers, 1);
	cr_assert_null(config->user);
	cr_assert_null(config->log);
	cr_assert_float_eq(config->drain, 20, 1e-9);
	cr_assert_float_eq(config->start_time, 30, 1e-9);
	cr_assert_eq(config->state_max, 16 << 20);
	cr_assert_float_eq(config->state_time, 2, 1e-9);
	cr_assert_eq(config->offload_threads, 4);
	cr_assert_eq(config->offload_queue, 1024);
	cr_assert_eq(config->service_count, 1);
	cr_assert_eq(s->protocol, CONFIG_TCP);
	cr_assert_eq(s->line, 1);
	cr_assert_eq(s->backlog, 4096);
	cr_assert_eq(s->defer_accept, CONFIG_DEFER_AUTO);
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
	cr_assert_eq(s->table, 0);
	cr_assert_eq(s->publish, 0);
	cr_assert_eq(s->handler_count, 1);
	cr_assert_null(s->handlers[0].prefix);
	cr_assert_eq(s->handlers[0].line, 4);
}

Test(config, keys_reach_their_fields)
{
	expect_sound("[portico]\nworkers = 3\nuser = nobody\nlog = l.log\ndrain = 1m\n"
		     "start_time = 5s\nstate_max = 3k\nstate_time = 0\n" HTTP "backlog = 5\ndefer_accept = no\nshare = yes\nidle = 0\n"
		     "high_water = 1k\nmax_queue = 2k\nlinger = 1s\nmax_head = 4k\n"
		     "max_target = 1k\nmax_fields = 7\nmax_body = 0\nhead_time = 1s\n"
		     "body_time = 1m\nws_max_message = 3k\nws_ping = 0\ntable = 1m\npublish = 2m\n" HANDLER);
	const struct config_service *s = service("s");
	cr_assert_eq(config->workers, 3);
	cr_assert_str_eq(config->user, "nobody");
	cr_assert_not_null(strstr(config->log, "/l.log"), "seen from the file's directory");
	cr_assert_float_eq(config->drain, 60, 1e-9);
	cr_assert_eq(config->state_max, 3 << 10);
	cr_assert_float_eq(config->state_time, 0, 1e-9);
	cr_assert_eq(s->backlog, 5);
	cr_assert_eq(s->defer_accept, CONFIG_DEFER_NO);
	cr_assert(s->share);
	cr_assert_eq(s->high_water, 1024);
	cr_assert_eq(s->max_queue, 2048);
	cr_assert_eq(s->max_fields, 7);
	cr_assert_eq(s->max_body, 0);
	cr_assert_float_eq(s->body_time, 60, 1e-9);
	cr_assert_eq(s->ws_max_message, 3 << 10);
	cr_assert_float_eq(s->ws_ping, 0, 1e-9);
	cr_assert_eq(s->table, 1 << 20);
	cr_assert_eq(s->publish, 2 << 20);
}

Test(config, what_workers_share_may_be_in_redis)
{
	expect_sound("[portico]\nredis = localhost:6379\nredis_user = u\nredis_password_file = pw\n"
		     "redis_timeout = 2s\nredis_queue = 1m\n"
		     TCP "table = redis\npublish = redis\n" HANDLER);
	const struct config_redis *r = &config->redis;
	cr_assert_str_eq(r->name, "localhost:6379");
	cr_assert_eq(r->addr.in.sin_addr.s_addr, htonl(INADDR_LOOPBACK));
	cr_assert_eq(addr_port(&r->addr), 6379);
	cr_assert_null(r->path);
	cr_assert_str_eq(r->user, "u");
	cr_assert(strstr(r->password_file, "/pw"));
	cr_assert_eq(r->timeout, 2.);
	cr_assert_eq(r->queue, 1 << 20);
	cr_assert(service("s")->table_redis && service("s")->publish_redis);
	cr_assert_eq(service("s")->table, 0);
	cr_assert_str_eq(service("s")->redis_prefix, "portico:s:");
}

Test(config, redis_is_at_an_address_or_a_path)
{
	expect_sound("[portico]\nredis = [::1]:1\n" TCP "table = redis\nredis_prefix = mine.\n" HANDLER);
	cr_assert_eq(config->redis.addr.sa.sa_family, AF_INET6);
	cr_assert_str_eq(service("s")->redis_prefix, "mine.");
	cr_assert_not(service("s")->publish_redis);
	config_destroy(config);
	config = NULL;
	expect_sound("[portico]\nredis = unix:r.sock\n" TCP HANDLER);
	cr_assert(strstr(config->redis.path, "/r.sock"));
	cr_assert_null(config->redis.user);
	cr_assert_eq(config->redis.timeout, 1.);
	cr_assert_eq(config->redis.queue, 4 << 20);
}

Test(config, what_is_wrong_with_redis_is_told)
{
	expect_told("[portico]\nredis = db.example:6379\n" TCP HANDLER,
		"a.ini:2: redis = db.example:6379: no address; names are not looked up: write "
		"127.0.0.1:6379, [::1]:6379, localhost:6379 or unix:/path\n");
	expect_told("[portico]\nredis = *:6379\n" TCP HANDLER,
		"a.ini:2: redis = *:6379: no address; names are not looked up: write "
		"127.0.0.1:6379, [::1]:6379, localhost:6379 or unix:/path\n");
	expect_told("[portico]\nredis = 127.0.0.1:0\n" TCP HANDLER,
		"a.ini:2: redis = 127.0.0.1:0: the port is not in range; write 1 to 65535\n");
	expect_told("[portico]\nredis = unix:\n" TCP HANDLER,
		"a.ini:2: redis = unix:: a path of 1 to 107 bytes is expected behind unix:; write "
		"unix:/run/redis/redis.sock\n");
	expect_told("[portico]\nredis_timeout = 2s\n" TCP HANDLER,
		"a.ini:2: redis_timeout: there is no Redis; add redis = ADDRESS:PORT, or delete it\n");
	expect_told("[portico]\nredis = 1.2.3.4:5\nredis_user = u\n" TCP HANDLER,
		"a.ini:3: redis_user without redis_password_file; add the file of the password\n");
	expect_told(TCP "table = redis\n" HANDLER,
		"a.ini:4: table = redis: nobody says where it is; add redis = ADDRESS:PORT to [portico]\n");
	expect_told(TCP "publish = rediss\n" HANDLER,
		"a.ini:4: publish = rediss: neither a size nor redis; write 512k, 64m or 2g, or redis\n");
	expect_told(TCP "publish = 2g\n" HANDLER,
		"a.ini:4: publish = 2g: out of range; write up to 1g\n");
}

Test(config, a_table_has_room_for_something)
{
	expect_sound(TCP "table = 0\n" HANDLER);
	expect_sound(TCP "table = 256k\n" HANDLER);
	expect_told(TCP "table = 255k\n" HANDLER,
		"a.ini:4: table = 255k: less than 256k; write more, or 0 for none\n");
	expect_told(TCP "publish = 1k\n" HANDLER,
		"a.ini:4: publish = 1k: less than 256k; write more, or 0 for none\n");
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

Test(config, offload_has_threads_and_a_queue)
{
	expect_sound("[portico]\noffload_threads = 256\noffload_queue = 1\n" TCP HANDLER);
	cr_assert_eq(config->offload_threads, 256);
	cr_assert_eq(config->offload_queue, 1);
	expect_told("[portico]\noffload_threads = 0\noffload_queue = 0\n" TCP HANDLER,
		"a.ini:2: offload_threads = 0: out of range; write 1 to 256\n"
		"a.ini:3: offload_queue = 0: out of range; write 1 to 1000000\n");
}

Test(config, the_log_is_a_file_or_syslogd)
{
	expect_sound("[portico]\nlog = syslog\nlog_format = json\n" TCP HANDLER);
	cr_assert_null(config->log);
	cr_assert(config->log_is_syslog);
	cr_assert_eq(config->log_facility, 3);
	cr_assert_eq(config->log_format, LOG_JSON);
	expect_sound("[portico]\nlog = syslog:local7\nlog_format = logfmt\n" TCP HANDLER);
	cr_assert_eq(config->log_facility, 23);
	cr_assert_eq(config->log_format, LOG_LOGFMT);
	expect_sound("[portico]\nlog = syslogs\n" TCP HANDLER);
	cr_assert(!config->log_is_syslog);
	cr_assert_str_eq(config->log, path_of("syslogs"));
	cr_assert_eq(config->log_format, LOG_TEXT);
	expect_told("[portico]\nlog = syslog:deamon\nlog_format = xml\n" TCP HANDLER,
		"a.ini:3: log_format = xml: not known; write text, logfmt or json\n"
		"a.ini:2: log = syslog:deamon: no such facility, did you mean daemon; "
		"write daemon, user or local0 to local7\n");
	expect_told("[portico]\nlog = syslog:\n" TCP HANDLER,
		"a.ini:2: log = syslog:: no such facility; write daemon, user or local0 to local7\n");
}

Test(config, access_log_is_a_path_seen_from_its_file)
{
	expect_sound(HTTP "access_log = logs/a.log\n" HANDLER);
	cr_assert_str_eq(service("s")->access_log, path_of("logs/a.log"));
	cr_assert_eq(service("s")->access_log_format, CONFIG_ACCESS_COMBINED);
	expect_sound(HTTP "access_log = /a.log\naccess_log_format = json\n" HANDLER);
	cr_assert_str_eq(service("s")->access_log, "/a.log");
	cr_assert_eq(service("s")->access_log_format, CONFIG_ACCESS_JSON);
	expect_sound(HTTP "access_log = -\n" HANDLER);
	cr_assert_str_eq(service("s")->access_log, "-");
	expect_sound(HTTP HANDLER);
	cr_assert_null(service("s")->access_log);
	expect_told(HTTP "access_log_format = json\n" HANDLER,
		"a.ini:4: access_log_format without access_log logs nothing; add access_log, or delete it\n");
	expect_told(HTTP "access_log =\naccess_log_format = xml\n" HANDLER,
		"a.ini:4: access_log has no value; write one or delete the line\n"
		"a.ini:5: access_log_format = xml: not known; write combined or json\n");
	expect_told(TCP "access_log = a\n" HANDLER,
		"a.ini:4: access_log is not for protocol = tcp but for http; delete it\n");
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

Test(config, percent_signs_in_a_file_are_only_text)
{
	expect_told("[%s%n]\n" TCP "%n = 1\nidle = %s%n\n[handler %s]\nplugin = %n\n" HANDLER,
		"a.ini:1: there is no section [%s%n]; write [portico], [service ...] or "
		"[handler ...]\n"
		"a.ini:5: %n is not an option of [service s]; it knows protocol, listen, balance, "
		"backlog, defer_accept, share, idle, max_input, high_water, max_queue, linger, tls_certificate, tls_key, tls_client_ca, "
		"tls_client, tls_protocols, tls_handshake, proxy_protocol, proxy_from, proxy_time, "
		"rate, rate_burst, rate_client, rate_client_burst, rate_client_prefix, "
		"rate_clients, rate_action, rate_over, table, publish, redis_prefix, max_head, "
		"max_target, max_fields, max_body, head_time, "
		"body_time, ws_max_message, ws_ping, body_rate, send_rate, rate_grace, max_requests, "
		"max_connections, max_per_client, server, access_log, access_log_format\n"
		"a.ini:6: idle = %s%n: not a time; write 250ms, 30s, 5m or 1h\n");
}

Test(config, the_sample_has_no_problem)
{
	setenv("PORTICO_PLUGINS", "/tmp/plugins", 1);
	config = config_load(SAMPLE, hear, NULL);
	cr_assert_str_eq(told, "");
	cr_assert_not_null(config);
	cr_assert_eq(config->service_count, 4);
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

/* "; The following are for protocol = tcp and http." holds until another such line, or a section. */
Test(config, the_sample_says_which_protocols_know_a_key)
{
	static const char begin[] = "; The following ";
	char line[256], only[256] = "";
	FILE *file = fopen(SAMPLE, "r");

	cr_assert_not_null(file);
	while (fgets(line, sizeof(line), file) != NULL) {
		char *key = line + (line[0] == ';');
		if (line[0] == '[')
			only[0] = '\0';
		else if (strncmp(line, begin, sizeof(begin) - 1) == 0)
			strcpy(only, line);
		key[strcspn(key, " ")] = '\0';
		for (int p = CONFIG_TCP; schema_has(&config_service_keys, key) && p <= CONFIG_HTTP; p++)
			cr_assert_eq((config_key_protocols(key) & 1U << p) != 0,
				only[0] == '\0' || strstr(only, config_protocol_name(p)) != NULL,
				"%s, %s", key, config_protocol_name(p));
	}
	fclose(file);
}

Test(config, the_sample_is_sound_with_its_comments_taken_away)
{
	char line[256], text[32768] = "";
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
	cr_assert(config->files);
	cr_assert_eq(config->write_count, 2);
}
