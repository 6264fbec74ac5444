// SPDX-License-Identifier: Apache-2.0
// The informs that are not yet acknowledged: found by sequence number, kept in the order of their last sending, so the
// one that has waited longest is at hand. A slot belongs to a sequence number modulo the size of the table; the
// window is full when as many as wanted are outstanding or the next number's slot is still taken.
#ifndef BLAST_WINDOW_H
#define BLAST_WINDOW_H

#include <stdbool.h>
#include <stdint.h>

#include "base/status.h"

enum window_limits {
	WINDOW_SLOTS_MIN = 1 << 16,
	WINDOW_SPREAD = 8,    // slots for each outstanding inform: how far one lost inform may fall behind the newest
	WINDOW_MAX = 1 << 22, // outstanding informs
};

struct window_slot {
	uint64_t seq;
	int64_t first, last; // nanoseconds: first and last sending
	uint32_t older, newer;
	bool taken;
};

struct window {
	struct window_slot *slot; // `slots` of them and one more: the list's head
	uint32_t slots;           // a power of two
	uint32_t limit, outstanding;
};

enum st window_init(struct window *w, uint32_t limit);
void window_done(struct window *w);

bool window_full(const struct window *w, uint64_t next_seq);
// `seq` goes out for the first time; the window must not be full for it.
void window_add(struct window *w, uint64_t seq, int64_t now);
// `seq` was acknowledged: true and the time of its first sending, or false when it is not outstanding.
bool window_take(struct window *w, uint64_t seq, int64_t *first);
// The inform that was last sent before `before`, longest ago first: marks it as sent at `now`. False when there is none.
bool window_again(struct window *w, int64_t before, int64_t now, uint64_t *seq);

#endif
