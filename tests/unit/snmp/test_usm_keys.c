// SPDX-License-Identifier: Apache-2.0
// Keys of RFC 3414 A.3 (password "maplesyrup", engine 00..02), the same inputs with RFC 7860's digests, and both
// extensions. The SHA-2 and extension rows were made by an independent program (Python's hashlib) that follows the texts.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "../crypto/hex.h"
#include "snmp/usm_keys.h"

static const uint8_t engine[12] = { [11] = 2 };

static const struct {
	const char *auth, *ku, *kul;
} keys[] = {
	{ "md5", "9faf3283884e92834ebc9847d8edd963", "526f5eed9fcce26f8964c2930787d82b" },
	{ "sha1", "9fb5cc0381497b3793528939ff788d5d79145211", "6695febc9288e36282235fc7151f128497b38f3f" },
	{ "sha224", "282a5867ee9aac639ad59df9572c7d3ac0fbc13a905b6df07dbbf00b",
	  "0bd8827c6e29f8065e08e09237f177e410f69b90e1782be682075674" },
	{ "sha256", "ab51014d1e077f6017df2b12bee5f5aa72993177e9bb569c4dff5a4ca0b4afac",
	  "8982e0e549e866db361a6b625d84cccc11162d453ee8ce3a6445c2d6776f0f8b" },
	{ "sha384", "e06eccdf2c68a06ed034723c9c26e0db3b669e1e2efed49150b55377a2e98f383c86fb836857444654b287c93f51ff64",
	  "3b298f16164a11184279d5432bf169e2d2a48307de02b3d3f7e2b4f36eb6f0455a53689a3937eea07319a633d2ccba78" },
	{ "sha512",
	  "7e4396de5aadc77be853819b98c9406265b3a9c37cc3176569847a4e4f6fba63"
	  "dd3a73d04924d31a63f95a601f9385af6be4ed1b37f87d040f7c6ed6f8d38a91",
	  "22a5a36cedfcc085807a128d7bc6c2382167ad6c0dbc5fdff856740f3d84c099"
	  "ad1ea87a8db096714d9788bd544047c9021e4229ce27e4c0a69250adfcffbb0b" },
};

static const struct {
	const char *auth, *priv, *key[USM_EXTENSIONS];
} privacy[] = {
	{ "md5", "des", { "526f5eed9fcce26f8964c2930787d82b", "526f5eed9fcce26f8964c2930787d82b" } },
	{ "sha1", "aes128", { "6695febc9288e36282235fc7151f1284", "6695febc9288e36282235fc7151f1284" } },
	{ "md5",
	  "aes192",
	  { "526f5eed9fcce26f8964c2930787d82bfa24a92467426c2f", "526f5eed9fcce26f8964c2930787d82b79eff44a90650ee0" } },
	{ "md5",
	  "aes256",
	  { "526f5eed9fcce26f8964c2930787d82bfa24a92467426c2f4b09192be10dfaec",
	    "526f5eed9fcce26f8964c2930787d82b79eff44a90650ee0a3a40abfac5acc12" } },
	{ "sha1",
	  "aes192",
	  { "6695febc9288e36282235fc7151f128497b38f3f505e07eb", "6695febc9288e36282235fc7151f128497b38f3f9b8b6d78" } },
	{ "sha1",
	  "aes256",
	  { "6695febc9288e36282235fc7151f128497b38f3f505e07eb9af25568fa1f5dbe",
	    "6695febc9288e36282235fc7151f128497b38f3f9b8b6d78936ba6e7d19dfd9c" } },
	{ "sha224",
	  "aes192",
	  { "0bd8827c6e29f8065e08e09237f177e410f69b90e1782be6", "0bd8827c6e29f8065e08e09237f177e410f69b90e1782be6" } },
	{ "sha224",
	  "aes256",
	  { "0bd8827c6e29f8065e08e09237f177e410f69b90e1782be682075674e82d9bf0",
	    "0bd8827c6e29f8065e08e09237f177e410f69b90e1782be68207567422c34be4" } },
	{ "sha256",
	  "aes256",
	  { "8982e0e549e866db361a6b625d84cccc11162d453ee8ce3a6445c2d6776f0f8b",
	    "8982e0e549e866db361a6b625d84cccc11162d453ee8ce3a6445c2d6776f0f8b" } },
};

static void localised(void **state)
{
	for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
		const struct digest_alg *digest = usm_auth_by_name(keys[i].auth)->digest;
		uint8_t key[USM_KEY_MAX];
		usm_password_to_key(digest, span_str("maplesyrup"), key);
		assert_hex(key, digest->size, keys[i].ku);
		usm_localise(digest, key, span_of(engine, sizeof engine), key);
		assert_hex(key, digest->size, keys[i].kul);
	}
}

static void stretched(void **state)
{
	for (size_t i = 0; i < sizeof privacy / sizeof *privacy; i++) {
		const struct digest_alg *digest = usm_auth_by_name(privacy[i].auth)->digest;
		const struct usm_priv *priv = usm_priv_by_name(privacy[i].priv);
		uint8_t kul[USM_KEY_MAX], key[CIPHER_KEY_MAX];
		usm_password_to_key(digest, span_str("maplesyrup"), kul);
		usm_localise(digest, kul, span_of(engine, sizeof engine), kul);
		for (int x = 0; x < USM_EXTENSIONS; x++) {
			usm_privacy_key(digest, priv, kul, span_of(engine, sizeof engine), (enum usm_extension)x, key);
			assert_hex(key, priv->key, privacy[i].key[x]);
		}
		assert_int_equal(usm_stretches(digest, priv), strcmp(privacy[i].key[0], privacy[i].key[1]) != 0);
	}
}

// The password is a stream of octets that wraps anywhere; the slow model appends it one octet at a time.
static void passwords_of_any_length(void **state)
{
	static const size_t lengths[] = { 1, 3, 8, 63, 64, 65, 1000, 1024 };
	uint8_t password[USM_PASSWORD_MAX], fast[USM_KEY_MAX], slow[USM_KEY_MAX];
	for (size_t i = 0; i < sizeof password; i++)
		password[i] = (uint8_t)(i * 89 + i / 256);
	for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++) {
		struct digest d = digest_begin(&digest_sha1);
		for (size_t k = 0; k < 1 << 20; k++)
			digest_add(&d, span_of(password + k % lengths[i], 1));
		digest_end(&d, slow);
		usm_password_to_key(&digest_sha1, span_of(password, lengths[i]), fast);
		assert_memory_equal(fast, slow, digest_sha1.size);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(localised),
		cmocka_unit_test(stretched),
		cmocka_unit_test(passwords_of_any_length),
	};
	return cmocka_run_group_tests_name("snmp: usm keys", tests, NULL, NULL);
}
