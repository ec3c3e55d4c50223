/* SPDX-License-Identifier: MIT */
/*
 * report.c - tell the master why this worker cannot go on.
 */
#include "worker/report.h"

#include <stdarg.h>
#include <stdio.h>
#include <sysexits.h>

#include "base/log.h"
#include "config/config.h"
#include "sys/channel.h"

void report(int channel, int code, const char *fmt, ...)
{
	struct message m = { .type = MESSAGE_FAILED, .value = (uint32_t)code };
	va_list args;

	va_start(args, fmt);
	vsnprintf(m.text, sizeof(m.text), fmt, args);
	va_end(args);
	/* Nobody listens any more: then at least the log has it. */
	if (channel_send(channel, &m, -1) < 0)
		log_error("%s", m.text);
}

static void report_problem(void *arg, const char *sentence)
{
	report(*(const int *)arg, EX_CONFIG, "%s", sentence);
}

struct problems report_problems(const int *channel)
{
	return (struct problems){
		.tell = report_problem,
		.arg = (void *)(uintptr_t)channel,
		.most = CONFIG_MAX_PROBLEMS,
	};
}
