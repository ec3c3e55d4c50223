/* SPDX-License-Identifier: MIT */
/*
 * ws_handshake.c - from an HTTP request to a WebSocket (RFC 6455, 4.2).
 *
 * What the client asks is checked here and nowhere else; a request that is none gets
 * its answer from here, too: 405, 426 or 400.
 */
#include <errno.h>
#include <openssl/evp.h>
#include <string.h>

#include "proto/handler.h"
#include "proto/http_chars.h"
#include "proto/http_request.h"
#include "proto/ws.h"

enum {
	KEY_LEN = 24,            /* 16 bytes in base64 */
	ACCEPT_LEN = 28,         /* a SHA-1 in base64 */
	UPGRADE_ROOM = 256,      /* the reply's head without what has any length */
};

/* ---- header fields ---- */

static bool text_is(const char *text, size_t len, const char *small)
{
	return len == strlen(small) && http_chars_are(text, small, len);
}

static bool is_named(const struct portico_request *r, const struct http_field *f, const char *small)
{
	return text_is(r->text + f->name.at, f->name.len, small);
}

static const char *skip_glue(const char *at, const char *end)
{
	while (at < end && (*at == ' ' || *at == '\t' || *at == ','))
		at++;
	return at;
}

/* Whether the #token list holds that token.  exact: its case counts. */
static bool lists(const char *list, size_t len, const char *token, bool exact)
{
	const char *at = skip_glue(list, list + len), *end = list + len;

	while (at < end) {
		const char *item = at;

		while (at < end && *at != ',' && *at != ' ' && *at != '\t')
			at++;            /* websocket/13 is another thing than websocket */
		size_t item_len = (size_t)(at - item);
		if (exact ? item_len == strlen(token) && memcmp(item, token, item_len) == 0
			  : text_is(item, item_len, token))
			return true;
		at = skip_glue(at, end);
	}
	return false;
}

static bool has_token(const struct portico_request *r, const char *name, const char *token,
	bool exact)
{
	for (unsigned i = 0; i < r->head->field_count; i++) {
		const struct http_field *f = &r->head->fields[i];

		if (is_named(r, f, name) && lists(r->text + f->value.at, f->value.len, token, exact))
			return true;
	}
	return false;
}

/* The value of a field that must be there once; NULL if it is not. */
static const char *only(const struct portico_request *r, const char *name)
{
	const char *value = NULL;

	for (unsigned i = 0; i < r->head->field_count; i++) {
		const struct http_field *f = &r->head->fields[i];

		if (!is_named(r, f, name))
			continue;
		if (value)
			return NULL;
		value = r->text + f->value.at;
	}
	return value;
}

/* base64 of 16 bytes. */
static bool is_key(const char *key)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
				     "0123456789+/";

	return strlen(key) == KEY_LEN && strspn(key, digits) == KEY_LEN - 2
		&& strcmp(key + KEY_LEN - 2, "==") == 0;
}

/* ---- the refusal ---- */

static int refuse(struct portico_request *r, int status, const char *fields, const char *why)
{
	if (r->reply != HTTP_NO_REPLY) {
		errno = EALREADY;
		return -1;
	}
	r->headers.start = r->headers.end = 0;
	r->typed = false;
	if (*fields && buf_append(&r->headers, fields, strlen(fields)) < 0)
		return -1;
	return portico_reply_text(r, status, why);
}

#define OFFER "Connection: Upgrade\r\nUpgrade: websocket\r\n"

/* 1: it is a handshake; 0: it is none, and is answered; -1 and errno. */
static int check(struct portico_request *r)
{
	if (strcmp(portico_request_method(r), "GET") != 0)
		return refuse(r, 405, "Allow: GET\r\n", "a WebSocket begins with GET\n");
	if (!portico_websocket_asked(r))
		return refuse(r, 426, OFFER, "this is for WebSocket clients\n");
	const char *version = only(r, "sec-websocket-version");
	if (!version || strcmp(version, "13") != 0)
		return refuse(r, 426, OFFER "Sec-WebSocket-Version: 13\r\n",
			"the WebSocket version must be 13\n");
	const char *key = only(r, "sec-websocket-key");
	if (!key || !is_key(key))
		return refuse(r, 400, "", "bad Sec-WebSocket-Key\n");
	if (http_request_has_body(r))
		return refuse(r, 400, "", "a handshake with a body\n");
	return 1;
}

bool portico_websocket_asked(const struct portico_request *r)
{
	return r->head->minor >= 1 && has_token(r, "connection", "upgrade", false)
		&& has_token(r, "upgrade", "websocket", false);
}

bool portico_websocket_offers(const struct portico_request *r, const char *protocol)
{
	return *protocol && has_token(r, "sec-websocket-protocol", protocol, true);
}

/* ---- the acceptance ---- */

/* RFC 6455, 4.2.2: out has room for ACCEPT_LEN and a NUL. */
static int make_accept(const char *key, char *out)
{
	static const char guid[] = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
	unsigned char digest[EVP_MAX_MD_SIZE];
	char text[KEY_LEN + sizeof(guid)];
	unsigned len;

	memcpy(text, key, KEY_LEN);
	memcpy(text + KEY_LEN, guid, sizeof(guid));
	if (!EVP_Digest(text, sizeof(text) - 1, digest, &len, EVP_sha1(), NULL)) {
		errno = ENOSYS;
		return -1;
	}
	EVP_EncodeBlock((unsigned char *)out, digest, (int)len);
	return 0;
}

static char *put(char *at, const char *text)
{
	size_t len = strlen(text);

	memcpy(at, text, len);
	return at + len;
}

static int say_101(struct portico_request *r, const char *protocol)
{
	struct stream *s = &r->conn->conn.stream;
	size_t headers = buf_len(&r->headers);
	char accept[ACCEPT_LEN + 1];

	if (make_accept(only(r, "sec-websocket-key"), accept) < 0)
		return -1;
	char *start = stream_reserve(s, UPGRADE_ROOM + headers + (protocol ? strlen(protocol) : 0));
	if (!start)
		return -1;
	char *at = put(start, "HTTP/1.1 101 Switching Protocols\r\n" OFFER "Sec-WebSocket-Accept: ");
	at = put(at, accept);
	at = put(at, "\r\n");
	if (protocol) {
		at = put(at, "Sec-WebSocket-Protocol: ");
		at = put(at, protocol);
		at = put(at, "\r\n");
	}
	if (headers > 0)
		memcpy(at, buf_head(&r->headers), headers);
	at = put(at + headers, "\r\n");
	stream_wrote(s, (size_t)(at - start));
	return 0;
}

static int upgrade(struct portico_request *r, const char *protocol)
{
	struct portico_socket *w = ws_create(r->conn, r->handler);

	if (!w)
		return -1;
	if (say_101(r, protocol) < 0) {
		ws_destroy(w);
		return -1;
	}
	r->conn->socket = w;
	r->status = 101;
	r->reply = HTTP_REPLY_ENDED;
	stream_retry(&r->conn->conn.stream);
	return 0;
}

int portico_websocket_accept(struct portico_request *r, const char *protocol)
{
	if (r->reply != HTTP_NO_REPLY) {
		errno = EALREADY;
		return -1;
	}
	if (!r->handler->plugin.ws_message) {
		errno = EINVAL;
		return -1;
	}
	int is_handshake = check(r);
	if (is_handshake <= 0)
		return is_handshake;
	if (protocol && !portico_websocket_offers(r, protocol)) {
		errno = EINVAL;
		return -1;
	}
	return upgrade(r, protocol);
}

struct portico_socket *portico_request_socket(struct portico_request *r)
{
	return r->conn->socket;
}
