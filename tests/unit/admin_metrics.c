/* SPDX-License-Identifier: MIT */
/* admin_metrics.c - admin/metrics*.c: which families there are, of what the master told. */
#include <criterion/criterion.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "admin/metrics.h"

#define STATUS                                                               \
	"{'version':'9','workers':2,'generation':3,'crashes':4,'imbalance':null," \
	"'strangers':[],'canary':null,'generations':[{'state':'serving'},{'state':'retiring'}]," \
	"'slots':[{'slot':0,'state':'stalled','restarts':5,'share':0.25,'expected':null,'rss':4096,'generation':3," \
	"'offload':{'threads':4,'busy':3,'queued':2,'left_behind':1}}]," \
	"'sockets':[{'slot':1,'type':'tcp','state':'held','service':'web','address':'[::]:80','queue':2,'limit':128}," \
	"{'slot':1,'type':'udp','state':'held','service':'u','address':'[::]:81','queue':1,'limit':0}," \
	"{'slot':1,'type':'tcp','state':'retiring','service':'','address':'[::]:82','queue':1,'limit':9}]," \
	"'services':[{'name':'web','table':{'size':9,'room':8,'used':7,'entries':6,'refused':5},'metrics':[%s]}," \
	"{'name':'u','table':null,'metrics':[]}]}"

#define ROW(service, protocol, worker)                                       \
	"{'service':'" service "','protocol':'" protocol "','worker':" worker ",'accepted':10,'active':1," \
	"'closed':9,'lost':0,'bytes_in':7,'bytes_out':8,'datagrams_in':11,'datagrams_out':12," \
	"'requests':{'2xx':5,'5xx':6},'errors':{'reset':2,'unlogged':3}," \
	"'latency':{'below':[1,3],'count':4,'sum':0.5}}"

#define NUMBERS                                                              \
	"{'began':1000000000.0,'reloads':7,'reloads_failed':1,'bounds':[0.5,1.0],'loops':[{'busy':0.5,'restarts':5,'left_behind':1},{'busy':0.25,'restarts':0,'left_behind':6}],'rows':[" \
	ROW("web", "http", "0") "," ROW("u", "udp", "1") "]}"

static char *written;

static json_t *read(const char *text)
{
	char *copy = strdup(text);

	for (char *at = copy; *at; at++)
		if (*at == '\'')
			*at = '"';
	json_t *value = json_loads(copy, 0, NULL);
	cr_assert_not_null(value, "%s", copy);
	free(copy);
	return value;
}

/* The text for a service web with these metrics of plugins. */
static void render(const char *metrics, bool open_metrics)
{
	struct expose e = { .open_metrics = open_metrics };
	char status[4096];
	size_t len;

	snprintf(status, sizeof(status), STATUS, metrics);
	json_t *s = read(status), *n = read(NUMBERS);
	e.out = open_memstream(&written, &len);
	metrics_write(&e, s, n);
	expose_end(&e);
	fclose(e.out);
	json_decref(s);
	json_decref(n);
}

static void free_written(void)
{
	free(written);
}

TestSuite(metrics, .fini = free_written);

static size_t count(const char *line)
{
	size_t n = 0, len = strlen(line);

	for (const char *at = written; (at = strstr(at, line)); at += len)
		n += (at == written || at[-1] == '\n') && (at[len] == '\n' || line[len - 1] == ' ');
	return n;
}

static void has(const char *line)
{
	cr_expect_eq(count(line), 1, "%zu times %s in\n%s", count(line), line, written);
}

static void lacks(const char *part)
{
	cr_expect_null(strstr(written, part), "%s in\n%s", part, written);
}

Test(metrics, of_the_server)
{
	render("", false);
	has("portico_build_info{version=\"9\"} 1");
	has("process_start_time_seconds 1000000000");
	has("portico_crashes_total 4");
	has("portico_reloads_total{result=\"good\"} 7");
	has("portico_reloads_total{result=\"failed\"} 1");
	has("portico_generations{state=\"serving\"} 1");
	has("portico_generations{state=\"canary\"} 0");
	has("portico_worker_state{worker=\"0\",state=\"stalled\"} 1");
	has("portico_worker_state{worker=\"0\",state=\"serving\"} 0");
	has("portico_worker_state{worker=\"0\",state=\"resting\"} 0");
	has("portico_worker_restarts_total{worker=\"0\"} 5");
	has("portico_worker_busy_seconds_total{worker=\"1\"} 0.25");
}

Test(metrics, of_work_in_threads)
{
	render("", false);
	has("portico_offload_threads{worker=\"0\"} 4");
	has("portico_offload_busy{worker=\"0\"} 3");
	has("portico_offload_queued{worker=\"0\"} 2");
	has("portico_offload_left_behind_total{worker=\"0\"} 1");
	has("portico_offload_left_behind_total{worker=\"1\"} 6");
}

Test(metrics, of_tables)
{
	render("", false);
	has("portico_table_entries{service=\"web\"} 6");
	has("portico_table_used_bytes{service=\"web\"} 7");
	has("portico_table_room_bytes{service=\"web\"} 8");
	has("portico_table_refused_total{service=\"web\"} 5");
	lacks("portico_table_entries{service=\"u\"}");
}

Test(metrics, what_is_not_known_has_no_sample)
{
	render("", false);
	has("portico_worker_share_ratio{worker=\"0\"} 0.25");
	lacks("portico_worker_expected_share_ratio{");
	lacks("\nportico_imbalance_ratio ");
}

Test(metrics, queues_are_of_sockets_that_serve_connections)
{
	render("", false);
	has("portico_accept_queue_length{worker=\"1\",service=\"web\",address=\"[::]:80\"} 2");
	has("portico_accept_queue_limit{worker=\"1\",service=\"web\",address=\"[::]:80\"} 128");
	lacks("[::]:81");
	lacks("[::]:82");
}

Test(metrics, a_service_has_what_its_protocol_has)
{
	render("", false);
	has("portico_connections_accepted_total{service=\"web\",worker=\"0\"} 10");
	lacks("portico_connections_accepted_total{service=\"u\"");
	has("portico_datagrams_received_total{service=\"u\",worker=\"1\"} 11");
	lacks("portico_datagrams_received_total{service=\"web\"");
	has("portico_received_bytes_total{service=\"u\",worker=\"1\"} 7");
	has("portico_requests_total{service=\"web\",worker=\"0\",code=\"5xx\"} 6");
	lacks("portico_requests_total{service=\"u\"");
	has("portico_errors_total{service=\"web\",worker=\"0\",reason=\"reset\"} 2");
	lacks("reason=\"unlogged\"");
	has("portico_access_log_lines_lost_total{service=\"web\",worker=\"0\"} 3");
	has("portico_answer_duration_seconds_bucket{service=\"web\",worker=\"0\",le=\"0.5\"} 1");
	has("portico_answer_duration_seconds_bucket{service=\"web\",worker=\"0\",le=\"1.0\"} 3");
	has("portico_answer_duration_seconds_bucket{service=\"web\",worker=\"0\",le=\"+Inf\"} 4");
	has("portico_answer_duration_seconds_sum{service=\"web\",worker=\"0\"} 0.5");
}

#define METRIC(handler, name, kind, value)                                   \
	"{'handler':'" handler "','name':'" name "','help':'of " handler "','kind':'" kind "','value':" value "}"

Test(metrics, plugins_share_a_family_of_one_name)
{
	render(METRIC("web /a", "hits", "counter", "1") "," METRIC("web /a", "level", "gauge", "0.5")
		"," METRIC("web /b", "hits_total", "counter", "2"), false);
	has("# TYPE portico_plugin_hits_total counter");
	has("# HELP portico_plugin_hits_total of web /a");
	has("portico_plugin_hits_total{service=\"web\",handler=\"web /a\"} 1");
	has("portico_plugin_hits_total{service=\"web\",handler=\"web /b\"} 2");
	has("portico_plugin_level{service=\"web\",handler=\"web /a\"} 0.5");
}

/* One family of two kinds would make the whole text worthless. */
Test(metrics, plugins_of_two_minds_have_two_families)
{
	render(METRIC("web /a", "n", "gauge", "1.0") "," METRIC("web /b", "n", "counter", "2") ","
		METRIC("web /c", "n_total", "gauge", "3.0"), true);
	has("# TYPE portico_plugin_n counter");
	has("# TYPE portico_plugin_n_ gauge");
	has("portico_plugin_n_total{service=\"web\",handler=\"web /b\"} 2");
	has("portico_plugin_n_{service=\"web\",handler=\"web /a\"} 1");
	has("portico_plugin_n_{service=\"web\",handler=\"web /c\"} 3");
}

/* Every sample belongs to the family above it, no family comes twice, and EOF is the end. */
Test(metrics, families_stand_together)
{
	char family[128] = "", line[128];
	size_t families = 0;

	render(METRIC("web /a", "hits", "counter", "1"), true);
	for (const char *at = written; *at; at = strchr(at, '\n') + 1) {
		if (sscanf(at, "# TYPE %100s", family) == 1) {
			snprintf(line, sizeof(line), "# TYPE %s ", family);
			cr_assert_eq(count(line), 1, "%s", line);
			families++;
		} else if (*at != '#') {
			cr_assert_eq(strncmp(at, family, strlen(family)), 0, "%s: %.80s", family, at);
		}
	}
	cr_assert_gt(families, 30);
	cr_assert_str_eq(written + strlen(written) - 6, "# EOF\n");
}
