/* SPDX-License-Identifier: MIT */
/*
 * rig.h - the shared objects of examples/ for tests of them.
 */
#ifndef PORTICO_TESTS_KIT_RIG_H
#define PORTICO_TESTS_KIT_RIG_H

#include <portico/test.h>

/* The path of examples/NAME.so, valid until the next call. */
const char *example(const char *name);

/* A new client, which has sent a GET of /. */
struct portico_test_client *rig_ask(struct portico_test *t);

#endif
