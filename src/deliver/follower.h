// SPDX-License-Identifier: Apache-2.0
// The follower that folds the journal into state.db: a thread of its own, at the lowest priority, that reads in short pages
// and never makes anybody wait. It writes the ticks of passed deadlines, the rules when they changed, and a gap when
// retention overtook it.
#ifndef DELIVER_FOLLOWER_H
#define DELIVER_FOLLOWER_H

#include "base/hash.h"
#include "base/json.h"
#include "base/status.h"

struct follower;

struct follower_options {
	const char *dir;
	struct hash_key key;
	// The event with which this run of the collector began: until it is in the state no tick and no rules are written,
	// because it says that nobody was heard before, and which rules hold.
	uint64_t first;
	// Puts an event of the collector's own into the journal; false: there is no room now, it is tried again. From
	// the follower's thread.
	bool (*note)(void *arg, uint8_t kind, struct span note);
	// A printer told an alert, which is in the state now; NULL: nobody wants to know. From the follower's thread.
	void (*heard)(void *arg, int64_t device);
	// The state was put aside, for a reason said in a sentence, and is computed again; NULL: nobody wants to know. From the
	// follower's thread.
	void (*set_aside)(void *arg, const char *reason);
	void *arg;
};

struct follower_state {
	enum st st; // ST_OK, or why it does not get on; it tries again
	char why[256];
	uint64_t next; // the id of the first event that is not in the state
	uint64_t events, damaged, ticks, snapshots;
	uint64_t devices, open;
	uint64_t gaps; // how often retention overtook it
};

enum st follower_start(const struct follower_options *o, struct follower **out);
// Folds what the journal holds (for FOLLOW_STOP_MS at most) and ends. NULL is fine.
void follower_stop(struct follower *f);

// The note of an EVENT_RULES that holds from now on, with its hash: it is written unless the state has these rules already.
enum st follower_rules(struct follower *f, struct span hash, struct span note);
// Waits until the event is in the state, at most so long. false: it is not yet.
bool follower_wait(struct follower *f, uint64_t id, int64_t ms);
struct follower_state follower_state(struct follower *f);

#endif
