/* SPDX-License-Identifier: MIT */
/* flows.c - a UDP flow keeps its slot, whatever becomes of the slot's workers. */
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "client.h"
#include "harness.h"
#include "operate.h"
#include "proc.h"
#include "server.h"

SYSTEM_SUITE(flows);

enum { FLOWS = 1000, SLOTS = 4, RELOADS = 20, KILLS = 5 };

/* Without stalls: on a machine that is busy anybody may get no processor for so long, and a sibling answers. */
#define WHO                                                                  \
	"[portico]\nworkers = %u\nstall = 0\n"                               \
	"[service flows]\nprotocol = udp\nlisten = 127.0.0.1:7001\n"         \
	"[handler flows]\nplugin = ${T}/who.so\n"

struct flow {
	int      fd;
	unsigned slot;
};

static struct flow flows[FLOWS];

/* The slot that answers.  What a worker had in its hands when it was killed may be
 * asked again, once. */
static unsigned ask(const struct flow *f, unsigned *lost)
{
	struct pollfd p = { .fd = f->fd, .events = POLLIN };
	char answer[64] = "";

	cr_assert_eq(send(f->fd, "?", 1, 0), 1);
	if (poll(&p, 1, *lost > 0 ? 1000 : (int)(PATIENCE * 1e3)) == 0) {
		cr_assert_gt(*lost, 0, "a datagram was lost");
		--*lost;
		cr_assert_eq(send(f->fd, "?", 1, 0), 1);
		cr_assert_eq(poll(&p, 1, (int)(PATIENCE * 1e3)), 1, "a datagram was lost twice");
	}
	cr_assert_geq(recv(f->fd, answer, sizeof(answer) - 1, 0), 2);
	return (unsigned)strtoul(answer, NULL, 10);
}

static void ask_all(const char *after, unsigned number)
{
	unsigned none = 0;

	for (size_t i = 0; i < FLOWS; i++) {
		unsigned slot = ask(&flows[i], &none);
		cr_assert_eq(slot, flows[i].slot, "after %s %u flow %zu went from slot %u to %u", after,
			number, i, flows[i].slot, slot);
	}
}

/* A sibling answers those of the slot that has lost its worker; nobody else's flow moves. */
static void ask_all_after_crash(unsigned victim, unsigned number)
{
	unsigned may_be_lost = 1;

	for (size_t i = 0; i < FLOWS; i++) {
		unsigned slot = ask(&flows[i], &may_be_lost);
		cr_assert(slot == flows[i].slot || flows[i].slot == victim,
			"after crash %u of slot %u flow %zu went from slot %u to %u", number, victim, i,
			flows[i].slot, slot);
	}
}

static bool each_holds_its_own(void *arg)
{
	unsigned long inodes[SLOTS];
	size_t count = proc_sockets("udp", 7001, inodes, SLOTS), held = 0;

	(void)arg;
	for (unsigned slot = 0; slot < SLOTS; slot++) {
		pid_t pid = status_worker(slot);
		held += pid ? proc_holds(pid, inodes, count) : 0;
	}
	return count == SLOTS && held == SLOTS && status_lent() == 0;
}

static void open_flows(void)
{
	struct rlimit limit = { .rlim_cur = FLOWS + 100, .rlim_max = FLOWS + 100 };
	unsigned none = 0, seen[SLOTS] = { 0 };

	getrlimit(RLIMIT_NOFILE, &limit);
	limit.rlim_cur = limit.rlim_max;
	setrlimit(RLIMIT_NOFILE, &limit);
	for (size_t i = 0; i < FLOWS; i++) {
		flows[i].fd = udp_client("127.0.0.1", 7001);
		flows[i].slot = ask(&flows[i], &none);
		cr_assert_lt(flows[i].slot, SLOTS);
		seen[flows[i].slot]++;
	}
	for (size_t i = 0; i < SLOTS; i++)
		cr_assert_gt(seen[i], FLOWS / SLOTS / 2, "slot %zu has %u flows", i, seen[i]);
}

Test(flows, keep_their_slots_over_reloads_and_crashes)
{
	struct server *s = server_start(WHO, SLOTS);

	open_flows();
	for (unsigned i = 1; i <= RELOADS; i++) {
		server_signal(s, SIGHUP);
		ask_all("reload", i);
		server_await_generation(s, i + 1);
		if (i % (RELOADS / KILLS) != 0)
			continue;
		unsigned victim = i / (RELOADS / KILLS) % SLOTS;
		cr_assert_eq(kill(status_await_worker(victim), SIGKILL), 0);
		ask_all_after_crash(victim, i);
		cr_assert(wait_until(each_holds_its_own, NULL, PATIENCE));
		ask_all("crash", i);
	}
	ask_all("all", 0);
	cr_assert_eq(server_count(s, "of signal 9 (Killed)"), KILLS);
	server_stop(s);
}

Test(flows, keep_their_slots_over_an_upgrade)
{
	struct outcome o;

	copy_file(portico_binary(), "live");
	setenv("PORTICO", path_of("live"), 1);
	struct server *s = server_start(WHO, SLOTS);
	open_flows();
	for (unsigned i = 1; i <= 3; i++) {
		server_signal(s, SIGUSR2);
		ask_all("upgrade", i);
		server_await_generation(s, i + 1);
	}
	verb_succeeds(&o, "status", NULL);
	ask_all("all", 0);
	server_stop(s);
}

/* Those that fail have had sockets in the group for a while. */
Test(flows, keep_their_slots_when_more_workers_fail)
{
	struct server *s = server_start(WHO, SLOTS);
	struct outcome o;

	open_flows();
	write_file("die", "now");
	write_file("portico.ini", "[portico]\nworkers = 6\nstall = 0\n"
		"[service flows]\nprotocol = udp\nlisten = 127.0.0.1:7001\n"
		"[handler flows]\nplugin = ${T}/die_in_start.so\nfile = %s\nslot = 5\n",
		path_of("die"));
	for (unsigned i = 1; i <= 5; i++) {
		cr_assert_eq(verb(&o, "reload", NULL), 1, "%s", o.out);
		sockets_await("udp", 7001, SLOTS);
		ask_all("failure", i);
	}
	server_stop(s);
}
