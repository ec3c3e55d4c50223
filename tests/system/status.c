/* SPDX-License-Identifier: MIT */
/* status.c - the plain text of portico status. */
#include <stdio.h>
#include <string.h>

#include "fake.h"
#include "harness.h"
#include "operate.h"

SYSTEM_SUITE(status);

/* Of a static buffer of as much as there is. */
static const char *told(void)
{
	static struct outcome o;

	verb_succeeds(&o, "status", NULL);
	return o.out;
}

static void tells(const char *text, const char *line)
{
	cr_assert_not_null(strstr(text, line), "%s is not in\n%s", line, text);
}

static size_t columns_of(const char *line, size_t len)
{
	size_t columns = 0;

	for (size_t i = 0; i < len; i++)
		columns += ((unsigned char)line[i] & 0xc0) != 0x80;
	return columns;
}

Test(status, begins_with_the_verdict)
{
	static const char verdict[] =
		"4 workers, generation 7, balanced 1.04×, p99 3.1 ms, last reload 12 s ago, 0 lost\n";

	fake_tells_all();
	fake_start();
	cr_assert_eq(strncmp(told(), verdict, strlen(verdict)), 0, "%s", told());
}

Test(status, tells_all_that_json_has)
{
	static const char *const lines[] = {
		"\nup 5 min, 1 crash, 0 upgrades, 3 stalls, 0 lost\n",
		"\nimbalance 1.04, p50 0.10 ms, p99 3.1 ms, last reload 12 s ago\n",
		"\nportico 0.1, master 4242, x.ini\n",
		"\n  canary: generation 8 has 10 % of the new clients on 1 worker, for 3.2 s of 30 s\n",
		"\n! stranger on 0.0.0.0:8080/tcp: evil?[2J??2J, pid 4711, uid 1000, since 2026-11-22 14:03:11\n",
		"\n! slot 1 is stalled: in handler web /\n",
		"\n  the kernel lacks CAP_BPF: weights\n",
		"\n   1    5001    7 stalled    26/25 %      3    2/4096   123  13 % 0.10 ms  3.1 ms  2.1 MiB\n",
		"\nslot restarts accepted answered\n",
		"\n   3        3    1.0 k    2.0 k\n",
		"\n  web: http on 0.0.0.0:8080, [::]:8080\n",
		"\n    balance: load by weights; asked: load; CAP_BPF is missing\n",
		"\n    1.2 M accepted, 12 active, 1.2 M closed; 2.1 MiB in, 4.7 GiB out\n",
		"\n    requests: 2xx 1.2 k, 4xx 7; p50 -, p99 3.1 ms\n",
		"\n    errors: timeout 3\n",
		"\n    hits of web /: 12 (counter)\n",
		"\n   0    4999    6 draining    90 s\n",
		"\n   0 tcp  0.0.0.0:8080                                  2   4096 held, lent to a sibling\n",
	};

	fake_tells_all();
	fake_start();
	const char *text = told();
	for (size_t i = 0; i < sizeof(lines) / sizeof(*lines); i++)
		tells(text, lines[i]);
}

Test(status, fits_into_100_columns)
{
	char text[4096];

	fake_tells_all();
	fake_start();
	snprintf(text, sizeof(text), "%s", told());
	for (char *line = strtok(text, "\n"); line; line = strtok(NULL, "\n"))
		cr_assert_leq(columns_of(line, strlen(line)), 100u, "%s", line);
	cr_assert_null(strpbrk(told(), "\033\t\r"), "it is plain text");
}

Test(status, what_is_not_known_is_a_dash)
{
	fake_start();
	write_file("status.json", "{\"good\":true,\"slots\":[{\"slot\":3}],\"services\":[{}],\"sockets\":[{}],"
		"\"generations\":[{\"workers\":[{}]}],\"canary\":{},\"strangers\":[{}]}");
	const char *text = told();
	tells(text, "- workers, generation -\nup -, - crashes, - upgrades, - stalls, - lost\n"
		"imbalance -, p50 -, p99 -, last reload -\n");
	tells(text, "\n   3       -    - -            -/- %      -       -/-     -     -       -       -        -\n");
	tells(text, "\n! stranger on -/-: -, pid -, uid -, since -\n");
	tells(text, "\n  -: - on -\n    - accepted, - active, - closed; - in, - out\n    errors: -\n");
}
