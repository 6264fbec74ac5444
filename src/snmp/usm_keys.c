// SPDX-License-Identifier: Apache-2.0
#include "snmp/usm_keys.h"

#include "crypto/secret.h"

enum {
	STREAM = 1 << 20, // RFC 3414 A.2: the password repeated to 1,048,576 octets
	CHUNK = 4096
};

static const char *const extension_names[USM_EXTENSIONS] = { "blumenthal", "reeder" };

const char *usm_extension_name(unsigned extension)
{
	return extension < USM_EXTENSIONS ? extension_names[extension] : "unknown";
}

void usm_password_to_key(const struct digest_alg *digest, struct span password, uint8_t *ku)
{
	uint8_t chunk[CHUNK]; // whole repetitions, so that every turn starts at the password's first octet
	size_t n = 0;
	while (n + password.n <= sizeof chunk) {
		memcpy(chunk + n, password.p, password.n);
		n += password.n;
	}
	struct digest d = digest_begin(digest);
	size_t left = STREAM;
	for (; left >= n; left -= n)
		digest_add(&d, span_of(chunk, n));
	digest_add(&d, span_of(chunk, left));
	digest_end(&d, ku);
	secret_wipe(chunk, sizeof chunk);
}

void usm_localise(const struct digest_alg *digest, const uint8_t *ku, struct span engine, uint8_t *kul)
{
	struct digest d = digest_begin(digest);
	digest_add(&d, span_of(ku, digest->size));
	digest_add(&d, engine);
	digest_add(&d, span_of(ku, digest->size));
	digest_end(&d, kul);
}

bool usm_stretches(const struct digest_alg *digest, const struct usm_priv *priv)
{
	return digest->size < priv->key;
}

// draft-blumenthal-aes-usm-04 3.1.2.1: append the digest of everything so far.
static void blumenthal(const struct digest_alg *digest, struct span engine, const uint8_t *material, size_t have,
                       uint8_t *next)
{
	digest_of(digest, span_of(material, have), next);
}

// draft-reeder-snmpv3-usm-3desede-00 2.1: the key so far is a password again, made a key and localised.
static void reeder(const struct digest_alg *digest, struct span engine, const uint8_t *material, size_t have,
                   uint8_t *next)
{
	usm_password_to_key(digest, span_of(material, have), next);
	usm_localise(digest, next, engine, next);
}

typedef void stretch_fn(const struct digest_alg *digest, struct span engine, const uint8_t *material, size_t have,
                        uint8_t *next);
static stretch_fn *const stretches[USM_EXTENSIONS] = { blumenthal, reeder };

void usm_privacy_key(const struct digest_alg *digest, const struct usm_priv *priv, const uint8_t *kul,
                     struct span engine, enum usm_extension extension, uint8_t *key)
{
	uint8_t material[CIPHER_KEY_MAX + USM_KEY_MAX];
	memcpy(material, kul, digest->size);
	for (size_t have = digest->size; have < priv->key; have += digest->size)
		stretches[extension](digest, engine, material, have, material + have);
	memcpy(key, material, priv->key);
	secret_wipe(material, sizeof material);
}
