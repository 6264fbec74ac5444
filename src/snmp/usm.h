// SPDX-License-Identifier: Apache-2.0
// The User-based Security Model's algorithms as rows (RFC 3414, RFC 3826, RFC 7860, AES-192/256 as in
// draft-blumenthal-aes-usm-04), and its security parameters on the wire.
#ifndef SNMP_USM_H
#define SNMP_USM_H

#include <stdint.h>

#include "base/span.h"
#include "crypto/cipher.h"
#include "crypto/digest.h"
#include "snmp/v3_limits.h"

enum { USM_SECURITY_MODEL = 3 }; // RFC 3411 SnmpSecurityModel

// In the order of strength; the numbers are those of an event's level.
enum usm_level { USM_NOAUTH = 1, USM_AUTH = 2, USM_AUTHPRIV = 3 };

struct usm_auth {
	const struct digest_alg *digest; // its name is the algorithm's
	uint8_t mac;                     // octets of msgAuthenticationParameters, exactly
};

struct usm_priv {
	const struct cipher_alg *cipher; // its name is the algorithm's
	uint8_t key;                     // octets of the localised key that are used
	// The IV for a message: `key` is the localised key, `salt` msgPrivacyParameters.
	void (*iv)(const uint8_t *key, uint32_t boots, uint32_t time, const uint8_t *salt, uint8_t *iv);
	// msgPrivacyParameters for the `counter`th message we send.
	void (*salt)(uint32_t boots, uint64_t counter, uint8_t *salt);
};

// By the spelling of the configuration ("sha256", "aes128"); NULL when there is none.
const struct usm_auth *usm_auth_by_name(const char *name);
const struct usm_priv *usm_priv_by_name(const char *name);
// The rows in order, for lists and help; NULL at the end.
const struct usm_auth *usm_auth_at(size_t i);
const struct usm_priv *usm_priv_at(size_t i);

// UsmSecurityParameters (RFC 3414 2.4). The spans are views into the message.
struct usm_parameters {
	struct span engine;   // any length: what is outside 5..32 is the business of discovery
	uint32_t boots, time; // 0..2^31-1
	struct span user;     // at most SNMP_USER_MAX
	struct span auth, priv;
};

// The content of msgSecurityParameters. ST_SECURITY_PARAMETERS for anything malformed.
enum st usm_parameters_parse(struct span octets, struct usm_parameters *out);
// Writes msgSecurityParameters whole, with `auth.n` zeros in place of the digest; returns where they stand (NULL when
// the writer is full).
uint8_t *usm_parameters_write(struct wr *w, const struct usm_parameters *p);

// usmStats (RFC 3414 5, 1.3.6.1.6.3.15.1.1.N.0), which a Report names: N for a status, 0 when there is none for it; and
// the status for an OID's content octets, ST_NONE when it is none of them.
uint8_t usm_stats_arc(enum st st);
enum st usm_stats_status(struct span oid);
enum { USM_STATS_OID = 10 }; // octets
void usm_stats_oid(uint8_t arc, uint8_t out[static USM_STATS_OID]);

#endif
