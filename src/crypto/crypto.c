// SPDX-License-Identifier: Apache-2.0
#include "crypto/crypto.h"

#include <stdlib.h>

#include "crypto/cipher_private.h"

static const struct {
	const char *seal, *open;
} names[CIPHER_COUNT] = {
	[CIPHER_DES] = { "DES-CBC", "DES-CBC" },
	[CIPHER_AES128] = { "AES-128-CFB", "AES-128-ECB" },
	[CIPHER_AES192] = { "AES-192-CFB", "AES-192-ECB" },
	[CIPHER_AES256] = { "AES-256-CFB", "AES-256-ECB" },
};

static enum st load(struct crypto *c)
{
	c->lib = OSSL_LIB_CTX_new();
	if (!c->lib)
		return ST_NO_MEMORY;
	c->standard = OSSL_PROVIDER_load(c->lib, "default");
	c->legacy = OSSL_PROVIDER_load(c->lib, "legacy");
	if (!c->standard || !c->legacy)
		return ST_SYSTEM;
	for (int i = 0; i < CIPHER_COUNT; i++) {
		c->seal[i] = EVP_CIPHER_fetch(c->lib, names[i].seal, NULL);
		c->open[i] = EVP_CIPHER_fetch(c->lib, names[i].open, NULL);
		if (!c->seal[i] || !c->open[i])
			return ST_SYSTEM;
	}
	return ST_OK;
}

enum st crypto_init(struct crypto **out)
{
	struct crypto *c = calloc(1, sizeof *c);
	if (!c)
		return ST_NO_MEMORY;
	enum st st = load(c);
	if (st == ST_OK)
		*out = c;
	else
		crypto_free(c);
	return st;
}

void crypto_free(struct crypto *c)
{
	if (!c)
		return;
	for (int i = 0; i < CIPHER_COUNT; i++) {
		EVP_CIPHER_free(c->seal[i]);
		EVP_CIPHER_free(c->open[i]);
	}
	if (c->legacy)
		OSSL_PROVIDER_unload(c->legacy);
	if (c->standard)
		OSSL_PROVIDER_unload(c->standard);
	OSSL_LIB_CTX_free(c->lib);
	free(c);
}
