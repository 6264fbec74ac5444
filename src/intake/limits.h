// SPDX-License-Identifier: Apache-2.0
// Every limit of the intake, why, and what happens at it.
#ifndef INTAKE_LIMITS_H
#define INTAKE_LIMITS_H

enum intake_limits {
	INTAKE_RING = 16 << 20,       // bytes between a worker and the journal; full: the worker stops reading
	INTAKE_ANSWERS = 4 << 20,     // bytes of answers that wait for their commit; full: the worker stops reading
	INTAKE_ANSWER_OVERHEAD = 512, // an answer is at most so much longer than its message (a Report: 117 to 64)
	INTAKE_NAMES = 512,           // bytes of a site's name and a label in a record, at most
	INTAKE_FLIGHT = 1 << 17,      // messages between ring and commit; full: the worker stops reading
	INTAKE_LISTENERS = 64,        // of one collector, tunnels included; more: a configuration error
	INTAKE_WORKERS = 16,          // threads; more: a configuration error
	INTAKE_SOURCES = 4096,        // sources whose site is remembered per worker; a collision looks it up again
	INTAKE_REPORTS = 100,         // v3 Reports a second to one source; more: refused without an answer
	INTAKE_TURN_MESSAGES = 512,   // taken from one socket before the others have their turn
	DUPLICATES_MAX = 1 << 20,     // informs remembered per worker; full: the oldest is forgotten early, counted
	DUPLICATES_SECONDS = 150,     // how long: the time window of RFC 3414 2.2.3, so a v3 resend fits in it
	STORM_SOURCES = 1 << 14,      // sources whose rate is watched per worker; full: a new source is not limited
	STORM_PROBES = 16,            // slots looked at for a source
	STORM_BYTES = 16 << 20,       // kept by all open storm rows of a worker; full: messages are not limited
	STORM_ANSWERS = 1024,         // informs of one source and second that wait for the storm row; more: no answer
	STORM_ANSWER_BYTES = 1 << 20, // of all open storm rows of a worker (fits INTAKE_ANSWERS); more: no answer

	// The waiting room. At each of these limits messages are evicted, and counted; waiting_table.h says which.
	WAITING_RING = 1 << 20,         // bytes between a worker and the room; full: evicted at once
	WAITING_BYTES = 32 << 20,       // of all that waits, WAITING_COST included
	WAITING_SOURCE_BYTES = 1 << 20, // of one source: sixteen of the largest messages
	WAITING_SOURCE_ITEMS = 256,     // of one source, which may be a site behind NAT; more: the least recent goes
	WAITING_ITEM_MESSAGES = 256,    // raw messages of one item
	WAITING_COST = 768,        // bytes that a message counts for besides its own: its item, its source, the lists
	WAITING_BUCKETS = 1 << 14, // of the hash tables: about as many as messages that fit
};

#endif
