// SPDX-License-Identifier: Apache-2.0
// Asking an agent: requests of every version, what comes back by community, and the walk down a table that ends whatever the
// agent answers. Version 3 wraps the same PDUs (snmp/v3_client.h).
#ifndef SNMP_REQUEST_H
#define SNMP_REQUEST_H

#include "snmp/message.h"

// error-status values (RFC 3416 3) that an agent's answer to a request may need understood; others refuse it whole.
enum { SNMP_NO_SUCH_NAME = 2 };

// Writes a GET, GETNEXT or GETBULK PDU for n OIDs, their values NULL. Non-repeaters and repetitions count in a GETBULK only
// (RFC 3416 4.2.3), elsewhere give 0. A PDU that does not fit makes `w` full.
struct snmp_request {
	uint8_t tag; // PDU_GET, PDU_GET_NEXT, PDU_GET_BULK
	int32_t id;
	int32_t non_repeaters, repetitions;
};
void snmp_write_request(struct wr *w, const struct snmp_request *r, const struct oid *const *oids, size_t n);

// A v1 or v2c message that holds a Response, every varbind checked. ST_VERSION (none of the two), ST_COMMUNITY (too long),
// ST_PDU_TYPE, and what the BER refuses. Who believes it compares version, community and request-id.
enum st snmp_parse_response(struct span datagram, struct snmp_message *out);

// A walk down some columns at once. The columns are OIDs; what lies below them is asked for until every column has ended,
// or, for `once`, until each has given one value (a scalar, or the first row whatever its index).
struct snmp_walk {
	const struct oid *columns; // not owned
	uint8_t n;
	bool once;
	uint8_t width;       // columns asked at once; halved when the agent says tooBig
	uint8_t repetitions; // of a GETBULK; halved first
	uint16_t varbinds;   // taken so far
	uint16_t steps;      // answers so far
	uint32_t open;       // a bit a column that has not ended
	uint8_t asked[SNMP_WALK_COLUMNS], asked_n;
	struct oid at[SNMP_WALK_COLUMNS]; // the last OID of each column
};

// n is at most SNMP_WALK_COLUMNS.
void snmp_walk_begin(struct snmp_walk *w, const struct oid *columns, size_t n, bool once);
bool snmp_walk_more(const struct snmp_walk *w);
// The next request PDU: GETNEXT with v1 or for `once`, else GETBULK.
void snmp_walk_write(struct snmp_walk *w, int32_t version, int32_t id, struct wr *out);
// One value: its column, and the arcs behind the column's OID.
typedef void snmp_walk_fn(void *arg, size_t column, const uint32_t *index, size_t index_n,
                          const struct snmp_varbind *v);
// Takes the answer to what snmp_walk_write wrote. ST_WALK_STUCK: OIDs that do not rise, or nothing at all; ST_WALK_ENDLESS:
// more than SNMP_WALK_VARBINDS or SNMP_WALK_STEPS; ST_AGENT: an error-status that is no end of a column.
enum st snmp_walk_take(struct snmp_walk *w, const struct snmp_pdu *answer, snmp_walk_fn *visit, void *arg);

#endif
