/* SPDX-License-Identifier: MIT */
/* ranges.c - a piece of a file, or several in one reply. */
#include <ctype.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/random.h>
#include <unistd.h>

#include "files/files.h"

struct parts {                   /* of a reply with several ranges */
	int          fd;
	unsigned     count, next;
	int64_t      size;
	const char  *type;
	char         boundary[40];
	struct range ranges[MAX_RANGES];
};

/* Digits, as large as they come; -1: there are none. */
static int64_t number(const char **at)
{
	int64_t n = 0;

	if (!isdigit((unsigned char)**at))
		return -1;
	for (; isdigit((unsigned char)**at); ++*at)
		n = n > (INT64_MAX - 9) / 10 ? INT64_MAX : n * 10 + (**at - '0');
	return n;
}

/* One of "1-2", "1-", "-2".  false: it is none.  A length of 0: nothing of it is there. */
static bool parse_range(const char **at, int64_t size, struct range *out)
{
	int64_t first = number(at);

	if (*(*at)++ != '-')
		return false;
	int64_t last = number(at);
	if ((first < 0 && last < 0) || (first >= 0 && last >= 0 && last < first))
		return false;
	if (first < 0) {
		first = last < size ? size - last : 0;
		last = size - 1;
	}
	if (last < 0 || last >= size)
		last = size - 1;
	*out = (struct range){ first, first <= last ? last - first + 1 : 0 };
	return true;
}

/* RFC 9110, 14.2 and 17.15. */
int parse_ranges(const char *text, int64_t size, struct range *out)
{
	int count = 0, specs = 0;
	int64_t total = 0;
	struct range r;

	/* Of a longer one the sum of two, or of one and its heads, would be more than can be counted. */
	if (strncasecmp(text, "bytes=", 6) != 0 || size > INT64_MAX / 2)
		return 0;
	for (text += 6; *(text += strspn(text, " \t,")); specs++) {
		if (specs == MAX_RANGES || !parse_range(&text, size, &r))
			return 0;
		text += strspn(text, " \t");
		if (*text && *text != ',')
			return 0;
		if (r.length > 0)
			out[count++] = r;
		total += r.length;
		if (total > size)
			return 0;
	}
	return specs > 0 && count == 0 ? -1 : count;
}

static int send_range(struct portico_request *req, const struct file *f, struct range r)
{
	char text[80];

	snprintf(text, sizeof(text), "bytes %" PRId64 "-%" PRId64 "/%" PRId64, r.first,
		r.first + r.length - 1, (int64_t)f->st.st_size);
	portico_reply_header(req, "Content-Range", text);
	return portico_reply_file(req, 206, f->type, f->fd, r.first, r.length);
}

/* Its length, as snprintf(3); number count is what ends the body. */
static int part_head(const struct parts *p, unsigned i, char *out, size_t room)
{
	if (i == p->count)
		return snprintf(out, room, "\r\n--%s--\r\n", p->boundary);
	return snprintf(out, room, "\r\n--%s\r\nContent-Type: %s\r\nContent-Range: bytes %" PRId64
		"-%" PRId64 "/%" PRId64 "\r\n\r\n", p->boundary, p->type, p->ranges[i].first,
		p->ranges[i].first + p->ranges[i].length - 1, p->size);
}

/* The next part goes when the one before it is gone: two descriptors a client, at most. */
static int send_part(struct portico_request *req, struct parts *p)
{
	char head[512];
	unsigned i = p->next++;
	int len = part_head(p, i, head, sizeof(head));

	if (len >= (int)sizeof(head) || portico_reply_write(req, head, (size_t)len) < 0)
		return -1;
	if (i == p->count)
		return portico_reply_end(req);
	int fd = fcntl(p->fd, F_DUPFD_CLOEXEC, 0);
	if (fd < 0)
		return -1;
	return portico_reply_write_file(req, fd, p->ranges[i].first, p->ranges[i].length);
}

static int send_parts(struct portico_request *req, const struct file *f,
	const struct range *ranges, unsigned count)
{
	struct answer *a = portico_request_state(req);
	struct parts *p = portico_request_alloc(req, sizeof(*p));
	uint64_t chance[2];
	char type[80];
	int64_t length = 0;

	if (!p || getrandom(chance, sizeof(chance), 0) != sizeof(chance)) {
		close(f->fd);
		return -1;
	}
	*p = (struct parts){ .fd = f->fd, .count = count, .size = f->st.st_size, .type = f->type };
	memcpy(p->ranges, ranges, count * sizeof(*ranges));
	snprintf(p->boundary, sizeof(p->boundary), "%016" PRIx64 "%016" PRIx64, chance[0], chance[1]);
	a->parts = p;
	for (unsigned i = 0; i <= count; i++)
		length += part_head(p, i, NULL, 0) + (i < count ? ranges[i].length : 0);
	snprintf(type, sizeof(type), "multipart/byteranges; boundary=%s", p->boundary);
	portico_reply_header(req, "Content-Type", type);
	if (portico_reply_begin(req, 206, length) < 0 || send_part(req, p) < 0)
		return -1;
	return PORTICO_LATER;
}

int send_ranges(struct portico_request *req, const struct file *f, const struct range *ranges,
	unsigned count)
{
	return count == 1 ? send_range(req, f, ranges[0]) : send_parts(req, f, ranges, count);
}

void send_next_part(struct portico_request *req)
{
	struct answer *a = portico_request_state(req);

	if (a->parts && send_part(req, a->parts) < 0)
		portico_conn_abort(portico_request_conn(req));
}

void end_parts(struct portico_request *req)
{
	struct answer *a = portico_request_state(req);

	if (a->parts)
		close(a->parts->fd);
}
