/* SPDX-License-Identifier: MIT */
/*
 * steer_compile.c - the program that finds a key's member.
 *
 *	        key -> A
 *	first:  A >= k ? ... a binary tree ...   leaves: return a member,
 *	                                          or go on at again
 *	again:  another key -> A                  only if somebody is closed
 *	second: A >= k ? ...                      leaves: return an open member
 *
 * Classic BPF jumps only forward, so the program is written from its end: where
 * a jump goes is always known.  Places are counted from the end.
 */
#include <assert.h>
#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#include "sys/steer.h"
#include "sys/steer_key.h"
#include "sys/steer_share.h"

struct program {
	struct sock_filter *code;
	size_t              room, len;    /* it is the last len of code[0..room) */
	size_t              again;        /* place of the second choice */
	bool                full;
};

static void put(struct program *p, unsigned op, uint32_t k, uint8_t yes, uint8_t no)
{
	if (p->len == p->room) {
		p->full = true;
		return;
	}
	p->len++;
	p->code[p->room - p->len] =
		(struct sock_filter)BPF_JUMP((uint16_t)op, k, yes, no);
}

static void put_block(struct program *p, const struct steer_block *b)
{
	for (size_t i = b->len; i-- > 0;)
		put(p, b->code[i].code, b->code[i].k, b->code[i].jt, b->code[i].jf);
}

static void put_go(struct program *p, size_t place)
{
	put(p, BPF_JMP | BPF_JA, (uint32_t)(p->len - place), 0, 0);
}

/* Goes there if A >= k, else to what was put last. */
static void put_go_if(struct program *p, uint32_t k, size_t place)
{
	if (p->len - place <= UINT8_MAX) {
		put(p, BPF_JMP | BPF_JGE | BPF_K, k, (uint8_t)(p->len - place), 0);
	} else {
		put_go(p, place);
		put(p, BPF_JMP | BPF_JGE | BPF_K, k, 0, 1);
	}
}

/* first + (A - from) / width */
static void put_row(struct program *p, const struct steer_piece *row)
{
	put(p, BPF_RET | BPF_A, 0, 0, 0);
	if (row->first > 0)
		put(p, BPF_ALU | BPF_ADD | BPF_K, row->first, 0, 0);
	if (row->width > 1)
		put(p, BPF_ALU | BPF_DIV | BPF_K, row->width, 0, 0);
	if (row->from > 0)
		put(p, BPF_ALU | BPF_SUB | BPF_K, row->from, 0, 0);
}

static void put_leaf(struct program *p, const struct steer_piece *piece)
{
	switch (piece->outcome) {
	case STEER_ONE:
		put(p, BPF_RET | BPF_K, piece->first, 0, 0);
		break;
	case STEER_ROW:
		put_row(p, piece);
		break;
	case STEER_CLOSED:
		put_go(p, p->again);
		break;
	}
}

/* As deep as the logarithm of count. */
static void put_tree(struct program *p, const struct steer_piece *pieces, size_t count)
{
	if (count == 1) {
		put_leaf(p, pieces);
		return;
	}
	size_t half = count / 2;
	put_tree(p, pieces + half, count - half);
	size_t upper = p->len;
	put_tree(p, pieces, half);
	put_go_if(p, pieces[half].from, upper);
}

static bool somebody_closed(const struct steer_shares *shares)
{
	for (size_t i = 0; i < shares->count; i++)
		if (shares->pieces[i].outcome == STEER_CLOSED)
			return true;
	return false;
}

static void put_second(struct program *p, const struct steer *s, unsigned grain)
{
	struct steer_shares open;
	struct steer_block key = { .len = 0 };

	steer_share_open(s, grain, &open);
	put_tree(p, open.pieces, open.count);
	steer_key_again(s, &key);
	put_block(p, &key);
	p->again = p->len;
}

static void put_first(struct program *p, const struct steer *s, const struct steer_shares *all)
{
	struct steer_block key = { .len = 0 };

	put_tree(p, all->pieces, all->count);
	steer_key(s, (unsigned)all->range, &key);
	put_block(p, &key);
}

/* Gives the length, 0 if it does not fit. */
static size_t write_program(
	const struct steer *s, unsigned grain, struct sock_filter *code, size_t room)
{
	struct program p = { .code = code, .room = room < STEER_MOST ? room : STEER_MOST };
	struct steer_shares all;

	steer_share_all(s, &all);
	if (somebody_closed(&all))
		put_second(&p, s, grain);
	put_first(&p, s, &all);
	if (p.full)
		return 0;
	memmove(code, code + p.room - p.len, p.len * sizeof(*code));
	return p.len;
}

static bool family_is_valid(const struct steer *s)
{
	return s->family == AF_INET || s->family == AF_INET6;
}

static bool is_valid(const struct steer *s)
{
	if (s->count < 1 || s->count > STEER_MEMBERS)
		return false;
	switch (s->by) {
	case STEER_CHANCE:
		return true;
	case STEER_FLOW:
	case STEER_CPU:
		return family_is_valid(s);
	case STEER_SOURCE:
		return family_is_valid(s) && s->prefix >= 1
			&& s->prefix <= (s->family == AF_INET6 ? 128 : 32);
	case STEER_PAYLOAD:
		return family_is_valid(s) && s->length >= 1 && s->length <= 16
			&& s->offset <= UINT16_MAX - s->length;
	}
	return false;
}

static bool somebody_open(const struct steer *s)
{
	for (unsigned i = 0; i < s->count; i++)
		if (!s->closed || !s->closed[i])
			return true;
	return false;
}

size_t steer_compile(const struct steer *s, struct sock_filter *code, size_t room)
{
	if (!is_valid(s) || !somebody_open(s)) {
		errno = EINVAL;
		return 0;
	}
	for (unsigned grain = 1; grain <= s->count; grain *= 2) {
		size_t len = write_program(s, grain, code, room);
		if (len > 0)
			return len;
	}
	errno = E2BIG;
	return 0;
}
