/* SPDX-License-Identifier: MIT */
/* control_rig.h - servers with a control socket, and who may speak to it. */
#ifndef SYSTEM_CONTROL_RIG_H
#define SYSTEM_CONTROL_RIG_H

#include "greeting.h"

enum { NOBODY = 65534 };

/* The path of the socket; the greeting, or the file that its workers wait for. */
#define AT_PATH "[portico]\nworkers = 2\ncontrol = %s\n" WEB_GREETING
#define GATE                                                                 \
	"[portico]\nworkers = 2\ncontrol = %s\n"                             \
	"[service web]\nprotocol = http\nlisten = 127.0.0.1:8080\n"          \
	"[handler web /]\nplugin = ${T}/gate.so\nfile = %s\n"

/* Its requests are answered when a file is there. */
#define DEFERRED                                                             \
	"[portico]\nworkers = 2\n"                                           \
	"[service web]\nprotocol = http\nlisten = 127.0.0.1:8080\n"          \
	"[handler web /]\nplugin = ${T}/deferred.so\nfile = %s\n"

/* To the socket "control.sock" in the test's directory. */
int control_connect(void);

#endif
