/* SPDX-License-Identifier: MIT */
/*
 * events.c - what is done to the server while it is under load.
 *
 * in_hands is the most that an event could take with it, as the clients see
 * it: requests without an answer when it happens, and those sent until the
 * news of it could have come, one round trip later.  They are those of all
 * workers, because a client cannot know whose it is: one of n dead workers
 * had about an n-th of them.
 */
#include "rig/events.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "sys/proc.h"

#define LOOK 0.005               /* seconds between two looks at the children */

/* ---- words ---- */

static void put(char out[EVENTS_TEXT], size_t *at, const char *text, size_t len)
{
	if (len > EVENTS_TEXT - 1 - *at)
		len = EVENTS_TEXT - 1 - *at;
	memcpy(out + *at, text, len);
	*at += len;
	out[*at] = '\0';
}

static void fill_in(const struct events *e, const char *text, char out[EVENTS_TEXT])
{
	const struct { const char *word; int value; } words[] = {
		{ "{pid}", e->server->pid },
		{ "{worker}", e->victim }, { "{oldest}", e->victim },
		{ "{k}", (int)e->number }, { "{n}", (int)e->number + 1 },
	};
	size_t at = 0;

	out[0] = '\0';
	while (*text != '\0') {
		char number[16];
		size_t used = 0;
		for (size_t i = 0; i < sizeof(words) / sizeof(*words) && !used; i++) {
			size_t len = strlen(words[i].word);
			if (strncmp(text, words[i].word, len) != 0)
				continue;
			used = len;
			put(out, &at, number, (size_t)snprintf(number, sizeof(number), "%d",
				words[i].value));
		}
		if (!used) {
			put(out, &at, text, 1);
			used = 1;
		}
		text += used;
	}
}

/* ---- the end of one, and of all ---- */

static void end_all(struct events *e, const char *failure)
{
	if (e->state == EVENTS_OVER)
		return;
	e->failure = failure;
	events_stop(e);
	e->over(e->arg);
}

static void end_one(struct events *e)
{
	double took = ev_time() - e->begun;

	ev_timer_stop(e->loop, &e->late);
	ev_timer_stop(e->loop, &e->look);
	if (took > e->slowest)
		e->slowest = took;
	if (e->number == e->plan->count) {
		end_all(e, NULL);
		return;
	}
	e->state = EVENTS_RESTING;
	ev_timer_set(&e->next, took < e->plan->every ? e->plan->every - took : 0., 0.);
	ev_timer_start(e->loop, &e->next);
}

static bool has_respawned(const struct events *e)
{
	pid_t now[SERVER_CHILDREN];
	int count = server_children(e->server, now, SERVER_CHILDREN);

	for (int i = 0; i < count; i++)
		if (now[i] == e->victim)
			return false;
	return count >= e->children;
}

static void end_if_over(struct events *e)
{
	unsigned lines = e->plan->wait_lines ? e->plan->wait_lines : 1;

	if (e->state != EVENTS_AWAITING)
		return;
	if (e->plan->wait && e->lines < lines)
		return;
	if (!e->plan->respawn || has_respawned(e))
		end_one(e);
}

static void on_look(struct ev_loop *loop, ev_timer *t, int events)
{
	(void)loop;
	(void)events;
	end_if_over(t->data);
}

static void on_late(struct ev_loop *loop, ev_timer *t, int events)
{
	(void)loop;
	(void)events;
	end_all(t->data, "an event did not come to its end");
}

void events_heard(struct events *e, const char *line)
{
	if (e->state != EVENTS_RUNNING && e->state != EVENTS_AWAITING)
		return;
	if (!e->plan->wait || !strstr(line, e->wait))
		return;
	e->lines++;
	end_if_over(e);
}

/* ---- the beginning of one ---- */

static void on_command_death(struct ev_loop *loop, ev_io *io, int events)
{
	struct events *e = io->data;
	siginfo_t how;

	(void)events;
	if (proc_reap(e->command, &how) < 0)
		return;
	e->command = 0;
	ev_io_stop(loop, io);
	close(io->fd);
	if (how.si_code != CLD_EXITED || how.si_status != 0) {
		end_all(e, "an event's command failed");
		return;
	}
	e->state = EVENTS_AWAITING;
	if (e->plan->respawn)
		ev_timer_again(loop, &e->look);
	end_if_over(e);
}

static void choose_victim(struct events *e)
{
	pid_t now[SERVER_CHILDREN];
	int count = server_children(e->server, now, SERVER_CHILDREN);

	if (e->number == 1)
		e->children = count;
	if (count == 0)
		e->victim = 0;
	else if (strstr(e->plan->command, "{oldest}"))
		e->victim = now[0];      /* the kernel lists them by birth */
	else
		e->victim = now[rand() % count];
}

static void on_landed(struct ev_loop *loop, ev_timer *t, int events)
{
	struct events *e = t->data;

	(void)loop;
	(void)events;
	e->in_hands += soak_requests(e->soak) - e->requests;
}

static void run_command(struct events *e)
{
	char command[EVENTS_TEXT];
	int pidfd = -1;

	fill_in(e, e->plan->command, command);
	e->command = server_command(e->space, command, &pidfd);
	if (e->command < 0 || pidfd < 0) {
		end_all(e, "an event's command could not be started");
		return;
	}
	ev_io_set(&e->death, pidfd, EV_READ);
	ev_io_start(e->loop, &e->death);
}

static void on_next(struct ev_loop *loop, ev_timer *t, int events)
{
	struct events *e = t->data;

	(void)events;
	e->number++;
	e->lines = 0;
	e->begun = ev_time();
	e->state = EVENTS_RUNNING;
	choose_victim(e);
	if (e->plan->wait)
		fill_in(e, e->plan->wait, e->wait);
	e->in_hands += soak_pending(e->soak);
	e->requests = soak_requests(e->soak);
	ev_timer_set(&e->landed, e->plan->round_trip + SOAK_LATE, 0.);
	ev_timer_start(loop, &e->landed);
	ev_timer_set(&e->late, e->plan->patience, 0.);
	ev_timer_start(loop, &e->late);
	run_command(e);
}

/* ---- the whole ---- */

void events_start(struct events *e, struct ev_loop *loop, double first)
{
	e->loop = loop;
	ev_io_init(&e->death, on_command_death, -1, EV_READ);
	ev_timer_init(&e->next, on_next, first, 0.);
	ev_timer_init(&e->late, on_late, 0., 0.);
	ev_timer_init(&e->look, on_look, LOOK, LOOK);
	ev_timer_init(&e->landed, on_landed, 0., 0.);
	e->death.data = e->next.data = e->late.data = e->look.data = e->landed.data = e;
	if (e->plan->count > 0) {
		ev_timer_start(loop, &e->next);
		return;
	}
	e->state = EVENTS_OVER;
	e->over(e->arg);
}

void events_stop(struct events *e)
{
	e->state = EVENTS_OVER;
	if (!e->loop)
		return;
	ev_timer_stop(e->loop, &e->next);
	ev_timer_stop(e->loop, &e->late);
	ev_timer_stop(e->loop, &e->look);
	if (e->command <= 0)
		return;
	kill(e->command, SIGKILL);
	ev_io_stop(e->loop, &e->death);
	siginfo_t how;
	(void)waitid(P_PID, (id_t)e->command, &how, WEXITED);
	close(e->death.fd);
	e->command = 0;
}
