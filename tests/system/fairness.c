/* SPDX-License-Identifier: MIT */
/* fairness.c - clients that are sent a lot do not keep others from a short answer. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "client.h"
#include "harness.h"
#include "server.h"

SYSTEM_SUITE(fairness);

enum { CROWD = 400, SHORT = 20 };

/* The longest that one of the short ones waits. */
static double worst_wait(int fd)
{
	struct response r;
	double worst = 0.;

	for (int i = 0; i < SHORT; i++) {
		double begin = seconds_now();

		client_get(fd, "/", &r);
		cr_assert_str_eq(r.body, "short\n");
		double took = seconds_now() - begin;
		worst = took > worst ? took : worst;
	}
	return worst;
}

/* A refill takes 200 us: all of the crowd, each 16 times in a row, 1.3 s. */
Test(fairness, a_short_answer_does_not_wait_for_a_crowd_of_long_ones)
{
	static int crowd[CROWD];
	char begin[600];         /* more than a head */
	struct server *s = server_start("[portico]\nworkers = 1\n"
		"[service web]\nprotocol = http\nlisten = 127.0.0.1:8080\n"
		"[handler web]\nplugin = ${T}/gush.so\n");
	int fd = client_connect(8080);

	for (int i = 0; i < CROWD; i++)
		crowd[i] = client_connect(8080);
	worst_wait(fd);
	for (int i = 0; i < CROWD; i++)
		client_says(crowd[i], "GET /endless HTTP/1.1\r\nHost: test\r\n\r\n");
	double worst = worst_wait(fd);
	fprintf(stderr, "fairness: among %d long answers a short one waits up to %.1f ms\n", CROWD,
		worst * 1e3);
	cr_assert_lt(worst, .5);
	for (int i = 0; i < CROWD; i++) {
		client_read(crowd[i], begin, sizeof(begin));    /* each had its turn */
		close(crowd[i]);
	}
	close(fd);
	server_stop(s);
}
