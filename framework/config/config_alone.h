/* SPDX-License-Identifier: MIT */
/*
 * config_alone.h - one plugin that is served without an ini file.
 *
 * The path of the plugin then stands where the name of the file would: for the control socket,
 * in -c FILE, and in what is told of problems, which have no lines.
 */
#ifndef PORTICO_CONFIG_CONFIG_ALONE_H
#define PORTICO_CONFIG_CONFIG_ALONE_H

#include <stdbool.h>
#include <stddef.h>

enum { CONFIG_ALONE_SETTINGS = 32, CONFIG_ALONE_WORDS = 8 + 2 * CONFIG_ALONE_SETTINGS };

struct config_alone {
	const char *plugin;      /* path with a '/' */
	const char *protocol;    /* tcp, udp or http */
	const char *listen;      /* as in a file, or a port alone */
	const char *workers;     /* NULL: as without it */
	const char *settings[CONFIG_ALONE_SETTINGS];     /* key=value, the plugin's own */
	size_t      setting_count;
};

/* From now on, for the life of this process, config_load(alone->plugin) gives what alone says, and
 * no file is read.  It is borrowed for ever. */
void config_serve_alone(const struct config_alone *alone);

/* Whether file is that. */
bool config_alone_is(const char *file);

/* The words of a command line that says the same to another process, binary VERB first, NULL
 * last; without config_serve_alone(), binary VERB -c file.  Borrowed. */
void config_alone_words(const char *binary, const char *verb, const char *file,
	const char *words[CONFIG_ALONE_WORDS]);

#endif
