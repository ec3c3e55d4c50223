/* SPDX-License-Identifier: MIT */
/*
 * main.c - the command line: verbs, nothing else.
 */
#include <getopt.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "base/text.h"
#include "master/master.h"
#include "master/trial.h"
#include "portico.h"

#ifndef PORTICO_VERSION
#define PORTICO_VERSION "0"
#endif
#ifndef PORTICO_CONFIG_FILE
#define PORTICO_CONFIG_FILE "/usr/local/etc/portico.ini"
#endif

struct verb {
	const char *name;
	const char *help;
	int       (*run)(const char *file);
};

static const struct verb verbs[] = {
	{ "run", "serve in the foreground until TERM", master_run },
	{ "check", "read the configuration, load its plugins, report every problem", trial_check },
};

enum { VERBS = sizeof(verbs) / sizeof(*verbs) };

static void print_help(FILE *out)
{
	fprintf(out, "usage: portico VERB [-c FILE]\n\n");
	for (size_t i = 0; i < VERBS; i++)
		fprintf(out, "  %-8s %s\n", verbs[i].name, verbs[i].help);
	fprintf(out,
		"\n  -c FILE  the configuration (%s)\n"
		"  -h       this help\n"
		"  -V       the version\n"
		"\nWhile it runs: HUP reloads, TERM or INT finishes (twice: at once), QUIT finishes\n"
		"without a limit, USR1 reopens the log.\n", PORTICO_CONFIG_FILE);
}

static int no_such_verb(const char *word)
{
	const char *names[VERBS + 1] = { 0 };

	for (size_t i = 0; i < VERBS; i++)
		names[i] = verbs[i].name;
	const char *nearest = text_nearest(word, names);
	fprintf(stderr, "portico: there is no verb %s%s%s; portico -h lists them\n", word,
		nearest ? "; did you mean " : "", nearest ? nearest : "");
	return EX_USAGE;
}

static int run_verb(const char *word, const char *file)
{
	for (size_t i = 0; i < VERBS; i++)
		if (strcmp(word, verbs[i].name) == 0)
			return verbs[i].run(file);
	return no_such_verb(word);
}

static int too_many(const char *word)
{
	fprintf(stderr, "portico: %s is one word too many; portico -h shows how it goes\n", word);
	return EX_USAGE;
}

int main(int argc, char **argv)
{
	const char *file = PORTICO_CONFIG_FILE;
	int option;

	while ((option = getopt(argc, argv, "c:hV")) != -1) {
		switch (option) {
		case 'c':
			file = optarg;
			break;
		case 'h':
			print_help(stdout);
			return EX_OK;
		case 'V':
			printf("portico %s, plugin ABI %d\n", PORTICO_VERSION, PORTICO_ABI);
			return EX_OK;
		default:
			return EX_USAGE;
		}
	}
	if (optind == argc) {
		print_help(stderr);
		return EX_USAGE;
	}
	if (optind + 1 < argc)
		return too_many(argv[optind + 1]);
	return run_verb(argv[optind], file);
}
