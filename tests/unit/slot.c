/* SPDX-License-Identifier: MIT */
#include "master/slot.h"

#include <criterion/criterion.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "sys/sock.h"

/* Two services: tcp on one address, udp on the same one, as real sockets. */
static struct addr address;
static struct config_service services[2];
static struct config config = { .services = services, .service_count = 2 };
static struct slot_table table;

static struct addr bound_to(int fd)
{
	struct addr a = {0};
	socklen_t len = sizeof(a);

	cr_assert_eq(getsockname(fd, &a.sa, &len), 0);
	return a;
}

static void set_up(void)
{
	address.in.sin_family = AF_INET;
	address.in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	int fd = sock_bind(&address, SOCK_STREAM);
	address = bound_to(fd);
	close(fd);
	services[0] = (struct config_service){ .name = "a", .protocol = CONFIG_TCP,
		.listens = &address, .listen_count = 1, .backlog = 16 };
	services[1] = (struct config_service){ .name = "b", .protocol = CONFIG_UDP,
		.listens = &address, .listen_count = 1 };
	cr_assert_eq(slots_grow(&table, NULL, 3), 0);
}

static void tear_down(void)
{
	slots_fini(&table);
}

TestSuite(slot, .init = set_up, .fini = tear_down);

static void fill(unsigned slot)
{
	slot_take(table.slots[slot], &config, 0, sock_bind(&address, SOCK_STREAM));
	slot_take(table.slots[slot], &config, 1, sock_bind(&address, SOCK_DGRAM));
}

static bool is_listening(int fd)
{
	int yes = 0;
	socklen_t len = sizeof(yes);

	cr_assert_eq(getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &yes, &len), 0);
	return yes;
}

Test(slot, gives_its_sockets_in_the_order_of_the_configuration)
{
	int out[2];

	slot_sockets(table.slots[1], &config, out);
	cr_assert_eq(out[0], -1);
	cr_assert_eq(out[1], -1);
	fill(1);
	slot_sockets(table.slots[1], &config, out);
	cr_assert_eq(out[0], table.slots[1]->sockets[0].fd);
	cr_assert_eq(out[1], table.slots[1]->sockets[1].fd);
	slot_sockets(table.slots[0], &config, out);
	cr_assert_eq(out[0], -1);
}

Test(slot, keeps_its_sockets_under_a_configuration_in_another_order)
{
	int before[2], after[2];
	struct config_service turned[2] = { services[1], services[0] };
	struct config other = { .services = turned, .service_count = 2 };

	fill(0);
	slot_sockets(table.slots[0], &config, before);
	slot_sockets(table.slots[0], &other, after);
	cr_assert_eq(before[0], after[1]);
	cr_assert_eq(before[1], after[0]);
}

Test(slot, takes_a_socket_once)
{
	fill(0);
	int second = sock_bind(&address, SOCK_STREAM);
	slot_take(table.slots[0], &config, 0, second);
	cr_assert_eq(table.slots[0]->socket_count, 2);
	cr_assert_eq(fcntl(second, F_GETFD), -1, "the second one stays open");
}

Test(slot, listens_on_tcp_only_and_once)
{
	const struct config_service *failed;

	fill(0);
	fill(1);
	fill(2);
	cr_assert_eq(slots_listen(&table, &config, 0, 3, &failed), 0);
	cr_assert_eq(slots_listen(&table, &config, 0, 3, &failed), 0);
	for (int i = 0; i < 3; i++) {
		cr_assert(is_listening(table.slots[i]->sockets[0].fd));
		cr_assert(table.slots[i]->sockets[0].listening);
		cr_assert_not(table.slots[i]->sockets[1].listening);
	}
}

Test(slot, says_when_a_slot_lacks_a_socket)
{
	const struct config_service *failed;

	fill(0);
	cr_assert_eq(slots_listen(&table, &config, 0, 1, &failed), 0);
	cr_assert_eq(slots_listen(&table, &config, 0, 2, &failed), -1);
	cr_assert_eq(failed, &services[0]);
}

Test(slot, has_room_for_two_configurations)
{
	struct addr many[2 * CONFIG_MAX_LISTENS];
	struct config_service service = { .name = "m", .listens = many,
		.listen_count = 2 * CONFIG_MAX_LISTENS };
	struct config both = { .services = &service, .service_count = 1 };

	for (size_t i = 0; i < 2 * CONFIG_MAX_LISTENS; i++) {
		many[i] = address;
		many[i].in.sin_addr.s_addr = htonl(INADDR_LOOPBACK + (uint32_t)i);
		cr_assert_eq(slot_take(table.slots[0], &both, i, sock_bind(&many[i], SOCK_STREAM)), 0);
	}
}

Test(slot, knows_which_addresses_meet)
{
	struct addr any = address, other = address;

	any.in.sin_addr.s_addr = 0;
	other.in.sin_addr.s_addr = htonl(INADDR_LOOPBACK + 1);
	fill(0);
	cr_assert(slot_overlaps(table.slots[0], &any, SOCK_STREAM));
	cr_assert_not(slot_overlaps(table.slots[0], &other, SOCK_STREAM));
	cr_assert_not(slot_overlaps(table.slots[1], &any, SOCK_STREAM));
}

Test(slot, closes_what_a_configuration_does_not_name)
{
	struct config less = { .services = services, .service_count = 1 };

	fill(0);
	int gone = table.slots[0]->sockets[1].fd;
	slots_keep_only(&table, &less);
	cr_assert_eq(table.slots[0]->socket_count, 1);
	cr_assert_eq(table.slots[0]->sockets[0].type, SOCK_STREAM);
	cr_assert_eq(fcntl(gone, F_GETFD), -1);
}
