/* SPDX-License-Identifier: MIT */
/*
 * http_chunk.c - the chunked coding, a byte at a time but for the data.
 *
 *   SIZE ┬────────────────── CR LF ┬ DATA ─ CR LF ─ SIZE …
 *        └ SPACE ─ ; EXT_BEGIN ┘   └ of size 0: TRAILER … CR LF DONE
 *
 * A size is one to sixteen digits.  Space behind it is allowed only where an
 * extension follows (RFC 9112, 7.1.1).  What extensions say is ignored, but
 * they are held to their grammar, because readers that are not strict disagree
 * about where a broken one ends:
 *
 *   ; ─ EXT_BEGIN ─ EXT_NAME ┬ = ─ EXT_VALUE ┬ EXT_TOKEN ──────────────┬ CR
 *            ↑               │               └ EXT_QUOTED ─ EXT_CLOSED ┤
 *            └──────── ; ────┴─────────────────────────────────────────┘
 *
 * Trailers are read like fields and dropped (6.5.1 lets a recipient do so),
 * whatever their names are.
 */
#include "proto/http_chunk.h"

#include <stdbool.h>
#include <string.h>

#include "proto/http_chars.h"

enum {
	MAX_DIGITS = 16,
	MAX_LINE = 4096,         /* a size line or a trailer line, without its CRLF */
	MAX_OVERHEAD = 16384,    /* all extensions and trailers of one body */
};

enum state {
	SIZE,
	SPACE,                   /* only a semicolon may follow */
	EXT_BEGIN,
	EXT_NAME,
	EXT_NAME_SPACE,          /* only a semicolon or = may follow */
	EXT_VALUE,
	EXT_TOKEN,
	EXT_QUOTED,
	EXT_ESCAPED,             /* behind a backslash in quotes */
	EXT_CLOSED,              /* behind the closing quote */
	SIZE_LF,
	DATA,
	DATA_CR,
	DATA_LF,
	TRAILER,                 /* at the first byte of a line */
	TRAILER_NAME,
	TRAILER_VALUE,
	TRAILER_LF,
	LAST_LF,
	DONE,
	BAD,
};

void http_chunk_init(struct http_chunk *c)
{
	memset(c, 0, sizeof(*c));
}

static enum state take_digit(struct http_chunk *c, char byte)
{
	if (c->digits == MAX_DIGITS || c->left > INT64_MAX >> 4)
		return BAD;
	c->left = c->left << 4 | http_char_hex(byte);
	c->digits++;
	return SIZE;
}

static bool is_space(char byte)
{
	return byte == ' ' || byte == '\t';
}

/* Behind a size, a name or a value. */
static enum state end_part(char byte)
{
	if (byte == '\r')
		return SIZE_LF;
	if (byte == ';')
		return EXT_BEGIN;
	return is_space(byte) ? SPACE : BAD;
}

static enum state take_size(struct http_chunk *c, char byte)
{
	if (http_char_is(byte, HTTP_HEX))
		return take_digit(c, byte);
	return c->digits > 0 ? end_part(byte) : BAD;
}

static enum state take_name_end(char byte)
{
	if (byte == '=')
		return EXT_VALUE;
	return is_space(byte) ? EXT_NAME_SPACE : end_part(byte);
}

static enum state take_quoted(char byte)
{
	if (byte == '"')
		return EXT_CLOSED;
	if (byte == '\\')
		return EXT_ESCAPED;
	return http_char_is(byte, HTTP_VALUE) ? EXT_QUOTED : BAD;
}

static enum state take_extension(enum state state, char byte)
{
	bool token = http_char_is(byte, HTTP_TOKEN);

	switch (state) {
	case EXT_BEGIN:
		return token ? EXT_NAME : is_space(byte) ? EXT_BEGIN : BAD;
	case EXT_NAME:
		return token ? EXT_NAME : take_name_end(byte);
	case EXT_NAME_SPACE:
		return byte == '\r' ? BAD : take_name_end(byte);
	case EXT_VALUE:
		if (byte == '"')
			return EXT_QUOTED;
		return token ? EXT_TOKEN : is_space(byte) ? EXT_VALUE : BAD;
	case EXT_TOKEN:
		return token ? EXT_TOKEN : end_part(byte);
	case EXT_QUOTED:
		return take_quoted(byte);
	case EXT_ESCAPED:
		return http_char_is(byte, HTTP_VALUE) ? EXT_QUOTED : BAD;
	case EXT_CLOSED:
		return end_part(byte);
	default:
		return byte == '\r' ? BAD : end_part(byte);
	}
}

static enum state take_value(char byte, enum state stay, enum state at_cr)
{
	if (byte == '\r')
		return at_cr;
	return http_char_is(byte, HTTP_VALUE) ? stay : BAD;
}

static enum state end_size(struct http_chunk *c)
{
	c->digits = 0;
	return c->left > 0 ? DATA : TRAILER;
}

static enum state take_name(char byte, bool first)
{
	if (first && byte == '\r')
		return LAST_LF;
	if (!first && byte == ':')
		return TRAILER_VALUE;
	return http_char_is(byte, HTTP_TOKEN) ? TRAILER_NAME : BAD;
}

static enum state take_byte(struct http_chunk *c, char byte)
{
	switch ((enum state)c->state) {
	case SIZE:
		return take_size(c, byte);
	case SPACE:
	case EXT_BEGIN:
	case EXT_NAME:
	case EXT_NAME_SPACE:
	case EXT_VALUE:
	case EXT_TOKEN:
	case EXT_QUOTED:
	case EXT_ESCAPED:
	case EXT_CLOSED:
		return take_extension(c->state, byte);
	case SIZE_LF:
		return byte == '\n' ? end_size(c) : BAD;
	case DATA_CR:
		return byte == '\r' ? DATA_LF : BAD;
	case DATA_LF:
		return byte == '\n' ? SIZE : BAD;
	case TRAILER:
	case TRAILER_NAME:
		return take_name(byte, c->state == TRAILER);
	case TRAILER_VALUE:
		return take_value(byte, TRAILER_VALUE, TRAILER_LF);
	case TRAILER_LF:
		return byte == '\n' ? TRAILER : BAD;
	case LAST_LF:
		return byte == '\n' ? DONE : BAD;
	case DATA:
	case DONE:
	case BAD:
		break;
	}
	return BAD;
}

/* Counts the byte that led to the current state.  Digits are no overhead: a
 * body may come in as many small chunks as it likes. */
static bool within_limits(struct http_chunk *c)
{
	switch ((enum state)c->state) {
	case SPACE:
	case EXT_BEGIN:
	case EXT_NAME:
	case EXT_NAME_SPACE:
	case EXT_VALUE:
	case EXT_TOKEN:
	case EXT_QUOTED:
	case EXT_ESCAPED:
	case EXT_CLOSED:
	case TRAILER_NAME:
	case TRAILER_VALUE:
		c->overhead++;
		/* fall through */
	case SIZE:
		c->line++;
		return c->line <= MAX_LINE && c->overhead <= MAX_OVERHEAD;
	default:
		c->line = 0;
		return true;
	}
}

/* The state stays DATA even when nothing is left: some may be given back. */
static size_t take_data(struct http_chunk *c, size_t len)
{
	size_t piece = len < c->left ? len : (size_t)c->left;

	c->left -= piece;
	return piece;
}

enum http_chunk_event http_chunk_next(struct http_chunk *c, const char *data, size_t len,
	size_t *used, const char **piece, size_t *piece_len)
{
	size_t at = 0;

	if (c->state == DATA && c->left == 0)
		c->state = DATA_CR;
	while (at < len && c->state != DATA && c->state != DONE && c->state != BAD) {
		c->state = take_byte(c, data[at++]);
		if (!within_limits(c))
			c->state = BAD;
	}
	*used = at;
	*piece = NULL;
	*piece_len = 0;
	if (c->state == BAD)
		return HTTP_CHUNK_BAD;
	if (c->state == DONE)
		return HTTP_CHUNK_END;
	if (at == len)
		return HTTP_CHUNK_MORE;
	*piece = data + at;
	*piece_len = take_data(c, len - at);
	*used += *piece_len;
	return HTTP_CHUNK_DATA;
}
