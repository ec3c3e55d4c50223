/* SPDX-License-Identifier: MIT */
#include "upgrade_rig.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "harness.h"
#include "operate.h"

struct server *start_copy(void)
{
	copy_file(portico_binary(), "good");
	copy_file(path_of("good"), "live");
	setenv("PORTICO", path_of("live"), 1);
	struct server *s = server_spawn(NULL);
	setenv("PORTICO", path_of("good"), 1);
	return s;
}

struct server *start_serving(void)
{
	struct server *s = start_copy();

	server_await_generation(s, 1);
	return s;
}

ino_t inode_of(const char *path)
{
	struct stat st;

	cr_assert_eq(stat(path, &st), 0, "%s", path);
	return st.st_ino;
}

ino_t running_binary(pid_t pid)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/exe", (int)pid);
	return inode_of(path);
}

void upgrade_succeeds(struct server *s, unsigned generation)
{
	struct outcome o;
	char said[64];

	verb_succeeds(&o, "upgrade", NULL);
	snprintf(said, sizeof(said), "generation %u serves after ", generation);
	cr_assert_eq(strncmp(o.out, said, strlen(said)), 0, "it says %s", o.out);
	snprintf(said, sizeof(said), "master %d, ", (int)server_pid(s));
	cr_assert_not_null(strstr(o.out, said), "%s", o.out);
	server_await(s, "has taken over");
}

static bool log_has(void *text)
{
	return strstr(read_file(path_of("portico.log")), text) != NULL;
}

void await_log(const char *text)
{
	char copy[256];

	snprintf(copy, sizeof(copy), "%s", text);
	cr_assert(wait_until(log_has, copy, PATIENCE), "the log never says %s", text);
}
