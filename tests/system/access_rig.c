/* SPDX-License-Identifier: MIT */
/*
 * access_rig.c - what the tests of the access log share.
 */
#include "access_rig.h"

#include <dirent.h>
#include <jansson.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "harness.h"
#include "operate.h"

char *access_text(const char *name)
{
	FILE *f = fopen(path_of(name), "re");
	char *text = calloc(1, 32 << 20);

	cr_assert_not_null(text);
	if (f) {
		text[fread(text, 1, (32 << 20) - 1, f)] = '\0';
		fclose(f);
	}
	return text;
}

struct piece {
	const char *file, *text;
};

static bool is_in(void *arg)
{
	const struct piece *p = arg;
	return strstr(read_file(path_of(p->file)), p->text) != NULL;
}

void access_await(const char *file, const char *text)
{
	struct piece p = { file, text };
	cr_assert(wait_until(is_in, &p, PATIENCE), "%s never had %s, but: %s", file, text,
		read_file(path_of(file)));
}

struct opened {
	pid_t pid;
	char  path[PATH_MAX];
};

static bool is_open(void *arg)
{
	const struct opened *o = arg;
	char folder[64], name[PATH_MAX];
	struct dirent *entry;
	bool found = false;

	snprintf(folder, sizeof(folder), "/proc/%d/fd", (int)o->pid);
	DIR *all = opendir(folder);
	cr_assert_not_null(all);
	while ((entry = readdir(all)) && !found) {
		ssize_t n = readlinkat(dirfd(all), entry->d_name, name, sizeof(name) - 1);
		name[n > 0 ? n : 0] = '\0';
		found = strcmp(name, o->path) == 0;
	}
	closedir(all);
	return found;
}

void access_await_open(pid_t pid, const char *name)
{
	struct opened o = { .pid = pid };

	snprintf(o.path, sizeof(o.path), "%s", path_of(name));
	cr_assert(wait_until(is_open, &o, PATIENCE), "%d goes on with another file", (int)pid);
}

long long access_lost(void)
{
	json_t *status = status_read();
	json_t *service = json_array_get(json_object_get(status, "services"), 0);
	json_t *errors = json_object_get(service, "errors");
	long long n = json_integer_value(json_object_get(errors, "unlogged"));

	json_decref(status);
	return n;
}
