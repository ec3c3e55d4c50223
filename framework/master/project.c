/* SPDX-License-Identifier: MIT */
/*
 * project.c - portico new: a folder to begin a handler in.
 *
 * Templates with @WORDS@ become files.  A name is a folder's, a file's, a service's and a plugin's
 * at once, so it is held to what all of them take; in the sources it stands in texts only, so that no
 * name can be a word of C.
 */
#include "master/project.h"

#include <assert.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#include "master/templates.h"

enum { NAME_MOST = 32, PATH_ROOM = 2 * NAME_MOST + 32, SHOWN = 5 };

#define LETTERS "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"

struct kind {
	const char *name;
	const char *protocol;
	const char *port;
	const char *prefix;      /* behind [handler NAME */
	const char *try_it;
};

static const struct kind kinds[] = {
	{ "http", "http", "8080", " /", "curl localhost:8080" },
	{ "websocket", "http", "8080", " /", "xdg-open http://localhost:8080" },
	{ "tcp", "tcp", "7000", "", "nc localhost 7000" },
	{ "udp", "udp", "7001", "", "nc -u localhost 7001" },
};

/* In both, what a percent sign stands in front of is the project's. */
static const struct {
	const char *template;    /* %K: the kind */
	const char *file;        /* %N: the name */
} files[] = {
	{ "%K.c", "%N.c" }, { "ini", "%N.ini" }, { "Makefile", "Makefile" }, { "%K_test.c", "test.c" },
	{ "watch.sh", "watch.sh" }, { "README.md", "README.md" }, { "gitignore", ".gitignore" },
};

enum { FILES = sizeof(files) / sizeof(*files) };

struct project {
	const char        *name;
	const struct kind *kind;
};

static int told(const char *what, const char *why)
{
	fprintf(stderr, "portico: new %s: %s\n", what, why);
	return -1;
}

/* ---- the name ---- */

static int check_name(const char *name)
{
	if (strchr(name, '/') || *name == '.')
		return told(name, "a path; go to the directory that it shall be made in, and name the folder");
	if (!*name || !strchr(LETTERS, *name) || name[strspn(name, LETTERS "0123456789_-")])
		return told(name, "not a name; begin with a letter, go on with letters, digits, - and _");
	if (strlen(name) > NAME_MOST)
		return told(name, "more than 32 letters; shorten it");
	if (strcmp(name, "test") == 0)
		return told(name, "its source would be test.c, which is for its tests; choose another name");
	return 0;
}

/* "hello.c, hello.ini and 3 more" */
static void list_folder(DIR *dir, char *out, size_t room)
{
	const struct dirent *e;
	size_t count = 0, len = 0;

	out[0] = '\0';
	while ((e = readdir(dir))) {
		if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0)
			continue;
		if (count++ < SHOWN && len < room)
			len += (size_t)snprintf(out + len, room - len, "%s%s", len ? ", " : "", e->d_name);
	}
	if (count > SHOWN && len < room)
		snprintf(out + len, room - len, " and %zu more", count - SHOWN);
}

/* Whatever it is, it stays. */
static int tell_there_already(const char *name)
{
	char listed[1024], why[1280];
	DIR *dir = opendir(name);

	if (!dir)
		return told(name, "there is a file of that name; choose another name, or remove it");
	list_folder(dir, listed, sizeof(listed));
	closedir(dir);
	snprintf(why, sizeof(why), "there is a folder of that name%s%s; choose another name, or remove it",
		*listed ? " with " : ", which is empty", listed);
	return told(name, why);
}

/* ---- texts ---- */

/* What stands for the len letters of word; NULL: it is no word of ours. */
static const char *meaning(const struct project *p, const char *word, size_t len)
{
	const struct {
		const char *word, *meaning;
	} words[] = {
		{ "NAME", p->name }, { "PROTOCOL", p->kind->protocol }, { "PORT", p->kind->port },
		{ "PREFIX", p->kind->prefix }, { "TRY", p->kind->try_it },
	};

	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++)
		if (strlen(words[i].word) == len && strncmp(words[i].word, word, len) == 0)
			return words[i].meaning;
	return NULL;
}

static void write_text(const struct project *p, const char *text, FILE *out)
{
	while (*text) {
		size_t len = *text == '@' ? strspn(text + 1, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") : 0;
		const char *means = len && text[len + 1] == '@' ? meaning(p, text + 1, len) : NULL;
		if (means) {
			fputs(means, out);
			text += len + 2;
		} else {
			putc(*text++, out);
		}
	}
}

/* ---- files ---- */

/* %N and %K of a pattern. */
static void name_of(const struct project *p, const char *pattern, char out[PATH_ROOM])
{
	const char *word = strncmp(pattern, "%N", 2) == 0 ? p->name
		: strncmp(pattern, "%K", 2) == 0 ? p->kind->name : "";

	snprintf(out, PATH_ROOM, "%s%s", word, *word ? pattern + 2 : pattern);
}

static int write_file(const struct project *p, int folder, size_t i)
{
	char name[PATH_ROOM], template[PATH_ROOM];

	name_of(p, files[i].file, name);
	name_of(p, files[i].template, template);
	const char *text = template_text(template);
	assert(text);
	int fd = openat(folder, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
	FILE *file = fd < 0 ? NULL : fdopen(fd, "w");
	if (!file) {
		told(name, strerror(errno));
		if (fd >= 0)
			close(fd);
		return -1;
	}
	write_text(p, text, file);
	bool good = !ferror(file);
	return fclose(file) == 0 && good ? 0 : told(name, strerror(errno));
}

static void undo(const struct project *p, int folder)
{
	char name[PATH_ROOM];

	for (size_t i = 0; i < FILES; i++) {
		name_of(p, files[i].file, name);
		unlinkat(folder, name, 0);
	}
	rmdir(p->name);
}

static int write_files(const struct project *p)
{
	int folder = open(p->name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int result = folder < 0 ? told(p->name, strerror(errno)) : 0;

	for (size_t i = 0; i < FILES && result == 0; i++)
		result = write_file(p, folder, i);
	if (result < 0)
		undo(p, folder);
	if (folder >= 0)
		close(folder);
	return result;
}

static void tell_made(const struct project *p)
{
	char name[PATH_ROOM];

	printf("%s:", p->name);
	for (size_t i = 0; i < FILES; i++) {
		name_of(p, files[i].file, name);
		printf(" %s", name);
	}
	printf("\ncd %s && make watch      # serves %s on port %s; builds and reloads whenever you save\n",
		p->name, p->kind->name, p->kind->port);
}

int project(const char *name, const char *kind)
{
	struct project p = { .name = name, .kind = kinds };

	if (check_name(name) < 0)
		return EX_USAGE;
	while (strcmp(p.kind->name, kind) != 0)
		p.kind++;
	if (mkdir(name, 0777) < 0) {
		if (errno == EEXIST)
			tell_there_already(name);
		else
			told(name, strerror(errno));
		return EX_CANTCREAT;
	}
	if (write_files(&p) < 0)
		return EX_CANTCREAT;
	tell_made(&p);
	return EX_OK;
}
