/* SPDX-License-Identifier: MIT */
/*
 * who_json.c - who is on a port, for programs.  null: this user may not see it.
 */
#include <net/if.h>
#include <pwd.h>
#include <string.h>

#include "master/who_port.h"

static json_t *flag(int value)
{
	return value < 0 ? json_null() : json_boolean(value);
}

static json_t *user(uid_t uid)
{
	const struct passwd *entry = getpwuid(uid);

	return entry ? json_string(entry->pw_name) : json_null();
}

static json_t *device(unsigned index)
{
	char name[IF_NAMESIZE];

	return index && if_indextoname(index, name) ? json_string(name) : json_null();
}

static json_t *address(const struct addr *a)
{
	char text[ADDR_TEXT];

	return json_string(addr_format(a, text));
}

static json_t *v6only(const struct addr *a, int value)
{
	return a->sa.sa_family == AF_INET6 ? flag(value) : json_null();
}

static const char *family(const struct addr *a)
{
	return a->sa.sa_family == AF_INET6 ? "ipv6" : "ipv4";
}

static json_t *holder(const struct holder *h)
{
	return json_pack("{s:i, s:s, s:s, s:I, s:o, s:i, s:o}",
		"pid", (int)h->pid,
		"program", h->program,
		"command", h->command,
		"uid", (json_int_t)h->uid,
		"user", user(h->uid),
		"descriptor", h->fd,
		"since", h->since ? json_integer((json_int_t)h->since) : json_null());
}

static json_t *holders(const struct who_socket *s)
{
	json_t *list = json_array();

	for (size_t i = 0; i < s->holder_count; i++)
		json_array_append_new(list, holder(&s->holders[i]));
	return list;
}

static json_t *one_socket(const struct who_socket *s)
{
	return json_pack("{s:o, s:s, s:o, s:o, s:s, s:I, s:o, s:I, s:I, s:o, s:o, s:o, s:o, s:o}",
		"address", address(&s->s.addr),
		"family", family(&s->s.addr),
		"v6only", v6only(&s->s.addr, s->s.v6only),
		"device", device(s->s.device),
		"state", who_state(s),
		"uid", (json_int_t)s->s.uid,
		"user", user(s->s.uid),
		"inode", (json_int_t)s->s.inode,
		"queue", (json_int_t)s->s.queue,
		"limit", s->s.limit < 0 ? json_null() : json_integer(s->s.limit),
		"reuseport", flag(s->reuseport),
		"reuseaddr", flag(s->reuseaddr),
		"group", s->group ? json_integer(s->group) : json_null(),
		"holders", holders(s));
}

static const char *answer(enum who_answer a)
{
	static const char *const names[] = { "no", "yes", "unknown" };

	return names[a];
}

static json_t *outcome(const struct who_outcome *o)
{
	return json_pack("{s:s, s:b, s:o}", "answer", answer(o->answer), "tried", o->tried,
		"error", o->error ? json_string(strerror(o->error)) : json_null());
}

static json_t *place(const struct who_port *p, const struct who_place *w)
{
	char sentence[WHO_SENTENCE];

	return json_pack("{s:o, s:o, s:o, s:b, s:I, s:o, s:o, s:o, s:o, s:s, s:s}",
		"address", address(&w->addr),
		"v6only", v6only(&w->addr, w->v6only),
		"device", device(w->device),
		"held", w->held,
		"uid", (json_int_t)w->uid,
		"user", user(w->uid),
		"plain", outcome(&w->with[WHO_PLAIN]),
		"reuseaddr", outcome(&w->with[WHO_REUSEADDR]),
		"reuseport", outcome(&w->with[WHO_REUSEPORT]),
		"answer", answer(who_verdict(w)),
		"sentence", who_say(p, w, sentence));
}

json_t *who_json(const struct who_port *p)
{
	json_t *sockets = json_array(), *places = json_array();

	for (size_t i = 0; i < p->count; i++)
		json_array_append_new(sockets, one_socket(&p->sockets[i]));
	for (size_t i = 0; i < p->place_count; i++)
		json_array_append_new(places, place(p, &p->places[i]));
	return json_pack("{s:s, s:I, s:I, s:I, s:I, s:o, s:o}",
		"protocol", who_type(p),
		"port", (json_int_t)p->port,
		"connections", (json_int_t)p->connections,
		"time_wait", (json_int_t)p->time_wait,
		"processes_not_seen", (json_int_t)p->hidden,
		"sockets", sockets,
		"binds", places);
}
