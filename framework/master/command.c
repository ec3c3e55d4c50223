/* SPDX-License-Identifier: MIT */
/*
 * command.c - a command line made of a table of verbs and one of options.
 */
#include "master/command.h"

#include <assert.h>
#include <getopt.h>
#include <limits.h>
#include <stdbool.h>
#include <string.h>
#include <sysexits.h>

#include "base/text.h"

enum { SPELLING = 64, MAX_VERBS = 64 };

/* "-h, --help", "--rate N", "-c FILE". */
static const char *spelling(const struct command_option *o, char out[SPELLING])
{
	snprintf(out, SPELLING, "%s%.1s%s%s%s%s%s", o->letter ? "-" : "", &o->letter,
		o->letter && o->name ? ", " : "", o->name ? "--" : "", o->name ? o->name : "",
		o->argument ? " " : "", o->argument ? o->argument : "");
	return out;
}

/* ---- help ---- */

/* The verbs that take an option which only some do. */
static void print_takers(const struct command *c, size_t option, FILE *out)
{
	const char *before = "; of ";

	if (c->alone & 1u << option)
		return;
	for (size_t i = 0; i < c->verb_count; i++) {
		if (c->verbs[i].options & 1u << option) {
			fprintf(out, "%s%s", before, c->verbs[i].name);
			before = ", ";
		}
	}
}

void command_help(const struct command *c, FILE *out)
{
	char text[SPELLING];

	fprintf(out, "usage: %s VERB [-c FILE] [OPTION...]\n\n", c->name);
	for (size_t i = 0; i < c->verb_count; i++) {
		const struct command_verb *v = &c->verbs[i];
		int used = fprintf(out, "  %s %s", v->name, v->argument);
		fprintf(out, "%*s %s\n", used < 26 ? 26 - used : 0, "", v->help);
	}
	fprintf(out, "\n");
	for (size_t i = 0; i < c->option_count; i++) {
		fprintf(out, "  %-24s %s", spelling(&c->options[i], text), c->options[i].help);
		print_takers(c, i, out);
		fprintf(out, "\n");
	}
	fprintf(out, "\n%s", c->notes);
}

/* ---- the line ---- */

/* What getopt_long gives for an option without a letter. */
static int value_of(const struct command *c, size_t i)
{
	return c->options[i].letter ? c->options[i].letter : UCHAR_MAX + 1 + (int)i;
}

static size_t index_of(const struct command *c, int value)
{
	size_t i = 0;

	while (i < c->option_count && value_of(c, i) != value)
		i++;
	return i;
}

static void make_getopt(const struct command *c, struct option *names, char *letters)
{
	for (size_t i = 0; i < c->option_count; i++) {
		const struct command_option *o = &c->options[i];
		if (o->letter) {
			*letters++ = o->letter;
			if (o->argument)
				*letters++ = ':';
		}
		if (o->name)
			*names++ = (struct option){ o->name,
				o->argument ? required_argument : no_argument, NULL, value_of(c, i) };
	}
}

static int show_help(const struct command *c)
{
	fprintf(stderr, "%s -h shows how it goes\n", c->name);
	return -1;
}

static int keep_repeated(const struct command *c, struct line *line)
{
	if (line->repeated_count == COMMAND_REPEATED) {
		fprintf(stderr, "%s: %s is one too many of its kind\n", c->name, optarg);
		return -1;
	}
	line->repeated[line->repeated_count++] = optarg;
	return 0;
}

int command_read(const struct command *c, int argc, char **argv, struct line *line)
{
	struct option names[COMMAND_OPTIONS + 1] = { 0 };
	char letters[2 * COMMAND_OPTIONS + 1] = { 0 };
	int value;

	assert(c->option_count <= COMMAND_OPTIONS);
	make_getopt(c, names, letters);
	while ((value = getopt_long(argc, argv, letters, names, NULL)) != -1) {
		size_t i = index_of(c, value);
		if (i == c->option_count)
			return show_help(c);
		line->options[i] = optarg ? optarg : "";
		if (c->repeats & 1u << i && keep_repeated(c, line) < 0)
			return -1;
	}
	if (optind == argc)
		return 0;
	line->verb = argv[optind];
	line->arguments = argv + optind + 1;
	line->argument_count = argc - optind - 1;
	line->argument = line->argument_count > 0 ? line->arguments[0] : NULL;
	return 0;
}

/* ---- the verb ---- */

static int no_such_verb(const struct command *c, const char *word)
{
	const char *names[MAX_VERBS + 1] = { 0 };

	assert(c->verb_count <= MAX_VERBS);
	for (size_t i = 0; i < c->verb_count; i++)
		names[i] = c->verbs[i].name;
	const char *nearest = text_nearest(word, names);
	fprintf(stderr, "%s: there is no verb %s%s%s; %s -h lists them\n", c->name, word,
		nearest ? "; did you mean " : "", nearest ? nearest : "", c->name);
	return EX_USAGE;
}

static const struct command_verb *find_verb(const struct command *c, const char *word)
{
	for (size_t i = 0; i < c->verb_count; i++)
		if (strcmp(word, c->verbs[i].name) == 0)
			return &c->verbs[i];
	return NULL;
}

/* The first word that is one too many; NULL: none is. */
static const char *surplus(const struct command_verb *verb, const struct line *line)
{
	int allowed = strstr(verb->argument, "...") ? line->argument_count : verb->argument[0] ? 1 : 0;

	return line->argument_count > allowed ? line->arguments[allowed] : NULL;
}

static const struct command_option *wrong_option(const struct command *c,
	const struct command_verb *verb, const struct line *line)
{
	for (size_t i = 0; i < c->option_count; i++)
		if (line->options[i] && !((verb->options | c->anywhere) & 1u << i))
			return &c->options[i];
	return NULL;
}

int command_run(const struct command *c, const struct line *line)
{
	char text[SPELLING];

	if (!line->verb) {
		command_help(c, stderr);
		return EX_USAGE;
	}
	const struct command_verb *verb = find_verb(c, line->verb);
	if (!verb)
		return no_such_verb(c, line->verb);
	const char *word = surplus(verb, line);
	if (word) {
		fprintf(stderr, "%s: %s is one word too many; %s -h shows how it goes\n", c->name, word,
			c->name);
		return EX_USAGE;
	}
	const struct command_option *option = wrong_option(c, verb, line);
	if (option) {
		fprintf(stderr, "%s: %s has no %s; %s -h shows how it goes\n", c->name, verb->name,
			spelling(option, text), c->name);
		return EX_USAGE;
	}
	return verb->run(line);
}
