/* SPDX-License-Identifier: MIT */
/* wrong_abi.c - from a future whose plugins this portico cannot run. */
#include <portico.h>

extern const struct portico_plugin portico_plugin;

const struct portico_plugin portico_plugin = {
	.abi = 99,
	.struct_size = sizeof(struct portico_plugin),
	.option_size = sizeof(struct portico_option),
	.name = "wrong_abi",
};
