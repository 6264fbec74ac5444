// SPDX-License-Identifier: Apache-2.0
// Datagrams without a collector: read, authorised and put into words as a collector would that had been listening, with
// the time at which they were captured. What it would refuse is shown as far as it can be read, with the reason.
#ifndef CLI_DECODER_H
#define CLI_DECODER_H

#include "event/describe.h"
#include "intake/policy.h"
#include "snmp/v3.h"

struct decoder_config {
	const struct policy *policy; // communities, sites, relays
	const struct usm_user *users;
	size_t user_count;
	bool ignore_time; // neither the time window nor replays
};

struct decoder;

// ST_SYSTEM (no OpenSSL), ST_SYNTAX (a user that cannot be), ST_NO_MEMORY. What the configuration points to must outlive
// it. The caller owns *out: decoder_free.
enum st decoder_new(const struct decoder_config *config, struct decoder **out);
void decoder_free(struct decoder *d);

// Where a datagram came from.
struct decoder_origin {
	int64_t at;        // wall, nanoseconds
	struct addr peer;  // any, port 0: unknown
	uint8_t transport; // enum event_transport
	bool cut;          // not all of it was captured
};

struct decoded {
	struct event event;       // kind 0: it could not be read
	struct event_words words; // decoded_done
	bool unchecked;           // v1 or v2c, and no community is known
	enum st refused;          // ST_OK: accepted
	struct text reason;       // a sentence when refused
};

// Spans of *out are views into the bytes and the decoder, until the next call.
void decoder_take(struct decoder *d, const struct decoder_origin *origin, struct span bytes, struct decoded *out);
void decoded_done(struct decoded *d);

#endif
