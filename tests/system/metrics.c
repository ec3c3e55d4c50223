/* SPDX-License-Identifier: MIT */
/* metrics.c - /metrics: one scrape shows all workers, whoever answers, and nothing goes back. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "admin_rig.h"
#include "client.h"
#include "harness.h"
#include "load.h"
#include "operate.h"
#include "server.h"
#include "tls_client.h"

SYSTEM_SUITE(metrics);

enum { WEB = 8080, ECHO = 7000 };

#define SERVICES                                                             \
	"[service web]\nprotocol = http\nlisten = 127.0.0.1:8080\n"          \
	"[handler web /]\nplugin = ${T}/block.so\n"                          \
	"[service echo]\nprotocol = tcp\nlisten = 127.0.0.1:7000\n"          \
	"[handler echo]\nplugin = ${E}/echo.so\n"

#define OPEN_METRICS "Accept: application/openmetrics-text; version=1.0.0\r\n"

static void ask_web(unsigned times)
{
	for (unsigned i = 0; i < times; i++)
		cr_assert_eq(http_status(WEB, "/"), 200);
}

static double requests(const char *text)
{
	return metrics_sum(text, "portico_requests_total", "service=\"web\"");
}

/* ---- what was done is what is told ---- */

Test(metrics, count_what_was_done_over_all_workers)
{
	server_start(WITH_ADMIN SERVICES);
	ask_web(60);
	char *text = metrics_read();

	cr_assert_eq(requests(text), 60, "%g", requests(text));
	cr_assert_eq(metrics_sum(text, "portico_connections_accepted_total", "web"), 60);
	cr_assert_eq(metrics_sum(text, "portico_answer_duration_seconds_count", "web"), 60);
	cr_assert_eq(metrics_sum(text, "portico_answer_duration_seconds_bucket", "le=\"+Inf\""), 60);
	cr_assert_eq(metrics_sum(text, "portico_plugin_asked_total", "handler=\"web /\""), 60);
	cr_assert_eq(metrics_sum(text, "portico_plugin_level", NULL), 2);
	cr_assert_eq(metrics_sum(text, "portico_workers", NULL), 2);
	cr_assert_eq(metrics_sum(text, "portico_worker_state", "state=\"serving\""), 2);
	cr_assert(metrics_sum(text, "portico_worker_busy_seconds_total", NULL) > 0.);
	free(text);
}

Test(metrics, are_the_same_whoever_answers)
{
	server_start(WITH_ADMIN SERVICES);
	ask_web(30);
	for (unsigned i = 0; i < 20; i++) {
		char *text = metrics_read();
		cr_assert_eq(requests(text), 30, "%u: %g", i, requests(text));
		free(text);
	}
}

/* Prometheus comes for ever, and is nobody's client. */
Test(metrics, who_asks_for_them_is_not_counted)
{
	server_start(WITH_ADMIN SERVICES);
	for (unsigned i = 0; i < 20; i++)
		free(metrics_read());
	char *text = metrics_read();
	cr_assert_eq(metrics_sum(text, "portico_connections_accepted_total", NULL), 0);
	cr_assert_eq(metrics_sum(text, "portico_requests_total", NULL), 0);
	free(text);

	json_t *status = status_read(), *slot;
	size_t i;
	json_array_foreach(json_object_get(status, "slots"), i, slot)
		cr_assert_eq(json_integer_value(json_object_get(slot, "accepted")), 0);
	cr_assert_eq(json_array_size(json_object_get(status, "services")), 2);
	json_decref(status);
}

/* ---- nothing goes back ---- */

/* Takes the place of the text before. */
static void look_again(char **text)
{
	char *now = metrics_read();

	metrics_grew(*text, now);
	free(*text);
	*text = now;
}

static double crashes(void)
{
	char *text = metrics_read();
	double sum = metrics_sum(text, "portico_crashes_total", NULL);

	free(text);
	return sum;
}

static bool crashed(void *arg)
{
	(void)arg;
	return crashes() >= 1.;
}

Test(metrics, never_go_back)
{
	struct server *s = server_start(WITH_ADMIN SERVICES);
	struct outcome o;
	struct load l;
	char *text;

	load_start(&l, WEB, 100);
	load_await(&l, 50);
	text = metrics_read();
	kill(status_worker(1), SIGKILL);
	cr_assert(wait_until(crashed, NULL, PATIENCE));
	status_await_worker(1);
	look_again(&text);
	verb_succeeds(&o, "reload", NULL);
	look_again(&text);
	load_await(&l, 20);
	verb_succeeds(&o, "upgrade", NULL);
	server_await_generation(s, 3);
	look_again(&text);
	verb_succeeds(&o, "scale", "1");
	look_again(&text);
	load_await(&l, 20);
	load_stop(&l);
	look_again(&text);
	cr_assert_eq(metrics_sum(text, "portico_crashes_total", NULL), 1);
	cr_assert_eq(metrics_sum(text, "portico_upgrades_total", NULL), 1);
	cr_assert_eq(metrics_sum(text, "portico_reloads_total", "good"), 2);
	/* Who was killed may have counted some whose answers had not left it. */
	unsigned answered = atomic_load(&l.result->answered), started = atomic_load(&l.result->started);
	cr_assert(requests(text) >= answered && requests(text) <= started, "%g, answered %u of %u", requests(text),
		answered, started);
	free(text);
}

Test(metrics, count_reloads_that_failed)
{
	struct server *s = server_start(WITH_ADMIN SERVICES);

	server_reload(s, WITH_ADMIN "nonsense\n");
	server_await(s, "reload failed");
	char *text = metrics_read();
	cr_assert_eq(metrics_sum(text, "portico_reloads_total", "failed"), 1);
	cr_assert_eq(metrics_sum(text, "portico_reloads_total", "good"), 0);
	free(text);
}

Test(metrics, know_when_certificates_end)
{
	make_pair("a.test");
	server_start(WITH_ADMIN "[service web]\nprotocol = http\nlisten = 127.0.0.1:8080\n"
		"tls_certificate = a.test.crt\ntls_key = a.test.key\n[handler web /]\nplugin = ${E}/hello.so\n");
	char *text = metrics_read();
	double ends = metrics_sum(text, "portico_certificate_expiry_timestamp_seconds", "a.test.crt");
	cr_assert(ends > (double)time(NULL) && ends < (double)time(NULL) + 3660. * 86400., "%g", ends);
	free(text);
}

/* ---- in which form, and for whom ---- */

Test(metrics, have_the_form_that_is_asked_for)
{
	struct response r;

	server_start(WITH_ADMIN SERVICES);
	admin_get("/metrics", OPEN_METRICS, &r);
	cr_assert_str_eq(response_header(&r, "Content-Type"),
		"application/openmetrics-text; version=1.0.0; charset=utf-8");
	cr_assert_str_eq(r.body + r.len - 6, "# EOF\n");
	cr_assert_str_eq(response_header(&r, "X-Content-Type-Options"), "nosniff");
	cr_assert_str_eq(response_header(&r, "Cache-Control"), "no-store");
	cr_assert_null(response_header(&r, "Access-Control-Allow-Origin"));
	admin_get("/metrics", "Accept: */*\r\n", &r);
	cr_assert_str_eq(response_header(&r, "Content-Type"), "text/plain; version=0.0.4; charset=utf-8");
	cr_assert_null(strstr(r.body, "# EOF"));
}

/* The manual names what there is, and nothing else. */
Test(metrics, every_family_is_in_the_manual)
{
	const char *manual = read_file(PORTICO_SOURCE_DIR "/docs/metrics.md");
	char family[128], named[140];
	struct response r;
	size_t families = 0, rows = 0;

	server_start(WITH_ADMIN SERVICES);
	admin_get("/metrics", OPEN_METRICS, &r);
	for (const char *at = r.body; (at = strstr(at, "# TYPE ")); at++) {
		cr_assert_eq(sscanf(at, "# TYPE %100s", family), 1);
		snprintf(named, sizeof(named), "\n| `%s` |", family);
		bool plugin = strncmp(family, "portico_plugin_", 15) == 0;
		cr_assert(plugin || strstr(manual, named), "%s", family);
		families += !plugin;
	}
	for (const char *at = manual; (at = strstr(at, "\n| `p")); at++)
		rows++;
	cr_assert_eq(rows, families + 1, "%zu rows, %zu families", rows, families);
}

static int raw(const char *request)
{
	struct response r;
	return http_raw(ADMIN, request, &r);
}

Test(metrics, the_admin_service_is_read_only_and_has_no_other_name)
{
	server_start(WITH_ADMIN "admin_host = ok.example\n" SERVICES);
	cr_assert_eq(admin_status("/nothing"), 404);
	cr_assert_eq(raw("POST /metrics HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n"), 405);
	cr_assert_eq(raw("GET /livez HTTP/1.1\r\nHost: evil.example\r\n\r\n"), 421);
	cr_assert_eq(raw("GET /livez HTTP/1.1\r\nHost: ok.example:9180\r\n\r\n"), 200);
	cr_assert_eq(raw("GET /livez HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"), 200);
}

Test(metrics, status_json_is_what_portico_status_tells)
{
	struct response r;

	server_start(WITH_ADMIN SERVICES);
	admin_get("/status.json", "", &r);
	cr_assert_str_eq(response_header(&r, "Content-Type"), "application/json");
	json_t *there = json_loads(r.body, 0, NULL), *here = status_read(), *value;
	const char *key;
	cr_assert_not_null(there);
	json_object_foreach(here, key, value)
		cr_assert_not_null(json_object_get(there, key), "%s", key);
	cr_assert(json_equal(json_object_get(there, "pid"), json_object_get(here, "pid")));
	json_decref(there);
	json_decref(here);
}

/* ---- a master that hangs ---- */

Test(metrics, a_stopped_master_is_told_and_hangs_nobody)
{
	struct server *s = server_start(WITH_ADMIN SERVICES);
	struct response r;

	kill(server_pid(s), SIGSTOP);
	double begin = seconds_now();
	admin_get("/metrics", "", &r);
	cr_assert_eq(r.status, 503);
	cr_assert_not_null(strstr(r.body, "the master has not answered"), "%s", r.body);
	cr_assert(seconds_now() - begin < 10.);
	cr_assert_eq(admin_status("/livez"), 200);
	cr_assert_eq(admin_status("/readyz"), 200);
	kill(server_pid(s), SIGCONT);
	cr_assert_eq(admin_status("/metrics"), 200);
}

/* ---- what they cost ---- */

/* What pid has had of the processors, in seconds. */
static double time_used(pid_t pid)
{
	char path[64];
	double ns = 0.;

	snprintf(path, sizeof(path), "/proc/%d/schedstat", (int)pid);
	FILE *f = fopen(path, "re");
	cr_assert(f && fscanf(f, "%lf", &ns) == 1, "%s", path);
	fclose(f);
	return ns * 1e-9;
}

static void ask_at_once(struct server *s, unsigned many)
{
	struct response r;
	int clients[64];

	kill(server_pid(s), SIGSTOP);
	for (unsigned i = 0; i < many; i++) {
		clients[i] = client_connect(ADMIN);
		client_says(clients[i], "GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n");
	}
	kill(server_pid(s), SIGCONT);
	for (unsigned i = 0; i < many; i++) {
		cr_assert(client_response(clients[i], &r) && r.status == 200, "%u: %d", i, r.status);
		close(clients[i]);
	}
}

/* All who wait for one answer of the master are told in one turn of the loop. */
Test(metrics, many_scrapers_cost_little_more_than_one)
{
	enum { MANY = 60 };
	struct server *s = server_start("[portico]\nworkers = 1\nadmin = 127.0.0.1:9180\n" SERVICES);
	pid_t worker = status_worker(0);

	ask_at_once(s, 1);
	double begin = time_used(worker);
	for (unsigned i = 0; i < 10; i++)
		ask_at_once(s, 1);
	double one = (time_used(worker) - begin) / 10;
	begin = time_used(worker);
	ask_at_once(s, MANY);
	double many = time_used(worker) - begin;
	cr_assert(many < MANY / 3 * one, "%g s for one, %g s for %u", one, many, MANY);
}
