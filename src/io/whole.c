// SPDX-License-Identifier: Apache-2.0
#include "io/whole.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

enum { FIRST = 16384 };

void whole_done(struct whole *w)
{
	if (w->p)
		explicit_bzero(w->p, w->n);
	free(w->p);
	*w = (struct whole){ 0 };
}

// realloc would leave the old octets where they were.
static bool grow(struct whole *w, size_t *room)
{
	size_t more = *room ? *room * 2 : FIRST;
	uint8_t *p = malloc(more);
	if (!p)
		return false;
	struct whole old = *w;
	if (old.n)
		memcpy(p, old.p, old.n);
	*w = (struct whole){ p, old.n };
	*room = more;
	whole_done(&old);
	return true;
}

enum st whole_read(int fd, size_t max, struct whole *out)
{
	struct whole w = { 0 };
	size_t room = 0;
	ssize_t got = 1;
	enum st st = ST_OK;
	while (st == ST_OK && got != 0) {
		if (w.n == room && !grow(&w, &room)) {
			st = ST_NO_MEMORY;
			break;
		}
		got = read(fd, w.p + w.n, room - w.n);
		if (got < 0 && errno != EINTR)
			st = ST_SYSTEM;
		w.n += got > 0 ? (size_t)got : 0;
		if (w.n > max)
			st = ST_FULL;
	}
	*out = w;
	return st;
}
