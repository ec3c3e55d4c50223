/* SPDX-License-Identifier: MIT */
/*
 * obituary.c - a worker's death in one sentence.
 *
 * "worker 1 (pid 4711, generation 3) died after 12.3 s of signal 11
 * (Segmentation fault), serving, in http_request() of handler web /"
 */
#include "master/obituary.h"

#include <stdio.h>
#include <sysexits.h>

#include "base/log.h"
#include "master/chronicle.h"
#include "master/generation.h"
#include "master/slot.h"
#include "sys/proc.h"

static void name_handler(const struct config *c, uint32_t number, char *out, size_t size)
{
	const struct config_service *s;
	const struct config_handler *h = config_find_handler(c, number, &s);

	if (h)
		snprintf(out, size, "%s%s%s", s->name, h->prefix ? " " : "", h->prefix ? h->prefix : "");
	else
		snprintf(out, size, "?");
}

void obituary_doing(const struct member *m, char *out, size_t size)
{
	uint32_t phase = atomic_load_explicit(&m->page->phase, memory_order_relaxed);
	uint32_t doing = atomic_load_explicit(&m->page->doing, memory_order_relaxed);
	char handler[64];

	if ((doing & 0xff) == PULSE_NO_CALL) {
		snprintf(out, size, "%s", pulse_phase_name(phase));
		return;
	}
	name_handler(m->generation->config, doing >> 8, handler, sizeof(handler));
	snprintf(out, size, "%s, in %s of handler %s", pulse_phase_name(phase),
		pulse_call_name(doing & 0xff), handler);
}

static const char *reproach(const struct member *m, const siginfo_t *how)
{
	if (how->si_code != CLD_EXITED && how->si_status == SIGSYS)
		return "; seccomp does not allow the system call, which the kernel's log names";
	if (m->stalled)
		return "; it did not turn and was ended";
	if (!m->child.overdue)
		return "";
	return m->state == MEMBER_LEAVING ? "; it had not ended in time and was killed"
					  : "; it was not ready within start_time and was killed";
}

void obituary(const struct member *m, const siginfo_t *how, char *out, size_t size)
{
	bool left = m->state == MEMBER_LEAVING;
	char death[64], doing[160];

	proc_death(how, death, sizeof(death));
	obituary_doing(m, doing, sizeof(doing));
	if (left && how->si_code == CLD_EXITED && how->si_status == EX_OK) {
		snprintf(out, size, "worker %u (pid %d, generation %u) left after %.1f s",
			m->slot->index, (int)m->child.pid, m->generation->number,
			child_age(&m->child));
		log_info("%s", out);
		return;
	}
	snprintf(out, size, "worker %u (pid %d, generation %u) died after %.1f s of %s, %s%s",
		m->slot->index, (int)m->child.pid, m->generation->number, child_age(&m->child),
		death, doing, reproach(m, how));
	/* Who has said why it goes, or is sent away unready, needs no second line. */
	if (!m->told && !(m->state == MEMBER_LEAVING && !m->child.overdue))
		chronicle_say(m->generation->master, LOG_ERROR, CHRONICLE_CRASH,
			(int)m->slot->index, "%s", out);
}
