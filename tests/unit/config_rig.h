/* SPDX-License-Identifier: MIT */
/* config_rig.h - what the tests of configurations share: files to load, and what came of it. */
#ifndef PORTICO_UNIT_CONFIG_RIG_H
#define PORTICO_UNIT_CONFIG_RIG_H

#include "config/config.h"
#include "told.h"

/* A suite whose tests have all that. */
#define CONFIG_SUITE(name)                                                   \
	TestSuite(name, .init = told_set_up, .fini = config_tear_down)

/* What a sound file needs at least. */
#define HANDLER "[handler s]\nplugin = p.so\n"
#define TCP	"[service s]\nprotocol = tcp\nlisten = 127.0.0.1:7000\n"
#define HTTP	"[service s]\nprotocol = http\nlisten = 127.0.0.1:8000\n"
#define UDP	"[service s]\nprotocol = udp\nlisten = 127.0.0.1:9000\n"

extern struct config *config;    /* loaded last; NULL: it was refused */

void config_tear_down(void);

void load(const char *text);     /* as a.ini */
void expect_sound(const char *text);
/* Compares everything that is told about text. */
void expect_told(const char *text, const char *wanted);

const struct config_service *service(const char *name);  /* of config; NULL: there is none */

#endif
