/* SPDX-License-Identifier: MIT */
/*
 * ini_read.c - the text of one ini file becomes sections and entries.
 *
 * inih takes a line apart.  It does not count lines, cuts long ones and reads
 * their rest as new ones, cuts names of sections, does not tell of a section
 * without keys, and joins indented lines.  So it sees the text through
 * next_line(): that counts, refuses what inih would get wrong, and records sections.
 * inih asks for a line, then calls back for it, so reader.line is always
 * the line that take_entry() is about.
 *
 * After a problem reading goes on.  What belongs to a refused section is
 * passed over in silence, and a refused entry is kept without its value, so
 * that nobody says that it is missing.
 */
#include "config/ini_read.h"

#include <assert.h>
#include <ctype.h>
#include <errno.h>
#include <ini.h>
#include <string.h>

#include "config/ini_expand.h"

struct reader {
	struct ini *ini;
	const char *file;
	bool is_main;
	const char *at; /* what is not read yet */
	const char *end;
	unsigned line;		     /* the one that was read last; from 1 */
	struct ini_section *section; /* NULL: none yet, or the last was refused */
	bool told;		     /* what precedes the first section was complained about */
	bool out_of_memory;
};

struct slice {
	const char *s;
	size_t len;
};

#define TELL(r, ...) problems_add((r)->ini->problems, (r)->file, (r)->line, __VA_ARGS__)

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

static struct slice trim(struct slice t)
{
	for (; t.len > 0 && is_blank(*t.s); t.len--)
		t.s++;
	while (t.len > 0 && is_blank(t.s[t.len - 1]))
		t.len--;
	return t;
}

/* The next line without its end and the blanks around it. */
static bool cut_line(struct reader *r, struct slice *line)
{
	if (r->at == r->end)
		return false;
	size_t left = (size_t)(r->end - r->at);
	const char *newline = memchr(r->at, '\n', left);
	*line = (struct slice){r->at, newline != NULL ? (size_t)(newline - r->at) : left};
	r->at += line->len + (newline != NULL);
	r->line++;
	if (line->len > 0 && line->s[line->len - 1] == '\r')
		line->len--;
	*line = trim(*line);
	return true;
}

/* inih ends a section's name and a value at a blank and a ';'. */
static bool begins_comment(struct slice rest)
{
	rest = trim(rest);
	return rest.len == 0 || *rest.s == ';' || *rest.s == '#';
}

/* Copies with one space for each run of blanks. */
static char *copy_words(struct arena *mem, struct slice t)
{
	char *copy = arena_alloc(mem, t.len + 1);
	size_t len = 0;

	if (copy == NULL)
		return NULL;
	for (size_t i = 0; i < t.len; i++) {
		if (!is_blank(t.s[i]))
			copy[len++] = t.s[i];
		else if (!is_blank(copy[len - 1]))
			copy[len++] = ' ';
	}
	copy[len] = '\0';
	return copy;
}

/* Where name stood before; NULL if it is new.  The section that includes may stand in
 * every file. */
static const struct ini_section *find_section(const struct reader *r, const char *name)
{
	const char *include = r->ini->include_section;
	bool includes = include != NULL && strcmp(name, include) == 0;

	for (struct ini_section *s = r->ini->sections; s != NULL; s = s->next) {
		if (strcmp(s->name, name) == 0 && (!includes || strcmp(s->file, r->file) == 0))
			return s;
	}
	return NULL;
}

static bool may_repeat(const struct reader *r, const char *name)
{
	const char *word = r->ini->repeated;
	size_t len = word != NULL ? strlen(word) : 0;

	return word != NULL && strncmp(name, word, len) == 0
		&& (name[len] == ' ' || name[len] == '\0');
}

static void add_section(struct reader *r, const char *name)
{
	struct ini *ini = r->ini;
	const struct ini_section *first = may_repeat(r, name) ? NULL : find_section(r, name);

	if (first != NULL) {
		TELL(r, "[%s] is there already, at %s:%u; put all its keys there", name,
			first->file, first->line);
		return;
	}
	struct ini_section *s = arena_zalloc(ini->mem, sizeof(*s));
	if (s == NULL) {
		r->out_of_memory = true;
		return;
	}
	*s = (struct ini_section){
		.name = name, .file = r->file, .line = r->line, .main = r->is_main};
	if (ini->last != NULL)
		ini->last->next = s;
	else
		ini->sections = s;
	ini->last = s;
	ini->section_count++;
	r->section = s;
}

/* Tells what is wrong with a line that begins with '['; else gives the name. */
static bool cut_section(struct reader *r, struct slice line, struct slice *name)
{
	const char *close = memchr(line.s, ']', line.len);

	if (close == NULL) {
		TELL(r, "the section has no closing ]; write [NAME]");
		return false;
	}
	*name = trim((struct slice){line.s + 1, (size_t)(close - line.s) - 1});
	struct slice rest = {close + 1, (size_t)(line.s + line.len - close) - 1};
	if (!begins_comment(rest))
		TELL(r, "text after the section's ]; put it on a line of its own");
	else if (name->len == 0)
		TELL(r, "the section has no name; write [NAME]");
	else if (name->len > INI_SECTION)
		TELL(r, "the section's name has %zu bytes; up to %d are allowed", name->len,
			INI_SECTION);
	else if (r->ini->section_count >= INI_SECTIONS)
		TELL(r, "more than %d sections; take some out", INI_SECTIONS);
	else
		return true;
	return false;
}

static void begin_section(struct reader *r, struct slice line)
{
	struct slice name;

	r->section = NULL;
	r->told = true;
	if (!cut_section(r, line, &name)) {
		r->ini->incomplete = true;
		return;
	}
	char *copy = copy_words(r->ini->mem, name);
	if (copy == NULL)
		r->out_of_memory = true;
	else
		add_section(r, copy);
}

/* value is NULL if it was refused. */
static void add_entry(struct reader *r, const char *key, size_t len, const char *value)
{
	struct arena *mem = r->ini->mem;
	struct ini_section *s = r->section;
	struct ini_entry *e = arena_zalloc(mem, sizeof(*e));
	char *copy = arena_copy(mem, key, len);

	if (e == NULL || copy == NULL) {
		r->out_of_memory = true;
		return;
	}
	*e = (struct ini_entry){.key = copy, .value = value, .line = r->line};
	struct ini_entry **at = &s->entries;
	while (*at != NULL)
		at = &(*at)->next;
	*at = e;
	s->entry_count++;
}

/* The value as it is to be used; NULL after telling why not. */
static const char *sound_value(struct reader *r, const char *key, const char *value)
{
	const char *why;
	size_t quotes = 0;

	for (const char *at = value; *at != '\0'; at++)
		quotes += *at == '"';
	if (value[0] == '"' && quotes % 2 == 1) {
		TELL(r,
			"%s: the quote is not closed; \" ;\" begins a comment in quotes, too: "
			"quotes mean nothing, leave them out",
			key);
		return NULL;
	}
	value = ini_expand(r->ini->mem, value, &why);
	if (value == NULL)
		TELL(r, "%s: %s", key, why);
	return value;
}

/* True if one more entry with that key may be added; told otherwise. */
static bool is_welcome(struct reader *r, const char *key)
{
	const struct ini_section *s = r->section;
	const struct ini_entry *first = ini_find(s, key);

	if (*key == '\0') {
		TELL(r, "there is no key before the =; write KEY = VALUE");
		return false;
	}
	if (first != NULL) {
		TELL(r, "%s is set already in line %u; delete one", key, first->line);
		return false;
	}
	if (s->entry_count >= INI_KEYS) {
		TELL(r, "more than %d keys in [%s]; take some out", INI_KEYS, s->name);
		return false;
	}
	return true;
}

/* inih's callback for the line that next_line() gave it last.  1: go on. */
static int take_entry(void *arg, const char *section, const char *key, const char *value)
{
	struct reader *r = arg;

	(void)section; /* cut by inih, and late: next_line() knows better */
	if (r->section == NULL) {
		if (!r->told)
			TELL(r, "%s stands before the first section; begin with [NAME]", key);
		r->told = true;
		return 1;
	}
	if (value == NULL) {
		TELL(r, "the line has no =; write KEY = VALUE, or ; before a comment");
		return 1;
	}
	if (is_welcome(r, key))
		add_entry(r, key, strlen(key), sound_value(r, key, value));
	return 1;
}

static bool find_control(struct slice line, size_t *at)
{
	for (*at = 0; *at < line.len; ++*at) {
		if (iscntrl((unsigned char)line.s[*at]) && line.s[*at] != '\t')
			return true;
	}
	return false;
}

/* Remembers what a line that is refused was about. */
static void keep_refused(struct reader *r, struct slice line)
{
	size_t len = 0;
	size_t bad;

	if (line.s[0] == '[') {
		r->section = NULL;
		r->told = true;
		r->ini->incomplete = true;
		return;
	}
	while (len < line.len && len < INI_LINE && line.s[len] != '=' && line.s[len] != ':')
		len++;
	struct slice key = trim((struct slice){line.s, len});
	if (r->section != NULL && len < line.len && key.len > 0 && !find_control(key, &bad))
		add_entry(r, key.s, key.len, NULL);
}

static bool refuse_line(struct reader *r, struct slice line, size_t limit)
{
	size_t bad;

	if (line.len > limit) {
		TELL(r, "the line has %zu bytes; up to %zu are allowed", line.len, limit);
	} else if (find_control(line, &bad)) {
		TELL(r, "the line holds a control character, 0x%02x; take it out",
			(unsigned char)line.s[bad]);
	} else {
		return false;
	}
	if (line.s[0] != ';' && line.s[0] != '#')
		keep_refused(r, line);
	return true;
}

/* inih's reader: puts the next line, or an empty one for it, in out.  room
 * should be what set_up_inih() asked for; if this inih does not heed that, the
 * limit is its own. */
static char *next_line(char *out, int room, void *arg)
{
	struct reader *r = arg;
	struct slice line;
	assert(room > 3);
	size_t limit = room - 3 < INI_LINE ? (size_t)(room - 3) : INI_LINE;

	if (r->out_of_memory || !cut_line(r, &line))
		return NULL;
	out[0] = '\0';
	if (line.len == 0 || refuse_line(r, line, limit))
		return out;
	if (line.s[0] == '[') {
		begin_section(r, line);
		return out;
	}
	memcpy(out, line.s, line.len);
	out[line.len] = '\0';
	return out;
}

/* inih's switches are variables of the process; nobody else here uses it. */
static void set_up_inih(void)
{
	ini_allow_multiline = false;
	ini_allow_bom = false;
	ini_allow_inline_comments = true;
	ini_allow_no_value = true;
	ini_stop_on_first_error = false;
	ini_use_stack = true;
	ini_max_line = INI_LINE + 3;
}

int ini_read(struct ini *ini, const char *file, bool is_main, const char *text, size_t len)
{
	struct reader r = {
		.ini = ini, .file = file, .is_main = is_main, .at = text, .end = text + len};

	if (len >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0)
		r.at += 3;
	set_up_inih();
	int bad = ini_parse_stream(next_line, &r, take_entry, &r);
	if (bad > 0)
		problems_add(ini->problems, file, (unsigned)bad,
			"inih does not understand the line; write KEY = VALUE");
	if (bad < 0 || r.out_of_memory) {
		errno = ENOMEM;
		return -1;
	}
	return 0;
}
