/* SPDX-License-Identifier: MIT */
/*
 * abort.c - where a worker was when its master ended it.
 *
 * What is called here is not all safe in a signal handler: the dynamic loader has
 * a lock that the interrupted code may hold.  Then the process hangs until the
 * master kills it a moment later, as it would have anyway.
 */
#include "worker/abort.h"

#include <dlfcn.h>
#include <execinfo.h>
#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"

enum { FRAMES = 48, STACK = 64 * 1024 };

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');
	return slash ? slash + 1 : path;
}

static void tell_frame(int number, const void *at)
{
	Dl_info where = {0};
	uintptr_t address = (uintptr_t)at;

	if (!dladdr(at, &where) || !where.dli_fname)
		log_error("  #%d %p", number, at);
	else if (where.dli_sname)
		log_error("  #%d %s+0x%zx in %s", number, where.dli_sname,
			(size_t)(address - (uintptr_t)where.dli_saddr), base_name(where.dli_fname));
	else
		log_error("  #%d %s+0x%zx", number, base_name(where.dli_fname),
			(size_t)(address - (uintptr_t)where.dli_fbase));
}

static void on_abort(int number)
{
	void *frames[FRAMES];
	int count = backtrace(frames, FRAMES);

	log_error("ended by SIGABRT; where it was (addr2line -e FILE +OFFSET names the lines):");
	for (int i = 1; i < count; i++)
		tell_frame(i, frames[i]);
	(void)raise(number);     /* SA_RESETHAND: this one ends it */
}

void abort_tell(void)
{
	static char stack[STACK];
	void *once[1];
	const stack_t other = { .ss_sp = stack, .ss_size = sizeof(stack) };
	struct sigaction act = {
		.sa_handler = on_abort,
		.sa_flags = SA_RESETHAND | SA_ONSTACK | SA_NODEFER,
	};

	(void)backtrace(once, 1);        /* loads the unwinder while that is safe */
	(void)sigaltstack(&other, NULL);
	(void)sigaction(SIGABRT, &act, NULL);
}
