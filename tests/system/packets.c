/* SPDX-License-Identifier: MIT */
/* packets.c - what leaves the server together. */
#include <linux/tcp.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "client.h"
#include "harness.h"
#include "server.h"
#include "tls_client.h"

SYSTEM_SUITE(packets);

#define LAST_REQUEST "GET / HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n"
#define PLAIN                                                                \
	"[portico]\nworkers = 1\n"                                           \
	"[service web]\nprotocol = http\nlisten = 127.0.0.1:8080\n%s"        \
	"[handler web /]\nplugin = ${E}/hello.so\n"
#define TLS "tls_certificate = a.test.crt\ntls_key = a.test.key\n"

/* How many packets with bytes in them have come. */
static unsigned packets_in(int fd)
{
	struct tcp_info info = {0};
	socklen_t len = sizeof(info);

	cr_assert_eq(getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &len), 0);
	return info.tcpi_data_segs_in;
}

Test(packets, the_last_answer_and_the_end_are_one)
{
	struct server *s = server_start(PLAIN, "");
	struct response r;

	int fd = client_connect(8080);
	struct pollfd woken = { .fd = fd, .events = POLLIN | POLLRDHUP };
	client_says(fd, LAST_REQUEST);
	cr_assert_eq(poll(&woken, 1, (int)(PATIENCE * 1e3)), 1);
	cr_assert_eq(woken.revents, POLLIN | POLLRDHUP, "the end is not there yet");
	cr_assert(client_response(fd, &r));
	cr_assert_eq(packets_in(fd), 1);
	close(fd);
	server_stop(s);
}

/* The server's half of the handshake, two tickets if they go before the request is there, and the
 * rest: the answer, close_notify and the end. */
Test(packets, the_last_records_are_one)
{
	struct tls_conn c;

	make_pair("a.test");
	struct server *s = server_start(PLAIN, TLS);
	tls_dial(&c, 8080, &(struct tls_wish){ .version = TLS1_3_VERSION });
	tls_says(&c, LAST_REQUEST);
	cr_assert_not_null(tls_answer(&c));
	cr_assert(tls_hears_the_end(&c));
	cr_assert_leq(packets_in(c.fd), 4, "%u packets", packets_in(c.fd));
	tls_hang_up(&c);
	server_stop(s);
}
