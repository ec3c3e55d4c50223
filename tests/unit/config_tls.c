/* SPDX-License-Identifier: MIT */
/* config_tls.c - the keys tls_... of a service: what they mean and what is wrong with them. */
#include <criterion/criterion.h>

#include "config_rig.h"

#define PAIR	"tls_certificate = /a.crt\ntls_key = /a.key\n"

CONFIG_SUITE(config_tls);

Test(config_tls, a_client_that_speaks_first_is_deferred_unless_told_otherwise)
{
	load(TCP PAIR HANDLER);
	cr_assert(config_defers(service("s")));
	load(TCP PAIR "defer_accept = no\n" HANDLER);
	cr_assert(!config_defers(service("s")));
	load(TCP HANDLER);
	cr_assert(!config_defers(service("s")));
	load(TCP "defer_accept = yes\n" HANDLER);
	cr_assert(config_defers(service("s")));
	load(HTTP HANDLER);
	cr_assert(config_defers(service("s")));
}

Test(config_tls, there_is_none_unless_it_is_asked_for)
{
	load(TCP HANDLER);
	cr_assert_not_null(config, "%s", told);
	cr_assert_eq(config->services[0].tls_pair_count, 0);
	cr_assert_null(config->services[0].tls_client_ca);
}

Test(config_tls, paths_are_seen_from_the_file_and_pairs_keep_their_order)
{
	load(TCP "tls_certificate = a.crt , /x/b.crt\ntls_key = a.key,b.key\n" HANDLER);
	cr_assert_not_null(config, "%s", told);
	const struct config_service *s = &config->services[0];
	cr_assert_eq(s->tls_pair_count, 2);
	cr_assert_str_eq(s->tls_pairs[0].certificate, path_of("a.crt"));
	cr_assert_str_eq(s->tls_pairs[0].key, path_of("a.key"));
	cr_assert_str_eq(s->tls_pairs[1].certificate, "/x/b.crt");
	cr_assert_str_eq(s->tls_pairs[1].key, path_of("b.key"));
	cr_assert_eq(s->tls_client, CONFIG_TLS_CLIENT_NO);
	cr_assert_eq(s->tls_protocols, CONFIG_TLS_12_13);
	cr_assert_float_eq(s->tls_handshake, 10., 1e-9);
}

Test(config_tls, clients_and_versions_are_chosen)
{
	load(TCP PAIR "tls_client = required\ntls_client_ca = ca.pem\ntls_protocols = 1.3\n"
		"tls_handshake = 2s\n" HANDLER);
	cr_assert_not_null(config, "%s", told);
	const struct config_service *s = &config->services[0];
	cr_assert_eq(s->tls_client, CONFIG_TLS_CLIENT_REQUIRED);
	cr_assert_str_eq(s->tls_client_ca, path_of("ca.pem"));
	cr_assert_eq(s->tls_protocols, CONFIG_TLS_13);
	cr_assert_float_eq(s->tls_handshake, 2., 1e-9);
}

Test(config_tls, each_certificate_has_a_key)
{
	expect_told(TCP "tls_certificate = a.crt\n" HANDLER,
		"a.ini:4: tls_certificate without tls_key; add tls_key, the file of its key\n");
	expect_told(TCP "tls_certificate = a.crt, b.crt\ntls_key = a.key\n" HANDLER,
		"a.ini:5: tls_key names 1 file, tls_certificate 2; write the key of each certificate, in the "
		"same order\n");
	expect_told(TCP "tls_certificate = a.crt\ntls_key = a.key,\n" HANDLER,
		"a.ini:5: tls_key: no file between two commas or at the end; delete the comma\n");
}

Test(config_tls, what_needs_a_certificate_is_told_without_one)
{
	expect_told(TCP "tls_key = a.key\ntls_handshake = 5s\n" HANDLER,
		"a.ini:4: tls_key: there is no TLS without a certificate; add tls_certificate, or delete it\n");
	expect_told(TCP "tls_client = required\ntls_client_ca = ca\n" HANDLER,
		"a.ini:5: tls_client_ca: there is no TLS without a certificate; add tls_certificate, or "
		"delete it\n");
}

Test(config_tls, what_would_protect_nothing_is_told)
{
	expect_told(TCP PAIR "tls_client_ca = ca.pem\n" HANDLER,
		"a.ini:6: tls_client_ca without tls_client checks nobody; add tls_client = required, or "
		"optional\n");
	expect_told(TCP PAIR "tls_client = optional\n" HANDLER,
		"a.ini:6: tls_client = optional: nobody is named who vouches for clients; add tls_client_ca\n");
}

Test(config_tls, wrong_values_are_told)
{
	expect_told(TCP PAIR "tls_protocols = 1.1\n" HANDLER,
		"a.ini:6: tls_protocols = 1.1: not known; did you mean 1.3?\n");
	expect_told(TCP PAIR "tls_client = yes\n" HANDLER,
		"a.ini:6: tls_client = yes: not known; write no, optional or required\n");
	expect_told(TCP PAIR "tls_handshake = 10ms\n" HANDLER,
		"a.ini:6: tls_handshake = 10ms: out of range; write 100ms to 1h\n");
}

Test(config_tls, udp_has_none)
{
	expect_told(UDP PAIR HANDLER,
		"a.ini:4: tls_certificate is not for protocol = udp but for tcp or http; delete it\n"
		"a.ini:5: tls_key is not for protocol = udp but for tcp or http; delete it\n");
}
