/* SPDX-License-Identifier: MIT */
/*
 * ws_frame.c - WebSocket frames (RFC 6455, 5): bytes in, messages out.
 *
 *	FIN RSV RSV RSV opcode | MASK length7 | length16 or length64 | mask | payload
 *
 * Why not libwslay, which Debian has and which is strict: it pulls its input by a callback
 * through buffers of its own, 8.8 KB in each connection (1.1.1, measured), where an idle
 * one of ours holds none; it queues output beside the stream's queue and does not bound
 * it; and it copies every message, where one that came whole is shown to the handler where it
 * was read.  Its frame layer alone, without the queues, is what this file is.
 */
#include "proto/ws_frame.h"

#include <assert.h>
#include <endian.h>
#include <string.h>

void ws_reader_init(struct ws_reader *r, uint64_t max_message)
{
	memset(r, 0, sizeof(*r));
	r->max_message = max_message;
}

static bool broken(struct ws_reader *r, enum ws_code code, const char *why)
{
	r->code = (uint16_t)code;
	r->why = why;
	return false;
}

/* ---- the head ---- */

static bool is_control(const struct ws_reader *r)
{
	return r->opcode >= WS_CLOSE;
}

static bool check_control(struct ws_reader *r, unsigned length)
{
	if (r->opcode > WS_PONG)
		return broken(r, WS_PROTOCOL_ERROR, "unknown opcode");
	if (!r->final)
		return broken(r, WS_PROTOCOL_ERROR, "a control frame in fragments");
	if (length > WS_CONTROL_MOST)
		return broken(r, WS_PROTOCOL_ERROR, "a control frame over 125 bytes");
	return true;
}

static bool check_data(struct ws_reader *r)
{
	if (r->opcode > WS_BINARY)
		return broken(r, WS_PROTOCOL_ERROR, "unknown opcode");
	if (r->opcode == WS_CONTINUATION && !r->message)
		return broken(r, WS_PROTOCOL_ERROR, "nothing to continue");
	if (r->opcode != WS_CONTINUATION && r->message)
		return broken(r, WS_PROTOCOL_ERROR, "a message inside a message");
	return true;
}

/* The first two bytes. */
static bool check_start(struct ws_reader *r)
{
	r->final = r->head[0] & 0x80;
	r->opcode = r->head[0] & 0x0f;
	if (r->head[0] & 0x70)
		return broken(r, WS_PROTOCOL_ERROR, "a reserved bit is set");
	if (!(r->head[1] & 0x80))
		return broken(r, WS_PROTOCOL_ERROR, "a frame without mask");
	return is_control(r) ? check_control(r, r->head[1] & 0x7f) : check_data(r);
}

static unsigned length_bytes(const struct ws_reader *r)
{
	unsigned length = r->head[1] & 0x7f;
	return length < 126 ? 0 : length == 126 ? 2 : 8;
}

static bool read_length(struct ws_reader *r)
{
	unsigned bytes = length_bytes(r);
	uint64_t length = bytes ? 0 : r->head[1] & 0x7f;

	for (unsigned i = 0; i < bytes; i++)
		length = length << 8 | r->head[2 + i];
	/* 5.2: the fewest bytes, and the highest bit is 0. */
	if ((bytes == 2 && length < 126) || (bytes == 8 && length <= UINT16_MAX))
		return broken(r, WS_PROTOCOL_ERROR, "a length in more bytes than it needs");
	if (length > INT64_MAX)
		return broken(r, WS_PROTOCOL_ERROR, "a length over 63 bits");
	r->left = length;
	return true;
}

static bool begin_data(struct ws_reader *r)
{
	if (r->opcode != WS_CONTINUATION) {
		r->message = r->opcode;
		r->size = 0;
		r->utf8 = (struct ws_utf8){0};
	}
	if (r->left > r->max_message - r->size)
		return broken(r, WS_TOO_BIG, "the message is too big");
	r->size += r->left;
	return true;
}

static bool begin_payload(struct ws_reader *r)
{
	memcpy(r->mask, r->head + r->head_len - 4, 4);
	r->mask_at = 0;
	r->head_len = 0;
	r->in_payload = true;
	r->control_len = 0;
	return is_control(r) || begin_data(r);
}

/* Up to size bytes of the head; whether they are there. */
static bool fill_head(struct ws_reader *r, unsigned size, const char *data, size_t len,
	size_t *used)
{
	while (r->head_len < size && *used < len)
		r->head[r->head_len++] = (uint8_t)data[(*used)++];
	return r->head_len == size;
}

/* What there is of the head.  False if the frame is refused. */
static bool take_head(struct ws_reader *r, const char *data, size_t len, size_t *used)
{
	if (r->head_len < 2) {
		if (!fill_head(r, 2, data, len, used))
			return true;
		if (!check_start(r))
			return false;
	}
	unsigned size = 2 + length_bytes(r);
	if (r->head_len <= size) {
		if (!fill_head(r, size, data, len, used))
			return true;
		if (!read_length(r))
			return false;
	}
	return !fill_head(r, size + 4, data, len, used) || begin_payload(r);
}

/* ---- the payload ---- */

/* The mask from where it is to go on, its next byte the lowest. */
static uint32_t turned_mask(const struct ws_reader *r)
{
	unsigned turn = 8u * r->mask_at;
	uint32_t mask;

	memcpy(&mask, r->mask, sizeof(mask));
	mask = le32toh(mask);
	return mask >> turn | mask << (-turn & 31);
}

static void unmask(struct ws_reader *r, char *data, size_t len)
{
	uint32_t mask = turned_mask(r);
	uint64_t word, wide = htole64((uint64_t)mask << 32 | mask);

	r->mask_at = (uint8_t)((r->mask_at + len) % 4);
	for (; len >= sizeof(word); data += sizeof(word), len -= sizeof(word)) {
		memcpy(&word, data, sizeof(word));
		word ^= wide;
		memcpy(data, &word, sizeof(word));
	}
	for (size_t i = 0; i < len; i++)
		data[i] = (char)(data[i] ^ (uint8_t)(mask >> 8 * (i % 4)));
}

static bool check_close(struct ws_reader *r)
{
	if (r->control_len == 0)
		return true;
	if (r->control_len == 1)
		return broken(r, WS_PROTOCOL_ERROR, "a close with half a code");
	if (!ws_code_is_valid(ws_close_code(r->control, r->control_len)))
		return broken(r, WS_PROTOCOL_ERROR, "a close with a code that is none");
	if (!ws_utf8_valid(r->control + 2, r->control_len - 2u))
		return broken(r, WS_BAD_TEXT, "the reason is not UTF-8");
	return true;
}

static enum ws_event take_control(struct ws_reader *r, const char *data, size_t len,
	struct ws_found *found)
{
	memcpy(r->control + r->control_len, data, len);
	r->control_len = (uint8_t)(r->control_len + len);
	if (r->left > 0)
		return WS_MORE;
	r->in_payload = false;
	if (r->opcode == WS_CLOSE && !check_close(r))
		return WS_BROKEN;
	found->data = r->control;
	found->len = r->control_len;
	return WS_CONTROL;
}

static enum ws_event end_message(struct ws_reader *r)
{
	bool is_text = r->message == WS_TEXT;

	r->message = 0;
	if (!is_text || ws_utf8_is_whole(&r->utf8))
		return WS_MESSAGE;
	broken(r, WS_BAD_TEXT, "the text ends inside a character");
	return WS_BROKEN;
}

static enum ws_event take_data(struct ws_reader *r, char *data, size_t len,
	struct ws_found *found)
{
	found->is_text = r->message == WS_TEXT;
	if (found->is_text && !ws_utf8_take(&r->utf8, data, len)) {
		broken(r, WS_BAD_TEXT, "the text is not UTF-8");
		return WS_BROKEN;
	}
	found->data = data;
	found->len = len;
	r->in_payload = r->left > 0;
	if (r->final && r->left == 0)
		return end_message(r);
	return len > 0 ? WS_PIECE : WS_MORE;
}

/* What there is of this frame's payload, which may be nothing. */
static enum ws_event take_payload(struct ws_reader *r, char *data, size_t len,
	struct ws_found *found)
{
	if (len > r->left)
		len = (size_t)r->left;
	unmask(r, data, len);
	r->left -= len;
	found->used += len;
	return is_control(r) ? take_control(r, data, len, found) : take_data(r, data, len, found);
}

enum ws_event ws_reader_next(struct ws_reader *r, char *data, size_t len,
	struct ws_found *found)
{
	assert(!r->code);
	*found = (struct ws_found){0};
	while (found->used < len) {
		if (!r->in_payload && !take_head(r, data, len, &found->used))
			return WS_BROKEN;
		if (!r->in_payload || (found->used == len && r->left > 0))
			continue;
		enum ws_event event = take_payload(r, data + found->used, len - found->used, found);
		if (event != WS_MORE)
			return event;
	}
	return WS_MORE;
}

/* ---- closes, and our own frames ---- */

unsigned ws_close_code(const char *payload, size_t len)
{
	if (len < 2)
		return WS_NO_CODE;
	return (unsigned)(uint8_t)payload[0] << 8 | (uint8_t)payload[1];
}

/* RFC 6455, 7.4, and the registry of IANA, which goes up to 1014. */
bool ws_code_is_valid(unsigned code)
{
	if (code >= 3000 && code <= 4999)
		return true;
	return (code >= 1000 && code <= 1003) || (code >= 1007 && code <= 1014);
}

size_t ws_head_write(char *out, enum ws_opcode opcode, uint64_t len)
{
	unsigned bytes = len < 126 ? 0 : len <= UINT16_MAX ? 2 : 8;

	out[0] = (char)(0x80 | opcode);
	out[1] = (char)(bytes == 0 ? len : bytes == 2 ? 126u : 127u);
	for (unsigned i = 0; i < bytes; i++)
		out[2 + i] = (char)(len >> 8 * (bytes - 1 - i));
	return 2 + bytes;
}

size_t ws_close_write(char *out, unsigned code, const char *reason)
{
	size_t len = strlen(reason);

	if (code == WS_NO_CODE)
		return 0;
	assert(len <= WS_REASON_MOST);
	out[0] = (char)(code >> 8);
	out[1] = (char)code;
	memcpy(out + 2, reason, len);
	return len + 2;
}
