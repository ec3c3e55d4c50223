/* SPDX-License-Identifier: MIT */
/*
 * items.c - datagrams and messages that wait to be looked at, and fields that were.
 */
#include "kit/kit.h"

#include <stdlib.h>
#include <string.h>

struct kit_item *kit_make(int kind, int code, const void *data, size_t len)
{
	struct kit_item *i = malloc(sizeof(*i) + len + 1);

	kit_need(i != NULL);
	if (len > 0)
		memcpy(i->bytes, data, len);
	i->bytes[len] = '\0';
	i->message = (struct portico_test_message){
		.kind = kind, .code = code, .data = i->bytes, .len = len,
	};
	i->next = NULL;
	return i;
}

void kit_put(struct kit_items *items, int kind, int code, const void *data, size_t len)
{
	struct kit_item *i = kit_make(kind, code, data, len);

	if (items->last)
		*items->last = i;
	else
		items->first = i;
	items->last = &i->next;
}

struct kit_item *kit_take(struct kit_items *items)
{
	struct kit_item *i = items->first;

	if (!i)
		return NULL;
	items->first = i->next;
	if (!items->first)
		items->last = NULL;
	return i;
}
