/* SPDX-License-Identifier: MIT */
/*
 * main.c - the command line: verbs, nothing else.
 */
#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/text.h"
#include "config/config.h"
#include "master/alone.h"
#include "master/ask.h"
#include "master/cert.h"
#include "master/command.h"
#include "master/completion.h"
#include "master/drill.h"
#include "master/health.h"
#include "master/inspect.h"
#include "master/master.h"
#include "master/project.h"
#include "master/top.h"
#include "master/trial.h"
#include "master/who.h"
#include "net/tls_spare.h"
#include "portico.h"

enum {
	FILE_NAME, LISTEN, WORKERS, SET, TCP, UDP, HTTP, WEBSOCKET, JSON, INI, RELOADS, RATE, CANARY, BIRD,
	AGENT, EVERY, HELP, VERSION, OPTIONS
};

/* ---- a file, or a plugin in its place ---- */

/* Of some options that exclude each other the name of the one that is given; NULL: none is.
 * *code is EX_USAGE, after a sentence, if several are. */
static const char *one_of(const struct line *line, const int *which, int *code);

static int told_usage(const char *sentence)
{
	fprintf(stderr, "portico: %s\n", sentence);
	return EX_USAGE;
}

static const char *served_alone(const struct line *line, int *code)
{
	static const int protocols[] = { TCP, UDP, HTTP, -1 };
	struct config_alone wanted = {
		.plugin = line->argument,
		.listen = line->options[LISTEN],
		.workers = line->options[WORKERS],
		.setting_count = line->repeated_count,
	};

	*code = EX_OK;
	wanted.protocol = one_of(line, protocols, code);
	if (line->options[FILE_NAME])
		*code = told_usage("-c FILE and a plugin are one too many; leave one out");
	else if (line->repeated_count > CONFIG_ALONE_SETTINGS)
		*code = told_usage("too many of --set; write a configuration: portico plugin FILE.so --ini");
	if (*code != EX_OK)
		return NULL;
	for (size_t i = 0; i < line->repeated_count; i++)
		wanted.settings[i] = line->repeated[i];
	return alone_begin(&wanted, code);
}

/* What the configuration is called, or the plugin that is served without one; NULL with *code. */
static const char *source(const struct line *line, int *code)
{
	if (line->argument)
		return served_alone(line, code);
	if (!line->options[LISTEN] && !line->options[WORKERS] && !line->options[SET] && !line->options[TCP]
		&& !line->options[UDP] && !line->options[HTTP])
		return line->file;
	*code = told_usage("--listen and the like go with a plugin: portico run ./hello.so --listen 8080");
	return NULL;
}

/* ---- verbs ---- */

static int run(const struct line *line)
{
	int code;
	const char *file = source(line, &code);

	if (!file)
		return code;
	if (line->argument)
		fprintf(stderr, "portico: for portico status, reload and the like this server is -c %s\n", file);
	return master_run(file);
}

static int check(const struct line *line)
{
	int code;
	const char *file = source(line, &code);

	return file ? trial_check(file) : code;
}

static int reload_it(const struct line *line)
{
	const char *canary = line->options[CANARY];

	if (!canary)
		return ask_and_tell(line->file, json_pack("{s:s}", "do", "reload"));
	return ask_and_tell(line->file, json_pack("{s:s, s:s}", "do", "reload", "canary", canary));
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

/* Of what is asked for to be read: a disk may be full, and half of an answer is none. */
static int written(int code)
{
	if (fflush(stdout) == 0 && !ferror(stdout))
		return code;
	fprintf(stderr, "portico: standard output: %s\n", strerror(errno));
	return code == EX_OK ? EX_IOERR : code;
}

static int status(const struct line *line)
{
	return written(ask_status(line->file, line->options[JSON]));
}

static int top_it(const struct line *line)
{
	return top(line->file);
}

static int health_of(const struct line *line)
{
	struct health h = {
		.file = line->file,
		.bird = line->options[BIRD],
		.agent = line->options[AGENT],
		.every = 1.,
	};

	if (!line->options[EVERY] || (text_seconds(line->options[EVERY], &h.every) == 0 && h.every >= .01))
		return health(&h);
	fprintf(stderr, "portico: --every %s: not a time from 10ms on, such as 1s\n", line->options[EVERY]);
	return EX_USAGE;
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
	return written(who(line->argument, line->options[JSON]));
}

static int make_certificate(const struct line *line)
{
	return cert(line->arguments, line->argument_count);
}

/* -1 and a sentence if text, NULL: fallback, is not a number from 1 to most. */
static int64_t number(const char *what, const char *text, int64_t fallback, int64_t most)
{
	int64_t n = fallback;

	if (!text || (text_int(text, &n) == 0 && n >= 1 && n <= most))
		return n;
	fprintf(stderr, "portico: %s %s: not a number from 1 to %lld\n", what, text, (long long)most);
	return -1;
}

static int soak(const struct line *line)
{
	int64_t reloads = number("--reloads", line->options[RELOADS], 10, 100000);
	int64_t rate = number("--rate", line->options[RATE], 200, 20000);

	int code = EX_USAGE;
	const char *file = reloads < 0 || rate < 0 ? NULL : source(line, &code);

	return file ? drill(file, reloads, rate) : code;
}

static int inspect_it(const struct line *line)
{
	if (!line->argument)
		return told_usage("plugin needs a shared object: portico plugin ./hello.so");
	if (line->options[JSON] && line->options[INI])
		return told_usage("--json and --ini are one too many; leave one out");
	return written(inspect_tell(line->argument, line->options[JSON] ? INSPECT_JSON
		: line->options[INI] ? INSPECT_INI : INSPECT_TEXT));
}

static int make_new(const struct line *line)
{
	static const int kinds[] = { TCP, UDP, HTTP, WEBSOCKET, -1 };
	int code = EX_OK;
	const char *kind = one_of(line, kinds, &code);

	if (!line->argument || !*line->argument)
		return told_usage("new needs a name: portico new hello");
	return code == EX_OK ? project(line->argument, kind ? kind : "http") : code;
}

static int complete(const struct line *line);

enum {
	ASKS = 1 << FILE_NAME,
	ALONE_TOO = 1 << LISTEN | 1 << WORKERS | 1 << SET | 1 << TCP | 1 << UDP | 1 << HTTP,
	ALONE = 1 << FILE_NAME | 1 << HELP | 1 << VERSION,
};

static const struct command_option options[OPTIONS] = {
	[FILE_NAME] = { NULL, 'c', "FILE", "the configuration (" PORTICO_CONFIG_FILE ")" },
	[LISTEN] = { "listen", 0, "WHERE", "a port, or as listen = (" ALONE_LISTEN "); for a plugin" },
	[WORKERS] = { "workers", 0, "N", "so many, or auto (auto); for a plugin" },
	[SET] = { "set", 0, "KEY=VALUE", "an option of the plugin, any number of them" },
	[TCP] = { "tcp", 0, NULL, "it speaks plain TCP" },
	[UDP] = { "udp", 0, NULL, "it answers datagrams" },
	[HTTP] = { "http", 0, NULL, "it answers requests; what new makes without any of these" },
	[WEBSOCKET] = { "websocket", 0, NULL, "it speaks with browsers, and serves them a page" },
	[JSON] = { "json", 0, NULL, "for programs" },
	[INI] = { "ini", 0, NULL, "a sample of its configuration" },
	[RELOADS] = { "reloads", 0, "N", "so many times (10)" },
	[RATE] = { "rate", 0, "N", "new connections a second (200)" },
	[CANARY] = { "canary", 0, "SHARE", "10% 30s, or off: instead of what the file says" },
	[BIRD] = { "bird", 0, "PROTOCOL", "watch, and enable that protocol of BIRD while it is ready" },
	[AGENT] = { "agent", 0, "HOST:PORT", "watch, and answer HAProxy's agent check there" },
	[EVERY] = { "every", 0, "TIME", "how often they look (1s)" },
	[HELP] = { "help", 'h', NULL, "this help" },
	[VERSION] = { "version", 'V', NULL, "the version" },
};

static const struct command_verb verbs[] = {
	{ "run", "[FILE.so]", "serve in the foreground until TERM; one plugin without a configuration",
		ASKS | ALONE_TOO, run },
	{ "check", "[FILE.so]", "read the configuration, load its plugins, report every problem",
		ASKS | ALONE_TOO, check },
	{ "reload", "", "new workers with the configuration as it is now", ASKS | 1 << CANARY, reload_it },
	{ "promote", "", "the canary of a reload under way serves as a whole, now", ASKS, promote },
	{ "rollback", "", "the canary of a reload under way ends, as if it had failed", ASKS, roll_back },
	{ "scale", "N", "from now on N workers", ASKS, scale_it },
	{ "drain", "SLOT", "new clients go to the other slots until undrain", ASKS, drain },
	{ "undrain", "SLOT", "they come to it again", ASKS, undrain },
	{ "retire", "SLOT", "a new worker for that slot, the old one finishes what it has", ASKS, retire },
	{ "upgrade", "", "the binary as it is now takes over, nobody notices", ASKS, upgrade_it },
	{ "status", "", "what runs", ASKS | 1 << JSON, status },
	{ "health", "", "whether it is ready for new clients: 0, or 1 and why not",
		ASKS | 1 << BIRD | 1 << AGENT | 1 << EVERY, health_of },
	{ "top", "", "the same on a screen, once a second, with keys to act on it", ASKS, top_it },
	{ "reopen", "", "open the logs anew", ASKS, reopen },
	{ "stop", "", "finish what is in hand, then end", ASKS, stop },
	{ "who", "PORT", "who is on a port of this machine, and whether it can be shared: 80, 53/udp",
		1 << JSON, who_is_there },
	{ "cert", "HOST...", "a certificate for development, HOST.crt, and its key (localhost)", 0,
		make_certificate },
	{ "soak", "[FILE.so]", "load it while it reloads, and count what is lost",
		ASKS | ALONE_TOO | 1 << RELOADS | 1 << RATE, soak },
	{ "new", "NAME", "a folder with a handler, its configuration, a test, and make watch",
		1 << TCP | 1 << UDP | 1 << HTTP | 1 << WEBSOCKET, make_new },
	{ "plugin", "FILE.so", "what it is: protocols, callbacks, options with their defaults",
		1 << JSON | 1 << INI, inspect_it },
	{ "completion", "bash|zsh|fish", "what that shell needs to complete all this", 0, complete },
};

static const struct command command = {
	.name = "portico",
	.verbs = verbs, .verb_count = sizeof(verbs) / sizeof(*verbs),
	.options = options, .option_count = OPTIONS,
	.alone = ALONE, .anywhere = 1 << FILE_NAME, .repeats = 1 << SET,
	.notes =
		"All but run, check, new, plugin, who, cert and completion speak to the server that runs with\n"
		"FILE, which may be the plugin that it was started with, and wait for the outcome: 0, or 1 with\n"
		"the reason, or 75 if no server runs.  A status that does not come within 5 s gives 76.\n"
		"Signals do the same:\n"
		"HUP reload, USR2 upgrade, TTIN and TTOU one worker more and fewer, USR1 reopen,\n"
		"TERM and INT stop (twice: at once), QUIT stop without a limit.\n",
};

static const char *one_of(const struct line *line, const int *which, int *code)
{
	const char *found = NULL;

	for (; *which >= 0; which++) {
		if (!line->options[*which])
			continue;
		if (found)
			*code = told_usage("of --tcp, --udp, --http and --websocket one has to do");
		found = options[*which].name;
	}
	return found;
}

static int complete(const struct line *line)
{
	if (line->argument && completion(&command, line->argument, stdout) == 0)
		return written(EX_OK);
	fprintf(stderr, "portico: completion needs a shell, bash, zsh or fish: portico completion bash\n");
	return EX_USAGE;
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
	struct line line = { .file = PORTICO_CONFIG_FILE };

	if (command_read(&command, argc, argv, &line) < 0)
		return EX_USAGE;
	if (line.options[HELP]) {
		command_help(&command, stdout);
		return EX_OK;
	}
	if (line.options[VERSION]) {
		printf("portico %s, plugin ABI %d\n", PORTICO_VERSION, PORTICO_ABI);
		return EX_OK;
	}
	if (line.options[FILE_NAME])
		line.file = line.options[FILE_NAME];
	return command_run(&command, &line);
}
