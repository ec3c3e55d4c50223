/* SPDX-License-Identifier: MIT */
/*
 * templates.h - the files of etc/templates, in the binary: it needs no folder to be found.
 */
#ifndef PORTICO_MASTER_TEMPLATES_H
#define PORTICO_MASTER_TEMPLATES_H

/* The text of a template by its file's name without .in, ended by a NUL; NULL if there is none. */
const char *template_text(const char *name);

#endif
