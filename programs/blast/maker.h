// SPDX-License-Identifier: Apache-2.0
// The messages that trapline-blast sends: the printerV2Alert of RFC 3805 (a paper jam) with its six varbinds and, as
// one more, the message's own sequence number: SEQUENCE_OID, an OCTET STRING of decimal digits. All messages of a maker
// have the same size, so that they can travel as one train (UDP_SEGMENT); the digits are padded with zeros on the left
// to reach the size that is wanted. A community message is a template whose digits and request-id are patched in place;
// a v3 message is made of such a PDU, encrypted and signed as it is sent (maker_v3.h).
#ifndef BLAST_MAKER_H
#define BLAST_MAKER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/span.h"
#include "base/status.h"

// Net-SNMP's experimental arc (netSnmpPlaypen); nobody else's varbind.
#define SEQUENCE_OID "1.3.6.1.4.1.8072.9999.9999.2697.1.0"

enum maker_limits {
	MAKER_DIGITS = 16,       // of a sequence number, at least
	MAKER_REQUEST_BITS = 30, // of a sequence number in the request-id; bit 30 is set, so it has four octets always
	MAKER_SIZE_MAX = 4096,   // bytes of a message
	MAKER_SIZE_USUAL = 247,  // what a printer's alert has on average
};

struct maker_options {
	int32_t version; // SNMP_V1, SNMP_V2C, SNMP_V3
	bool inform;
	const char *community;
	size_t size; // bytes wanted of each message, 0: what is usual; v3: 0
	struct maker_user {
		const char *name, *auth, *auth_password, *priv, *priv_password; // auth and priv may be NULL
		uint32_t engines;                                               // traps come from so many
	} user;
	// v3 informs: the receiver's engine, discovered before (maker_v3.h).
	uint8_t authority[32];
	uint8_t authority_n;
	uint32_t boots, time;
};

struct maker_v3;

struct maker {
	// Writes the message of sequence number `seq` into out[size].
	void (*make)(const struct maker *m, uint64_t seq, uint8_t *out);
	// The sequence number that a reply acknowledges: its low MAKER_REQUEST_BITS are the request-id, and it is at most
	// `newest`. ST_PDU_TYPE when it is no Response without error, or what was wrong with its BER.
	enum st (*acknowledged)(const struct maker *m, struct span reply, uint64_t newest, uint64_t *seq);
	size_t size;
	size_t digits_at, digits_n;      // where the digits stand in the template
	size_t request_at;               // where the request-id's octets stand; 0: a v1 trap has none
	uint8_t message[MAKER_SIZE_MAX]; // the template; of v3 the PDU alone
	size_t template_n;
	struct maker_v3 *v3;
};

// ST_SYNTAX when no message of the wanted size can be made (too small, too large, or stepped over by a length octet).
enum st maker_init(struct maker *m, const struct maker_options *o);
void maker_done(struct maker *m);
// The template with its digits and request-id patched for `seq`, into out[template_n].
void maker_patch(const struct maker *m, uint64_t seq, uint8_t *out);
// The sequence number whose low MAKER_REQUEST_BITS are given, at most `newest`.
uint64_t maker_sequence(uint64_t low_bits, uint64_t newest);
// Time passes for v3 engines: seconds since the start.
void maker_clock(struct maker *m, uint32_t seconds);

#endif
