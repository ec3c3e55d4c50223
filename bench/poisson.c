/* SPDX-License-Identifier: MIT */
/*
 * poisson.c - how long short requests take while a few others block their worker.
 *
 * The engine of framework/soak with a Poisson schedule: every arrival is a connection of its own
 * with one request, GET /block for a share of them and GET / for the rest, and its time runs from
 * the moment that the schedule wanted it.  Says in one line on stdout, times in milliseconds and
 * of the short ones only:
 *
 *     answered 15873 p50 0.121 p90 0.302 p99 1.871 p999 9.043 max 14.7 blocking 161 lost 0 late 0
 *
 * and, when anything was lost, the whole table by kinds on stderr.  An answer that is not BODY,
 * "hello\n" if none is given, is lost.  Exit code 1: something was lost; 2: the load was not what
 * was asked for, so the figures say nothing about a server.
 */
#include <stdio.h>
#include <stdlib.h>

#include "soak/soak.h"

enum { SHORT, BLOCKING, TARGETS, EX_USAGE = 64, SHARES = 1000000 };

static double milliseconds(const struct soak_tally *t, double part)
{
	return latency_quantile(&t->latency, part) * 1e3;
}

static void print_result(const struct soak_report *r)
{
	const struct soak_tally *quick = &r->targets[SHORT];

	printf("answered %llu", (unsigned long long)quick->n[SOAK_ANSWERED]);
	printf(" p50 %.3f p90 %.3f", milliseconds(quick, .5), milliseconds(quick, .9));
	printf(" p99 %.3f p999 %.3f", milliseconds(quick, .99), milliseconds(quick, .999));
	printf(" max %.3f", milliseconds(quick, 1.));
	printf(" blocking %llu lost %llu late %llu\n",
		(unsigned long long)r->targets[BLOCKING].n[SOAK_ANSWERED],
		(unsigned long long)soak_lost(&r->all), (unsigned long long)r->late);
}

static int verdict(const struct soak_report *r)
{
	if (soak_lost(&r->all) == 0 && soak_is_sound(r))
		return EXIT_SUCCESS;
	soak_print(r, stderr);
	return soak_is_sound(r) ? EXIT_FAILURE : 2;
}

static double read_number(const char *text, double least, double most, const char *name)
{
	char *end = NULL;
	double number = strtod(text, &end);

	if (end == text || *end != '\0' || !(number >= least && number <= most)) {
		fprintf(stderr, "poisson: %s: %s is not a number from %g to %g\n", name, text,
			least, most);
		exit(EX_USAGE);
	}
	return number;
}

/* To the engine a share of 0 is one of 1: who never blocks has no such target. */
static void choose_targets(struct soak_plan *plan, double percent)
{
	plan->targets[BLOCKING] = plan->targets[SHORT];
	plan->targets[SHORT].name = "short";
	plan->targets[SHORT].path = "/";
	plan->targets[SHORT].share = (unsigned)(SHARES * (1. - percent / 100.));
	plan->targets[BLOCKING].name = "blocking";
	plan->targets[BLOCKING].path = "/block";
	plan->targets[BLOCKING].share = (unsigned)(SHARES * percent / 100.);
	plan->target_count = percent > 0. ? TARGETS : 1;
}

static void read_address(struct addr *to, const char *text)
{
	const char *why = "";

	if (addr_parse(text, to, 1, &why) == 1)
		return;
	fprintf(stderr, "poisson: %s: %s\n", text, why);
	exit(EX_USAGE);
}

int main(int argc, char **argv)
{
	static struct soak_report report;
	static struct soak_plan plan = {.poisson = true};

	if (argc != 6 && argc != 7) {
		fputs("usage: poisson HOST:PORT RATE SECONDS PERCENT-BLOCKING SEED [BODY]\n", stderr);
		return EX_USAGE;
	}
	read_address(&plan.targets[SHORT].to, argv[1]);
	plan.rate = read_number(argv[2], 1, 1e6, "RATE");
	plan.seconds = read_number(argv[3], 0.01, 86400, "SECONDS");
	plan.targets[SHORT].body = argc == 7 ? argv[6] : "hello\n";
	choose_targets(&plan, read_number(argv[4], 0, 99, "PERCENT-BLOCKING"));
	plan.seed = (unsigned)read_number(argv[5], 0, UINT32_MAX, "SEED");
	if (soak_run(&plan, &report) != 0) {
		perror("poisson");
		return 2;
	}
	print_result(&report);
	return verdict(&report);
}
