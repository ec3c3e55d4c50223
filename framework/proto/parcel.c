/* SPDX-License-Identifier: MIT */
/*
 * parcel.c - a connection that goes on in another worker: what goes with its descriptor.
 */
#include "proto/parcel.h"

#include <errno.h>
#include <string.h>

#include "base/clock.h"
#include "net/stream.h"
#include "sys/capsule.h"

static int write_state(struct portico_export *e, const void *data, size_t len)
{
	if (clock_seconds() > e->until && !e->capsule->failed)
		e->capsule->failed = ETIME;
	return capsule_write(e->capsule, data, len);
}

int portico_export_write(struct portico_export *e, const void *data, size_t len)
{
	if (e->capsule)
		return write_state(e, data, len);
	if (e->too_much || len > PARCEL_MOST - e->len) {
		e->too_much = true;
		errno = EFBIG;
		return -1;
	}
	if (len > 0)
		memcpy(e->bytes + e->len, data, len);
	e->len += len;
	return 0;
}

bool parcel_is_filled(struct portico_service *h, const char *callback, int result,
	const struct portico_export *e)
{
	if (e->too_much)
		handler_failed_to(h, callback, "wrote more than 4096 bytes: the connection stays");
	return result == 0 && !e->too_much;
}

struct dispatch {
	const struct parcel *parcel;
	parcel_give_fn      *give;
	void                *arg;
};

static int give_parcel(void *arg, int fd)
{
	const struct dispatch *d = arg;

	return d->give(d->arg, fd, d->parcel);
}

int parcel_send(struct stream *s, const struct parcel *p, parcel_give_fn *give, void *arg)
{
	struct dispatch d = { .parcel = p, .give = give, .arg = arg };

	return stream_hand_on(s, give_parcel, &d);
}
