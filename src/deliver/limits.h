// SPDX-License-Identifier: Apache-2.0
// Every limit of the followers, why, and what happens at it.
#ifndef DELIVER_LIMITS_H
#define DELIVER_LIMITS_H

enum deliver_limits {
	FOLLOW_LOOK_MS = 50,           // between looks whether the journal has more
	FOLLOW_RETRY_MS = 500,         // between tries after an error
	FOLLOW_BATCH_EVENTS = 1 << 18, // in one transaction of state.db; more: several
	FOLLOW_BATCH_MS = 500,         // and no more are begun after this long, so that the cursor is seen to move
	FOLLOW_STOP_MS =
	        5000, // how long a stop waits for what is still in the journal; the rest is folded at the next start
	FOLLOW_TICKS = 256,        // written between two looks
	FOLLOW_NICE = 19,          // its thread gives way to those that receive
	SNAPSHOT_EVENTS = 1 << 20, // between two snapshots at least
	SNAPSHOT_KEEP = 4,         // the journal's length is divided by them; more: the oldest goes
	FOLLOW_PRUNE_MS = 60000,   // between looks for expired history
};

#endif
