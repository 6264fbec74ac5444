// SPDX-License-Identifier: Apache-2.0
// Where every message went. Each one that a listener took ends as exactly one of these, or is still in flight, so in any
// one snapshot they sum to `received` (account_sum). Counters belong to one worker thread; a snapshot is a copy made by it.
#ifndef INTAKE_ACCOUNT_H
#define INTAKE_ACCOUNT_H

#include <stdint.h>

#include "base/status.h"

// X(member, name in JSON): the ends of a message, but for refused, which is by reason
#define ACCOUNT_ENDS(X)                                                                                                \
	X(stored, "stored")                                                                                            \
	X(duplicate, "duplicate")                                                                                      \
	X(answered, "answered")                                                                                        \
	X(waiting, "waiting")                                                                                          \
	X(evicted, "evicted")                                                                                          \
	X(denied, "denied")                                                                                            \
	X(limited, "limited")                                                                                          \
	X(in_flight, "in_flight")

struct account {
	uint64_t received;
#define X(member, name) uint64_t member;
	ACCOUNT_ENDS(X)
#undef X
	uint64_t refused[ST_COUNT];
	uint64_t acknowledged; // answers that left: not an end, beside it
	uint64_t unanswered;   // answers that could not be sent or kept
};

static inline uint64_t account_refused(const struct account *a)
{
	uint64_t n = 0;
	for (int i = 0; i < ST_COUNT; i++)
		n += a->refused[i];
	return n;
}

// What the ends and the messages in flight sum to: equal to received.
static inline uint64_t account_sum(const struct account *a)
{
	uint64_t n = account_refused(a);
#define X(member, name) n += a->member;
	ACCOUNT_ENDS(X)
#undef X
	return n;
}

static inline void account_add(struct account *to, const struct account *a)
{
	to->received += a->received;
#define X(member, name) to->member += a->member;
	ACCOUNT_ENDS(X)
#undef X
	for (int i = 0; i < ST_COUNT; i++)
		to->refused[i] += a->refused[i];
	to->acknowledged += a->acknowledged;
	to->unanswered += a->unanswered;
}

#endif
