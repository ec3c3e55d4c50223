/* SPDX-License-Identifier: MIT */
/*
 * hello.h - HTTP as far as a bare server needs it: where requests end, and one answer to all.
 *
 * The cheapest that is still right for the loads: it knows no methods and reads no header but, if
 * it is told that there are bodies, Content-Length.
 */
#ifndef PORTICO_BENCH_HELLO_H
#define PORTICO_BENCH_HELLO_H

#include <stddef.h>

enum { HELLO_INPUT = 4096 };

struct hello_input {
	size_t used; /* bytes of a request that has not ended yet */
	char bytes[HELLO_INPUT];
};

/* Takes every complete request off the input; the beginning of the next one stays.  How many there
 * were. */
size_t hello_take(struct hello_input *input);
/* The same for requests with bodies. */
size_t hello_take_bodies(struct hello_input *input);

/* What is said in every answer behind the Date, whole lines; before the first hello_make(). */
void hello_say(const char *lines);
/* Makes the answer anew, with the time. */
void hello_make(void);
/* count answers, at most what fits an input.  Borrowed until the next hello_make(). */
const char *hello_answers(size_t count, size_t *size);

#endif
