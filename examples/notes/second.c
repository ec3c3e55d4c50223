/* SPDX-License-Identifier: MIT */
/*
 * second.c - can two applications listen on one port?  Not unless both ask for it.
 *
 * A first process listens; a second one, really another process, tries the same, in every
 * way there is.  SO_REUSEPORT has to be set on both sockets before bind(),
 * and both must be of one user, or anybody could take a share of anybody's clients.
 * SO_REUSEADDR is about what is left of old connections (time_wait.c) and does not help here.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "note.h"

enum { PORT = 7181, NOBODY = 65534 };

/* What bind() says to another process: 0 or an errno. */
static int second_process(const char *address, int flags, uid_t uid)
{
	int status;
	pid_t pid = fork();

	note_must(pid >= 0, "fork");
	if (pid == 0) {
		if (uid != getuid() && setresuid(uid, uid, uid) < 0)
			_exit(EPERM);
		_exit(note_listen(address, PORT, flags) < 0 ? errno : 0);
	}
	note_must(waitpid(pid, &status, 0) == pid && WIFEXITED(status), "waitpid");
	return WEXITSTATUS(status);
}

static bool try(const char *what, int first, const char *address, int second, uid_t uid, int expected)
{
	int fd = note_listen("127.0.0.1", PORT, first);

	note_must(fd >= 0, "the first");
	int error = second_process(address, second, uid);
	close(fd);
	printf("%-44s %s\n", what, error ? strerror(error) : "yes");
	return error == expected;
}

int main(void)
{
	const char *here = "127.0.0.1";
	uid_t me = getuid();
	bool good = true;

	good &= try("neither sets anything", NOTE_BARE, here, NOTE_BARE, me, EADDRINUSE);
	good &= try("both set SO_REUSEADDR", 0, here, 0, me, EADDRINUSE);
	good &= try("only the first sets SO_REUSEPORT", NOTE_REUSEPORT, here, 0, me, EADDRINUSE);
	good &= try("only the second", 0, here, NOTE_REUSEPORT, me, EADDRINUSE);
	good &= try("both", NOTE_REUSEPORT, here, NOTE_REUSEPORT, me, 0);
	if (me == 0)
		good &= try("both, but the second is another user", NOTE_REUSEPORT, here, NOTE_REUSEPORT,
			NOBODY, EADDRINUSE);
	good &= try("neither, but the second on another address", 0, "127.0.0.2", 0, me, 0);
	good &= try("neither, but the second on every address", 0, "0.0.0.0", 0, me, EADDRINUSE);
	return good ? 0 : 1;
}
