/* SPDX-License-Identifier: MIT */
/*
 * capsule.c - bytes of a plugin's that go to another process.
 *
 * The reader trusts nothing of it: the writer may be a worker that somebody else has taken over.
 */
#include "sys/capsule.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/siphash.h"

enum { SEALS = F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE };

/* So that a plugin that writes number by number makes few system calls. */
enum { BUFFER = 64 * 1024 };

static uint64_t sum_of(const struct capsule_head *h, const void *data)
{
	static const uint64_t fixed[2] = { 0x706f727469636f31, 0x63617073756c6531 };
	struct capsule_head head = *h;

	head.sum = 0;
	const uint64_t key[2] = { siphash(fixed, &head, sizeof(head)), fixed[1] };
	return siphash(key, data, (size_t)head.len);
}

/* ---- writing ---- */

int capsule_open(struct capsule *c, size_t max)
{
	*c = (struct capsule){
		.fd = memfd_create("portico-export", MFD_CLOEXEC | MFD_ALLOW_SEALING),
		.max = max,
		.buffer = malloc(BUFFER),
	};
	if (c->fd >= 0 && c->buffer
		&& lseek(c->fd, sizeof(struct capsule_head), SEEK_SET) >= 0)
		return 0;
	int error = errno;
	capsule_close(c);
	errno = error;
	return -1;
}

static int failed(struct capsule *c, int error)
{
	c->failed = errno = error;
	return -1;
}

static int put(struct capsule *c, const unsigned char *data, size_t len)
{
	while (len > 0) {
		ssize_t n = write(c->fd, data, len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return failed(c, errno);
		data += n;
		len -= (size_t)n;
	}
	return 0;
}

static int flush(struct capsule *c)
{
	size_t held = c->held;

	c->held = 0;
	return put(c, c->buffer, held);
}

int capsule_write(struct capsule *c, const void *data, size_t len)
{
	if (c->failed)
		return failed(c, c->failed);
	if (len > c->max - c->len)
		return failed(c, EFBIG);
	if (len > BUFFER - c->held && flush(c) < 0)
		return -1;
	c->len += len;
	if (len > BUFFER)
		return put(c, data, len);
	if (len > 0)
		memcpy(c->buffer + c->held, data, len);
	c->held += len;
	return 0;
}

/* A private mapping: a shared one that could be made writable would be in the way of the seal. */
static int write_head(struct capsule *c, const char *plugin, uint32_t version)
{
	struct capsule_head head = { .magic = CAPSULE_MAGIC, .len = c->len, .version = version };
	size_t size = sizeof(head) + c->len;

	snprintf(head.plugin, sizeof(head.plugin), "%s", plugin);
	if (ftruncate(c->fd, (off_t)size) < 0)
		return -1;
	unsigned char *all = mmap(NULL, size, PROT_READ, MAP_PRIVATE, c->fd, 0);
	if (all == MAP_FAILED)
		return -1;
	head.sum = sum_of(&head, all + sizeof(head));
	munmap(all, size);
	return pwrite(c->fd, &head, sizeof(head), 0) == (ssize_t)sizeof(head) ? 0 : -1;
}

int capsule_seal(struct capsule *c, const char *plugin, uint32_t version)
{
	int fd = -1;

	errno = c->failed;
	if (!c->failed && flush(c) == 0 && write_head(c, plugin, version) == 0
		&& fcntl(c->fd, F_ADD_SEALS, SEALS) == 0) {
		fd = c->fd;
		c->fd = -1;
	}
	int error = errno;
	capsule_close(c);
	errno = error;
	return fd;
}

void capsule_close(struct capsule *c)
{
	if (c->fd >= 0)
		close(c->fd);
	free(c->buffer);
	c->fd = -1;
	c->buffer = NULL;
}

/* ---- reading ---- */

static const char *find_wrong(const struct capsule_view *v)
{
	const struct capsule_head *h = v->head;

	if (memcmp(h->magic, CAPSULE_MAGIC, sizeof(h->magic)) != 0)
		return "it does not begin as one of portico's";
	if (h->len > v->size - sizeof(*h))
		return "it is cut short";
	if (h->len < v->size - sizeof(*h))
		return "it is longer than it says";
	if (sum_of(h, v->data) != h->sum)
		return "its checksum is wrong";
	if (h->plugin[CAPSULE_NAME - 1] != '\0')
		return "its plugin's name has no end";
	return NULL;
}

const char *capsule_map(struct capsule_view *v, int fd)
{
	struct stat s;
	int seals = fcntl(fd, F_GET_SEALS);

	if (seals < 0 || (seals & SEALS) != SEALS)
		return "it is not sealed";
	if (fstat(fd, &s) < 0 || (uint64_t)s.st_size < sizeof(struct capsule_head))
		return "it is cut short";
	v->size = (size_t)s.st_size;
	void *all = mmap(NULL, v->size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (all == MAP_FAILED)
		return "there is no memory for it";
	v->head = all;
	v->data = v->head + 1;
	const char *wrong = find_wrong(v);
	if (wrong)
		capsule_unmap(v);
	return wrong;
}

void capsule_unmap(struct capsule_view *v)
{
	munmap((void *)(uintptr_t)v->head, v->size);
}
