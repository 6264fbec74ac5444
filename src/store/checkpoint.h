// SPDX-License-Identifier: Apache-2.0
// The thread that moves the WAL into the database and starts the WAL again, and the gate between it and the writer.
//
// A checkpoint is long (it writes and fsyncs what the WAL holds) but needs the writer to stand still only at its end:
// SQLite starts the WAL again only when nothing is in it that is not in the database too, and a writer under load always
// has more. So the thread copies while the writer writes, until little is left, then holds the gate for the rest.
// Readers that are in the middle of a page are waited for CHECKPOINT_BUSY_MS at most. Where a reader stays (another
// program, or one that was stopped), or the copy fails, the WAL is allowed to grow further by a step and it is tried
// again: an intake that stands still for ever would be worse than a large file.
#ifndef STORE_CHECKPOINT_H
#define STORE_CHECKPOINT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/json.h"
#include "base/status.h"

enum checkpoint_limits {
	CHECKPOINT_START = 16 << 20, // bytes of WAL; more would lengthen the start after a crash
	CHECKPOINT_LEFT = 1 << 20,   // little enough to be copied while the writer stands still
	CHECKPOINT_STEP = 16 << 20,  // how much the WAL may grow after a try that failed
	CHECKPOINT_BUSY_MS = 20,     // how long readers are waited for while the writer stands still
	CHECKPOINT_RETRY_MS = 500,
};

struct checkpoint;

// Opens the connection and starts the thread for DIR/journal.db.
enum st checkpoint_start(const char *dir, struct checkpoint **out);
void checkpoint_stop(struct checkpoint *c);
// The writer's thread calls these around each transaction: what the WAL holds before it (0: it starts again), and after.
uint64_t checkpoint_enter(struct checkpoint *c);
void checkpoint_leave(struct checkpoint *c, uint64_t wal);

struct checkpoint_state {
	enum st st;          // of the last try; ST_BUSY: a reader keeps the WAL from starting again
	uint64_t rounds;     // how often the WAL started again
	int64_t hold_ns_max; // the longest the writer was held
};
struct checkpoint_state checkpoint_state(struct checkpoint *c);

#endif
