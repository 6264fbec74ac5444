// SPDX-License-Identifier: Apache-2.0
#include "crypto/dh.h"

#include <openssl/core_names.h>
#include <openssl/dh.h>
#include <stdlib.h>

#include "crypto/cipher_private.h"
#include "crypto/secret.h"

static const struct dh_group groups[DH_COUNT] = {
	[DH_X25519] = { "curve25519", 31, 32, 32, DH_X25519 },
	[DH_P256] = { "ecp256", 19, 64, 32, DH_P256 },
	[DH_P384] = { "ecp384", 20, 96, 48, DH_P384 },
	[DH_MODP2048] = { "modp2048", 14, 256, 256, DH_MODP2048 },
};

// OpenSSL's names: the kind of key and the group within it.
static const struct {
	const char *kind, *group;
} library[DH_COUNT] = {
	[DH_X25519] = { "X25519", NULL },
	[DH_P256] = { "EC", "P-256" },
	[DH_P384] = { "EC", "P-384" },
	[DH_MODP2048] = { "DH", "modp_2048" },
};

struct dh {
	const struct dh_group *group;
	OSSL_LIB_CTX *lib;
	EVP_PKEY *key;
	uint8_t public[DH_PUBLIC_MAX];
};

const struct dh_group *dh_at(enum dh_id id)
{
	return &groups[id];
}

const struct dh_group *dh_find(uint16_t wire)
{
	for (int i = 0; i < DH_COUNT; i++)
		if (groups[i].wire == wire)
			return &groups[i];
	return NULL;
}

const struct dh_group *dh_by_name(const char *name)
{
	for (int i = 0; i < DH_COUNT; i++)
		if (strcmp(groups[i].name, name) == 0)
			return &groups[i];
	return NULL;
}

const struct dh_group *dh_group_of(const struct dh *d)
{
	return d->group;
}

struct span dh_public(const struct dh *d)
{
	return span_of(d->public, d->group->public);
}

// A point on a curve is written uncompressed by OpenSSL, behind the octet 4; in a KE payload that octet is left out
// (RFC 5903 section 7).
static size_t form_octets(const struct dh_group *g)
{
	return g->id == DH_P256 || g->id == DH_P384 ? 1 : 0;
}

static EVP_PKEY *draw(OSSL_LIB_CTX *lib, const struct dh_group *g)
{
	EVP_PKEY *key = NULL;
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(lib, library[g->id].kind, NULL);
	OSSL_PARAM params[2] = { OSSL_PARAM_construct_end(), OSSL_PARAM_construct_end() };
	char name[16] = "";
	if (library[g->id].group) {
		memcpy(name, library[g->id].group, strlen(library[g->id].group));
		params[0] = OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, name, 0);
	}
	if (!ctx || EVP_PKEY_keygen_init(ctx) <= 0 || EVP_PKEY_CTX_set_params(ctx, params) <= 0 ||
	    EVP_PKEY_generate(ctx, &key) <= 0)
		key = NULL;
	EVP_PKEY_CTX_free(ctx);
	return key;
}

enum st dh_new(struct crypto *crypto, const struct dh_group *group, struct dh **out)
{
	struct dh *d = calloc(1, sizeof *d);
	if (!d)
		return ST_NO_MEMORY;
	d->group = group;
	d->lib = crypto->lib;
	d->key = draw(d->lib, group);
	unsigned char *encoded = NULL;
	size_t n = d->key ? EVP_PKEY_get1_encoded_public_key(d->key, &encoded) : 0, form = form_octets(group);
	bool ok = n == form + group->public;
	if (ok)
		memcpy(d->public, encoded + form, group->public);
	OPENSSL_free(encoded);
	if (!ok) {
		dh_free(d);
		return ST_SYSTEM;
	}
	*out = d;
	return ST_OK;
}

void dh_free(struct dh *d)
{
	if (!d)
		return;
	EVP_PKEY_free(d->key); // wipes the private value
	free(d);
}

static EVP_PKEY *peer_key(const struct dh *d, struct span peer)
{
	if (d->group->id == DH_X25519)
		return EVP_PKEY_new_raw_public_key_ex(d->lib, "X25519", NULL, peer.p, peer.n);
	uint8_t encoded[1 + DH_PUBLIC_MAX] = { 4 };
	size_t form = form_octets(d->group);
	memcpy(encoded + form, peer.p, peer.n);
	EVP_PKEY *key = EVP_PKEY_new();
	if (key && EVP_PKEY_copy_parameters(key, d->key) > 0 &&
	    EVP_PKEY_set1_encoded_public_key(key, encoded, form + peer.n) > 0)
		return key;
	EVP_PKEY_free(key);
	return NULL;
}

enum st dh_shared(const struct dh *d, struct span peer, uint8_t *out)
{
	if (peer.n != d->group->public)
		return ST_SHORT;
	EVP_PKEY *key = peer_key(d, peer);
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_pkey(d->lib, d->key, NULL);
	uint8_t shared[DH_SHARED_MAX], any = 0;
	size_t n = d->group->shared;
	bool ok = key && ctx && EVP_PKEY_derive_init(ctx) > 0 &&
	          (d->group->id != DH_MODP2048 || EVP_PKEY_CTX_set_dh_pad(ctx, 1) > 0) &&
	          EVP_PKEY_derive_set_peer_ex(ctx, key, 1) > 0 && EVP_PKEY_derive(ctx, shared, &n) > 0 &&
	          n == d->group->shared;
	EVP_PKEY_CTX_free(ctx);
	EVP_PKEY_free(key);
	for (size_t i = 0; ok && i < n; i++)
		any |= shared[i];
	if (any)
		memcpy(out, shared, n);
	secret_wipe(shared, sizeof shared);
	return any ? ST_OK : ST_FORGED;
}
