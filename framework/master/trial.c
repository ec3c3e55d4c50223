/* SPDX-License-Identifier: MIT */
/*
 * trial.c - a child that loads a configuration's plugins and reports.
 */
#include "master/trial.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "master/accesslog.h"
#include "master/child.h"
#include "master/slot.h"
#include "master/upgrade.h"
#include "sys/proc.h"
#include "sys/page.h"
#include "worker/confine.h"
#include "worker/worker.h"

/* A constructor or setting() that hangs would hang the reload with it. */
#define TRIAL_TIME 30.0

struct trial {
	struct child         child;
	const struct config *config;
	struct page         *page;
	int                  page_fd;
	int                  log;
	unsigned             problems;
	bool                 ready;      /* it said that all is well */
	config_problem_fn   *problem;
	void               (*done)(void *arg, int exit_code);
	void                *arg;
};

static void on_heard(struct child *c, const struct message *m, int fd)
{
	struct trial *t = (struct trial *)c;

	if (fd >= 0)
		close(fd);
	t->ready = t->ready || m->type == MESSAGE_READY;
	if (m->type != MESSAGE_FAILED)
		return;
	t->problems++;
	t->problem(t->arg, m->text);
}

static int judge(struct trial *t, const siginfo_t *how)
{
	char death[64], text[MESSAGE_TEXT];

	/* Also after a problem was told exit(0) may be a plugin's doing. */
	if (how->si_code == CLD_EXITED && (how->si_status == EX_OK ? t->ready : t->problems > 0))
		return how->si_status;
	snprintf(text, sizeof(text), "%s: a plugin ended the trial with %s%s", t->config->file,
		proc_death(how, death, sizeof(death)),
		t->child.overdue ? " because it did not come to an end" : "");
	t->problem(t->arg, text);
	return EX_CONFIG;
}

static void destroy(struct trial *t)
{
	page_destroy(t->page, (unsigned)t->config->service_count);
	if (t->page)
		close(t->page_fd);
	free(t);
}

static void on_died(struct child *c, const siginfo_t *how)
{
	struct trial *t = (struct trial *)c;
	int code = judge(t, how);
	void (*done)(void *, int) = t->done;
	void *arg = t->arg;

	destroy(t);
	done(arg, code);
}

static int trial_entry(void *arg, int channel)
{
	const struct trial *t = arg;
	return worker_check(t->config, channel, t->log, t->page);
}

struct trial *trial_start(struct ev_loop *loop, const struct config *config, int log,
	config_problem_fn *problem, void (*done)(void *arg, int exit_code), void *arg)
{
	struct trial *t = calloc(1, sizeof(*t));
	if (!t)
		return NULL;
	t->child.heard = on_heard;
	t->child.died = on_died;
	t->config = config;
	t->log = log;
	t->problem = problem;
	t->done = done;
	t->arg = arg;
	t->page = page_create((unsigned)config->service_count, &t->page_fd);
	if (t->page && child_spawn(&t->child, loop, trial_entry, t) == 0) {
		child_kill_after(&t->child, TRIAL_TIME);
		return t;
	}
	int error = errno;
	destroy(t);
	errno = error;
	return NULL;
}

void trial_cancel(struct trial *t)
{
	child_kill_after(&t->child, 0.);
}

/* ---- what does not need a child ---- */

int trial_exit_code(int error)
{
	return error == EACCES || error == EPERM ? EX_NOPERM : EX_CONFIG;
}

/* What the master holds: a socket for each slot and address, the access logs, and for each
 * worker a channel and a pidfd, the latter twice over while a reload is under way. */
static int check_descriptors(const struct config *c, config_problem_fn *problem, void *arg)
{
	enum { ITS_OWN = 32 };
	size_t need = c->workers * (slot_need(c) + 4) + 2 * c->service_count + ITS_OWN;
	size_t limit = proc_raise_descriptors();
	char text[MESSAGE_TEXT];

	if (limit == 0 || limit >= need)
		return EX_OK;
	snprintf(text, sizeof(text), "%s: %u workers need %zu descriptors in the master, the hard "
		"limit is %zu; raise it (ulimit -Hn, LimitNOFILE=) or start fewer workers",
		c->file, c->workers, need, limit);
	problem(arg, text);
	return EX_OSERR;
}

int trial_check_system(const struct config *config, config_problem_fn *problem, void *arg)
{
	int code = confine_check(config, problem, arg);
	if (code == EX_OK)
		code = check_descriptors(config, problem, arg);
	return code == EX_OK ? accesslogs_check(config, problem, arg) : code;
}

/* ---- portico check ---- */

static void print_problem(void *arg, const char *sentence)
{
	(void)arg;
	fprintf(stderr, "%s\n", sentence);
}

static void take_code(void *arg, int exit_code)
{
	*(int *)arg = exit_code;
}

static int run_trial(const struct config *c)
{
	int code = EX_OSERR;
	signal(SIGCHLD, SIG_DFL);
	struct ev_loop *loop = ev_loop_new(EVBACKEND_EPOLL | EVFLAG_NOENV);

	if (loop && trial_start(loop, c, -1, print_problem, take_code, &code))
		ev_run(loop, 0);
	else
		fprintf(stderr, "%s: cannot start a trial: %s\n", c->file, strerror(errno));
	if (loop)
		ev_loop_destroy(loop);
	return code;
}

static void print_summary(const struct config *c)
{
	size_t handlers = 0, services = 0;

	for (size_t i = 0; i < c->service_count && !config_is_admin(&c->services[i]); i++) {
		services++;
		handlers += c->services[i].handler_count;
	}
	printf("%s: good: %zu service%s, %zu handler%s, %u worker%s\n", c->file,
		services, services == 1 ? "" : "s",
		handlers, handlers == 1 ? "" : "s", c->workers, c->workers == 1 ? "" : "s");
}

int trial_check(const char *file)
{
	int version = upgrade_check_version();
	if (version != EX_OK)
		return version;
	struct config *c = config_load(file, print_problem, NULL);
	if (!c)
		return trial_exit_code(errno);
	int code = trial_check_system(c, print_problem, NULL);
	if (code == EX_OK)
		code = run_trial(c);
	if (code == EX_OK)
		print_summary(c);
	config_destroy(c);
	return code;
}
