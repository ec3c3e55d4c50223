/* SPDX-License-Identifier: MIT */
/* upgrade_asked.c - who is halfway through the control socket when another binary takes over. */
#include <linux/sockios.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "client.h"
#include "control_rig.h"
#include "harness.h"
#include "operate.h"
#include "server.h"
#include "upgrade_rig.h"

SYSTEM_SUITE(upgrade_asked);

#define AT_CONTROL                                                           \
	"[portico]\nworkers = %u\ncontrol = %s\n"                            \
	"[service web]\nprotocol = http\nlisten = 127.0.0.1:8080\n"          \
	"[handler web /a-path-of-some-length-too]\n"   \
	"plugin = ${T}/talkative.so\n"

/* The more workers, the longer is what it tells. */
static struct server *start_at_control(unsigned workers)
{
	write_file("portico.ini", AT_CONTROL, workers, path_of("control.sock"));
	return start_serving();
}

static bool waits_or_goes_on(void *s)
{
	return server_says(s, "upgrade: waits for who is halfway") || server_says(s, "takes over");
}

static void upgrade_begins(struct server *s, struct asked *a)
{
	verb_begin(a, "upgrade", NULL);
	cr_assert(wait_until(waits_or_goes_on, s, PATIENCE));
}

static bool has_been_read(void *fd)
{
	int unread;

	return ioctl(*(int *)fd, SIOCOUTQ, &unread) == 0 && unread == 0;
}

static void upgrade_ends_well(struct asked *a)
{
	struct outcome o;

	cr_assert_eq(verb_await(a, &o), 0, "%s", o.err);
}

Test(upgrade_asked, waits_for_the_other_half_of_a_line)
{
	struct server *s = start_at_control(1);
	int fd = control_connect();
	char answer[256];
	struct asked a;

	client_says(fd, "{\"do\":\"hea");
	cr_assert(wait_until(has_been_read, &fd, PATIENCE));
	upgrade_begins(s, &a);
	(void)!send(fd, "lth\"}\n", 6, MSG_NOSIGNAL);
	cr_assert_gt(client_read_all(fd, answer, sizeof(answer)), 0, "it was cut");
	cr_assert_str_eq(answer, "{\"good\":true,\"said\":\"ready\"}\n");
	upgrade_ends_well(&a);
	close(fd);
	server_stop(s);
}

/* The kernel takes some 200 KB of it. */
Test(upgrade_asked, waits_for_who_has_half_of_the_answer)
{
	static char answer[1 << 20];
	struct server *s = start_at_control(8);
	int fd = control_connect();
	struct asked a;

	client_says(fd, "{\"do\":\"status\"}\n");
	client_read(fd, answer, 100);
	upgrade_begins(s, &a);
	cr_assert_gt(client_read_all(fd, answer + 100, sizeof(answer) - 100), 0, "it was cut");
	json_t *status = json_loads(answer, 0, NULL);
	cr_assert_not_null(status, "it was cut: %zu bytes", strlen(answer));
	json_decref(status);
	upgrade_ends_well(&a);
	close(fd);
	server_stop(s);
}

/* The master has read half of a question. */
static int say_half(void)
{
	int fd = control_connect();

	client_says(fd, "{\"do\":\"hea");
	cr_assert(wait_until(has_been_read, &fd, PATIENCE));
	return fd;
}

Test(upgrade_asked, waits_for_nobody_for_ever)
{
	struct server *s = start_at_control(1);
	int fd = say_half();

	upgrade_succeeds(s, 2);
	client_expect_end(fd, true);
	server_stop(s);
}

Test(upgrade_asked, is_not_what_a_stop_waits_for)
{
	struct server *s = start_at_control(1);
	int fd = say_half();

	server_signal(s, SIGUSR2);
	server_await(s, "upgrade: waits for who is halfway");
	server_stop(s);
	cr_assert_not(server_says(s, "takes over"));
	close(fd);
}

Test(upgrade_asked, where_it_listens_need_not_be_text)
{
	write_file("portico.ini", AT_CONTROL, 1u, path_of("control-\xff.sock"));
	struct server *s = start_serving();

	upgrade_succeeds(s, 2);
	upgrade_succeeds(s, 3);
	cr_assert_eq(access(path_of("control-\xff.sock"), F_OK), 0);
	server_stop(s);
	cr_assert_lt(access(path_of("control-\xff.sock"), F_OK), 0, "it stays behind");
}
