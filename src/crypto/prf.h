// SPDX-License-Identifier: Apache-2.0
// The pseudorandom functions of IKEv2: HMAC (RFC 7296 section 2.13, RFC 4868), and prf+, which stretches one key into as
// many octets as are asked for. Inputs are lists of spans, because the RFC's inputs are concatenations.
#ifndef CRYPTO_PRF_H
#define CRYPTO_PRF_H

#include "crypto/digest.h"

enum {
	PRF_PARTS_MAX = 8,              // spans in one input
	PRF_PLUS_MAX = 255 * DIGEST_MAX // the counter of prf+ is one octet
};

// prf(key, parts[0] | parts[1] | ...); writes alg->size octets.
void prf(const struct digest_alg *alg, struct span key, const struct span *parts, size_t n, uint8_t *out);
// prf+(key, parts...), the first `size` octets of it. ST_FULL: more than 255 blocks (RFC 7296 2.13).
enum st prf_plus(const struct digest_alg *alg, struct span key, const struct span *parts, size_t n, uint8_t *out,
                 size_t size);

#endif
