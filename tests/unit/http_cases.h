/* SPDX-License-Identifier: MIT */
/*
 * http_cases.h - request heads, and what becomes of each.
 *
 * One table for everything that reads heads: the unit test of the parser, and
 * comparisons with other servers.  The limits are small, so that a case can
 * show one; no case but those about limits comes near them.
 */
#ifndef PORTICO_TESTS_HTTP_CASES_H
#define PORTICO_TESTS_HTTP_CASES_H

#include <stddef.h>

enum { CASE_MAX_TARGET = 100, CASE_MAX_HEAD = 512, CASE_MAX_FIELDS = 8 };

struct http_case {
	const char *name;
	const char *rfc;         /* the section that decides; of 9112 unless another is named */
	const char *head;
	size_t      len;         /* heads may hold NUL */
	int         status;      /* 0: accepted */
};

#define HEAD(text) (text), sizeof(text) - 1
#define HOST "Host: a\r\n"
#define GET "GET / HTTP/1.1\r\n" HOST          /* fields may follow */
#define X10 "xxxxxxxxxx"
#define X100 X10 X10 X10 X10 X10 X10 X10 X10 X10 X10

static const struct http_case http_cases[] = {
	/* whole heads */
	{ "smallest 1.1", "3", HEAD(GET "\r\n"), 0 },
	{ "smallest 1.0", "3", HEAD("GET / HTTP/1.0\r\n\r\n"), 0 },
	{ "later minor version", "9110 2.5", HEAD("GET / HTTP/1.9\r\n" HOST "\r\n"), 0 },
	{ "one empty line in front", "2.2", HEAD("\r\n" GET "\r\n"), 0 },
	{ "two empty lines in front", "2.2", HEAD("\r\n\r\n" GET "\r\n"), 400 },
	{ "LF in front", "2.2", HEAD("\n" GET "\r\n"), 400 },
	{ "CR in front", "2.2", HEAD("\r" GET "\r\n"), 400 },
	{ "space in front", "3", HEAD(" " GET "\r\n"), 400 },
	{ "bytes behind the head", "6", HEAD(GET "\r\n\0\r\r\n\n"), 0 },
	{ "TLS", "3", HEAD("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"), 400 },
	{ "HTTP/2 preface", "3", HEAD("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"), 505 },
	{ "PROXY protocol", "3", HEAD("PROXY TCP4 10.0.0.1 10.0.0.2 1 2\r\n" GET "\r\n"), 400 },

	/* method */
	{ "any token is a method", "3.1",
		HEAD("!#$%&'*+-.^_`|~09aZ / HTTP/1.1\r\n" HOST "\r\n"), 0 },
	{ "method in small letters", "3.1", HEAD("get / HTTP/1.1\r\n" HOST "\r\n"), 0 },
	{ "method of 32 bytes", "3", HEAD(X10 X10 X10 "xx / HTTP/1.1\r\n" HOST "\r\n"), 0 },
	{ "method of 33 bytes", "3", HEAD(X10 X10 X10 "xxx / HTTP/1.1\r\n" HOST "\r\n"), 501 },
	{ "endless method", "3", HEAD(X100), 501 },
	{ "method with a colon", "3.1", HEAD("GE:T / HTTP/1.1\r\n" HOST "\r\n"), 400 },
	{ "method with NUL", "3.1", HEAD("GE\0T / HTTP/1.1\r\n" HOST "\r\n"), 400 },
	{ "method with a high byte", "3.1", HEAD("GE\xc3\xa9T / HTTP/1.1\r\n" HOST "\r\n"), 400 },
	{ "method with HTAB behind", "3", HEAD("GET\t/ HTTP/1.1\r\n" HOST "\r\n"), 400 },
	{ "method alone", "3", HEAD("GET\r\n\r\n"), 400 },

	/* request line */
	{ "two spaces before the target", "3", HEAD("GET  / HTTP/1.1\r\n" HOST "\r\n"), 400 },
	{ "two spaces behind the target", "3", HEAD("GET /  HTTP/1.1\r\n" HOST "\r\n"), 400 },
	{ "HTAB behind the target", "3", HEAD("GET /\tHTTP/1.1\r\n" HOST "\r\n"), 400 },
	{ "space behind the version", "3", HEAD("GET / HTTP/1.1 \r\n" HOST "\r\n"), 400 },
	{ "request line ends with LF", "2.2", HEAD("GET / HTTP/1.1\n" HOST "\r\n"), 400 },
	{ "request line ends with CR", "2.2", HEAD("GET / HTTP/1.1\r" HOST "\r\n"), 400 },
	{ "request line ends with CR CR LF", "2.2", HEAD("GET / HTTP/1.1\r\r\n" HOST "\r\n"), 400 },
	{ "HTTP/0.9", "3", HEAD("GET /\r\n"), 400 },
	{ "no version, but a space", "3", HEAD("GET / \r\n\r\n"), 400 },
	{ "no target", "3", HEAD("GET HTTP/1.1\r\n" HOST "\r\n"), 400 },
	{ "version in small letters", "2.3", HEAD("GET / http/1.1\r\n" HOST "\r\n"), 400 },
	{ "version without minor", "2.3", HEAD("GET / HTTP/1\r\n" HOST "\r\n"), 400 },
	{ "version with an empty minor", "2.3", HEAD("GET / HTTP/1.\r\n" HOST "\r\n"), 400 },
	{ "version with two digits", "2.3", HEAD("GET / HTTP/1.10\r\n" HOST "\r\n"), 400 },
	{ "major with two digits", "2.3", HEAD("GET / HTTP/11.1\r\n" HOST "\r\n"), 400 },
	{ "version with a letter", "2.3", HEAD("GET / HTTP/1.x\r\n" HOST "\r\n"), 400 },
	{ "another protocol", "2.3", HEAD("GET / ICY/1.1\r\n" HOST "\r\n"), 400 },
	{ "version 0.9 by name", "9110 15.6.6", HEAD("GET / HTTP/0.9\r\n" HOST "\r\n"), 505 },
	{ "version 2.0", "9110 15.6.6", HEAD("GET / HTTP/2.0\r\n" HOST "\r\n"), 505 },
	{ "version 9.9 and a bad line end", "2.2", HEAD("GET / HTTP/9.9\n" HOST "\r\n"), 400 },

	/* origin form */
	{ "path of every pchar", "3986 3.3",
		HEAD("GET /aZ09-._~!$&'()*+,;=:@%41// HTTP/1.1\r\n" HOST "\r\n"), 0 },
	{ "query of all that browsers send", "3986 3.4",
		HEAD("GET /?a[]=1&b={|}^`\\\"/? HTTP/1.1\r\n" HOST "\r\n"), 0 },
	{ "empty query", "3986 3.4", HEAD("GET /? HTTP/1.1\r\n" HOST "\r\n"), 0 },
	{ "target begins with '?'", "3.2", HEAD("GET ?a HTTP/1.1\r\n" HOST "\r\n"), 400 },
	{ "target without '/'", "3.2", HEAD("GET a/b HTTP/1.1\r\n" HOST "\r\n"), 400 },
	{ "fragment", "3.2", HEAD("GET /#a HTTP/1.1\r\n" HOST "\r\n"), 400 },
	{ "fragment behind a query", "3.2", HEAD("GET /?a#b HTTP/1.1\r\n" HOST "\r\n"), 400 },
	{ "bracket in the path", "3986 3.3", HEAD("GET /[a] HTTP/1.1\r\n" HOST "\r\n"), 400 },
	{ "backslash in the path", "3986 3.3", HEAD("GET /..\\a HTTP/1.1\r\n" HOST "\r\n"), 400 },
	{ "quote in the path", "3986 3.3", HEAD("GET /\"a\" HTTP/1.1\r\n" HOST "\r\n"), 400 },
	{ "bar in the path", "3986 3.3", HEAD("GET /a|b HTTP/1.1\r\n" HOST "\r\n"), 400 },
	{ "brace in the path", "3986 3.3", HEAD("GET /{a} HTTP/1.1\r\n" HOST "\r\n"), 400 },
	{ "'<' in the query", "3986 3.4", HEAD("GET /?<a HTTP/1.1\r\n" HOST "\r\n"), 400 },
	{ "'>' in the query", "3986 3.4", HEAD("GET /?a> HTTP/1.1\r\n" HOST "\r\n"), 400 },
	{ "NUL in the target", "3.2", HEAD("GET /\0 HTTP/1.1\r\n" HOST "\r\n"), 400 },
	{ "DEL in the target", "3.2", HEAD("GET /\x7f HTTP/1.1\r\n" HOST "\r\n"), 400 },
	{ "escape in the target", "3.2", HEAD("GET /\x1b[0m HTTP/1.1\r\n" HOST "\r\n"), 400 },
	{ "UTF-8 in the path", "3.2", HEAD("GET /\xc3\xa9 HTTP/1.1\r\n" HOST "\r\n"), 400 },
	{ "UTF-8 in the query", "3.2", HEAD("GET /?\xc3\xa9 HTTP/1.1\r\n" HOST "\r\n"), 400 },

	/* absolute form */
	{ "absolute", "3.2.2", HEAD("GET http://b.c/d?e HTTP/1.1\r\n" HOST "\r\n"), 0 },
	{ "absolute, https, large letters", "3.2.2",
		HEAD("GET HTTPS://b/ HTTP/1.1\r\n" HOST "\r\n"), 0 },
	{ "absolute with a port", "3.2.2", HEAD("GET http://b:81/ HTTP/1.1\r\n" HOST "\r\n"), 0 },
	{ "absolute without a path", "3.2.2", HEAD("GET http://b HTTP/1.1\r\n" HOST "\r\n"), 0 },
	{ "absolute, query without a path", "3.2.2",
		HEAD("GET http://b?c HTTP/1.1\r\n" HOST "\r\n"), 0 },
	{ "absolute with an address", "3.2.2",
		HEAD("GET http://[::1]:81/ HTTP/1.1\r\n" HOST "\r\n"), 0 },
	{ "absolute from 1.0", "3.2.2", HEAD("GET http://b/ HTTP/1.0\r\n\r\n"), 0 },
	{ "absolute needs Host too", "3.2", HEAD("GET http://b/ HTTP/1.1\r\n\r\n"), 400 },
	{ "absolute without a host", "9110 4.2.1",
		HEAD("GET http:///a HTTP/1.1\r\n" HOST "\r\n"), 400 },
	{ "absolute with a user", "9110 4.2.4",
		HEAD("GET http://u@b/ HTTP/1.1\r\n" HOST "\r\n"), 400 },
	{ "absolute with a password", "9110 4.2.4",
		HEAD("GET http://u:p@b/ HTTP/1.1\r\n" HOST "\r\n"), 400 },
	{ "absolute with a bad port", "3986 3.2.3",
		HEAD("GET http://b:x/ HTTP/1.1\r\n" HOST "\r\n"), 400 },
	{ "absolute, a bracket in the path", "3986 3.3",
		HEAD("GET http://b/[ HTTP/1.1\r\n" HOST "\r\n"), 400 },
	{ "absolute, another scheme", "3.2.2", HEAD("GET ftp://b/ HTTP/1.1\r\n" HOST "\r\n"), 400 },
	{ "absolute, one slash", "3.2.2", HEAD("GET http:/b/ HTTP/1.1\r\n" HOST "\r\n"), 400 },
	{ "absolute, scheme only", "3.2.2", HEAD("GET http:// HTTP/1.1\r\n" HOST "\r\n"), 400 },

	/* authority and asterisk form */
	{ "CONNECT", "3.2.3", HEAD("CONNECT b:443 HTTP/1.1\r\n" HOST "\r\n"), 0 },
	{ "CONNECT to an address", "3.2.3", HEAD("CONNECT [::1]:443 HTTP/1.1\r\n" HOST "\r\n"), 0 },
	{ "CONNECT without a port", "9110 9.3.6", HEAD("CONNECT b HTTP/1.1\r\n" HOST "\r\n"), 400 },
	{ "CONNECT with an empty port", "9110 9.3.6",
		HEAD("CONNECT b: HTTP/1.1\r\n" HOST "\r\n"), 400 },
	{ "CONNECT to port 0", "9110 9.3.6", HEAD("CONNECT b:0 HTTP/1.1\r\n" HOST "\r\n"), 400 },
	{ "CONNECT to a path", "3.2.3", HEAD("CONNECT / HTTP/1.1\r\n" HOST "\r\n"), 400 },
	{ "CONNECT with a query", "3.2.3", HEAD("CONNECT b:1?c HTTP/1.1\r\n" HOST "\r\n"), 400 },
	{ "authority without CONNECT", "3.2.3", HEAD("GET b:443 HTTP/1.1\r\n" HOST "\r\n"), 400 },
	{ "asterisk", "3.2.4", HEAD("OPTIONS * HTTP/1.1\r\n" HOST "\r\n"), 0 },
	{ "asterisk without OPTIONS", "3.2.4", HEAD("GET * HTTP/1.1\r\n" HOST "\r\n"), 400 },
	{ "asterisk with more", "3.2.4", HEAD("OPTIONS *a HTTP/1.1\r\n" HOST "\r\n"), 400 },
	{ "asterisk with a query", "3.2.4", HEAD("OPTIONS *?a HTTP/1.1\r\n" HOST "\r\n"), 400 },
	{ "options in small letters", "9110 9.1", HEAD("options * HTTP/1.1\r\n" HOST "\r\n"), 400 },

	/* fields */
	{ "name of every token byte", "9110 5.6.2", HEAD(GET "!#$%&'*+-.^_`|~09aZ: b\r\n\r\n"), 0 },
	{ "value of every kind of byte", "9110 5.5",
		HEAD(GET "A: !\"#,;:<>[]{}\\~ \t\x80\xff\r\n\r\n"), 0 },
	{ "empty value", "5", HEAD(GET "A:\r\n\r\n"), 0 },
	{ "value of spaces", "5", HEAD(GET "A: \t \r\n\r\n"), 0 },
	{ "no space before the value", "5", HEAD(GET "A:b\r\n\r\n"), 0 },
	{ "space around the value", "5", HEAD(GET "A: \t b c\t \r\n\r\n"), 0 },
	{ "empty name", "5", HEAD(GET ": a\r\n\r\n"), 400 },
	{ "space before the colon", "5.1", HEAD(GET "A : b\r\n\r\n"), 400 },
	{ "HTAB before the colon", "5.1", HEAD(GET "A\t: b\r\n\r\n"), 400 },
	{ "space in the name", "5.1", HEAD(GET "A b: c\r\n\r\n"), 400 },
	{ "no colon", "5", HEAD(GET "A\r\n\r\n"), 400 },
	{ "high byte in the name", "9110 5.1", HEAD(GET "\xe9: a\r\n\r\n"), 400 },
	{ "NUL in the name", "9110 5.1", HEAD(GET "A\0: a\r\n\r\n"), 400 },
	{ "bracket in the name", "9110 5.1", HEAD(GET "A[: a\r\n\r\n"), 400 },
	{ "folded with a space", "5.2", HEAD(GET "A: b\r\n c\r\n\r\n"), 400 },
	{ "folded with HTAB", "5.2", HEAD(GET "A: b\r\n\tc\r\n\r\n"), 400 },
	{ "space before the first field", "2.2", HEAD("GET / HTTP/1.1\r\n " HOST "\r\n"), 400 },
	{ "line of space only", "5.2", HEAD(GET " \r\n\r\n"), 400 },
	{ "NUL in the value", "9110 5.5", HEAD(GET "A: b\0c\r\n\r\n"), 400 },
	{ "NUL deep in a long value", "9110 5.5",
		HEAD(GET "A: " X10 X10 X10 "\0" X10 "\r\n\r\n"), 400 },
	{ "DEL in the value", "9110 5.5", HEAD(GET "A: b\x7f\r\n\r\n"), 400 },
	{ "escape in the value", "9110 5.5", HEAD(GET "A: \x1b[0m\r\n\r\n"), 400 },
	{ "bare CR in the value", "2.2", HEAD(GET "A: b\rc\r\n\r\n"), 400 },
	{ "bare LF in the value", "2.2", HEAD(GET "A: b\nC: d\r\n\r\n"), 400 },
	{ "CR CR LF behind the value", "2.2", HEAD(GET "A: b\r\r\n\r\n"), 400 },
	{ "head ends with LF LF", "2.2", HEAD(GET "A: b\n\n"), 400 },
	{ "head ends with CRLF LF", "2.2", HEAD(GET "\n"), 400 },
	{ "head ends with CRLF CR", "2.2", HEAD(GET "\rA: b\r\n\r\n"), 400 },

	/* Host */
	{ "no Host in 1.1", "3.2", HEAD("GET / HTTP/1.1\r\n\r\n"), 400 },
	{ "no Host in 1.2", "3.2", HEAD("GET / HTTP/1.2\r\n\r\n"), 400 },
	{ "Host twice", "3.2", HEAD(GET "Host: b\r\n\r\n"), 400 },
	{ "Host twice and equal", "3.2", HEAD(GET "hOST: a\r\n\r\n"), 400 },
	{ "Host twice in 1.0", "3.2", HEAD("GET / HTTP/1.0\r\n" HOST HOST "\r\n"), 400 },
	{ "Host with a port", "9110 7.2", HEAD("GET / HTTP/1.1\r\nHost: a.b:65535\r\n\r\n"), 0 },
	{ "Host with an empty port", "3986 3.2.3", HEAD("GET / HTTP/1.1\r\nHost: a:\r\n\r\n"), 0 },
	{ "Host with a large port", "3986 3.2.3",
		HEAD("GET / HTTP/1.1\r\nHost: a:65536\r\n\r\n"), 400 },
	{ "Host with two ports", "3986 3.2.3", HEAD("GET / HTTP/1.1\r\nHost: a:1:2\r\n\r\n"), 400 },
	{ "Host with a sign in the port", "3986 3.2.3",
		HEAD("GET / HTTP/1.1\r\nHost: a:+1\r\n\r\n"), 400 },
	{ "Host, IPv4", "3986 3.2.2", HEAD("GET / HTTP/1.1\r\nHost: 127.0.0.1:80\r\n\r\n"), 0 },
	{ "Host, IPv6", "3986 3.2.2", HEAD("GET / HTTP/1.1\r\nHost: [2001:db8::1]:80\r\n\r\n"), 0 },
	{ "Host, IPv6 and IPv4", "3986 3.2.2",
		HEAD("GET / HTTP/1.1\r\nHost: [::ffff:1.2.3.4]\r\n\r\n"), 0 },
	{ "Host, IPv6 without brackets", "3986 3.2.2",
		HEAD("GET / HTTP/1.1\r\nHost: ::1\r\n\r\n"), 400 },
	{ "Host, open bracket", "3986 3.2.2", HEAD("GET / HTTP/1.1\r\nHost: [::1\r\n\r\n"), 400 },
	{ "Host, empty brackets", "3986 3.2.2", HEAD("GET / HTTP/1.1\r\nHost: []\r\n\r\n"), 400 },
	{ "Host, text behind the bracket", "3986 3.2.2",
		HEAD("GET / HTTP/1.1\r\nHost: [::1]a\r\n\r\n"), 400 },
	{ "Host, IPv6 with a zone", "6874 2",
		HEAD("GET / HTTP/1.1\r\nHost: [fe80::1%25lo]\r\n\r\n"), 400 },
	{ "Host, IPv6 of nine groups", "3986 3.2.2",
		HEAD("GET / HTTP/1.1\r\nHost: [1:2:3:4:5:6:7:8:9]\r\n\r\n"), 400 },
	{ "Host with a triplet", "3986 3.2.2", HEAD("GET / HTTP/1.1\r\nHost: a%2eb\r\n\r\n"), 0 },
	{ "Host with a bad triplet", "3986 3.2.2",
		HEAD("GET / HTTP/1.1\r\nHost: a%2\r\n\r\n"), 400 },
	{ "Host, empty", "3.3", HEAD("GET / HTTP/1.1\r\nHost:\r\n\r\n"), 400 },
	{ "Host, port only", "9110 4.2.1", HEAD("GET / HTTP/1.1\r\nHost: :80\r\n\r\n"), 400 },
	{ "Host with a user", "9110 7.2", HEAD("GET / HTTP/1.1\r\nHost: u@a\r\n\r\n"), 400 },
	{ "Host with a slash", "9110 7.2", HEAD("GET / HTTP/1.1\r\nHost: a/b\r\n\r\n"), 400 },
	{ "Host with a space", "9110 7.2", HEAD("GET / HTTP/1.1\r\nHost: a b\r\n\r\n"), 400 },
	{ "Host as a list", "9110 7.2", HEAD("GET / HTTP/1.1\r\nHost: a, b\r\n\r\n"), 400 },
	{ "Host with a high byte", "9110 7.2", HEAD("GET / HTTP/1.1\r\nHost: \xe9\r\n\r\n"), 400 },
	{ "bad Host beside an absolute target", "3.2.2",
		HEAD("GET http://b/ HTTP/1.1\r\nHost: a b\r\n\r\n"), 400 },

	/* Content-Length */
	{ "length", "9110 8.6", HEAD(GET "Content-Length: 5\r\n\r\n"), 0 },
	{ "length 0 with zeros", "9110 8.6", HEAD(GET "CONTENT-LENGTH: 000\r\n\r\n"), 0 },
	{ "length of INT64_MAX", "9110 8.6",
		HEAD(GET "Content-Length: 9223372036854775807\r\n\r\n"), 0 },
	{ "length over INT64_MAX", "9110 8.6",
		HEAD(GET "Content-Length: 9223372036854775808\r\n\r\n"), 400 },
	{ "length of 2^64", "9110 8.6",
		HEAD(GET "Content-Length: 18446744073709551616\r\n\r\n"), 400 },
	{ "length empty", "9110 8.6", HEAD(GET "Content-Length:\r\n\r\n"), 400 },
	{ "length with plus", "9110 8.6", HEAD(GET "Content-Length: +5\r\n\r\n"), 400 },
	{ "length with minus", "9110 8.6", HEAD(GET "Content-Length: -5\r\n\r\n"), 400 },
	{ "length in hex", "9110 8.6", HEAD(GET "Content-Length: 0x5\r\n\r\n"), 400 },
	{ "length with a space", "9110 8.6", HEAD(GET "Content-Length: 5 5\r\n\r\n"), 400 },
	{ "length as a list", "6.3", HEAD(GET "Content-Length: 5, 5\r\n\r\n"), 400 },
	{ "length twice and equal", "6.3",
		HEAD(GET "Content-Length: 5\r\nContent-Length: 5\r\n\r\n"), 400 },
	{ "length twice", "6.3", HEAD(GET "Content-Length: 5\r\nContent-Length: 6\r\n\r\n"), 400 },

	/* Transfer-Encoding */
	{ "chunked", "7.1", HEAD(GET "Transfer-Encoding: chunked\r\n\r\n"), 0 },
	{ "chunked in large letters", "7", HEAD(GET "transfer-encoding:CHUNKED\t\r\n\r\n"), 0 },
	{ "chunked twice", "6.1", HEAD(GET "Transfer-Encoding: chunked, chunked\r\n\r\n"), 400 },
	{ "chunked in two fields", "6.1",
		HEAD(GET "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n"), 400 },
	{ "chunked not last", "6.1", HEAD(GET "Transfer-Encoding: chunked, gzip\r\n\r\n"), 400 },
	{ "chunked with a comma", "7", HEAD(GET "Transfer-Encoding: chunked,\r\n\r\n"), 400 },
	{ "comma before chunked", "7", HEAD(GET "Transfer-Encoding: ,chunked\r\n\r\n"), 400 },
	{ "chunked with a parameter", "7.1",
		HEAD(GET "Transfer-Encoding: chunked;a=b\r\n\r\n"), 400 },
	{ "chunked in quotes", "7", HEAD(GET "Transfer-Encoding: \"chunked\"\r\n\r\n"), 400 },
	{ "coding empty", "7", HEAD(GET "Transfer-Encoding:\r\n\r\n"), 400 },
	{ "gzip, then chunked", "6.1", HEAD(GET "Transfer-Encoding: gzip, chunked\r\n\r\n"), 501 },
	{ "identity", "7", HEAD(GET "Transfer-Encoding: identity\r\n\r\n"), 501 },
	{ "nearly chunked", "7", HEAD(GET "Transfer-Encoding: xchunked\r\n\r\n"), 501 },
	{ "chunked with a tail", "7", HEAD(GET "Transfer-Encoding: chunkedx\r\n\r\n"), 501 },
	{ "vertical tab before chunked", "9110 5.5",
		HEAD(GET "Transfer-Encoding: \vchunked\r\n\r\n"), 400 },
	{ "space behind the coding's name", "5.1",
		HEAD(GET "Transfer-Encoding : chunked\r\n\r\n"), 400 },
	{ "chunked in 1.0", "6.1",
		HEAD("GET / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n"), 400 },
	{ "length, then chunked", "6.3",
		HEAD(GET "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n"), 400 },
	{ "chunked, then length", "6.3",
		HEAD(GET "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n"), 400 },

	/* Connection, Expect */
	{ "Connection, list with holes", "9110 5.6.1",
		HEAD(GET "Connection: , a ,,\tclose,\r\n\r\n"), 0 },
	{ "Connection, empty", "9110 5.6.1", HEAD(GET "Connection:\r\n\r\n"), 0 },
	{ "Connection without a comma", "9110 7.6.1",
		HEAD(GET "Connection: a close\r\n\r\n"), 400 },
	{ "Connection in quotes", "9110 7.6.1", HEAD(GET "Connection: \"close\"\r\n\r\n"), 400 },
	{ "Expect, another", "9110 10.1.1", HEAD(GET "Expect: a miracle\r\n\r\n"), 0 },

	/* limits */
	{ "target at its limit", "3", HEAD("GET /" X10 X10 X10 X10 X10 X10 X10 X10 X10
		"xxxxxxxxx HTTP/1.1\r\n" HOST "\r\n"), 0 },
	{ "target over its limit", "3", HEAD("GET /" X100 " HTTP/1.1\r\n" HOST "\r\n"), 414 },
	{ "query over its limit", "3", HEAD("GET /?" X100 " HTTP/1.1\r\n" HOST "\r\n"), 414 },
	{ "question mark over the limit", "3", HEAD("GET /" X10 X10 X10 X10 X10 X10 X10 X10 X10
		"xxxxxxxxx?\" HTTP/1.1\r\n" HOST "\r\n"), 414 },
	{ "bad byte where the limit is", "3", HEAD("GET /" X10 X10 X10 X10 X10 X10 X10 X10 X10
		"xxxxxxxxx\x01 HTTP/1.1\r\n" HOST "\r\n"), 400 },
	{ "bad byte behind the limit", "3",
		HEAD("GET /" X100 "\x01 HTTP/1.1\r\n" HOST "\r\n"), 414 },
	{ "absolute target over its limit", "3",
		HEAD("GET http://b/" X100 " HTTP/1.1\r\n" HOST "\r\n"), 414 },
	{ "unfinished target over its limit", "3", HEAD("GET /" X100), 414 },
	{ "eight fields", "6585 5",
		HEAD(GET "a:\r\na:\r\na:\r\na:\r\na:\r\na:\r\na:\r\n\r\n"), 0 },
	{ "nine fields", "6585 5",
		HEAD(GET "a:\r\na:\r\na:\r\na:\r\na:\r\na:\r\na:\r\na:\r\n\r\n"), 431 },
	{ "head at its limit", "6585 5", HEAD(GET "a:" X100 X100 X100 X100
		X10 X10 X10 X10 X10 X10 X10 X10 "x\r\n\r\n"), 0 },
	{ "head over its limit", "6585 5", HEAD(GET "a:" X100 X100 X100 X100
		X10 X10 X10 X10 X10 X10 X10 X10 "xx\r\n\r\n"), 431 },
	{ "endless value", "6585 5", HEAD(GET "a:" X100 X100 X100 X100 X100), 431 },
	{ "endless name", "6585 5", HEAD(GET X100 X100 X100 X100 X100), 431 },
	{ "bad byte behind the head's limit", "6585 5",
		HEAD(GET "a:" X100 X100 X100 X100 X100 "\n"), 431 },
};

#undef HEAD
#undef HOST
#undef GET
#undef X10
#undef X100

enum { HTTP_CASES = sizeof(http_cases) / sizeof(http_cases[0]) };

#endif
