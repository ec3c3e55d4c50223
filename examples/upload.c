/* SPDX-License-Identifier: MIT */
/* upload.c - a streamed request body: counted and summed piece by piece, so
 * that an upload of any size costs no memory. */
#include <inttypes.h>
#include <portico.h>
#include <stdio.h>
#include <string.h>

struct upload {                  /* one for each request */
	uint64_t bytes;
	uint32_t sum;            /* FNV-1a, enough to see that nothing got lost */
};

static int begin(struct portico_request *req)
{
	struct upload *upload = portico_request_state(req);
	const char *method = portico_request_method(req);

	upload->sum = 2166136261u;
	if (strcmp(method, "POST") == 0 || strcmp(method, "PUT") == 0)
		return 0;
	portico_reply_header(req, "Allow", "POST, PUT");
	return portico_reply_text(req, 405, "POST or PUT something here\n");
}

static ssize_t body(struct portico_request *req, const void *data, size_t len)
{
	struct upload *upload = portico_request_state(req);
	const unsigned char *at = data;

	for (size_t i = 0; i < len; i++)
		upload->sum = (upload->sum ^ at[i]) * 16777619u;
	upload->bytes += len;
	return (ssize_t)len;
}

static int request(struct portico_request *req)
{
	struct upload *upload = portico_request_state(req);
	char text[64];

	snprintf(text, sizeof(text), "%" PRIu64 " bytes, FNV-1a %08" PRIx32 "\n",
		upload->bytes, upload->sum);
	return portico_reply_text(req, 200, text);
}

PORTICO_PLUGIN(.name = "upload", .summary = "counts what is uploaded",
	.request_size = sizeof(struct upload),
	.http_begin = begin, .http_body = body, .http_request = request)
