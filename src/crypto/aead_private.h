// SPDX-License-Identifier: Apache-2.0
// What aead.c and the back ends share.
#ifndef CRYPTO_AEAD_PRIVATE_H
#define CRYPTO_AEAD_PRIVATE_H

#include "crypto/aead.h"
#include "crypto/aead_vault.h"

enum { AEAD_NONCE = 12 }; // RFC 4106, RFC 7634: four octets of salt, then the IV

// How an algorithm is made up, for the back ends' tables.
enum aead_kind { AEAD_GCM, AEAD_CHACHA, AEAD_CBC_SHA256, AEAD_CBC_SHA1 };

// The end of every key: in front of it stands what the back end keeps. Behind, because a GCM key ends with what every message
// needs of it, however short, so that this costs no cache line of its own.
struct aead_key {
	_Alignas(16) const struct aead_alg *alg;
	uint8_t salt[AEAD_SALT_MAX];
	uint8_t way;  // enum aead_way
	uint8_t kind; // enum aead_kind
};

// Every back end's engine begins with this.
struct aead_engine {
	const struct aead_backend *backend;
	struct vault vault; // where the keys stand
	bool heap_keys;     // the library holds keys elsewhere
};

struct aead_backend {
	const char *name;
	bool (*usable)(void);
	enum st (*engine_new)(struct crypto *crypto, struct aead_engine **out);
	void (*engine_free)(struct aead_engine *e);
	// What it keeps in front of the head: octets, a multiple of 16; it begins at a multiple of VAULT_ALIGN.
	size_t (*kept)(const struct aead_alg *alg);
	// Fills that, which is zeroed; the head is set.
	enum st (*key_init)(struct aead_engine *e, struct aead_key *k, const struct aead_secret *s);
	void (*key_done)(struct aead_key *k);                                               // the caller wipes
	void (*foresee)(const struct aead_key *k, const struct aead_alg *alg, size_t text); // does not look at the key
	size_t (*together)(const struct aead_alg *alg);
	void (*seal_all)(struct aead_engine *e, struct aead_op *ops, size_t n);
	void (*open_all)(struct aead_engine *e, struct aead_op *ops, size_t n);
};

extern const struct aead_backend aead_ipsecmb, aead_openssl;

static inline const void *aead_kept(const struct aead_key *k, size_t n)
{
	return (const uint8_t *)k - n;
}

static inline uint8_t *aead_iv(const struct aead_op *op)
{
	return op->at + op->head;
}

static inline uint8_t *aead_text(const struct aead_op *op)
{
	return op->at + op->head + op->key->alg->iv;
}

static inline uint8_t *aead_tag(const struct aead_op *op)
{
	return aead_text(op) + op->text;
}

// AES-CBC works on whole blocks, and ESP's and IKE's trailers leave at least one.
static inline bool aead_whole(const struct aead_op *op)
{
	return op->key->alg->block == 1 || (op->text && op->text % op->key->alg->block == 0);
}

static inline void aead_put_high(uint8_t out[4], uint32_t high)
{
	struct wr w = wr_of(out, 4);
	wr_be(&w, high, 4);
}

// What GCM and ChaCha20-Poly1305 authenticate besides the text: the head, or with an extended sequence number the SPI, the
// high word and the low word (RFC 4106 section 5, RFC 7634 section 2.1), put together in `room`.
static inline struct span aead_associated(const struct aead_op *op, uint8_t room[12])
{
	if (!op->esn)
		return span_of(op->at, op->head);
	memcpy(room, op->at, 4);
	aead_put_high(room + 4, op->high);
	memcpy(room + 8, op->at + 4, 4);
	return span_of(room, 12);
}

static inline void aead_nonce(const struct aead_op *op, uint8_t nonce[AEAD_NONCE])
{
	memcpy(nonce, op->key->salt, 4);
	memcpy(nonce + 4, aead_iv(op), 8);
}

#endif
