/* SPDX-License-Identifier: MIT */
/*
 * confine_check.c - whether workers can be confined as the configuration says, and how that is told.
 */
#include "worker/confine.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "sys/landlock.h"
#include "sys/seccomp.h"
#include "sys/user.h"

struct asked {
	const struct config *config;
	config_problem_fn   *problem;
	void                *arg;
	int                  code;       /* of the first problem */
};

__attribute__((format(printf, 3, 4)))
static void tell(struct asked *a, int code, const char *fmt, ...)
{
	char what[512], sentence[1024];
	va_list args;

	va_start(args, fmt);
	vsnprintf(what, sizeof(what), fmt, args);
	va_end(args);
	snprintf(sentence, sizeof(sentence), "%s: %s", a->config->file, what);
	a->problem(a->arg, sentence);
	if (a->code == EX_OK)
		a->code = code;
}

/* ---- what cannot work ---- */

static void check_user(struct asked *a)
{
	const char *name = a->config->user ? a->config->user : "", *what;
	struct user user;

	if (user_find(a->config->user, a->config->group, &user, &what) < 0) {
		if (errno != ENOENT)
			tell(a, EX_OSERR, "user = %s: %s", name, strerror(errno));
		else
			tell(a, EX_CONFIG, "%s = %s: no such %s; create it or name another", what,
				strcmp(what, "group") == 0 ? a->config->group : name, what);
		return;
	}
	if (user_check(&user) == 0)
		return;
	if (a->config->group && user.uid == geteuid())
		tell(a, EX_NOPERM, "group = %s: only root can change groups; start as root or leave "
			"group out", a->config->group);
	else
		tell(a, EX_NOPERM, "user = %s: only root can become another user; start as root or leave "
			"user out", name);
}

static void check_root(struct asked *a)
{
	const char *dir = a->config->chroot;

	if (!dir)
		return;
	if (geteuid() != 0)
		tell(a, EX_NOPERM, "chroot = %s: only root can do that; start as root or leave chroot out",
			dir);
	else if (access(dir, X_OK) < 0)
		tell(a, EX_CONFIG, "chroot = %s: %s; make it or name another", dir, strerror(errno));
}

static void check_landlock(struct asked *a)
{
	int abi = landlock_abi();

	if (a->config->landlock != CONFIG_LANDLOCK_REQUIRED || abi >= LANDLOCK_ABI_SCOPES)
		return;
	if (abi == 0)
		tell(a, EX_OSERR, "landlock = required: this kernel has none, or it is not active (lsm=); "
			"say auto to do without");
	else
		tell(a, EX_OSERR, "landlock = required: this kernel's (ABI %d) has no rules for %s; say "
			"auto to do without", abi,
			abi < LANDLOCK_ABI_PORTS ? "ports and signals" : "signals");
}

static void check_seccomp(struct asked *a)
{
	if (a->config->seccomp != CONFIG_SECCOMP_OFF && !seccomp_is_there())
		tell(a, EX_OSERR, "seccomp = %s: this kernel has no such filters, or portico does not know "
			"this processor's system calls; say off",
			config_seccomp_name(a->config->seccomp));
}

int confine_check(const struct config *c, config_problem_fn *problem, void *arg)
{
	struct asked a = { .config = c, .problem = problem, .arg = arg, .code = EX_OK };

	check_user(&a);
	check_root(&a);
	check_landlock(&a);
	check_seccomp(&a);
	return a.code;
}

/* ---- what is so ---- */

static const char *landlock_text(const struct config *c, char *out, size_t size)
{
	int abi = landlock_abi();

	if (c->landlock == CONFIG_LANDLOCK_OFF || abi == 0)
		return "no Landlock";
	snprintf(out, size, "Landlock ABI %d: %s%s%s", abi,
		abi >= LANDLOCK_ABI_PORTS ? "no TCP port to bind, " : "",
		abi >= LANDLOCK_ABI_SCOPES ? "nobody to signal, " : "",
		c->files ? "files as listed" : "files as the user may (read_paths = narrows that)");
	return out;
}

const char *confine_tell(const struct config *c, char out[CONFINE_TEXT])
{
	struct user user;
	const char *what;
	char name[USER_TEXT] = "", text[200];

	if (user_find(c->user, c->group, &user, &what) == 0)
		user_tell(user.uid, name);
	snprintf(out, CONFINE_TEXT, "%s, gid %u, %s%s%.100s, %s, seccomp %s", name, (unsigned)user.gid,
		c->capabilities == CONFIG_CAPABILITIES_NONE ? "no capabilities" : "its capabilities",
		c->chroot ? ", chroot " : "", c->chroot ? c->chroot : "",
		landlock_text(c, text, sizeof(text)), config_seccomp_name(c->seccomp));
	return out;
}

const char *confine_lacks(const struct config *c)
{
	int abi = landlock_abi();

	if (c->landlock == CONFIG_LANDLOCK_OFF || abi >= LANDLOCK_ABI_SCOPES)
		return NULL;
	if (abi >= LANDLOCK_ABI_PORTS)
		return "Landlock's rules for signals: a worker may signal whom its user may";
	if (abi > 0)
		return "Landlock's rules for ports and signals: a worker may bind TCP ports and signal "
			"whom its user may";
	return c->files
		? "Landlock: read_paths and write_paths have no effect, and a worker may bind TCP "
			"ports and signal whom its user may"
		: "Landlock: a worker may bind TCP ports and signal whom its user may";
}
