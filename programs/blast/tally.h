// SPDX-License-Identifier: Apache-2.0
// Which sequence numbers were seen, once or more often: two bits a number.
#ifndef BLAST_TALLY_H
#define BLAST_TALLY_H

#include <stdint.h>

#include "base/status.h"

enum { TALLY_START = 1 << 20 }; // numbers there is room for at first

#define TALLY_MAX ((uint64_t)1 << 34) // a larger number is not one of ours: ST_FULL

struct tally {
	uint8_t *cell; // four numbers in each
	uint64_t room;
	uint64_t distinct, again; // numbers, and sightings beyond the first
	uint64_t lowest, highest; // when distinct is not 0
};

void tally_done(struct tally *t);
// ST_OK, ST_FULL, ST_NO_MEMORY.
enum st tally_add(struct tally *t, uint64_t seq);
// 0, 1, or 2 for more.
unsigned tally_of(const struct tally *t, uint64_t seq);

#endif
