// SPDX-License-Identifier: Apache-2.0
// See tally.h.
#include "tally.h"

#include <stdlib.h>
#include <string.h>

void tally_done(struct tally *t)
{
	free(t->cell);
	*t = (struct tally){ 0 };
}

static enum st make_room(struct tally *t, uint64_t seq)
{
	uint64_t room = t->room ? t->room : TALLY_START;
	while (room <= seq)
		room *= 2;
	uint8_t *cell = realloc(t->cell, room / 4);
	if (!cell)
		return ST_NO_MEMORY;
	memset(cell + t->room / 4, 0, (room - t->room) / 4);
	t->cell = cell;
	t->room = room;
	return ST_OK;
}

unsigned tally_of(const struct tally *t, uint64_t seq)
{
	return seq < t->room ? t->cell[seq / 4] >> seq % 4 * 2 & 3 : 0;
}

enum st tally_add(struct tally *t, uint64_t seq)
{
	if (seq >= TALLY_MAX)
		return ST_FULL;
	enum st st = seq < t->room ? ST_OK : make_room(t, seq);
	if (st != ST_OK)
		return st;
	unsigned seen = tally_of(t, seq);
	if (seen < 2)
		t->cell[seq / 4] = (uint8_t)(t->cell[seq / 4] + (1 << seq % 4 * 2));
	if (seen) {
		t->again++;
		return ST_OK;
	}
	if (!t->distinct || seq < t->lowest)
		t->lowest = seq;
	if (!t->distinct || seq > t->highest)
		t->highest = seq;
	t->distinct++;
	return ST_OK;
}
