// SPDX-License-Identifier: Apache-2.0
// Copies of the state at moments that the journal still reaches back to, DIR/snapshots/CURSOR.db, so that after a retention cut
// the state can still be computed again: snapshot and tail.
#ifndef DELIVER_SNAPSHOTS_H
#define DELIVER_SNAPSHOTS_H

#include "store/state.h"

// Makes one if it is time for it and drops those that the journal (ids oldest..next) does not reach back to. *taken: one was made.
enum st snapshots_keep(struct state *s, const char *dir, uint64_t oldest, uint64_t next, bool *taken);
// Drops all: another fold made them.
enum st snapshots_drop(const char *dir);
// The cursor of the oldest one from which the journal can be followed, at most `most`. ST_NONE: there is none.
enum st snapshots_find(const char *dir, uint64_t oldest, uint64_t most, uint64_t *cursor);
// "snapshots/CURSOR.db" into name[64].
void snapshots_name(uint64_t cursor, char *name);

#endif
