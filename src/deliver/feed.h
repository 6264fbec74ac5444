// SPDX-License-Identifier: Apache-2.0
// Events of the journal into a fold, in short pages, and its rows into a state with the cursor in the same transaction. Used by
// the running follower and by `rebuild`, so that both do the same.
#ifndef DELIVER_FEED_H
#define DELIVER_FEED_H

#include "alarm/fold.h"
#include "store/journal.h"
#include "store/state.h"

enum { FEED_HEARD = 1024 }; // printers heard since the owner looked; two in one place: the later one stays

struct feed {
	struct journal_reader *journal;
	struct state *state;
	struct fold *fold;
	uint64_t at;      // the next id to read: behind what the fold saw, or behind what cannot be read
	uint64_t events;  // folded since it was made
	uint64_t damaged; // blocks and records that cannot be read
	bool any_heard;
	int64_t heard[FEED_HEARD]; // devices that told a printer's alert, by their number; 0: none
};

// Folds events from feed->at on, up to but without `end` (0: all there are), at most one batch, and stores the result.
// *more: there is more. When storing fails the fold is ahead of the state: drop both (feed_drop) and load again.
enum st feed_batch(struct feed *f, uint64_t end, bool *more);
// Gives the printers that were heard since the last time.
void feed_heard(struct feed *f, void (*heard)(void *arg, int64_t device), void *arg);
void feed_drop(struct feed *f); // fold, state and reader; what was stored is stored

#endif
