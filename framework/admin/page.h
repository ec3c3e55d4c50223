/* SPDX-License-Identifier: MIT */
/*
 * page.h - the page: what a browser shows of the server, docs/page.md.
 *
 * Its files are framework/admin/page/, and in the binary as they are there.
 */
#ifndef PORTICO_ADMIN_PAGE_H
#define PORTICO_ADMIN_PAGE_H

struct admin;
struct portico_request;

int page_html(struct admin *a, struct portico_request *r);
int page_css(struct admin *a, struct portico_request *r);
int page_js(struct admin *a, struct portico_request *r);
int page_svg(struct admin *a, struct portico_request *r);  /* its icon */

#endif
