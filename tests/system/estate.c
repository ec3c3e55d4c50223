/* SPDX-License-Identifier: MIT */
/* estate.c - what a handler knows goes to the worker that comes after it, or it starts empty and
 * the log says why. */
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "client.h"
#include "harness.h"
#include "load.h"
#include "operate.h"
#include "server.h"
#include "upgrade_rig.h"

SYSTEM_SUITE(estate);

enum { PORT = 8080, PER_SECOND = 300 };

#define WEB                                                                  \
	"[service web]\nprotocol = http\nlisten = 127.0.0.1:8080\n"          \
	"[handler web /]\n"
#define ESTATE(keys, plugin, how)                                            \
	"[portico]\nworkers = 1\n" keys WEB "plugin = ${T}/" plugin ".so\n" how "\n%s"
#define PLAIN(word) ESTATE("", "estate", "word = " word)
#define CACHE(workers)                                                       \
	"[portico]\nworkers = " workers "\n" WEB "plugin = ${E}/cache.so\n%s"

static void answers(const char *word)
{
	const char *got = http_get(PORT, "/");

	cr_assert_str_eq(got, word, "%s instead of %s", got, word);
}

/* ---- it works ---- */

Test(estate, a_reload_hands_it_on)
{
	struct server *s = server_start(PLAIN("first"), "");

	answers("none");
	for (unsigned i = 2; i <= 4; i++) {
		server_reload(s, PLAIN("other"), "");
		server_await_count(s, "took over", i - 1);
		answers(i == 2 ? "first" : "other");
	}
	cr_assert(server_says(s, "handler web / (plugin estate): took over 5 bytes of state, version 1"));
	cr_assert_not(server_says(s, "starts empty"));
	server_stop(s);
}

Test(estate, each_slot_has_its_own)
{
	static const char ini[] = "[portico]\nworkers = 3\n" WEB "plugin = ${T}/estate.so\n%s";
	struct server *s = server_start(ini, "");

	server_reload(s, ini, "");
	server_await_count(s, "took over 4 bytes", 3);
	server_stop(s);
}

Test(estate, the_first_client_waits_until_it_is_there)
{
	struct server *s = server_start(ESTATE("state_time = 20s\n", "estate", "export = slow"), "");
	struct response r;
	int kept = client_connect(PORT);

	client_get(kept, "/", &r);
	server_reload(s, ESTATE("state_time = 20s\n", "estate", ""), "");
	server_await(s, "stands still");         /* it accepts no more */
	cr_assert_not(server_says(s, "took over"), "it was there before its first client");
	answers("word");
	client_get(kept, "/", &r);       /* of the old worker, idle */
	cr_assert_str_eq(r.body, "word");
	cr_assert_not(server_says(s, "imported behind"));
	close(kept);
	server_stop(s);
}

#ifndef __SANITIZE_ADDRESS__    /* which makes other system calls */
Test(estate, works_for_workers_that_may_do_little)
{
	static const char ini[] = "[portico]\nworkers = 1\nuser = nobody\nseccomp = kill\n" WEB
		"plugin = ${T}/estate.so\n%s";

	struct server *s = server_start(ini, "");
	server_reload(s, ini, "");
	server_await(s, "took over");
	answers("word");
	server_stop(s);
}
#endif

Test(estate, retire_hands_it_on)
{
	struct server *s = server_start(PLAIN("first"), "");
	struct outcome o;

	verb_succeeds(&o, "retire", "0");
	server_await(s, "took over");
	answers("first");
	server_stop(s);
}

Test(estate, an_upgrade_hands_it_on)
{
	write_file("portico.ini", PLAIN("first"), "");
	struct server *s = start_serving();

	upgrade_succeeds(s, 2);
	server_await(s, "took over");
	answers("first");
	server_stop(s);
}

/* ---- it starts empty ---- */

static const struct failure {
	const char *keys;
	const char *how;                 /* of who exports */
	const char *plugin, *import;     /* of who comes */
	const char *says;
} failures[] = {
	{ "", "export = fail", "estate", "", "is not handed on: state_export() gave -1" },
	{ "", "export = huge", "estate", "", "is not handed on: it is more than state_max" },
	{ "state_max = 3\n", "", "estate", "", "is not handed on: it is more than state_max" },
	{ "state_time = 100ms\n", "export = many", "estate", "",
		"is not handed on: it took longer than state_time" },
	{ "", "export = crash", "estate", "", "starts empty: the worker before it died" },
	{ "drain = 1s\n", "export = hang", "estate", "",
		"starts empty: nothing has come within state_time = 2s" },
	{ "", "export = unsealed", "estate", "", "cannot be read: it is not sealed" },
	{ "", "export = cut", "estate", "", "cannot be read: it is cut short" },
	{ "", "export = flipped", "estate", "", "cannot be read: its checksum is wrong" },
	{ "", "", "estate_2", "", "starts empty: state_import() refused what there was, version 1; its own is 2" },
	{ "", "", "estate_other", "", "starts empty: what there was is another plugin's" },
	{ "", "", "estate", "import = refuse", "starts empty: state_import() refused" },
	{ "", "", "estate", "import = die", "state_import()" },
};

Test(estate, what_cannot_be_handed_on_starts_empty_and_the_log_says_so)
{
	static const char ini[] = "[portico]\nworkers = 1\n%s" WEB "plugin = ${T}/%s.so\n%s\n";

	for (size_t i = 0; i < sizeof(failures) / sizeof(*failures); i++) {
		const struct failure *f = &failures[i];
		struct server *s = server_start(ini, f->keys, "estate", f->how);
		server_reload(s, ini, f->keys, f->plugin, f->import);
		server_await(s, f->says);
		answers("none");
		cr_assert_not(server_says(s, "took over"), "%s", f->says);
		server_stop(s);
	}
}

Test(estate, what_comes_too_late_is_not_taken)
{
	struct server *s = server_start(ESTATE("", "estate", "export = slow"), "");

	server_reload(s, ESTATE("state_time = 200ms\n", "estate", ""), "");
	server_await(s, "starts empty: nothing has come within state_time = 0.2s");
	answers("none");
	server_await(s, "is not handed on: it took longer than state_time");
	answers("none");
	server_stop(s);
}

Test(estate, without_state_time_nothing_is_handed_on)
{
	struct server *s = server_start(PLAIN("first"), "");

	server_reload(s, ESTATE("state_time = 0\n", "estate", ""), "");
	server_await_generation(s, 2);
	answers("none");
	server_await(s, "what its handlers know goes to nobody");
	server_stop(s);
}

Test(estate, a_slot_that_ends_hands_nothing_on)
{
	static const char ini[] = "[portico]\nworkers = %s\n" WEB "plugin = ${T}/estate.so\n";
	struct server *s = server_start(ini, "2");

	server_reload(s, ini, "1");
	server_await_generation(s, 2);
	server_await(s, "worker 1 of generation 1: what its handlers know goes to nobody");
	server_await(s, "took over");
	answers("word");
	cr_assert_eq(server_count(s, "took over"), 1);
	server_stop(s);
}

Test(estate, a_crash_loses_it)
{
	struct server *s = server_start(PLAIN("first"), "");

	server_reload(s, PLAIN("second"), "");
	server_await(s, "took over");
	answers("first");
	kill(status_worker(0), SIGKILL);
	(void)status_await_worker(0);
	answers("none");
	server_stop(s);
}

/* The old ones hand on a copy, and only when they leave. */
Test(estate, a_canary_starts_empty_and_when_it_is_rolled_back_nothing_is_lost)
{
	struct server *s = server_start(PLAIN("first"), "");
	struct outcome o;

	server_reload(s, PLAIN("second"), "");
	server_await(s, "took over");
	answers("first");
	write_file("portico.ini", ESTATE("canary = 1%% 1h\n", "estate", ""), "");
	struct asked reload;
	verb_begin(&reload, "reload", NULL);
	server_await(s, " of new clients for ");
	verb_succeeds(&o, "rollback", NULL);
	cr_assert_eq(verb_await(&reload, &o), 1);
	for (int i = 0; i < 10; i++)
		answers("first");
	cr_assert_eq(server_count(s, "took over"), 1);
	server_stop(s);
}

/* ---- the cache of examples/ ---- */

static bool is_kept(const char *name)
{
	char text[256];
	struct response r;

	snprintf(text, sizeof(text), "GET /%s HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n", name);
	cr_assert_eq(http_raw(PORT, text, &r), 200);
	return strcmp(response_header(&r, "X-Cache"), "hit") == 0;
}

Test(estate, the_cache_stays_warm_over_reloads_and_no_client_is_lost)
{
	struct server *s = server_start(CACHE("1"), "work = 10");
	struct load l;

	cr_assert_not(is_kept("name"));
	load_start(&l, PORT, PER_SECOND);
	for (unsigned i = 2; i <= 6; i++) {
		/* Each time of another size: what is there finds its new place. */
		server_reload(s, CACHE("1"), i % 2 ? "entries = 100\nwork = 10" : "entries = 5000\nwork = 10");
		server_await_generation(s, i);
		cr_assert(is_kept("name"), "generation %u", i);
		load_await(&l, 20);
	}
	load_stop(&l);
	load_lost_nothing(l.result);
	server_stop(s);
}
