/* SPDX-License-Identifier: MIT */
/* estate.c - answers with the word that it was handed, "none" without; hands its own on, or
 * misbehaves as its options say. */
#define _GNU_SOURCE              /* memfd_create() */
#include <fcntl.h>
#include <portico.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "../../framework/sys/capsule.h"
#include "../../framework/sys/channel.h"

#ifndef ESTATE_VERSION
#define ESTATE_VERSION 1
#define ESTATE_NAME "estate"
#endif

enum { PLAIN, FAIL, HUGE, MANY, SLOW, HANG, CRASH, UNSEALED, CUT, FLIPPED };
enum { TAKE, REFUSE, DIE };

struct estate {
	const char *word;
	int         export, import;      /* the above */
	int         channel;
	char        got[64];
	unsigned    asked;               /* before anything was imported */
};

/* ---- out ---- */

/* For a time, not until something: what comes too late, or never, is the case. */
static void stand_still(struct portico_service *service, time_t seconds)
{
	struct timespec left = { .tv_sec = seconds };

	portico_log(service, PORTICO_INFO, "stands still");
	while (nanosleep(&left, &left) != 0)
		;
}

/* To the master: in start() there is no other one yet. */
static int find_channel(void)
{
	int type;
	socklen_t len = sizeof(type);

	for (int fd = 3; fd < 256; fd++)
		if (getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &len) == 0 && type == SOCK_SEQPACKET)
			return fd;
	return -1;
}

/* What a worker would send that somebody else has taken over; the last byte is wrong, or gone. */
static int forge(struct portico_service *service, int how)
{
	const struct estate *e = portico_service_state(service);
	struct capsule_head head = { .magic = CAPSULE_MAGIC, .len = 4, .version = 1,
		.plugin = ESTATE_NAME };
	struct message m = { .type = MESSAGE_EXPORTED };
	int fd = memfd_create("forged", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	union { char bytes[CMSG_SPACE(sizeof(int))]; struct cmsghdr align; } control = {0};
	struct iovec part = { .iov_base = &m, .iov_len = sizeof(m) };
	struct msghdr h = { .msg_iov = &part, .msg_iovlen = 1, .msg_control = control.bytes,
		.msg_controllen = sizeof(control.bytes) };
	struct cmsghdr *c = CMSG_FIRSTHDR(&h);

	if (write(fd, &head, sizeof(head)) < 0 || write(fd, "word", how == CUT ? 3 : 4) < 0)
		return -1;
	if (how != UNSEALED)
		fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE);
	strncpy(m.text, portico_service_name(service), sizeof(m.text) - 1);
	strcat(m.text, " /");
	*c = (struct cmsghdr){ .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS,
		.cmsg_len = CMSG_LEN(sizeof(int)) };
	memcpy(CMSG_DATA(c), &fd, sizeof(fd));
	sendmsg(e->channel, &h, MSG_NOSIGNAL);
	close(fd);
	return -1;
}

static int state_export(struct portico_service *service, struct portico_export *out)
{
	struct estate *e = portico_service_state(service);
	static const char much[1 << 20];

	switch (e->export) {
	case FAIL:
		return -1;
	case HUGE:                   /* and it does not look */
		for (int i = 0; i < 32; i++)
			portico_export_write(out, much, sizeof(much));
		return 0;
	case MANY:                   /* until it is told that the time is over */
		while (portico_export_write(out, "", 0) == 0)
			;
		return 0;
	case SLOW:
		stand_still(service, 3);
		break;
	case HANG:
		stand_still(service, 3600);
		break;
	case CRASH:
		abort();
	case UNSEALED:
	case CUT:
	case FLIPPED:
		return forge(service, e->export);
	default:
		break;
	}
	return portico_export_write(out, e->word, strlen(e->word));
}

/* ---- in ---- */

static int state_import(struct portico_service *service, uint32_t version, const void *data,
	size_t len)
{
	struct estate *e = portico_service_state(service);

	if (e->import == DIE)
		abort();
	if (e->import == REFUSE || version != ESTATE_VERSION || len >= sizeof(e->got))
		return -1;
	memcpy(e->got, data, len);
	e->got[len] = '\0';
	if (e->asked > 0)
		portico_log(service, PORTICO_ERROR, "imported behind %u requests", e->asked);
	return 0;
}

static int start(struct portico_service *service)
{
	struct estate *e = portico_service_state(service);

	e->channel = find_channel();
	return 0;
}

static int request(struct portico_request *req)
{
	struct estate *e = portico_service_state(portico_request_service(req));

	e->asked++;
	return portico_reply_text(req, 200, e->got[0] ? e->got : "none");
}

static const struct portico_option options[] = {
	PORTICO_OPTION(STRING, struct estate, word, "word", "what it hands on"),
	PORTICO_OPTION_IN(ENUM, struct estate, export, "plain",
		"plain|fail|huge|many|slow|hang|crash|unsealed|cut|flipped", "how it does it"),
	PORTICO_OPTION_IN(ENUM, struct estate, import, "take", "take|refuse|die", "or not"),
	{0},
};

PORTICO_PLUGIN(.name = ESTATE_NAME, .options = options, .service_size = sizeof(struct estate),
	.start = start, .http_request = request, .state_version = ESTATE_VERSION, .state_export = state_export,
	.state_import = state_import)
