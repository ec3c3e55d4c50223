/* SPDX-License-Identifier: MIT */
/*
 * files - a directory of files over HTTP (RFC 9110: GET, HEAD, conditions, ranges).
 *
 *	[handler web /static]
 *	plugin = files.so
 *	root = /srv/www
 *	prefix = /static
 *
 * GET /static/a/b.css answers with /srv/www/a/b.css.  Nothing outside of root is ever opened:
 * openat2(2) sees to that, and without it each component is opened by itself, symbolic
 * links refused.  With symlinks = yes they may point to what lies in root, by relative paths.
 * Names that begin with a dot are not there (404); what may not be read or leads out is
 * forbidden (403); a directory shows its index and never a list.
 *
 * A small file is kept in memory for cache_time (cache.c), so that asking for it again takes no system
 * call of ours; ranges are always sent from the file itself.
 */
#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "files/files.h"

static const struct portico_option options[] = {
	PORTICO_OPTION(STRING, struct site, root, NULL, "the directory that is served"),
	PORTICO_OPTION(STRING, struct site, prefix, "/", "what of the path is not looked for in root"),
	PORTICO_OPTION(STRING, struct site, index, "index.html", "the file that shows a directory"),
	PORTICO_OPTION(STRING, struct site, charset, "utf-8", "of text files; none: it is not told"),
	PORTICO_OPTION(BOOL, struct site, dot_files, "no", "serve names that begin with a dot"),
	PORTICO_OPTION(BOOL, struct site, symlinks, "no", "follow symbolic links inside of root"),
	PORTICO_OPTION(BOOL, struct site, gzip, "yes", "send name.gz, if it is no older than name"),
	PORTICO_OPTION_IN(SECONDS, struct site, max_age, "0", "0..", "how long a cache may keep it"),
	PORTICO_OPTION(SIZE, struct site, cache, "4m", "memory of each worker for small files; 0: none"),
	PORTICO_OPTION_IN(SIZE, struct site, cache_file, "16k", "0..16k", "how long a small one may be"),
	PORTICO_OPTION_IN(SECONDS, struct site, cache_time, "1s", "0..1h",
		"how old what is sent may be; 0: each is opened anew"),
	{ 0 }
};

/* ---- which file ---- */

static bool names_directory(const char *path)
{
	return path[strlen(path) - 1] == '/';
}

/* A directory's index; without one it is forbidden rather than not there, since there is no
 * list. */
static int open_index(const struct site *s, const char *path, const char *name, struct stat *st)
{
	int fd = site_open_file(s, name, st);

	if (fd >= 0 || errno != ENOENT)
		return fd;
	fd = site_open_file(s, *path ? path : ".", st);
	if (fd < 0)
		return -1;
	close(fd);
	errno = EACCES;
	return -1;
}

/* Takes the place of f if there is one for it. */
static void choose_gzip(const struct site *s, const char *path, struct file *f)
{
	char name[PATH_MAX];
	struct stat st;

	if (snprintf(name, sizeof(name), "%s.gz", path) >= (int)sizeof(name))
		return;
	int fd = site_open_file(s, name, &st);
	if (fd < 0)
		return;
	if (!S_ISREG(st.st_mode) || st.st_mtim.tv_sec < f->st.st_mtim.tv_sec) {
		close(fd);
		return;
	}
	close(f->fd);
	f->fd = fd;
	f->st = st;
	f->gzip = true;
}

/* ---- answers ---- */

static int fail(struct portico_request *req, int error)
{
	switch (error) {
	case ENOENT: case ENOTDIR: case ENAMETOOLONG: case ENXIO: case EINVAL:
		return portico_reply_text(req, 404, "There is no such file\n");
	case EACCES: case EPERM: case ELOOP: case EXDEV:
		return portico_reply_text(req, 403, "This may not be read\n");
	case EMFILE: case ENFILE: case ENOMEM: case EAGAIN:
		return portico_reply_text(req, 503, "Come back later\n");
	}
	portico_log(portico_request_service(req), PORTICO_ERROR, "%s: %s",
		portico_request_path(req), strerror(error));
	return portico_reply_text(req, 500, "This cannot be read\n");
}

/* To the path with a slash behind it.  From the path as it was understood, and with one slash
 * in front: "//host/.." would lead to another server. */
static int redirect(struct portico_request *req)
{
	static const char plain[] = "/-._~!$&'()*+,;=:@";
	const char *path = portico_request_path(req), *query = portico_request_query(req);
	size_t room = 3 * strlen(path) + (query ? strlen(query) : 0) + 4;
	char *to = portico_request_alloc(req, room), *at = to;

	if (!to)
		return -1;
	*at++ = '/';
	for (path += strspn(path, "/"); *path; path++)
		if (strchr(plain, *path) || (isascii(*path) && isalnum(*path)))
			*at++ = *path;
		else
			at += sprintf(at, "%%%02X", (unsigned char)*path);
	snprintf(at, room - (size_t)(at - to), "/%s%s", query ? "?" : "", query ? query : "");
	if (portico_reply_header(req, "Location", to) < 0)
		return -1;
	return portico_reply_text(req, 301, "It is a directory\n");
}

static void say_about(struct portico_request *req, const struct site *s, const struct file *f)
{
	portico_reply_header(req, "ETag", f->etag);
	portico_reply_header(req, "Last-Modified", f->modified);
	if (s->gzip)
		portico_reply_header(req, "Vary", "Accept-Encoding");
	if (*s->cache_control)
		portico_reply_header(req, "Cache-Control", s->cache_control);
}

static void let_go(const struct file *f)
{
	if (f->fd >= 0)
		close(f->fd);
}

/* text: of Range, or NULL.  f->fd is taken. */
static int send_file(struct portico_request *req, const struct site *s, const struct file *f,
	const char *text)
{
	struct range ranges[MAX_RANGES];
	int count = 0;

	say_about(req, s, f);
	int status = check_conditions(req, f);
	if (status) {
		let_go(f);
		return status == 304 ? portico_reply(req, 304, NULL, NULL, 0)
				: portico_reply_text(req, 412, "It is another one now\n");
	}
	if (text && strcmp(portico_request_method(req), "GET") == 0 && range_is_wanted(req, f))
		count = parse_ranges(text, f->st.st_size, ranges);
	portico_reply_header(req, "Accept-Ranges", "bytes");
	if (count < 0) {
		char size[40];
		let_go(f);
		snprintf(size, sizeof(size), "bytes */%" PRId64, (int64_t)f->st.st_size);
		portico_reply_header(req, "Content-Range", size);
		return portico_reply_text(req, 416, "It is not that long\n");
	}
	if (f->gzip)
		portico_reply_header(req, "Content-Encoding", "gzip");
	if (count > 0)
		return send_ranges(req, f, ranges, (unsigned)count);
	if (f->body)
		return portico_reply(req, 200, f->type, f->body, (size_t)f->st.st_size);
	return portico_reply_file(req, 200, f->type, f->fd, 0, f->st.st_size);
}

static int begin(struct portico_request *req)
{
	const char *method = portico_request_method(req);

	if (strcmp(method, "GET") == 0 || strcmp(method, "HEAD") == 0)
		return 0;
	portico_reply_header(req, "Allow", "GET, HEAD");
	return portico_reply_text(req, 405, "Files can only be read here\n");
}

/* Opens what the path names, and describes it.  Or answers that there is nothing to send: f->fd is
 * -1 then, and this gives what http_request() is to. */
static int open_named(struct portico_request *req, const struct site *s, bool gzip, struct file *f)
{
	const char *path = site_name(s, portico_request_path(req));
	const char *name = path;
	char index[PATH_MAX];

	if (!path)
		return fail(req, ENOENT);
	bool directory = names_directory(portico_request_path(req));
	if (directory) {
		if (snprintf(index, sizeof(index), "%s%s", path, s->index) >= PATH_MAX)
			return fail(req, ENAMETOOLONG);
		name = index;
	}
	f->fd = directory ? open_index(s, path, name, &f->st)
			  : site_open_file(s, *name ? name : ".", &f->st);
	if (f->fd < 0)
		return fail(req, errno);
	if (!S_ISREG(f->st.st_mode)) {
		close(f->fd);
		f->fd = -1;
		return S_ISDIR(f->st.st_mode) && !directory ? redirect(req) : fail(req, EACCES);
	}
	f->type = type_of(req, s, name);
	if (gzip)
		choose_gzip(s, name, f);
	describe(f);
	return 0;
}

static int request(struct portico_request *req)
{
	struct site *s = portico_service_state(portico_request_service(req));
	const char *path = portico_request_path(req), *range = portico_request_header(req, "Range");
	bool gzip = takes_gzip(req, s), keeps = s->kept && !range;
	const struct file *kept = keeps ? cache_find(s->kept, path, gzip) : NULL;
	struct file f = { .fd = -1 };

	if (kept)
		return send_file(req, s, kept, NULL);
	int result = open_named(req, s, gzip, &f);
	if (f.fd < 0)
		return result;
	if (keeps && (uint64_t)f.st.st_size <= s->cache_file)
		kept = cache_keep(s->kept, path, gzip, &f);
	if (!kept)
		return send_file(req, s, &f, range);
	close(f.fd);
	return send_file(req, s, kept, NULL);
}

/* ---- birth and death ---- */

static int start(struct portico_service *service)
{
	struct site *s = portico_service_state(service);
	bool keeps = s->cache > 0 && s->cache_time > 0.;

	if (site_open(service, s) < 0)
		return -1;
	if (s->max_age > 0.)
		snprintf(s->cache_control, sizeof(s->cache_control), "max-age=%.0f", s->max_age);
	s->kept = keeps ? cache_create(s->cache, s->cache_time) : NULL;
	s->types = types_load();
	if (s->types && (s->kept || !keeps))
		return 0;
	portico_log(service, PORTICO_ERROR, "no memory for /etc/mime.types or the cache");
	return -1;
}

static void stop(struct portico_service *service)
{
	struct site *s = portico_service_state(service);

	site_close(s);
	cache_destroy(s->kept);
	types_free(s->types);
}

PORTICO_PLUGIN(.name = "files", .summary = "serves a directory of files",
	.options = options, .service_size = sizeof(struct site), .request_size = sizeof(struct answer),
	.start = start, .stop = stop, .http_begin = begin, .http_request = request,
	.http_drained = send_next_part, .http_done = end_parts)
