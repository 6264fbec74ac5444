// SPDX-License-Identifier: Apache-2.0
// The devices that wait or are being asked, found by device and by address; and what is remembered of those that were asked.
// Private to src/poll.
#ifndef POLL_JOBS_H
#define POLL_JOBS_H

#include "io/loop.h"
#include "poll/ask.h"
#include "poll/differ.h"
#include "poll/want.h"

enum job_state {
	JOB_WAITING, // its timer says until when
	JOB_READY,   // for a place
	JOB_ASKING   // its timer says until when an answer is waited for
};

struct job {
	struct poll_want *want;
	struct poll_want *again; // wanted while it was being asked, or NULL
	struct poller *poller;
	struct loop_timer timer;
	enum job_state state;
	struct job *next; // in the inbox, or ready
	struct job *by_device, *by_address;
	struct ask *ask;
	struct addr peer;
	uint32_t tunnel; // while it is asked: the way, as poll_route has it
	unsigned worker;
	uint64_t token; // of the round
	unsigned tries;
	int64_t deadline;
	bool failing; // it failed the last time: one of POLL_FAILING places
};

// A job about a copy of the want; NULL: no memory.
struct job *job_new(const struct poll_want *w);
void job_free(struct job *j);

struct memory {
	int64_t device;
	int64_t ended; // of its last round
	unsigned fails;
	struct poll_told told;
};

struct jobs {
	struct hash_key key;
	size_t count;
	struct job *devices[POLL_WAITING], *addresses[POLL_WAITING];
	struct memory memory[POLL_REMEMBERED];
};

void jobs_add(struct jobs *s, struct job *j);
void jobs_remove(struct jobs *s, struct job *j);
struct job *jobs_device(const struct jobs *s, int64_t device);
// The one that is being asked at this address by this way, or NULL: many sites have the same addresses inside.
struct job *jobs_asking(const struct jobs *s, uint32_t tunnel, const struct addr *address);
// Any job, to empty the table; NULL: none.
struct job *jobs_any(const struct jobs *s, size_t *from);
// Calls fn for every job; it may not add or remove any.
void jobs_each(struct jobs *s, void (*fn)(struct job *j));
// What is remembered of a device; zeros when nothing is.
struct memory *jobs_memory(struct jobs *s, int64_t device);

#endif
