/* SPDX-License-Identifier: MIT */
/* status_asker.c - admin/status.c: who waits for the master, and for how long. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "admin/status.h"
#include "base/clock.h"
#include "sys/channel.h"

static struct ev_loop *loop;
static struct status_asker asker;
static int ends[2];              /* the asker's, the master's */

struct waiting {
	struct status_wish wish;
	unsigned           told, failed;
	bool               again;    /* wishes once more as soon as it is told */
	char               status[32], numbers[32];
};

static void on_told(struct status_wish *w, const struct status_told *text)
{
	struct waiting *waiting = (struct waiting *)w;

	waiting->told++;
	waiting->failed += text == NULL;
	if (text) {
		snprintf(waiting->status, 32, "%.*s", (int)text->status_len, text->status);
		snprintf(waiting->numbers, 32, "%.*s", (int)text->numbers_len, text->numbers);
	}
	if (waiting->again)
		status_want(&asker, w);
}

#define WAITING { .wish.told = on_told }

static void set_up(void)
{
	loop = ev_loop_new(EVBACKEND_EPOLL | EVFLAG_NOENV);
	cr_assert(loop && channel_open(ends) == 0);
	status_asker_init(&asker, loop, ends[0]);
}

static void tear_down(void)
{
	status_asker_fini(&asker);
	ev_loop_destroy(loop);
	close(ends[0]);
	close(ends[1]);
}

TestSuite(status_asker, .init = set_up, .fini = tear_down, .timeout = 60);

static unsigned questions(void)
{
	struct message m;
	unsigned count = 0;
	int fd;

	while (channel_receive(ends[1], &m, &fd) > 0)
		count += m.type == MESSAGE_STATUS;
	return count;
}

static void answer(const char *text)
{
	int fd = memfd_create("answer", MFD_CLOEXEC);

	cr_assert_eq(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	status_answered(&asker, fd);
}

Test(status_asker, all_that_wait_share_one_question_and_its_answer)
{
	struct waiting a = WAITING, b = WAITING;

	status_want(&asker, &a.wish);
	status_want(&asker, &b.wish);
	cr_assert_eq(questions(), 1);
	cr_assert_eq(a.told, 0);
	answer("{1}\n{2}\n");
	cr_assert_eq(a.told, 1);
	cr_assert_eq(b.told, 1);
	cr_assert_str_eq(b.status, "{1}");
	cr_assert_str_eq(b.numbers, "{2}\n");
	answer("{3}\n{4}\n");
	cr_assert_eq(a.told, 1);
}

Test(status_asker, who_wishes_again_waits_for_the_next)
{
	struct waiting a = WAITING;

	a.again = true;
	status_want(&asker, &a.wish);
	answer("{1}\n\n");
	cr_assert_eq(a.told, 1);
	cr_assert_eq(questions(), 2);
	answer("{2}\n\n");
	cr_assert_eq(a.told, 2);
	status_drop(&asker, &a.wish);
}

Test(status_asker, who_was_dropped_is_not_told)
{
	struct waiting a = WAITING, b = WAITING, c = WAITING;

	status_want(&asker, &a.wish);
	status_want(&asker, &b.wish);
	status_want(&asker, &c.wish);
	status_drop(&asker, &b.wish);
	status_drop(&asker, &b.wish);
	status_drop(&asker, &a.wish);
	answer("{1}\n\n");
	cr_assert_eq(a.told + b.told, 0);
	cr_assert_eq(c.told, 1);
}

/* And the next one asks again: the answer may have been lost. */
Test(status_asker, gives_up_when_the_master_is_silent)
{
	struct waiting a = WAITING;
	double begin = clock_seconds();

	ev_now_update(loop);     /* or its time began when the loop was made */
	status_want(&asker, &a.wish);
	ev_run(loop, 0);
	cr_assert_eq(a.failed, 1);
	cr_assert(clock_seconds() - begin > STATUS_PATIENCE * .9);
	cr_assert_eq(questions(), 1);
	a.failed = 0;
	status_want(&asker, &a.wish);
	cr_assert_eq(questions(), 1);
	answer("{1}\n\n");
	cr_assert_eq(a.failed, 0);
	cr_assert_eq(a.told, 2);
}

Test(status_asker, what_is_no_answer_is_none)
{
	struct waiting a = WAITING;

	status_want(&asker, &a.wish);
	status_answered(&asker, -1);
	answer("");
	answer("no end of line");
	cr_assert_eq(a.told, 0);
	status_drop(&asker, &a.wish);
}
