// SPDX-License-Identifier: Apache-2.0
// Diffie-Hellman as IKEv2 uses it: X25519 (RFC 8031), the P-256 and P-384 curves (RFC 5903) and the 2048-bit MODP group
// (RFC 3526), in the forms in which their values stand in a KE payload. The peer's value is checked: exact length, range,
// on the curve, and a result of all zeros is refused.
#ifndef CRYPTO_DH_H
#define CRYPTO_DH_H

#include "base/span.h"
#include "crypto/crypto.h"

enum dh_id { DH_X25519, DH_P256, DH_P384, DH_MODP2048, DH_COUNT };

enum { DH_PUBLIC_MAX = 256, DH_SHARED_MAX = 256 };

struct dh_group {
	const char *name; // as in the configuration: "curve25519"
	uint16_t wire;    // IANA's Transform Type 4
	uint16_t public;  // octets in a KE payload
	uint16_t shared;  // octets of the result
	uint8_t id;
};

// NULL: none of ours. dh_at(id) for 0 <= id < DH_COUNT.
const struct dh_group *dh_find(uint16_t wire);
const struct dh_group *dh_by_name(const char *name);
const struct dh_group *dh_at(enum dh_id id);

struct dh;

// Draws a private value from the library's generator. ST_NO_MEMORY, ST_SYSTEM. The caller owns *out: dh_free, which wipes it.
enum st dh_new(struct crypto *crypto, const struct dh_group *group, struct dh **out);
void dh_free(struct dh *d);
const struct dh_group *dh_group_of(const struct dh *d);
// Our public value; lives as long as d.
struct span dh_public(const struct dh *d);
// Writes group->shared octets. ST_SHORT: the peer's value has the wrong length. ST_FORGED: it is no value of the group, or
// the result would be known to everyone. A secret: wipe it.
enum st dh_shared(const struct dh *d, struct span peer, uint8_t *out);

#endif
