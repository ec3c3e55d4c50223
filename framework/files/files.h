/* SPDX-License-Identifier: MIT */
/*
 * files.h - what the files of the plugin files share; files.c says what it is.
 */
#ifndef PORTICO_FILES_FILES_H
#define PORTICO_FILES_FILES_H

#include <portico.h>
#include <sys/stat.h>

struct site {                    /* one for each worker */
	const char   *root, *prefix, *index, *charset;
	bool          dot_files, symlinks, gzip;
	double        max_age, cache_time;
	size_t        cache, cache_file;
	bool          open, openat2;
	int           fd;        /* of root */
	struct types *types;
	struct cache *kept;      /* NULL: nothing is */
	char          cache_control[40];         /* "": it is not told */
	char          accepted[80];              /* the last Accept-Encoding, and what it meant */
	bool          accepted_gzip;
};

struct file {                    /* what is chosen to be sent */
	int         fd;          /* -1: it is kept, in body */
	const char *body;
	struct stat st;
	const char *type;
	bool        gzip;        /* it is the sibling */
	char        etag[72], modified[30];
};

struct answer {                  /* one for each request */
	struct parts *parts;     /* of a reply with several ranges; NULL: it has none */
};

/* ---- open.c: opening, never outside of root ---- */

int  site_open(struct portico_service *service, struct site *s);  /* -1: said why */
void site_close(struct site *s);

/* What path names in root, without the prefix and slashes in front; NULL: nothing. */
const char *site_name(const struct site *s, const char *path);
/* A name to its descriptor; -1 and errno. */
int site_open_file(const struct site *s, const char *name, struct stat *st);

/* ---- types.c: what a file's name says of it ---- */

struct types *types_load(void);  /* NULL and ENOMEM */
void          types_free(struct types *t);
/* As long as the request. */
const char   *type_of(struct portico_request *req, const struct site *s, const char *name);

/* ---- conditions.c: RFC 9110, 8.8, 12.5.3 and 13 ---- */

void describe(struct file *f);   /* fills in etag and modified */
/* 412, 304, or 0: go on. */
int  check_conditions(struct portico_request *req, const struct file *f);
bool range_is_wanted(struct portico_request *req, const struct file *f); /* as to If-Range */
bool takes_gzip(struct portico_request *req, struct site *s);

/* ---- cache.c: small files, as they were within the last moment ---- */

/* limit: bytes, all counted.  seconds: how old what is found can be.  NULL and ENOMEM. */
struct cache *cache_create(size_t limit, double seconds);
void          cache_destroy(struct cache *c);        /* NULL is fine */

/* What was kept for that path, for those who take gzip or for the others; NULL: nothing that is
 * young enough.  Valid until the next cache_keep() or cache_find(). */
const struct file *cache_find(struct cache *c, const char *path, bool takes_gzip);
/* After cache_find(), before which f was not looked for: reads it, and is as that.  NULL: it does not
 * fit, could not be read, or changed meanwhile.  f->fd stays the caller's. */
const struct file *cache_keep(struct cache *c, const char *path, bool takes_gzip,
	const struct file *f);

/* ---- ranges.c: RFC 9110, 14 ---- */

enum { MAX_RANGES = 16 };

struct range {
	int64_t first, length;
};

/* How many there are to send, -1: none can be (416).  0: the header does not count, since it
 * is malformed, asks for more pieces than are good for anything, or for more than the whole. */
int parse_ranges(const char *text, int64_t size, struct range *out);

/* What http_request() is to give; f->fd is taken. */
int send_ranges(struct portico_request *req, const struct file *f, const struct range *ranges,
	unsigned count);
void send_next_part(struct portico_request *req);   /* for http_drained() */
void end_parts(struct portico_request *req);        /* for http_done() */

#endif
