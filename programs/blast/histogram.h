// SPDX-License-Identifier: Apache-2.0
// A histogram of durations with a bounded relative error: 32 steps in each power of two, so that a percentile read back
// is at most 1/32 above the truth. Fixed size, no allocation, any number of samples.
#ifndef BLAST_HISTOGRAM_H
#define BLAST_HISTOGRAM_H

#include <stdint.h>

enum histogram_limits {
	HISTOGRAM_STEP_BITS = 5,
	HISTOGRAM_STEPS = 1 << HISTOGRAM_STEP_BITS,
	HISTOGRAM_CELLS = (64 - HISTOGRAM_STEP_BITS + 1) * HISTOGRAM_STEPS,
};

struct histogram {
	uint64_t cell[HISTOGRAM_CELLS];
	uint64_t count, max;
};

void histogram_add(struct histogram *h, uint64_t nanoseconds);
// The smallest value that at least permille/1000 of the samples do not exceed, rounded up to its cell's end and
// never above the largest sample; 0 without samples.
uint64_t histogram_at(const struct histogram *h, unsigned permille);

#endif
