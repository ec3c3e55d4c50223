/* SPDX-License-Identifier: MIT */
/*
 * smuggling.h - requests that two servers in a row could take for different
 * ones.  Each hides "GET /hidden" where only a lenient reader finds a request:
 * read strictly, no vector has it.
 */
#ifndef PORTICO_TESTS_SMUGGLING_H
#define PORTICO_TESTS_SMUGGLING_H

#include <stddef.h>

struct vector {
	const char *name;
	const char *bytes;
	size_t      len;
};

#define BYTES(text) (text), sizeof(text) - 1
#define HOST "Host: a\r\n"
#define POST "POST / HTTP/1.1\r\n" HOST
#define HIDDEN "GET /hidden HTTP/1.1\r\n" HOST "\r\n"    /* 33 bytes, 0x21 */
#define LENGTH(n) "Content-Length: " n "\r\n"
/* A chunked body of nothing with the hidden request behind it; its length says that all of it is body. */
#define CL_TE(coding) POST LENGTH("38") coding "\r\n0\r\n\r\n" HIDDEN
/* The other way round: one chunk that holds the hidden request; its length says 4. */
#define TE_CL(coding) POST LENGTH("4") coding "\r\n21\r\n" HIDDEN "\r\n0\r\n\r\n"
/* No length: whoever does not know the coding sees no body. */
#define TE_ONLY(coding) POST coding "\r\n21\r\n" HIDDEN "\r\n0\r\n\r\n"
#define CHUNKED POST "Transfer-Encoding: chunked\r\n\r\n"

static const struct vector vectors[] = {
	/* Content-Length and Transfer-Encoding */
	{ "CL.TE", BYTES(CL_TE("Transfer-Encoding: chunked\r\n")) },
	{ "TE.CL", BYTES(TE_CL("Transfer-Encoding: chunked\r\n")) },
	{ "CL.TE, the length behind",
		BYTES(POST "Transfer-Encoding: chunked\r\n" LENGTH("38") "\r\n0\r\n\r\n" HIDDEN) },
	{ "CL.0 with chunked",
		BYTES(POST LENGTH("0") "Transfer-Encoding: chunked\r\n\r\n21\r\n" HIDDEN
			"\r\n0\r\n\r\n") },
	{ "CL.TE from 1.0",
		BYTES("POST / HTTP/1.0\r\n" HOST LENGTH("38") "Connection: keep-alive\r\n"
		"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n" HIDDEN) },
	{ "TE from 1.0", BYTES("POST / HTTP/1.0\r\n" HOST "Connection: keep-alive\r\n"
		"Transfer-Encoding: chunked\r\n\r\n21\r\n" HIDDEN "\r\n0\r\n\r\n") },

	/* Transfer-Encoding that only one of two knows */
	{ "TE.TE, xchunked", BYTES(TE_CL("Transfer-Encoding: xchunked\r\n")) },
	{ "TE.TE, space before the colon", BYTES(TE_CL("Transfer-Encoding : chunked\r\n")) },
	{ "TE.TE, HTAB before the value", BYTES(TE_CL("Transfer-Encoding:\tchunked\r\n")) },
	{ "TE.TE, VT before the value", BYTES(TE_CL("Transfer-Encoding:\vchunked\r\n")) },
	{ "TE.TE, space in front", BYTES(TE_CL(" Transfer-Encoding: chunked\r\n")) },
	{ "TE.TE, folded", BYTES(TE_CL("Transfer-Encoding:\r\n chunked\r\n")) },
	{ "TE.TE, behind a bare LF", BYTES(TE_CL("X: a\nTransfer-Encoding: chunked\r\n")) },
	{ "TE.TE, behind a bare CR", BYTES(TE_CL("X: a\rTransfer-Encoding: chunked\r\n")) },
	{ "TE.TE, twice, the second unknown",
		BYTES(TE_CL("Transfer-Encoding: chunked\r\nTransfer-Encoding: x\r\n")) },
	{ "TE.TE, twice, the first unknown",
		BYTES(TE_CL("Transfer-Encoding: x\r\nTransfer-Encoding: chunked\r\n")) },
	{ "TE.TE, twice and equal",
		BYTES(TE_CL("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n")) },
	{ "TE.TE, identity first", BYTES(TE_CL("Transfer-Encoding: identity, chunked\r\n")) },
	{ "TE.TE, identity last", BYTES(TE_CL("Transfer-Encoding: chunked, identity\r\n")) },
	{ "TE.TE, chunked twice", BYTES(TE_CL("Transfer-Encoding: chunked, chunked\r\n")) },
	{ "TE.TE, in quotes", BYTES(TE_CL("Transfer-Encoding: \"chunked\"\r\n")) },
	{ "TE.TE, with NUL", BYTES(TE_CL("Transfer-Encoding: chunked\0\r\n")) },
	{ "TE.TE, with DEL", BYTES(TE_CL("Transfer-Encoding: chunked\x7f\r\n")) },
	{ "TE.TE, with a high byte", BYTES(TE_CL("Transfer-Encoding: \xff" "chunked\r\n")) },
	{ "TE.TE, with a parameter", BYTES(TE_CL("Transfer-Encoding: chunked;a=b\r\n")) },
	{ "TE.TE, underscore", BYTES(CL_TE("Transfer_Encoding: chunked\r\n")) },
	{ "TE.TE, CRLF without LF behind", BYTES(TE_CL("Transfer-Encoding: chunked\r\r\n")) },
	{ "TE.TE, named by Connection",
		BYTES(CL_TE("Connection: Transfer-Encoding\r\nTransfer-Encoding: chunked\r\n")) },
	{ "TE without a length, empty element", BYTES(TE_ONLY("Transfer-Encoding: ,chunked\r\n")) },
	{ "TE without a length, unknown", BYTES(TE_ONLY("Transfer-Encoding: cow\r\n")) },
	{ "TE without a length, in a fold",
		BYTES(TE_ONLY("X: a\r\n Transfer-Encoding: chunked\r\n")) },

	/* two lengths */
	{ "CL.CL", BYTES(POST LENGTH("0") LENGTH("33") "\r\n" HIDDEN) },
	{ "CL.CL, the other way round", BYTES(POST LENGTH("33") LENGTH("0") "\r\n" HIDDEN) },
	{ "CL.CL, as a list", BYTES(POST LENGTH("33, 0") "\r\n" HIDDEN) },
	{ "CL with plus", BYTES(POST LENGTH("+33") "\r\n" HIDDEN) },
	{ "CL with a space before the colon", BYTES(POST "Content-Length : 33\r\n\r\n" HIDDEN) },
	{ "CL with a letter behind", BYTES(POST LENGTH("33a") "\r\n" HIDDEN) },
	{ "CL over 2^64", BYTES(POST LENGTH("18446744073709551616") "\r\n" HIDDEN) },
	{ "CL over 2^64 by 33", BYTES(POST LENGTH("18446744073709551649") "\r\n" HIDDEN) },
	{ "CL empty", BYTES(POST LENGTH("") "\r\n" HIDDEN) },
	{ "CL with NUL", BYTES(POST LENGTH("33\0") "\r\n" HIDDEN) },
	{ "CL folded", BYTES(POST "Content-Length:\r\n 33\r\n\r\n" HIDDEN) },
	{ "CL behind a bare LF", BYTES(POST "X: a\nContent-Length: 33\r\n\r\n" HIDDEN) },
	{ "CL of GET", BYTES("GET / HTTP/1.1\r\n" HOST LENGTH("33") "\r\n" HIDDEN) },
	{ "CL of HEAD", BYTES("HEAD / HTTP/1.1\r\n" HOST LENGTH("33") "\r\n" HIDDEN) },
	{ "CL with Expect", BYTES(POST "Expect: 100-continue\r\n" LENGTH("33") "\r\n" HIDDEN) },

	/* chunks */
	{ "size ends with LF", BYTES(CHUNKED "21\n" HIDDEN "\n0\n\n") },
	{ "extension ends with LF", BYTES(CHUNKED "2;\nxx\r\n21\r\n" HIDDEN "\r\n0\r\n\r\n") },
	{ "extension with a quoted CRLF", BYTES(CHUNKED "21;a=\"\r\n" HIDDEN "\"\r\n0\r\n\r\n") },
	{ "extension with a bare CR", BYTES(CHUNKED "21;a\rb\r\n" HIDDEN "\r\n0\r\n\r\n") },
	{ "size with 0x", BYTES(CHUNKED "0x21\r\n" HIDDEN "\r\n0\r\n\r\n") },
	{ "size with minus", BYTES(CHUNKED "-0\r\n\r\n" HIDDEN) },
	{ "size over 2^64", BYTES(CHUNKED "10000000000000021\r\n" HIDDEN "\r\n0\r\n\r\n") },
	{ "size over 2^32", BYTES(CHUNKED "100000000\r\n\r\n" HIDDEN) },
	{ "size with a space behind", BYTES(CHUNKED "0 \r\n\r\n" HIDDEN) },
	{ "data too long", BYTES(CHUNKED "1\r\naXX0\r\n\r\n" HIDDEN) },
	{ "data ends with LF", BYTES(CHUNKED "1\r\na\n0\r\n\r\n" HIDDEN) },
	{ "body ends with LF", BYTES(CHUNKED "0\r\n\n" HIDDEN) },
	{ "body without its last CRLF", BYTES(CHUNKED "0\r\n" HIDDEN) },
	{ "trailer with a length",
		BYTES(CHUNKED "21\r\n" HIDDEN "\r\n0\r\nContent-Length: 4\r\n\r\n") },
	{ "trailer with LF", BYTES(CHUNKED "0\r\nA: b\n\n" HIDDEN) },
	{ "trailer without a colon", BYTES(CHUNKED "0\r\nA\r\n\r\n" HIDDEN) },

	/* heads */
	{ "head ends with LF LF", BYTES("GET / HTTP/1.1\r\n" HOST "X: a\n\n" HIDDEN) },
	{ "head ends with CR LF LF", BYTES("GET / HTTP/1.1\r\n" HOST "X: a\r\n\n" HIDDEN) },
	{ "head ends with CR CR", BYTES("GET / HTTP/1.1\r\n" HOST "X: a\r\r" HIDDEN) },
	{ "hidden behind a bare LF in a value",
		BYTES("GET / HTTP/1.1\r\n" HOST "X: a\n\nGET /hidden HTTP/1.1\r\n\r\n") },
	{ "hidden in the target", BYTES("GET /a\rGET /hidden HTTP/1.1\r\n" HOST "\r\n") },
	{ "hidden in a fold", BYTES("GET / HTTP/1.1\r\n" HOST "X: a\r\n \r\n " HIDDEN) },
	{ "hidden in a percent-encoded CRLF",
		BYTES("GET /%20HTTP/1.1%0d%0aHost:%20a%0d%0a%0d%0aGET%20/hidden"
		" HTTP/1.1\r\n" HOST "\r\n") },
	{ "Upgrade with a body",
		BYTES(POST "Connection: Upgrade\r\nUpgrade: foo\r\n" LENGTH("33") "\r\n" HIDDEN) },
	{ "Upgrade to h2c",
		BYTES(POST
			"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABk\r\n"
		LENGTH("33") "\r\n" HIDDEN) },
	{ "absolute, another Host",
		BYTES("POST http://b/ HTTP/1.1\r\n" HOST LENGTH("33") "\r\n" HIDDEN) },
	{ "two Hosts", BYTES("POST / HTTP/1.1\r\n" HOST "Host: b\r\n" LENGTH("33") "\r\n" HIDDEN) },
	{ "X-Forwarded-Proto with CRLF in wide characters",
		BYTES(POST "X: \xe5\x98\x8d\xe5\x98\x8aTransfer-Encoding: chunked\r\n" LENGTH("33")
	"\r\n" HIDDEN) },
};

#undef BYTES
#undef HOST
#undef POST
#undef HIDDEN
#undef LENGTH
#undef CL_TE
#undef TE_CL
#undef TE_ONLY
#undef CHUNKED

enum { VECTORS = sizeof(vectors) / sizeof(vectors[0]) };

#endif
