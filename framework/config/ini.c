/* SPDX-License-Identifier: MIT */
/*
 * ini.c - which files are read, and in what order.
 *
 * A file's includes are read after the file, depth first, as its text has
 * come to an end by then.  Every file is known by device and inode, so that
 * a loop and a file that is included twice are found behind any name.
 */
#include "config/ini.h"

#include <errno.h>
#include <glob.h>
#include <string.h>

#include "config/ini_read.h"
#include "config/ini_text.h"

/* A file that was opened.  In the arena. */
struct ini_file {
	const char *name;
	dev_t dev;
	ino_t ino;
	const struct ini_file *from; /* the file that includes it; NULL: the main one */
	unsigned line;		     /* there */
	unsigned depth;
	struct ini_file *next;
};

/* Where an include stands. */
struct place {
	const struct ini_file *file; /* NULL: the command line */
	unsigned line;
};

static int include_all(struct ini *ini, const struct ini_file *file);

const struct ini_entry *ini_find(const struct ini_section *s, const char *key)
{
	for (const struct ini_entry *e = s->entries; e != NULL; e = e->next) {
		if (strcmp(e->key, key) == 0)
			return e;
	}
	return NULL;
}

char *ini_relative(struct arena *mem, const char *file, const char *path)
{
	const char *slash = strrchr(file, '/');

	if (path[0] == '/')
		return arena_copy(mem, path, strlen(path));
	if (slash == NULL)
		return arena_printf(mem, "./%s", path);
	return arena_printf(mem, "%.*s/%s", (int)(slash - file), file, path);
}

/* A problem with a file that was to be opened is told where it is named. */
static void tell_unreadable(struct ini *ini, struct place at, const char *name, const char *why)
{
	ini->incomplete = true;
	if (at.file == NULL)
		problems_add(ini->problems, name, 0, "%s", why);
	else
		problems_add(ini->problems, at.file->name, at.line, "include %s: %s", name, why);
}

/* "a.ini -> b.ini -> a.ini", in the arena. */
static const char *chain_to(struct ini *ini, const struct ini_file *from, const char *name)
{
	const char *chain = name;

	for (; from != NULL && chain != NULL; from = from->from)
		chain = arena_printf(ini->mem, "%s -> %s", from->name, chain);
	return chain != NULL ? chain : name;
}

static bool is_above(const struct ini_file *file, const struct ini_file *at)
{
	for (; at != NULL; at = at->from) {
		if (at == file)
			return true;
	}
	return false;
}

/* Tells of a file that was read before.  One that is included twice is no loop,
 * but would say everything twice. */
static bool refuse_again(struct ini *ini, struct place at, const char *name, const struct stat *st)
{
	for (const struct ini_file *f = ini->files; f != NULL; f = f->next) {
		if (f->dev != st->st_dev || f->ino != st->st_ino)
			continue;
		if (is_above(f, at.file))
			problems_add(ini->problems, at.file->name, at.line,
				"include goes in a circle: %s; take one out",
				chain_to(ini, at.file, name));
		else
			problems_add(ini->problems, at.file->name, at.line,
				"include %s: is included already at %s:%u; take one out", name,
				f->from->name, f->line);
		return true;
	}
	return false;
}

static bool refuse_depth(struct ini *ini, struct place at, const char *name)
{
	if (at.file != NULL && at.file->depth + 1 >= INI_DEPTH) {
		problems_add(ini->problems, at.file->name, at.line,
			"include is %d files deep: %s; make the chain shorter", INI_DEPTH + 1,
			chain_to(ini, at.file, name));
	} else if (ini->file_count >= INI_FILES) {
		problems_add(ini->problems, at.file->name, at.line,
			"include %s: more than %d files; take some out", name, INI_FILES);
	} else {
		return false;
	}
	ini->incomplete = true;
	return true;
}

static struct ini_file *add_file(
	struct ini *ini, struct place at, const char *name, const struct stat *st)
{
	struct ini_file *f = arena_zalloc(ini->mem, sizeof(*f));
	const char *copy = arena_copy(ini->mem, name, strlen(name));

	if (f == NULL || copy == NULL)
		return NULL;
	*f = (struct ini_file){
		.name = copy,
		.dev = st->st_dev,
		.ino = st->st_ino,
		.from = at.file,
		.line = at.line,
		.depth = at.file != NULL ? at.file->depth + 1 : 0,
		.next = ini->files,
	};
	ini->files = f;
	ini->file_count++;
	return f;
}

static int load_one(struct ini *ini, struct place at, const char *name)
{
	struct ini_text text;
	const char *why;
	int rc = -1;

	if (refuse_depth(ini, at, name))
		return 0;
	if (ini_text_open(&text, name, &why) < 0) {
		int error = errno;
		tell_unreadable(ini, at, name, why);
		errno = error;
		return -1;
	}
	if (refuse_again(ini, at, name, &text.st)) {
		ini_text_close(&text);
		return 0;
	}
	const struct ini_file *f = add_file(ini, at, name, &text.st);
	if (f != NULL)
		rc = ini_read(ini, f->name, at.file == NULL, text.bytes, text.len);
	ini_text_close(&text);
	if (f == NULL || rc < 0) {
		errno = ENOMEM;
		return -1;
	}
	return include_all(ini, f);
}

/* A file that cannot be included was told of; only want of memory ends the run. */
static int load_included(struct ini *ini, struct place at, const char *name)
{
	return load_one(ini, at, name) < 0 && errno == ENOMEM ? -1 : 0;
}

/* dir may hold what a pattern would take for a wildcard. */
static char *pattern_in(struct arena *mem, const char *file, const char *pattern)
{
	const char *slash = strrchr(file, '/');
	size_t dir = slash != NULL ? (size_t)(slash - file) + 1 : 0;
	size_t len = 0;

	if (pattern[0] == '/')
		dir = 0;
	char *out = arena_alloc(mem, dir * 2 + strlen(pattern) + 1);
	if (out == NULL)
		return NULL;
	for (size_t i = 0; i < dir; i++) {
		if (strchr("*?[\\", file[i]) != NULL)
			out[len++] = '\\';
		out[len++] = file[i];
	}
	strcpy(out + len, pattern);
	return out;
}

static int unreadable_directory(const char *path, int error)
{
	(void)path;
	return error != ENOENT && error != ENOTDIR;
}

/* glob(3) sorts what it finds. */
static int include_matches(struct ini *ini, struct place at, const char *pattern)
{
	glob_t found = {0};
	int rc = 0;
	const char *full = pattern_in(ini->mem, at.file->name, pattern);

	if (full == NULL)
		return -1;
	switch (glob(full, 0, unreadable_directory, &found)) {
	case 0:
		break;
	case GLOB_NOMATCH:
		break;
	case GLOB_NOSPACE:
		errno = ENOMEM;
		rc = -1;
		break;
	default:
		tell_unreadable(ini, at, pattern, "cannot read the directory; let this user");
	}
	for (size_t i = 0; rc == 0 && i < found.gl_pathc; i++)
		rc = load_included(ini, at, found.gl_pathv[i]);
	globfree(&found);
	return rc;
}

static int include_entry(struct ini *ini, struct place at, const char *value)
{
	if (value[0] == '\0') {
		tell_unreadable(ini, at, "=", "names no file; name one or delete the line");
		return 0;
	}
	if (strpbrk(value, "*?[") != NULL)
		return include_matches(ini, at, value);
	const char *name = ini_relative(ini->mem, at.file->name, value);
	return name != NULL ? load_included(ini, at, name) : -1;
}

/* Follows the include of one file, which was read to its end. */
static int include_all(struct ini *ini, const struct ini_file *file)
{
	if (ini->include_section == NULL)
		return 0;
	for (const struct ini_section *s = ini->sections; s != NULL; s = s->next) {
		if (s->file != file->name || strcmp(s->name, ini->include_section) != 0)
			continue;
		const struct ini_entry *e = ini_find(s, ini->include_key);
		if (e == NULL)
			continue;
		if (e->value == NULL)
			ini->incomplete = true;
		else if (include_entry(ini, (struct place){file, e->line}, e->value) < 0)
			return -1;
	}
	return 0;
}

int ini_load(struct ini *ini, const char *file)
{
	return load_one(ini, (struct place){0}, file);
}
