/* SPDX-License-Identifier: MIT */
/* asks.c - proto/asks.c over shared memory: answers come later, in order, or never after the end. */
#include "proto/asks.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <string.h>

#include "rig.h"
#include "sys/table.h"

static struct asks asks;
static bool asks_more;

static void set_up(void)
{
	rig_up();
	rig.handler.table = table_create("test", TABLE_LEAST);
	cr_assert_not_null(rig.handler.table);
	rig.handler.asks = &asks;
	asks_init(&asks, rig.loop, 64 * 1024);
	asks_more = false;
}

static void tear_down(void)
{
	asks_fini(&asks);
	table_destroy(rig.handler.table);
	rig.handler.table = NULL;
	rig_down();
}

TestSuite(asks, .init = set_up, .fini = tear_down, .timeout = 30);

static void answered(struct portico_service *h, const struct portico_table_answer *a, void *arg)
{
	rig_enter();
	cr_assert_eq(h, &rig.handler);
	cr_assert_eq(h->page->doing & 0xff, PULSE_TABLE & 0xff);
	if (a->error)
		rig_tell("%s:%s", (const char *)arg, strerrorname_np(a->error));
	else if (a->value)
		rig_tell("%s=%.*s", (const char *)arg, (int)a->len, (const char *)a->value);
	else
		rig_tell("%s:%lld", (const char *)arg, (long long)a->now);
	if (asks_more)
		cr_assert_eq(portico_table_get_then(h, "k", 1, answered, "more"), 0);
	asks_more = false;
	rig_leave();
}

static int get(const char *name)
{
	return portico_table_get_then(&rig.handler, "k", 1, answered, (void *)name);
}

static void refused(int result, int error)
{
	cr_assert_eq(result, -1);
	cr_assert_eq(errno, error, "%s", strerror(errno));
}

Test(asks, are_answered_in_order_in_a_later_turn)
{
	char value[] = "old";

	cr_assert_eq(get("a"), 0);
	cr_assert_eq(portico_table_put_then(&rig.handler, "k", 1, value, 3, 0., answered, "b"), 0);
	memcpy(value, "xxx", 3);         /* it was copied */
	cr_assert_eq(get("c"), 0);
	cr_assert_eq(portico_table_swap_then(&rig.handler, "k", 1, "old", 3, "new", 3, 0., answered, "d"), 0);
	cr_assert_eq(portico_table_swap_then(&rig.handler, "k", 1, NULL, 0, "no", 2, 0., answered, "e"), 0);
	cr_assert_eq(get("f"), 0);
	cr_assert_eq(portico_table_delete_then(&rig.handler, "k", 1, answered, "g"), 0);
	cr_assert_eq(portico_table_add_then(&rig.handler, "k", 1, 7, 0., answered, "h"), 0);
	rig_told("");
	cr_assert_not(asks_is_done(&asks));
	rig_turns(2);
	rig_told("a:ENOENT b:0 c=old d:0 e:EEXIST f=new g:0 h:7");
	cr_assert(asks_is_done(&asks));
	rig_sleeps();
}

Test(asks, from_within_an_answer_wait_for_another_turn)
{
	asks_more = true;
	cr_assert_eq(get("a"), 0);
	rig_turns(2);
	rig_told("a:ENOENT more:ENOENT");
	rig_sleeps();
}

Test(asks, need_no_done)
{
	cr_assert_eq(portico_table_put_then(&rig.handler, "k", 1, "x", 1, 0., NULL, NULL), 0);
	cr_assert_eq(get("a"), 0);
	rig_turns(2);
	rig_told("a=x");
}

Test(asks, are_refused_at_once)
{
	static const char much[TABLE_VALUE + 1];
	struct portico_service *h = &rig.handler;

	refused(portico_table_get_then(h, "", 0, answered, "a"), EINVAL);
	refused(portico_table_get_then(h, much, TABLE_KEY + 1, answered, "a"), EMSGSIZE);
	refused(portico_table_put_then(h, "k", 1, much, sizeof(much), 0., answered, "a"), EMSGSIZE);
	refused(portico_table_put_then(h, "k", 1, "x", 1, -1., answered, "a"), EINVAL);
	refused(portico_table_add_then(h, "k", 1, 1, __builtin_nan(""), answered, "a"), EINVAL);
	struct table *table = h->table;
	h->table = NULL;
	refused(get("a"), EOPNOTSUPP);
	h->table = table;
	h->asks = NULL;
	refused(get("a"), EINVAL);
	rig_turns(2);
	rig_told("");
}

Test(asks, wait_in_a_queue_that_has_an_end)
{
	static const char value[16 * 1024];
	struct portico_service *h = &rig.handler;

	for (int i = 0; i < 3; i++)
		cr_assert_eq(portico_table_put_then(h, "k", 1, value, sizeof(value), 0., NULL, NULL), 0);
	refused(portico_table_put_then(h, "k", 1, value, sizeof(value), 0., answered, "a"), ENOBUFS);
	rig_turns(2);
	cr_assert_eq(portico_table_put_then(h, "k", 1, value, sizeof(value), 0., answered, "b"), 0);
	rig_turns(2);
	rig_told("b:0");
}

Test(asks, are_canceled_in_order_at_the_end)
{
	cr_assert_eq(portico_table_put_then(&rig.handler, "k", 1, "x", 1, 0., answered, "a"), 0);
	cr_assert_eq(get("b"), 0);
	asks_give_up(&asks);
	rig_told("a:ECANCELED b:ECANCELED");
	cr_assert(asks_is_done(&asks));
	refused(get("c"), ECANCELED);
	rig_turns(2);
	rig_told("");
	cr_assert_eq(table_get(rig.handler.table, (struct table_key){ "k", 1 }, NULL, 0), -1, "it was done");
}
