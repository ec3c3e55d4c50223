/* SPDX-License-Identifier: MIT */
#include "sys/holder.h"

#include <criterion/criterion.h>
#include <ctype.h>
#include <fcntl.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "child.h"

enum { MAX = 16 };

struct found {
	struct holder holders[MAX];
	size_t        count;
	int           hidden;
};

static void note(void *arg, const struct holder *h)
{
	struct found *f = arg;

	if (f->count < MAX)
		f->holders[f->count++] = *h;
}

static struct found find(const unsigned long *inodes, size_t count)
{
	struct found f = { .count = 0 };

	f.hidden = holders_find(inodes, count, note, &f);
	cr_assert_geq(f.hidden, 0);
	return f;
}

static const struct holder *of(const struct found *f, unsigned long inode, pid_t pid)
{
	for (size_t i = 0; i < f->count; i++)
		if (f->holders[i].inode == inode && f->holders[i].pid == pid)
			return &f->holders[i];
	return NULL;
}

static int make_socket(unsigned long *inode)
{
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct stat st;

	cr_assert_eq(fstat(fd, &st), 0);
	*inode = st.st_ino;
	return fd;
}

Test(holder, tells_who_has_a_socket_and_since_when)
{
	unsigned long inode;

	prctl(PR_SET_NAME, "the holder");
	int fd = make_socket(&inode);
	struct found f = find(&inode, 1);
	cr_assert_eq(f.count, 1);
	cr_assert_eq(f.holders[0].pid, getpid());
	cr_assert_eq(f.holders[0].fd, fd);
	cr_assert_eq(f.holders[0].uid, geteuid());
	cr_assert_str_eq(f.holders[0].program, "the holder");
	cr_assert_neq(*f.holders[0].command, '\0');
	cr_assert_lt(labs((long)(time(NULL) - f.holders[0].since)), 300);
}

Test(holder, tells_all_who_share_a_socket_and_the_lowest_descriptor)
{
	unsigned long inode;
	int fd = make_socket(&inode);

	cr_assert_gt(fcntl(fd, F_DUPFD_CLOEXEC, 100), fd);
	pid_t child = child_start("child");
	struct found f = find(&inode, 1);
	cr_assert_eq(f.count, 2);
	cr_assert_eq(of(&f, inode, getpid())->fd, fd);
	cr_assert_eq(of(&f, inode, child)->fd, fd);
	child_end(child);
	f = find(&inode, 1);
	cr_assert_eq(f.count, 1);
}

Test(holder, tells_who_inherited_a_socket_that_its_maker_closed)
{
	unsigned long inode;
	int fd = make_socket(&inode);
	pid_t child = child_start("child");

	close(fd);
	struct found f = find(&inode, 1);
	cr_assert_eq(f.count, 1);
	cr_assert_eq(f.holders[0].pid, child);
	child_end(child);
	cr_assert_eq(find(&inode, 1).count, 0);
}

Test(holder, tells_many_sockets_in_one_walk)
{
	unsigned long inodes[3];

	for (size_t i = 0; i < 3; i++)
		make_socket(&inodes[i]);
	struct found f = find(inodes, 3);
	cr_assert_eq(f.count, 3);
	for (size_t i = 0; i < 3; i++)
		cr_assert_not_null(of(&f, inodes[i], getpid()));
	cr_assert_eq(find(inodes, 0).count, 0);
}

Test(holder, a_name_can_be_anything_and_is_printable)
{
	unsigned long inode;

	prctl(PR_SET_NAME, "a) R 1 \033[2J");
	make_socket(&inode);
	struct found f = find(&inode, 1);
	cr_assert_eq(f.count, 1);
	cr_assert_str_eq(f.holders[0].program, "a) R 1 ?[2J");
	cr_assert_lt(labs((long)(time(NULL) - f.holders[0].since)), 300);
	for (const char *c = f.holders[0].command; *c; c++)
		cr_assert(isprint((unsigned char)*c));
}

Test(holder, tells_the_flags_of_a_socket_of_another_process)
{
	unsigned long inode;
	int fd = make_socket(&inode), on = 1;
	pid_t child = child_start("child");

	close(fd);
	struct found f = find(&inode, 1);
	cr_assert_eq(f.count, 1);
	cr_assert_eq(holder_option(&f.holders[0], SOL_SOCKET, SO_REUSEPORT), 0);
	child_end(child);

	fd = make_socket(&inode);
	setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof(on));
	child = child_start("child");
	close(fd);
	f = find(&inode, 1);
	cr_assert_eq(f.count, 1);
	cr_assert_eq(holder_option(&f.holders[0], SOL_SOCKET, SO_REUSEPORT), 1);
	child_end(child);
	cr_assert_eq(holder_option(&f.holders[0], SOL_SOCKET, SO_REUSEPORT), -1, "it has ended");
}

/* Its number has been given to another socket meanwhile. */
Test(holder, does_not_tell_the_flags_of_another_socket)
{
	unsigned long inode, other;
	int fd = make_socket(&inode);
	struct found f = find(&inode, 1);

	close(fd);
	cr_assert_eq(make_socket(&other), fd);
	cr_assert_eq(holder_option(&f.holders[0], SOL_SOCKET, SO_REUSEPORT), -1);
}

/* Who may look is decided by the effective user.  The real one stays: a child of root does not get
 * the signal that its parent has died from anybody else. */
static void become_another_user(void)
{
	cr_assert_eq(setresuid(0, 65534, 0), 0);
}

Test(holder, what_may_not_be_seen_is_no_error)
{
	unsigned long inode;
	int fd = make_socket(&inode);
	pid_t child = child_start("child");

	close(fd);
	become_another_user();
	struct found f = find(&inode, 1);
	cr_assert_eq(f.count, 0, "the child is root's");
	cr_assert_gt(f.hidden, 0);
	cr_assert_eq(seteuid(0), 0);
	child_end(child);
}
