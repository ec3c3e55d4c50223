/* SPDX-License-Identifier: MIT */
/*
 * timer.h - a plugin's timers (portico_timer_start() in portico.h).
 */
#ifndef PORTICO_PROTO_TIMER_H
#define PORTICO_PROTO_TIMER_H

struct portico_service;

void timer_stop_all(struct portico_service *h);

#endif
