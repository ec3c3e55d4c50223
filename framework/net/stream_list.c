/* SPDX-License-Identifier: MIT */
/*
 * stream_list.c - the hub's lists of streams: who is settled before the loop
 * sleeps, and who waits for its turn to send much.
 *
 * A stream is in one of them at most.  One that waits keeps its place whatever
 * is asked of it meanwhile: who is written to all the time would else never
 * come to the front.
 */
#include <stddef.h>

#include "net/stream_io.h"

static void append(struct stream_list *list, struct stream *s)
{
	s->next = NULL;
	s->prev = list->last;
	if (list->last)
		list->last->next = s;
	else
		list->first = s;
	list->last = s;
}

static void leave(struct stream_list *list, struct stream *s)
{
	if (s->prev)
		s->prev->next = s->next;
	else
		list->first = s->next;
	if (s->next)
		s->next->prev = s->prev;
	else
		list->last = s->prev;
}

void stream_list_touched(struct stream *s)
{
	s->touched = true;
	append(&s->kind->hub->touched, s);
}

void stream_wait(struct stream *s)
{
	if (s->waiting)
		return;
	stream_leave_lists(s);
	s->waiting = true;
	append(&s->kind->hub->waiting, s);
}

void stream_leave_lists(struct stream *s)
{
	struct hub *h = s->kind->hub;

	if (s->touched)
		leave(&h->touched, s);
	else if (s->waiting)
		leave(&h->waiting, s);
	s->touched = s->waiting = false;
}
