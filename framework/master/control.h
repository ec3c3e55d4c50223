/* SPDX-License-Identifier: MIT */
/*
 * control.h - the control socket of the master: one line of JSON each way.
 *
 *	{"do": "reload"}                 {"good": true, "said": "generation 2 serves ..."}
 *	{"do": "scale", "workers": 4}    {"good": false, "said": "scale failed: ..."}
 *	"reload" with "canary": "10% 30s"; "retire", "drain", "undrain" with "slot": 1;
 *	"upgrade", "promote", "rollback", "reopen", "stop", "status";
 *	"health": good if new clients should come, said is why not
 *
 * Only the same user and root are heard.
 */
#ifndef PORTICO_MASTER_CONTROL_H
#define PORTICO_MASTER_CONTROL_H

#include <stdbool.h>

struct control_client;
struct master;

/* Listens where control_name() says. -1, and the log says why: EADDRINUSE
 * means that a master of this very file runs already. */
int  control_open(struct master *m, const char *path);
void control_close(struct master *m);

/* Listens at path instead, if that is another one, or anew, if somebody has removed it; who is
 * connected stays.  -1: it could
 * not, all is as it was and the log says why. */
int  control_move(struct master *m, const char *path);

/* For an upgrade: the listening descriptor, and how the next master takes it. */
int  control_fd(const struct master *m);
const char *control_path(const struct master *m);      /* "": an abstract name */
int  control_adopt(struct master *m, int fd, const char *path);

/* The outcome of what client asked for; it is dropped after that. */
void control_answer(struct control_client *client, bool good, const char *sentence);

/* Whether half of what a client says has been heard, or of its answer been sent: that would be lost. */
bool control_is_halfway(const struct master *m);

/* The descriptor of the client that waits for an operation; and the other way. */
int  control_client_fd(const struct control_client *client);
struct control_client *control_adopt_client(struct master *m, int fd);

/* The same of those who are connected and have not been heard yet: each's descriptor goes to
 * act(arg, fd); and the other way. */
void control_each_unheard(const struct master *m, void (*act)(void *arg, int fd), void *arg);
void control_adopt_unheard(struct master *m, int fd);

#endif
