/* SPDX-License-Identifier: MIT */
/*
 * options.c - the rig's command line.
 */
#include "rig/options.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

static const char usage[] =
	"usage: rig --server COMMAND --ready TEXT|PORT [option ...]\n"
	"\n"
	"Runs the server in a network of its own, under a steady load, while something\n"
	"happens to it, and says what was lost.\n"
	"\n"
	"  --name WORD       of the row\n"
	"  --rtt MS          round trip, by a relay between two namespaces; 0: loopback (20)\n"
	"  --rate N          new connections per second (600)\n"
	"  --mix A:B:C       of them: one request, kept, TCP echo (2:1:1)\n"
	"  --http PORT       (8080)          --tcp PORT      0: none (7000)\n"
	"  --path PATH       (/)             --body TEXT     that HTTP has to answer\n"
	"  --kept N          requests of a kept connection (4)\n"
	"  --pause MIN:MAX   seconds between them (0.05:1)\n"
	"  --event COMMAND   {pid} {worker} {oldest} {k} {n} are filled in: events.h\n"
	"  --wait TEXT       in a line of the server's log ends the event\n"
	"  --wait-lines N    so many such lines (1)\n"
	"  --respawn         a new child in the place of {worker} or {oldest} ends the event\n"
	"  --count N         events (0)      --every SECONDS between them, at least (0.2)\n"
	"  --after SECONDS   of load after the last event (2.5)\n"
	"  --expect WORD     none: nothing lost; some: it has to lose; in-hands: no more\n"
	"                    than the events could take with them; any: just tell (none)\n"
	"  --log FILE        for what the server says (rig.log)\n"
	"  --table           the figures in full\n"
	"\n"
	"exit: 0 as expected, 1 not, 2 the run is void, 64 usage, 77 not permitted\n";

enum {
	NAME = 256, RTT, RATE, MIX, HTTP, TCP, PATH, BODY, KEPT, PAUSE, SERVER, READY, EVENT, WAIT,
	WAIT_LINES, RESPAWN, COUNT, EVERY, AFTER, EXPECT, LOG, TABLE, HELP,
};

static const struct option words[] = {
	{ "name", 1, NULL, NAME }, { "rtt", 1, NULL, RTT }, { "rate", 1, NULL, RATE },
	{ "mix", 1, NULL, MIX }, { "http", 1, NULL, HTTP }, { "tcp", 1, NULL, TCP },
	{ "path", 1, NULL, PATH }, { "body", 1, NULL, BODY }, { "kept", 1, NULL, KEPT },
	{ "pause", 1, NULL, PAUSE }, { "server", 1, NULL, SERVER }, { "ready", 1, NULL, READY },
	{ "event", 1, NULL, EVENT }, { "wait", 1, NULL, WAIT },
	{ "wait-lines", 1, NULL, WAIT_LINES }, { "respawn", 0, NULL, RESPAWN },
	{ "count", 1, NULL, COUNT }, { "every", 1, NULL, EVERY }, { "after", 1, NULL, AFTER },
	{ "expect", 1, NULL, EXPECT }, { "log", 1, NULL, LOG }, { "table", 0, NULL, TABLE },
	{ "help", 0, NULL, HELP }, { 0 },
};

static int read_number(const char *text, double *value)
{
	char *end;

	*value = strtod(text, &end);
	return end != text && *end == '\0' && *value >= 0. ? 0 : -1;
}

static int read_count(const char *text, unsigned *value)
{
	double number;

	if (read_number(text, &number) < 0 || number > 1e6)
		return -1;
	*value = (unsigned)number;
	return 0;
}

static int read_port(const char *text, int *port)
{
	unsigned value;

	if (read_count(text, &value) < 0 || value > 65535)
		return -1;
	*port = (int)value;
	return 0;
}

static int read_mix(const char *text, unsigned mix[3])
{
	return sscanf(text, "%u:%u:%u", &mix[0], &mix[1], &mix[2]) == 3 ? 0 : -1;
}

static int read_pause(const char *text, double pause[2])
{
	if (sscanf(text, "%lf:%lf", &pause[0], &pause[1]) != 2)
		return -1;
	return pause[0] >= 0. && pause[1] >= pause[0] ? 0 : -1;
}

static int read_expect(const char *text, enum options_expect *expect)
{
	static const char *const kinds[] = { "none", "some", "in-hands", "any" };

	for (int i = 0; i < 4; i++) {
		if (strcmp(text, kinds[i]) == 0) {
			*expect = (enum options_expect)i;
			return 0;
		}
	}
	return -1;
}

static int set_text(const char **to, const char *text)
{
	*to = text;
	return 0;
}

static int set_load(struct options *o, int word, const char *value)
{
	switch (word) {
	case RATE:
		return read_number(value, &o->rate) < 0 || o->rate <= 0. ? -1 : 0;
	case MIX:
		return read_mix(value, o->mix);
	case HTTP:
		return read_port(value, &o->http_port);
	case TCP:
		return read_port(value, &o->tcp_port);
	case PATH:
		return set_text(&o->path, value);
	case BODY:
		return set_text(&o->body, value);
	case KEPT:
		return read_count(value, &o->kept);
	case PAUSE:
		return read_pause(value, o->pause);
	default:
		return -1;
	}
}

static int set_event(struct options *o, int word, const char *value)
{
	switch (word) {
	case EVENT:
		return set_text(&o->events.command, value);
	case WAIT:
		return set_text(&o->events.wait, value);
	case WAIT_LINES:
		return read_count(value, &o->events.wait_lines);
	case RESPAWN:
		o->events.respawn = true;
		return 0;
	case COUNT:
		return read_count(value, &o->events.count);
	case EVERY:
		return read_number(value, &o->events.every);
	default:
		return set_load(o, word, value);
	}
}

static int set(struct options *o, int word, const char *value)
{
	switch (word) {
	case NAME:
		return set_text(&o->name, value);
	case SERVER:
		return set_text(&o->server, value);
	case READY:
		return set_text(&o->ready, value);
	case LOG:
		return set_text(&o->log, value);
	case RTT:
		return read_number(value, &o->rtt);
	case AFTER:
		return read_number(value, &o->after);
	case EXPECT:
		return read_expect(value, &o->expect);
	case TABLE:
		o->table = true;
		return 0;
	default:
		return set_event(o, word, value);
	}
}

static int refuse(const char *why)
{
	fprintf(stderr, "rig: %s; rig --help shows how it goes\n", why);
	return EX_USAGE;
}

int options_read(struct options *o, int argc, char **argv)
{
	int word, at = 0;

	*o = (struct options){
		.name = "row", .log = "rig.log", .rtt = 20., .rate = 600.,
		.http_port = 8080, .tcp_port = 7000, .mix = { 2, 1, 1 }, .kept = 4,
		.pause = { .05, 1. }, .after = 2.5,
		.events = { .every = .2, .patience = 20. },
	};
	while ((word = getopt_long(argc, argv, "h", words, &at)) != -1) {
		if (word == HELP || word == 'h') {
			fputs(usage, stdout);
			exit(EX_OK);
		}
		if (word == '?')
			return EX_USAGE;
		if (set(o, word, optarg) < 0) {
			fprintf(stderr, "rig: --%s: %s cannot be that\n", words[at].name, optarg);
			return EX_USAGE;
		}
	}
	if (optind < argc)
		return refuse("there is one word too many");
	if (!o->server || !o->ready)
		return refuse("--server and --ready are needed");
	if (o->events.count > 0 && !o->events.command)
		return refuse("--count needs an --event");
	o->rtt /= 1e3;
	o->events.round_trip = o->rtt;
	return 0;
}
