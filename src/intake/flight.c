// SPDX-License-Identifier: Apache-2.0
#include "intake/flight.h"

#include <stdlib.h>
#include <string.h>

#include "intake/limits.h"

struct answer_head {
	uint64_t due;
	struct answer_to to;
};

enum st flight_init(struct flight *f)
{
	*f = (struct flight){ 0 };
	f->records = calloc(INTAKE_FLIGHT, sizeof *f->records);
	if (!f->records)
		return ST_NO_MEMORY;
	return ring_init(&f->answers, INTAKE_ANSWERS);
}

void flight_done(struct flight *f)
{
	free(f->records);
	f->records = NULL;
	ring_done(&f->answers);
}

size_t flight_answer_cost(size_t bytes)
{
	return RING_FRAME_HEAD + sizeof(struct answer_head) + bytes;
}

bool flight_has_room(struct flight *f, size_t bytes)
{
	if (f->next - f->first >= INTAKE_FLIGHT)
		return false;
	return bytes == 0 || ring_reserve(&f->answers, sizeof(struct answer_head) + bytes);
}

bool flight_answer(struct flight *f, uint64_t due, const struct answer_to *to, struct span bytes)
{
	struct answer_head head = { .due = due, .to = *to };
	uint8_t *p = ring_reserve(&f->answers, sizeof head + bytes.n);
	if (!p)
		return false;
	memcpy(p, &head, sizeof head);
	memcpy(p + sizeof head, bytes.p, bytes.n);
	ring_publish(&f->answers, sizeof head + bytes.n);
	return true;
}

void flight_push(struct flight *f, uint64_t end, uint16_t listener, bool message)
{
	f->records[f->next++ % INTAKE_FLIGHT] = (struct flight_record){ end, listener, message };
}

bool flight_pop(struct flight *f, uint64_t committed, struct flight_record *out)
{
	const struct flight_record *r = &f->records[f->first % INTAKE_FLIGHT];
	if (f->first == f->next || r->end > committed)
		return false;
	*out = *r;
	f->first++;
	return true;
}

bool flight_due(struct flight *f, uint64_t committed, uint64_t *at, struct answer_to *to, struct span *bytes)
{
	uint32_t records;
	struct rd frames = rd_of(ring_run(&f->answers, at, 1, &records));
	struct span record;
	struct answer_head head;
	if (!frame_next(&frames, &record))
		return false;
	memcpy(&head, record.p, sizeof head);
	if (head.due > committed)
		return false;
	*at += RING_FRAME_HEAD + record.n;
	*to = head.to;
	*bytes = span_of(record.p + sizeof head, record.n - sizeof head);
	return true;
}

void flight_release(struct flight *f, uint64_t at)
{
	f->answers_at = at;
	ring_free_to(&f->answers, at);
}
