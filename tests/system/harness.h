/* SPDX-License-Identifier: MIT */
/*
 * harness.h - what every system test stands on: a network namespace and a
 * directory of its own, files in it, and waiting for a condition.
 *
 * Criterion runs each test in a process of its own, so all of this is the
 * process's.  Children of a test may only _exit(): an assertion in one hangs
 * the runner.
 */
#ifndef SYSTEM_HARNESS_H
#define SYSTEM_HARNESS_H

#include <criterion/criterion.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

/* A suite whose tests have all that.  After a failed test the logs of its
 * servers are shown. */
#define SYSTEM_SUITE(name)                                                   \
	TestSuite(name, .init = harness_set_up, .fini = harness_tear_down, .timeout = 90)

/* How long anything may take that must happen; builds with sanitizers are slow. */
#define PATIENCE 20.

void harness_set_up(void);
void harness_tear_down(void);

/* Criterion leaves a skipped test without its .fini. */
#define SKIP_TEST(...)                                                       \
	do {                                                                 \
		harness_tear_down();                                         \
		cr_skip_test(__VA_ARGS__);                                   \
	} while (0)

/* The test's directory, readable by everybody; name in it.  The path lives in one of a few
 * static buffers. */
const char *harness_dir(void);
const char *path_of(const char *name);

/* Files in the directory, put in place with rename(2). */
void write_file(const char *name, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void vwrite_file(const char *name, const char *fmt, va_list args);
void copy_file(const char *from, const char *name);
/* All of it, NUL-terminated, static; "" if it cannot be read. */
const char *read_file(const char *path);

/* $E: the example plugins; $T: the badly behaved ones; both absolute, for use
 * in ini files as ${E} and ${T}, and here. */
const char *portico_binary(void);
const char *example(const char *so);
const char *test_plugin(const char *so);

double seconds_now(void);
/* Asks until it is true; false when the time is up. */
bool   wait_until(bool (*is_so)(void *arg), void *arg, double seconds);
/* For a peer that takes its time: nothing to wait for but the clock. */
void   let_pass(double seconds);

bool   has_sanitizers(void);

#endif
