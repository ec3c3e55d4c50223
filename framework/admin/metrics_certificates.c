/* SPDX-License-Identifier: MIT */
/*
 * metrics_certificates.c - when the certificates end that this worker has read.
 *
 * The master has never seen them; all workers of a generation have the same.
 */
#include "admin/admin.h"
#include "admin/metrics_parts.h"
#include "net/tls_context.h"

void metrics_certificates(struct expose *e, const struct admin *a)
{
	const struct config *c = a->config;

	expose_family(e, &(struct expose_family){ "portico_certificate_expiry_timestamp_seconds",
		EXPOSE_GAUGE, "seconds", "When a certificate ends, in seconds since 1970." });
	for (size_t i = 0; a->tls && i < c->service_count; i++)
		for (size_t k = 0; a->tls[i] && k < c->services[i].tls_pair_count; k++)
			expose_real(e, (double)tls_context_ends(a->tls[i], k),
				"service", c->services[i].name,
				"certificate", c->services[i].tls_pairs[k].certificate, NULL);
}
