/* SPDX-License-Identifier: MIT */
/*
 * who_say.c - whether another process can bind a place now, and why not, in one sentence.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "master/who_port.h"
#include "sys/user.h"

enum { HOLDER_TEXT = 160 };

struct sentence {
	char  *out;
	size_t len;
};

__attribute__((format(printf, 2, 3)))
static void add(struct sentence *s, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	int n = vsnprintf(s->out + s->len, WHO_SENTENCE - s->len, fmt, args);
	va_end(args);
	if (n > 0)
		s->len += (size_t)n;
	if (s->len >= WHO_SENTENCE)
		s->len = WHO_SENTENCE - 1;
}

/* ---- who is in the way ---- */

static const char *holder_of(const struct who_socket *s, char out[HOLDER_TEXT])
{
	char user[USER_TEXT], more[32] = "";

	if (s->holder_count == 0) {
		snprintf(out, HOLDER_TEXT, "a process of %s that may not be seen",
			user_tell(s->s.uid, user));
		return out;
	}
	if (s->holder_count > 1)
		snprintf(more, sizeof(more), " and %zu more", s->holder_count - 1);
	snprintf(out, HOLDER_TEXT, "%s (pid %d%s)", s->holders[0].program, (int)s->holders[0].pid, more);
	return out;
}

/* How much s is the reason why nobody gets in: what no flag of ours changes comes first. */
static int weight_of(const struct who_socket *s, const struct who_place *place)
{
	if (s->reuseport == 0)
		return 3;
	if (s->s.uid != place->uid)
		return 2;
	return s->reuseport < 0 ? 1 : 0;
}

/* The one to name; NULL if no socket is in the way. */
static const struct who_socket *worst(const struct who_port *p, const struct who_place *place)
{
	const struct who_socket *worst_yet = NULL;

	for (size_t i = 0; i < p->count; i++) {
		const struct who_socket *s = &p->sockets[i];

		if (who_meets(s, place)
			&& (!worst_yet || weight_of(s, place) > weight_of(worst_yet, place)))
			worst_yet = s;
	}
	return worst_yet;
}

static bool has_one_there(const struct who_port *p, const struct who_place *place)
{
	for (size_t i = 0; i < p->count; i++)
		if (who_is_at(&p->sockets[i], place))
			return true;
	return false;
}

/* What s holds, and how that concerns place: whether by a clause that wants a comma behind it. */
static bool add_where(struct sentence *out, const struct who_socket *s,
	const struct who_place *place)
{
	char text[WHO_ADDRESS];

	if (who_is_at(s, place)) {
		add(out, "it");
		return false;
	}
	add(out, "%s", who_address(&s->s.addr, s->s.v6only, s->s.device, text));
	if (place->addr.sa.sa_family == AF_INET && s->s.addr.sa.sa_family == AF_INET6
		&& addr_is_wildcard(&s->s.addr))
		add(out, ", which covers IPv4 because it is not v6only");
	else if (addr_is_wildcard(&s->s.addr))
		add(out, ", which covers it");
	else if (addr_is_wildcard(&place->addr))
		add(out, ", which it would cover");
	else
		return false;
	return true;
}

static void add_reason(struct sentence *out, const struct who_port *p,
	const struct who_place *place)
{
	const struct who_socket *s = worst(p, place);
	char text[HOLDER_TEXT], user[USER_TEXT];

	if (!s) {
		add(out, "of a program without SO_REUSEADDR %zu connections are open and %zu in TIME_WAIT",
			p->connections, p->time_wait);
		return;
	}
	add(out, "%s holds ", holder_of(s, text));
	const char *comma = add_where(out, s, place) ? "," : "";
	if (s->reuseport == 0)
		add(out, "%s without SO_REUSEPORT", comma);
	else if (s->s.uid != place->uid)
		add(out, "%s%s%s, and SO_REUSEPORT shares with the same user only",
			s->holder_count ? comma : "", s->holder_count ? " under " : "",
			s->holder_count ? user_tell(s->s.uid, user) : "");
	else if (s->reuseport < 0)
		add(out, ", whether with SO_REUSEPORT may not be seen");
}

/* ---- the answers ---- */

static bool is_privileged(const struct who_port *p)
{
	return p->port < who_privileged_below();
}

static void say_free(struct sentence *out, const struct who_port *p, const char *where,
	size_t count)
{
	add(out, "yes: any process%s can bind %s, which %s free (tried)",
		is_privileged(p) ? " with CAP_NET_BIND_SERVICE, as root has," : "", where,
		count == 1 ? "is" : "are");
}

/* The kernel looks for the narrower one first: an address before a wildcard, a device
 * before all of them, IPv4 before both. */
static void add_split(struct sentence *out, const struct who_port *p,
	const struct who_place *place)
{
	const struct who_socket *s = worst(p, place);
	char text[HOLDER_TEXT], where[WHO_ADDRESS];

	if (!s || has_one_there(p, place))
		return;
	holder_of(s, text);
	who_address(&s->s.addr, s->s.v6only, s->s.device, where);
	if (s->s.device != place->device || !addr_is_wildcard(&s->s.addr))
		add(out, "; in a group of its own: what comes to %s stays with %s", where, text);
	else if (place->addr.sa.sa_family == AF_INET)
		add(out, "; in a group of its own, which takes what is IPv4 from %s on %s", text, where);
	else
		add(out, "; in a group of its own beside %s on %s", text, where);
}

static void say_shared(struct sentence *out, const struct who_port *p,
	const struct who_place *place, const char *where)
{
	char user[USER_TEXT];

	add(out, "yes: another process of %s that sets SO_REUSEPORT%s can bind %s now (%s)",
		user_tell(place->uid, user),
		is_privileged(p) ? " and has CAP_NET_BIND_SERVICE" : "", where,
		place->with[WHO_REUSEPORT].tried ? "tried"
			: "not tried: it would take datagrams at once");
	add(out, "; without it: no (%s)", strerror(place->with[WHO_PLAIN].error));
	add_split(out, p, place);
	if (place->with[WHO_REUSEADDR].answer == WHO_YES && p->type == SOCK_DGRAM)
		add(out, "; with SO_REUSEADDR every user can, and takes the datagrams");
}

/* TCP: who only lingers, or is bound and does not listen, and had the flag too. UDP: all have it. */
static void say_reuseaddr(struct sentence *out, const struct who_port *p,
	const struct who_place *place, const char *where)
{
	const struct who_socket *s = worst(p, place);
	char text[HOLDER_TEXT];

	add(out, "yes: a process%s that sets SO_REUSEADDR can bind %s now (%s)",
		is_privileged(p) ? " with CAP_NET_BIND_SERVICE" : "", where,
		place->with[WHO_REUSEADDR].tried ? "tried"
			: "not tried: it would take datagrams at once");
	add(out, "; without it: no (%s)", strerror(place->with[WHO_PLAIN].error));
	if (!s)
		add(out, ": nobody listens, but of earlier connections %zu are open and %zu in TIME_WAIT",
			p->connections, p->time_wait);
	else if (p->type == SOCK_STREAM)
		add(out, "; %s has bound it too, and only the first that listens gets it",
			holder_of(s, text));
	else
		add(out, "; %s has set it as well", holder_of(s, text));
}

static void say_unknown(struct sentence *out, const struct who_port *p,
	const struct who_place *place, const char *where)
{
	const struct who_socket *s = worst(p, place);
	char text[HOLDER_TEXT], user[USER_TEXT];

	add(out, "unknown: %s is held by %s, and whether with SO_REUSEPORT may not be seen by %s "
		"(not tried: it would take datagrams at once)", where, holder_of(s, text),
		user_tell(place->uid, user));
}

static void say_no(struct sentence *out, const struct who_port *p,
	const struct who_place *place, const char *where)
{
	int error = place->with[WHO_PLAIN].error;
	char user[USER_TEXT];

	add(out, "no: another process of %s cannot bind %s now (tried: %s)",
		user_tell(place->uid, user), where, strerror(error));
	if (error == EACCES)
		add(out, ": ports under %d need CAP_NET_BIND_SERVICE", who_privileged_below());
	if (worst(p, place) || error == EADDRINUSE) {
		add(out, error == EACCES ? "; besides, " : ": ");
		add_reason(out, p, place);
	}
}

enum who_answer who_verdict(const struct who_place *place)
{
	for (enum who_how how = 0; how < WHO_HOWS; how++)
		if (place->with[how].answer == WHO_YES)
			return WHO_YES;
	return place->with[WHO_REUSEPORT].answer;
}

const char *who_say(const struct who_port *p, const struct who_place *place,
	char out[WHO_SENTENCE])
{
	struct sentence s = { .out = out };
	char where[WHO_ADDRESS];

	who_address(&place->addr, place->v6only, place->device, where);
	if (place->with[WHO_PLAIN].answer == WHO_YES)
		say_free(&s, p, where, 1);
	else if (place->with[WHO_REUSEPORT].answer == WHO_YES && worst(p, place))
		say_shared(&s, p, place, where);
	else if (place->with[WHO_REUSEADDR].answer == WHO_YES)
		say_reuseaddr(&s, p, place, where);
	else if (place->with[WHO_REUSEPORT].answer == WHO_YES)
		say_shared(&s, p, place, where);
	else if (place->with[WHO_REUSEPORT].answer == WHO_UNKNOWN)
		say_unknown(&s, p, place, where);
	else
		say_no(&s, p, place, where);
	return out;
}

const char *who_say_free(const struct who_port *p, char out[WHO_SENTENCE])
{
	struct sentence list = { .out = (char[WHO_SENTENCE]) { "" } }, s = { .out = out };
	char where[WHO_ADDRESS];
	size_t count = 0;

	for (size_t i = 0; i < p->place_count; i++) {
		const struct who_place *place = &p->places[i];

		if (place->with[WHO_PLAIN].answer == WHO_YES)
			add(&list, "%s%s", count++ ? " and " : "",
				who_address(&place->addr, place->v6only, place->device, where));
	}
	out[0] = '\0';
	if (count > 0)
		say_free(&s, p, list.out, count);
	return out;
}
