/* SPDX-License-Identifier: MIT */
/* must.h - what a fuzzer finds wrong is a crash, which libFuzzer keeps with its input. */
#ifndef PORTICO_FUZZ_MUST_H
#define PORTICO_FUZZ_MUST_H

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#define MUST(what)                                                                                 \
	do {                                                                                       \
		if (!(what))                                                                       \
			abort();                                                                   \
	} while (0)

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t size);

#endif
