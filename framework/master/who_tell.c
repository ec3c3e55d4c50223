/* SPDX-License-Identifier: MIT */
/*
 * who_tell.c - who is on a port, as text of at most 100 columns.
 */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "master/who_port.h"
#include "sys/user.h"

enum { COLUMNS = 100, PLACES_SHOWN = 8 };

/* ---- lines ---- */

struct line {
	char   text[1024];
	size_t len;
};

__attribute__((format(printf, 2, 3)))
static void add(struct line *l, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	int n = vsnprintf(l->text + l->len, sizeof(l->text) - l->len, fmt, args);
	va_end(args);
	if (n > 0)
		l->len += (size_t)n;
	if (l->len >= sizeof(l->text))
		l->len = sizeof(l->text) - 1;
}

/* What does not fit is left out: the JSON has it. */
static void print_cut(const struct line *l)
{
	int len = l->len > COLUMNS ? COLUMNS : (int)l->len;

	while (len > 0 && l->text[len - 1] == ' ')
		len--;
	printf("%.*s\n", len, l->text);
}

static void print_wrapped(const char *text, int indent)
{
	size_t room = (size_t)(COLUMNS - indent);

	while (strlen(text) > room) {
		size_t len = room;
		while (len > 0 && text[len] != ' ')
			len--;
		if (len == 0)
			len = room;
		printf("%*s%.*s\n", indent, "", (int)len, text);
		text += len + strspn(text + len, " ");
	}
	printf("%*s%s\n", indent, "", text);
}

/* ---- sockets ---- */

static const char *place_text(const struct who_socket *s, char out[WHO_ADDRESS])
{
	return who_address(&s->s.addr, s->s.v6only, s->s.device, out);
}

static const char *queue_text(const struct who_socket *s, char out[32])
{
	if (s->s.limit < 0)
		snprintf(out, 32, "%u", s->s.queue);
	else
		snprintf(out, 32, "%u/%lld", s->s.queue, (long long)s->s.limit);
	return out;
}

static const char *user_text(uid_t uid, char out[USER_TEXT])
{
	return user_tell(uid, out) + strlen("uid ");
}

struct widths { int place, queue, user; };

static void widen(int *width, const char *text)
{
	if ((int)strlen(text) > *width)
		*width = (int)strlen(text);
}

static struct widths measure(const struct who_port *p)
{
	struct widths w = { 7, 5, 4 };
	char place[WHO_ADDRESS], queue[32], user[USER_TEXT];

	for (size_t i = 0; i < p->count; i++) {
		widen(&w.place, place_text(&p->sockets[i], place));
		widen(&w.queue, queue_text(&p->sockets[i], queue));
		widen(&w.user, user_text(p->sockets[i].s.uid, user));
	}
	return w;
}

/* As many as fit, and how many more there are. */
static void add_pids(struct line *l, const struct who_socket *s)
{
	enum { MORE = sizeof(" +100000") };

	if (s->holder_count == 0)
		add(l, "?");
	for (size_t i = 0; i < s->holder_count; i++) {
		if (i > 0 && l->len + sizeof("4194304") + MORE > COLUMNS) {
			add(l, "+%zu", s->holder_count - i);
			return;
		}
		add(l, "%d ", (int)s->holders[i].pid);
	}
}

static const char *flag_text(int flag)
{
	return flag < 0 ? "?" : flag ? "yes" : "no";
}

static void print_socket(const struct who_socket *s, const struct widths *w)
{
	struct line l = { .len = 0 };
	char place[WHO_ADDRESS], queue[32], user[USER_TEXT], group[16] = "-";

	if (s->group)
		snprintf(group, sizeof(group), "%u", s->group);
	add(&l, "  %-*s  %-9s  %5s  %-9s  %-*s  %-*s  ", w->place, place_text(s, place), who_state(s),
		group, flag_text(s->reuseport), w->queue, queue_text(s, queue), w->user,
		user_text(s->s.uid, user));
	if (l.len + sizeof("4194304 +100000") > COLUMNS) {
		print_cut(&l);
		l = (struct line) { .len = 0 };
		add(&l, "      pid ");
	}
	add_pids(&l, s);
	print_cut(&l);
}

static void print_sockets(const struct who_port *p)
{
	struct widths w = measure(p);
	struct line head = { .len = 0 };

	add(&head, "  %-*s  %-9s  %5s  %-9s  %-*s  %-*s  %s", w.place, "address", "state", "group",
		"reuseport", w.queue, "queue", w.user, "user", "held by");
	print_cut(&head);
	for (size_t i = 0; i < p->count; i++)
		print_socket(&p->sockets[i], &w);
}

/* ---- processes ---- */

static bool is_first(const struct who_port *p, size_t socket, const struct holder *h)
{
	for (size_t i = 0; i < socket; i++)
		for (size_t k = 0; k < p->sockets[i].holder_count; k++)
			if (p->sockets[i].holders[k].pid == h->pid)
				return false;
	return true;
}

static void print_process(const struct holder *h)
{
	struct line l = { .len = 0 };
	char user[USER_TEXT], since[32] = "?";
	struct tm tm;

	if (h->since && localtime_r(&h->since, &tm))
		strftime(since, sizeof(since), "%Y-%m-%d %H:%M:%S", &tm);
	add(&l, "  %7d  %-15s  %-19s  %-16s  %s", (int)h->pid, h->program, since,
		user_text(h->uid, user), h->command);
	print_cut(&l);
}

static void print_processes(const struct who_port *p)
{
	bool headed = false;

	for (size_t i = 0; i < p->count; i++)
		for (size_t k = 0; k < p->sockets[i].holder_count; k++) {
			const struct holder *h = &p->sockets[i].holders[k];

			if (!is_first(p, i, h))
				continue;
			if (!headed)
				printf("      pid  program          since                user              "
					"command\n");
			headed = true;
			print_process(h);
		}
}

static void print_unseen(const struct who_port *p)
{
	size_t unseen = 0;

	for (size_t i = 0; i < p->count; i++)
		unseen += p->sockets[i].holder_count == 0;
	if (unseen == 0)
		return;
	if (p->hidden > 0)
		printf("  ?: this user may not look into %d processes; root sees who it is\n", p->hidden);
	else
		printf("  ?: no process that is seen from here has it: the kernel, another container, or "
			"hidepid\n");
}

/* ---- the whole ---- */

static const char *plural(size_t n)
{
	return n == 1 ? "" : "s";
}

static void print_head(const struct who_port *p)
{
	printf("%s port %u: ", who_type(p), (unsigned)p->port);
	if (p->count == 0)
		printf("nobody");
	else
		printf("%zu socket%s", p->count, plural(p->count));
	if (p->groups)
		printf(" in %u group%s", p->groups, plural(p->groups));
	if (p->connections)
		printf(", %zu connection%s", p->connections, plural(p->connections));
	if (p->time_wait)
		printf(", %zu in TIME_WAIT", p->time_wait);
	printf("\n");
}

/* Those where somebody is, one by one; then the free ones together. */
static void print_places(const struct who_port *p)
{
	char sentence[WHO_SENTENCE];
	size_t shown = 0, left_out = 0;

	printf("  can another process listen there?\n");
	for (size_t i = 0; i < p->place_count; i++) {
		if (p->places[i].with[WHO_PLAIN].answer == WHO_YES)
			continue;
		if (shown++ < PLACES_SHOWN)
			print_wrapped(who_say(p, &p->places[i], sentence), 4);
		else
			left_out++;
	}
	if (left_out > 0)
		printf("    and %zu addresses more: --json\n", left_out);
	if (*who_say_free(p, sentence))
		print_wrapped(sentence, 4);
}

void who_tell(const struct who_port *p)
{
	print_head(p);
	if (p->count > 0) {
		print_sockets(p);
		print_processes(p);
		print_unseen(p);
	}
	print_places(p);
}
