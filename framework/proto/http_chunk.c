/* SPDX-License-Identifier: MIT */
/*
 * http_chunk.c - the chunked coding, a byte at a time but for the data.
 *
 *   SIZE ┬───────────────── CR LF ┬ DATA ─ CR LF ─ SIZE …
 *        └ SPACE ─ ; EXTENSION ┘  └ of size 0: TRAILER … CR LF DONE
 *
 * A size is one to sixteen digits.  Space behind it is allowed only where an
 * extension follows (RFC 9112, 7.1.1).  What extensions say is not looked at,
 * only that their bytes could stand in a field value: nothing in them can be
 * taken for the end of a line by anyone.  Trailers are read like fields and
 * dropped (6.5.1 lets a recipient do so), whatever their names are.
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
	SPACE,
	EXTENSION,
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

static enum state take_size(struct http_chunk *c, char byte)
{
	if (http_char_is(byte, HTTP_HEX))
		return take_digit(c, byte);
	if (c->digits == 0)
		return BAD;
	if (byte == '\r')
		return SIZE_LF;
	if (byte == ';')
		return EXTENSION;
	return byte == ' ' || byte == '\t' ? SPACE : BAD;
}

static enum state take_space(char byte)
{
	if (byte == ';')
		return EXTENSION;
	return byte == ' ' || byte == '\t' ? SPACE : BAD;
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
		return take_space(byte);
	case EXTENSION:
		return take_value(byte, EXTENSION, SIZE_LF);
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
	case EXTENSION:
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
