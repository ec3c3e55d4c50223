/* SPDX-License-Identifier: MIT */
/* redis_rig.c - a Redis, machines around it, and what their handlers count. */
#include "redis_rig.h"

#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "client.h"
#include "operate.h"
#include "who_rig.h"

static const char REDIS[] = "/usr/bin/redis-server";

enum { PORT = 6379 };

/* ---- Redis ---- */

static bool is_there(void *arg)
{
	(void)arg;
	int fd = client_try_connect("127.0.0.1", PORT);

	if (fd < 0)
		return false;
	close(fd);
	return true;
}

pid_t redis_run(const char *option, const char *value)
{
	if (!who_has(REDIS))
		SKIP_TEST("%s is not installed", REDIS);
	pid_t pid = who_run(0, REDIS, "--port", "6379", "--bind", "*", "--save", "", "--dir", harness_dir(),
		"--protected-mode", "no", option, value, NULL);
	cr_assert(wait_until(is_there, NULL, PATIENCE), "Redis is not there");
	return pid;
}

pid_t redis_start(void)
{
	return redis_run("--appendonly", "no");
}

void redis_cli(const char *words)
{
	char line[256];

	snprintf(line, sizeof(line), "redis-cli %s >%s 2>&1", words, path_of("cli"));
	cr_assert_eq(system(line), 0, "%s: %s", line, read_file(path_of("cli")));
}

struct awaited {
	const char *name;
	long long   value;
};

static bool is_at(void *arg)
{
	const struct awaited *a = arg;
	return metric_sum(a->name) == a->value;
}

void metric_await(const char *name, long long value)
{
	struct awaited a = { name, value };

	cr_assert(wait_until(is_at, &a, PATIENCE), "%s is %lld, never %lld", name, metric_sum(name), value);
}

/* ---- machines ---- */

static void run(const char *line)
{
	cr_assert_eq(system(line), 0, "%s", line);
}

void machine_enter(int space)
{
	cr_assert_eq(setns(space, CLONE_NEWNET), 0);
}

int machine_here(void)
{
	return open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
}

int machine_make(void)
{
	char line[256];
	int here = machine_here();

	cr_assert_eq(unshare(CLONE_NEWNET), 0);
	run("ip link set lo up");
	int there = machine_here();
	machine_enter(here);
	snprintf(line, sizeof(line), "ip link add veth0 type veth peer name veth1 netns /proc/%d/fd/%d",
		getpid(), there);
	if (system(line) != 0)
		SKIP_TEST("no veth here");
	run("ip addr add 10.9.0.1/24 dev veth0 && ip link set veth0 up");
	machine_enter(there);
	run("ip addr add 10.9.0.2/24 dev veth1 && ip link set veth1 up");
	machine_enter(here);
	close(here);
	return there;
}
