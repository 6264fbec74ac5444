// SPDX-License-Identifier: Apache-2.0
// Authenticated encryption as IPsec uses it: AES-GCM and ChaCha20-Poly1305 (RFC 4106, RFC 7634), and AES-CBC followed by
// an HMAC (RFC 3602, RFC 4868, RFC 2404). One form serves all of them, and both ESP and IKE's encrypted payload, because
// there the parts stand one behind another: head, IV, text, tag.
//
// Two back ends do the work, intel-ipsec-mb and OpenSSL, behind one table of functions; which one is chosen once, at the
// start. An engine belongs to one thread, and so do the keys made with it.
#ifndef CRYPTO_AEAD_H
#define CRYPTO_AEAD_H

#include <stdbool.h>
#include <stdint.h>

#include "base/span.h"
#include "crypto/crypto.h"

enum aead_id {
	AEAD_AES128_GCM16,
	AEAD_AES256_GCM16,
	AEAD_CHACHA20_POLY1305,
	AEAD_AES128_SHA256_128,
	AEAD_AES256_SHA256_128,
	AEAD_AES128_SHA1_96,
	AEAD_AES256_SHA1_96,
	AEAD_COUNT
};

enum {
	AEAD_KEY_MAX = 32,
	AEAD_INTEG_MAX = 32,
	AEAD_SALT_MAX = 4,
	AEAD_IV_MAX = 16,
	AEAD_TAG_MAX = 16,
	AEAD_HEAD_ESN = 8 // a head with an extended sequence number is ESP's: SPI and the low word
};

// Sizes in octets.
struct aead_alg {
	const char *name; // as in the configuration: "aes128gcm16"
	uint8_t id;       // enum aead_id
	uint8_t key;      // for the cipher
	uint8_t integ;    // for the HMAC; 0: none
	uint8_t salt;     // from the keying material, behind the key; not sent
	uint8_t iv;       // sent with each message
	uint8_t tag;
	uint8_t block; // the text is a multiple of this power of two
	uint8_t kind;  // for the back ends
	bool counter;  // the IV may not repeat under one key, and may be counted; otherwise it may not be foreseen
};

// NULL: no such name. aead_at(id) for 0 <= id < AEAD_COUNT.
const struct aead_alg *aead_find(const char *name);
const struct aead_alg *aead_at(enum aead_id id);

struct aead_backend;
struct aead_engine;
struct aead_key;

// The back ends built in, best first; NULL at the end of the list or where this processor cannot run it.
const struct aead_backend *aead_backend(unsigned i);
const char *aead_backend_name(const struct aead_backend *b);
// The first one.
const struct aead_backend *aead_best(void);

// An engine for the calling thread. ST_NO_MEMORY, ST_SYSTEM. The caller owns *out: aead_engine_free, after its keys.
// `crypto` must outlive it.
enum st aead_engine_new(const struct aead_backend *b, struct crypto *crypto, struct aead_engine **out);
void aead_engine_free(struct aead_engine *e);
// Every key made so far stands in memory that is never swapped out (RLIMIT_MEMLOCK sufficed, and the back end allows it).
bool aead_engine_locked(const struct aead_engine *e);

enum aead_way { AEAD_SEAL, AEAD_OPEN };

struct aead_secret {
	struct span key, integ, salt; // exactly the algorithm's sizes
};

// Expands a key for one direction. The secret is copied, the caller wipes its own. ST_SHORT: a part has the wrong size.
// ST_NO_MEMORY, ST_SYSTEM. The caller owns *out: aead_key_free, which wipes it.
enum st aead_key_new(struct aead_engine *e, const struct aead_alg *alg, enum aead_way way, const struct aead_secret *s,
                     struct aead_key **out);
void aead_key_free(struct aead_engine *e, struct aead_key *k);
const struct aead_alg *aead_key_alg(const struct aead_key *k);
// Octets that an expanded key of the algorithm takes, for those who tell what a pair costs.
size_t aead_key_size(const struct aead_engine *e, const struct aead_alg *alg);
// Asks the cache for what a message of about `text` octets will need of a key, whose algorithm the caller knows: with many keys
// they would be waited for, message by message.
void aead_foresee(const struct aead_engine *e, const struct aead_key *k, const struct aead_alg *alg, size_t text);
// As many messages under such a key as it pays to give to aead_seal and aead_open at a time; more are no worse.
size_t aead_together(const struct aead_engine *e, const struct aead_alg *alg);

// One message: head, IV, text and tag one behind another from `at`, worked on in place.
struct aead_op {
	const struct aead_key *key;
	uint8_t *at;
	uint32_t head; // octets that are authenticated and not encrypted
	uint32_t text; // octets, a multiple of the algorithm's block
	bool esn;      // head is AEAD_HEAD_ESN octets, and `high` is authenticated too though not sent (RFC 4303 2.2.1)
	uint32_t high;
	enum st st; // out
};

// Encrypts n messages with sealing keys of this engine; the IV is in place already, the tag is written. st: ST_OK, ST_SYSTEM.
void aead_seal(struct aead_engine *e, struct aead_op *ops, size_t n);
// Checks the tags, in constant time, and decrypts with opening keys. st: ST_OK, ST_FORGED (then the text is not to be
// used and no longer what was received; the tag still is), ST_SYSTEM.
void aead_open(struct aead_engine *e, struct aead_op *ops, size_t n);

#endif
