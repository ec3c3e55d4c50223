/* SPDX-License-Identifier: MIT */
/*
 * capsule.h - bytes of a plugin's that go to another process, in a memfd that is whole or refused.
 *
 *	struct capsule_head     who wrote it, how much, and a sum over all of it
 *	bytes                   as the plugin wrote them
 *
 * Sealed (memfd_create(2)): who maps it knows that nobody makes it shorter meanwhile.
 */
#ifndef PORTICO_SYS_CAPSULE_H
#define PORTICO_SYS_CAPSULE_H

#include <stddef.h>
#include <stdint.h>

enum { CAPSULE_NAME = 64 };

struct capsule_head {
	char     magic[8];               /* CAPSULE_MAGIC */
	uint64_t len;                    /* of what follows */
	uint64_t sum;                    /* of this head without it, and of what follows */
	uint32_t version;                /* the plugin's own */
	uint32_t unused;                 /* so that all bytes are set */
	char     plugin[CAPSULE_NAME];   /* its name; of a long one the beginning; ends with NUL */
};

#define CAPSULE_MAGIC "portico1"

/* One that is being written. */
struct capsule {
	int            fd;
	int            failed;           /* errno of the first write that did */
	size_t         len, max;         /* written, allowed */
	size_t         held;             /* in buffer, of len */
	unsigned char *buffer;
};

/* Of max bytes at most.  0, or -1 and errno; then nothing is to be closed. */
int  capsule_open(struct capsule *c, size_t max);
/* 0, or -1 and errno, EFBIG if it is more than max; all that follow fail, too. */
int  capsule_write(struct capsule *c, const void *data, size_t len);
/* The sealed descriptor, the caller's own, or -1 and errno.  c is closed. */
int  capsule_seal(struct capsule *c, const char *plugin, uint32_t version);
void capsule_close(struct capsule *c);

/* One that was sealed, mapped. */
struct capsule_view {
	const struct capsule_head *head;
	const void                *data; /* head->len bytes */
	size_t                     size; /* of both */
};

/* fd stays open.  NULL, and v is to be unmapped; or what is wrong with it, for a sentence. */
const char *capsule_map(struct capsule_view *v, int fd);
void        capsule_unmap(struct capsule_view *v);

#endif
