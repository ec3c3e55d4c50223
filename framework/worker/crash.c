/* SPDX-License-Identifier: MIT */
/*
 * crash.c - where a worker was when a signal ended it.
 *
 *	ended by SIGSEGV; where it was (pid 4711, generation 3, serving, in http_request() of
 *	handler web /api, at address 0x8):
 *	  #0 find_user+0x1f in users.so+0x1199
 *
 * Names and places of code alone: no memory is shown, a client's secret could be in it; nor an
 * address that is none of code, which may be bytes of a client's that overwrote a pointer.
 *
 * All is put together without locks, but for the dynamic loader's and the unwinder's: who crashed
 * may hold them, and then it hangs here.  So it ends after LATEST seconds in any case.
 */
#include "worker/crash.h"

#include <dlfcn.h>
#include <execinfo.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <ucontext.h>
#include <unistd.h>

#include "base/jot.h"
#include "config/config.h"
#include "proto/offload.h"
#include "sys/page.h"
#include "sys/symbol.h"
#include "worker/worker.h"

enum { FRAMES = 48, STACK = 64 * 1024, LATEST = 5, SYMBOL = 256, LINE = 1024 };

/* A fault below is that of a pointer that was NULL. */
enum { NULL_PAGES = 64 * 1024 };

extern const char __ehdr_start[] __attribute__((visibility("hidden"))); /* of the program; ld(1) */

static const struct worker_birth *birth;
static atomic_int dying;         /* the thread that tells; 0: none */
static int ended_by;

/* ---- where ---- */

struct log_place crash_place(void *arg)
{
	const struct worker_birth *b = arg;
	uint32_t doing = b->page ? atomic_load_explicit(&b->page->doing, memory_order_relaxed) : 0;
	const struct config_service *service;

	if ((doing & 0xff) == PULSE_NO_CALL)
		return (struct log_place){0};
	const struct config_handler *h = config_find_handler(b->config, doing >> 8, &service);
	if (!h)
		return (struct log_place){0};
	return (struct log_place){
		.service = service->name,
		.handler = h->prefix ? h->prefix : "",
	};
}

static void jot_doing(struct jot *j)
{
	struct log_place place = crash_place((void *)(uintptr_t)birth);
	const char *offloaded = offload_here();

	if (birth->page)
		jot_text(j, pulse_phase_name(atomic_load_explicit(&birth->page->phase,
			memory_order_relaxed)));
	if (offloaded) {         /* what the loop does meanwhile has nothing to do with it */
		jot_text(j, ", in offloaded work of handler ");
		jot_text(j, offloaded);
		return;
	}
	if (!place.service)
		return;
	jot_text(j, ", in ");
	jot_text(j, pulse_call_name(atomic_load_explicit(&birth->page->doing,
		memory_order_relaxed) & 0xff));
	jot_text(j, " of handler ");
	jot_text(j, place.service);
	jot_text(j, *place.handler ? " " : "");
	jot_text(j, place.handler);
}

/* ---- lines ---- */

struct telling {
	char       line[LINE];
	struct jot jot;
};

/* The last byte is for the NUL. */
static struct jot *begin_line(struct telling *t)
{
	t->jot = (struct jot){ .at = t->line, .end = t->line + sizeof(t->line) - 1 };
	return &t->jot;
}

static void end_line(struct telling *t)
{
	*t->jot.at = '\0';
	log_say(LOG_ERROR, NULL, t->line);
}

static bool is_of_null(const siginfo_t *info)
{
	return info->si_signo == SIGSEGV && info->si_code == SEGV_MAPERR
		&& (uintptr_t)info->si_addr < NULL_PAGES;
}

static void tell_signal(struct telling *t, const siginfo_t *info)
{
	struct jot *j = begin_line(t);
	const char *name = sigabbrev_np(info->si_signo);

	jot_text(j, "ended by SIG");
	jot_text(j, name ? name : "?");
	jot_text(j, "; where it was (pid ");
	jot_number(j, (uint64_t)getpid(), 1);
	jot_text(j, ", generation ");
	jot_number(j, birth->generation, 1);
	jot_text(j, ", ");
	jot_doing(j);
	if (is_of_null(info)) {
		jot_text(j, ", at address ");
		jot_hex(j, (uintptr_t)info->si_addr);
	}
	jot_text(j, "):");
	end_line(t);
}

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');
	return slash ? slash + 1 : path;
}

/* A return address may be the first one of the next function. */
static void jot_function(struct jot *j, const Dl_info *in, uintptr_t offset, bool returns)
{
	bool own = in->dli_fbase == (const void *)__ehdr_start;
	const char *path = own ? "/proc/self/exe" : in->dli_fname;
	char name[SYMBOL];
	uintptr_t into;

	if (symbol_find(path, in->dli_fbase, offset - returns, name, sizeof(name), &into) < 0)
		return;
	jot_text(j, name);
	jot_text(j, "+");
	jot_hex(j, into + returns);
	jot_text(j, " in ");
}

/* Of a file that cannot be read the loader still knows what it exports. */
static void jot_export(struct jot *j, const Dl_info *in, const void *at)
{
	if (!in->dli_sname)
		return;
	jot_text(j, in->dli_sname);
	jot_text(j, "+");
	jot_hex(j, (uintptr_t)at - (uintptr_t)in->dli_saddr);
	jot_text(j, " in ");
}

static void tell_frame(struct telling *t, unsigned number, const void *at)
{
	struct jot *j = begin_line(t);
	Dl_info in = {0};

	jot_text(j, "  #");
	jot_number(j, number, 1);
	jot_text(j, " ");
	if (dladdr(at, &in) && in.dli_fname) {
		uintptr_t offset = (uintptr_t)at - (uintptr_t)in.dli_fbase;
		const char *before = j->at;
		jot_function(j, &in, offset, number > 0);
		if (j->at == before)
			jot_export(j, &in, at);
		jot_text(j, base_name(in.dli_fname));
		jot_text(j, "+");
		jot_hex(j, offset);
	} else {
		jot_text(j, "no code that is known");
	}
	end_line(t);
}

/* ---- the signal ---- */

/* interrupted(): where it was.  caller(): who called what begins there. */
#if defined(__x86_64__)
static const void *interrupted(const ucontext_t *context)
{
	return (const void *)context->uc_mcontext.gregs[REG_RIP];
}

static const void *caller(const ucontext_t *context)
{
	return *(const void *const *)context->uc_mcontext.gregs[REG_RSP];
}
#elif defined(__aarch64__)
static const void *interrupted(const ucontext_t *context)
{
	return (const void *)context->uc_mcontext.pc;
}

static const void *caller(const ucontext_t *context)
{
	return (const void *)context->uc_mcontext.regs[30];
}
#else
static const void *interrupted(const ucontext_t *context)
{
	(void)context;
	return __ehdr_start;
}

static const void *caller(const ucontext_t *context)
{
	(void)context;
	return NULL;
}
#endif

/* Above the interrupted function are this handler and what the kernel put there to come back. */
static int find_first(void *const *frames, int count, const void *at)
{
	for (int i = 0; i < count; i++)
		if (frames[i] == at)
			return i;
	return count > 2 ? 2 : 0;
}

static void tell_all(const siginfo_t *info, const ucontext_t *context)
{
	static struct telling telling;   /* the stack may be small */
	void *frames[FRAMES];

	tell_signal(&telling, info);
	int count = backtrace(frames, FRAMES);
	const void *at = interrupted(context);
	if (!at) {               /* nobody can walk back from there */
		tell_frame(&telling, 0, at);
		tell_frame(&telling, 1, caller(context));
		return;
	}
	int first = find_first(frames, count, at);
	for (int i = first; i < count; i++)
		tell_frame(&telling, (unsigned)(i - first), frames[i]);
}

static void on_latest(int number)
{
	(void)number;
	(void)kill(getpid(), ended_by);  /* SA_RESETHAND: it ends us now */
}

/* A fault comes again when we return, at the same place, and makes the core dump of it. */
static void end(const siginfo_t *info)
{
	if (info->si_code <= 0)
		(void)raise(info->si_signo);
}

/* Another thread that crashes waits until we are done; we ourselves, telling, do not wait. */
static bool is_ours_to_tell(int number)
{
	int nobody = 0, self = gettid();

	if (atomic_compare_exchange_strong(&dying, &nobody, self))
		return true;
	while (nobody != self)
		(void)pause();
	(void)signal(number, SIG_DFL);
	(void)raise(number);
	return false;
}

static void on_signal(int number, siginfo_t *info, void *context)
{
	if (!is_ours_to_tell(number))
		return;
	ended_by = number;
	(void)signal(SIGALRM, on_latest);
	(void)alarm(LATEST);
	tell_all(info, context);
	end(info);
}

void crash_tell(const struct worker_birth *b)
{
	static const int signals[] = { SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT };
	static char stack[STACK];
	void *once[1];
	const stack_t other = { .ss_sp = stack, .ss_size = sizeof(stack) };
	struct sigaction act = {
		.sa_sigaction = on_signal,
		.sa_flags = SA_SIGINFO | SA_RESETHAND | SA_ONSTACK | SA_NODEFER,
	};

	birth = b;
	(void)backtrace(once, 1);        /* loads the unwinder while that is safe */
	(void)sigaltstack(&other, NULL);
	for (size_t i = 0; i < sizeof(signals) / sizeof(*signals); i++)
		(void)sigaction(signals[i], &act, NULL);
}
