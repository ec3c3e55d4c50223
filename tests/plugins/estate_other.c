/* SPDX-License-Identifier: MIT */
/* estate_other.c - estate.c, by another name. */
#define ESTATE_VERSION 1
#define ESTATE_NAME "other"
#include "estate.c"
