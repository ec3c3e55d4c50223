/* SPDX-License-Identifier: MIT */
/*
 * portico.h - write a portico handler plugin.
 *
 * A plugin is a shared object that fills in one struct portico_plugin and
 * publishes it with PORTICO_PLUGIN().  Every callback is optional; define
 * the ones for the protocols you speak.  A whole plugin:
 *
 *	#include <portico.h>
 *
 *	static int request(struct portico_request *req)
 *	{
 *		return portico_reply_text(req, 200, "Hello\n");
 *	}
 *
 *	PORTICO_PLUGIN(.name = "hello", .http_request = request)
 *
 *	cc -shared -fPIC hello.c -o hello.so $(pkg-config --cflags portico)
 *
 * Where it runs.  Only in worker processes, after privileges are dropped, and in
 * the child in which portico check and a reload try it.  The master never loads a
 * plugin.  A worker has one thread and one event loop: callbacks never nest, and a
 * callback that blocks stops its worker.  Functions declared here may be called
 * from any callback of the same worker, timers and watchers of its loop included,
 * and from no other thread; what blocks is for portico_offload().  A worker has no capability and
 * binds no TCP port; the operator may let it open only what read_paths and write_paths name, and
 * what an option of yours names that is called root.
 *
 * State.  Each worker has a service state of its own, and a reload, a crash or
 * a change of scale begins with zeroed state; over a reload a plugin may hand on what it
 * likes, with state_export() and state_import(), and its connections too.  What all clients must share
 * belongs in a database, or in what the workers share: portico_table_put() and the like.
 *
 * Lifetimes.
 *   service    from start() until stop() returns
 *   conn       from tcp_open(), or tcp_import(), until tcp_close() returns; a request's: as long as
 *              the request; an outgoing one: from portico_connect() until closed() returns
 *   request    from http_begin() until http_done() returns
 *   socket     from portico_websocket_accept(), or ws_import(), until ws_close() returns
 *   dgram      inside the one udp_packet() call
 *   data/len   inside the one call they were passed to; so are key and value
 *   strings    returned by portico_request_*(): as long as the request
 * tcp_close(), http_done(), ws_close() and stop() are called exactly once for every
 * object you were shown, also when its first callback failed.  State starts
 * zeroed, so undoing half of it is safe.
 *
 * Results.  Callbacks and functions that return int give 0 for success and
 * -1 for failure; functions also set errno.
 */
#ifndef PORTICO_H
#define PORTICO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/types.h>

#ifdef __cplusplus
extern "C" {
#endif

#define PORTICO_ABI 1            /* changes only when old plugins must break */

struct ev_loop;                  /* libev's: #include <ev.h> if you want it */
struct portico_service;          /* your handler in one [service], in this worker */
struct portico_conn;             /* one TCP connection */
struct portico_dgram;            /* one received datagram */
struct portico_request;          /* one HTTP request and its reply */
struct portico_socket;           /* one WebSocket */
struct portico_timer;
struct portico_upstream;         /* a server that your connections go to */
struct portico_counter;
struct portico_gauge;
struct portico_export;           /* what state_export() and the like write to */

struct portico_peer {            /* plain value: copy it, keep it */
	struct sockaddr_storage addr;
	socklen_t               len;
};

struct portico_tls {             /* plain value, as above; texts end with NUL */
	char   version[16];      /* "TLSv1.3" */
	char   cipher[64];       /* "TLS_AES_128_GCM_SHA256" */
	char   server_name[256]; /* the host that the client asked for (SNI), as it wrote it; or "" */
	/* The client's certificate, verified with tls_client_ca; without one both texts are "".
	 * SHA-256 of it in 64 small hexadecimal digits; and its subject as RFC 4514 writes it,
	 * "CN=ann,O=Example", bytes outside ASCII as \C3\A4.  The subject may be empty, and one
	 * that has no room is left out, never cut: subject_len is what it would have. */
	char   fingerprint[65];
	char   subject[1024];
	size_t subject_len;
	bool   resumed;          /* the session began in an earlier connection */
};

/* Options: what [handler NAME] may say.  The worker checks them and stores
 * them in the service state before start(), defaults included.  Strings stay
 * valid until stop() returns. */
enum portico_type {
	PORTICO_STRING = 1,      /* const char *, never NULL */
	PORTICO_INT,             /* int64_t, "-3" */
	PORTICO_SIZE,            /* size_t in bytes, "512" "64k" "1m" "2g" */
	PORTICO_BOOL,            /* bool, "yes" "no" "on" "off" "true" "false" */
	PORTICO_SECONDS,         /* double, "250ms" "30s" "5m" "1h" */
	PORTICO_ENUM,            /* int, the index of the word in range: "red|green" */
};

struct portico_option {
	const char        *name;
	enum portico_type  type;
	size_t             offset;   /* of the field in the service state */
	const char        *fallback; /* as written in a file; NULL: required */
	const char        *help;     /* one line */
	const char        *range;    /* "1..64k", "0..", "a|b|c"; NULL: any */
};

/* PORTICO_OPTION(STRING, struct hello, greeting, "Hi", "what to say")
 * The field's C type is checked against the kind at compile time. */
#define PORTICO_OPTION(kind, state, field, dflt, text)                       \
	PORTICO_OPTION_IN(kind, state, field, dflt, NULL, text)
/* PORTICO_OPTION_IN(INT, struct hello, times, "1", "1..100", "how often") */
#define PORTICO_OPTION_IN(kind, state, field, dflt, in, text)                \
	{ #field, PORTICO_##kind,                                            \
	  offsetof(state, field)                                             \
	      + 0 * sizeof(&((state *)0)->field == (PORTICO_C_##kind *)0),   \
	  dflt, text, in }
#define PORTICO_C_STRING  const char *
#define PORTICO_C_INT     int64_t
#define PORTICO_C_SIZE    size_t
#define PORTICO_C_BOOL    bool
#define PORTICO_C_SECONDS double
#define PORTICO_C_ENUM    int

enum { PORTICO_LATER = 1 };      /* http_request(): I will reply later */

struct portico_plugin {
	/* Set by PORTICO_PLUGIN().  New members are only ever added at the end. */
	uint32_t abi;
	uint32_t struct_size;
	uint32_t option_size;
	uint32_t reserved;       /* 0 */

	const char *name;        /* required; logs name it */
	const char *version;     /* NULL is fine, and so it is for all below */
	const char *summary;     /* one line */
	const struct portico_option *options;  /* ends with { 0 }, in C++ with {} */

	/* Bytes of zeroed memory that the worker gives each object and frees
	 * after its last callback; reach it with portico_*_state(). */
	size_t service_size;
	size_t conn_size;
	size_t request_size;

	/* Service.  Options are set, then setting() is called for every key
	 * that is not in options (without setting() such a key is an error),
	 * then start().  -1 from either: the worker does not start, and a
	 * reload is rolled back; say why with portico_log().  drain(): no new
	 * clients will come, but for the last ones of an address that ends, for a few
	 * seconds; finish up; the worker waits for connections and
	 * requests, not for timers: stop() may follow at once.  stop(): the
	 * last call.  portico check calls setting() and stop(), never start(). */
	int  (*setting)(struct portico_service *, const char *key, const char *value);
	int  (*start)(struct portico_service *);
	void (*drain)(struct portico_service *);
	void (*stop)(struct portico_service *);

	/* TCP.  tcp_open(): -1 closes the connection.  tcp_data(): how many
	 * bytes it used; the rest comes back, in front of what arrives next.
	 * -1 closes the connection.  More than max_input bytes unused, without a
	 * pause, cut it: nothing could ever change.  tcp_eof(): the peer will
	 * send no more but may still read; what was left unused is not shown
	 * again; without this callback the connection is closed once the output
	 * is sent.  tcp_drained(): after a write, the output queue is empty. */
	int     (*tcp_open)(struct portico_conn *);
	ssize_t (*tcp_data)(struct portico_conn *, const void *data, size_t len);
	void    (*tcp_eof)(struct portico_conn *);
	void    (*tcp_drained)(struct portico_conn *);
	void    (*tcp_close)(struct portico_conn *);

	/* UDP.  One datagram, len may be 0, at any address.  -1 is counted as an error, nothing more. */
	int  (*udp_packet)(struct portico_dgram *, const void *data, size_t len);

	/* HTTP.  http_begin(): the head is in; reply now to refuse early.
	 * http_body(): if present, takes the body piece by piece instead of
	 * having it collected; gives how much it used, and asks for the rest
	 * with portico_request_resume().  http_request(): all is in; reply, or
	 * return PORTICO_LATER and reply from a later callback, also if the
	 * reply is begun and not ended.  -1 from any: the client gets 500 and
	 * the log says so.  http_drained(): after portico_reply_begin() and
	 * after writes, the output queue is empty.  http_done(): the reply is
	 * complete or the client is gone. */
	int     (*http_begin)(struct portico_request *);
	ssize_t (*http_body)(struct portico_request *, const void *data, size_t len);
	int     (*http_request)(struct portico_request *);
	void    (*http_drained)(struct portico_request *);
	void    (*http_done)(struct portico_request *);

	/* WebSockets, of requests that portico_websocket_accept() took.  ws_open(): after
	 * http_done(); -1 closes it, 1011.  ws_message(): a whole one, of kind PORTICO_TEXT,
	 * which is UTF-8, or PORTICO_BINARY; required; -1 closes it, 1011.  ws_drained():
	 * after a send, the output queue is empty.  ws_close(): it is closed, also when
	 * ws_open() was never called; code: what the peer's close said, 1005 if it said
	 * none, 1006 if it went without one; or, when portico ended it, why: 1001 1002 1007
	 * 1009 1011.  Pings and closes are answered for you; 1001 is sent to those that
	 * are still open when the time to drain is up. */
	size_t socket_size;      /* as conn_size above, of portico_socket_state() */
	int  (*ws_open)(struct portico_socket *);
	int  (*ws_message)(struct portico_socket *, int kind, const void *data, size_t len);
	void (*ws_drained)(struct portico_socket *);
	void (*ws_close)(struct portico_socket *, int code);
	/* The methods that http_begin() and http_request() are called for, with a blank
	 * between two: "GET POST".  HEAD is where GET is.  Any other is answered with 405,
	 * OPTIONS with 204, and Allow.  NULL: they are called for all. */
	const char *methods;

	/* What a handler knows, over a reload, an upgrade and portico retire: from the worker
	 * of a slot to the one that comes after it there.  state_export(): after drain(), once
	 * no new clients come; writes a copy with portico_export_write(); connections
	 * that are still here go on, and what they change is not handed on any more.
	 * state_import(): after start() and before the first client, if the handler of the
	 * same name and prefix, by a plugin of the same name, exported; version is
	 * what that one had as its state_version, data is valid during the call.  -1
	 * from either, or more than state_max bytes: the new handler starts empty, with what
	 * start() made, and the log says so; state_import() undoes half of it.  It is not
	 * called either, and clients are served, when that took longer than
	 * state_time: until then they wait in the sockets' queues, so be quick.  Nothing is handed on
	 * by a crash, a stop, a slot that ends, or to a canary.  Data comes as
	 * it was written, whole, but perhaps by older code of yours: look before you trust it. */
	uint32_t state_version;
	int (*state_export)(struct portico_service *, struct portico_export *);
	int (*state_import)(struct portico_service *, uint32_t version, const void *data, size_t len);

	/* Connections go on, over a reload, an upgrade, portico retire or the end of a slot: from the
	 * worker that leaves to one that stays, and the peer notices nothing.  tcp_export(), ws_export():
	 * after drain() and state_export(), when nothing is in the midst: all output is sent and all
	 * input used, no message half here, it is not paused, its peer has not ended it.  Writes what the
	 * other has to know, at most 4096 bytes, and changes nothing: it may be called again.
	 * -1: not now, and it is asked again soon, until the time to drain is up.  At 0 the
	 * connection ends here by tcp_close(), where portico_conn_handed_on() is true, or by
	 * ws_close() with code 0; and tcp_import() or ws_import() is called there in place of
	 * tcp_open() or ws_open(), in the handler of the same name and prefix, by a plugin
	 * of the same name, after state_import(); version is as it is for that.  -1 closes it, and so it
	 * ends where no such handler is, or that worker dies: the log says so.  What the peer
	 * sends meanwhile waits in the socket.  With TLS connections stay, and finish here. */
	int (*tcp_export)(struct portico_conn *, struct portico_export *);
	int (*tcp_import)(struct portico_conn *, uint32_t version, const void *data, size_t len);
	int (*ws_export)(struct portico_socket *, struct portico_export *);
	int (*ws_import)(struct portico_socket *, uint32_t version, const void *data, size_t len);
};

#ifdef __cplusplus
#define PORTICO_EXPORT extern "C"
/* C++ compilers with -Wextra miss each member that a plugin leaves out. */
#define PORTICO_QUIETLY                                                      \
	_Pragma("GCC diagnostic push")                                       \
	_Pragma("GCC diagnostic ignored \"-Wmissing-field-initializers\"")
#define PORTICO_AS_BEFORE _Pragma("GCC diagnostic pop")
#else
#define PORTICO_EXPORT extern
#define PORTICO_QUIETLY
#define PORTICO_AS_BEFORE
#endif

#define PORTICO_PLUGIN(...)                                                  \
	PORTICO_QUIETLY                                                      \
	PORTICO_EXPORT __attribute__((visibility("default")))                \
	const struct portico_plugin portico_plugin;                          \
	const struct portico_plugin portico_plugin = {                       \
		.abi = PORTICO_ABI,                                          \
		.struct_size = sizeof(struct portico_plugin),                \
		.option_size = sizeof(struct portico_option),                \
		__VA_ARGS__                                                  \
	};                                                                   \
	PORTICO_AS_BEFORE

/* Service, from setting() until stop() returns.  State: service_size bytes.  Name: of its
 * [service NAME].  Loop: the worker's, of libev, for watchers of your own, which you stop
 * at the latest in stop(); never leave or destroy it.  portico_log(): one line of the log, as
 * printf(3); a line has 4096 bytes at most, and ends with "..." if it was cut; control characters
 * become ?; log_level says from which level on it is written. */
void           *portico_service_state(struct portico_service *);
const char     *portico_service_name(const struct portico_service *);
unsigned        portico_service_worker(const struct portico_service *); /* slot, 0..n-1 */
struct ev_loop *portico_service_loop(struct portico_service *);
enum portico_level { PORTICO_ERROR, PORTICO_WARN, PORTICO_INFO, PORTICO_DEBUG };
void portico_log(struct portico_service *, enum portico_level, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* Numbers of your own, a handler's in each worker; portico status shows them.
 * A counter only grows, and what it counted outlives its worker; a gauge goes up
 * and down and ends with it.  Register them in start() and keep the pointer
 * until stop(); the same name again is the same number.  Names: a letter or _,
 * then letters, digits and _, at most 63.  help: one line, at most 103 bytes are kept.
 * NULL with EINVAL (name), EEXIST (it is of the other kind) or ENOSPC (a worker has room
 * for 128); the others do nothing with NULL, so you need not check. */
struct portico_counter *portico_counter(struct portico_service *, const char *name,
	const char *help);
struct portico_gauge   *portico_gauge(struct portico_service *, const char *name,
	const char *help);
void portico_counter_add(struct portico_counter *, uint64_t n);
void portico_gauge_set(struct portico_gauge *, double value);
void portico_gauge_add(struct portico_gauge *, double by);     /* by may be negative */

/* Only within state_export(), as often as you like: appends a copy.  -1 with EFBIG (over
 * state_max), ETIME (state_time is over) or ENOMEM; then nothing is handed on.  Likewise within
 * tcp_export() and ws_export(): -1 with EFBIG (over 4096). */
int portico_export_write(struct portico_export *, const void *data, size_t len);

/* In drain() and from then on: whether there is a worker that connections can go on in, by
 * tcp_export() and ws_export().  False when the server stops, and with TLS. */
bool portico_service_has_heir(const struct portico_service *);

/* Timers, from start() on; times are seconds: fire once after `after`, then every
 * `repeat` if that is not 0.  Yours until you stop it, fired or not, also from within its own
 * fire(); the ones left are stopped after stop().  NULL and ENOMEM, or EINVAL
 * for a time that is negative or not a number. */
struct portico_timer *portico_timer_start(struct portico_service *, double after,
	double repeat, void (*fire)(void *arg), void *arg);
void portico_timer_stop(struct portico_timer *);       /* NULL is fine */

/* Work that may block, from start() on: work() is called in a thread beside the loop, and when it has
 * returned done() from the loop, in the order in which works end, with error 0.  There are
 * offload_threads of them in a worker; what comes meanwhile waits in a queue.  work() calls nothing
 * that is declared here but portico_log(), and touches nothing that callbacks change meanwhile: give
 * it in arg all that it needs.  A request may be done before its work is, when its
 * client resets the connection: note that in http_done() (examples/slow.c).  One that only sends no
 * more may still read, and is waited for.  A worker that drains waits for work too; when the time is up, what has not begun
 * is dropped, and its done() called with ECANCELED.  What has not returned by then is left behind: its
 * done() is never called, and stop() must not free what it uses; the process ends at once.
 * -1 with EAGAIN (offload_queue wait already, or there is no thread to be had), ECANCELED (the time to
 * drain is up), EPERM (in work()), EINVAL (before start(), no work or no done) or ENOMEM, and done()
 * is not called. */
int portico_offload(struct portico_service *, void (*work)(void *arg),
	void (*done)(struct portico_service *, void *arg, int error), void *arg);

/* Connections.  close and abort: tcp_close(), or http_done(), follows from the loop, never from
 * within.  Output is queued: all of it is accepted (len is given back),
 * or -1 with EPIPE (closing), ENOBUFS (over max_queue) or ENOMEM.  While the
 * queue is longer than high_water the worker stops reading from that peer.
 * The connection of a request can be asked, closed and aborted; writing to it
 * gives EOPNOTSUPP.  end: what comes is still read, and the connection closes when the peer has ended
 * too; over TLS 1.2 many take it for the end of both sides.
 * error: why it has ended: 0 (its peer has, or you closed it), ETIMEDOUT (it was idle, and nothing was
 * lost), ECONNRESET (its peer cut it, or it broke), ECONNABORTED (it was cut here: by you, because its peer did not
 * read, or was idle with something lost, broke TLS, or the time to drain was up). */
struct portico_service *portico_conn_service(struct portico_conn *);
void   *portico_conn_state(struct portico_conn *);
void    portico_conn_peer(const struct portico_conn *, struct portico_peer *); /* who a PROXY header told */
bool    portico_conn_is_tls(const struct portico_conn *);
/* size: sizeof(struct portico_tls) as you know it.  -1 with EOPNOTSUPP (the service speaks no
 * TLS), ENOTCONN (in tcp_open() before the handshake, or when the connection is over: in
 * tcp_close(), http_done() or ws_close(), so keep it from before) or ENOMEM. */
int     portico_conn_tls(const struct portico_conn *, struct portico_tls *, size_t size);
ssize_t portico_conn_write(struct portico_conn *, const void *data, size_t len);
size_t  portico_conn_queued(const struct portico_conn *); /* bytes */
void    portico_conn_pause(struct portico_conn *);     /* no more tcp_data() */
void    portico_conn_resume(struct portico_conn *);    /* what was left comes again */
void    portico_conn_close(struct portico_conn *);     /* after output is sent */
void    portico_conn_end(struct portico_conn *);       /* no more will be written: the peer is told so */
void    portico_conn_abort(struct portico_conn *);     /* now */
bool    portico_conn_handed_on(const struct portico_conn *); /* in tcp_close(): it goes on elsewhere */
int     portico_conn_error(const struct portico_conn *);     /* in tcp_close() */

/* Connections to other servers.  portico_upstream(), from start() on, says where to; it is yours until
 * stop() returns, so make one for each server, not for each connection.  portico_connect() begins one; what
 * follows comes from the loop, never from within: opened(), when there is a connection, with TLS also its
 * handshake, or one of the pool; -1 from it closes the connection; then data(), eof() and drained() as for tcp_data() and
 * the others; and closed(), once, the last call for that connection.  A worker that drains waits for those that are
 * there, so end in drain() what would never end; when the time is up they are cut.
 *
 * The functions of connections work on them: writing gives ENOTCONN before opened(); what is paused
 * or ended before stays so; close and abort give a connect up; peer is the address, of a unix socket the
 * family alone; tls tells of the server; state is what portico_connect() was given.  Bounds
 * (max_input, high_water, max_queue, linger, and send_rate for what is unsent when you close) are the service's.
 *
 * closed()'s error: 0 (it has ended, or you have closed or kept it), or why it could not be, or broke: an errno of
 * connect(2) of the last address, ENOENT (there is no such host), EAGAIN (no name server answers),
 * ETIMEDOUT (connect_timeout, or idle_timeout), EKEYREJECTED (the certificate is not believed, or of
 * another), EPROTO (TLS failed), ECONNRESET, ECANCELED (the time to drain is up), ESTALE (one of the pool ended
 * before a byte of it came: if the server may be asked twice, connect again with PORTICO_FRESH). */
struct portico_target {
	/* "example.org:80", "192.0.2.1:80", "[2001:db8::1]:80" or "unix:/run/app.sock".  A name's
	 * addresses are tried in turn, each with its part of the time, and kept as long as DNS says. */
	const char *address;
	bool        tls;         /* 1.2 or 1.3, with the server's certificate verified */
	bool        tls_unverified;      /* it is not: anybody may be there */
	const char *tls_ca;      /* a PEM file of who may have signed it; NULL: those of the system */
	const char *tls_name;    /* whose it must be, and SNI; NULL: the host of address */
	double      connect_timeout;     /* seconds for name, connect and handshake; 0: 10 */
	double      idle_timeout;        /* without a byte either way, while in use; 0: no limit */
	double      pool_timeout;        /* while kept and not used; 0: 60 */
	size_t      pool_max;    /* so many are kept, unused; 0: none */
	int     (*opened)(struct portico_conn *);        /* required */
	ssize_t (*data)(struct portico_conn *, const void *data, size_t len);
	void    (*eof)(struct portico_conn *);
	void    (*drained)(struct portico_conn *);
	void    (*closed)(struct portico_conn *, int error);     /* required */
};
/* size: sizeof(struct portico_target) as you know it; what is not set must be zero; texts are copied.
 * NULL with EINVAL (before start(), or what is no address, time or name: the log says more), ENOMEM, or
 * why tls_ca cannot be read. */
struct portico_upstream *portico_upstream(struct portico_service *,
	const struct portico_target *, size_t size);
/* NULL with ECANCELED (the time to drain is up), EINVAL (flags) or ENOMEM, and nothing is called. */
enum { PORTICO_FRESH = 1 };      /* not one of the pool */
struct portico_conn *portico_connect(struct portico_upstream *, unsigned flags, void *state);
/* It is not needed any more: closed() follows, and the connection is kept for another portico_connect() to
 * the same upstream, if nothing is unsent, unread or unused, nobody ended, and no drain began; else it is closed. */
void portico_conn_keep(struct portico_conn *);

/* Datagrams.  A reply leaves from the address that the datagram was sent to, at the end of the
 * batch at the latest; -1 with EMSGSIZE (over 65507 bytes, IPv6: 65527).
 * portico_send() is for a service with protocol = udp: now, from its first socket of the
 * peer's family, from the first packet on, in drain() for the last time.  -1 with an errno of
 * send(2), EAFNOSUPPORT (no socket of that family), ENOBUFS (the kernel's queue is full) or
 * ENOTCONN (before the first packet, or after drain()). */
struct portico_service *portico_dgram_service(struct portico_dgram *);
void portico_dgram_peer(const struct portico_dgram *, struct portico_peer *);
int  portico_dgram_reply(struct portico_dgram *, const void *data, size_t len);
int  portico_send(struct portico_service *, const struct portico_peer *,
	const void *data, size_t len);

/* Requests (RFC 9110, RFC 9112).  Names are matched without case; absent
 * gives NULL; of several headers of a name you get the first; trailers are read away.  Path:
 * percent-decoded, dot segments removed, as it was routed.  Target, query: as they were sent.
 * Length: of the body as announced, -1 if chunked, 0 without one.  Body: what was collected, whole
 * in http_request(), not ended by a NUL; len NULL: not told.  Alloc: zeroed; NULL and ENOMEM.
 * Resume: http_body() is called again with what it left. */
struct portico_service *portico_request_service(struct portico_request *);
struct portico_conn    *portico_request_conn(struct portico_request *);
void       *portico_request_state(struct portico_request *);
void       *portico_request_alloc(struct portico_request *, size_t len); /* as long as the request */
const char *portico_request_method(const struct portico_request *);
const char *portico_request_target(const struct portico_request *);
const char *portico_request_path(const struct portico_request *);
const char *portico_request_query(const struct portico_request *); /* NULL without '?' */
const char *portico_request_header(const struct portico_request *, const char *name);
int64_t     portico_request_length(const struct portico_request *);
const void *portico_request_body(const struct portico_request *, size_t *len);
void        portico_request_resume(struct portico_request *);

/* Replies, from http_begin() until http_done().  The whole in one call, or header..., begin,
 * write..., end; headers may stand before either.  What you pass is copied.  Status: 200 to
 * 599.  A type of NULL sends no Content-Type; text is UTF-8 and sent as text/plain.  Length: in
 * bytes, or PORTICO_CHUNKED if it is not known yet.  To HEAD, and with 204, 205 and 304, no body
 * is sent, whatever you give.  Write gives len.  -1
 * with EALREADY (begun or given before), EINVAL (a name, value or status that
 * HTTP forbids, or it was not begun; or one of the headers that portico sets itself: Connection,
 * Content-Length, Date, Keep-Alive, Server, Transfer-Encoding, Upgrade), EMSGSIZE (more than
 * the announced length, or fewer at the end: then the connection is cut), EPIPE (the client
 * is gone), ENOBUFS (over max_queue) or ENOMEM. */
int portico_reply(struct portico_request *, int status, const char *type,
	const void *body, size_t len);
int portico_reply_text(struct portico_request *, int status, const char *text);
int portico_reply_header(struct portico_request *, const char *name, const char *value);
#define PORTICO_CHUNKED (-1)
int portico_reply_begin(struct portico_request *, int status, int64_t length);
ssize_t portico_reply_write(struct portico_request *, const void *data, size_t len);
size_t  portico_reply_room(const struct portico_request *); /* bytes until high_water */
int portico_reply_end(struct portico_request *);

/* Files.  length bytes of a regular file from offset on, as a whole reply or, after
 * portico_reply_begin(), as the next part of one; they pass by your memory and do not count
 * for max_queue.  fd is portico's from the call on and closed by it, also at -1; dup(2) it to
 * keep it.  -1 as above, and EINVAL (offset, length), EIO (it is shorter, or not to be read)
 * or ENOBUFS (64 parts are queued: wait for http_drained()).  When the file becomes shorter
 * while it is sent, the connection is cut. */
int portico_reply_file(struct portico_request *, int status, const char *type, int fd,
	int64_t offset, int64_t length);
int portico_reply_write_file(struct portico_request *, int fd, int64_t offset, int64_t length);

/* WebSockets (RFC 6455).  portico_websocket_accept() replies to a request, from
 * http_begin() on: with 101, and ws_open() follows; or, if it is no valid handshake,
 * with 405, 426 or 400.  protocol: the one to speak of those that the client offers, or
 * NULL.  Browsers let any page connect to you: look at the header Origin first, where
 * that matters.  -1 with EALREADY (a reply was begun), EINVAL (no ws_message(), or the
 * protocol was not offered), ENOSYS (no SHA-1), EPIPE, ENOBUFS or ENOMEM.
 * portico_request_socket(): after that, to fill in its state; NULL if it was refused.
 *
 * Sending queues the whole message, or gives -1 with EINVAL (the kind, or text that is not
 * UTF-8), ENOTCONN (before ws_open()), EPIPE (closing), ENOBUFS (over max_queue) or ENOMEM.
 * While the queue is longer than high_water the worker stops reading from that peer.
 * Closing: code is 1000 to 1003, 1007 to 1014 or 3000 to 4999; reason has at most
 * 123 bytes of UTF-8, NULL is none; ws_close() follows when the peer has answered, or
 * linger has passed.  EINVAL, or EPIPE (closing). */
enum { PORTICO_TEXT = 1, PORTICO_BINARY = 2 };
bool portico_websocket_asked(const struct portico_request *);  /* it asks for an upgrade */
bool portico_websocket_offers(const struct portico_request *, const char *protocol);
int  portico_websocket_accept(struct portico_request *, const char *protocol);
struct portico_socket  *portico_request_socket(struct portico_request *);
struct portico_service *portico_socket_service(struct portico_socket *);
void  *portico_socket_state(struct portico_socket *);
void   portico_socket_peer(const struct portico_socket *, struct portico_peer *);
int    portico_socket_tls(const struct portico_socket *, struct portico_tls *, size_t size);
int    portico_socket_send(struct portico_socket *, int kind, const void *data, size_t len);
int    portico_socket_send_text(struct portico_socket *, const char *text);
size_t portico_socket_queued(const struct portico_socket *);   /* bytes */
void   portico_socket_pause(struct portico_socket *);          /* no more ws_message() */
void   portico_socket_resume(struct portico_socket *);
int    portico_socket_close(struct portico_socket *, int code, const char *reason);
void   portico_socket_abort(struct portico_socket *);          /* now */

/* A table that all workers of the service share, of all generations: of table = SIZE in its
 * section, without which these give -1 and EOPNOTSUPP.  From start() on.  It outlives workers,
 * reloads and upgrades, not the server.  Keys: 1 to 256 bytes; values: at most 65536; all handlers of a
 * service see the same keys.  ttl: seconds until it expires, 0 for never.  Each call is
 * done as a whole or not at all, whoever dies, and takes microseconds.  -1 also with EINVAL (no key, a ttl
 * that is none), EMSGSIZE (too long), ENOSPC (no room even without what has expired: nothing that
 * lives is driven out) or EBUSY (a sibling was stopped in the middle of a call: a second was waited).
 * get: the value's length, of which at most room bytes were copied; ENOENT.  swap: put,
 * if old is there now, or with a NULL old nothing: ENOENT (nothing is), EEXIST (something else is).
 * add: to an int64_t, 8 bytes in the machine's order, which begins at by with that ttl where
 * nothing is; *now, if not NULL, is what it became; EDOM (that is no number), ERANGE. */
ssize_t portico_table_get(struct portico_service *, const void *key, size_t key_len,
	void *value, size_t room);
int portico_table_put(struct portico_service *, const void *key, size_t key_len,
	const void *value, size_t len, double ttl);
int portico_table_swap(struct portico_service *, const void *key, size_t key_len,
	const void *old, size_t old_len, const void *value, size_t len, double ttl);
int portico_table_add(struct portico_service *, const void *key, size_t key_len,
	int64_t by, double ttl, int64_t *now);
int portico_table_delete(struct portico_service *, const void *key, size_t key_len);

/* Calls answered later, to the same table: with table = SIZE in the next turn of the loop; and with
 * table = redis, which all machines share and where those above give -1 and EOPNOTSUPP, when Redis has
 * answered.  done() is called from the loop, never from within these, in the order of asking; it may be
 * NULL.  What you pass is copied, and the answer is valid during the call.  error: 0, or an errno as above,
 * or that Redis gave no answer: ETIMEDOUT (not in redis_timeout), ECONNRESET or another errno of
 * connections (it is lost: the call was done, or not), EPROTO (nonsense), EAGAIN (it is loading its
 * data), EROFS (it takes no writes), EACCES (it does not let us).  A request may be done
 * before its answer is there: note that in http_done(), as for portico_offload().  A worker that
 * drains waits for answers; when the time is up they are ECANCELED.
 * -1, and done() is not called, with EINVAL, EMSGSIZE, EOPNOTSUPP, ENOTCONN (Redis is known to be
 * away: nobody waits for it), ENOBUFS (redis_queue bytes of calls wait already), ECANCELED (the time to
 * drain is up) or ENOMEM.
 * In Redis 8 bytes are a number, whoever put them there, and lie there as its digits; in either place they
 * are read back as 8 bytes. */
struct portico_table_answer {
	int         error;
	const void *value;           /* get: len bytes */
	size_t      len;
	int64_t     now;             /* add: what it became */
};
typedef void portico_table_then(struct portico_service *, const struct portico_table_answer *, void *arg);
int portico_table_get_then(struct portico_service *, const void *key, size_t key_len,
	portico_table_then *done, void *arg);
int portico_table_put_then(struct portico_service *, const void *key, size_t key_len,
	const void *value, size_t len, double ttl, portico_table_then *done, void *arg);
int portico_table_swap_then(struct portico_service *, const void *key, size_t key_len,
	const void *old, size_t old_len, const void *value, size_t len, double ttl,
	portico_table_then *done, void *arg);
int portico_table_add_then(struct portico_service *, const void *key, size_t key_len,
	int64_t by, double ttl, portico_table_then *done, void *arg);
int portico_table_delete_then(struct portico_service *, const void *key, size_t key_len,
	portico_table_then *done, void *arg);

/* Messages from each worker of the service to all, itself included, also of another generation
 * while both serve: with publish = SIZE in its section, without which these give -1 and
 * EOPNOTSUPP.  From start() on.  Each calls hear() from the loop, never from within
 * portico_publish(), in the same order everywhere; data has a NUL behind it.  A worker that
 * is SIZE behind misses the oldest ones: its counter portico_missed_messages tells how many.
 * Channels: 1 to 63 bytes, what is published in one is heard by all handlers of the service that have
 * subscribed to it; data: at most 65536.  -1 also with EINVAL (no channel), EMSGSIZE (too long), EBUSY
 * (publish: a sibling was stopped in the middle of it: a second was waited) or ENOMEM (subscribe).
 * The same channel again takes the place of hear(); NULL ends it, and so does stop().
 * With publish = redis it is each worker of the service on each machine, by one Redis, and publish gives -1
 * also with ENOTCONN (it is away) or ENOBUFS (redis_queue bytes wait already).  What it took is lost when the
 * connection is before Redis has it: portico_redis_errors counts those.  What others
 * say while a worker has no connection it misses, and portico_missed_messages grows by one, for nobody
 * knows how many they were. */
int portico_publish(struct portico_service *, const char *channel, const void *data, size_t len);
int portico_subscribe(struct portico_service *, const char *channel,
	void (*hear)(struct portico_service *, const char *channel, const void *data, size_t len));

/* Only within tcp_import() and ws_import(): what this worker has heard in channel before, and the
 * one that the connection comes from had not yet: hear() is called for each at once, in order.  So
 * nobody misses a message, or hears one twice, by changing the worker.  -1 with ENODATA (not all of it is
 * kept any more, or publish has changed its size), EOPNOTSUPP (without publish, and with publish = redis,
 * where nobody knows what another one has heard), EPERM (elsewhere) or ENOMEM. */
int portico_import_heard(struct portico_service *, const char *channel,
	void (*hear)(void *arg, const void *data, size_t len), void *arg);

#ifdef __cplusplus
}
#endif

#endif /* PORTICO_H */
