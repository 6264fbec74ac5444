// SPDX-License-Identifier: Apache-2.0
// The SNMPv3 message on the wire (RFC 3412 section 6) with USM's parameters, read and written.
#ifndef SNMP_V3_MESSAGE_H
#define SNMP_V3_MESSAGE_H

#include "snmp/limits.h"
#include "snmp/usm_keys.h"

enum {
	V3_PLAIN_MAX = SNMP_DATAGRAM_MAX + CIPHER_BLOCK_MAX,
	V3_FLAG_AUTH = 1, // msgFlags
	V3_FLAG_PRIV = 2,
	V3_FLAG_REPORTABLE = 4,
};

struct v3_message {
	struct span whole; // what the digest covers
	int32_t msg_id;
	uint32_t max_size;
	uint8_t flags;
	struct usm_parameters usm;
	struct span data; // the ScopedPDU from its tag, or the ciphertext
};

// ScopedPDU (RFC 3412 6.8).
struct v3_scoped {
	struct span context_engine, context_name;
	struct span pdu; // from its tag, of any type
};

// The header and the security parameters; nothing is verified. Every length is checked against what it stands in.
// ST_VERSION, ST_INVALID_MSG (msgID below 0, msgMaxSize below 484, msgFlags not one octet, privacy without
// authentication), ST_SECURITY_MODEL, ST_SECURITY_PARAMETERS, and what the BER refuses.
enum st v3_message_parse(struct span datagram, struct v3_message *out);
uint8_t v3_message_level(const struct v3_message *m); // enum usm_level
// ScopedPDU with at most `padding` octets behind it. What the BER refuses; ST_TRAILING; ST_PDU_TYPE.
enum st v3_scoped_parse(struct span plain, size_t padding, struct v3_scoped *out);
// For a person who looks at a message that was refused: its PDU where nothing is encrypted. ST_DECRYPT where it is.
enum st v3_plain_scoped(struct span datagram, struct v3_scoped *out);

// Whether the message carries the right digest under the key: exactly auth->mac octets, compared in constant time over
// the message with zeros in the digest's place (RFC 3414 6.3.2). The message is not touched.
bool v3_message_verify(const struct v3_message *m, const struct usm_auth *auth, const struct hmac_key *key);
// Decrypts m->data with a privacy key into `plain` (room: data.n + CIPHER_BLOCK_MAX) and reads the ScopedPDU.
// ST_DECRYPT for whatever is wrong.
enum st v3_message_decrypt(const struct v3_message *m, struct ciphers *c, const struct usm_priv *priv,
                           const uint8_t *key, uint8_t *plain, struct v3_scoped *out);

// A message to write.
struct v3_outgoing {
	int32_t msg_id;
	bool reportable;
	uint8_t level;        // enum usm_level; auth and keys must match it
	struct span engine;   // authoritative
	uint32_t boots, time; // its
	struct span user;
	const struct usm_auth *auth;
	const struct usm_priv *priv;
	const struct usm_keys *keys;
	uint8_t extension; // enum usm_extension
	uint64_t salt;     // never the same twice under one key
	struct span context_engine, context_name, pdu;
};

// Writes, encrypts and signs. `plain` has room for V3_PLAIN_MAX octets. Our msgMaxSize is SNMP_DATAGRAM_MAX. ST_FULL,
// ST_SYSTEM.
enum st v3_message_write(const struct v3_outgoing *m, struct ciphers *c, uint8_t *plain, struct wr *w);

#endif
