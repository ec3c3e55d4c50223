/* SPDX-License-Identifier: MIT */
/*
 * config_tls.c - the keys tls_... of a section [service NAME].
 *
 * What the files hold is seen by who may read them: the worker, before it
 * drops its privileges (net/tls_files.c).
 */
#include "config/config_draft.h"

static int read_pairs(struct draft *d, struct draft_service *s, const struct ini_entry *certificate,
	const struct ini_entry *key)
{
	const char *certificates[CONFIG_PATHS], *keys[CONFIG_PATHS];
	struct config_service *c = &s->service;
	size_t certificate_count = 0, key_count = 0;

	if (config_read_paths(d, s->section, certificate, certificates, &certificate_count) < 0
		|| config_read_paths(d, s->section, key, keys, &key_count) < 0)
		return -1;
	if (certificate_count != key_count) {
		problems_add(&d->problems, s->section->file, key->line,
			"tls_key names %zu file%s, tls_certificate %zu; write the key of each certificate, "
			"in the same order", key_count, key_count == 1 ? "" : "s", certificate_count);
		return 0;
	}
	c->tls_pairs = arena_zalloc(d->mem, key_count * sizeof(*c->tls_pairs));
	if (!c->tls_pairs)
		return -1;
	for (size_t i = 0; i < key_count; i++)
		c->tls_pairs[i] = (struct config_tls_pair){ certificates[i], keys[i] };
	c->tls_pair_count = key_count;
	return 0;
}

/* One that was written and is of no effect would be taken for protection. */
static void check_clients(struct draft *d, const struct draft_service *s)
{
	const struct ini_entry *ca = config_written(s, "tls_client_ca"), *client = config_written(s, "tls_client");

	if (ca && !client)
		problems_add(&d->problems, s->section->file, ca->line,
			"tls_client_ca without tls_client checks nobody; add tls_client = required, "
			"or optional");
	if (s->service.tls_client != CONFIG_TLS_CLIENT_NO && !ca)
		problems_add(&d->problems, s->section->file, client->line,
			"tls_client = %s: nobody is named who vouches for clients; add tls_client_ca",
			client->value);
}

static void refuse_alone(struct draft *d, const struct draft_service *s)
{
	static const char *const keys[] = {
		"tls_key", "tls_client_ca", "tls_client", "tls_protocols", "tls_handshake",
	};

	for (size_t i = 0; i < sizeof(keys) / sizeof(*keys); i++) {
		const struct ini_entry *e = config_written(s, keys[i]);
		if (!e)
			continue;
		problems_add(&d->problems, s->section->file, e->line,
			"%s: there is no TLS without a certificate; add tls_certificate, or delete it",
			e->key);
		return;
	}
}

int config_read_tls(struct draft *d, struct draft_service *s)
{
	const struct ini_entry *certificate = config_written(s, "tls_certificate"), *key = config_written(s, "tls_key");
	struct config_service *c = &s->service;

	if (*c->tls_client_ca)
		c->tls_client_ca = ini_relative(d->mem, s->section->file, c->tls_client_ca);
	else
		c->tls_client_ca = NULL;
	if (s->protocol_known && c->protocol == CONFIG_UDP)
		return 0;                /* each key was refused */
	if (!certificate) {
		refuse_alone(d, s);
		return 0;
	}
	check_clients(d, s);
	if (key)
		return read_pairs(d, s, certificate, key);
	problems_add(&d->problems, s->section->file, certificate->line,
		"tls_certificate without tls_key; add tls_key, the file of its key");
	return 0;
}
