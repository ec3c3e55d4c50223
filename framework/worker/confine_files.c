/* SPDX-License-Identifier: MIT */
/*
 * confine_files.c - the files, ports and processes that a worker may reach: Landlock.
 *
 * With read_paths or write_paths, beside what they name, it may read: its plugins; what a
 * handler's key root names, which by custom is a directory that it serves; and what libraries read.
 * Those files are named one by one, so that a private key in /etc is not among them.  A rule
 * belongs to the file that was there: one that is replaced by rename(2) is another.
 */
#include "worker/confine_files.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <sysexits.h>

#include "sys/landlock.h"
#include "worker/report.h"
#include "worker/worker.h"

/* Shared objects, names of hosts and users, time zones and languages, trusted certificates. */
static const char *const libraries_read[] = {
	"/lib", "/lib64", "/usr/lib", "/usr/lib64", "/usr/local/lib",
	"/etc/ld.so.cache", "/etc/ld.so.preload",
	"/etc/nsswitch.conf", "/etc/resolv.conf", "/run/systemd/resolve", "/etc/hosts",
	"/etc/host.conf", "/etc/gai.conf", "/etc/services", "/etc/protocols",
	"/etc/passwd", "/etc/group", "/etc/localtime", "/usr/share/zoneinfo", "/usr/share/locale",
	"/etc/ssl/openssl.cnf", "/etc/ssl/certs", "/usr/share/ca-certificates",
	"/usr/local/share/ca-certificates", "/etc/pki/tls/certs", "/etc/pki/ca-trust",
	"/dev/zero", "/dev/full", "/dev/random", "/dev/urandom",
	"/proc/self", "/sys/devices/system/cpu",
};

static const char *const libraries_write[] = { "/dev/null" };

struct rules {
	const struct worker_birth *birth;
	struct landlock            landlock;
	int                        code;
};

/* There may be no such file here. */
static void allow_all(struct rules *r, const char *const *paths, size_t count, bool write)
{
	for (size_t i = 0; i < count; i++)
		(void)landlock_allow(&r->landlock, paths[i], write);
}

/* What somebody wrote has to be there. */
static void allow(struct rules *r, const char *key, const char *path, bool write)
{
	if (landlock_allow(&r->landlock, path, write) == 0)
		return;
	r->code = EX_CONFIG;
	report(r->birth->channel, EX_CONFIG, "%s: %s: %s%s", key, path, strerror(errno),
		r->birth->config->chroot ? ", as seen from chroot" : "");
}

/* What is not there is told when it is opened. */
static void allow_handler(struct rules *r, const struct config_handler *h)
{
	(void)landlock_allow(&r->landlock, h->plugin, false);
	for (size_t i = 0; i < h->setting_count; i++)
		if (strcmp(h->settings[i].key, "root") == 0)
			(void)landlock_allow(&r->landlock, h->settings[i].value, false);
}

static void allow_handlers(struct rules *r)
{
	const struct config *c = r->birth->config;

	for (size_t i = 0; i < c->service_count; i++)
		for (size_t k = 0; k < c->services[i].handler_count; k++)
			allow_handler(r, &c->services[i].handlers[k]);
}

static void allow_what_is_named(struct rules *r)
{
	const struct config *c = r->birth->config;

	for (size_t i = 0; i < c->read_count; i++)
		allow(r, "read_paths", c->reads[i], false);
	for (size_t i = 0; i < c->write_count; i++)
		allow(r, "write_paths", c->writes[i], true);
}

#define ALL_OF(paths) paths, sizeof(paths) / sizeof(*(paths))

int confine_files(const struct worker_birth *b)
{
	struct rules r = { .birth = b, .code = EX_OK };

	if (b->config->landlock == CONFIG_LANDLOCK_OFF)
		return EX_OK;
	if (landlock_begin(&r.landlock, b->config->files) < 0) {
		if (errno == ENOSYS && b->config->landlock == CONFIG_LANDLOCK_AUTO)
			return EX_OK;
		report(b->channel, EX_OSERR, "landlock: no rules to be had: %s", strerror(errno));
		return EX_OSERR;
	}
	allow_all(&r, ALL_OF(libraries_read), false);
	allow_all(&r, ALL_OF(libraries_write), true);
	allow_handlers(&r);
	allow_what_is_named(&r);
	if (landlock_enforce(&r.landlock) == 0)
		return r.code;
	report(b->channel, EX_OSERR, "landlock: the rules cannot be set: %s", strerror(errno));
	return EX_OSERR;
}
