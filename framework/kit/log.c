/* SPDX-License-Identifier: MIT */
/*
 * log.c - what portico logs, kept for the test; what it says of a broken contract is a failure.
 *
 *	2026-01-01T00:00:00.000Z error test: handler test / (plugin mine): http_request() ...
 *	                         ^ KIT_TIME
 */
#include "kit/kit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"

enum {
	KIT_TIME = 25,           /* bytes in front of the level */
	KIT_LEVEL = 6,           /* "error " */
	KIT_WHO = 6,             /* "test: " */
};

int kit_log_open(struct portico_test *t)
{
	t->log = memfd_create("portico-test-log", MFD_CLOEXEC);
	if (t->log < 0)
		return -1;
	log_as("test");
	log_to(t->log);
	log_limit(LOG_DEBUG);
	return 0;
}

/* What is in the log from at on, to be freed; *len how much. */
static char *read_from(const struct portico_test *t, size_t at, size_t *len)
{
	struct stat file;
	size_t size = fstat(t->log, &file) == 0 ? (size_t)file.st_size : 0;
	char *text = malloc(size - at + 1);

	kit_need(text != NULL);
	ssize_t n = pread(t->log, text, size - at, (off_t)at);
	*len = n > 0 ? (size_t)n : 0;
	text[*len] = '\0';
	return text;
}

/* portico_log() says "handler LABEL: ", portico "handler LABEL (plugin NAME): ". */
static bool is_breach(const struct portico_test *t, const char *line)
{
	char start[64];
	int len = snprintf(start, sizeof(start), "error test: handler %s (plugin ", t->label);

	return strncmp(line, start, (size_t)len) == 0;
}

void kit_log_look(struct portico_test *t)
{
	size_t len;
	char *text = read_from(t, t->looked, &len);

	t->looked += len;
	for (char *at = text, *line; (line = strsep(&at, "\n"));)
		if (strlen(line) > KIT_TIME && is_breach(t, line + KIT_TIME))
			kit_fail(t, "%s", line + KIT_TIME + KIT_LEVEL + KIT_WHO);
	free(text);
}

const char *portico_test_logs(struct portico_test *t)
{
	size_t len;
	char *text = read_from(t, t->told, &len);

	t->told += len;
	buf_take(&t->text, buf_len(&t->text));
	for (char *at = text, *line; (line = strsep(&at, "\n"));) {
		if (strlen(line) < KIT_TIME + KIT_LEVEL + KIT_WHO)
			continue;
		kit_append(&t->text, line + KIT_TIME, KIT_LEVEL);
		kit_append(&t->text, line + KIT_TIME + KIT_LEVEL + KIT_WHO,
			strlen(line + KIT_TIME + KIT_LEVEL + KIT_WHO));
		kit_append(&t->text, "\n", 1);
	}
	free(text);
	return kit_text(&t->text);
}

void kit_log_close(struct portico_test *t)
{
	log_to(STDERR_FILENO);
	if (t->log >= 0)
		close(t->log);
	t->log = -1;
}
