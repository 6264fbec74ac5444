// SPDX-License-Identifier: Apache-2.0
// The block ciphers of SNMP privacy: AES in 128-bit cipher feedback (RFC 3826) and DES-CBC (RFC 3414 section 8).
//
// `struct ciphers` holds OpenSSL's working contexts: one per thread, made before lock-in, used for every message. A key
// is given with each call; setting it up costs about 100 ns.
#ifndef CRYPTO_CIPHER_H
#define CRYPTO_CIPHER_H

#include <stdint.h>

#include "base/span.h"
#include "crypto/crypto.h"

enum cipher_id { CIPHER_DES, CIPHER_AES128, CIPHER_AES192, CIPHER_AES256, CIPHER_COUNT };

enum {
	CIPHER_KEY_MAX = 32,
	CIPHER_IV_MAX = 16,
	CIPHER_BLOCK_MAX = 16 // cipher_open may use this many octets behind the plaintext as room to work in
};

struct cipher_alg {
	const char *name; // as in the configuration: "aes128"
	uint8_t id;       // enum cipher_id
	uint8_t key;      // octets
	uint8_t iv;       // octets
	uint8_t multiple; // the ciphertext is a multiple of so many octets (1: as long as the plaintext)
};

extern const struct cipher_alg cipher_des, cipher_aes128, cipher_aes192, cipher_aes256;

struct ciphers;

// ST_NO_MEMORY. The caller owns *out: ciphers_free.
enum st ciphers_new(struct crypto *c, struct ciphers **out);
void ciphers_free(struct ciphers *c); // wipes what keys are left in it

// Octets of ciphertext for n octets of plaintext.
size_t cipher_sealed_size(const struct cipher_alg *alg, size_t n);

// Encrypts n octets of `plain` to `out`, which has room for cipher_sealed_size(alg, n); padded with zeros where the
// cipher wants whole blocks. `key` has alg->key octets, `iv` alg->iv. `plain` and `out` do not overlap. ST_SYSTEM.
enum st cipher_seal(struct ciphers *c, const struct cipher_alg *alg, const uint8_t *key, const uint8_t *iv,
                    struct span plain, uint8_t *out);
// Decrypts `sealed` to `out`, which has room for sealed.n + CIPHER_BLOCK_MAX octets; padding stays.
// ST_DECRYPT when the length is no multiple of alg->multiple, ST_SYSTEM. They do not overlap.
enum st cipher_open(struct ciphers *c, const struct cipher_alg *alg, const uint8_t *key, const uint8_t *iv,
                    struct span sealed, uint8_t *out);

#endif
