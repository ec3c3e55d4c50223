/* SPDX-License-Identifier: MIT */
/* dns.c - answers for one zone, by UDP and TCP (RFC 1035, 6891, 7766), from a file of lines "NAME TTL
 * TYPE VALUE" with types A, AAAA and TXT: etc/dns.ini.  Without a SOA, so nobody keeps a "no". */
#include <portico.h>
#include <arpa/inet.h>
#include <resolv.h>
#include <stdio.h>
#include <string.h>

enum { HEAD = 12, OPT_LEN = 11, PLAIN = 512, EDNS = 1232, TCP = 65535, ASKED = 4096, MOST = 256 };

struct record { char name[256]; unsigned type, ttl, len; unsigned char data[256]; };
struct zone { const char *origin, *file; size_t count; struct record records[MOST]; };
struct question { char name[1025]; unsigned type, edns; size_t end; };

static unsigned get(const unsigned char *at) { return (unsigned)at[0] << 8 | at[1]; }

static unsigned char *put(unsigned char *at, unsigned value, unsigned bytes)
{
	while (bytes-- > 0)
		*at++ = (unsigned char)(value >> 8 * bytes);
	return at;
}

static bool is_within(const char *name, const char *top)
{
	size_t len = strlen(name), tail = strlen(top);
	const char *at = name + (len > tail ? len - tail : 0);

	return strcasecmp(at, top) == 0 && (at == name || (at[-1] == '.' && (at < name + 2 || at[-2] != '\\')));
}

static int read_record(struct zone *z, const char *line)
{
	struct record *r = &z->records[z->count];
	char type[8], text[256] = "";

	if (z->count == MOST || sscanf(line, "%255s %u %7s %255[^\r\n]", r->name, &r->ttl, type, text) != 4)
		return -1;
	r->type = strcmp(type, "A") == 0 ? T_A : strcmp(type, "AAAA") == 0 ? T_AAAA : T_TXT;
	r->len = r->type == T_A ? 4 : r->type == T_AAAA ? 16 : (unsigned)strlen(text) + 1;
	memcpy(put(r->data, r->len - 1, 1), text, r->len - 1);
	z->count++;
	return (r->type == T_TXT ? strcmp(type, "TXT") == 0
		: inet_pton(r->type == T_A ? AF_INET : AF_INET6, text, r->data) == 1)
		&& is_within(r->name, z->origin) ? 0 : -1;
}

static int start(struct portico_service *service)
{
	struct zone *z = portico_service_state(service);
	FILE *f = fopen(z->file, "re");
	bool good = f;
	char line[640];
	unsigned n = 0;

	for (; good && fgets(line, sizeof(line), f); n++)
		good = strchr("#\n", line[0]) || read_record(z, line) == 0;
	if (!good)
		portico_log(service, PORTICO_ERROR, f ? "%s:%u: no record of it" : "%s:%u: %m", z->file, n);
	return f && fclose(f) == 0 && good ? 0 : -1;
}

static unsigned read_question(struct question *q, const unsigned char *in, size_t len)
{
	int n = dn_expand(in, in + len, in + HEAD, q->name, sizeof(q->name));
	unsigned char plain[256];        /* the same name without pointers, which it must have none of */

	if (get(in + 4) != 1 || get(in + 6) != 0 || get(in + 8) != 0 || n < 0 || HEAD + (size_t)n + 4 > len
		|| dn_comp(q->name, plain, sizeof(plain), NULL, NULL) != n)
		return FORMERR;
	q->end = HEAD + (size_t)n + 4;
	q->type = get(in + q->end - 2) == C_IN ? get(in + q->end - 4) : 0;
	const unsigned char *opt = in + q->end;
	if (get(in + 10) == 0 || q->end + OPT_LEN > len || opt[0] != 0 || get(opt + 1) != ns_t_opt)
		return NOERROR;
	q->edns = get(opt + 3) < PLAIN ? PLAIN : get(opt + 3) > EDNS ? EDNS : get(opt + 3);
	return opt[6] == 0 ? NOERROR : ns_r_badvers;
}

/* Puts records at at; NULL: there is no room.  A name above one that there is exists, too. */
static unsigned char *look_up(const struct zone *z, const struct question *q, unsigned char *at,
	const unsigned char *end, unsigned *count, unsigned *code)
{
	*code = is_within(q->name, z->origin) && q->type ? NXDOMAIN : REFUSED;
	for (const struct record *r = z->records; *code != REFUSED && r < z->records + z->count; r++) {
		*code = is_within(r->name, q->name) ? NOERROR : *code;
		if (r->type != q->type || strcasecmp(r->name, q->name) != 0)
			continue;
		if (end - at < 12 + (int)r->len)
			return NULL;
		at = put(put(put(put(put(at, 0xc000 | HEAD, 2), r->type, 2), C_IN, 2), r->ttl, 4), r->len, 2);
		at = (unsigned char *)memcpy(at, r->data, r->len) + r->len;
		++*count;
	}
	return at;
}

/* Bytes of the reply; 0: there is none, as to a reply: two servers would go on for ever. */
static size_t answer(const struct zone *z, const unsigned char *in, size_t len, unsigned char *out,
	size_t limit)
{
	struct question q = { .end = HEAD };
	unsigned count = 0;

	if (len < HEAD || (in[2] & 0x80))
		return 0;
	unsigned code = (in[2] & 0x78) ? NOTIMP : read_question(&q, in, len);
	unsigned char *at = (unsigned char *)memcpy(out, in, q.end) + q.end, *end = at;
	if (code == NOERROR)
		end = look_up(z, &q, at, out + (limit == PLAIN && q.edns ? q.edns : limit) - (q.edns ? OPT_LEN : 0),
			&count, &code);
	out[2] = (in[2] & 0x79) | 0x80 | (code == NOERROR || code == NXDOMAIN ? 4 : 0) | (end ? 0 : 2);
	put(put(put(put(put(out + 3, code & 15, 1), q.end > HEAD, 2), end ? count : 0, 2), 0, 2), q.edns > 0, 2);
	at = end ? end : at;
	if (q.edns)
		at = put(put(put(put(put(at, 0, 1), ns_t_opt, 2), EDNS, 2), code >> 4 << 24, 4), 0, 2);
	return (size_t)(at - out);
}

static int packet(struct portico_dgram *dgram, const void *data, size_t len)
{
	unsigned char out[EDNS];
	size_t n = answer(portico_service_state(portico_dgram_service(dgram)), data, len, out, PLAIN);

	return n > 0 ? portico_dgram_reply(dgram, out, n) : 0;
}

static ssize_t stream(struct portico_conn *conn, const void *data, size_t len)
{
	const struct zone *z = portico_service_state(portico_conn_service(conn));
	static unsigned char out[2 + TCP];
	const unsigned char *in = data, *end = in + len;

	for (size_t n; end - in >= 2 && end - in - 2 >= (int)get(in); in += 2 + get(in)) {
		n = answer(z, in + 2, get(in), out + 2, TCP);
		if (n == 0 || portico_conn_write(conn, put(out, (unsigned)n, 2) - 2, 2 + n) < 0)
			return -1;
	}
	return end - in >= 2 && get(in) > ASKED ? -1 : in - (const unsigned char *)data;
}

static const struct portico_option options[] = {
	PORTICO_OPTION(STRING, struct zone, origin, NULL, "what all names end with: example.org"),
	PORTICO_OPTION(STRING, struct zone, file, NULL, "of lines NAME TTL TYPE VALUE"), {0},
};

PORTICO_PLUGIN(.name = "dns", .options = options, .service_size = sizeof(struct zone), .start = start,
	.udp_packet = packet, .tcp_data = stream)
