// SPDX-License-Identifier: Apache-2.0
// The journal's writer thread: drains the workers' rings, commits in groups, cuts what retention no longer wants, and
// frees ring space only after the commit; a second thread and connection checkpoints. When the disk is full or fails,
// nothing is freed, so nothing is acknowledged; it tries again until it works, and says so in its state.
#ifndef STORE_WRITER_H
#define STORE_WRITER_H

#include <stdint.h>

#include "base/ring.h"
#include "store/journal.h"

enum writer_limits {
	WRITER_SOURCES = 64,         // rings
	WRITER_COMMIT_MAX = 4 << 20, // bytes in one transaction
	WRITER_LINGER_MS = 4,        // how long a commit waits for company when nobody waits for an answer
	WRITER_RETRY_MS = 500,       // between tries after an error
};

// A producer's ring and whom to tell after a commit freed some of it.
struct writer_source {
	struct ring *ring;
	void (*freed)(void *arg); // called on the writer thread; must not block
	void *arg;
};

struct writer_options {
	const char *dir;
	int64_t keep_ns;     // retention by age, 0: no limit
	uint64_t keep_bytes; // retention by size, 0: no limit
};

struct writer_state {
	enum st st; // ST_OK, or why nothing can be written now
	char why[256];
	int64_t since; // wall time since when st is what it is
	uint64_t next_id, events, commits, cut_events, wal_bytes, journal_bytes;
	int64_t commit_ns_max, commit_ns_last; // from the start of a transaction, what it waited included, to its fsync
	enum st cut_st;                        // of the last step of retention
	enum st checkpoint_st; // of the last try to start the WAL again; ST_BUSY: a reader of long breath prevents it
	uint64_t checkpoints;
	int64_t checkpoint_hold_ns_max; // the longest the writer stood still for it
};

struct writer;
// Starts the threads. On ST_OK it has taken over `j`. ST_FULL: no ring, or too many.
enum st writer_start(struct journal *j, const struct writer_options *o, const struct writer_source *sources, unsigned n,
                     struct writer **out);
// A producer published records. `urgent`: somebody waits for an answer; do not linger. Cheap; call once per batch.
void writer_wake(struct writer *w, bool urgent);
void writer_retain(struct writer *w, int64_t keep_ns, uint64_t keep_bytes); // after a reload
struct writer_state writer_state(struct writer *w);
// Writes what the rings hold (if the disk lets it), stops both threads, closes.
void writer_stop(struct writer *w);

#endif
