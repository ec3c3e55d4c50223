/* SPDX-License-Identifier: MIT */
/*
 * who.c - portico who: who is on a port of this machine, and whether it can be shared.
 *
 * "Can two processes listen on one port?"  This says so of the port at hand,
 * for the programs that are there now, whichever they are.
 */
#include "master/who.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "base/text.h"
#include "master/who_port.h"

enum { TCP = 1, UDP = 2 };

/* A number or a name of services(5). 0 if it is neither. */
static uint16_t read_port(const char *text, const char *protocol)
{
	int64_t number;

	if (text_int(text, &number) == 0)
		return number > 0 && number <= UINT16_MAX ? (uint16_t)number : 0;
	const struct servent *entry = getservbyname(text, protocol);
	return entry ? ntohs((uint16_t)entry->s_port) : 0;
}

/* Which protocols a suffix names; 0 if it is none of them. */
static int read_protocols(const char *suffix)
{
	if (!suffix)
		return TCP | UDP;
	if (strcmp(suffix, "tcp") == 0)
		return TCP;
	return strcmp(suffix, "udp") == 0 ? UDP : 0;
}

static int read_argument(const char *argument, uint16_t *port)
{
	char text[64];

	*port = 0;
	if (!argument || strlen(argument) >= sizeof(text))
		return 0;
	strcpy(text, argument);
	char *slash = strchr(text, '/');
	if (slash)
		*slash++ = '\0';
	int protocols = read_protocols(slash);
	*port = read_port(text, protocols == TCP ? "tcp" : protocols == UDP ? "udp" : NULL);
	return *port ? protocols : 0;
}

static int look(struct who_port *p, int type, uint16_t port)
{
	if (who_port_look(p, type, port) < 0 || who_try(p) < 0) {
		fprintf(stderr, "portico: the sockets of this machine cannot be read: %s\n",
			strerror(errno));
		return EX_OSERR;
	}
	who_port_group(p);
	return EX_OK;
}

static void print_json(const struct who_port *ports, size_t count)
{
	json_t *list = json_array();

	for (size_t i = 0; i < count; i++)
		json_array_append_new(list, who_json(&ports[i]));
	json_dumpf(list, stdout, JSON_INDENT(2));
	printf("\n");
	json_decref(list);
}

static void print_text(const struct who_port *ports, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (i > 0)
			printf("\n");
		who_tell(&ports[i]);
	}
}

int who(const char *argument, bool as_json)
{
	struct who_port ports[2] = {0};
	size_t count = 0;
	uint16_t port;
	int code = EX_OK;

	int protocols = read_argument(argument, &port);
	if (protocols == 0) {
		fprintf(stderr, "portico: who needs a port from 1 to 65535 or its name, and /tcp or /udp "
			"for one of both%s%.64s: portico who 8080/udp\n", argument ? ", not " : "",
			argument ? argument : "");
		return EX_USAGE;
	}
	if (protocols & TCP)
		code = look(&ports[count++], SOCK_STREAM, port);
	if (code == EX_OK && protocols & UDP)
		code = look(&ports[count++], SOCK_DGRAM, port);
	if (code == EX_OK && as_json)
		print_json(ports, count);
	else if (code == EX_OK)
		print_text(ports, count);
	for (size_t i = 0; i < count; i++)
		who_port_fini(&ports[i]);
	return code;
}
