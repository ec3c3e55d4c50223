/* SPDX-License-Identifier: MIT */
/* estate_2.c - the next release of estate.c, which says it in another way. */
#define ESTATE_VERSION 2
#define ESTATE_NAME "estate"
#include "estate.c"
