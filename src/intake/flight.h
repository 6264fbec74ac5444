// SPDX-License-Identifier: Apache-2.0
// What is between the ring and the commit: which listener each record came from, and the answers that wait for it.
//
// The ring's freed position is the watermark: everything before it is committed. Records are settled and answers are
// released in order, never earlier. An answer holds addresses and a token, never a pointer to a socket or connection.
#ifndef INTAKE_FLIGHT_H
#define INTAKE_FLIGHT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/ring.h"

// Where an answer goes. In a tunnel peer and local are the inner addresses.
struct answer_to {
	struct addr peer, local;
	uint32_t ifindex;
	uint16_t listener;
	uint64_t token; // the TCP connection, 0 for UDP
	uint32_t site;  // the site's number and 1, when it came by its tunnel: the answer goes by its SA of that moment
	bool report;    // a Report: it acknowledges nothing
};

struct flight_record {
	uint64_t end; // ring position behind it
	uint16_t listener;
	bool message; // a message's own record (not a storm row)
};

struct flight {
	struct flight_record *records;
	uint64_t first, next; // count for ever
	struct ring answers;
	uint64_t answers_at;
};

enum st flight_init(struct flight *f);
void flight_done(struct flight *f);

// What an answer of `bytes` takes of the room for answers.
size_t flight_answer_cost(size_t bytes);
// Room for one record more, and for answers of `bytes` (0: none wanted)?
bool flight_has_room(struct flight *f, size_t bytes);
// Keeps an answer until everything before ring position `due` is committed. false: no room, which flight_has_room said.
bool flight_answer(struct flight *f, uint64_t due, const struct answer_to *to, struct span bytes);

void flight_push(struct flight *f, uint64_t end, uint16_t listener, bool message);
// The oldest record if it is committed; false when none is.
bool flight_pop(struct flight *f, uint64_t committed, struct flight_record *out);
// The next answer that is due, without releasing it; false when none is. The bytes stay valid until flight_released.
bool flight_due(struct flight *f, uint64_t committed, uint64_t *at, struct answer_to *to, struct span *bytes);
void flight_release(struct flight *f, uint64_t at);

#endif
