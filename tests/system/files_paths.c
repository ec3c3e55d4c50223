/* SPDX-License-Identifier: MIT */
/* files_paths.c - no way out of the root of the plugin files, with openat2(2) and without it. */
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "files_rig.h"
#include "harness.h"

SYSTEM_SUITE(files_paths);

enum { LINK = -1 };              /* inside: 200 with symlinks = yes, 403 without */

static const struct {
	const char *path;
	int         status;
} paths[] = {
	{ "/a.txt", 200 }, { "/./a.txt", 200 }, { "//a.txt", 200 }, { "/dir//index.html", 200 },
	{ "/dir/../a.txt", 200 }, { "/%61.txt", 200 }, { "/dir/", 200 }, { "/dir/.", 200 },
	{ "/a.txt/", 404 }, { "/a.txt/x", 404 }, { "/a.txt/..", 403 }, { "/nothing", 404 },
	{ "/nothing/", 404 }, { "/", 403 }, { "/empty/", 403 }, { "/empty", 301 },
	/* Out of it by dots. */
	{ "/../secret", 404 }, { "/../../../../../../etc/passwd", 404 }, { "/dir/../../secret", 404 },
	{ "/%2e%2e/secret", 404 }, { "/%2E%2E%2Fsecret", 404 }, { "/..%2fsecret", 404 },
	{ "/.%2e/secret", 404 }, { "/%252e%252e/secret", 404 }, { "/..%5csecret", 404 },
	{ "/..\\secret", 400 }, { "//../secret", 404 }, { "/dir/..%2f..%2fsecret", 404 },
	{ "/...", 404 }, { "/..;/secret", 404 }, { "/%c0%ae%c0%ae/secret", 404 },
	/* By other names. */
	{ "//etc/passwd", 404 }, { "/etc/passwd", 404 }, { "/%2fetc/passwd", 404 },
	{ "/proc/self/environ", 404 },
	{ "/a.txt%00", 400 }, { "/a.txt%00.html", 400 }, { "/.%00./secret", 400 }, { "/%", 400 },
	{ "/%zz", 400 },
	/* Hidden. */
	{ "/.hidden", 404 }, { "/.git/config", 404 }, { "/dir/.hidden", 404 }, { "/%2ehidden", 404 },
	{ "/.git/../a.txt", 200 }, { "/.git", 404 },
	/* Links. */
	{ "/in", LINK }, { "/indir/index.html", LINK }, { "/dir/up", LINK },
	{ "/out", 403 }, { "/outdir/passwd", 403 }, { "/root/etc/passwd", 403 }, { "/relative", 403 },
	{ "/loop", 403 }, { "/magic", 403 }, { "/absolute", 403 }, { "/dangling", -2 },
	/* No files. */
	{ "/fifo", 403 }, { "/locked", 403 }, { "/lockeddir/x", 403 },
};

static void make_all(void)
{
	files_make();
	write_file("secret", "secret");
	write_file("www/.hidden", "hidden");
	write_file("www/dir/.hidden", "hidden");
	cr_assert_eq(mkdir(path_of("www/.git"), 0755), 0);
	write_file("www/.git/config", "hidden");
	files_link("a.txt", "www/in");
	files_link("dir", "www/indir");
	files_link("../a.txt", "www/dir/up");
	files_link("/etc/passwd", "www/out");
	files_link("/etc", "www/outdir");
	files_link("/", "www/root");
	files_link("../secret", "www/relative");
	files_link("loop", "www/loop");
	files_link("/proc/self/fd/0", "www/magic");
	files_link("nowhere", "www/dangling");
	char inside[512];
	snprintf(inside, sizeof(inside), "%s/www/a.txt", harness_dir());
	files_link(inside, "www/absolute");
	cr_assert_eq(mkfifo(path_of("www/fifo"), 0666), 0);
	write_file("www/locked", "locked");
	cr_assert_eq(chmod(path_of("www/locked"), 0), 0);
	cr_assert_eq(mkdir(path_of("www/lockeddir"), 0700), 0);
	write_file("www/lockeddir/x", "locked");
}

/* As an ordinary user: root may read everything. */
static struct server *start_as_nobody(const char *more)
{
	static const struct spawn nobody = { .uid = 65534 };

	write_file("portico.ini", "[portico]\nworkers = 1\n"
		"[service web]\nprotocol = http\nlisten = 127.0.0.1:8080\n"
		"[handler web /]\nplugin = ${E}/files.so\nroot = %s\n%s", path_of("www"), more);
	struct server *s = server_spawn(&nobody);
	server_await_generation(s, 1);
	return s;
}

static void walk(bool symlinks, bool openat2)
{
	struct response r;

	make_all();
	struct server *s = start_as_nobody(symlinks ? "symlinks = yes\n" : "");
	for (size_t i = 0; i < sizeof(paths) / sizeof(*paths); i++) {
		int status = files_get(paths[i].path, "", &r), want = paths[i].status;
		cr_assert_null(strstr(r.body, "secret"), "%s", paths[i].path);
		cr_assert_null(strstr(r.body, "root:"), "%s", paths[i].path);
		cr_assert_null(strstr(r.body, "hidden"), "%s", paths[i].path);
		if (want == LINK)
			want = symlinks && openat2 ? 200 : 403;
		if (want == -2)
			want = symlinks && openat2 ? 404 : 403;
		/* Step by step a link on the way is no directory. */
		cr_assert(status == want || (!openat2 && want == 403 && status == 404),
			"%s gave %d, not %d", paths[i].path, status, want);
	}
	server_stop(s);
}

Test(files_paths, nothing_outside_is_served)
{
	walk(false, true);
}

Test(files_paths, links_lead_nowhere_outside)
{
	walk(true, true);
}

/* From now on openat2(2) does not exist for this process and its children. */
static void forget_openat2(void)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_openat2, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = { .len = sizeof(code) / sizeof(*code), .filter = code };

	cr_assert_eq(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), 0);
	cr_assert_eq(prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program), 0);
	cr_assert_eq(syscall(SYS_openat2, AT_FDCWD, ".", NULL, 0), -1);
	cr_assert_eq(errno, ENOSYS);
}

Test(files_paths, nothing_outside_is_served_without_openat2)
{
	forget_openat2();
	walk(false, false);
}

Test(files_paths, links_are_refused_without_openat2)
{
	forget_openat2();
	walk(true, false);
}

Test(files_paths, a_name_may_be_as_long_as_it_likes)
{
	static char path[8000];
	struct response r;

	files_make();
	struct server *s = files_start("");
	memset(path, 'x', 300);
	path[0] = '/';
	cr_assert_eq(files_get(path, "", &r), 404);
	memset(path + 1, 'x', 4095);
	cr_assert_eq(files_get(path, "", &r), 404);
	for (size_t i = 0; i < 6000; i += 2)
		memcpy(path + i, "/x", 2);
	cr_assert_eq(files_get(path, "", &r), 404);
	server_stop(s);
}
