/* SPDX-License-Identifier: MIT */
/* no_size.c - a struct that was filled by hand and not to the end. */
#include <portico.h>

extern const struct portico_plugin portico_plugin;

const struct portico_plugin portico_plugin = {
	.abi = PORTICO_ABI,
	.name = "no_size",
};
