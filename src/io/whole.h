// SPDX-License-Identifier: Apache-2.0
// A file that may hold secrets, in one piece: what is read is wiped, and so is what it outgrew on the way.
#ifndef IO_WHOLE_H
#define IO_WHOLE_H

#include "base/span.h"

struct whole {
	uint8_t *p;
	size_t n;
};

// The rest of fd, at most `max` octets; also of a pipe. ST_FULL: more; ST_SYSTEM with errno; ST_NO_MEMORY. The caller owns what *out
// holds, whatever comes back: whole_done.
enum st whole_read(int fd, size_t max, struct whole *out);
void whole_done(struct whole *w); // wipes

static inline struct span whole_span(const struct whole *w)
{
	return span_of(w->p, w->n);
}

#endif
