/* SPDX-License-Identifier: MIT */
/* local.c - sys/local.c: unix sockets that listen. */
#include "sys/local.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char dir[] = "/tmp/portico-local-XXXXXX", path[64];

static void set_up(void)
{
	cr_assert_not_null(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/s", dir);
}

static void tear_down(void)
{
	unlink(path);
	rmdir(dir);
}

TestSuite(local, .init = set_up, .fini = tear_down);

Test(local, has_the_mode_that_was_asked_for_whatever_the_umask)
{
	struct stat file;

	umask(0);
	int fd = local_listen_at(path, 0660, 1);
	cr_assert_geq(fd, 0);
	cr_assert_eq(stat(path, &file), 0);
	cr_assert_eq(file.st_mode & 0777, 0660);
	cr_assert_eq(umask(022), 0);
	close(fd);
}

Test(local, what_a_crash_left_is_taken_over)
{
	close(local_listen_at(path, 0600, 1));
	int fd = local_listen_at(path, 0600, 1);
	cr_assert_geq(fd, 0);
	close(fd);
}

Test(local, who_listens_there_goes_on)
{
	int fd = local_listen_at(path, 0600, 1);

	cr_assert_eq(local_listen_at(path, 0600, 1), -1);
	cr_assert_eq(errno, EADDRINUSE);
	close(fd);
}

Test(local, nobody_waits_for_one_whose_queue_is_full, .timeout = 10)
{
	struct sockaddr_un name = { .sun_family = AF_UNIX };
	int fd = local_listen_at(path, 0600, 0), clients[8];

	strcpy(name.sun_path, path);
	for (int i = 0; i < 8; i++) {
		clients[i] = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
		(void)connect(clients[i], (struct sockaddr *)&name, sizeof(name));
	}
	cr_assert_eq(local_listen_at(path, 0600, 1), -1);
	cr_assert_eq(errno, EADDRINUSE);
	for (int i = 0; i < 8; i++)
		close(clients[i]);
	close(fd);
}

Test(local, a_file_that_is_no_socket_stays)
{
	close(open(path, O_CREAT | O_WRONLY, 0600));
	cr_assert_eq(local_listen_at(path, 0600, 1), -1);
	cr_assert_eq(errno, EADDRINUSE);
	cr_assert_eq(access(path, F_OK), 0);
}

Test(local, a_path_that_is_too_long_is_refused)
{
	char longer[LOCAL_PATH + 2];

	memset(longer, 'x', sizeof(longer) - 1);
	longer[sizeof(longer) - 1] = '\0';
	cr_assert_eq(local_listen_at(longer, 0600, 1), -1);
	cr_assert_eq(errno, ENAMETOOLONG);
}
