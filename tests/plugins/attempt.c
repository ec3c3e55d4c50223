/* SPDX-License-Identifier: MIT */
/* attempt.c - what somebody would do who has taken over a handler: /WHAT?ARGUMENT is tried, and the
 * answer is OK, or the errno's name. */
#define _GNU_SOURCE              /* prlimit(), strerrorname_np() */
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <portico.h>
#include <signal.h>
#include <spawn.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

struct attempt {
	const char *root;        /* which Landlock lets it read */
};

static int opened(int fd)
{
	return fd < 0 ? -1 : close(fd);
}

static int try_read(const char *path)
{
	return opened(open(path, O_RDONLY | O_CLOEXEC));
}

static int try_write(const char *path)
{
	return opened(open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0666));
}

static int bind_to(int type, const char *port)
{
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons((in_port_t)atoi(port)) };
	int fd = socket(AF_INET, type | SOCK_CLOEXEC, 0), one = 1;

	setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &one, sizeof(one));
	int result = bind(fd, (struct sockaddr *)&to, sizeof(to)), error = errno;
	close(fd);
	errno = error;
	return result;
}

static int try_tcp(const char *port)
{
	return bind_to(SOCK_STREAM, port);
}

static int try_udp(const char *port)
{
	return bind_to(SOCK_DGRAM, port);
}

static int connect_to(const char *name)
{
	struct sockaddr_un to = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	snprintf(to.sun_path + 1, sizeof(to.sun_path) - 1, "%s", name);
	if (connect(fd, (struct sockaddr *)&to,
		(socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + strlen(name))) == 0)
		return fd;
	int error = errno;
	close(fd);
	errno = error;
	return -1;
}

static int try_connect(const char *name)
{
	return opened(connect_to(name));
}

/* Says what portico stop says. */
static int try_stop(const char *name)
{
	static const char wish[] = "{\"do\":\"stop\"}\n";
	char answer[512] = "";
	int fd = connect_to(name);

	if (fd < 0)
		return -1;
	if (send(fd, wish, sizeof(wish) - 1, MSG_NOSIGNAL) < 0 || recv(fd, answer, sizeof(answer) - 1, 0) < 0)
		answer[0] = '\0';
	close(fd);
	errno = EACCES;
	return strstr(answer, "\"good\":true") ? 0 : -1;
}

static int try_signal(const char *pid)
{
	return kill(atoi(pid), SIGURG);      /* SIGCONT goes to all of a session */
}

static int try_trace(const char *pid)
{
	return (int)ptrace(PTRACE_SEIZE, (pid_t)atoi(pid), NULL, NULL);
}

static int try_limit(const char *pid)
{
	return prlimit(atoi(pid), RLIMIT_CPU, &(struct rlimit){ 1000000, 1000000 }, NULL);
}

static int try_root(const char *nothing)
{
	(void)nothing;
	return setuid(0);
}

static int try_capability(const char *nothing)
{
	(void)nothing;
	return sethostname("x", 1);
}

static int try_chroot(const char *path)
{
	return chroot(path);
}

static int try_run(const char *program)
{
	char *argv[] = { (char *)(uintptr_t)program, NULL }, *environment[] = { NULL };
	pid_t pid;
	int status;

	int error = posix_spawn(&pid, program, NULL, NULL, argv, environment);
	if (error == 0 && waitpid(pid, &status, 0) == pid && status == 0)
		return 0;
	errno = error ? error : ECHILD;
	return -1;
}

/* A name, as usual handlers look one up: with files, and a netlink socket that is bound. */
static int try_resolve(const char *name)
{
	const struct addrinfo hints = { .ai_flags = AI_ADDRCONFIG, .ai_socktype = SOCK_STREAM };
	struct addrinfo *found;

	if (getaddrinfo(name, "http", &hints, &found) != 0) {
		errno = ENOENT;
		return -1;
	}
	freeaddrinfo(found);
	return 0;
}

/* The mask that a file gets. */
static int try_umask(const char *path)
{
	struct stat st;

	int result = try_write(path) < 0 ? -1 : stat(path, &st);
	errno = result == 0 && (st.st_mode & 0777) != 0600 ? EINVAL : errno;
	return result == 0 && (st.st_mode & 0777) == 0600 ? 0 : -1;
}

static const struct {
	const char *name;
	int       (*go)(const char *argument);
} attempts[] = {
	{ "/read", try_read }, { "/write", try_write }, { "/tcp", try_tcp }, { "/udp", try_udp },
	{ "/connect", try_connect }, { "/stop", try_stop }, { "/signal", try_signal }, { "/trace", try_trace },
	{ "/limit", try_limit }, { "/root", try_root },
	{ "/capability", try_capability }, { "/chroot", try_chroot }, { "/run", try_run },
	{ "/umask", try_umask }, { "/resolve", try_resolve },
};

static int request(struct portico_request *req)
{
	const char *path = portico_request_path(req), *argument = portico_request_query(req);

	for (size_t i = 0; i < sizeof(attempts) / sizeof(*attempts); i++)
		if (strcmp(attempts[i].name, path) == 0)
			return portico_reply_text(req, 200, attempts[i].go(argument ? argument : "") == 0
				? "OK" : strerrorname_np(errno));
	return portico_reply_text(req, 404, "?");
}

static const struct portico_option options[] = {
	PORTICO_OPTION(STRING, struct attempt, root, "", "what may be read"),
	{ 0 },
};

PORTICO_PLUGIN(.name = "attempt", .options = options, .service_size = sizeof(struct attempt),
	.http_request = request)
