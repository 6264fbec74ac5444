// SPDX-License-Identifier: Apache-2.0
// The OpenSSL back end: runs everywhere. A key is an EVP context that is set up once for its direction; for a message only
// the IV is set, because fetching and keying a cipher for each would cost more than the work (OpenSSL 3.0). The context
// and the key schedule in it are on OpenSSL's own heap, so they are wiped at the end but not locked in memory.
#include <stdlib.h>

#include "crypto/aead_private.h"
#include "crypto/cipher_private.h"
#include "crypto/digest.h"
#include "crypto/secret.h"

struct openssl_engine {
	struct aead_engine head;
	EVP_CIPHER *ciphers[AEAD_COUNT];
};

struct openssl_key {
	_Alignas(16) EVP_CIPHER_CTX *ctx;
	struct hmac_key hmac; // with CBC
};

static const char *const cipher_names[AEAD_COUNT] = {
	[AEAD_AES128_GCM16] = "AES-128-GCM",
	[AEAD_AES256_GCM16] = "AES-256-GCM",
	[AEAD_CHACHA20_POLY1305] = "ChaCha20-Poly1305",
	[AEAD_AES128_SHA256_128] = "AES-128-CBC",
	[AEAD_AES256_SHA256_128] = "AES-256-CBC",
	[AEAD_AES128_SHA1_96] = "AES-128-CBC",
	[AEAD_AES256_SHA1_96] = "AES-256-CBC",
};

static bool usable(void)
{
	return true;
}

static void engine_free(struct aead_engine *engine)
{
	struct openssl_engine *e = (struct openssl_engine *)engine;
	for (int i = 0; i < AEAD_COUNT; i++)
		EVP_CIPHER_free(e->ciphers[i]);
	free(e);
}

static enum st engine_new(struct crypto *crypto, struct aead_engine **out)
{
	struct openssl_engine *e = calloc(1, sizeof *e);
	if (!e)
		return ST_NO_MEMORY;
	e->head.heap_keys = true;
	for (int i = 0; i < AEAD_COUNT; i++) {
		e->ciphers[i] = EVP_CIPHER_fetch(crypto->lib, cipher_names[i], NULL);
		if (!e->ciphers[i]) {
			engine_free(&e->head);
			return ST_SYSTEM;
		}
	}
	*out = &e->head;
	return ST_OK;
}

static size_t kept(const struct aead_alg *alg)
{
	return sizeof(struct openssl_key);
}

static const struct openssl_key *kept_of(const struct aead_op *op)
{
	return aead_kept(op->key, sizeof(struct openssl_key));
}

static enum st key_init(struct aead_engine *engine, struct aead_key *key, const struct aead_secret *s)
{
	const struct openssl_engine *e = (const struct openssl_engine *)engine;
	struct openssl_key *k = (struct openssl_key *)(void *)key - 1;
	k->ctx = EVP_CIPHER_CTX_new();
	if (!k->ctx)
		return ST_NO_MEMORY;
	if (!EVP_CipherInit_ex2(k->ctx, e->ciphers[key->alg->id], s->key.p, NULL, key->way == AEAD_SEAL, NULL))
		return ST_SYSTEM;
	if (s->integ.n) {
		bool sha1 = key->alg->kind == AEAD_CBC_SHA1;
		k->hmac = hmac_key_of(sha1 ? &digest_sha1 : &digest_sha256, s->integ);
		EVP_CIPHER_CTX_set_padding(k->ctx, 0);
	}
	return ST_OK;
}

static void key_done(struct aead_key *key)
{
	EVP_CIPHER_CTX_free(((struct openssl_key *)(void *)key - 1)->ctx);
}

// What it needs is on OpenSSL's heap, behind pointers.
static void foresee(const struct aead_key *key, const struct aead_alg *alg, size_t text)
{
	__builtin_prefetch(aead_kept(key, sizeof(struct openssl_key)));
}

static size_t together(const struct aead_alg *alg)
{
	return 1;
}

// Up to the text; then the tag's side differs.
static bool aead_run(const struct aead_op *op, EVP_CIPHER_CTX *ctx)
{
	uint8_t nonce[AEAD_NONCE], room[12];
	aead_nonce(op, nonce);
	struct span aad = aead_associated(op, room);
	uint8_t *text = aead_text(op);
	int n = 0;
	return EVP_CipherInit_ex2(ctx, NULL, NULL, nonce, -1, NULL) &&
	       EVP_CipherUpdate(ctx, NULL, &n, aad.p, (int)aad.n) &&
	       (op->text == 0 || EVP_CipherUpdate(ctx, text, &n, text, (int)op->text));
}

static enum st aead_seal_one(const struct aead_op *op, const struct openssl_key *k)
{
	uint8_t none[AEAD_TAG_MAX];
	int n = 0;
	bool ok = aead_run(op, k->ctx) && EVP_CipherFinal_ex(k->ctx, none, &n) &&
	          EVP_CIPHER_CTX_ctrl(k->ctx, EVP_CTRL_AEAD_GET_TAG, op->key->alg->tag, aead_tag(op));
	return ok ? ST_OK : ST_SYSTEM;
}

static enum st aead_open_one(const struct aead_op *op, const struct openssl_key *k)
{
	uint8_t none[AEAD_TAG_MAX];
	int n = 0;
	if (!aead_run(op, k->ctx) ||
	    !EVP_CIPHER_CTX_ctrl(k->ctx, EVP_CTRL_AEAD_SET_TAG, op->key->alg->tag, aead_tag(op)))
		return ST_SYSTEM;
	return EVP_CipherFinal_ex(k->ctx, none, &n) ? ST_OK : ST_FORGED;
}

static bool cbc_run(const struct aead_op *op, const struct openssl_key *k)
{
	uint8_t *text = aead_text(op);
	int n = 0;
	return EVP_CipherInit_ex2(k->ctx, NULL, NULL, aead_iv(op), -1, NULL) &&
	       EVP_CipherUpdate(k->ctx, text, &n, text, (int)op->text) && (uint32_t)n == op->text;
}

// Over head, IV, ciphertext, and the high word behind them (RFC 4303 2.2.1).
static void cbc_mac(const struct aead_op *op, const struct openssl_key *k, uint8_t out[DIGEST_MAX])
{
	struct digest d = hmac_begin(&k->hmac);
	digest_add(&d, span_of(op->at, op->head + op->key->alg->iv + op->text));
	if (op->esn) {
		uint8_t high[4];
		aead_put_high(high, op->high);
		digest_add(&d, span_of(high, sizeof high));
	}
	hmac_end(&k->hmac, &d, out);
}

static enum st cbc_seal_one(const struct aead_op *op, const struct openssl_key *k)
{
	uint8_t mac[DIGEST_MAX];
	if (!aead_whole(op) || !cbc_run(op, k))
		return ST_SYSTEM;
	cbc_mac(op, k, mac);
	memcpy(aead_tag(op), mac, op->key->alg->tag);
	return ST_OK;
}

static enum st cbc_open_one(const struct aead_op *op, const struct openssl_key *k)
{
	uint8_t mac[DIGEST_MAX];
	size_t tag = op->key->alg->tag;
	cbc_mac(op, k, mac);
	if (!secret_equal(span_of(mac, tag), span_of(aead_tag(op), tag)) || !aead_whole(op))
		return ST_FORGED;
	return cbc_run(op, k) ? ST_OK : ST_SYSTEM;
}

static void seal_all(struct aead_engine *e, struct aead_op *ops, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		const struct openssl_key *k = kept_of(&ops[i]);
		ops[i].st = ops[i].key->alg->integ ? cbc_seal_one(&ops[i], k) : aead_seal_one(&ops[i], k);
	}
}

static void open_all(struct aead_engine *e, struct aead_op *ops, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		const struct openssl_key *k = kept_of(&ops[i]);
		ops[i].st = ops[i].key->alg->integ ? cbc_open_one(&ops[i], k) : aead_open_one(&ops[i], k);
	}
}

const struct aead_backend aead_openssl = {
	"openssl", usable, engine_new, engine_free, kept, key_init, key_done, foresee, together, seal_all, open_all,
};
