/* SPDX-License-Identifier: MIT */
/* own_names.c - answers "own\n" if its functions, called as those of ncurses are, are its own. */
#include <portico.h>

int echo(void);
int filter(void);
int move(int row, int column);
int refresh(void);
int timeout(int ms);

int echo(void)
{
	return 1;
}

int filter(void)
{
	return 2;
}

int move(int row, int column)
{
	return row + column;
}

int refresh(void)
{
	return 4;
}

int timeout(int ms)
{
	return ms;
}

static int request(struct portico_request *req)
{
	int sum = echo() + filter() + move(1, 2) + refresh() + timeout(5);

	return portico_reply_text(req, 200, sum == 15 ? "own\n" : "another's\n");
}

PORTICO_PLUGIN(.name = "own_names", .http_request = request)
