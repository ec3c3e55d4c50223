/* SPDX-License-Identifier: MIT */
/*
 * ini.c - fuzzes the way from a configuration's text to struct config.
 *
 *	clang -fsanitize=fuzzer,address,undefined ... tests/fuzz/ini.c
 *
 * The text is written to main.ini in a directory of its own and loaded with
 * config_load().  The functions through which a text could reach out of that
 * directory are replaced below: no name is resolved, no pattern is looked up
 * and no other file is opened, so a run depends on its input alone.
 */
#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <netdb.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "config/config.h"

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static char dir[64];
static char main_ini[96];

int getaddrinfo(const char *node, const char *service, const struct addrinfo *hints,
	struct addrinfo **found)
{
	(void)node;
	(void)service;
	(void)hints;
	*found = NULL;
	return EAI_NONAME;
}

/* Every pattern matches the two files that set_up() wrote. */
int glob(const char *pattern, int flags, int (*error)(const char *, int), glob_t *found)
{
	static char first[96], second[96];
	static char *names[] = {first, second, NULL};

	(void)pattern;
	(void)flags;
	(void)error;
	snprintf(first, sizeof(first), "%s/1.ini", dir);
	snprintf(second, sizeof(second), "%s/2.ini", dir);
	*found = (glob_t){.gl_pathc = 2, .gl_pathv = names};
	return 0;
}

void globfree(glob_t *found)
{
	(void)found;
}

int open(const char *path, int flags, ...)
{
	va_list args;

	va_start(args, flags);
	mode_t mode = flags & O_CREAT ? va_arg(args, mode_t) : 0;
	va_end(args);
	if (strncmp(path, dir, strlen(dir)) != 0 || strstr(path, "/..") != NULL) {
		errno = ENOENT;
		return -1;
	}
	return (int)syscall(SYS_openat, AT_FDCWD, path, flags, mode);
}

static void write_file(const char *path, const void *data, size_t len)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	if (fd < 0 || write(fd, data, len) != (ssize_t)len)
		abort();
	close(fd);
}

static void write_text(const char *name, const char *text)
{
	char path[96];

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	write_file(path, text, strlen(text));
}

static void remove_all(void)
{
	static const char *const names[] = {"main.ini", "1.ini", "2.ini"};
	char path[96];

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		snprintf(path, sizeof(path), "%s/%s", dir, names[i]);
		unlink(path);
	}
	rmdir(dir);
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	strcpy(dir, "/tmp/portico-fuzz-XXXXXX");
	if (mkdtemp(dir) == NULL)
		abort();
	atexit(remove_all);
	snprintf(main_ini, sizeof(main_ini), "%s/main.ini", dir);
	write_text("1.ini", "[portico]\ninclude = 2.ini\n[handler web /one]\nplugin = ./1.so\n");
	write_text("2.ini", "[service two]\nprotocol = udp\nlisten = 127.0.0.1:2\n");
	setenv("VAR", "value", 1);
	return 0;
}

/* A sentence is one line, and a number of them is never exceeded. */
static void hear(void *arg, const char *sentence)
{
	size_t *count = arg;

	assert(strpbrk(sentence, "\r\n\x1b") == NULL);
	assert(++*count <= CONFIG_MAX_PROBLEMS + 1);
}

/* What config.h promises of every configuration. */
static void check(const struct config *c)
{
	assert(c->workers >= 1 && c->workers <= CONFIG_MAX_WORKERS);
	assert(c->service_count >= 1);
	for (size_t i = 0; i < c->service_count; i++) {
		const struct config_service *s = &c->services[i];
		assert(s->listen_count >= 1 && s->listen_count <= CONFIG_MAX_LISTENS);
		assert(s->handler_count >= 1);
		assert(s->high_water <= s->max_queue && s->max_target <= s->max_head);
		assert(!s->proxy_protocol || s->proxy_from_count >= 1);
		for (size_t j = 0; j < s->handler_count; j++) {
			const struct config_handler *h = &s->handlers[j];
			assert(strchr(h->plugin, '/') != NULL);
			assert((h->prefix != NULL) == (s->protocol == CONFIG_HTTP));
		}
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	size_t count = 0;

	write_file(main_ini, data, len);
	struct config *c = config_load(main_ini, hear, &count);
	assert((c == NULL) == (count > 0));
	if (c != NULL)
		check(c);
	config_destroy(c);
	return 0;
}
