// SPDX-License-Identifier: Apache-2.0
// OpenSSL's digest structs are used directly here, although 3.0 marks them deprecated: they are the only form whose
// state is a value that can be stored and copied without the heap, and the block functions behind them are the same
// (SHA-NI and AVX2 where the processor has them).
#define OPENSSL_SUPPRESS_DEPRECATED
#include "crypto/digest.h"

#include <assert.h>
#include <openssl/md5.h>
#include <openssl/sha.h>

#include "crypto/secret.h"

// One row per digest: the library's functions, and how a chaining value leaves and enters its state.
struct digest_ops {
	void (*begin)(void *state);
	void (*add)(void *state, const void *p, size_t n);
	void (*end)(uint8_t *out, void *state);
	void (*save)(const void *state, uint64_t *chain);
	void (*resume)(void *state, const uint64_t *chain); // as if one block had been added
};

// The library's functions return 1 always (they cannot fail on memory), so the wrappers drop it.
#define DIGEST_WRAPPERS(name, type, init, update, final)                                                               \
	static void name##_begin(void *state)                                                                          \
	{                                                                                                              \
		(void)init(state);                                                                                     \
	}                                                                                                              \
	static void name##_add(void *state, const void *p, size_t n)                                                   \
	{                                                                                                              \
		(void)update(state, p, n);                                                                             \
	}                                                                                                              \
	static void name##_end(uint8_t *out, void *state)                                                              \
	{                                                                                                              \
		(void) final(out, state);                                                                              \
	}                                                                                                              \
	static_assert(sizeof(type) <= sizeof(((struct digest *)0)->state), "the state fits")

DIGEST_WRAPPERS(md5, MD5_CTX, MD5_Init, MD5_Update, MD5_Final);
DIGEST_WRAPPERS(sha1, SHA_CTX, SHA1_Init, SHA1_Update, SHA1_Final);
DIGEST_WRAPPERS(sha224, SHA256_CTX, SHA224_Init, SHA224_Update, SHA224_Final);
DIGEST_WRAPPERS(sha256, SHA256_CTX, SHA256_Init, SHA256_Update, SHA256_Final);
DIGEST_WRAPPERS(sha384, SHA512_CTX, SHA384_Init, SHA384_Update, SHA384_Final);
DIGEST_WRAPPERS(sha512, SHA512_CTX, SHA512_Init, SHA512_Update, SHA512_Final);

static void md5_save(const void *state, uint64_t *chain)
{
	const MD5_CTX *c = state;
	const uint32_t h[4] = { c->A, c->B, c->C, c->D };
	memcpy(chain, h, sizeof h);
}

static void md5_resume(void *state, const uint64_t *chain)
{
	MD5_CTX *c = state;
	uint32_t h[4];
	memcpy(h, chain, sizeof h);
	md5_begin(c);
	c->A = h[0];
	c->B = h[1];
	c->C = h[2];
	c->D = h[3];
	c->Nl = MD5_CBLOCK * 8;
}

static void sha1_save(const void *state, uint64_t *chain)
{
	const SHA_CTX *c = state;
	const uint32_t h[5] = { c->h0, c->h1, c->h2, c->h3, c->h4 };
	memcpy(chain, h, sizeof h);
}

static void sha1_resume(void *state, const uint64_t *chain)
{
	SHA_CTX *c = state;
	uint32_t h[5];
	memcpy(h, chain, sizeof h);
	sha1_begin(c);
	c->h0 = h[0];
	c->h1 = h[1];
	c->h2 = h[2];
	c->h3 = h[3];
	c->h4 = h[4];
	c->Nl = SHA_CBLOCK * 8;
}

static void sha256_save(const void *state, uint64_t *chain)
{
	memcpy(chain, ((const SHA256_CTX *)state)->h, sizeof((SHA256_CTX *)0)->h);
}

static void sha256_restore(SHA256_CTX *c, const uint64_t *chain)
{
	memcpy(c->h, chain, sizeof c->h);
	c->Nl = SHA256_CBLOCK * 8;
}

static void sha224_resume(void *state, const uint64_t *chain)
{
	sha224_begin(state);
	sha256_restore(state, chain);
}

static void sha256_resume(void *state, const uint64_t *chain)
{
	sha256_begin(state);
	sha256_restore(state, chain);
}

static void sha512_save(const void *state, uint64_t *chain)
{
	memcpy(chain, ((const SHA512_CTX *)state)->h, sizeof((SHA512_CTX *)0)->h);
}

static void sha512_restore(SHA512_CTX *c, const uint64_t *chain)
{
	memcpy(c->h, chain, sizeof c->h);
	c->Nl = SHA512_CBLOCK * 8;
}

static void sha384_resume(void *state, const uint64_t *chain)
{
	sha384_begin(state);
	sha512_restore(state, chain);
}

static void sha512_resume(void *state, const uint64_t *chain)
{
	sha512_begin(state);
	sha512_restore(state, chain);
}

#define DIGEST_ROW(id, text, octets, block_octets, saver)                                                              \
	static const struct digest_ops id##_ops = { id##_begin, id##_add, id##_end, saver, id##_resume };              \
	const struct digest_alg digest_##id = { text, octets, block_octets, &id##_ops }

DIGEST_ROW(md5, "md5", MD5_DIGEST_LENGTH, MD5_CBLOCK, md5_save);
DIGEST_ROW(sha1, "sha1", SHA_DIGEST_LENGTH, SHA_CBLOCK, sha1_save);
DIGEST_ROW(sha224, "sha224", SHA224_DIGEST_LENGTH, SHA256_CBLOCK, sha256_save);
DIGEST_ROW(sha256, "sha256", SHA256_DIGEST_LENGTH, SHA256_CBLOCK, sha256_save);
DIGEST_ROW(sha384, "sha384", SHA384_DIGEST_LENGTH, SHA512_CBLOCK, sha512_save);
DIGEST_ROW(sha512, "sha512", SHA512_DIGEST_LENGTH, SHA512_CBLOCK, sha512_save);

struct digest digest_begin(const struct digest_alg *alg)
{
	struct digest d;
	d.alg = alg;
	alg->ops->begin(d.state);
	return d;
}

void digest_add(struct digest *d, struct span bytes)
{
	if (bytes.n)
		d->alg->ops->add(d->state, bytes.p, bytes.n);
}

void digest_end(struct digest *d, uint8_t *out)
{
	d->alg->ops->end(out, d->state);
}

void digest_of(const struct digest_alg *alg, struct span bytes, uint8_t *out)
{
	struct digest d = digest_begin(alg);
	digest_add(&d, bytes);
	digest_end(&d, out);
}

// RFC 2104 section 2: the key, or its digest when it is longer than a block, filled up with zeros and XORed.
static void chain_of(const struct digest_alg *alg, const uint8_t *block, uint8_t pad, uint64_t *chain)
{
	uint8_t padded[DIGEST_BLOCK_MAX];
	for (size_t i = 0; i < alg->block; i++)
		padded[i] = block[i] ^ pad;
	struct digest d = digest_begin(alg);
	digest_add(&d, span_of(padded, alg->block));
	alg->ops->save(d.state, chain);
	secret_wipe(padded, sizeof padded);
	secret_wipe(&d, sizeof d);
}

struct hmac_key hmac_key_of(const struct digest_alg *alg, struct span key)
{
	uint8_t block[DIGEST_BLOCK_MAX] = { 0 };
	if (key.n > alg->block)
		digest_of(alg, key, block);
	else if (key.n)
		memcpy(block, key.p, key.n);
	struct hmac_key k = { .alg = alg };
	chain_of(alg, block, 0x36, k.inner);
	chain_of(alg, block, 0x5c, k.outer);
	secret_wipe(block, sizeof block);
	return k;
}

struct digest hmac_begin(const struct hmac_key *k)
{
	struct digest d;
	d.alg = k->alg;
	k->alg->ops->resume(d.state, k->inner);
	return d;
}

void hmac_end(const struct hmac_key *k, struct digest *running, uint8_t *out)
{
	uint8_t inner[DIGEST_MAX];
	digest_end(running, inner);
	struct digest d;
	d.alg = k->alg;
	k->alg->ops->resume(d.state, k->outer);
	digest_add(&d, span_of(inner, k->alg->size));
	digest_end(&d, out);
}
