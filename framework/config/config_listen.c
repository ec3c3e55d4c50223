/* SPDX-License-Identifier: MIT */
/*
 * config_listen.c - the addresses of a service.
 *
 * No address may be served twice: two services on one port would share its
 * clients at random.  tcp and http are one transport, udp is another.
 */
#include "config/config_draft.h"

#include <string.h>

#include "base/text.h"

/* The addresses that one word gave. */
struct found {
	struct addr addrs[CONFIG_MAX_LISTENS];
	int count;
};

static bool is_udp(const struct draft_service *s)
{
	return s->service.protocol == CONFIG_UDP;
}

static bool listens_on(const struct draft_service *s, const struct addr *a)
{
	for (size_t i = 0; i < s->service.listen_count; i++) {
		if (addr_equal(&s->service.listens[i], a))
			return true;
	}
	return false;
}

/* Who has a already, s itself included; NULL if nobody. */
static const struct draft_service *holder(
	const struct draft *d, const struct draft_service *s, const struct addr *a)
{
	for (const struct draft_service *o = d->services; o != NULL; o = o->next) {
		if (o != s && (!o->protocol_known || !s->protocol_known))
			continue;
		if (is_udp(o) == is_udp(s) && listens_on(o, a))
			return o;
	}
	return NULL;
}

/* Tells why s may not have a, if so. */
static bool is_free(struct draft *d, const struct draft_service *s, const struct ini_entry *e,
	const struct addr *a)
{
	char text[ADDR_TEXT];
	const struct draft_service *other = holder(d, s, a);

	if (other != NULL) {
		const struct ini_entry *first = ini_find(other->section, other->listen_key);
		problems_add(&d->problems, s->section->file, e->line,
			"%s: [%s] has %s already, at %s:%u; take one out", s->listen_key, other->section->name,
			addr_format(a, text), other->section->file,
			first != NULL ? first->line : other->section->line);
		return false;
	}
	if (d->listen_count < CONFIG_MAX_LISTENS)
		return true;
	if (!d->too_many_listens)
		problems_add(&d->problems, s->section->file, e->line,
			"%s: more than %d addresses in all services; take some out", s->listen_key,
			CONFIG_MAX_LISTENS);
	d->too_many_listens = true;
	return false;
}

static void add_word(
	struct draft *d, struct draft_service *s, const struct ini_entry *e, const char *word)
{
	struct found found;
	const char *why;

	if (word[0] == '\0') {
		problems_add(&d->problems, s->section->file, e->line,
			"%s: no address between two commas or at the end; delete the comma", s->listen_key);
		return;
	}
	found.count = addr_parse(word, found.addrs, CONFIG_MAX_LISTENS, &why);
	if (found.count < 0)
		problems_add(&d->problems, s->section->file, e->line, "%s = %s: %s", s->listen_key, word, why);
	for (int i = 0; i < found.count; i++) {
		if (!is_free(d, s, e, &found.addrs[i]))
			continue;
		s->service.listens[s->service.listen_count++] = found.addrs[i];
		d->listen_count++;
	}
}

int config_read_listens(struct draft *d, struct draft_service *s)
{
	const struct ini_entry *e = ini_find(s->section, s->listen_key);
	char *rest = arena_copy(d->mem, s->listen, strlen(s->listen));

	s->service.listens = arena_alloc(d->mem, CONFIG_MAX_LISTENS * sizeof(struct addr));
	if (rest == NULL || s->service.listens == NULL)
		return -1;
	for (char *word; (word = strsep(&rest, ",")) != NULL;)
		add_word(d, s, e, text_trim(word));
	return 0;
}
