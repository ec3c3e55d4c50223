/* SPDX-License-Identifier: MIT */
/* types.c - what a file's name says of its content: the system's table, or a few of our own. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "files/files.h"

struct type {
	const char *extension, *name;
};

struct types {
	char        *text;       /* what list points into */
	struct type *list;       /* by extension */
	size_t       count;
};

/* Where the system has no table.  The same form. */
static const char few_types[] =
	"text/html html htm\ntext/css css\ntext/javascript js mjs\ntext/plain txt\n"
	"text/csv csv\ntext/markdown md\napplication/json json map\napplication/xml xml\n"
	"application/pdf pdf\napplication/wasm wasm\napplication/gzip gz\napplication/zip zip\n"
	"image/png png\nimage/jpeg jpg jpeg\nimage/gif gif\nimage/svg+xml svg\nimage/webp webp\n"
	"image/avif avif\nimage/vnd.microsoft.icon ico\nfont/woff woff\nfont/woff2 woff2\n"
	"audio/mpeg mp3\naudio/ogg ogg oga\nvideo/mp4 mp4\nvideo/webm webm\n";

static int by_extension(const void *a, const void *b)
{
	return strcasecmp(((const struct type *)a)->extension, ((const struct type *)b)->extension);
}

static char *read_types(void)
{
	FILE *f = fopen("/etc/mime.types", "re");
	char *text = NULL;
	size_t room = 0;

	if (!f)
		return strdup(few_types);
	ssize_t n = getdelim(&text, &room, '\0', f);
	fclose(f);
	if (n > 0)
		return text;
	free(text);
	return strdup(few_types);
}

static int add(struct types *t, const char *name, const char *extension)
{
	if (t->count % 256 == 0) {
		struct type *more = realloc(t->list, (t->count + 256) * sizeof(*more));
		if (!more)
			return -1;
		t->list = more;
	}
	t->list[t->count++] = (struct type){ extension, name };
	return 0;
}

/* "text/html html htm", and comments. */
static int add_line(struct types *t, char *line)
{
	char *rest;

	line[strcspn(line, "#")] = '\0';
	const char *name = strtok_r(line, " \t\r", &rest), *word;
	while (name && (word = strtok_r(NULL, " \t\r", &rest)))
		if (add(t, name, word) < 0)
			return -1;
	return 0;
}

static int add_lines(struct types *t)
{
	for (char *line = t->text, *next; line; line = next) {
		next = strchr(line, '\n');
		if (next)
			*next++ = '\0';
		if (add_line(t, line) < 0)
			return -1;
	}
	return 0;
}

struct types *types_load(void)
{
	struct types *t = calloc(1, sizeof(*t));

	if (!t)
		return NULL;
	t->text = read_types();
	if (!t->text || add_lines(t) < 0) {
		types_free(t);
		return NULL;
	}
	if (t->count > 0)
		qsort(t->list, t->count, sizeof(*t->list), by_extension);
	return t;
}

void types_free(struct types *t)
{
	if (!t)
		return;
	free(t->list);
	free(t->text);
	free(t);
}

const char *type_of(struct portico_request *req, const struct site *s, const char *path)
{
	const char *name = strrchr(path, '/'), *dot = strrchr(name ? name : path, '.');
	const struct type key = { dot ? dot + 1 : "", NULL }, *found = NULL;

	if (s->types->count > 0)
		found = bsearch(&key, s->types->list, s->types->count, sizeof(key), by_extension);
	if (!found)
		return "application/octet-stream";
	if (strncmp(found->name, "text/", 5) != 0 || strcmp(s->charset, "none") == 0)
		return found->name;
	size_t len = strlen(found->name) + strlen(s->charset) + sizeof("; charset=");
	char *full = portico_request_alloc(req, len);
	if (!full)
		return found->name;
	snprintf(full, len, "%s; charset=%s", found->name, s->charset);
	return full;
}
