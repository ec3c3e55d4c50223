/* SPDX-License-Identifier: MIT */
/* hello.c - requests found by their empty line, and their answers side by side for one send. */
#include "hello.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define HEAD_END "\r\n\r\n"
#define LENGTH	 "Content-Length:"
#define BODY	 "Hello\n"

enum {
	HEAD_END_SIZE = sizeof(HEAD_END) - 1,
	MOST_ANSWERS = HELLO_INPUT / HEAD_END_SIZE, /* that one full input can ask for */
	ANSWER_ROOM = 256,
};

static const char *said = "";
/* The same answer MOST_ANSWERS times in a row, so that n answers are one send. */
static char answers[MOST_ANSWERS * ANSWER_ROOM];
static size_t answer_size;

void hello_say(const char *lines)
{
	said = lines;
}

void hello_make(void)
{
	char date[64], answer[ANSWER_ROOM];
	time_t now = time(NULL);
	struct tm utc;

	strftime(date, sizeof(date), "%a, %d %b %Y %H:%M:%S GMT", gmtime_r(&now, &utc));
	answer_size = (size_t)snprintf(answer, sizeof(answer),
		"HTTP/1.1 200 OK\r\n"
		"Date: %s\r\n"
		"%s"
		"Content-Type: text/plain; charset=utf-8\r\n"
		"Content-Length: %zu\r\n"
		"\r\n" BODY,
		date, said, sizeof(BODY) - 1);
	for (size_t i = 0; i < MOST_ANSWERS; i++)
		memcpy(answers + i * answer_size, answer, answer_size);
}

const char *hello_answers(size_t count, size_t *size)
{
	*size = count * answer_size;
	return answers;
}

/* What is left begins at from. */
static void keep(struct hello_input *input, const char *from)
{
	input->used -= (size_t)(from - input->bytes);
	if (input->used > 0 && from != input->bytes)
		memmove(input->bytes, from, input->used);
}

size_t hello_take(struct hello_input *input)
{
	size_t heads = 0;
	char *from = input->bytes;
	char *end = input->bytes + input->used;
	char *found;

	while ((found = memmem(from, (size_t)(end - from), HEAD_END, HEAD_END_SIZE)) != NULL) {
		from = found + HEAD_END_SIZE;
		heads++;
	}
	keep(input, from);
	return heads;
}

static size_t body_size(const char *head, const char *end)
{
	const char *length = memmem(head, (size_t)(end - head), LENGTH, sizeof(LENGTH) - 1);
	return length != NULL ? strtoul(length + sizeof(LENGTH) - 1, NULL, 10) : 0;
}

size_t hello_take_bodies(struct hello_input *input)
{
	size_t requests = 0;
	char *from = input->bytes;
	char *end = input->bytes + input->used;
	char *found;

	while ((found = memmem(from, (size_t)(end - from), HEAD_END, HEAD_END_SIZE)) != NULL) {
		char *body = found + HEAD_END_SIZE;
		size_t size = body_size(from, body);
		if (size > (size_t)(end - body))
			break;
		from = body + size;
		requests++;
	}
	keep(input, from);
	return requests;
}
