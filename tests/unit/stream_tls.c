/* SPDX-License-Identifier: MIT */
/*
 * stream_tls.c - a stream that speaks TLS: its handshake, its bytes, its end.
 */
#include <criterion/criterion.h>
#include <fcntl.h>
#include <linux/sockios.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/ssl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "master/cert.h"
#include "net/tls_context.h"
#include "stream_rig.h"
#include "sys/counts.h"

static struct tls_context *context;
static SSL_CTX *client_ctx;
static SSL *client;
static struct counts counts;

/* ---- the rig ---- */

static void complain(void *arg, const char *sentence)
{
	(void)arg;
	cr_assert_fail("%s", sentence);
}

/* With a certificate of its own, whose files nobody needs once they are read. */
static void make_context(void)
{
	char dir[] = "/tmp/portico-unit-tls-XXXXXX", *const names[] = { "a.test" };
	struct config_tls_pair pair = { "a.test.crt", "a.test.key" };
	struct config_service service = {
		.name = "s", .protocol = CONFIG_TCP, .file = "a.ini", .tls_pairs = &pair, .tls_pair_count = 1,
	};
	struct problems problems = { .tell = complain, .most = 10 };

	cr_assert_not_null(mkdtemp(dir));
	cr_assert_eq(chdir(dir), 0);
	cr_assert_eq(cert(names, 1), 0);
	context = tls_context_create(&service, NULL, &problems, NULL);
	cr_assert_not_null(context);
	unlink(pair.certificate);
	unlink(pair.key);
	cr_assert_eq(chdir("/"), 0);
	rmdir(dir);
}

static void stream_tls_up(void)
{
	signal(SIGPIPE, SIG_IGN);
	make_context();
	stream_set_up();
	kind.counts = &counts;
	stream_kind_secure(&kind, context, 5.);
	open_side(&second);
	fcntl(second.peer, F_SETFL, O_NONBLOCK);
	client_ctx = SSL_CTX_new(TLS_client_method());
	client = SSL_new(client_ctx);
	SSL_set_fd(client, second.peer);
	SSL_set_connect_state(client);
}

static void stream_tls_down(void)
{
	stream_tear_down();
	close(second.peer);
	SSL_free(client);
	SSL_CTX_free(client_ctx);
	tls_context_destroy(context);
}

TestSuite(stream_tls, .init = stream_tls_up, .fini = stream_tls_down, .timeout = 20);

static void shake_hands(void)
{
	for (int i = 0; i < 20 && SSL_do_handshake(client) != 1; i++)
		rig_turn();
	cr_assert(SSL_is_init_finished(client));
	rig_turns(2);
}

static size_t client_hears_all(char *out, size_t room)
{
	size_t all = 0, n;

	for (int i = 0; i < 20; i++) {
		rig_turn();
		while (all < room && SSL_read_ex(client, out + all, room - all, &n) == 1)
			all += n;
	}
	return all;
}

Test(stream_tls, bytes_go_both_ways)
{
	char text[16] = "";

	shake_hands();
	SSL_write(client, "hello", 5);
	rig_turns(2);
	cr_assert_eq(second.got_len, 5);
	cr_assert_eq(memcmp(second.got, "hello", 5), 0);
	cr_assert_eq(stream_write(&second.stream, "world", 5), 0);
	cr_assert_eq(client_hears_all(text, sizeof(text)), 5);
	cr_assert_str_eq(text, "world");
	sleeps();
}

Test(stream_tls, what_is_written_before_the_handshake_waits_for_it)
{
	char text[16] = "";

	cr_assert_eq(stream_write(&second.stream, "early", 5), 0);
	sleeps();
	shake_hands();
	cr_assert_eq(client_hears_all(text, sizeof(text)), 5);
	cr_assert_str_eq(text, "early");
}

Test(stream_tls, a_paused_stream_shakes_hands_too)
{
	stream_pause(&second.stream);
	shake_hands();
	SSL_write(client, "hello", 5);
	sleeps();
	cr_assert_eq(second.datas, 0);
	stream_resume(&second.stream);
	rig_turns(2);
	cr_assert_eq(second.datas, 1);
}

/* The record is larger than what may be kept: its rest is in OpenSSL, of which
 * epoll(7) knows nothing. */
Test(stream_tls, the_rest_of_a_record_comes_once_there_is_room)
{
	static char record[10000];
	size_t seen = 0;

	shake_hands();
	second.on_data = use_nothing;
	SSL_write(client, "x", 1);
	rig_turns(2);
	SSL_write(client, record, sizeof(record));
	rig_turns(4);
	cr_assert_eq(buf_len(&second.stream.in), kind.max_input, "it is full");
	sleeps();
	second.on_data = NULL;
	seen = kind.counts->bytes_in;
	cr_assert_lt(seen, sizeof(record) + 1);
	stream_retry(&second.stream);
	rig_turns(6);
	cr_assert_eq(kind.counts->bytes_in, sizeof(record) + 1);
	cr_assert_eq(buf_len(&second.stream.in), 0);
	sleeps();
}

Test(stream_tls, an_end_without_a_word_is_no_end_but_a_loss)
{
	shake_hands();
	shutdown(second.peer, SHUT_WR);
	rig_turns(3);
	cr_assert_eq(second.closeds, 1);
	cr_assert_eq(second.eofs, 0, "who cut it is not the peer for sure");
	cr_assert_eq(counts.errors[ERROR_RESET], 1);
}

Test(stream_tls, an_orderly_end_is_one)
{
	shake_hands();
	SSL_shutdown(client);
	rig_turns(3);
	cr_assert_eq(second.eofs, 1);
	cr_assert_eq(counts.errors[ERROR_RESET], 0);
}

static size_t use_one_and_pause(struct side *d, char *bytes, size_t len)
{
	(void)bytes;
	(void)len;
	stream_pause(&d->stream);
	return 1;
}

/* OpenSSL has read it together with the bytes. */
Test(stream_tls, an_end_is_told_behind_what_a_paused_stream_has_left)
{
	second.on_data = use_one_and_pause;
	shake_hands();
	SSL_write(client, "abc", 3);
	SSL_shutdown(client);
	rig_turns(2);
	for (unsigned i = 1; i < 3; i++) {
		cr_assert_eq(second.datas, i);
		cr_assert_eq(second.eofs, 0);
		stream_resume(&second.stream);
		rig_turns(2);
	}
	cr_assert_eq(second.datas, 3);
	stream_resume(&second.stream);
	rig_turns(2);
	cr_assert_eq(second.eofs, 1);
}

Test(stream_tls, closing_says_so)
{
	char byte;

	shake_hands();
	stream_close(&second.stream, false);
	rig_turns(3);
	cr_assert_eq(SSL_read(client, &byte, 1), 0);
	cr_assert_eq(SSL_get_error(client, 0), SSL_ERROR_ZERO_RETURN);
	cr_assert_eq(second.closeds, 0, "it lingers");
	close(second.peer);
	second.peer = -1;
	rig_turns(3);
	cr_assert_eq(second.closeds, 1);
}

Test(stream_tls, garbage_is_a_broken_protocol)
{
	shake_hands();
	cr_assert_eq(write(second.peer, "\x17\x03\x03\x00\x20_this_is_not_what_was_agreed_on_", 37), 37);
	rig_turns(3);
	cr_assert_eq(counts.errors[ERROR_PROTOCOL], 1);
	cr_assert_eq(second.datas, 0);
	cr_assert_not(stream_is_open(&second.stream));
}

/* Each is work for us, and cheap for who has made them before. */
Test(stream_tls, a_flood_of_new_keys_does_not_keep_the_loop)
{
	int left = 0, room = 1 << 20;
	char *flood;

	shake_hands();
	cr_assert_eq(setsockopt(second.peer, SOL_SOCKET, SO_SNDBUF, &room, sizeof(room)), 0);
	BIO *made = BIO_new(BIO_s_mem());
	SSL_set0_wbio(client, made);
	for (int i = 0; i < 7000; i++) {
		cr_assert_eq(SSL_key_update(client, SSL_KEY_UPDATE_NOT_REQUESTED), 1);
		cr_assert_eq(SSL_do_handshake(client), 1);
	}
	SSL_write(client, "hello", 5);
	long len = BIO_get_mem_data(made, &flood);
	cr_assert_eq(write(second.peer, flood, (size_t)len), len);
	rig_turn();
	cr_assert_eq(ioctl(second.stream.io.fd, FIONREAD, &left), 0);
	cr_assert_gt(left, 0, "one turn took all of it");
	while (second.datas == 0)
		rig_turn();
	cr_assert_eq(second.got_len, 5);
	cr_assert_eq(counts.errors[ERROR_PROTOCOL], 0);
}

Test(stream_tls, it_is_never_at_rest)
{
	shake_hands();
	cr_assert_not(stream_is_at_rest(&second.stream), "half of it lives here");
}

Test(stream_tls, a_handshake_has_a_time)
{
	kind.shakes.span = .05;
	deadline_set(&second.stream.deadline, &kind.shakes);
	while (!second.closeds)
		rig_wait();
	cr_assert_eq(second.lates, 0, "the protocol never saw it");
	cr_assert_eq(counts.errors[ERROR_TIMEOUT], 1);
}

Test(stream_tls, more_than_the_socket_takes_goes_out_in_the_end)
{
	static char much[512 * 1024], got[512 * 1024];

	for (size_t i = 0; i < sizeof(much); i++)
		much[i] = (char)(i * 7 + i / 999);
	shake_hands();
	cr_assert_eq(stream_write(&second.stream, much, 100000), 0);
	cr_assert_eq(stream_write(&second.stream, much + 100000, 5), 0);
	cr_assert_eq(stream_write(&second.stream, much + 100005, sizeof(much) - 100005), 0);
	cr_assert(second.stream.blocked);
	cr_assert_eq(client_hears_all(got, sizeof(got)), sizeof(got));
	cr_assert_eq(memcmp(got, much, sizeof(got)), 0);
	sleeps();
}

/* ---- files ---- */

static int make_file(const char *bytes, size_t len)
{
	char name[] = "/tmp/portico-unit-tls-XXXXXX";
	int fd = mkostemp(name, O_CLOEXEC);

	cr_assert_geq(fd, 0);
	unlink(name);
	cr_assert_eq(write(fd, bytes, len), (ssize_t)len);
	return fd;
}

static void small_socket(void)
{
	int size = 4096;

	setsockopt(second.stream.io.fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof(size));
}

/* As the protocol sees it: a head, a file, and what is behind it. */
static void queue_file_between(const char *bytes, size_t len)
{
	cr_assert_eq(stream_write(&second.stream, "head", 4), 0);
	cr_assert_eq(stream_send_file(&second.stream, make_file(bytes, len), 0, (int64_t)len), 0);
	cr_assert_eq(stream_write(&second.stream, "tail", 4), 0);
}

/* The socket takes less than a record at times: its rest goes first the next time. */
static void a_file_goes_whole(void)
{
	static char file[700 * 1000], got[sizeof(file) + 8];

	for (size_t i = 0; i < sizeof(file); i++)
		file[i] = (char)(i * 7 + i / 999);
	small_socket();
	shake_hands();
	queue_file_between(file, sizeof(file));
	rig_turn();
	cr_assert(second.stream.blocked);
	size_t all = 0, n;
	for (int i = 0; i < 20000 && all < sizeof(got); i++) {
		rig_turn();
		size_t room = sizeof(got) - all;
		if (SSL_read_ex(client, got + all, room < 3001 ? room : 3001, &n) == 1)
			all += n;
	}
	cr_assert_eq(all, sizeof(got));
	cr_assert_eq(memcmp(got, "head", 4), 0);
	cr_assert_eq(memcmp(got + 4, file, sizeof(file)), 0);
	cr_assert_eq(memcmp(got + 4 + sizeof(file), "tail", 4), 0);
	sleeps();
}

Test(stream_tls, a_file_goes_whole_to_a_slow_reader)
{
	a_file_goes_whole();
}

Test(stream_tls, a_file_goes_whole_in_small_records)
{
	SSL_set_tlsext_max_fragment_length(client, TLSEXT_max_fragment_length_512);
	a_file_goes_whole();
}

Test(stream_tls, a_file_queued_before_the_handshake_waits_for_it)
{
	char text[16] = "";

	queue_file_between("file", 4);
	sleeps();
	shake_hands();
	cr_assert_eq(client_hears_all(text, sizeof(text)), 12);
	cr_assert_str_eq(text, "headfiletail");
}

Test(stream_tls, a_broken_protocol_drops_what_was_to_be_sent)
{
	static char much[40 * 1000];

	small_socket();
	shake_hands();
	queue_file_between(much, sizeof(much));
	rig_turns(2);
	cr_assert_gt(stream_queued(&second.stream), 0);
	cr_assert_eq(write(second.peer, "\x17\x03\x03\x00\x20_this_is_not_what_was_agreed_on_", 37), 37);
	rig_turns(3);
	cr_assert_eq(stream_queued(&second.stream), 0);
	cr_assert_eq(counts.errors[ERROR_PROTOCOL], 1);
	cr_assert_eq(second.closeds, 0, "it lingers, so that its peer can read why");
}

/* What something follows is kept back by the kernel, for 200 ms. */
Test(stream_tls, our_end_does_not_wait_for_more)
{
	static struct side over_tcp;
	struct client c;
	int kept = -1, on = 1, fd = client_tcp(&c);

	cr_assert_eq(setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on)), 0);
	stream_open(&over_tcp.stream, &kind, fd);
	SSL_set_fd(client, c.fd);
	shake_hands();
	stream_end(&over_tcp.stream);
	rig_turns(2);
	cr_assert(over_tcp.stream.ended);
	cr_assert_eq(ioctl(fd, SIOCOUTQNSD, &kept), 0);
	cr_assert_eq(kept, 0, "%d bytes wait", kept);
	stream_abort(&over_tcp.stream);
	rig_turns(2);
	client_fini(&c);
}

Test(stream_tls, our_end_leaves_the_other_half_open)
{
	char text[16] = "";

	shake_hands();
	cr_assert_eq(stream_write(&second.stream, "last", 4), 0);
	stream_end(&second.stream);
	cr_assert_eq(stream_write(&second.stream, "x", 1), -1);
	cr_assert_eq(client_hears_all(text, sizeof(text)), 4);
	cr_assert(SSL_get_shutdown(client) & SSL_RECEIVED_SHUTDOWN);
	SSL_write(client, "more", 4);
	rig_turns(2);
	cr_assert_eq(memcmp(second.got, "more", 4), 0);
	cr_assert_eq(second.closeds, 0);
	sleeps();
	SSL_shutdown(client);
	rig_turns(3);
	cr_assert_eq(second.eofs, 1);
	cr_assert_eq(second.closeds, 1, "both have ended");
}
