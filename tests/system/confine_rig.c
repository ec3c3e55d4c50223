/* SPDX-License-Identifier: MIT */
/*
 * confine_rig.c - a server whose handler tries what it is told.
 */
#include "confine_rig.h"

#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "client.h"
#include "harness.h"
#include "operate.h"

void confine_set_up(void)
{
	cr_assert_eq(setenv("D", harness_dir(), 1), 0);
	copy_file(test_plugin("attempt.so"), "attempt.so");
	cr_assert_eq(mkdir(path_of("root"), 0755), 0);
	cr_assert_eq(mkdir(path_of("listed"), 0755), 0);
	cr_assert_eq(mkdir(path_of("other"), 0755), 0);
	cr_assert_eq(mkdir(path_of("made"), 0755), 0);
	cr_assert_eq(chmod(path_of("made"), 0777), 0);
	write_file("root/a", "a");
	write_file("listed/b", "b");
	write_file("other/c", "c");
	write_file("secret", "key");
	cr_assert_eq(chmod(path_of("secret"), 0600), 0);
}

const char *attempt(const char *fmt, ...)
{
	char path[1024];
	va_list args;

	va_start(args, fmt);
	vsnprintf(path, sizeof(path), fmt, args);
	va_end(args);
	return http_get(8080, path);
}

const char *control_socket(void)
{
	static char name[128];
	const char *at = strstr(read_file("/proc/net/unix"), "@portico/");

	cr_assert_not_null(at, "no control socket");
	snprintf(name, sizeof(name), "%.*s", (int)strcspn(at + 1, "\n"), at + 1);
	return name;
}

pid_t worker_pid(unsigned slot)
{
	return status_await_worker(slot);
}

int landlock_here(void)
{
	return (int)syscall(SYS_landlock_create_ruleset, NULL, 0, 1);
}

void landlock_hide(void)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_landlock_create_ruleset, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog filter = { .len = 4, .filter = code };

	cr_assert_eq(syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &filter), 0);
}
