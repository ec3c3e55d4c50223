/* SPDX-License-Identifier: MIT */
/* not_a_plugin.c - a shared object like any other. */
int not_a_plugin(void);

int not_a_plugin(void)
{
	return 1;
}
