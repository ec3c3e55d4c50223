/* SPDX-License-Identifier: MIT */
/*
 * confine_rig.h - a server whose handler tries what it is told (tests/plugins/attempt.c).
 */
#ifndef SYSTEM_CONFINE_RIG_H
#define SYSTEM_CONFINE_RIG_H

#include <sys/types.h>

enum { CONFINE_NOBODY = 65534 };

/* Two workers, and what else [portico] says. */
#define ATTEMPT(keys)                                                        \
	"[portico]\nworkers = 2\n" keys                                      \
	"[service web]\nprotocol = http\nlisten = 127.0.0.1:8080\n"          \
	"[handler web]\nplugin = ./attempt.so\nroot = ${D}/root\n"

/* attempt.so and its root, ${D}/root; the files root/a, listed/b, other/c and secret, which is root's alone; and the
 * directory made, where everybody may write. */
void confine_set_up(void);

/* What comes of it: "OK", or an errno's name.  Static. */
const char *attempt(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

#define assert_attempt(outcome, ...)                                         \
	do {                                                                 \
		const char *came = attempt(__VA_ARGS__);                     \
		cr_assert_str_eq(came, outcome, "%s", came);                 \
	} while (0)

/* The abstract name of the server's control socket; static. */
const char *control_socket(void);

/* Of the newest generation.  Which of two workers makes an attempt is chance. */
pid_t worker_pid(unsigned slot);

/* What this kernel's Landlock can; a test that needs more is skipped. */
int landlock_here(void);
#define NEEDS_LANDLOCK(abi)                                                  \
	do {                                                                 \
		if (landlock_here() < (abi))                                 \
			SKIP_TEST("Landlock ABI %d is not here", abi);       \
	} while (0)

/* This process and all that it starts find no Landlock. */
void landlock_hide(void);

#endif
