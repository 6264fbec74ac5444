// SPDX-License-Identifier: Apache-2.0
// A block's body: whole frames back to back (base/ring.h), nothing else.
#include "base/ring.h"
#include "event/event.h"
#include "store/journal_own.h"

enum st block_check(struct span frames, uint32_t *count, uint32_t *informs)
{
	struct rd r = rd_of(frames);
	struct span record;
	uint32_t n = 0, wanted = 0;
	while (frame_next(&r, &record)) {
		n++;
		wanted += event_kind_of(record) == EVENT_INFORM;
	}
	if (rd_end(&r) != ST_OK || n == 0)
		return ST_DAMAGED;
	*count = n;
	*informs = wanted;
	return ST_OK;
}
