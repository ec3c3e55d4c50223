/* SPDX-License-Identifier: MIT */
/*
 * server.c - the server under test: a command, what it says, its children.
 */
#include "rig/server.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "sys/proc.h"

enum { STOP_TIME = 10000 };      /* milliseconds */

/* ---- what it says ---- */

static void end_line(struct server *s)
{
	s->line[s->line_len] = '\0';
	s->line_len = 0;
	fprintf(s->log, "%s\n", s->line);
	if (s->heard)
		s->heard(s->arg, s->line);
}

static void on_said(struct ev_loop *loop, ev_io *io, int events)
{
	struct server *s = io->data;
	char block[4096];
	ssize_t n;

	(void)events;
	while ((n = read(io->fd, block, sizeof(block))) > 0) {
		for (ssize_t i = 0; i < n; i++) {
			if (block[i] == '\n' || s->line_len == sizeof(s->line) - 1)
				end_line(s);
			if (block[i] != '\n')
				s->line[s->line_len++] = block[i];
		}
	}
	if (n == 0)
		ev_io_stop(loop, io);
}

static void on_death(struct ev_loop *loop, ev_io *io, int events)
{
	struct server *s = io->data;
	siginfo_t how;

	(void)events;
	if (proc_reap(s->pid, &how) < 0)
		return;
	ev_io_stop(loop, io);
	close(io->fd);
	s->pid = 0;
	if (s->died)
		s->died(s->arg);
}

/* ---- birth ---- */

static void become_command(const struct space *space, const char *command, int out)
{
	sigset_t none;

	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	signal(SIGPIPE, SIG_DFL);
	if (out >= 0) {
		setpgid(0, 0);
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		dup2(out, STDOUT_FILENO);
		dup2(out, STDERR_FILENO);
	}
	if (space_enter_server(space) == 0)
		execl("/bin/sh", "sh", "-c", command, (char *)NULL);
	_exit(127);
}

pid_t server_command(const struct space *space, const char *command, int *pidfd)
{
	pid_t pid = proc_fork(pidfd);

	if (pid == 0)
		become_command(space, command, -1);
	return pid;
}

int server_start(struct server *s, const struct space *space, const char *command,
	const char *log)
{
	int out[2], pidfd;

	s->log = fopen(log, "we");
	if (!s->log || pipe2(out, O_CLOEXEC) < 0)
		return -1;
	(void)fcntl(out[0], F_SETFL, O_NONBLOCK);
	s->pid = proc_fork(&pidfd);
	if (s->pid == 0)
		become_command(space, command, out[1]);
	close(out[1]);
	if (s->pid < 0 || pidfd < 0)
		return -1;
	ev_io_init(&s->said, on_said, out[0], EV_READ);
	ev_io_init(&s->death, on_death, pidfd, EV_READ);
	s->said.data = s->death.data = s;
	ev_io_start(s->loop, &s->said);
	ev_io_start(s->loop, &s->death);
	return 0;
}

/* ---- children ---- */

int server_children(const struct server *s, pid_t *children, int max)
{
	char path[64];
	int count = 0;

	snprintf(path, sizeof(path), "/proc/%d/task/%d/children", (int)s->pid, (int)s->pid);
	FILE *f = fopen(path, "re");
	if (!f)
		return 0;
	while (count < max && fscanf(f, "%d", &children[count]) == 1)
		count++;
	fclose(f);
	return count;
}

/* ---- the end ---- */

static void await_death(struct server *s)
{
	struct pollfd p = { .fd = s->death.fd, .events = POLLIN };

	(void)poll(&p, 1, STOP_TIME);
	on_death(s->loop, &s->death, 0);
}

void server_stop(struct server *s)
{
	pid_t group = s->pid;

	s->died = NULL;
	s->heard = NULL;
	if (s->pid > 0) {
		kill(s->pid, SIGTERM);
		await_death(s);
	}
	if (group > 0)
		kill(-group, SIGKILL);
	if (s->pid > 0)
		await_death(s);
	if (s->said.fd > 0 && s->log) {
		on_said(s->loop, &s->said, 0);
		ev_io_stop(s->loop, &s->said);
		close(s->said.fd);
	}
	if (s->log)
		fclose(s->log);
	s->log = NULL;
}
