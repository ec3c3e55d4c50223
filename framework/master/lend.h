/* SPDX-License-Identifier: MIT */
/*
 * lend.h - a socket that its own slot's worker cannot serve is lent to a sibling.
 */
#ifndef PORTICO_MASTER_LEND_H
#define PORTICO_MASTER_LEND_H

struct escrow;
struct master;
struct member;
struct message;
struct slot;

/* Lends what needs a borrower and has none, takes back what needs none any
 * more.  Call it after anything that changes who serves. */
void lend_settle(struct master *m);

/* The worker is gone or leaving: it borrows nothing any more. */
void lend_forget(struct master *m, const struct member *borrower);

/* Asks the borrower to empty the socket once more and to stop: 0, or -1 if its
 * channel is full. */
int lend_ask_back(const struct slot *s, struct escrow *e);

/* What a worker gave back (MESSAGE_RETURNED); NULL if it is not expected. */
struct escrow *lend_returned(struct master *m, const struct member *from,
	const struct message *said, struct slot **slot);

#endif
