/* SPDX-License-Identifier: MIT */
/*
 * page.c - what a worker tells of itself, in memory that its master reads.
 */
#include "sys/page.h"

#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "sys/shm.h"

static size_t size_for(unsigned services)
{
	return sizeof(struct page) + services * sizeof(struct page_service);
}

static struct page *map(int fd, unsigned services)
{
	return shm_map(fd, size_for(services));
}

struct page *page_open(int fd, unsigned *services)
{
	ssize_t size = shm_size(fd, sizeof(struct page));

	if (size < 0)
		return NULL;
	*services = (unsigned)(((size_t)size - sizeof(struct page)) / sizeof(struct page_service));
	return map(fd, *services);
}

struct page *page_create(unsigned services, int *fd)
{
	*fd = shm_create("portico-page", size_for(services));
	if (*fd < 0)
		return NULL;
	struct page *p = map(*fd, services);
	if (p)
		return p;
	int error = errno;
	close(*fd);
	*fd = -1;
	errno = error;
	return NULL;
}

void page_destroy(struct page *p, unsigned services)
{
	if (p)
		munmap(p, size_for(services));
}

void page_text(char *out, const char *text, size_t size)
{
	size_t len = strnlen(text, size - 1);

	memcpy(out, text, len);
	out[len] = '\0';
}

/* ---- metrics ---- */

static bool is_name(const char *s)
{
	static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_0123456789";
	size_t len = strlen(s);

	return len > 0 && len < PAGE_NAME && !(s[0] >= '0' && s[0] <= '9')
		&& strspn(s, letters) == len;
}

/* FNV-1a, for its few lines. */
static uint64_t sum_of(const char *text)
{
	uint64_t sum = UINT64_C(0xcbf29ce484222325);

	for (; *text; text++)
		sum = (sum ^ (unsigned char)*text) * UINT64_C(0x100000001b3);
	return sum;
}

/* A handler's label if it has room, else its beginning and a sum of the whole: two that
 * begin alike must not be one, neither here nor in what the master adds up by it. */
static void name_handler(char out[PAGE_NAME], const char *label)
{
	enum { SUM = sizeof("~0123456789abcdef") };

	if (strlen(label) < PAGE_NAME)
		strcpy(out, label);
	else
		snprintf(out, PAGE_NAME, "%.*s~%016" PRIx64, PAGE_NAME - SUM, label, sum_of(label));
}

static struct page_metric *find(struct page *p, const char *handler, const char *name)
{
	for (uint32_t i = 0; i < p->metric_count; i++)
		if (strcmp(p->metrics[i].name, name) == 0
			&& strcmp(p->metrics[i].handler, handler) == 0)
			return &p->metrics[i];
	return NULL;
}

struct page_metric *page_metric(struct page *p, const char *label, const char *name,
	const char *help, enum page_kind kind)
{
	char handler[PAGE_NAME];

	name_handler(handler, label);
	struct page_metric *m = is_name(name) ? find(p, handler, name) : NULL;

	errno = !is_name(name) ? EINVAL : m && m->kind != kind ? EEXIST : ENOSPC;
	if (m)
		return m->kind == kind ? m : NULL;
	if (errno == EINVAL || p->metric_count == PAGE_METRICS)
		return NULL;
	m = &p->metrics[p->metric_count];
	snprintf(m->name, sizeof(m->name), "%s", name);
	snprintf(m->help, sizeof(m->help), "%s", help ? help : "");
	strcpy(m->handler, handler);
	m->kind = kind;
	/* The master sees it whole or not at all. */
	atomic_store_explicit(&p->metric_count, p->metric_count + 1, memory_order_release);
	return m;
}

/* ---- names ---- */

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
		[PULSE_WS_OPEN] = "ws_open()",
		[PULSE_WS_MESSAGE] = "ws_message()",
		[PULSE_WS_DRAINED] = "ws_drained()",
		[PULSE_WS_CLOSE] = "ws_close()",
		[PULSE_STATE_EXPORT] = "state_export()",
		[PULSE_STATE_IMPORT] = "state_import()",
		[PULSE_OFFLOAD] = "done() of offloaded work",
		[PULSE_MESSAGE] = "a subscriber",
		[PULSE_TABLE] = "done() of a call to the table",
		[PULSE_OUTGOING] = "a callback of an outgoing connection",
		[PULSE_TCP_EXPORT] = "tcp_export()",
		[PULSE_TCP_IMPORT] = "tcp_import()",
		[PULSE_WS_EXPORT] = "ws_export()",
		[PULSE_WS_IMPORT] = "ws_import()",
	};
	return call < sizeof(names) / sizeof(*names) ? names[call] : "an unknown callback";
}
