/* SPDX-License-Identifier: MIT */
/*
 * http_memo.c - the head that a connection said last, for when it says it again.
 *
 * A request in hand may be made of its connection's memo: that one stays until a
 * next head is in, when the request is done.
 *
 * What differs each time must cost next to nothing.  So the last head is remembered by a hint of
 * a few of its bytes, and only what seems to come again is hashed and copied.  If that was in vain,
 * the same client will do it again (a field that counts its requests): it is let alone for a while.
 */
#include "proto/http_memo.h"

#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "base/clock.h"
#include "base/siphash.h"
#include "proto/http_request.h"

enum { PAUSE = 255 };

struct http_memo {
	struct http_memo       *next;        /* in its row */
	uint64_t                hash;
	const char             *raw;         /* the head as it came */
	uint32_t                len;
	uint32_t                holders;     /* connections */
	size_t                  size;        /* bytes of all that stands in this block */
	const struct http_head *head;        /* without the fields that it does not have */
	const char             *text;        /* these as in a request: */
	const char             *path;
	struct portico_service *handler;
	uint8_t                 verdict;
	bool                    no_body;
};

void http_memos_init(struct http_memos *m)
{
	*m = (struct http_memos){0};
	if (getrandom(m->key, sizeof(m->key), GRND_NONBLOCK) < 0)
		m->key[0] = clock_ns();  /* early at boot: better than a constant */
}

/* ---- one for each head of a site ---- */

static bool is_of(const struct http_memo *memo, const char *data, size_t len)
{
	return memo->len == len && memcmp(memo->raw, data, len) == 0;
}

static struct http_memo **row_of(struct http_memos *m, uint64_t hash)
{
	return &m->rows[hash % HTTP_MEMO_ROWS];
}

static struct http_memo *find(struct http_memos *m, uint64_t hash, const char *data, size_t len)
{
	struct http_memo *memo = *row_of(m, hash);

	while (memo && !(memo->hash == hash && is_of(memo, data, len)))
		memo = memo->next;
	return memo;
}

/* The bytes of a head up to its last field. */
static size_t head_size(const struct http_head *h)
{
	return offsetof(struct http_head, fields) + h->field_count * sizeof(h->fields[0]);
}

static void *put(char **at, const void *data, size_t len)
{
	void *copy = memcpy(*at, data, len);

	*at += len;
	return copy;
}

/* memo | head | raw | text, NUL | path, NUL */
static struct http_memo *make(const struct portico_request *r, const char *data, size_t len)
{
	size_t head = head_size(r->head), path = strlen(r->path) + 1;
	size_t size = sizeof(struct http_memo) + head + len + len + 1 + path;
	struct http_memo *memo = malloc(size);

	if (!memo)
		return NULL;
	char *at = (char *)(memo + 1);
	memo->head = put(&at, r->head, head);
	memo->raw = put(&at, data, len);
	memo->text = put(&at, r->text, len + 1);
	memo->path = put(&at, r->path, path);
	memo->len = (uint32_t)len;
	memo->size = size;
	memo->holders = 0;
	memo->handler = r->handler;
	memo->verdict = r->verdict;
	memo->no_body = r->no_body;
	return memo;
}

static void insert(struct http_memos *m, struct http_memo *memo, uint64_t hash)
{
	struct http_memo **row = row_of(m, hash);

	memo->hash = hash;
	memo->next = *row;
	*row = memo;
	m->count++;
	m->bytes += memo->size;
}

static void destroy(struct http_memos *m, struct http_memo *memo)
{
	struct http_memo **at = row_of(m, memo->hash);

	while (*at != memo)
		at = &(*at)->next;
	*at = memo->next;
	m->count--;
	m->bytes -= memo->size;
	free(memo);
}

static bool has_room(const struct http_memos *m, size_t len)
{
	size_t most = sizeof(struct http_memo) + sizeof(struct http_head) + 3 * len + 3;

	return m->count < HTTP_MEMO_MOST && m->bytes + most <= HTTP_MEMO_BYTES;
}

/* Held for the caller; NULL if there is no room. */
static struct http_memo *obtain(const struct portico_request *r, const char *data, size_t len)
{
	struct http_memos *m = &r->conn->site->memos;
	uint64_t hash = siphash(m->key, data, len);
	struct http_memo *memo = find(m, hash, data, len);

	if (!memo) {
		memo = has_room(m, len) ? make(r, data, len) : NULL;
		if (!memo)
			return NULL;
		insert(m, memo, hash);
	}
	memo->holders++;
	return memo;
}

/* ---- the one of a connection ---- */

void http_memo_drop(struct http_conn *c)
{
	struct http_memo *memo = c->recall.memo;

	if (!memo)
		return;
	c->recall.memo = NULL;
	if (!c->recall.used)
		c->recall.pause = PAUSE;
	if (--memo->holders == 0)
		destroy(&c->site->memos, memo);
}

size_t http_memo_take(struct portico_request *r, const char *data, size_t len)
{
	struct http_recall *known = &r->conn->recall;
	const struct http_memo *memo = known->memo;

	if (len < memo->len || memcmp(memo->raw, data, memo->len) != 0)
		return 0;
	known->used = true;
	r->head = memo->head;
	r->text = memo->text;
	r->path = memo->path;
	r->handler = memo->handler;
	r->verdict = memo->verdict;
	r->no_body = memo->no_body;
	http_request_took_head(r);
	return memo->len;
}

static uint64_t word_at(const char *data)
{
	uint64_t word;

	memcpy(&word, data, sizeof(word));
	return word;
}

/* Of the length, the end of the target and the end of the last field: 16 bytes is the shortest
 * head there is. */
static uint32_t hint_of(const struct http_head *h, const char *data, size_t len)
{
	uint32_t end = h->target.at + h->target.len;
	uint64_t target = word_at(data + (end > 8 ? end - 8 : 0));
	uint64_t field = word_at(data + len - 12);

	return (uint32_t)((target ^ field << 32 ^ field >> 32 ^ len) * UINT64_C(0x9e3779b97f4a7c15) >> 32);
}

/* These two are apart, so that http_memo_note() has nothing to save for them. */
static __attribute__((noinline)) void keep(const struct portico_request *r, const char *data,
	size_t len)
{
	struct http_recall *known = &r->conn->recall;

	known->memo = obtain(r, data, len);
	known->used = false;
	if (!known->memo)
		known->pause = PAUSE;
}

/* There is a memo. */
static __attribute__((noinline)) void replace(const struct portico_request *r, const char *data,
	size_t len, bool again)
{
	if (is_of(r->conn->recall.memo, data, len))
		return;                  /* it came in pieces */
	http_memo_drop(r->conn);
	if (again && r->conn->recall.pause == 0)
		keep(r, data, len);
}

void http_memo_note(const struct portico_request *r, const char *data, size_t len)
{
	struct http_recall *known = &r->conn->recall;
	uint32_t hint = hint_of(r->head, data, len);
	bool again = hint == known->hint;

	known->hint = hint;
	if (known->memo)
		replace(r, data, len, again);
	else if (again && known->pause > 0)
		known->pause--;
	else if (again)
		keep(r, data, len);
}
