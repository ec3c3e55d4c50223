/* SPDX-License-Identifier: MIT */
/*
 * rig.h - the shared objects of examples/ for tests of them.
 */
#ifndef PORTICO_TESTS_KIT_RIG_H
#define PORTICO_TESTS_KIT_RIG_H

/* The path of examples/NAME.so, valid until the next call. */
const char *example(const char *name);

#endif
