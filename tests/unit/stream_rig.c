/* SPDX-License-Identifier: MIT */
/*
 * stream_rig.c - what the tests of streams share.
 */
#include "stream_rig.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

struct stream_kind kind;
struct side side, second;

/* ---- the stream's callbacks ---- */

static struct side *side_of(struct stream *s)
{
	return (struct side *)s;
}

static size_t data(struct stream *s, char *bytes, size_t len)
{
	struct side *d = side_of(s);
	size_t used = len;

	rig_enter();
	d->datas++;
	d->got_len = len < sizeof(d->got) ? len : sizeof(d->got);
	memcpy(d->got, bytes, d->got_len);
	if (d->on_data)
		used = d->on_data(d, bytes, len);
	rig_leave();
	return used;
}

static void eof(struct stream *s)
{
	struct side *d = side_of(s);

	rig_enter();
	d->eofs++;
	if (d->on_eof)
		d->on_eof(d);
	rig_leave();
}

static void drained(struct stream *s)
{
	struct side *d = side_of(s);

	rig_enter();
	d->draineds++;
	if (d->on_drained)
		d->on_drained(d);
	rig_leave();
}

static void late(struct stream *s)
{
	rig_enter();
	side_of(s)->lates++;
	rig_leave();
	stream_abort(s);
}

static void closed(struct stream *s)
{
	rig_enter();
	side_of(s)->closeds++;
	rig_leave();
}

static const struct stream_ops ops = { data, eof, drained, late, closed };

void open_side(struct side *d)
{
	int ends[2];

	cr_assert_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends), 0);
	d->peer = ends[1];
	stream_open(&d->stream, &kind, ends[0]);
}

size_t use_nothing(struct side *d, char *bytes, size_t len)
{
	(void)d;
	(void)bytes;
	(void)len;
	return 0;
}

/* ---- the rig ---- */

void stream_set_up(void)
{
	rig_up();
	stream_kind_init(&kind, &rig.hub, &ops, 0., 5.);
	kind.max_input = 4096;
	kind.high_water = 64 * 1024;
	kind.max_queue = 1024 * 1024;
	open_side(&side);
}

void stream_tear_down(void)
{
	if (!side.closeds)
		stream_abort(&side.stream);
	if (second.stream.kind && !second.closeds)
		stream_abort(&second.stream);
	rig_turns(3);
	cr_assert_eq(side.closeds, 1, "closed() is called once");
	stream_kind_fini(&kind);
	rig_down();
	close(side.peer);
}

void peer_says(struct side *d, const char *text)
{
	cr_assert_eq(write(d->peer, text, strlen(text)), (ssize_t)strlen(text));
}

void peer_hears(struct side *d, const char *text)
{
	char got[256];
	ssize_t n = read(d->peer, got, sizeof(got));

	cr_assert_eq(n, (ssize_t)strlen(text), "%zd bytes, wanted '%s'", n, text);
	cr_assert_eq(memcmp(got, text, strlen(text)), 0);
}

void peer_hears_nothing(struct side *d)
{
	char byte;

	cr_assert_eq(read(d->peer, &byte, 1), -1);
	cr_assert_eq(errno, EAGAIN);
}

void peer_hears_the_end(struct side *d)
{
	char byte;

	cr_assert_eq(read(d->peer, &byte, 1), 0);
}

size_t clog_up(struct side *d)
{
	static char block[32 * 1024];
	size_t total = 0;

	while (!d->stream.blocked) {
		cr_assert_eq(stream_write(&d->stream, block, sizeof(block)), 0);
		total += sizeof(block);
		rig_turn();
	}
	return total;
}

void sleeps(void)
{
	rig_turns(2);
	cr_assert_not(ev_is_active(&rig.hub.awake));
	rig_sleeps();
}
