/* SPDX-License-Identifier: MIT */
/* goes_on_not.c - the same as it was before connections could go on. */
#define GOES_ON
#define GOES_ON_NAME "goes_on"
#include "goes_on.c"
