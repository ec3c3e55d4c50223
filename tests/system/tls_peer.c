/* SPDX-License-Identifier: MIT */
/* tls_peer.c - what a plugin is told of a client's certificate and of its session. */
#include <ctype.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "client.h"
#include "harness.h"
#include "operate.h"
#include "server.h"
#include "tls_client.h"
#include "ws_client.h"

SYSTEM_SUITE(tls_peer);

enum { PORT = 8443, WORKERS = 4, VISITS = 60, LONG = 1024 };

#define PAIR "tls_certificate = a.test.crt\ntls_key = a.test.key\n"
#define CLIENTS "tls_client_ca = ann.crt\ntls_client = optional\n"
#define WEB                                                                  \
	"[portico]\nworkers = %u\n"                                          \
	"[service web]\nprotocol = http\nlisten = 127.0.0.1:8443\n" PAIR CLIENTS \
	"[handler web]\nplugin = ${T}/tls_peer.so\n"
#define TCP                                                                  \
	"[portico]\nworkers = 1\n"                                           \
	"[service tcp]\nprotocol = tcp\nlisten = 127.0.0.1:8443\n" PAIR CLIENTS \
	"[handler tcp]\nplugin = ${T}/tls_peer.so\n"
#define SUBJECT "CN=ann \\\"\\C3\\A4\\\",O=A\\, B+OU=x,C=DE"

/* ann, whose certificate is its own authority. */
static void make_ann(const char *subject)
{
	char line[8192];

	snprintf(line, sizeof(line), "openssl req -x509 -utf8 -newkey ec -pkeyopt ec_paramgen_curve:P-256 "
		"-nodes -keyout %s/ann.key -out %s/ann.crt -multivalue-rdn -subj '%s' -days 2 2>/dev/null",
		harness_dir(), harness_dir(), subject);
	cr_assert_eq(system(line), 0, "%s", line);
}

static const char *fingerprint(void)
{
	static char text[128];
	char line[PATH_MAX];
	size_t len = 0;
	int c;

	snprintf(line, sizeof(line), "openssl x509 -in %s -noout -fingerprint -sha256", path_of("ann.crt"));
	FILE *said = popen(line, "r");
	cr_assert_not_null(said);
	while ((c = fgetc(said)) != EOF && c != '=')
		;
	while ((c = fgetc(said)) != EOF)
		if (isxdigit(c) && len < sizeof(text) - 1)
			text[len++] = (char)tolower(c);
	text[len] = '\0';
	cr_assert_eq(pclose(said), 0);
	cr_assert_eq(len, 64);
	return text;
}

static struct server *start(const char *ini, unsigned workers)
{
	make_pair("a.test");
	make_ann("/C=DE/O=A, B+OU=x/CN=ann \"\xc3\xa4\"");
	return server_start(ini, workers);
}

/* Everything behind the slot. */
static void told(const char *answer, const char *version, const char *how, const char *name,
	const char *print, const char *subject)
{
	char wanted[2048], *at = strchr(answer, ' ');
	const char *cipher = strcmp(version, "TLSv1.3") == 0 ? "TLS_AES_256_GCM_SHA384"
							     : "ECDHE-ECDSA-AES128-GCM-SHA256";

	cr_assert_not_null(at, "%s", answer);
	snprintf(wanted, sizeof(wanted), " %s %s %s [%s] [%s] [%s] %zu\n", version, cipher, how, name,
		print, subject, strlen(subject));
	cr_assert_str_eq(at, wanted);
}

/* ---- one connection ---- */

static void tells_all(int version, const char *name)
{
	struct tls_conn c;

	tls_dial(&c, PORT, &(struct tls_wish){ .version = version, .pair = "ann", .name = "b.test" });
	told(tls_get(&c, "/"), name, "new", "b.test", fingerprint(), SUBJECT);
	told(tls_get(&c, "/"), name, "new", "b.test", fingerprint(), SUBJECT);
	tls_hang_up(&c);
	tls_dial(&c, PORT, &(struct tls_wish){ .version = version });
	told(tls_get(&c, "/"), name, "new", "", "", "");
	tls_hang_up(&c);
}

Test(tls_peer, a_handler_knows_who_showed_a_certificate_and_who_did_not)
{
	struct server *s = start(WEB, 1);

	tells_all(TLS1_2_VERSION, "TLSv1.2");
	tells_all(TLS1_3_VERSION, "TLSv1.3");
	server_stop(s);
}

Test(tls_peer, a_plugin_that_knows_less_of_the_struct_is_given_less)
{
	struct server *s = start(WEB, 1);
	struct tls_conn c;

	tls_dial(&c, PORT, NULL);
	cr_assert_str_eq(tls_get(&c, "/small"), "TLSv1.3 untouched\n");
	tls_hang_up(&c);
	server_stop(s);
}

Test(tls_peer, a_subject_without_room_is_left_out_not_cut)
{
	struct tls_conn c;
	char subject[LONG + 64] = "", whole[64];

	for (int i = 0; i < 17; i++)
		strcat(subject, "/OU=xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx");
	make_pair("a.test");
	make_ann(subject);
	struct server *s = server_start(WEB, 1);
	tls_dial(&c, PORT, &(struct tls_wish){ .pair = "ann" });
	const char *answer = tls_get(&c, "/");
	snprintf(whole, sizeof(whole), "] [] %zu\n", strlen(subject) - 1);
	cr_assert_not_null(strstr(answer, whole), "%s", answer);
	cr_assert_not_null(strstr(answer, fingerprint()), "%s", answer);
	tls_hang_up(&c);
	server_stop(s);
}

Test(tls_peer, a_service_in_clear_has_no_such_thing)
{
	struct server *s = server_start("[portico]\nworkers = 1\n[service web]\nprotocol = http\n"
		"listen = 127.0.0.1:8080\n[handler web]\nplugin = ${T}/tls_peer.so\n");
	char text[64];

	cr_assert_str_eq(http_get(8080, "/"), "0 no TLS\n");
	int fd = ws_connect(8080, "/");
	ws_say(fd, 1, "who", 3);
	cr_assert_eq(ws_hear(fd, text, sizeof(text)), 1);
	cr_assert_str_eq(text, "0 no TLS\n");
	close(fd);
	server_stop(s);
}

/* ---- over other protocols ---- */

static const char *hears_line(struct tls_conn *c)
{
	static char line[2048];
	size_t len = 0;

	while (len < sizeof(line) - 1 && SSL_read(c->ssl, line + len, 1) == 1 && line[len] != '\n')
		len++;
	line[len + 1] = '\0';
	return line;
}

Test(tls_peer, over_tcp_it_is_known_between_the_handshake_and_the_end)
{
	struct server *s = start(TCP, 1);
	struct tls_conn c;

	tls_dial(&c, PORT, &(struct tls_wish){ .pair = "ann" });
	cr_assert_str_eq(hears_line(&c), "0 not now\n");
	tls_says(&c, "who");
	told(hears_line(&c), "TLSv1.3", "new", "", fingerprint(), SUBJECT);
	tls_hang_up(&c);
	server_await(s, "closed: 0 not now");
	server_stop(s);
}

Test(tls_peer, a_websocket_knows_it_too)
{
	static const char says_who[] = "\x81\x83\0\0\0\0who";
	struct server *s = start(WEB, 1);
	struct tls_conn c;
	unsigned char head[4];

	tls_dial(&c, PORT, &(struct tls_wish){ .pair = "ann" });
	tls_says(&c, WS_HANDSHAKE("/", ""));
	while (strcmp(hears_line(&c), "\r\n") != 0)
		;
	cr_assert_eq(SSL_write(c.ssl, says_who, sizeof(says_who) - 1), (int)sizeof(says_who) - 1);
	cr_assert_eq(SSL_read(c.ssl, head, sizeof(head)), 4);
	cr_assert_eq(head[0], 0x81);
	told(hears_line(&c), "TLSv1.3", "new", "", fingerprint(), SUBJECT);
	tls_hang_up(&c);
	server_stop(s);
}

/* ---- resumption ---- */

/* The client shows its certificate once; what it says of itself then comes with the ticket. */
static void visits_as_ann(SSL_SESSION **session, int version, const char *name)
{
	const char *print = fingerprint();
	unsigned hits[WORKERS] = { 0 };
	struct tls_conn c;

	for (int i = 0; i < VISITS; i++) {
		tls_dial(&c, PORT, &(struct tls_wish){ .version = version, .session = *session,
			.name = "b.test" });
		const char *answer = tls_get(&c, "/");
		hits[(unsigned)atoi(answer) % WORKERS]++;
		told(answer, name, "resumed", "b.test", print, SUBJECT);
		if (c.latest) {          /* in TLS 1.3 a ticket is for one time */
			SSL_SESSION_free(*session);
			*session = tls_session(&c);
		}
		tls_hang_up(&c);
	}
	for (int i = 0; i < WORKERS; i++)
		cr_assert_gt(hits[i], 0, "slot %d was never asked", i);
}

static void is_ann_everywhere(int version, const char *name)
{
	struct server *s = start(WEB, WORKERS);
	struct tls_conn c;

	tls_dial(&c, PORT, &(struct tls_wish){ .version = version, .pair = "ann", .name = "b.test" });
	tls_get(&c, "/");
	SSL_SESSION *session = tls_session(&c);
	tls_hang_up(&c);
	visits_as_ann(&session, version, name);
	server_reload(s, WEB, WORKERS);
	server_await_generation(s, 2);
	visits_as_ann(&session, version, name);
	SSL_SESSION_free(session);
	server_stop(s);
}

Test(tls_peer, who_resumes_on_any_worker_is_who_it_was_1_2)
{
	is_ann_everywhere(TLS1_2_VERSION, "TLSv1.2");
}

Test(tls_peer, who_resumes_on_any_worker_is_who_it_was_1_3)
{
	is_ann_everywhere(TLS1_3_VERSION, "TLSv1.3");
}
