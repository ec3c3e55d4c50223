/* SPDX-License-Identifier: MIT */
/* tls_resume.c - sessions, certificates and workers that come and go. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "client.h"
#include "harness.h"
#include "operate.h"
#include "server.h"
#include "tls_client.h"

SYSTEM_SUITE(tls_resume);

enum { PORT = 8443, WORKERS = 4, VISITS = 60 };

#define WHO                                                                  \
	"[portico]\nworkers = 4\n"                                           \
	"[service web]\nprotocol = http\nlisten = 127.0.0.1:8443\n"          \
	"tls_certificate = %s.crt\ntls_key = %s.key\n"                       \
	"[handler web]\nplugin = ${T}/who.so\n"

static struct server *start(void)
{
	make_pair("a.test");
	return server_start(WHO, "a.test", "a.test");
}

/* A visit with the session of the one before; its slot. */
static unsigned visit_again(SSL_SESSION **session, int version)
{
	struct tls_conn c;
	unsigned slot = 0;

	tls_dial(&c, PORT, &(struct tls_wish){ .version = version, .session = *session });
	cr_assert_eq(SSL_session_reused(c.ssl), *session != NULL, "not resumed");
	cr_assert_eq(sscanf(tls_get(&c, "/"), "%u ", &slot), 1);
	if (c.latest) {
		SSL_SESSION_free(*session);
		*session = tls_session(&c);
	}
	tls_hang_up(&c);
	return slot;
}

static void visits_resume_everywhere(SSL_SESSION **session, int version)
{
	unsigned hits[WORKERS] = { 0 };

	for (int i = 0; i < VISITS; i++)
		hits[visit_again(session, version) % WORKERS]++;
	for (int i = 0; i < WORKERS; i++)
		cr_assert_gt(hits[i], 0, "slot %d was never asked", i);
}

static void resumes(int version)
{
	struct server *s = start();
	SSL_SESSION *session = NULL;

	visit_again(&session, version);
	visits_resume_everywhere(&session, version);
	SSL_SESSION_free(session);
	server_stop(s);
}

Test(tls_resume, every_worker_opens_every_ticket_1_2)
{
	resumes(TLS1_2_VERSION);
}

Test(tls_resume, every_worker_opens_every_ticket_1_3)
{
	resumes(TLS1_3_VERSION);
}

Test(tls_resume, tickets_outlive_a_reload_and_workers)
{
	struct server *s = start();
	SSL_SESSION *session = NULL;
	pid_t pids[WORKERS];

	visit_again(&session, TLS1_3_VERSION);
	server_reload(s, WHO, "a.test", "a.test");
	server_await_generation(s, 2);
	visits_resume_everywhere(&session, TLS1_3_VERSION);
	cr_assert_eq(server_workers(s, pids, WORKERS), WORKERS);
	kill(pids[0], SIGKILL);
	server_await(s, "of signal 9 (Killed)");
	server_await_workers(s, WORKERS);
	visits_resume_everywhere(&session, TLS1_3_VERSION);
	SSL_SESSION_free(session);
	server_stop(s);
}

Test(tls_resume, tickets_outlive_an_upgrade)
{
	struct outcome o;
	SSL_SESSION *session = NULL;
	struct server *s = start();

	visit_again(&session, TLS1_3_VERSION);
	verb_succeeds(&o, "upgrade", NULL);
	cr_assert_eq(status_number("upgrades"), 1);
	visits_resume_everywhere(&session, TLS1_3_VERSION);
	verb_succeeds(&o, "upgrade", NULL);
	visits_resume_everywhere(&session, TLS1_3_VERSION);
	SSL_SESSION_free(session);
	server_stop(s);
}

Test(tls_resume, a_new_certificate_comes_with_a_reload)
{
	struct server *s = start();
	struct tls_conn old, new;

	make_pair("b.test");
	tls_dial(&old, PORT, NULL);
	cr_assert_str_eq(tls_subject(&old), "a.test");
	tls_get(&old, "/");
	server_reload(s, WHO, "b.test", "b.test");
	server_await_generation(s, 2);
	/* The one from before is answered once more, for a while, and told that this was it. */
	tls_get(&old, "/");
	cr_assert_not_null(strstr(tls_head(), "Connection: close\r\n"), "%s", tls_head());
	cr_assert(tls_hears_the_end(&old));
	tls_hang_up(&old);
	for (int i = 0; i < 10; i++) {
		tls_dial(&new, PORT, NULL);
		cr_assert_str_eq(tls_subject(&new), "b.test");
		tls_hang_up(&new);
	}
	server_stop(s);
}

/* Its handshake would begin in the middle of HTTP. */
Test(tls_resume, connections_in_clear_do_not_move_to_a_service_with_tls)
{
	struct response r;

	make_pair("a.test");
	struct server *s = server_start("[portico]\nworkers = 1\n[service web]\nprotocol = http\n"
		"listen = 127.0.0.1:8443\n[handler web]\nplugin = ${T}/who.so\n");
	int fd = client_connect(PORT);
	client_get(fd, "/", &r);
	server_reload(s, WHO, "a.test", "a.test");
	server_await_generation(s, 2);
	client_expect_end(fd, false);
	server_stop(s);
}

Test(tls_resume, a_certificate_is_chosen_by_the_name_asked_for)
{
	static const struct {
		const char *name, *subject;
	} cases[] = {
		{ NULL, "a.test" }, { "a.test", "a.test" }, { "b.test", "b.test" },
		{ "x.wild.test", "*.wild.test" }, { "sub.wild.test", "sub.wild.test" },
		{ "x.y.wild.test", "a.test" }, { "B.TEST", "b.test" }, { "c.test", "a.test" },
	};
	struct tls_conn c;

	make_pair("a.test");
	make_pair("b.test");
	make_pair("*.wild.test");
	make_pair("sub.wild.test");
	struct server *s = server_start(WHO, "a.test.crt, b.test.crt,_.wild.test.crt, sub.wild.test",
		"a.test.key, b.test.key,_.wild.test.key, sub.wild.test");
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		tls_dial(&c, PORT, &(struct tls_wish){ .name = cases[i].name });
		cr_assert_str_eq(tls_subject(&c), cases[i].subject, "%s",
			cases[i].name ? cases[i].name : "no name");
		tls_hang_up(&c);
	}
	server_stop(s);
}

/* ---- files that are not good ---- */

Test(tls_resume, a_reload_with_a_key_of_another_certificate_changes_nothing)
{
	struct server *s = start();
	struct tls_conn c;

	make_pair("b.test");
	server_reload(s, WHO, "b.test", "a.test");
	server_await(s, "does not belong to tls_certificate = ");
	server_await(s, "reload failed");
	tls_dial(&c, PORT, NULL);
	cr_assert_str_eq(tls_subject(&c), "a.test");
	tls_hang_up(&c);
	server_stop(s);
}

Test(tls_resume, check_tells_what_is_wrong_with_the_files)
{
	struct outcome o;

	make_pair("a.test");
	make_pair("b.test");
	write_file("empty.key", "%s", "");
	write_file("portico.ini", WHO, "a.test", "a.test");
	cr_assert_eq(verb(&o, "check", NULL), 0, "%s", o.err);
	cr_assert_str_eq(o.err, "");

	chmod(path_of("a.test.key"), 0644);
	cr_assert_eq(verb(&o, "check", NULL), 0);
	cr_assert_not_null(strstr(o.err, "a.test.key: others may read the key; chmod o= it"), "%s", o.err);

	write_file("portico.ini", WHO, "b.test", "a.test");
	cr_assert_eq(verb(&o, "check", NULL), 78);
	cr_assert_not_null(strstr(o.err, "portico.ini:3: [service web] tls_key = "), "%s", o.err);
	cr_assert_not_null(strstr(o.err, "does not belong to tls_certificate = "), "%s", o.err);

	write_file("portico.ini", WHO, "none", "empty");
	cr_assert_eq(verb(&o, "check", NULL), 78);
	cr_assert_not_null(strstr(o.err, "none.crt: No such file or directory"), "%s", o.err);
	cr_assert_not_null(strstr(o.err, "empty.key: no key in PEM form"), "%s", o.err);
}

Test(tls_resume, a_key_of_roots_alone_is_read_before_the_user_changes)
{
	struct tls_conn c;

	make_pair("a.test");
	struct stat file;
	cr_assert_eq(stat(path_of("a.test.key"), &file), 0);
	cr_assert_eq(file.st_mode & 0777, 0600);
	struct server *s = server_start("[portico]\nworkers = 2\nuser = nobody\n"
		"[service web]\nprotocol = http\nlisten = 127.0.0.1:8443\n"
		"tls_certificate = a.test.crt\ntls_key = a.test.key\n"
		"[handler web]\nplugin = ${T}/who.so\n");
	tls_dial(&c, PORT, NULL);
	tls_get(&c, "/");
	tls_hang_up(&c);
	server_stop(s);
}

Test(tls_resume, cert_overwrites_nothing)
{
	struct outcome o;

	write_file("a.test.key", "precious");
	cr_assert_eq(chdir(harness_dir()), 0);
	portico_ends(&o, NULL, "cert", "a.test", NULL);
	cr_assert_eq(o.code, 73);
	cr_assert_not_null(strstr(o.err, "a.test.key: is there already, and stays"), "%s", o.err);
	cr_assert_str_eq(read_file(path_of("a.test.key")), "precious");
	cr_assert_neq(access(path_of("a.test.crt"), F_OK), 0, "a certificate without its key");
	portico_ends(&o, NULL, "cert", "no/host", NULL);
	cr_assert_eq(o.code, 64);
	cr_assert_eq(chdir("/"), 0);
}
