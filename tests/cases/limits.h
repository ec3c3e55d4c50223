/* SPDX-License-Identifier: MIT */
/* limits.h - cases of http_cases.h: what is too long. */

/* limits */
{ "target at its limit", "3", HEAD("GET /" X10 X10 X10 X10 X10 X10 X10 X10 X10
	"xxxxxxxxx HTTP/1.1\r\n" HOST "\r\n"), "GET /" X10 X10 X10 X10 X10 X10 X10 X10 X10
	"xxxxxxxxx @a" },
{ "target over its limit", "3", HEAD("GET /" X100 " HTTP/1.1\r\n" HOST "\r\n"), "414" },
{ "query over its limit", "3", HEAD("GET /?" X100 " HTTP/1.1\r\n" HOST "\r\n"), "414" },
{ "question mark over the limit", "3", HEAD("GET /" X10 X10 X10 X10 X10 X10 X10 X10 X10
	"xxxxxxxxx?\" HTTP/1.1\r\n" HOST "\r\n"), "414" },
{ "bad byte where the limit is", "3", HEAD("GET /" X10 X10 X10 X10 X10 X10 X10 X10 X10
	"xxxxxxxxx\x01 HTTP/1.1\r\n" HOST "\r\n"), "400" },
{ "bad byte behind the limit", "3",
	HEAD("GET /" X100 "\x01 HTTP/1.1\r\n" HOST "\r\n"), "414" },
{ "absolute target over its limit", "3",
	HEAD("GET http://b/" X100 " HTTP/1.1\r\n" HOST "\r\n"), "414" },
{ "unfinished target over its limit", "3", HEAD("GET /" X100), "414" },
{ "eight fields", "6585 5",
	HEAD(GET "a:\r\na:\r\na:\r\na:\r\na:\r\na:\r\na:\r\n\r\n"), "GET / @a" },
{ "nine fields", "6585 5",
	HEAD(GET "a:\r\na:\r\na:\r\na:\r\na:\r\na:\r\na:\r\na:\r\n\r\n"), "431" },
{ "head at its limit", "6585 5", HEAD(GET "a:" X100 X100 X100 X100
	X10 X10 X10 X10 X10 X10 X10 X10 "x\r\n\r\n"), "GET / @a" },
{ "head over its limit", "6585 5", HEAD(GET "a:" X100 X100 X100 X100
	X10 X10 X10 X10 X10 X10 X10 X10 "xx\r\n\r\n"), "431" },
{ "endless value", "6585 5", HEAD(GET "a:" X100 X100 X100 X100 X100), "431" },
{ "endless name", "6585 5", HEAD(GET X100 X100 X100 X100 X100), "431" },
{ "bad byte behind the head's limit", "6585 5",
	HEAD(GET "a:" X100 X100 X100 X100 X100 "\n"), "431" },
