// SPDX-License-Identifier: Apache-2.0
// The sending side of SNMPv3, for `trapline send` and for asking devices: a trap is sent with our own engine as the
// authority; an inform or a request goes to an engine that is discovered first (RFC 3414 section 4): its ID by an
// unauthenticated Report, its clock by an authenticated one. A core without sockets and clock; one client, one peer.
#ifndef SNMP_V3_CLIENT_H
#define SNMP_V3_CLIENT_H

#include "crypto/secret.h"
#include "snmp/engines.h"
#include "snmp/message.h"
#include "snmp/v3_message.h"

struct v3_client;

struct v3_client_config {
	struct crypto *crypto;
	struct random random;
	struct usm_user user; // its level does not matter here
	// Instead of `user`, where a user is spoken for often: an entry whose keys are made. It must outlive the client.
	const struct usm_entry *entry;
	enum usm_extension extension; // how AES-192/256 keys are stretched
	uint8_t level;                // enum usm_level to send at; 0: the most that the user can do
	struct span context_engine;   // empty: the authoritative engine's
	struct span context_name;
};

enum v3_client_event {
	V3_CLIENT_NOTHING,  // not for us, or not believed: go on waiting
	V3_CLIENT_AGAIN,    // discovered or synchronised: v3_client_write again and send that
	V3_CLIENT_RESPONSE, // the answer: *pdu is valid until the next call
	V3_CLIENT_REFUSED,  // the peer refused: *why says with what (ST_USER, ST_DIGEST, ST_LEVEL, ...)
};

// ST_SYNTAX (see usm_users_new), ST_NO_MEMORY, ST_SYSTEM. The caller owns *out: v3_client_free.
enum st v3_client_new(const struct v3_client_config *config, struct v3_client **out);
void v3_client_free(struct v3_client *c); // wipes

// Before the first v3_client_write: names the authoritative engine, where it is known. For traps it is our own, with
// our boots and the `now` at which its time was 0.
void v3_client_engine(struct v3_client *c, struct span engine, uint32_t boots, int64_t started);

// Writes the message to send next: the discovery where the engine is not known yet, else `pdu` (whole, from its tag).
// `confirmed`: the PDU wants an answer. ST_FULL, ST_SYSTEM.
enum st v3_client_write(struct v3_client *c, int64_t now, struct span pdu, bool confirmed, struct wr *w);
// Takes what came back. A Response and the clock are believed only when the digest is right.
enum v3_client_event v3_client_input(struct v3_client *c, int64_t now, struct span datagram, struct snmp_pdu *pdu,
                                     enum st *why);

#endif
