/* SPDX-License-Identifier: MIT */
/*
 * http_path.h - one form for every spelling of a path.
 *
 * Pure, as http_parse.h.
 */
#ifndef PORTICO_PROTO_HTTP_PATH_H
#define PORTICO_PROTO_HTTP_PATH_H

#include <stddef.h>
#include <sys/types.h>

/* Writes to out, which has room for len + 1 bytes, the path with percent
 * triplets decoded once (RFC 3986, 2.1), then dot segments removed (5.2.4)
 * and runs of '/' kept as they are, ended by a NUL.  Decoding "%2F" gives
 * a '/' that separates segments, and "%2e%2e" is "..": whatever names a place outside the
 * root stays at the root.  Gives the length; -1 if raw does not begin with
 * '/', has a bad triplet or one that stands for NUL.  out may be raw. */
ssize_t http_path_normalise(char *out, const char *raw, size_t len);

#endif
