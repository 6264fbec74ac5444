// SPDX-License-Identifier: Apache-2.0
// An IKE message on the wire (RFC 7296 section 3): its header, the chain of payloads, and writing both. A message is read
// as a whole before anything is done with it: which payloads it holds is a set, so that the table of transitions can say
// what it wants; what stood in clear and what was encrypted are two sets. Bodies are views into the caller's octets.
#ifndef IKE_MESSAGE_H
#define IKE_MESSAGE_H

#include "base/span.h"
#include "crypto/aead.h"
#include "ike/limits.h"
#include "ike/wire.h"

struct ike_notify {
	uint16_t type;
	uint8_t protocol;
	struct span spi, data;
};

struct ike_message {
	struct span whole;
	uint64_t spi_i, spi_r;
	uint32_t id;
	uint8_t exchange, first; // first: the next payload field of the header
	bool reply, from_initiator;
	uint32_t clear, sealed; // sets of payloads
	uint8_t critical;       // a payload that we do not know and that wants to be known, or 0
	bool strange;           // one that we do not know stood in clear
	struct span body[PAYLOAD_LAST - PAYLOAD_FIRST + 1]; // of those that come once
	struct ike_notify notify[IKE_NOTIFIES_MAX];
	struct span deletes[IKE_DELETES_MAX], certs[IKE_CERTS_MAX], requests[IKE_CERTS_MAX];
	uint8_t n_notify, n_deletes, n_certs, n_requests;
	// The encrypted payload, when there is one: from the start of the message to the end of its header, what follows
	// that, and the type of its first inner payload.
	struct span head, text;
	uint8_t inner;
	uint16_t fragment, fragments; // RFC 7383; 0: SK
};

// The header alone. ST_SHORT, ST_IKE_HEADER, ST_IKE_VERSION (then the fields are set all the same, for an answer).
enum st ike_read_header(struct span datagram, struct ike_message *m);
// The payloads in clear, up to and with the encrypted one. ST_IKE_PAYLOAD; ST_IKE_CRITICAL with m->critical set.
enum st ike_read_clear(struct ike_message *m);
// Opens the encrypted payload of a whole message that ike_read_clear has read: *chain, what stood in it, lies in room[n], which
// takes the message. Of a fragment it is a piece. ST_SHORT, ST_FORGED, ST_IKE_PAYLOAD (the padding).
enum st ike_open_sealed(struct aead_engine *engine, const struct aead_key *key, const struct ike_message *m,
                        uint8_t *room, size_t n, struct span *chain);
// The payloads that stood in the encrypted one; `chain` must outlive m.
enum st ike_read_sealed(struct span chain, struct ike_message *m);

// The payloads of a chain as they stand, one after another, known or not: the two above read by it, and so does who shows them.
struct ike_walk {
	struct rd r;
	uint8_t type, count;
	bool end;
};
struct ike_part {
	uint8_t type, next;
	bool critical;
	struct span body;
};
struct ike_walk ike_walk_clear(const struct ike_message *m);
struct ike_walk ike_walk_sealed(struct span chain, uint8_t first);
// ST_NONE: that was all. ST_IKE_PAYLOAD; the walk is over then, too.
enum st ike_walk_next(struct ike_walk *w, struct ike_part *out);

static inline struct span ike_body(const struct ike_message *m, enum ike_payload type)
{
	return m->body[type - PAYLOAD_FIRST];
}

// The first notification of this type, or NULL.
const struct ike_notify *ike_find_notify(const struct ike_message *m, enum ike_notify_type type);
// The first that is an error, or NULL.
const struct ike_notify *ike_find_error(const struct ike_message *m);

// Writing: payloads from the last to the first, so that each knows what follows it.
struct ike_writer {
	struct wr w;
	uint8_t next; // the payload written last, which stands first
};

struct ike_writer ike_writer_of(void *buffer, size_t n);
// Around what is written after `mark` (w->w.at before it): the generic header.
void ike_put_head(struct ike_writer *w, enum ike_payload type, const uint8_t *mark);
void ike_put(struct ike_writer *w, enum ike_payload type, struct span body);
void ike_put_notify(struct ike_writer *w, enum ike_notify_type type, struct span data);
// About one SA: of ESP with a 32-bit SPI.
void ike_put_notify_spi(struct ike_writer *w, enum ike_notify_type type, uint32_t spi, struct span data);
// The IKE header in front of a chain of what is written already.
struct ike_header {
	uint64_t spi_i, spi_r;
	uint32_t id;
	uint8_t exchange, flags;
};
void ike_put_header(struct ike_writer *w, const struct ike_header *h);

#endif
