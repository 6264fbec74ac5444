// SPDX-License-Identifier: Apache-2.0
// See histogram.h. A value below HISTOGRAM_STEPS is its own cell; above, the cell is the position of the highest bit
// and the HISTOGRAM_STEP_BITS bits that follow it.
#include "histogram.h"

static unsigned cell_of(uint64_t v)
{
	if (v < HISTOGRAM_STEPS)
		return (unsigned)v;
	unsigned shift = 63 - (unsigned)__builtin_clzll(v) - HISTOGRAM_STEP_BITS;
	return (shift << HISTOGRAM_STEP_BITS) + (unsigned)(v >> shift);
}

// The largest value that falls into the cell.
static uint64_t cell_end(unsigned cell)
{
	if (cell < HISTOGRAM_STEPS)
		return cell;
	unsigned shift = (cell >> HISTOGRAM_STEP_BITS) - 1;
	uint64_t first = (uint64_t)(HISTOGRAM_STEPS + (cell & (HISTOGRAM_STEPS - 1))) << shift;
	return first + ((uint64_t)1 << shift) - 1;
}

void histogram_add(struct histogram *h, uint64_t nanoseconds)
{
	h->cell[cell_of(nanoseconds)]++;
	h->count++;
	if (nanoseconds > h->max)
		h->max = nanoseconds;
}

uint64_t histogram_at(const struct histogram *h, unsigned permille)
{
	uint64_t wanted = h->count / 1000 * permille + (h->count % 1000 * permille + 999) / 1000;
	uint64_t seen = 0;
	for (unsigned i = 0; i < HISTOGRAM_CELLS && h->count; i++) {
		seen += h->cell[i];
		if (seen >= wanted && seen > 0)
			return cell_end(i) < h->max ? cell_end(i) : h->max;
	}
	return h->max;
}
