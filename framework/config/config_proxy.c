/* SPDX-License-Identifier: MIT */
/*
 * config_proxy.c - the keys proxy_... of a section [service NAME].
 *
 * A header is believed because of where it comes from, so one without the other is refused.
 */
#include "config/config_draft.h"

#include <string.h>

#include "base/text.h"

static size_t count_words(const char *text)
{
	size_t count = 1;

	for (; *text != '\0'; text++)
		count += *text == ',';
	return count;
}

static void read_word(struct draft *d, struct draft_service *s, const struct ini_entry *e,
	const char *word)
{
	struct config_service *c = &s->service;
	const char *why;

	if (*word == '\0')
		problems_add(&d->problems, s->section->file, e->line,
			"%s: no network between two commas or at the end; delete the comma", e->key);
	else if (network_parse(word, &c->proxy_from[c->proxy_from_count], &why) < 0)
		problems_add(&d->problems, s->section->file, e->line, "%s = %s: %s", e->key, word, why);
	else
		c->proxy_from_count++;
}

/* Networks between commas. */
static int read_networks(struct draft *d, struct draft_service *s, const struct ini_entry *e)
{
	char *rest = arena_copy(d->mem, e->value, strlen(e->value));

	s->service.proxy_from = arena_zalloc(d->mem,
		count_words(e->value) * sizeof(*s->service.proxy_from));
	if (!rest || !s->service.proxy_from)
		return -1;
	for (char *word; (word = strsep(&rest, ",")) != NULL;)
		read_word(d, s, e, text_trim(word));
	return 0;
}

/* One that was written and is of no effect would be taken for protection; with
 * proxy_protocol = no it is plain to see. */
static void refuse_alone(struct draft *d, const struct draft_service *s)
{
	static const char *const keys[] = { "proxy_from", "proxy_time" };

	for (size_t i = 0; i < sizeof(keys) / sizeof(*keys); i++) {
		const struct ini_entry *e = config_written(s, keys[i]);
		if (e)
			problems_add(&d->problems, s->section->file, e->line,
				"%s does nothing without proxy_protocol; add proxy_protocol = yes, or "
				"delete it", e->key);
	}
}

int config_read_proxy(struct draft *d, struct draft_service *s)
{
	const struct ini_entry *protocol = config_written(s, "proxy_protocol"), *from = config_written(s, "proxy_from");

	if (s->protocol_known && s->service.protocol == CONFIG_UDP)
		return 0;                /* each key was refused */
	if (!protocol)
		refuse_alone(d, s);
	if (from)
		return read_networks(d, s, from);
	if (s->service.proxy_protocol && !ini_find(s->section, "proxy_from"))
		problems_add(&d->problems, s->section->file, protocol->line,
			"proxy_protocol = yes without proxy_from; add proxy_from, the networks of your "
			"proxies: anybody else could say that he is anybody");
	return 0;
}
