/* SPDX-License-Identifier: MIT */
/*
 * confine.c - what a worker may do: as little as its handlers need.
 *
 * Who takes over a handler has the worker.  Each step here takes away what it could do next; the
 * order is that of what the steps need: names are looked up before chroot hides /etc, chroot
 * and the limits need root, capabilities go after the user, whose change needs some, and
 * Landlock and seccomp need no_new_privs and would be in the way of all the others.
 * docs/security.md says against whom each helps.
 */
#include "worker/confine.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/log.h"
#include "sys/powers.h"
#include "sys/proc.h"
#include "sys/seccomp.h"
#include "sys/user.h"
#include "worker/confine_files.h"
#include "worker/report.h"
#include "worker/worker.h"

static int failed(const struct worker_birth *b, const char *key, const char *value)
{
	int error = errno;
	int code = error == EPERM || error == EACCES ? EX_NOPERM : EX_OSERR;

	report(b->channel, code, "%s%s%s: %s", key, *value ? " = " : "", value, strerror(error));
	return code;
}

static int find_user(const struct worker_birth *b, struct user *user)
{
	const struct config *c = b->config;
	const char *what;

	if (user_find(c->user, c->group, user, &what) == 0)
		return EX_OK;
	return failed(b, what, strcmp(what, "group") == 0 ? c->group : c->user ? c->user : "");
}

static int change_root(const struct worker_birth *b)
{
	const char *dir = b->config->chroot;

	if (!dir || (chroot(dir) == 0 && chdir("/") == 0))
		return EX_OK;
	return failed(b, "chroot", dir);
}

/* ---- limits ---- */

/* Each connection is one, and a file on its way to it another; 0: nobody knows. */
static uint64_t files_needed(const struct worker_birth *b)
{
	enum { ITS_OWN = 32 };
	uint64_t need = 0;

	for (size_t i = 0; i < b->config->service_count; i++)
		need += (uint64_t)b->config->services[i].max_connections;
	return need ? need + b->socket_count + ITS_OWN : 0;
}

static void limit_files(const struct worker_birth *b, bool warn)
{
	uint64_t asked = (uint64_t)b->config->max_files, need = files_needed(b), got = powers_files();

	if (asked > 0 || need > got)
		got = powers_limit_files(asked > 0 ? asked : need);
	if (!warn)
		return;
	if (got < asked)
		log_warn("max_files = %llu: the hard limit is %llu; raise it (ulimit -Hn, LimitNOFILE=)",
			(unsigned long long)asked, (unsigned long long)got);
	else if (got < need)
		log_warn("max_connections may need %llu descriptors in a worker, which has %llu; raise %s",
			(unsigned long long)need, (unsigned long long)got,
			asked > 0 ? "max_files" : "the hard limit (ulimit -Hn, LimitNOFILE=)");
}

static void limit_core(const struct worker_birth *b, bool warn)
{
	if (powers_limit_core(b->config->core) < 0 && warn && b->config->core != CONFIG_CORE_ANY)
		log_warn("core: the hard limit is lower (ulimit -Hc, LimitCORE=): %s", strerror(errno));
}

/* ---- powers ---- */

static int become(const struct worker_birth *b, const struct user *user)
{
	const struct config *c = b->config;
	bool drops = c->capabilities == CONFIG_CAPABILITIES_NONE;

	if (drops)
		powers_bound();
	if (user_become(user) < 0)
		return failed(b, c->user ? "user" : "group", c->user ? c->user : c->group);
	if (drops && powers_drop() < 0)
		return failed(b, "capabilities", "none");
	if (powers_keep_down() < 0)
		return failed(b, "no_new_privs", "");
	return EX_OK;
}

static int filter_calls(const struct worker_birth *b)
{
	static const enum seccomp_answer answers[] = {
		[CONFIG_SECCOMP_LOG] = SECCOMP_LOGS,
		[CONFIG_SECCOMP_DENY] = SECCOMP_DENIES,
		[CONFIG_SECCOMP_KILL] = SECCOMP_KILLS,
	};
	int how = b->config->seccomp;

	if (how == CONFIG_SECCOMP_OFF || seccomp_begin(answers[how]) == 0)
		return EX_OK;
	return failed(b, "seccomp", config_seccomp_name(how));
}

int confine(const struct worker_birth *b, bool warn)
{
	struct user user;
	int code = find_user(b, &user);

	if (code == EX_OK)
		code = change_root(b);
	limit_files(b, warn);
	limit_core(b, warn);
	if (code == EX_OK)
		code = become(b, &user);
	umask(b->config->umask);
	powers_allow_dump(b->config->core > 0);
	proc_die_with_parent(true);      /* setresuid(2) forgets it */
	if (code == EX_OK)
		code = confine_files(b);
	return code == EX_OK ? filter_calls(b) : code;
}
