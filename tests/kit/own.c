/* SPDX-License-Identifier: MIT */
/*
 * own.c - handlers of the test's own: backpressure, numbers, logs, time.
 */
#include <criterion/criterion.h>
#include <errno.h>
#include <math.h>
#include <portico/test.h>
#include <string.h>
#include <sys/time.h>
#include <time.h>

TestSuite(kit_own, .timeout = 60);

/* ---- a reply of many parts, each when there is room ---- */

enum { PARTS = 100, PART = 4096 };

struct flood {
	unsigned parts;
};

static unsigned draineds;

static void fill(struct portico_request *r)
{
	struct flood *f = portico_request_state(r);
	static const char part[PART];

	while (f->parts < PARTS && portico_reply_room(r) >= PART) {
		cr_assert_eq(portico_reply_write(r, part, PART), PART);
		f->parts++;
	}
	if (f->parts == PARTS)
		portico_reply_end(r);
}

static void drained(struct portico_request *r)
{
	draineds++;
	fill(r);
}

static int flood(struct portico_request *r)
{
	if (portico_reply_begin(r, 200, PORTICO_CHUNKED) < 0)
		return -1;
	fill(r);
	return PORTICO_LATER;
}

static const struct portico_plugin floods = PORTICO_TEST_PLUGIN(.name = "floods",
	.request_size = sizeof(struct flood), .http_request = flood, .http_drained = drained);

Test(kit_own, a_peer_that_does_not_read_holds_a_stream_back)
{
	struct portico_test *t = portico_test_new(.plugin = &floods, .service = "high_water = 16k\n");
	struct portico_test_client *c = portico_test_connect(t, NULL);

	portico_test_stop_reading(c);
	portico_test_request(c, "GET", "/", NULL, NULL, 0);
	unsigned before = draineds;
	portico_test_advance(t, 5.);
	cr_assert_eq(draineds, before, "it goes on though nobody reads");
	cr_assert_null(portico_test_reply(c));
	portico_test_read_on(c);
	struct portico_test_reply *r = portico_test_reply(c);
	cr_assert_eq(r->len, (size_t)PARTS * PART);
	cr_assert_geq(draineds, before + 10);
	portico_test_end(t);
}

/* ---- a service that counts, logs and keeps time ---- */

static struct portico_counter *hits;
static struct portico_gauge   *level;
static unsigned                ticks;
static bool                    was_drained, was_stopped;

static void tick(void *arg)
{
	(void)arg;
	ticks++;
}

static int start(struct portico_service *s)
{
	hits = portico_counter(s, "hits", "requests");
	level = portico_gauge(s, "level", "of nothing");
	portico_log(s, PORTICO_DEBUG, "slot %u of %s", portico_service_worker(s), portico_service_name(s));
	return portico_timer_start(s, 1., .25, tick, NULL) ? 0 : -1;
}

static void drain(struct portico_service *s)
{
	(void)s;
	was_drained = true;
}

static void stop(struct portico_service *s)
{
	(void)s;
	cr_assert(was_drained);
	was_stopped = true;
}

static int tell_peer(struct portico_request *r)
{
	struct portico_service *s = portico_request_service(r);
	struct portico_peer peer;

	portico_conn_peer(portico_request_conn(r), &peer);
	portico_counter_add(hits, 1);
	portico_gauge_set(level, -1.5);
	portico_log(s, PORTICO_WARN, "%s", portico_request_path(r));
	return portico_reply_text(r, 200, peer.addr.ss_family == AF_INET6 ? "six" : "four");
}

static const struct portico_plugin keeps = PORTICO_TEST_PLUGIN(.name = "keeps", .start = start,
	.drain = drain, .stop = stop, .http_request = tell_peer);

/* A line has 4096 bytes; the kit leaves the time out, and who speaks. */
Test(kit_own, a_long_message_is_whole_as_long_as_a_line_can_be)
{
	struct portico_test *t = portico_test_new(.plugin = &keeps);
	char path[6001] = "/";

	portico_test_logs(t);
	memset(path + 1, 'x', sizeof(path) - 2);
	portico_test_get(t, path);
	size_t len = strlen(portico_test_logs(t));
	cr_assert(len > 4000 && len <= 4096, "%zu bytes", len);
	path[3500] = '\0';
	portico_test_get(t, path);
	const char *said = portico_test_logs(t);
	cr_assert_not_null(strstr(said, path), "%s", said);
	cr_assert_null(strstr(said, "..."), "%s", said);
	portico_test_end(t);
}

Test(kit_own, numbers_logs_and_peers_are_seen)
{
	struct portico_test *t = portico_test_new(.plugin = &keeps);
	struct portico_test_client *c = portico_test_connect(t, "[2001:db8::1]:80");

	cr_assert_str_eq(portico_test_logs(t), "debug handler test /: slot 0 of test\n");
	portico_test_request(c, "GET", "/a%0ab", NULL, NULL, 0);
	cr_assert_str_eq(portico_test_reply(c)->body, "six");
	cr_assert_str_eq(portico_test_get(t, "/")->body, "four");
	cr_assert_str_eq(portico_test_logs(t), "warn  handler test /: /a?b\nwarn  handler test /: /\n");
	cr_assert_str_eq(portico_test_logs(t), "");
	cr_assert_eq(portico_test_number(t, "hits"), 2.);
	cr_assert_eq(portico_test_number(t, "level"), -1.5);
	cr_assert(isnan(portico_test_number(t, "none")));
	portico_test_end(t);
	cr_assert(was_stopped);
}

/* ---- a service that asks its table ---- */

static void counted(struct portico_service *s, const struct portico_table_answer *a, void *arg)
{
	struct portico_request *r = arg;

	(void)s;
	portico_reply_text(r, a->error ? 500 : 200, a->now == 2 ? "two" : "another");
}

static int count(struct portico_request *r)
{
	struct portico_service *s = portico_request_service(r);

	if (portico_table_add_then(s, "n", 1, 1, 0., counted, r) == 0)
		return PORTICO_LATER;
	return portico_reply_text(r, 503, strerror(errno));
}

static const struct portico_plugin asks = PORTICO_TEST_PLUGIN(.name = "asks", .http_request = count);

Test(kit_own, a_table_answers_later)
{
	struct portico_test *t = portico_test_new(.plugin = &asks, .service = "table = 256k\n");

	cr_assert_str_eq(portico_test_get(t, "/")->body, "another");
	cr_assert_str_eq(portico_test_get(t, "/")->body, "two");
	portico_test_end(t);
}

Test(kit_own, without_a_table_nothing_is_asked)
{
	struct portico_test *t = portico_test_new(.plugin = &asks);

	cr_assert_eq(portico_test_get(t, "/")->status, 503);
	portico_test_end(t);
}

Test(kit_own, timers_fire_as_often_as_their_time_has_come)
{
	struct portico_test *t = portico_test_new(.plugin = &keeps);

	portico_test_advance(t, .999);
	cr_assert_eq(ticks, 0);
	portico_test_advance(t, .001);
	cr_assert_eq(ticks, 1);
	portico_test_advance(t, 10.);
	cr_assert_eq(ticks, 41);
	portico_test_end(t);
}

Test(kit_own, all_clocks_stand_still)
{
	time_t before = time(NULL);
	struct portico_test *t = portico_test_new(.plugin = &keeps);
	struct timespec coarse, fine;
	struct timeval day;

	cr_assert_eq(time(NULL), 1767225600);
	portico_test_advance(t, 86400.);
	cr_assert_eq(time(NULL), 1767225600 + 86400);
	gettimeofday(&day, NULL);
	cr_assert_eq(day.tv_sec, 1767225600 + 86400);
	clock_gettime(CLOCK_MONOTONIC, &fine);
	clock_gettime(CLOCK_MONOTONIC_COARSE, &coarse);
	cr_assert_eq(fine.tv_nsec, coarse.tv_nsec);
	cr_assert_eq(ticks, 86400 * 4 - 3);
	portico_test_end(t);
	cr_assert_geq(time(NULL), before);
	cr_assert_leq(time(NULL), before + 60);
}
