/* SPDX-License-Identifier: MIT */
#include "soak/soak.h"

#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static pid_t server;
static struct addr where;

/* One after another; ended by its parent. */
static void serve(int listener)
{
	static const char answer[] = "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n"
				     "Connection: close\r\n\r\nhello\n";
	char request[1024];

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	for (;;) {
		int fd = accept(listener, NULL, NULL);
		if (fd < 0)
			_exit(1);
		if (recv(fd, request, sizeof(request), 0) > 0)
			(void)!write(fd, answer, sizeof(answer) - 1);
		close(fd);
	}
}

static void start_server(void)
{
	socklen_t len = sizeof(where.in);
	int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	where.in.sin_family = AF_INET;
	where.in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	cr_assert_eq(bind(listener, &where.sa, len), 0);
	cr_assert_eq(listen(listener, 4096), 0);
	cr_assert_eq(getsockname(listener, &where.sa, &len), 0);
	server = fork();
	if (server == 0)
		serve(listener);
	close(listener);
}

static void end_server(void)
{
	kill(server, SIGKILL);
	waitpid(server, NULL, 0);
}

TestSuite(soak, .init = start_server, .fini = end_server, .timeout = 60);

static struct soak_plan a_plan(double rate, uint64_t total)
{
	return (struct soak_plan){
		.targets = {{.to = where, .share = 9}, {.to = where, .share = 1}},
		.target_count = 2,
		.rate = rate,
		.total = total,
		.timeout = 20.,
	};
}

static struct soak_report run(const struct soak_plan *plan)
{
	struct soak_report report = {0};

	cr_assert_eq(soak_run(plan, &report), 0);
	cr_assert_eq(report.all.n[SOAK_ANSWERED], plan->total, "%llu of %llu answered",
		(unsigned long long)report.all.n[SOAK_ANSWERED], (unsigned long long)plan->total);
	return report;
}

Test(soak, an_even_schedule_mixes_targets_exactly)
{
	struct soak_plan plan = a_plan(5000, 1000);
	struct soak_report report = run(&plan);

	cr_assert_eq(report.targets[1].n[SOAK_STARTED], 100);
}

Test(soak, a_poisson_schedule_draws_targets_by_their_share)
{
	struct soak_plan plan = a_plan(5000, 1000);
	bool differs = false;

	plan.poisson = true;
	for (plan.seed = 1; plan.seed <= 4; plan.seed++) {
		struct soak_report report = run(&plan);
		uint64_t second = report.targets[1].n[SOAK_STARTED];
		cr_assert(second > 50 && second < 150, "%llu of 1000, not about 100",
			(unsigned long long)second);
		differs |= second != 100;
	}
	cr_assert(differs, "drawn, and yet exact each time");
}

Test(soak, a_seed_is_a_schedule)
{
	struct soak_plan plan = a_plan(1000, 200);
	plan.poisson = true;
	plan.seed = 7;

	struct soak_report first = run(&plan), again = run(&plan);
	plan.seed = 8;
	struct soak_report other = run(&plan);
	cr_assert_eq(first.targets[1].n[SOAK_STARTED], again.targets[1].n[SOAK_STARTED]);
	cr_assert_neq(first.targets[1].n[SOAK_STARTED], other.targets[1].n[SOAK_STARTED]);
}

/* The generator's loop stands still for a time: that is the case, nothing is waited for. */
static void stall(struct ev_loop *loop, ev_timer *t, int events)
{
	const struct timespec length = {.tv_nsec = 200 * 1000 * 1000};

	(void)loop;
	(void)t;
	(void)events;
	nanosleep(&length, NULL);
}

/* 200 of the 400 starts fall into a stall of the generator and wait 100 ms on average.  Measured
 * from connect() they would look as quick as the others. */
Test(soak, what_starts_late_has_waited)
{
	struct soak_plan plan = a_plan(1000, 400);
	struct soak_report report;
	struct ev_loop *loop = ev_loop_new(EVBACKEND_EPOLL | EVFLAG_NOENV);
	struct soak *soak = soak_create(loop, &plan, NULL, NULL);
	ev_timer timer;

	ev_timer_init(&timer, stall, .05, 0.);
	ev_timer_start(loop, &timer);
	soak_start(soak);
	ev_run(loop, 0);
	soak_get_report(soak, &report);
	soak_destroy(soak);
	ev_loop_destroy(loop);
	double slow = latency_quantile(&report.all.latency, .75);
	cr_assert(slow > .05, "three in four within %.1f ms", slow * 1e3);
	cr_assert(report.late > 100);
}
