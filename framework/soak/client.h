/* SPDX-License-Identifier: MIT */
/*
 * client.h - one connection of the load, from connect to close.
 *
 *	FREE → CONNECTING → ASKING ⇄ PAUSING
 *	                        ↘ ENDING → FREE
 *
 * ASKING: a request is sent and not answered.  PAUSING: a kept connection
 * between two requests.  ENDING: all is answered, the server's end is awaited,
 * because a reset in its place is worth knowing.  Owned by struct soak.
 */
#ifndef PORTICO_SOAK_CLIENT_H
#define PORTICO_SOAK_CLIENT_H

#include <ev.h>

#include "soak/answer.h"
#include "soak/soak.h"

enum client_state { CLIENT_FREE, CLIENT_CONNECTING, CLIENT_ASKING, CLIENT_PAUSING, CLIENT_ENDING };

struct client {                          /* memory is the engine's */
	struct soak              *soak;
	const struct soak_target *target;
	struct soak_tally        *tally;
	struct client            *next_free;
	ev_io                     io;
	ev_timer                  timer;     /* the state's time is over */
	enum client_state         state;
	uint64_t                  number;    /* of the connection */
	unsigned                  answers;
	double                    begun;     /* when the schedule wanted it */
	struct answer             answer;
};

void client_init(struct client *c, struct soak *s);
/* due: by the clock of soak_now(); what is late here is the client's wait, too. */
void client_connect(struct client *c, const struct soak_target *target, uint64_t number,
	double due);
void client_give_up(struct client *c);    /* closes without counting; any state */

#endif
