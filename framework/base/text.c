/* SPDX-License-Identifier: MIT */
/*
 * text.c - read what people write: numbers with units, yes and no, near misses.
 *
 * Nothing here depends on the locale: strtod(3) would read 1,5 in one and
 * "inf" in all of them.
 */
#include "base/text.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { NEAR_WORD = 64 }; /* longer words are not compared */
enum { NEAR_EDITS = 2 };
enum { TIME_DIGITS = 12 };	     /* on either side of the point */
static const double TIME_MOST = 1e9; /* 31 years: no deadline overflows */

static int refuse(int error)
{
	errno = error;
	return -1;
}

int text_int(const char *s, int64_t *value)
{
	const char *digits = s + (*s == '-');
	char *end;

	if (!isdigit((unsigned char)*digits))
		return refuse(EINVAL);
	errno = 0;
	long long n = strtoll(s, &end, 10);
	if (*end != '\0')
		return refuse(EINVAL);
	if (errno != 0)
		return refuse(ERANGE);
	*value = n;
	return 0;
}

/* How often the unit doubles its number; -1 for no unit that we know. */
static int size_shift(const char *unit)
{
	if (*unit == '\0')
		return 0;
	if (unit[1] != '\0')
		return -1;
	switch (tolower((unsigned char)*unit)) {
	case 'k':
		return 10;
	case 'm':
		return 20;
	case 'g':
		return 30;
	default:
		return -1;
	}
}

int text_size(const char *s, size_t *bytes)
{
	char *end;

	if (!isdigit((unsigned char)*s))
		return refuse(EINVAL);
	errno = 0;
	unsigned long long n = strtoull(s, &end, 10);
	bool over = errno != 0;
	int shift = size_shift(end);
	if (shift < 0)
		return refuse(EINVAL);
	if (over || n > SIZE_MAX >> shift)
		return refuse(ERANGE);
	*bytes = (size_t)n << shift;
	return 0;
}

/* Seconds in the unit; 0 for one that we do not know. */
static double time_unit(const char *unit)
{
	static const struct {
		const char *name;
		double seconds;
	} units[] = {{"ms", 0.001}, {"s", 1}, {"m", 60}, {"h", 3600}, {"d", 86400}};

	for (size_t i = 0; i < sizeof(units) / sizeof(*units); i++) {
		if (strcasecmp(unit, units[i].name) == 0)
			return units[i].seconds;
	}
	return 0;
}

/* Reads digits from *s on and moves it past them.  Their value, and how many. */
static double read_digits(const char **s, int *count)
{
	double n = 0;

	for (*count = 0; isdigit((unsigned char)**s); ++*s, ++*count)
		n = n * 10 + (**s - '0');
	return n;
}

int text_seconds(const char *s, double *seconds)
{
	int whole, part = 0;
	double n = read_digits(&s, &whole);

	if (whole == 0)
		return refuse(EINVAL);
	if (*s == '.') {
		s++;
		double fraction = read_digits(&s, &part);
		if (part == 0)
			return refuse(EINVAL);
		for (int i = 0; i < part && i < TIME_DIGITS; i++)
			fraction /= 10;
		n += part <= TIME_DIGITS ? fraction : 0;
	}
	double unit = *s == '\0' && n <= 0 ? 1 : time_unit(s);
	if (unit <= 0)
		return refuse(EINVAL);
	if (part > TIME_DIGITS || n * unit > TIME_MOST)
		return refuse(ERANGE);
	*seconds = n * unit;
	return 0;
}

int text_bool(const char *s, bool *value)
{
	static const char *const words[] = {"no", "yes", "off", "on", "false", "true"};

	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++) {
		if (strcasecmp(s, words[i]) == 0) {
			*value = i % 2 == 1;
			return 0;
		}
	}
	return refuse(EINVAL);
}

static bool same_letter(char a, char b)
{
	return tolower((unsigned char)a) == tolower((unsigned char)b);
}

static int least(int a, int b, int c)
{
	int n = a < b ? a : b;
	return n < c ? n : c;
}

/* How many letters must be put in, taken out, replaced or swapped with their
 * neighbour to make b of a.  Three rows of the table are enough: a swap looks two back. */
static int edits(const char *a, const char *b)
{
	int rows[3][NEAR_WORD + 1];
	int *older = rows[0], *above = rows[1], *row = rows[2];
	size_t width = strlen(b);

	for (size_t j = 0; j <= width; j++)
		above[j] = (int)j;
	for (size_t i = 1; a[i - 1] != '\0'; i++) {
		row[0] = (int)i;
		for (size_t j = 1; j <= width; j++) {
			int change = above[j - 1] + !same_letter(a[i - 1], b[j - 1]);
			row[j] = least(above[j] + 1, row[j - 1] + 1, change);
			if (i > 1 && j > 1 && same_letter(a[i - 1], b[j - 2]) &&
				same_letter(a[i - 2], b[j - 1]) && older[j - 2] + 1 < row[j])
				row[j] = older[j - 2] + 1;
		}
		int *free_row = older;
		older = above;
		above = row;
		row = free_row;
	}
	return above[width];
}

const char *text_nearest(const char *word, const char *const *candidates)
{
	const char *best = NULL;
	int fewest = NEAR_EDITS + 1;
	size_t len = strlen(word);

	if (len > NEAR_WORD)
		return NULL;
	for (; *candidates != NULL; candidates++) {
		if (strlen(*candidates) > NEAR_WORD)
			continue;
		int n = edits(word, *candidates);
		if (n < fewest && (size_t)n * 2 < len) {
			fewest = n;
			best = *candidates;
		}
	}
	return best;
}

char *text_trim(char *word)
{
	word += strspn(word, " \t");
	size_t len = strlen(word);
	while (len > 0 && strchr(" \t", word[len - 1]) != NULL)
		word[--len] = '\0';
	return word;
}
