// SPDX-License-Identifier: Apache-2.0
// usm-key: {"auth":"sha256","password":"...","engine":"hex","priv":"aes256","extend":"reeder"} gives {"kul":"hex",
// "priv_key":"hex"}: the key localised to the engine, and the privacy key made from it. Without `priv` there is no
// `priv_key`; without `extend` keys are stretched the blumenthal way.
#include <stdlib.h>
#include <string.h>

#include "crypto/secret.h"
#include "snmp/limits.h"
#include "snmp/usm_keys.h"
#include "vectors.h"

struct key_request {
	const struct usm_auth *auth;
	const struct usm_priv *priv;
	struct span password, engine;
	enum usm_extension extension;
};

static const char *read_names(const struct request *request, struct key_request *k)
{
	const char *auth = request_string(request, "auth"), *priv = request_string(request, "priv");
	const char *extend = request_string(request, "extend");
	k->auth = auth ? usm_auth_by_name(auth) : NULL;
	k->priv = priv ? usm_priv_by_name(priv) : NULL;
	if (!k->auth)
		return "auth is none of md5 sha1 sha224 sha256 sha384 sha512";
	if (priv && !k->priv)
		return "priv is none of des aes128 aes192 aes256";
	while (extend && k->extension < USM_EXTENSIONS && strcmp(usm_extension_name(k->extension), extend) != 0)
		k->extension++;
	return k->extension < USM_EXTENSIONS ? NULL : "extend is none of blumenthal reeder";
}

static void hex_member(struct json *j, const char *key, const uint8_t *octets, size_t n)
{
	struct text hex = { 0 };
	text_hex(&hex, span_of(octets, n));
	json_key_str(j, key, text_str(&hex));
	text_done(&hex);
}

static void answer(const struct key_request *k, struct text *out)
{
	const struct digest_alg *digest = k->auth->digest;
	uint8_t kul[USM_KEY_MAX], key[CIPHER_KEY_MAX];
	struct json j = json_of(out);
	usm_password_to_key(digest, k->password, kul);
	usm_localise(digest, kul, k->engine, kul);
	json_open(&j, '{');
	hex_member(&j, "kul", kul, digest->size);
	if (k->priv) {
		usm_privacy_key(digest, k->priv, kul, k->engine, k->extension, key);
		hex_member(&j, "priv_key", key, k->priv->key);
	}
	json_close(&j, '}');
}

const char *vector_usm_key(struct crypto *crypto, const struct request *request, struct text *out)
{
	struct key_request k = { 0 };
	uint8_t *engine;
	size_t n;
	const char *why = read_names(request, &k);
	if (why)
		return why;
	k.password = request_text(request, "password");
	if (k.password.n == 0 || k.password.n > USM_PASSWORD_MAX)
		return "password is absent, empty or over 1,024 octets";
	if (!request_hex(request, "engine", &engine, &n))
		return "engine is not hex";
	k.engine = span_of(engine, n);
	answer(&k, out);
	free(engine);
	return NULL;
}
