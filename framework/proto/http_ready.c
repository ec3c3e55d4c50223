/* SPDX-License-Identifier: MIT */
/*
 * http_ready.c - the beginnings of the heads of replies, ready to be copied.
 */
#include "proto/http_ready.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <time.h>

const char http_type_text[] = "text/plain; charset=utf-8";

const char *http_reason(int status)
{
	switch (status) {
	case 200: return "OK";
	case 201: return "Created";
	case 202: return "Accepted";
	case 204: return "No Content";
	case 205: return "Reset Content";
	case 206: return "Partial Content";
	case 301: return "Moved Permanently";
	case 302: return "Found";
	case 303: return "See Other";
	case 304: return "Not Modified";
	case 307: return "Temporary Redirect";
	case 308: return "Permanent Redirect";
	case 400: return "Bad Request";
	case 401: return "Unauthorized";
	case 403: return "Forbidden";
	case 404: return "Not Found";
	case 405: return "Method Not Allowed";
	case 406: return "Not Acceptable";
	case 408: return "Request Timeout";
	case 409: return "Conflict";
	case 410: return "Gone";
	case 411: return "Length Required";
	case 412: return "Precondition Failed";
	case 413: return "Content Too Large";
	case 414: return "URI Too Long";
	case 415: return "Unsupported Media Type";
	case 416: return "Range Not Satisfiable";
	case 417: return "Expectation Failed";
	case 421: return "Misdirected Request";
	case 422: return "Unprocessable Content";
	case 426: return "Upgrade Required";
	case 429: return "Too Many Requests";
	case 431: return "Request Header Fields Too Large";
	case 500: return "Internal Server Error";
	case 501: return "Not Implemented";
	case 502: return "Bad Gateway";
	case 503: return "Service Unavailable";
	case 504: return "Gateway Timeout";
	case 505: return "HTTP Version Not Supported";
	default: return "";      /* the reason may be empty: RFC 9112, 4 */
	}
}

/* ---- the pieces ---- */

static char *put_number(char *at, uint64_t n)
{
	char digits[20];
	unsigned count = 0;

	do
		digits[count++] = (char)('0' + n % 10);
	while ((n /= 10) > 0);
	while (count > 0)
		*at++ = digits[--count];
	return at;
}

char *http_put_length(char *at, int64_t length)
{
	at = HTTP_PUT(at, "Content-Length: ");
	at = put_number(at, (uint64_t)length);
	return HTTP_PUT(at, "\r\n");
}

static char *put_status(char *at, int status)
{
	const char *text = http_reason(status);

	at = HTTP_PUT(at, "HTTP/1.1 ");
	at = put_number(at, (uint64_t)status);
	*at++ = ' ';
	at = http_put(at, text, strlen(text));
	return HTTP_PUT(at, "\r\n");
}

/* RFC 9110, 5.6.7.  Not by strftime(3): a plugin may set another locale. */
static size_t make_date(time_t now, char *out, size_t size)
{
	static const char days[] = "SunMonTueWedThuFriSat";
	static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
	struct tm t;

	gmtime_r(&now, &t);
	return (size_t)snprintf(out, size, "Date: %.3s, %02d %.3s %04d %02d:%02d:%02d GMT\r\n",
		days + 3 * t.tm_wday, t.tm_mday, months + 3 * t.tm_mon, t.tm_year + 1900,
		t.tm_hour, t.tm_min, t.tm_sec);
}

static void make_stamp(struct http_ready_set *set, int64_t now)
{
	set->second = now;
	set->stamp_len = make_date((time_t)now, set->stamp, sizeof(set->stamp));
	if (set->server)
		set->stamp_len += (size_t)snprintf(set->stamp + set->stamp_len,
			sizeof(set->stamp) - set->stamp_len, "Server: %.*s\r\n",
			HTTP_SERVER_MOST, set->server);
}

/* Made once a second: what is the same in every head. */
static char *put_stamp(struct http_ready_set *set, char *at, int64_t now)
{
	if (now != set->second || set->stamp_len == 0)
		make_stamp(set, now);
	return http_put(at, set->stamp, set->stamp_len);
}

/* ---- the whole ---- */

static void make(struct http_ready *ready, struct http_ready_set *set, int64_t now, int status,
	const char *type, int type_len)
{
	char *at = put_status(ready->text, status);

	at = put_stamp(set, at, now);
	if (type) {
		at = HTTP_PUT(at, "Content-Type: ");
		ready->type_at = (uint16_t)(at - ready->text);
		at = http_put(at, type, (size_t)type_len);
		at = HTTP_PUT(at, "\r\n");
	}
	ready->second = now;
	ready->constant = type == http_type_text ? type : NULL;
	ready->length = -1;
	ready->status = (uint16_t)status;
	ready->type_len = (int16_t)type_len;
	ready->len = (uint16_t)(at - ready->text);
	ready->no_content = status == 204 || status == 205 || status == 304;
}

/* By what the type says: where it stands may say another thing by now. */
static bool is_of(const struct http_ready *ready, int status, const char *type, int type_len)
{
	return ready->status == status && ready->type_len == type_len
		&& (ready->constant == type
			|| memcmp(ready->text + ready->type_at, type, (size_t)type_len) == 0);
}

static struct http_ready *search(struct http_ready_set *set, int status, const char *type,
	int type_len)
{
	for (unsigned i = 0; i < HTTP_READY_HEADS; i++)
		if (is_of(&set->heads[i], status, type, type_len))
			return &set->heads[i];
	return NULL;
}

struct http_ready *http_ready_find(struct http_ready_set *set, int64_t now, int status,
	const char *type, size_t type_len)
{
	assert(type_len <= HTTP_TYPE_MOST);
	int len = type ? (int)type_len : -1;
	struct http_ready *ready = search(set, status, type, len);

	if (ready && ready->second == now)
		return ready;
	if (status < 200 || status > 599) {
		errno = EINVAL;
		return NULL;
	}
	if (!ready)
		ready = &set->heads[set->oldest++ % HTTP_READY_HEADS];
	make(ready, set, now, status, type, len);
	return ready;
}

char *http_ready_put(struct http_ready *ready, char *at, int64_t length)
{
	if (ready->length != length) {
		char *end = http_put_length(ready->text + ready->len, length);
		ready->length = length;
		ready->whole = (uint16_t)(end - ready->text);
	}
	return http_put(at, ready->text, ready->whole);
}
