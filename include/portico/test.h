/* SPDX-License-Identifier: MIT */
/*
 * portico/test.h - unit tests of a portico handler, without a server.
 *
 * libportico-test.a is portico's own parser, streams, rules and option reader around
 * one handler, in the test's process; clients are socket pairs, and the clock
 * stands still until the test moves it.  A whole test, under Criterion or any other:
 *
 *	#include <criterion/criterion.h>
 *	#include <portico/test.h>
 *	#include "hello.c"
 *
 *	Test(hello, greets)
 *	{
 *		struct portico_test *t = portico_test_new(.settings = "greeting = Hi\n");
 *		struct portico_test_reply *r = portico_test_get(t, "/");
 *
 *		cr_assert_eq(r->status, 200);
 *		cr_assert_str_eq(r->body, "Hi\n");
 *		portico_test_end(t);
 *	}
 *
 *	cc -o test test.c -lcriterion $(pkg-config --cflags --libs portico-test)
 *
 * What happens when.  Every function here lets the loop run until there is nothing left to
 * do: when it returns, the handler has seen what was sent, and what it answered has
 * come.  None of them may be called from inside a callback of the handler.
 *
 * Time.  From portico_test_new() to portico_test_end() the clocks of clock_gettime(2),
 * gettimeofday(2), time(2) and libev, but not those of the CPU, stand still in all of the
 * process.  It is 2026-01-01 00:00:00 UTC, and only portico_test_advance() moves it.  Sleeping
 * takes real time and moves nothing; a handler that waits for the clock in a loop waits for ever.
 *
 * Failures.  What portico itself would log of a handler that breaks its contract, a loop that
 * never rests, watchers that stop() left behind, a service that does not start, and what
 * portico_test_every_cut() finds go as a sentence to .failed(); without one it is
 * written to standard error and the process aborts, which any test framework sees.
 * With one that returns, the test goes on; from one that does not return (longjmp(3)) the
 * struct portico_test is lost.
 *
 * One service exists at a time in a process; the functions are called from one thread.
 * TLS, PROXY headers, Redis and several handlers of one service are for tests with the server.
 */
#ifndef PORTICO_TEST_H
#define PORTICO_TEST_H

#include <portico.h>

#ifdef __cplusplus
extern "C" {
#endif

struct portico_test;             /* one service with its handler, in the test's process */
struct portico_test_client;      /* somebody who talks to it */

enum portico_test_protocol { PORTICO_TEST_HTTP, PORTICO_TEST_TCP, PORTICO_TEST_UDP };

/* What to test; zeros are fine for all of it. */
struct portico_test_setup {
	size_t size;                     /* set by the macros below */
	/* The plugin: in the test itself; or a shared object's path; or with neither the
	 * one that PORTICO_PLUGIN() made and that is linked in.  Borrowed until the end. */
	const struct portico_plugin *plugin;
	const char                  *file;
	enum portico_test_protocol   protocol;
	/* Lines as they stand in an ini file below [handler test /] and [service test]. */
	const char *settings;            /* "greeting = Hi\nloud = yes\n" */
	const char *service;             /* "max_body = 1k\nidle = 5s\n" */
	void      (*failed)(const char *sentence);
};

#define PORTICO_TEST_SIZE .size = sizeof(struct portico_test_setup)

/* A plugin of the test's own: static const struct portico_plugin mine =
 * PORTICO_TEST_PLUGIN(.name = "mine", .http_request = request); */
#define PORTICO_TEST_PLUGIN(...)                                             \
	{ .abi = PORTICO_ABI, .struct_size = sizeof(struct portico_plugin),  \
	  .option_size = sizeof(struct portico_option), __VA_ARGS__ }

/* ---- the service ---- */

/* Checks the plugin and its settings and calls start(), as a worker does: its name is
 * "test", its worker number 0, what workers share (table, publish and rates in service) it has for itself
 * alone, its peers' connections are bounded as etc/portico.ini bounds them.
 * NULL after a failure only: it did not start, or one exists (EBUSY), or ENOMEM. */
#define portico_test_new(...)                                                \
	portico_test_create(&(struct portico_test_setup){ PORTICO_TEST_SIZE, __VA_ARGS__ })
struct portico_test *portico_test_create(const struct portico_test_setup *);

/* What portico would say that refuses to start so, a sentence a line; NULL: it starts, and was
 * ended again.  Valid until the next call. */
#define portico_test_refuses(...)                                            \
	portico_test_refusal(&(struct portico_test_setup){ PORTICO_TEST_SIZE, __VA_ARGS__ })
const char *portico_test_refusal(const struct portico_test_setup *);

/* Ends it as a worker ends: drain() if it was not called, all connections cut, stop(); but offloaded
 * work that is begun is waited for.  Frees it with its clients, and time passes again.  NULL is fine. */
void portico_test_end(struct portico_test *);

/* Lets seconds pass: timers fire and time limits strike, each at its time and in their order, to
 * some milliseconds.  1e6 seconds at most. */
void portico_test_advance(struct portico_test *, double seconds);

/* For what comes in real time, through watchers of the handler's own, by portico_offload(), or from other
 * servers, to which its connections are real ones: runs the loop until so(arg) is true, for so many real seconds at
 * most.  Gives what so(arg) is. */
bool portico_test_wait(struct portico_test *, bool (*so)(void *arg), void *arg, double seconds);

/* A reload as the old worker sees it: drain(), no new clients, idle ones of HTTP end;
 * and then the end of its time to drain: who is still there is cut. */
void portico_test_drain(struct portico_test *);
void portico_test_drain_is_over(struct portico_test *);

/* What was logged since the last call, of all levels, as lines "warn  handler test /: ...";
 * "" if nothing was.  Valid until the next call. */
const char *portico_test_logs(struct portico_test *);

/* The counter or gauge that the handler registered by that name; NAN without one. */
double portico_test_number(struct portico_test *, const char *name);

/* ---- clients; they live until portico_test_end() ---- */

/* A new one of the service.  from: "192.0.2.7:4711", "192.0.2.7" or "[2001:db8::1]:80", who the
 * handler is to see; NULL: 127.0.0.1.  UDP goes over real loopback: from is an
 * address of 127.0.0.0/8.  NULL after a failure only.  After portico_test_drain() it is
 * refused: it finds itself cut. */
struct portico_test_client *portico_test_connect(struct portico_test *, const char *from);

/* Sends bytes; of UDP one datagram.  What does not fit while the handler does not read waits
 * and goes on by itself.  Without effect when the connection has ended. */
void portico_test_send(struct portico_test_client *, const void *data, size_t len);
void portico_test_say(struct portico_test_client *, const char *text);

/* It says no more, and reads on. */
void portico_test_finish(struct portico_test_client *);

/* It is gone without a word.  Twice is fine. */
void portico_test_leave(struct portico_test_client *);

/* A peer that does not read: the handler's queue grows once some 10 KB have gone; and
 * that reads again. */
void portico_test_stop_reading(struct portico_test_client *);
void portico_test_read_on(struct portico_test_client *);

/* Whether the handler's side is open, has ended after all that it had said, or was cut
 * (portico_conn_abort(), time limits, a reply that is not whole): over TCP a reset. */
enum portico_test_ending { PORTICO_TEST_OPEN, PORTICO_TEST_ENDED, PORTICO_TEST_CUT };
enum portico_test_ending portico_test_state(const struct portico_test_client *);

/* The bytes that came and were not taken yet, with a NUL behind that is not counted; of
 * UDP one datagram, NULL without one.  Takes them.  len may be NULL.  Valid until
 * the next call for this client. */
const char *portico_test_received(struct portico_test_client *, size_t *len);

/* ---- HTTP ---- */

struct portico_test_reply {
	int         status;
	const char *head;        /* from the status line to the last field, as it came */
	const char *body;        /* chunks joined; with a NUL behind that len does not count */
	size_t      len;
};

/* Sends a request with Host, with these fields, "Name: value\r\n..." or NULL, and with
 * Content-Length if there is a body or its method has one. */
void portico_test_request(struct portico_test_client *, const char *method,
	const char *target, const char *fields, const void *body, size_t len);

/* The next whole reply, taken from what came; 100 Continue is passed over.  NULL if none is
 * whole yet.  Valid until the next reply of this client.  That a reply to HEAD has no body
 * is known of those that portico_test_request() sent. */
struct portico_test_reply *portico_test_reply(struct portico_test_client *);

/* The first field of that name; NULL without one.  Valid as long as the reply. */
const char *portico_test_field(struct portico_test_reply *, const char *name);

/* Both at once, from a new client; it is a failure if no whole reply comes, and gives
 * a reply with status 0. */
struct portico_test_reply *portico_test_get(struct portico_test *, const char *target);
struct portico_test_reply *portico_test_post(struct portico_test *, const char *target,
	const void *body, size_t len);

/* ---- WebSocket ---- */

/* Asks for an upgrade; protocol: to offer, or NULL.  True with 101: from then on the client
 * answers pings and closes by itself, and the functions below are for it.  Else the
 * refusal is there for portico_test_reply(). */
bool portico_test_upgrade(struct portico_test_client *, const char *target,
	const char *protocol);

/* A whole message, PORTICO_TEXT or PORTICO_BINARY, in one frame; a close. */
void portico_test_socket_send(struct portico_test_client *, int kind, const void *data,
	size_t len);
void portico_test_socket_say(struct portico_test_client *, const char *text);
void portico_test_socket_close(struct portico_test_client *, int code, const char *reason);

/* What the handler sent, in its order: 0 for kind stands for its close. */
struct portico_test_message {
	int         kind;
	int         code;        /* of a close, 1005 if it said none */
	const char *data;        /* of a close its reason; with a NUL behind */
	size_t      len;
};
/* The next one; NULL without one.  Valid until the next call for this client. */
struct portico_test_message *portico_test_message(struct portico_test_client *);

/* ---- cuts ---- */

/* However the network cuts what a client sends, the handler must answer the same.  Starts the
 * service afresh for each: data in one piece; in two, cut at every place; and byte by byte.
 * The client finishes then, and has a minute for its answers.  A difference is a
 * failure.  Not while another service exists. */
#define portico_test_every_cut(data, len, ...)                               \
	portico_test_cuts(&(struct portico_test_setup){ PORTICO_TEST_SIZE, __VA_ARGS__ }, data, len)
void portico_test_cuts(const struct portico_test_setup *, const void *data, size_t len);

#ifdef __cplusplus
}
#endif

#endif /* PORTICO_TEST_H */
