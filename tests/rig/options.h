/* SPDX-License-Identifier: MIT */
/*
 * options.h - the rig's command line.
 */
#ifndef RIG_OPTIONS_H
#define RIG_OPTIONS_H

#include <stdbool.h>

#include "rig/events.h"

enum options_expect { EXPECT_NO_LOSS, EXPECT_LOSS, EXPECT_IN_HANDS, EXPECT_ANYTHING };

struct options {                         /* all strings are argv's */
	const char         *name;
	const char         *server;
	const char         *ready;       /* a part of a log line, or a port */
	const char         *log;
	double              rtt;         /* seconds */
	double              rate;
	int                 http_port;   /* 0: none */
	int                 tcp_port;
	const char         *path;
	const char         *body;
	unsigned            mix[3];      /* http, kept http, tcp */
	unsigned            kept;        /* requests of a kept connection */
	double              pause[2];    /* seconds between them */
	double              after;       /* seconds of load after the last event */
	enum options_expect expect;
	bool                table;
	struct events_plan  events;
};

/* 0; or an exit code, when it has said why not. */
int options_read(struct options *o, int argc, char **argv);

#endif
