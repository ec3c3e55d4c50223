/* SPDX-License-Identifier: MIT */
/*
 * child.c - a process of ours: its channel, its death, its end in time.
 */
#include "master/child.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/pidfd.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "sys/proc.h"

/* A process closes its channel a moment before it can be collected. */
#define REAP_EVERY 0.01

/* Gives 0 once the other end is closed. */
static int hear_all(struct child *c)
{
	struct message m;
	int fd, got;

	while ((got = channel_receive(c->channel, &m, &fd)) > 0)
		c->heard(c, &m, fd);
	return got;
}

static void stop_watching(struct child *c)
{
	ev_io_stop(c->loop, &c->speech);
	ev_timer_stop(c->loop, &c->killer);
	ev_timer_stop(c->loop, &c->reaper);
	close(c->channel);
	if (c->death.fd < 0)
		return;
	ev_io_stop(c->loop, &c->death);
	close(c->death.fd);
}

static void reap(struct child *c)
{
	siginfo_t how;

	if (proc_reap(c->pid, &how) < 0 && errno != ECHILD)
		return;
	hear_all(c);
	stop_watching(c);
	c->died(c, &how);
}

static void on_death(struct ev_loop *loop, ev_io *io, int events)
{
	(void)loop;
	(void)events;
	reap(io->data);
}

static void on_reaper(struct ev_loop *loop, ev_timer *t, int events)
{
	(void)loop;
	(void)events;
	reap(t->data);
}

static void on_speech(struct ev_loop *loop, ev_io *io, int events)
{
	struct child *c = io->data;

	(void)events;
	if (hear_all(c) != 0)
		return;
	ev_io_stop(loop, io);    /* its death is about to be told */
	if (c->death.fd < 0)
		ev_timer_start(loop, &c->reaper);
}

static void on_killer(struct ev_loop *loop, ev_timer *t, int events)
{
	struct child *c = t->data;

	(void)loop;
	(void)events;
	c->overdue = true;
	kill(c->pid, SIGKILL);
}

static const char *lacks;

const char *child_lacks(void)
{
	return lacks;
}

static void tell_no_pidfd(void)
{
	if (lacks)
		return;
	lacks = "no pidfd_open(2) here: a worker's death is seen by the end of its channel";
	log_info("%s", lacks);
}

static void watch(struct child *c, int pidfd)
{
	ev_io_init(&c->speech, on_speech, c->channel, EV_READ);
	ev_io_init(&c->death, on_death, pidfd, EV_READ);
	ev_timer_init(&c->killer, on_killer, 0., 0.);
	ev_timer_init(&c->reaper, on_reaper, REAP_EVERY, REAP_EVERY);
	c->speech.data = c->death.data = c->killer.data = c->reaper.data = c;
	ev_io_start(c->loop, &c->speech);
	if (pidfd >= 0)
		ev_io_start(c->loop, &c->death);
	else
		tell_no_pidfd();
}

int child_spawn(struct child *c, struct ev_loop *loop, int (*entry)(void *arg, int channel),
	void *arg)
{
	int ends[2], pidfd;

	if (channel_open(ends) < 0)
		return -1;
	fflush(NULL);            /* or the child would write it once more */
	c->pid = proc_fork(&pidfd);
	if (c->pid == 0) {
		close(ends[0]);
		exit(entry(arg, ends[1]));
	}
	close(ends[1]);
	if (c->pid < 0) {
		int error = errno;
		close(ends[0]);
		errno = error;
		return -1;
	}
	c->loop = loop;
	c->channel = ends[0];
	c->born = child_clock();
	watch(c, pidfd);
	return 0;
}

int child_adopt(struct child *c, struct ev_loop *loop, pid_t pid, int channel, double born)
{
	c->loop = loop;
	c->pid = pid;
	c->channel = channel;
	c->born = born;
	watch(c, pidfd_open(pid, 0));
	return 0;
}

int child_tell(struct child *c, enum message_type type, double seconds, int fd)
{
	struct message m = { .type = type, .seconds = seconds };
	return channel_send(c->channel, &m, fd);
}

void child_kill_after(struct child *c, double seconds)
{
	ev_timer_stop(c->loop, &c->killer);
	c->due = seconds < 0. ? 0. : child_clock() + seconds;
	if (seconds < 0.)
		return;
	ev_now_update(c->loop);
	ev_timer_set(&c->killer, seconds, 0.);
	ev_timer_start(c->loop, &c->killer);
}

double child_clock(void)
{
	return clock_seconds();
}

double child_age(const struct child *c)
{
	return child_clock() - c->born;
}
