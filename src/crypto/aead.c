// SPDX-License-Identifier: Apache-2.0
#include "crypto/aead.h"

#include <assert.h>

#include "crypto/aead_private.h"
#include "crypto/secret.h"

// name, id, key, integ, salt, iv, tag, block, kind, counter. RFC 4106 3.1 and 4: GCM with an 8-octet IV and a 16-octet tag; RFC
// 7634 section 2; RFC 3602 section 2; RFC 4868 section 2.1.1: half of SHA-256; RFC 2404: 96 bits of SHA-1.
static const struct aead_alg rows[] = {
	[AEAD_AES128_GCM16] = { "aes128gcm16", AEAD_AES128_GCM16, 16, 0, 4, 8, 16, 1, AEAD_GCM, true },
	[AEAD_AES256_GCM16] = { "aes256gcm16", AEAD_AES256_GCM16, 32, 0, 4, 8, 16, 1, AEAD_GCM, true },
	[AEAD_CHACHA20_POLY1305] = { "chacha20poly1305", AEAD_CHACHA20_POLY1305, 32, 0, 4, 8, 16, 1, AEAD_CHACHA,
	                             true },
	[AEAD_AES128_SHA256_128] = { "aes128-sha256-128", AEAD_AES128_SHA256_128, 16, 32, 0, 16, 16, 16,
	                             AEAD_CBC_SHA256, false },
	[AEAD_AES256_SHA256_128] = { "aes256-sha256-128", AEAD_AES256_SHA256_128, 32, 32, 0, 16, 16, 16,
	                             AEAD_CBC_SHA256, false },
	[AEAD_AES128_SHA1_96] = { "aes128-sha1-96", AEAD_AES128_SHA1_96, 16, 20, 0, 16, 12, 16, AEAD_CBC_SHA1, false },
	[AEAD_AES256_SHA1_96] = { "aes256-sha1-96", AEAD_AES256_SHA1_96, 32, 20, 0, 16, 12, 16, AEAD_CBC_SHA1, false },
};
static_assert(sizeof rows / sizeof *rows == AEAD_COUNT, "every algorithm has a row");

static const struct aead_backend *const backends[] = { &aead_ipsecmb, &aead_openssl };
enum { BACKENDS = sizeof backends / sizeof *backends };

const struct aead_alg *aead_find(const char *name)
{
	for (size_t i = 0; i < AEAD_COUNT; i++)
		if (strcmp(rows[i].name, name) == 0)
			return &rows[i];
	return NULL;
}

const struct aead_alg *aead_at(enum aead_id id)
{
	return &rows[id];
}

const struct aead_backend *aead_backend(unsigned i)
{
	for (size_t k = 0; k < BACKENDS; k++)
		if (backends[k]->usable() && i-- == 0)
			return backends[k];
	return NULL;
}

const char *aead_backend_name(const struct aead_backend *b)
{
	return b->name;
}

const struct aead_backend *aead_best(void)
{
	return aead_backend(0);
}

enum st aead_engine_new(const struct aead_backend *b, struct crypto *crypto, struct aead_engine **out)
{
	struct aead_engine *e = NULL;
	enum st st = b->engine_new(crypto, &e);
	if (st != ST_OK)
		return st;
	e->backend = b;
	*out = e;
	return ST_OK;
}

void aead_engine_free(struct aead_engine *e)
{
	if (!e)
		return;
	vault_done(&e->vault);
	e->backend->engine_free(e);
}

bool aead_engine_locked(const struct aead_engine *e)
{
	return !e->heap_keys && !e->vault.unlocked;
}

enum st aead_key_new(struct aead_engine *e, const struct aead_alg *alg, enum aead_way way, const struct aead_secret *s,
                     struct aead_key **out)
{
	if (s->key.n != alg->key || s->integ.n != alg->integ || s->salt.n != alg->salt)
		return ST_SHORT;
	size_t kept = e->backend->kept(alg);
	uint8_t *block = vault_take(&e->vault, kept + sizeof(struct aead_key));
	if (!block)
		return ST_NO_MEMORY;
	struct aead_key *k = (struct aead_key *)(void *)(block + kept);
	k->alg = alg;
	k->way = (uint8_t)way;
	k->kind = alg->kind;
	if (s->salt.n)
		memcpy(k->salt, s->salt.p, s->salt.n);
	enum st st = e->backend->key_init(e, k, s);
	if (st == ST_OK)
		*out = k;
	else
		aead_key_free(e, k);
	return st;
}

void aead_key_free(struct aead_engine *e, struct aead_key *k)
{
	if (!k)
		return;
	size_t kept = e->backend->kept(k->alg);
	e->backend->key_done(k);
	vault_give(&e->vault, (uint8_t *)k - kept, kept + sizeof *k);
}

size_t aead_key_size(const struct aead_engine *e, const struct aead_alg *alg)
{
	return e->backend->kept(alg) + sizeof(struct aead_key);
}

const struct aead_alg *aead_key_alg(const struct aead_key *k)
{
	return k->alg;
}

void aead_foresee(const struct aead_engine *e, const struct aead_key *k, const struct aead_alg *alg, size_t text)
{
	e->backend->foresee(k, alg, text);
}

size_t aead_together(const struct aead_engine *e, const struct aead_alg *alg)
{
	return e->backend->together(alg);
}

void aead_seal(struct aead_engine *e, struct aead_op *ops, size_t n)
{
	e->backend->seal_all(e, ops, n);
}

void aead_open(struct aead_engine *e, struct aead_op *ops, size_t n)
{
	e->backend->open_all(e, ops, n);
}
