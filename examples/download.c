/* SPDX-License-Identifier: MIT */
/* download.c - a file that a browser saves under a name: it goes to the client from where it lies, and
 * takes no memory, however large it is and however slowly it is read. */
#include <fcntl.h>
#include <portico.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct download {
	const char *file, *name;
};

static const struct portico_option options[] = {
	PORTICO_OPTION(STRING, struct download, file, NULL, "the file to send"),
	PORTICO_OPTION(STRING, struct download, name, "download", "what it is called where it is saved"),
	{ 0 },
};

/* The name is sent in quotes: RFC 6266, 4.1. */
static int start(struct portico_service *service)
{
	struct download *d = portico_service_state(service);

	if (!strpbrk(d->name, "\"\\/"))
		return 0;
	portico_log(service, PORTICO_ERROR, "name = %s: a name has no quotes and no slashes", d->name);
	return -1;
}

/* Opened each time: whoever replaces the file by rename(2) changes what the next client gets. */
static int open_file(const char *path, struct stat *st)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);

	if (fd >= 0 && (fstat(fd, st) < 0 || !S_ISREG(st->st_mode))) {
		close(fd);
		return -1;
	}
	return fd;
}

static int request(struct portico_request *req)
{
	struct download *d = portico_service_state(portico_request_service(req));
	char how[300];
	struct stat st;
	int fd = open_file(d->file, &st);

	if (fd < 0)
		return portico_reply_text(req, 404, "There is nothing to download\n");
	snprintf(how, sizeof(how), "attachment; filename=\"%.250s\"", d->name);
	portico_reply_header(req, "Content-Disposition", how);
	return portico_reply_file(req, 200, "application/octet-stream", fd, 0, st.st_size);
}

PORTICO_PLUGIN(.name = "download", .summary = "sends one file, to be saved", .methods = "GET",
	.options = options, .service_size = sizeof(struct download), .start = start,
	.http_request = request)
