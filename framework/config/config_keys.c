/* SPDX-License-Identifier: MIT */
/*
 * config_keys.c - every own key of the ini file: its default, range and meaning.
 *
 * The only place where defaults stand.  etc/portico.ini shows each of them,
 * and a test compares the two.
 */
#include "config/config_draft.h"

#include <string.h>

#define PORTICO_KEY(kind, key, dflt, in, text)                               \
	PORTICO_OPTION_IN(kind, struct draft_portico, key, dflt, in, text)
#define CONFIG_KEY(kind, key, dflt, in, text)                                \
	PORTICO_OPTION_IN(kind, struct config, key, dflt, in, text)
#define SERVICE_KEY(kind, key, dflt, in, text)                               \
	PORTICO_OPTION_IN(kind, struct config_service, key, dflt, in, text)

/* The struct from config.h comes first in its draft, so the offsets of both hold. */
_Static_assert(offsetof(struct draft_portico, config) == 0, "config comes first");
_Static_assert(offsetof(struct draft_service, service) == 0, "service comes first");
_Static_assert(offsetof(struct draft_handler, handler) == 0, "handler comes first");

static const struct portico_option portico_options[] = {
	PORTICO_KEY(STRING, workers, "auto", NULL, "processes that serve: auto or 1 to 1024"),
	CONFIG_KEY(STRING, user, "", NULL, "who the workers become once the ports are bound"),
	CONFIG_KEY(STRING, group, "", NULL, "their group instead of that user's own"),
	CONFIG_KEY(STRING, chroot, "", NULL, "directory that becomes the workers' /"),
	CONFIG_KEY(ENUM, capabilities, "none", "none|keep", "of the workers, if their user has any"),
	CONFIG_KEY(ENUM, landlock, "auto", "auto|off|required", "whether Landlock confines the workers"),
	PORTICO_KEY(STRING, read_paths, "", NULL, "all that handlers may read, with commas; or none"),
	PORTICO_KEY(STRING, write_paths, "", NULL, "where they may write, too"),
	CONFIG_KEY(ENUM, seccomp, "off", "off|log|deny|kill", "what becomes of an unusual system call"),
	PORTICO_KEY(STRING, umask, "077", NULL, "bits that files made by handlers do not have"),
	PORTICO_KEY(STRING, core, "no", NULL, "core dumps of workers: no, yes or a size"),
	CONFIG_KEY(INT, max_files, "0", "0..1000000000", "descriptors of a worker; 0: as many as it may"),
	CONFIG_KEY(INT, offload_threads, "4", "1..256", "threads of a worker for work that blocks"),
	CONFIG_KEY(INT, offload_queue, "1024", "1..1000000", "such work that may wait for one of them"),
	CONFIG_KEY(STRING, log, "", NULL, "file for the log, or syslog, instead of standard error"),
	CONFIG_KEY(ENUM, log_format, "text", "text|logfmt|json", "how a line of the log looks"),
	CONFIG_KEY(ENUM, log_level, "info", "error|warn|info|debug", "what is logged, and what is worse"),
	CONFIG_KEY(STRING, plugins, PORTICO_PLUGIN_DIR, NULL,
		"directory of plugins that are named without a /"),
	CONFIG_KEY(SECONDS, drain, "20s", "100ms..1d", "time a retiring worker has to finish"),
	CONFIG_KEY(SECONDS, drain_delay, "0", "0..1h", "time of not being ready before that begins"),
	CONFIG_KEY(SECONDS, start_time, "30s", "100ms..1h", "time a worker has to become ready"),
	CONFIG_KEY(SECONDS, stall, "250ms", "0..1h", "time without a turn until clients go elsewhere"),
	CONFIG_KEY(SECONDS, stall_kill, "30s", "0..1d", "time without a turn until it is ended"),
	PORTICO_KEY(STRING, canary, "off", NULL, "share and time of new workers at a reload: 10% 30s"),
	CONFIG_KEY(INT, canary_worse, "2", "1..100", "times as bad as the old ones is too bad"),
	CONFIG_KEY(SIZE, state_max, "16m", "1..1g", "bytes a handler may hand on at a reload"),
	CONFIG_KEY(SECONDS, state_time, "2s", "0..1m", "time a new worker waits for them; 0: not at all"),
	CONFIG_KEY(INT, generations, "4", "1..1000", "old generations that may still drain"),
	CONFIG_KEY(STRING, control, "", NULL, "path of the control socket"),
	PORTICO_KEY(STRING, admin, "", NULL, "addresses of the admin service, unix:/path, or off"),
	PORTICO_KEY(STRING, admin_host, "", NULL, "names that it may be called by; * is any"),
	PORTICO_KEY(STRING, redis, "", NULL, "for table, publish, rate_over: HOST:PORT, unix:/path"),
	PORTICO_KEY(STRING, redis_user, "", NULL, "who we are there, if not its default user"),
	PORTICO_KEY(STRING, redis_password_file, "", NULL, "file whose first line is the password"),
	PORTICO_KEY(SECONDS, redis_timeout, "1s", "10ms..1m", "time for an answer, and to connect"),
	PORTICO_KEY(SIZE, redis_queue, "4m", "256k..1g", "bytes of a worker that wait for answers"),
	PORTICO_KEY(STRING, include, "", NULL, "more files to read: a name or a pattern"),
	{0},
};

static const struct portico_option service_options[] = {
	SERVICE_KEY(ENUM, protocol, NULL, "tcp|udp|http", "tcp, udp or http"),
	PORTICO_OPTION_IN(STRING, struct draft_service, listen, NULL, NULL,
		"HOST:PORT, or several with commas between them"),
	PORTICO_OPTION(STRING, struct draft_service, balance, "hash",
		"hash, random, cpu, source, weights 3,1, load or payload OFFSET LENGTH"),
	SERVICE_KEY(INT, backlog, "4096", "1..65535", "connections that may wait in a queue"),
	SERVICE_KEY(ENUM, defer_accept, "auto", "auto|yes|no",
		"whether a connection waits in the kernel for its first byte"),
	SERVICE_KEY(BOOL, share, "no", NULL, "whether other programs may hold the port, too"),
	SERVICE_KEY(SECONDS, idle, "60s", "0..30d", "time without a byte; 0 is no limit"),
	SERVICE_KEY(SIZE, max_input, "64k", "1..1g", "bytes a handler may leave unused"),
	SERVICE_KEY(SIZE, high_water, "64k", "1..1g", "queued bytes that pause reading"),
	SERVICE_KEY(SIZE, max_queue, "16m", "1..1g", "queued bytes that refuse a write"),
	SERVICE_KEY(SECONDS, linger, "5s", "0..1h", "time a closing peer has to hear our end"),
	PORTICO_OPTION(STRING, struct draft_service, tls_certificate, "",
		"file of the certificate, or several with commas between them"),
	PORTICO_OPTION(STRING, struct draft_service, tls_key, "", "file of its key, in the same order"),
	SERVICE_KEY(STRING, tls_client_ca, "", NULL, "file of who vouches for clients"),
	SERVICE_KEY(ENUM, tls_client, "no", "no|optional|required", "whether clients show a certificate"),
	SERVICE_KEY(ENUM, tls_protocols, "1.2,1.3", "1.2,1.3|1.3", "versions of TLS"),
	SERVICE_KEY(SECONDS, tls_handshake, "10s", "100ms..1h", "time for a whole handshake"),
	SERVICE_KEY(BOOL, proxy_protocol, "no", NULL, "whether each connection has a PROXY header"),
	PORTICO_OPTION(STRING, struct draft_service, proxy_from, "",
		"networks of the proxies, who must send one; nobody else is served"),
	SERVICE_KEY(SECONDS, proxy_time, "5s", "100ms..1h", "time for a whole PROXY header"),
	SERVICE_KEY(STRING, rate, "off", NULL, "how often all clients together may: 100/s, 30/m; or off"),
	SERVICE_KEY(INT, rate_burst, "1", "1..1000000000", "how often at once; without it, the rate's number"),
	SERVICE_KEY(STRING, rate_client, "off", NULL, "how often each client may: 10/s; or off"),
	SERVICE_KEY(INT, rate_client_burst, "1", "1..1000000000", "how often at once; likewise"),
	PORTICO_OPTION(STRING, struct draft_service, rate_client_prefix, "/32,/64",
		"bits of an IPv4 and of an IPv6 address that make a client"),
	SERVICE_KEY(SIZE, rate_clients, "64k", "256..16m", "clients that are remembered"),
	SERVICE_KEY(ENUM, rate_action, "refuse", "refuse|report", "what becomes of those over a rate"),
	SERVICE_KEY(ENUM, rate_over, "machine", "machine|redis", "whose workers count together"),
	PORTICO_OPTION(STRING, struct draft_service, table, "0",
		"bytes of the table that all workers share, or redis; 0 is none"),
	PORTICO_OPTION(STRING, struct draft_service, publish, "0",
		"bytes for messages between its workers, or redis; 0 is none"),
	SERVICE_KEY(STRING, redis_prefix, "", NULL, "of its keys and channels in Redis"),
	SERVICE_KEY(SIZE, max_head, "16k", "64..16m", "bytes in a request's head"),
	SERVICE_KEY(SIZE, max_target, "8k", "1..16m", "bytes in a request's target"),
	SERVICE_KEY(INT, max_fields, "100", "1..100", "header lines in a request"),
	SERVICE_KEY(SIZE, max_body, "1m", "0..1024g", "bytes in a request's body"),
	SERVICE_KEY(SECONDS, head_time, "10s", "100ms..1h", "time for a whole head to come"),
	SERVICE_KEY(SECONDS, body_time, "0", "0..30d", "time for a whole body; 0 is no limit"),
	SERVICE_KEY(SIZE, ws_max_message, "1m", "1..1g", "bytes in a WebSocket's message"),
	SERVICE_KEY(SECONDS, ws_ping, "30s", "0..1d", "silence of a WebSocket until a ping; 0 is none"),
	SERVICE_KEY(SIZE, body_rate, "500", "0..1g", "bytes a second of a body; 0 is no limit"),
	SERVICE_KEY(SIZE, send_rate, "500", "0..1g", "bytes a second a peer reads; 0 is no limit"),
	SERVICE_KEY(SECONDS, rate_grace, "30s", "1s..1d", "time a peer may fall behind them"),
	SERVICE_KEY(INT, max_requests, "0", "0..1000000000", "on one connection; 0 is no limit"),
	SERVICE_KEY(INT, max_connections, "0", "0..1000000000", "in a worker; 0 is no limit"),
	SERVICE_KEY(INT, max_per_client, "0", "0..1000000000",
		"connections of one address in a worker; 0 is no limit"),
	SERVICE_KEY(STRING, server, "portico", NULL, "the header Server of replies; off is none"),
	SERVICE_KEY(STRING, access_log, "", NULL, "file with a line for each request; - is standard output"),
	SERVICE_KEY(ENUM, access_log_format, "combined", "combined|json", "what a line of it looks like"),
	{0},
};

static const struct portico_option handler_options[] = {
	PORTICO_OPTION(STRING, struct config_handler, plugin, NULL, "the handler's shared object"),
	PORTICO_OPTION(STRING, struct draft_handler, host, "", "hosts that it is for; http"),
	{0},
};

const char *config_plugin_directory(void)
{
	return PORTICO_PLUGIN_DIR;
}

const struct schema config_portico_keys = {portico_options, sizeof(*portico_options)};
const struct schema config_service_keys = {service_options, sizeof(*service_options)};
const struct schema config_handler_keys = {handler_options, sizeof(*handler_options)};

enum {
	TCP = 1 << CONFIG_TCP,
	UDP = 1 << CONFIG_UDP,
	HTTP = 1 << CONFIG_HTTP,
};

unsigned config_key_protocols(const char *key)
{
	static const struct {
		const char *key;
		unsigned    protocols;
	} restricted[] = {
		{"backlog", TCP | HTTP},    {"idle", TCP | HTTP},
		{"defer_accept", TCP | HTTP},
		{"max_input", TCP},         {"high_water", TCP | HTTP},
		{"max_queue", TCP | HTTP},  {"linger", TCP | HTTP},
		{"tls_certificate", TCP | HTTP}, {"tls_key", TCP | HTTP},
		{"tls_client_ca", TCP | HTTP}, {"tls_client", TCP | HTTP},
		{"tls_protocols", TCP | HTTP}, {"tls_handshake", TCP | HTTP},
		{"proxy_protocol", TCP | HTTP}, {"proxy_from", TCP | HTTP},
		{"proxy_time", TCP | HTTP},
		{"max_head", HTTP},         {"max_target", HTTP},
		{"max_fields", HTTP},       {"max_body", HTTP},
		{"head_time", HTTP},        {"body_time", HTTP},
		{"ws_max_message", HTTP},   {"ws_ping", HTTP},
		{"body_rate", HTTP},        {"send_rate", TCP | HTTP},
		{"rate_grace", TCP | HTTP}, {"max_requests", HTTP},
		{"max_connections", TCP | HTTP}, {"max_per_client", TCP | HTTP},
		{"server", HTTP},           {"access_log", HTTP},
		{"access_log_format", HTTP},
	};

	for (size_t i = 0; i < sizeof(restricted) / sizeof(*restricted); i++) {
		if (strcmp(restricted[i].key, key) == 0)
			return restricted[i].protocols;
	}
	return TCP | UDP | HTTP;
}
