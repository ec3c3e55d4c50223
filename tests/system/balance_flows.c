/* SPDX-License-Identifier: MIT */
/* balance_flows.c - balance = KIND for datagrams: who stays with whom. */
#include <stdio.h>
#include <unistd.h>

#include "balance_rig.h"
#include "client.h"
#include "harness.h"
#include "operate.h"
#include "server.h"

SYSTEM_SUITE(balance_flows);

Test(balance_flows, flows_are_shared_by_weight)
{
	struct server *s = server_start(UDP("weights 3,1"), 2);
	struct census c;

	census_take(&c, &flows, MANY);
	census_expect(&c, (double[]){ .75, .25 }, 2, POINTS);
	server_stop(s);
}

enum { FLOWS = 300 };

static void flow_stays(const char *ini)
{
	struct server *s = server_start(ini, 4);
	struct outcome o;
	char answer[64] = "";
	int fds[FLOWS];
	char slots[FLOWS];

	for (int i = 0; i < FLOWS; i++) {
		fds[i] = udp_client("127.0.0.1", 7001);
		udp_ask(fds[i], "?", 1, answer, sizeof(answer));
		slots[i] = answer[0];
	}
	verb_succeeds(&o, "reload", NULL);
	for (int i = 0; i < FLOWS; i++) {
		udp_ask(fds[i], "?", 1, answer, sizeof(answer));
		cr_assert_eq(answer[0], slots[i], "a flow went from slot %c to %c", slots[i], answer[0]);
		close(fds[i]);
	}
	server_stop(s);
}

Test(balance_flows, a_flow_stays_by_hash)
{
	flow_stays(UDP("hash"));
}

Test(balance_flows, a_flow_stays_by_chance)
{
	flow_stays(UDP("random"));
}

Test(balance_flows, flows_of_one_address_stay_together)
{
	struct server *s = server_start(UDP("source"), 4);
	const struct census_of from = { .how = CENSUS_UDP, .port = 7001, .addresses = ADDRESSES };
	unsigned slots[ADDRESSES];
	struct outcome o;
	struct census c;

	addresses_know(&from, slots);
	addresses_stay(&from, slots, "nothing");
	verb_succeeds(&o, "reload", NULL);
	addresses_stay(&from, slots, "a reload");
	census_take(&c, &from, ADDRESSES);
	census_expect(&c, (double[]){ .25, .25, .25, .25 }, 4, .1);
	server_stop(s);
}

/* Of which flow it is says nothing then. */
static char slot_of_datagram(const char *data, size_t len)
{
	int fd = udp_client("127.0.0.1", 7001);
	char answer[64] = "";

	udp_ask(fd, data, len, answer, sizeof(answer));
	close(fd);
	return answer[0];
}

Test(balance_flows, the_same_bytes_go_to_the_same_slot)
{
	struct server *s = server_start(UDP("payload 4 8"), 4);
	unsigned hits[4] = { 0 };
	char data[32];

	balance_runs("flows", "payload", "bytes of the datagram, classic BPF", "");
	for (unsigned key = 0; key < 200; key++) {
		snprintf(data, sizeof(data), "aaaa%08ubbbb", key);
		char slot = slot_of_datagram(data, 16);
		hits[slot - '0']++;
		for (unsigned k = 0; k < 5; k++) {
			snprintf(data, sizeof(data), "%04u%08uzz%u", k, key, k);
			cr_assert_eq(slot_of_datagram(data, 12 + k % 3), slot);
		}
	}
	for (unsigned i = 0; i < 4; i++)
		cr_assert(hits[i] > 20 && hits[i] < 90, "slot %u has %u of 200 keys", i, hits[i]);
	server_stop(s);
}

Test(balance_flows, a_datagram_that_is_too_short_is_answered)
{
	struct server *s = server_start(UDP("payload 4 8"), 4);

	for (size_t len = 0; len < 12; len++)
		for (unsigned i = 0; i < 20; i++)
			slot_of_datagram("123456789abc", len);
	server_stop(s);
}
