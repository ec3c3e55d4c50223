/* SPDX-License-Identifier: MIT */
/*
 * pulse.c - what a worker is doing, for the master to read when it has died.
 */
#include "sys/pulse.h"

#include <errno.h>
#include <stddef.h>
#include <sys/mman.h>
#include <unistd.h>

struct pulse *pulse_open(int fd)
{
	void *page = mmap(NULL, sizeof(struct pulse), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	return page == MAP_FAILED ? NULL : page;
}

struct pulse *pulse_create(int *fd)
{
	*fd = memfd_create("portico-pulse", MFD_CLOEXEC);
	if (*fd < 0)
		return NULL;
	struct pulse *p = ftruncate(*fd, sizeof(*p)) == 0 ? pulse_open(*fd) : NULL;
	if (p)
		return p;
	int error = errno;
	close(*fd);
	*fd = -1;
	errno = error;
	return NULL;
}

void pulse_destroy(struct pulse *p)
{
	if (p)
		munmap(p, sizeof(*p));
}

const char *pulse_phase_name(uint32_t phase)
{
	static const char *const names[] = {
		[PULSE_BORN] = "being born",
		[PULSE_BINDING] = "binding its sockets",
		[PULSE_LOADING] = "loading plugins",
		[PULSE_STARTING] = "starting handlers",
		[PULSE_READY] = "waiting for its siblings",
		[PULSE_SERVING] = "serving",
		[PULSE_DRAINING] = "draining",
		[PULSE_STOPPING] = "stopping handlers",
	};
	return phase < sizeof(names) / sizeof(*names) ? names[phase] : "doing the unknown";
}

const char *pulse_call_name(uint32_t call)
{
	static const char *const names[] = {
		[PULSE_NO_CALL] = "no callback",
		[PULSE_START] = "start()",
		[PULSE_SETTING] = "setting()",
		[PULSE_DRAIN] = "drain()",
		[PULSE_STOP] = "stop()",
		[PULSE_TIMER] = "a timer",
		[PULSE_TCP_OPEN] = "tcp_open()",
		[PULSE_TCP_DATA] = "tcp_data()",
		[PULSE_TCP_EOF] = "tcp_eof()",
		[PULSE_TCP_DRAINED] = "tcp_drained()",
		[PULSE_TCP_CLOSE] = "tcp_close()",
		[PULSE_UDP_PACKET] = "udp_packet()",
		[PULSE_HTTP_BEGIN] = "http_begin()",
		[PULSE_HTTP_BODY] = "http_body()",
		[PULSE_HTTP_REQUEST] = "http_request()",
		[PULSE_HTTP_DRAINED] = "http_drained()",
		[PULSE_HTTP_DONE] = "http_done()",
	};
	return call < sizeof(names) / sizeof(*names) ? names[call] : "an unknown callback";
}
