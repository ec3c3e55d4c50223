/* SPDX-License-Identifier: MIT */
/* conditions.c - which of several answers a request wants: dates, tags, conditions, codings. */
#include <ctype.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "files/files.h"

/* ---- dates and tags ---- */

static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";

/* By hand: strftime(3) goes by a locale that another plugin may have set, and printf(3) took a
 * third of what a small file costs. */
static void put_two(char *at, int n)
{
	at[0] = (char)('0' + n / 10 % 10);
	at[1] = (char)('0' + n % 10);
}

/* RFC 9110, 5.6.7: of the years 1 to 9999.  A file may say that it is of any other, for which not even struct tm
 * has room. */
static void format_date(char out[30], time_t when)
{
	static const char days[] = "SunMonTueWedThuFriSat";
	const time_t first = -62135596800, last = 253402300799;
	struct tm t;

	when = when < first ? first : when > last ? last : when;
	gmtime_r(&when, &t);
	memcpy(out, "Sun, 00 Jan 0000 00:00:00 GMT", 30);
	memcpy(out, days + 3 * t.tm_wday, 3);
	put_two(out + 5, t.tm_mday);
	memcpy(out + 8, months + 3 * t.tm_mon, 3);
	put_two(out + 12, (t.tm_year + 1900) / 100);
	put_two(out + 14, t.tm_year % 100);
	put_two(out + 17, t.tm_hour);
	put_two(out + 20, t.tm_min);
	put_two(out + 23, t.tm_sec);
}

/* Gives where the next one goes. */
static char *put_hex(char *at, uint64_t n, char behind)
{
	int shift = n ? (63 - __builtin_clzll(n)) & ~3 : 0;

	for (; shift >= 0; shift -= 4)
		*at++ = "0123456789abcdef"[n >> shift & 15];
	*at++ = behind;
	return at;
}

static int month_number(const char *name)
{
	const char *at = strlen(name) == 3 ? strstr(months, name) : NULL;

	return at && (at - months) % 3 == 0 ? (int)(at - months) / 3 : -1;
}

/* RFC 9110, 5.6.7: never more than 50 years ahead. */
static int full_year(int two_digits)
{
	time_t now = time(NULL);
	struct tm t;

	gmtime_r(&now, &t);
	return two_digits + 2000 > t.tm_year + 1900 + 50 ? two_digits + 1900 : two_digits + 2000;
}

/* The three forms of RFC 9110, 5.6.7.  -1: none of them. */
static time_t parse_date(const char *text)
{
	struct tm t = { 0 };
	char month[4];
	int n = 0;

	if (sscanf(text, "%*3[A-Za-z], %2d %3s %4d %2d:%2d:%2d GMT%n", &t.tm_mday, month,
		&t.tm_year, &t.tm_hour, &t.tm_min, &t.tm_sec, &n) == 6 && n && !text[n])
		;
	else if (sscanf(text, "%*[A-Za-z], %2d-%3[A-Za-z]-%2d %2d:%2d:%2d GMT%n", &t.tm_mday, month,
		&t.tm_year, &t.tm_hour, &t.tm_min, &t.tm_sec, &n) == 6 && n && !text[n])
		t.tm_year = full_year(t.tm_year);
	else if (sscanf(text, "%*3[A-Za-z] %3s %2d %2d:%2d:%2d %4d%n", month, &t.tm_mday,
		&t.tm_hour, &t.tm_min, &t.tm_sec, &t.tm_year, &n) != 6 || !n || text[n])
		return -1;
	t.tm_year -= 1900;
	t.tm_mon = month_number(month);
	if (t.tm_mon < 0 || t.tm_mday < 1 || t.tm_mday > 31 || t.tm_hour > 23 || t.tm_min > 59
		|| t.tm_sec > 60)
		return -1;
	return timegm(&t);
}

/* RFC 9110, 8.8.3: strong, since each write changes the time. */
void describe(struct file *f)
{
	const struct stat *st = &f->st;
	char *at = f->etag;

	*at++ = '"';
	at = put_hex(at, (uint64_t)st->st_mtim.tv_sec, '.');
	at = put_hex(at, (uint64_t)st->st_mtim.tv_nsec, '-');
	at = put_hex(at, (uint64_t)st->st_size, '-');
	at = put_hex(at, (uint64_t)st->st_ino, '"');
	*at = '\0';
	format_date(f->modified, st->st_mtim.tv_sec);
}

/* Whether tag is in a list of them (RFC 9110, 13.1.1); weak: W/ makes no difference. */
static bool has_tag(const char *list, const char *tag, bool weak)
{
	size_t len = strlen(tag);

	if (strcmp(list, "*") == 0)
		return true;
	for (;;) {
		list += strspn(list, " \t,");
		bool is_weak = strncmp(list, "W/", 2) == 0;
		list += is_weak ? 2 : 0;
		const char *end = *list == '"' ? strchr(list + 1, '"') : NULL;
		if (!end)
			return false;
		if ((weak || !is_weak) && (size_t)(end + 1 - list) == len
			&& memcmp(list, tag, len) == 0)
			return true;
		list = end + 1;
	}
}

/* ---- conditions ---- */

/* RFC 9110, 13.2.2. */
int check_conditions(struct portico_request *req, const struct file *f)
{
	const char *match = portico_request_header(req, "If-Match");
	const char *none = portico_request_header(req, "If-None-Match");
	const char *since = portico_request_header(req, "If-Modified-Since");
	const char *unmodified = portico_request_header(req, "If-Unmodified-Since");
	time_t when;

	if (match && !has_tag(match, f->etag, false))
		return 412;
	if (!match && unmodified && (when = parse_date(unmodified)) >= 0
		&& f->st.st_mtim.tv_sec > when)
		return 412;
	if (none)
		return has_tag(none, f->etag, true) ? 304 : 0;
	if (since && (when = parse_date(since)) >= 0 && f->st.st_mtim.tv_sec <= when)
		return 304;
	return 0;
}

/* RFC 9110, 13.1.5.  A date counts only if nothing can have changed within its second. */
bool range_is_wanted(struct portico_request *req, const struct file *f)
{
	const char *condition = portico_request_header(req, "If-Range");

	if (!condition)
		return true;
	if (*condition == '"')
		return strcmp(condition, f->etag) == 0;
	return strcmp(condition, f->modified) == 0 && f->st.st_mtim.tv_sec < time(NULL);
}

/* ---- codings ---- */

/* RFC 9110, 12.4.2: in thousandths; what cannot be read counts nothing. */
static int quality(const char *at)
{
	int q = 0, unit = 1000;

	at += strspn(at, " \t");
	if (*at != ';')
		return 1000;
	at += 1 + strspn(at + 1, " \t");
	if (strncasecmp(at, "q=", 2) != 0)
		return 0;
	for (at += 2; isdigit((unsigned char)*at) && unit > 0; unit /= 10, at += at[1] == '.' ? 2 : 1)
		q += unit * (*at - '0');
	return q < 1000 ? q : 1000;
}

/* Of one coding in Accept-Encoding, fallback if it is not named. */
static int coding_quality(const char *list, const char *name, int fallback)
{
	size_t len = strlen(name);

	for (const char *at = list; at; at = strchr(at, ',')) {
		at += strspn(at, " \t,");
		if (strncasecmp(at, name, len) == 0 && (!at[len] || strchr(" \t;,", at[len])))
			return quality(at + len);
	}
	return fallback;
}

static bool list_takes_gzip(const char *list)
{
	int gzip = coding_quality(list, "gzip", coding_quality(list, "x-gzip",
		coding_quality(list, "*", 0)));
	return gzip > 0 && gzip >= coding_quality(list, "identity", 0);
}

/* Most clients say what the one before said. */
bool takes_gzip(struct portico_request *req, struct site *s)
{
	const char *list = portico_request_header(req, "Accept-Encoding");

	if (!list || !s->gzip)
		return false;
	if (strcmp(list, s->accepted) == 0)
		return s->accepted_gzip;
	bool takes = list_takes_gzip(list);
	size_t size = strlen(list) + 1;
	if (size <= sizeof(s->accepted)) {
		memcpy(s->accepted, list, size);
		s->accepted_gzip = takes;
	}
	return takes;
}
