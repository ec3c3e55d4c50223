/* SPDX-License-Identifier: MIT */
/*
 * shared.c - the table of a service by HTTP: the path is the call, the query is the key, and what
 * it answers ends with the worker's number.
 */
#include <portico.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>

static int answer(struct portico_request *req, const char *text)
{
	char line[256];

	snprintf(line, sizeof(line), "%s %u\n", text,
		portico_service_worker(portico_request_service(req)));
	return portico_reply_text(req, 200, line);
}

static int add(struct portico_request *req, struct portico_service *s, const char *key)
{
	char text[32];
	int64_t now;

	if (portico_table_add(s, key, strlen(key), 1, 0., &now) < 0)
		return answer(req, strerror(errno));
	snprintf(text, sizeof(text), "%lld", (long long)now);
	return answer(req, text);
}

static int get(struct portico_request *req, struct portico_service *s, const char *key)
{
	char value[128];
	ssize_t len = portico_table_get(s, key, strlen(key), value, sizeof(value) - 1);

	if (len < 0)
		return answer(req, strerror(errno));
	value[len] = '\0';
	return answer(req, value);
}

static int request(struct portico_request *req)
{
	struct portico_service *s = portico_request_service(req);
	const char *call = portico_request_path(req), *key = portico_request_query(req);
	int result = 0;

	if (strcmp(call, "/add") == 0)
		return add(req, s, key);
	if (strcmp(call, "/get") == 0)
		return get(req, s, key);
	if (strcmp(call, "/put") == 0)
		result = portico_table_put(s, key, strlen(key), "put", 3, 0.);
	if (strcmp(call, "/swap") == 0)
		result = portico_table_swap(s, key, strlen(key), "put", 3, "swapped", 7, 0.);
	if (strcmp(call, "/delete") == 0)
		result = portico_table_delete(s, key, strlen(key));
	return answer(req, result == 0 ? "done" : strerror(errno));
}

PORTICO_PLUGIN(.name = "shared", .http_request = request)
