// SPDX-License-Identifier: Apache-2.0
// The rate limit per source, off by default: up to `rate` messages of a source in a second are kept one by one; the rest of
// that second is one storm row, which counts them and keeps the first and the last PDU. Informs among them are answered
// when the row is committed. A source that finds no slot is not limited: losing nothing goes before the limit.
#ifndef INTAKE_STORM_H
#define INTAKE_STORM_H

#include <stdbool.h>
#include <stdint.h>

#include "base/hash.h"
#include "event/event.h"
#include "intake/flight.h"

struct storm_answer {
	struct answer_to to;
	size_t n;
	struct storm_answer *next;
	uint8_t bytes[];
};

// An open storm row of one source and second.
struct storm {
	struct event event; // spans point into `kept` and `last`
	uint8_t *kept, *last;
	size_t kept_bytes;
	size_t answer_bytes;
	unsigned answer_count;
	uint16_t listener;
	uint32_t second;
	struct storm_source *source;
	struct storm_answer *answers, **answers_end;
	struct storm *next;
};

struct storm_source {
	uint8_t ip[16];
	uint32_t second, count;
	struct storm *storm;
};

struct storms {
	struct storm_source *sources;
	struct storm *open, **open_end; // in order of opening
	size_t answer_bytes, bytes;     // of all open rows: of their answers, of the messages they keep
};

enum st storms_init(struct storms *s);
void storms_done(struct storms *s);

// Counts a message of this source in this second; true when it is over the rate.
bool storms_over(struct storms *s, const struct hash_key *key, const struct addr *peer, uint32_t second, uint32_t rate,
                 struct storm_source **source);
// Adds the message to the source's storm row (opening it). ST_FULL (STORM_BYTES), ST_NO_MEMORY: it was not added.
enum st storms_add(struct storms *s, struct storm_source *source, const struct event *e, uint16_t listener);
// The open row of a source, or NULL.
struct storm *storms_find(struct storms *s, const struct hash_key *key, const struct addr *peer);
// Keeps an answer until the row is committed; false when there is no room for it.
bool storms_answer(struct storms *s, struct storm *storm, const struct answer_to *to, struct span bytes);
// The oldest open row if its second is over (or in any case, when `all`); NULL when none.
struct storm *storms_ripe(struct storms *s, uint32_t second, bool all);
// Removes and frees the row that storms_ripe gave (the oldest).
void storms_close(struct storms *s, struct storm *storm);

#endif
