/* SPDX-License-Identifier: MIT */
/*
 * naive.c - what most programs do: a server to prove that the rig can fail.
 *
 *	naive PORT WORKERS close|empty
 *
 * Each worker binds a SO_REUSEPORT listener of its own and takes it with it.
 * HUP: new workers listen, then the old ones are told to go.  close: they
 * close their listener at once; empty: they accept until EAGAIN, then close.
 * What they have accepted they answer either way.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

enum { WORKERS = 64, EVENTS = 64 };

static const char answer[] =
	"HTTP/1.1 200 OK\r\nContent-Length: 6\r\nConnection: close\r\n\r\nnaive\n";

static int  port;
static int  workers;
static bool empties;

/* ---- a worker ---- */

struct worker {
	int      epoll;
	int      listener;
	int      signals;
	unsigned open;
};

static int listen_here(void)
{
	const int yes = 1;
	struct sockaddr_in here = { .sin_family = AF_INET, .sin_port = htons((uint16_t)port) };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &yes, sizeof(yes)) < 0 ||
	    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes)) < 0 ||
	    bind(fd, (struct sockaddr *)&here, sizeof(here)) < 0 || listen(fd, 4096) < 0)
		return -1;
	return fd;
}

static void watch(struct worker *w, int fd)
{
	struct epoll_event e = { .events = EPOLLIN, .data.fd = fd };

	(void)epoll_ctl(w->epoll, EPOLL_CTL_ADD, fd, &e);
}

static void accept_all(struct worker *w)
{
	int fd;

	while ((fd = accept4(w->listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0) {
		watch(w, fd);
		w->open++;
	}
}

static void serve(struct worker *w, int fd)
{
	char request[4096];
	ssize_t n = recv(fd, request, sizeof(request), 0);

	if (n > 0)
		(void)!send(fd, answer, sizeof(answer) - 1, MSG_NOSIGNAL);
	close(fd);
	w->open--;
}

static void retire(struct worker *w)
{
	if (empties)
		accept_all(w);
	(void)epoll_ctl(w->epoll, EPOLL_CTL_DEL, w->signals, NULL);
	close(w->listener);
	w->listener = -1;
}

static void turn(struct worker *w)
{
	struct epoll_event events[EVENTS];
	int count = epoll_wait(w->epoll, events, EVENTS, -1);

	for (int i = 0; i < count; i++) {
		int fd = events[i].data.fd;
		if (fd == w->signals) {
			retire(w);
			return;          /* what is left may be of the listener */
		}
		if (fd == w->listener)
			accept_all(w);
		else
			serve(w, fd);
	}
}

static void live(int ready, const sigset_t *signals)
{
	struct worker w = { .epoll = epoll_create1(EPOLL_CLOEXEC), .listener = listen_here() };

	w.signals = signalfd(-1, signals, SFD_NONBLOCK | SFD_CLOEXEC);
	if (w.epoll < 0 || w.listener < 0 || w.signals < 0)
		_exit(1);
	watch(&w, w.listener);
	watch(&w, w.signals);
	(void)!write(ready, "", 1);
	close(ready);
	while (w.listener >= 0 || w.open > 0)
		turn(&w);
	_exit(0);
}

/* ---- the master ---- */

/* Returns when all of them listen. */
static int start_all(pid_t *pids, const sigset_t *signals)
{
	int ready[2];
	char byte;

	if (pipe(ready) < 0)
		return -1;
	for (int i = 0; i < workers; i++) {
		pids[i] = fork();
		if (pids[i] < 0)
			return -1;
		if (pids[i] == 0) {
			prctl(PR_SET_PDEATHSIG, SIGKILL);
			close(ready[0]);
			live(ready[1], signals);
		}
	}
	close(ready[1]);
	int count = 0;
	while (read(ready[0], &byte, 1) == 1)
		count++;
	close(ready[0]);
	return count == workers ? 0 : -1;
}

int main(int argc, char **argv)
{
	pid_t pids[WORKERS], old[WORKERS];
	sigset_t signals;
	int number = 0;

	port = argc == 4 ? atoi(argv[1]) : 0;
	workers = argc == 4 ? atoi(argv[2]) : 0;
	if (port < 1 || port > 65535 || workers < 1 || workers > WORKERS) {
		fprintf(stderr, "usage: naive PORT WORKERS close|empty\n");
		return 64;
	}
	empties = strcmp(argv[3], "empty") == 0;
	sigemptyset(&signals);
	sigaddset(&signals, SIGHUP);
	sigaddset(&signals, SIGTERM);
	sigprocmask(SIG_BLOCK, &signals, NULL);
	for (int told = SIGHUP; told == SIGHUP; sigwait(&signals, &told)) {
		memcpy(old, pids, sizeof(old));
		if (start_all(pids, &signals) < 0)
			return 1;
		fprintf(stderr, "generation %d serves\n", number + 1);
		for (int i = 0; number > 0 && i < workers; i++)
			kill(old[i], SIGHUP);
		while (waitpid(-1, NULL, WNOHANG) > 0)
			;
		number++;
	}
	return 0;
}
