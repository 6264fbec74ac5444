// SPDX-License-Identifier: Apache-2.0
// Keys of the User-based Security Model: from a password (1 MiB of hashing, once per user entry), localised to an engine
// (one short hash), and stretched for AES-192/256 where the digest is shorter than the key.
#ifndef SNMP_USM_KEYS_H
#define SNMP_USM_KEYS_H

#include <stdbool.h>

#include "snmp/usm.h"

// The two ways to stretch a key; nothing on the wire tells which, so both are tried (docs, snmp.md 7.2 (10)).
// usm_extension_name: "blumenthal", "reeder".
enum usm_extension { USM_BLUMENTHAL, USM_REEDER, USM_EXTENSIONS };
const char *usm_extension_name(unsigned extension);

// RFC 3414 2.6 and A.2: Ku of a password of 1..USM_PASSWORD_MAX octets, digest->size octets. About a millisecond.
void usm_password_to_key(const struct digest_alg *digest, struct span password, uint8_t *ku);
// Kul: Ku localised to an engine, digest->size octets. `kul` may be `ku`.
void usm_localise(const struct digest_alg *digest, const uint8_t *ku, struct span engine, uint8_t *kul);
// Whether the digest is too short for the key, so that the two extensions differ.
bool usm_stretches(const struct digest_alg *digest, const struct usm_priv *priv);
// The privacy key, priv->key octets, from a Kul. USM_REEDER hashes another 1 MiB where usm_stretches.
void usm_privacy_key(const struct digest_alg *digest, const struct usm_priv *priv, const uint8_t *kul,
                     struct span engine, enum usm_extension extension, uint8_t *key);

// What one user entry has at one engine. Secret: wipe it.
struct usm_keys {
	struct hmac_key hmac;
	uint8_t priv[USM_EXTENSIONS][CIPHER_KEY_MAX];
	bool has_priv[USM_EXTENSIONS]; // made so far
};

#endif
