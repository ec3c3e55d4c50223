/* SPDX-License-Identifier: MIT */
/*
 * control_parts.h - the pieces of control.h: private to control*.c.
 */
#ifndef PORTICO_MASTER_CONTROL_PARTS_H
#define PORTICO_MASTER_CONTROL_PARTS_H

#include <jansson.h>

struct control_client;
struct master;

/* Does what verb, of request, says.  The client is answered at once, or when the operation
 * that it asks for ends; of a stop it hears nothing but the end of its connection. */
void control_obey(struct master *m, struct control_client *c, const char *verb,
	const json_t *request);

/* Sends answer, which is dropped, and ends the connection. */
void control_say(struct control_client *c, json_t *answer);

#endif
