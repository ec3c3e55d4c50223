/* SPDX-License-Identifier: MIT */
/*
 * http_allow.h - the methods that a plugin names, and the answers about them.
 */
#ifndef PORTICO_PROTO_HTTP_ALLOW_H
#define PORTICO_PROTO_HTTP_ALLOW_H

#include <stdbool.h>

struct portico_request;

/* Whether methods, "GET POST" with a blank between two, has method; NULL has all.  HEAD
 * is had where GET is: RFC 9110, 9.1. */
bool http_allow_has(const char *methods, const char *method);

/* Whether it is of that form and not empty. */
bool http_allow_is_sound(const char *methods);

/* The handler of r does not have r's method: 405, or for OPTIONS 204, with Allow.  0 or -1. */
int http_allow_refuse(struct portico_request *r);

/* OPTIONS * (RFC 9110, 9.3.7): 204 with what any handler of the service has.  0 or -1. */
int http_allow_any(struct portico_request *r);

#endif
