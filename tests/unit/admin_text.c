/* SPDX-License-Identifier: MIT */
/* admin_text.c - admin/expose.c, accept.c, host.c: what is written, and for whom. */
#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "admin/accept.h"
#include "admin/expose.h"
#include "admin/host.h"
#include "comma.h"

/* ---- the two forms ---- */

static char *text;
static size_t len;
static struct expose e;

static void begin(bool open_metrics)
{
	e = (struct expose){ .out = open_memstream(&text, &len), .open_metrics = open_metrics };
}

static void expect(const char *wanted)
{
	expose_end(&e);
	fclose(e.out);
	cr_assert_str_eq(text, wanted);
	free(text);
}

static const struct expose_family asked = { "x_asked", EXPOSE_COUNTER, NULL, "How \"often\"\\\n?" };
static const struct expose_family memory = { "x_memory_bytes", EXPOSE_GAUGE, "bytes", "Much." };
static const struct expose_family build = { "x_build", EXPOSE_INFO, NULL, "It." };

Test(expose, writes_open_metrics)
{
	begin(true);
	expose_family(&e, &asked);
	expose_count(&e, 7, "a", "1", "b", "2", NULL);
	expose_family(&e, &memory);
	expose_real(&e, 0.5, NULL);
	expose_family(&e, &build);
	expose_count(&e, 1, "version", "9", NULL);
	expect("# TYPE x_asked counter\n# HELP x_asked How \\\"often\\\"\\\\\\n?\n"
		"x_asked_total{a=\"1\",b=\"2\"} 7\n"
		"# TYPE x_memory_bytes gauge\n# UNIT x_memory_bytes bytes\n# HELP x_memory_bytes Much.\n"
		"x_memory_bytes 0.5\n"
		"# TYPE x_build info\n# HELP x_build It.\nx_build_info{version=\"9\"} 1\n# EOF\n");
}

Test(expose, writes_the_format_before_it)
{
	begin(false);
	expose_family(&e, &asked);
	expose_count(&e, 7, NULL);
	expose_family(&e, &memory);
	expose_real(&e, 1e21, NULL);
	expose_family(&e, &build);
	expose_count(&e, 1, "version", "9", NULL);
	expect("# TYPE x_asked_total counter\n# HELP x_asked_total How \"often\"\\\\\\n?\nx_asked_total 7\n"
		"# TYPE x_memory_bytes gauge\n# HELP x_memory_bytes Much.\nx_memory_bytes 1e+21\n"
		"# TYPE x_build_info gauge\n# HELP x_build_info It.\nx_build_info{version=\"9\"} 1\n");
}

Test(expose, escapes_what_labels_hold)
{
	begin(false);
	expose_family(&e, &memory);
	expose_count(&e, UINT64_MAX, "a", "\"\\\nü", NULL);
	expect("# TYPE x_memory_bytes gauge\n# HELP x_memory_bytes Much.\n"
		"x_memory_bytes{a=\"\\\"\\\\\\nü\"} 18446744073709551615\n");
}

Test(expose, a_histogram_is_cumulative_and_ends_with_all)
{
	static const double bounds[] = { 3.2e-05, 2. };
	static const uint64_t below[] = { 1, 3 };
	const struct expose_histogram h = { bounds, below, 2, 4, 1.25 };

	begin(true);
	expose_family(&e, &(struct expose_family){ "h_seconds", EXPOSE_HISTOGRAM, "seconds", "H." });
	expose_histogram(&e, &h, "a", "b", NULL);
	expose_histogram(&e, &h, NULL);
	expect("# TYPE h_seconds histogram\n# UNIT h_seconds seconds\n# HELP h_seconds H.\n"
		"h_seconds_bucket{a=\"b\",le=\"3.2e-05\"} 1\nh_seconds_bucket{a=\"b\",le=\"2.0\"} 3\n"
		"h_seconds_bucket{a=\"b\",le=\"+Inf\"} 4\nh_seconds_count{a=\"b\"} 4\n"
		"h_seconds_sum{a=\"b\"} 1.25\n"
		"h_seconds_bucket{le=\"3.2e-05\"} 1\nh_seconds_bucket{le=\"2.0\"} 3\n"
		"h_seconds_bucket{le=\"+Inf\"} 4\nh_seconds_count 4\nh_seconds_sum 1.25\n# EOF\n");
}

/* A plugin may have called setlocale(3). */
Test(expose, a_comma_is_no_decimal_point)
{
	static const double bounds[] = { 0.5, 2. };
	static const uint64_t below[] = { 1, 3 };
	const struct expose_histogram h = { bounds, below, 2, 4, 1.25 };

	comma_set();
	begin(false);
	expose_family(&e, &memory);
	expose_real(&e, 0.5, "a", "b", NULL);
	expose_family(&e, &(struct expose_family){ "h", EXPOSE_HISTOGRAM, NULL, "H." });
	expose_histogram(&e, &h, NULL);
	expect("# TYPE x_memory_bytes gauge\n# HELP x_memory_bytes Much.\nx_memory_bytes{a=\"b\"} 0.5\n"
		"# TYPE h histogram\n# HELP h H.\nh_bucket{le=\"0.5\"} 1\nh_bucket{le=\"2.0\"} 3\n"
		"h_bucket{le=\"+Inf\"} 4\nh_count 4\nh_sum 1.25\n");
}

/* ---- Accept ---- */

static void wants(const char *accept, bool open_metrics)
{
	cr_expect_eq(accept_open_metrics(accept), open_metrics, "%s", accept ? accept : "(none)");
}

Test(accept, plain_text_is_for_those_who_do_not_say)
{
	wants(NULL, false);
	wants("", false);
	wants("*/*", false);
	wants("text/html,application/xhtml+xml,*/*;q=0.8", false);
	wants("application/*", false);
}

Test(accept, open_metrics_is_for_those_who_name_it)
{
	wants("application/openmetrics-text", true);
	wants("Application/OpenMetrics-Text ; Version=1.0.0 ; charset=utf-8", true);
	wants("text/plain;version=0.0.4;q=0.5,application/openmetrics-text;version=1.0.0;q=0.5", true);
	/* Prometheus 2.42 and 3 */
	wants("application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,"
		"text/plain;version=0.0.4;q=0.5,*/*;q=0.1", true);
	wants("application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,"
		"application/openmetrics-text;version=0.0.1;q=0.5,text/plain;version=1.0.0;q=0.4,*/*;q=0.2", true);
}

Test(accept, who_would_rather_have_plain_text_gets_it)
{
	wants("application/openmetrics-text;q=0.3,text/plain;q=0.4", false);
	wants("application/openmetrics-text;q=0,*/*", false);
	wants("application/openmetrics-text;version=0.0.1", false);
	wants("application/openmetrics-text;q=x", false);
	wants("application/openmetrics-text;q=0.5,text/plain;q=0.1,*/*", true);
	wants(",,;;q,application/openmetrics-text;q=0.5;,", true);
}

Test(accept, a_client_has_its_own_decimal_point)
{
	comma_set();
	wants("application/openmetrics-text;q=0.3,text/plain;q=0.4", false);
	wants("application/openmetrics-text;q=0.4,text/plain;q=0.3", true);
}

/* ---- Host ---- */

Test(host, addresses_and_localhost_are_ours)
{
	static const char *const good[] = { "127.0.0.1", "127.0.0.1:9180", "10.1.2.3:80", "[::1]",
		"[::1]:9180", "localhost", "LocalHost:9180" };
	static const char *const bad[] = { "", "evil.example", "127.0.0.1.evil.example", "localhost.evil",
		"[::1", "[x]", "1.2.3", ":80", "metrics.example" };
	const struct config c = {0};

	cr_assert(host_is_ours(NULL, &c));
	for (size_t i = 0; i < sizeof(good) / sizeof(*good); i++)
		cr_expect(host_is_ours(good[i], &c), "%s", good[i]);
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		cr_expect_not(host_is_ours(bad[i], &c), "%s", bad[i]);
}

Test(host, others_are_if_they_are_named)
{
	const char *names[] = { "Metrics.Example", "b" }, *any[] = { "*" };
	struct config c = { .admin_hosts = names, .admin_host_count = 2 };

	cr_assert(host_is_ours("metrics.example:9180", &c));
	cr_assert(host_is_ours("b", &c));
	cr_assert_not(host_is_ours("c", &c));
	c = (struct config){ .admin_hosts = any, .admin_host_count = 1 };
	cr_assert(host_is_ours("c", &c));
}
