/* SPDX-License-Identifier: MIT */
/*
 * landlock.c - landlock(7) without a library, and with what headers older than the kernel lack.
 */
#include "sys/landlock.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/landlock.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/* struct landlock_ruleset_attr as ABI 6 has it: the size that is passed says how much is meant. */
struct rules {
	uint64_t files;
	uint64_t ports;
	uint64_t scopes;
};

enum {                           /* bits, by the ABI that brought them */
	FILES_1 = (1 << 13) - 1,
	REFER_2 = 1 << 13,
	TRUNCATE_3 = 1 << 14,
	IOCTL_5 = 1 << 15,
	BIND_TCP_4 = 1 << 0,
	SCOPE_ABSTRACT_6 = 1 << 0,
	SCOPE_SIGNAL_6 = 1 << 1,
};

enum {
	READ = LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR,
	/* No device, and nothing is run. */
	WRITE = READ | LANDLOCK_ACCESS_FS_WRITE_FILE | TRUNCATE_3 | REFER_2
		| LANDLOCK_ACCESS_FS_REMOVE_DIR | LANDLOCK_ACCESS_FS_REMOVE_FILE
		| LANDLOCK_ACCESS_FS_MAKE_DIR | LANDLOCK_ACCESS_FS_MAKE_REG
		| LANDLOCK_ACCESS_FS_MAKE_SOCK | LANDLOCK_ACCESS_FS_MAKE_FIFO
		| LANDLOCK_ACCESS_FS_MAKE_SYM,
	OF_A_FILE = LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_WRITE_FILE | TRUNCATE_3,
};

int landlock_abi(void)
{
	long abi = syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);

	return abi > 0 ? (int)abi : 0;
}

static uint64_t rights_on_files(int abi)
{
	return FILES_1 | (abi >= 2 ? REFER_2 : 0) | (abi >= 3 ? TRUNCATE_3 : 0)
		| (abi >= 5 ? IOCTL_5 : 0);
}

static size_t size_of_rules(int abi)
{
	size_t words = abi >= LANDLOCK_ABI_SCOPES ? 3 : abi >= LANDLOCK_ABI_PORTS ? 2 : 1;
	return words * sizeof(uint64_t);
}

int landlock_begin(struct landlock *l, bool files)
{
	int abi = landlock_abi();
	struct rules all = {
		.files = files && abi > 0 ? rights_on_files(abi) : 0,
		.ports = abi >= LANDLOCK_ABI_PORTS ? BIND_TCP_4 : 0,
		.scopes = abi >= LANDLOCK_ABI_SCOPES ? SCOPE_ABSTRACT_6 | SCOPE_SIGNAL_6 : 0,
	};

	l->files = all.files;
	if (!all.files && !all.ports) {
		errno = ENOSYS;
		return -1;
	}
	l->fd = (int)syscall(SYS_landlock_create_ruleset, &all, size_of_rules(abi), 0);
	return l->fd < 0 ? -1 : 0;
}

static int add(struct landlock *l, int fd, uint64_t rights)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return -1;
	if (!S_ISDIR(st.st_mode))
		rights &= OF_A_FILE;     /* EINVAL otherwise */
	struct landlock_path_beneath_attr rule = {
		.allowed_access = rights & l->files,
		.parent_fd = fd,
	};
	return (int)syscall(SYS_landlock_add_rule, l->fd, LANDLOCK_RULE_PATH_BENEATH, &rule, 0);
}

int landlock_allow(struct landlock *l, const char *path, bool write)
{
	if (!l->files)
		return 0;
	int fd = open(path, O_PATH | O_CLOEXEC);
	if (fd < 0)
		return -1;
	int result = add(l, fd, write ? WRITE : READ), error = errno;
	close(fd);
	errno = error;
	return result;
}

int landlock_enforce(struct landlock *l)
{
	int result = (int)syscall(SYS_landlock_restrict_self, l->fd, 0), error = errno;

	close(l->fd);
	errno = error;
	return result;
}
