// SPDX-License-Identifier: Apache-2.0
// The informs of the last 150 seconds, as compact keys (event_duplicate_key), so that a resend is answered again and
// stored once. Bounded: at the limit the oldest is forgotten early, and that is counted. Memory grows with use.
#ifndef INTAKE_DUPLICATES_H
#define INTAKE_DUPLICATES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/status.h"

struct duplicates {
	uint64_t *keys; // a queue in order of arrival, first .. first + count
	uint32_t *seconds;
	uint32_t *slots; // open addressing: place in the queue + 1, 0: free
	size_t room, first, count, limit;
	uint64_t forgotten; // early, because of the limit
};

void duplicates_init(struct duplicates *d, size_t limit); // limit: a power of two
void duplicates_done(struct duplicates *d);
// Is the key known (and not older than DUPLICATES_SECONDS before `second`)?
bool duplicates_know(struct duplicates *d, uint64_t key, uint32_t second);
// Remembers a key that is not known. `second` must not go backwards. ST_NO_MEMORY leaves the set as it was.
enum st duplicates_add(struct duplicates *d, uint64_t key, uint32_t second);

#endif
