/* SPDX-License-Identifier: MIT */
/*
 * book.c - what was said in the room, in the order in which it was heard first.
 */
#include "book.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void *need(void *memory)
{
	if (memory)
		return memory;
	perror("chat-run");
	exit(2);
}

void book_init(struct book *b)
{
	*b = (struct book){ .index_size = 1024 };
	b->index = need(calloc(b->index_size, sizeof(*b->index)));
}

void book_fini(struct book *b)
{
	free(b->texts);
	free(b->index);
}

static size_t *place_of(const struct book *b, const char *text)
{
	uint64_t h = 0xcbf29ce484222325;

	for (const char *at = text; *at; at++)
		h = (h ^ (unsigned char)*at) * 0x100000001b3;
	size_t i = h % b->index_size;
	while (b->index[i] > 0 && strcmp(b->texts[b->index[i] - 1], text) != 0)
		i = (i + 1) % b->index_size;
	return &b->index[i];
}

long book_find(const struct book *b, const char *text)
{
	return (long)*place_of(b, text) - 1;
}

static void grow(struct book *b)
{
	if (b->count == b->room) {
		b->room = b->room ? 2 * b->room : 1024;
		b->texts = need(realloc(b->texts, b->room * sizeof(*b->texts)));
	}
	if (2 * (b->count + 1) < b->index_size)
		return;
	free(b->index);
	b->index_size *= 2;
	b->index = need(calloc(b->index_size, sizeof(*b->index)));
	for (size_t i = 0; i < b->count; i++)
		*place_of(b, b->texts[i]) = i + 1;
}

static void add(struct book *b, const char *text)
{
	grow(b);
	snprintf(b->texts[b->count], BOOK_TEXT, "%s", text);
	*place_of(b, b->texts[b->count]) = b->count + 1;
	b->count++;
}

void book_hears(struct book *b, size_t *place, const char *text, struct book_findings *f)
{
	long known = book_find(b, text);

	f->heard++;
	if (known < 0 && *place == b->count) {
		add(b, text);
		++*place;
	} else if (known < 0) {
		f->disordered++;
	} else if ((size_t)known < *place) {
		f->doubled++;
	} else {
		f->missed += (size_t)known - *place;
		*place = (size_t)known + 1;
	}
}
