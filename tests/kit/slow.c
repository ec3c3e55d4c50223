/* SPDX-License-Identifier: MIT */
/*
 * slow.c - examples/slow.c under the test kit: work in threads.
 */
#include <criterion/criterion.h>
#include <portico/test.h>

#include "rig.h"

TestSuite(kit_slow, .timeout = 60);

static struct portico_test_reply *reply;

static bool is_answered(void *client)
{
	reply = portico_test_reply(client);
	return reply != NULL;
}

static struct portico_test_client *ask(struct portico_test *t)
{
	struct portico_test_client *c = portico_test_connect(t, NULL);

	portico_test_request(c, "GET", "/", NULL, NULL, 0);
	return c;
}

Test(kit_slow, answers_when_its_work_is_done)
{
	struct portico_test *t = portico_test_new(.file = example("slow"), .settings = "takes = 10ms\n");

	cr_assert(portico_test_wait(t, is_answered, ask(t), 20.));
	cr_assert_eq(reply->status, 200);
	cr_assert_str_eq(reply->body, "That took 0.01 s\n");
	portico_test_end(t);
}

Test(kit_slow, an_end_waits_for_work)
{
	struct portico_test *t = portico_test_new(.file = example("slow"), .settings = "takes = 50ms\n");
	struct portico_test_client *gone = ask(t);

	portico_test_leave(gone);
	ask(t);
	portico_test_end(t);
}
