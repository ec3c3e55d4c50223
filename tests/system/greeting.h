/* SPDX-License-Identifier: MIT */
/* greeting.h - a server whose answer tells which configuration gave it. */
#ifndef SYSTEM_GREETING_H
#define SYSTEM_GREETING_H

#define WEB_GREETING                                                         \
	"[service web]\nprotocol = http\nlisten = 127.0.0.1:8080\n"          \
	"[handler web /]\nplugin = ${E}/hello.so\ngreeting = %s\n"
#define GREETING "[portico]\nworkers = 2\n" WEB_GREETING

/* Port 8080 answers so, that many times. */
void assert_greeting(const char *greeting, int times);

#endif
