/* SPDX-License-Identifier: MIT */
/*
 * main.c - load: closed-loop loads that wrk does not have.
 *
 * Says at the end, and nothing else on stdout:
 *
 *     requests 123456 seconds 2.000 errors 0
 */
#include "load.h"

#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "bare/bare.h"

enum { MOST_BYTES = 1400, MOST_WS_BYTES = 125, MOST_PEERS = 1 << 20, MOST_DEPTH = 64 };

#define USAGE                                                                                      \
	"[-c CONNECTIONS] [-p DEPTH] [-g] [-t SECONDS | -n REQUESTS | -o] [-k] [-s full|resumed] "      \
	"[-w]\n"                                                                                   \
	"            ADDR PORT http FILE | echo BYTES | ws BYTES | udp BYTES\n"                    \
	"  -p  requests that are sent together\n"                                                  \
	"  -g  udp: by one send in segments (UDP_SEGMENT), the next when all are answered\n"       \
	"  -o  each connection asks once, then all are held until standard input ends\n"           \
	"  -k  a connection for each batch, which the server ends\n"                               \
	"  -s  TLS, with a full handshake or, from a peer's second connection on, a resumed one\n" \
	"  -w  says ready before the first request, and waits for a line"

double load_now(void)
{
	struct timespec time;
	clock_gettime(CLOCK_MONOTONIC, &time);
	return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

void load_wait(const struct load_plan *plan)
{
	if (!plan->wait)
		return;
	puts("ready");
	fflush(stdout);
	for (int byte; (byte = getchar()) != '\n' && byte != EOF;)
		;
}

static double number(const char *text, double least, double most)
{
	char *end = NULL;
	double value = strtod(text, &end);
	if (end == text || *end != '\0' || !(value >= least && value <= most)) {
		fprintf(stderr, "load: %s is not a number from %g to %g\n", text, least, most);
		bare_usage(USAGE);
	}
	return value;
}

static enum load_tls read_tls(const char *text)
{
	if (strcmp(text, "full") == 0)
		return LOAD_FULL;
	if (strcmp(text, "resumed") == 0)
		return LOAD_RESUMED;
	bare_usage(USAGE);
}

static enum load_kind read_kind(const char *text)
{
	static const char *const names[] = {"http", "echo", "ws", "udp"};
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (strcmp(text, names[i]) == 0)
			return (enum load_kind)i;
	bare_usage(USAGE);
}

static void read_options(struct load_plan *plan, int argc, char **argv)
{
	int option;

	while ((option = getopt(argc, argv, "c:p:gt:n:oks:w")) != -1) {
		switch (option) {
		case 'c':
			plan->count = (size_t)number(optarg, 1, MOST_PEERS);
			break;
		case 'p':
			plan->depth = (unsigned)number(optarg, 1, MOST_DEPTH);
			break;
		case 'g':
			plan->burst = true;
			break;
		case 't':
			plan->seconds = number(optarg, 0.01, 86400);
			break;
		case 'n':
			plan->requests = (uint64_t)number(optarg, 1, 1e12);
			break;
		case 'o':
			plan->once = true;
			break;
		case 'k':
			plan->close = true;
			break;
		case 's':
			plan->tls = read_tls(optarg);
			break;
		case 'w':
			plan->wait = true;
			break;
		default:
			bare_usage(USAGE);
		}
	}
	if (argc - optind != 4)
		bare_usage(USAGE);
}

static void read_message(const struct load_plan *plan, struct message *m, const char *argument)
{
	if (plan->kind == LOAD_HTTP)
		message_init_http(m, plan, argument);
	else
		message_init_bytes(m, plan,
			(size_t)number(
				argument, 1, plan->kind == LOAD_WS ? MOST_WS_BYTES : MOST_BYTES));
}

int main(int argc, char **argv)
{
	struct load_plan plan = {.count = 64, .depth = 1, .seconds = 1};
	struct message message = {0};
	struct load_result result = {0};

	read_options(&plan, argc, argv);
	argv += optind;
	plan.kind = read_kind(argv[2]);
	int socktype = plan.kind == LOAD_UDP ? SOCK_DGRAM : SOCK_STREAM;
	struct addrinfo *where = bare_resolve(argv[0], argv[1], socktype);
	plan.where = where;
	signal(SIGPIPE, SIG_IGN);
	read_message(&plan, &message, argv[3]);
	if (plan.kind == LOAD_UDP)
		load_udp(&plan, &message, &result);
	else
		load_stream(&plan, &message, &result);
	printf("requests %" PRIu64 " seconds %.3f errors %" PRIu64 "\n", result.requests,
		result.seconds, result.errors);
	free(message.out);
	free(message.answer);
	freeaddrinfo(where);
	return EXIT_SUCCESS;
}
