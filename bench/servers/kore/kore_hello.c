/* SPDX-License-Identifier: MIT */
/* kore_hello.c - kore's module: the same answer as everybody's. */
#include <kore/kore.h>
#include <kore/http.h>

int hello(struct http_request *req);

int hello(struct http_request *req)
{
	http_response_header(req, "Content-Type", "text/plain; charset=utf-8");
	http_response(req, 200, "Hello\n", 6);
	return KORE_RESULT_OK;
}
