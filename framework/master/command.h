/* SPDX-License-Identifier: MIT */
/*
 * command.h - a command line made of a table of verbs and one of options.
 *
 * main.c has the tables.  The line is read by them, and the help and the completions
 * (completion.h) are made of them.
 */
#ifndef PORTICO_MASTER_COMMAND_H
#define PORTICO_MASTER_COMMAND_H

#include <stddef.h>
#include <stdio.h>

enum { COMMAND_OPTIONS = 24, COMMAND_REPEATED = 40 };    /* there may be at most */

/* What a command line says. */
struct line {
	const char  *options[COMMAND_OPTIONS]; /* by index; NULL: not given; "": it takes no argument */
	const char  *repeated[COMMAND_REPEATED]; /* every argument of the option that may repeat */
	size_t       repeated_count;
	const char  *file;               /* the configuration */
	const char  *verb;
	const char  *argument;           /* of the verb; NULL without one */
	char *const *arguments;          /* all of them */
	int          argument_count;
};

struct command_option {
	const char *name;        /* --name; NULL: it has only its letter */
	char        letter;      /* -c; 0: it has only its name */
	const char *argument;    /* what it is called; NULL: it takes none; FILE is a file's name */
	const char *help;
};

struct command_verb {
	const char *name;
	const char *argument;    /* what it is called; "": there is none; X...: any number; a|b: one of
				  * them; FILE in it: a file */
	const char *help;
	unsigned    options;     /* that it takes: bits 1 << index */
	int       (*run)(const struct line *line);
};

struct command {
	const char                  *name;          /* of the program */
	const struct command_verb   *verbs;
	size_t                       verb_count;
	const struct command_option *options;
	size_t                       option_count;
	unsigned                     alone;         /* options that stand without a verb */
	unsigned                     repeats;       /* the one option that may be given often */
	unsigned                     anywhere;      /* those that any verb hears, if it needs them or not */
	const char                  *notes;         /* the last words of the help */
};

void command_help(const struct command *c, FILE *out);

/* Puts the options into line, and the verb with its arguments, if there is one.  -1 if an
 * option is wrong, which is told on standard error. */
int command_read(const struct command *c, int argc, char **argv, struct line *line);

/* Runs the verb of line: its exit code, or EX_USAGE with a sentence on standard error if
 * there is no such verb, or what stands with it does not go with it. */
int command_run(const struct command *c, const struct line *line);

#endif
