// SPDX-License-Identifier: Apache-2.0
// Random events for the fold: a pool of traps made once, and acts, polls and rules made as they are drawn.
#ifndef TESTS_ALARM_POOL_H
#define TESTS_ALARM_POOL_H

#include "event/event.h"

struct pool;

struct random {
	uint64_t state;
};
uint64_t draw_next(struct random *r);
uint64_t draw_below(struct random *r, uint64_t n);

struct pool *pool_new(struct random *r);
void pool_free(struct pool *p);
// An event whose spans are good until the next call. `last`: the id of the newest event; `now`: its time.
void pool_draw(struct pool *p, struct random *r, uint64_t last, int64_t now, struct event *out);

#endif
