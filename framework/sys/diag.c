/* SPDX-License-Identifier: MIT */
/*
 * diag.c - the sockets of this network namespace, whoever they belong to.
 *
 * One dump for each family.  The kernel compares the port: a machine with
 * many connections sends few of them.  A TCP socket that is bound and does not
 * listen is in no table but that of the ports; the kernel walks it when it is
 * asked for the pseudo state TCP_BOUND_INACTIVE, and answers with TCP_CLOSE.
 */
#include "sys/diag.h"

#include <errno.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { BOUND_INACTIVE = 13, ANSWER_ROOM = 1 << 15 };

struct port_is {                 /* inet_diag's bytecode: source port >= P, and <= P */
	struct inet_diag_bc_op least, least_value, most, most_value;
};

struct request {
	struct nlmsghdr         head;
	struct inet_diag_req_v2 what;
	struct nlattr           filter_head;
	struct port_is          filter;
};

static uint32_t states(int type, enum diag_which which)
{
	if (type == SOCK_DGRAM || which == DIAG_ALL)
		return UINT32_MAX;
	return 1u << TCP_LISTEN | (which == DIAG_HOLDERS ? 1u << BOUND_INACTIVE : 0);
}

/* A condition that fails jumps behind the end: no. */
static struct port_is port_filter(uint16_t port)
{
	enum { TEST = 2 * sizeof(struct inet_diag_bc_op), ALL = sizeof(struct port_is) };

	return (struct port_is) {
		.least = { INET_DIAG_BC_S_GE, TEST, ALL + 4 },
		.least_value = { .no = port },
		.most = { INET_DIAG_BC_S_LE, TEST, ALL - TEST + 4 },
		.most_value = { .no = port },
	};
}

static int send_request(int fd, int family, int type, uint16_t port, enum diag_which which)
{
	struct request r = {
		.head = { .nlmsg_len = sizeof(r), .nlmsg_type = SOCK_DIAG_BY_FAMILY,
			.nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP },
		.what = { .sdiag_family = (uint8_t)family,
			.sdiag_protocol = type == SOCK_DGRAM ? IPPROTO_UDP : IPPROTO_TCP,
			.idiag_ext = 1 << (INET_DIAG_SKMEMINFO - 1),
			.idiag_states = states(type, which) },
		.filter_head = { sizeof(r.filter_head) + sizeof(r.filter), INET_DIAG_REQ_BYTECODE },
		.filter = port_filter(port),
	};
	return send(fd, &r, sizeof(r), 0) == sizeof(r) ? 0 : -1;
}

/* ---- the answer ---- */

static struct addr address_of(const struct inet_diag_msg *m)
{
	struct addr a = {0};

	if (m->idiag_family == AF_INET) {
		a.in.sin_family = AF_INET;
		a.in.sin_port = m->id.idiag_sport;
		memcpy(&a.in.sin_addr, m->id.idiag_src, sizeof(a.in.sin_addr));
		return a;
	}
	a.in6.sin6_family = AF_INET6;
	a.in6.sin6_port = m->id.idiag_sport;
	memcpy(&a.in6.sin6_addr, m->id.idiag_src, sizeof(a.in6.sin6_addr));
	if (IN6_IS_ADDR_LINKLOCAL(&a.in6.sin6_addr))
		a.in6.sin6_scope_id = m->id.idiag_if;
	return a;
}

static void read_attribute(struct diag_socket *s, const struct nlattr *attr)
{
	const void *value = attr + 1;
	size_t len = attr->nla_len - sizeof(*attr);
	uint32_t memory[SK_MEMINFO_RCVBUF + 1];

	if (attr->nla_type == INET_DIAG_SKV6ONLY && len >= 1)
		s->v6only = *(const uint8_t *)value != 0;
	if (attr->nla_type == INET_DIAG_SKMEMINFO && len >= sizeof(memory) && s->type == SOCK_DGRAM) {
		memcpy(memory, value, sizeof(memory));
		s->limit = memory[SK_MEMINFO_RCVBUF];
	}
}

static void read_attributes(struct diag_socket *s, const char *at, size_t len)
{
	while (len >= sizeof(struct nlattr)) {
		const struct nlattr *attr = (const struct nlattr *)(const void *)at;
		size_t whole = NLMSG_ALIGN(attr->nla_len);

		if (attr->nla_len < sizeof(*attr) || attr->nla_len > len)
			return;
		read_attribute(s, attr);
		if (whole > len)
			return;
		at += whole;
		len -= whole;
	}
}

static struct diag_socket read_socket(const struct nlmsghdr *head, int type)
{
	const struct inet_diag_msg *m = NLMSG_DATA(head);
	struct diag_socket s = {
		.addr = address_of(m),
		.type = type,
		.state = m->idiag_state,
		.uid = m->idiag_uid,
		.inode = m->idiag_inode,
		.queue = m->idiag_rqueue,
		.limit = m->idiag_state == TCP_LISTEN ? (int64_t)m->idiag_wqueue : -1,
		.v6only = m->idiag_family == AF_INET ? 1 : -1,
		.device = m->id.idiag_if,
		.cookie = (uint64_t)m->id.idiag_cookie[1] << 32 | m->id.idiag_cookie[0],
	};

	read_attributes(&s, (const char *)(m + 1), head->nlmsg_len - NLMSG_LENGTH(sizeof(*m)));
	return s;
}

static int failure(const struct nlmsghdr *head)
{
	const struct nlmsgerr *e = NLMSG_DATA(head);

	if (head->nlmsg_len < NLMSG_LENGTH(sizeof(*e)) || e->error == 0)
		return -1;
	errno = -e->error;
	return -1;
}

struct answer {
	int        type;
	uint16_t   port;
	diag_each *each;
	void      *arg;
};

/* 1: there is more to come; 0: that was all; -1 and errno. */
static int read_messages(const struct answer *a, const struct nlmsghdr *head, ssize_t len)
{
	for (; NLMSG_OK(head, len); head = NLMSG_NEXT(head, len)) {
		if (head->nlmsg_type == NLMSG_DONE)
			return 0;
		if (head->nlmsg_type == NLMSG_ERROR)
			return failure(head);
		if (head->nlmsg_len < NLMSG_LENGTH(sizeof(struct inet_diag_msg)))
			continue;
		struct diag_socket s = read_socket(head, a->type);
		if (addr_port(&s.addr) == a->port)
			a->each(a->arg, &s);
	}
	return 1;
}

static int read_answer(int fd, const struct answer *a)
{
	_Alignas(struct nlmsghdr) char room[ANSWER_ROOM];
	int more;

	do {
		ssize_t n;
		do
			n = recv(fd, room, sizeof(room), 0);
		while (n < 0 && errno == EINTR);
		if (n < 0)
			return -1;
		errno = EPROTO;
		more = read_messages(a, (const struct nlmsghdr *)(const void *)room, n);
	} while (more > 0);
	return more;
}

/* A kernel that lost its place says so by an error, after some were told: the
 * caller may see a socket twice then, never none. */
static int ask_kernel(int family, enum diag_which which, const struct answer *a)
{
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_SOCK_DIAG);
	int result = -1;

	if (fd < 0)
		return -1;
	if (send_request(fd, family, a->type, a->port, which) == 0)
		result = read_answer(fd, a);
	close(fd);
	return result;
}

int diag_sockets(int type, uint16_t port, enum diag_which which, diag_each *each, void *arg)
{
	static const int families[] = { AF_INET, AF_INET6 };
	const struct answer a = { type, port, each, arg };

	for (size_t i = 0; i < 2; i++)
		if (ask_kernel(families[i], which, &a) < 0
			&& diag_sockets_proc(families[i], type, port, which, each, arg) < 0)
			return -1;
	return 0;
}
