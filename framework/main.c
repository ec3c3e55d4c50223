/* SPDX-License-Identifier: MIT */
/*
 * main.c - the command line: verbs, nothing else.
 */
#include <fcntl.h>
#include <getopt.h>
#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/text.h"
#include "config/config.h"
#include "master/ask.h"
#include "master/cert.h"
#include "master/drill.h"
#include "master/master.h"
#include "master/top.h"
#include "master/trial.h"
#include "master/who.h"
#include "net/tls_spare.h"
#include "portico.h"

#ifndef PORTICO_CONFIG_FILE
#define PORTICO_CONFIG_FILE "/usr/local/etc/portico.ini"
#endif

/* What the command line says. */
struct line {
	const char *file;
	const char *argument;    /* of the verb; NULL without one */
	char      **arguments;   /* all of them */
	int         argument_count;
	bool        json;
	const char *reloads;     /* of soak; NULL: the default */
	const char *rate;
	const char *canary;      /* of reload; NULL: as the file says */
};

struct verb {
	const char *name;
	const char *argument;    /* what it is called; "": there is none; ...: any number */
	const char *help;
	int       (*run)(const struct line *line);
};

static int run(const struct line *line)
{
	return master_run(line->file);
}

static int check(const struct line *line)
{
	return trial_check(line->file);
}

static int reload_it(const struct line *line)
{
	if (!line->canary)
		return ask_and_tell(line->file, json_pack("{s:s}", "do", "reload"));
	return ask_and_tell(line->file, json_pack("{s:s, s:s}", "do", "reload", "canary",
		line->canary));
}

static int upgrade_it(const struct line *line)
{
	return ask_and_tell(line->file, json_pack("{s:s}", "do", "upgrade"));
}

static int promote(const struct line *line)
{
	return ask_and_tell(line->file, json_pack("{s:s}", "do", "promote"));
}

static int roll_back(const struct line *line)
{
	return ask_and_tell(line->file, json_pack("{s:s}", "do", "rollback"));
}

static int ask_slot(const struct line *line, const char *verb)
{
	int64_t slot;

	if (!line->argument || text_int(line->argument, &slot) < 0 || slot < 0
		|| slot >= CONFIG_MAX_WORKERS) {
		fprintf(stderr, "portico: %s needs the number of a slot, from 0: portico %s 2\n", verb, verb);
		return EX_USAGE;
	}
	return ask_and_tell(line->file,
		json_pack("{s:s, s:I}", "do", verb, "slot", (json_int_t)slot));
}

static int drain(const struct line *line)
{
	return ask_slot(line, "drain");
}

static int undrain(const struct line *line)
{
	return ask_slot(line, "undrain");
}

static int retire(const struct line *line)
{
	return ask_slot(line, "retire");
}

static int reopen(const struct line *line)
{
	return ask_and_tell(line->file, json_pack("{s:s}", "do", "reopen"));
}

static int stop(const struct line *line)
{
	return ask_stop(line->file);
}

static int status(const struct line *line)
{
	return ask_status(line->file, line->json);
}

static int top_it(const struct line *line)
{
	return top(line->file);
}

static int scale_it(const struct line *line)
{
	int64_t workers;

	if (!line->argument || text_int(line->argument, &workers) < 0 || workers < 1
		|| workers > CONFIG_MAX_WORKERS) {
		fprintf(stderr, "portico: scale needs a number of workers, 1 to %d: portico scale 4\n",
			CONFIG_MAX_WORKERS);
		return EX_USAGE;
	}
	return ask_and_tell(line->file,
		json_pack("{s:s, s:I}", "do", "scale", "workers", (json_int_t)workers));
}

static int who_is_there(const struct line *line)
{
	return who(line->argument, line->json);
}

static int make_certificate(const struct line *line)
{
	return cert(line->arguments, line->argument_count);
}

/* -1 and a sentence if text is not a number from 1 to most. */
static int64_t number(const char *what, const char *text, int64_t most)
{
	int64_t n;

	if (text_int(text, &n) == 0 && n >= 1 && n <= most)
		return n;
	fprintf(stderr, "portico: %s %s: not a number from 1 to %lld\n", what, text, (long long)most);
	return -1;
}

static int soak(const struct line *line)
{
	int64_t reloads = number("--reloads", line->reloads ? line->reloads : "10", 100000);
	int64_t rate = number("--rate", line->rate ? line->rate : "200", 20000);

	if (reloads < 0 || rate < 0)
		return EX_USAGE;
	return drill(line->file, reloads, rate);
}

static const struct verb verbs[] = {
	{ "run", "", "serve in the foreground until TERM", run },
	{ "check", "", "read the configuration, load its plugins, report every problem", check },
	{ "reload", "", "new workers with the configuration as it is now", reload_it },
	{ "promote", "", "the canary of a reload under way serves as a whole, now", promote },
	{ "rollback", "", "the canary of a reload under way ends, as if it had failed", roll_back },
	{ "scale", "N", "from now on N workers", scale_it },
	{ "drain", "SLOT", "new clients go to the other slots until undrain", drain },
	{ "undrain", "SLOT", "they come to it again", undrain },
	{ "retire", "SLOT", "a new worker for that slot, the old one finishes what it has", retire },
	{ "upgrade", "", "the binary as it is now takes over, nobody notices", upgrade_it },
	{ "status", "", "what runs (--json: for programs)", status },
	{ "top", "", "the same on a screen, once a second, with keys to act on it", top_it },
	{ "reopen", "", "open the logs anew", reopen },
	{ "stop", "", "finish what is in hand, then end", stop },
	{ "who", "PORT", "who is on a port of this machine, and whether it can be shared: 80, 53/udp",
		who_is_there },
	{ "cert", "HOST...", "a certificate for development, HOST.crt, and its key (localhost)",
		make_certificate },
	{ "soak", "", "load it while it reloads, and count what is lost (--reloads 10 --rate 200)", soak },
};

enum { VERBS = sizeof(verbs) / sizeof(*verbs) };

static void print_help(FILE *out)
{
	fprintf(out, "usage: portico VERB [-c FILE] [--json]\n\n");
	for (size_t i = 0; i < VERBS; i++)
		fprintf(out, "  %-8s %-7s %s\n", verbs[i].name, verbs[i].argument, verbs[i].help);
	fprintf(out,
		"\n  -c FILE  the configuration (%s)\n"
		"  -h       this help\n"
		"  -V       the version\n"
		"\nAll but run, check, who and cert speak to the server that runs with FILE and wait for the\n"
		"outcome: 0, or 1 with the reason, or 75 if no server runs.  Signals do the same:\n"
		"HUP reload, USR2 upgrade, TTIN and TTOU one worker more and fewer, USR1 reopen,\n"
		"TERM and INT stop (twice: at once), QUIT stop without a limit.\n",
		PORTICO_CONFIG_FILE);
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

static const struct verb *find_verb(const char *word)
{
	for (size_t i = 0; i < VERBS; i++)
		if (strcmp(word, verbs[i].name) == 0)
			return &verbs[i];
	return NULL;
}

static int too_many(const char *word)
{
	fprintf(stderr, "portico: %s is one word too many; portico -h shows how it goes\n", word);
	return EX_USAGE;
}

/* words: the verb, and what follows that is no option. */
static int run_verb(char **words, int count, struct line *line)
{
	const struct verb *verb = find_verb(words[0]);
	int allowed = verb && strstr(verb->argument, "...") ? count : verb && verb->argument[0] ? 2 : 1;

	if (!verb)
		return no_such_verb(words[0]);
	if (count > allowed)
		return too_many(words[allowed]);
	line->argument = count > 1 ? words[1] : NULL;
	line->arguments = words + 1;
	line->argument_count = count - 1;
	return verb->run(line);
}

/* An epoll set or a channel with the number of standard output would be
 * inherited by all, as those are. */
static void open_standard_descriptors(void)
{
	int fd;

	do
		fd = open("/dev/null", O_RDWR);
	while (fd >= 0 && fd <= STDERR_FILENO);
	if (fd >= 0)
		close(fd);
}

int main(int argc, char **argv)
{
	open_standard_descriptors();
	tls_spare_keep();
	static const struct option options[] = {
		{ "json", no_argument, NULL, 'j' },
		{ "help", no_argument, NULL, 'h' },
		{ "version", no_argument, NULL, 'V' },
		{ "reloads", required_argument, NULL, 'n' },
		{ "rate", required_argument, NULL, 'r' },
		{ "canary", required_argument, NULL, 'k' },
		{ 0 },
	};
	struct line line = { .file = PORTICO_CONFIG_FILE };
	int option;

	while ((option = getopt_long(argc, argv, "c:hV", options, NULL)) != -1) {
		switch (option) {
		case 'c':
			line.file = optarg;
			break;
		case 'j':
			line.json = true;
			break;
		case 'n':
			line.reloads = optarg;
			break;
		case 'r':
			line.rate = optarg;
			break;
		case 'k':
			line.canary = optarg;
			break;
		case 'h':
			print_help(stdout);
			return EX_OK;
		case 'V':
			printf("portico %s, plugin ABI %d\n", PORTICO_VERSION, PORTICO_ABI);
			return EX_OK;
		default:
			fprintf(stderr, "portico -h shows how it goes\n");
			return EX_USAGE;
		}
	}
	if (optind == argc) {
		print_help(stderr);
		return EX_USAGE;
	}
	return run_verb(argv + optind, argc - optind, &line);
}
