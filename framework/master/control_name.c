/* SPDX-License-Identifier: MIT */
/*
 * control_name.c - where the master of a configuration file is found.
 *
 * An abstract name needs no directory that somebody has to make, leaves
 * nothing behind, and tells two servers apart by their files.  Who speaks there is
 * checked on both sides by SO_PEERCRED, since anybody may take such a name.
 */
#include "master/control_name.h"

#include <errno.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static uint64_t hash(const char *s)
{
	uint64_t h = 14695981039346656037u;      /* FNV-1a */

	for (; *s; s++)
		h = (h ^ (unsigned char)*s) * 1099511628211u;
	return h;
}

static socklen_t abstract_name(const char *file, struct sockaddr_un *out)
{
	char *real = realpath(file, NULL);
	if (!real)
		return 0;
	int len = snprintf(out->sun_path + 1, sizeof(out->sun_path) - 1, "portico/%016llx",
		(unsigned long long)hash(real));
	free(real);
	return (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + (size_t)len);
}

socklen_t control_name(const char *file, const char *path, struct sockaddr_un *out)
{
	memset(out, 0, sizeof(*out));
	out->sun_family = AF_UNIX;
	if (!path)
		return abstract_name(file, out);
	if (strlen(path) >= sizeof(out->sun_path)) {
		errno = ENAMETOOLONG;
		return 0;
	}
	strcpy(out->sun_path, path);
	return (socklen_t)sizeof(*out);
}
