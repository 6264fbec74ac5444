// SPDX-License-Identifier: Apache-2.0
// ike-open: {"encr":"aes256gcm16","sk_e":"hex","message":"hex"}, or "encr" (aes128, aes256) with "integ" (sha256-128, sha1-96) and
// "sk_a". sk_e of an AEAD ends in its salt, as the keying material of RFC 5282 7.1 does; the cipher's size follows from it. The
// message runs from the IKE header to the end. Gives {"next_payload","payload":"hex"}: the chain inside (of one fragment: its
// piece, with "fragment" and "fragments"), or {"refused"}.
#include <stdio.h>
#include <stdlib.h>

#include "crypto/aead.h"
#include "ike/message.h"
#include "vectors.h"

enum { PARTS = 3, NAME = 32 };

// gcm, chacha or cbc in whatever spelling the field has for it.
static const struct aead_alg *alg_of(const struct request *r, size_t sk_e)
{
	char name[NAME] = { 0 };
	const char *encr = request_string(r, "encr"), *integ = request_string(r, "integ");
	enum { GCM_SALT = 4, BITS = 8 };
	if (!encr)
		return NULL;
	if (aead_find(encr))
		return aead_find(encr);
	if (strcasestr(encr, "gcm"))
		snprintf(name, sizeof name, "aes%zugcm16", (sk_e - GCM_SALT) * BITS);
	else if (strcasestr(encr, "chacha"))
		snprintf(name, sizeof name, "chacha20poly1305");
	else if (strcasestr(encr, "aes"))
		snprintf(name, sizeof name, "aes%zu-%s", sk_e * BITS,
		         integ && strcasestr(integ, "sha1") ? "sha1-96" : "sha256-128");
	return aead_find(name);
}

static void put_inner(const struct ike_message *m, struct span chain, struct text *out)
{
	struct text hex = { 0 };
	struct json j = json_of(out);
	text_hex(&hex, chain);
	json_open(&j, '{');
	json_key_uint(&j, "next_payload", m->inner);
	json_key_str(&j, "payload", text_str(&hex));
	if (m->fragments) {
		json_key_uint(&j, "fragment", m->fragment);
		json_key_uint(&j, "fragments", m->fragments);
	}
	json_close(&j, '}');
	text_done(&hex);
}

static void put_refused(enum st st, struct text *out)
{
	struct json j = json_of(out);
	json_open(&j, '{');
	json_key_str(&j, "refused", st_name(st));
	json_close(&j, '}');
}

static enum st open_message(struct aead_engine *engine, const struct aead_key *key, struct span bytes, struct text *out)
{
	static uint8_t room[IKE_MESSAGE_MAX];
	struct ike_message m = { 0 };
	struct span chain;
	enum st st = ike_read_header(bytes, &m);
	if (st == ST_OK)
		st = ike_read_clear(&m);
	if (st == ST_OK)
		st = m.head.n ? ike_open_sealed(engine, key, &m, room, sizeof room, &chain) : ST_IKE_PAYLOAD;
	if (st == ST_OK)
		put_inner(&m, chain, out);
	return st;
}

const char *vector_ike_open(struct crypto *crypto, const struct request *r, struct text *out)
{
	static const char *const names[PARTS] = { "sk_e", "sk_a", "message" };
	uint8_t *octets[PARTS] = { 0 };
	size_t n[PARTS] = { 0 };
	const char *why = NULL;
	struct aead_engine *engine = NULL;
	struct aead_key *key = NULL;
	for (size_t i = 0; i < PARTS && !why; i++)
		if ((i != 1 || request_has(r, names[i])) && !request_hex(r, names[i], &octets[i], &n[i]))
			why = "sk_e, sk_a or message is not hex";
	const struct aead_alg *alg = why ? NULL : alg_of(r, n[0]);
	if (!why && !alg)
		why = "encr, with integ and the size of sk_e, is no cipher that is known";
	if (!why && (n[0] != (size_t)alg->key + alg->salt || n[1] < alg->integ))
		why = "sk_e or sk_a has the wrong size";
	if (!why) {
		const struct aead_secret secret = { .key = span_of(octets[0], alg->key),
			                            .salt = span_of(octets[0] + alg->key, alg->salt),
			                            .integ = span_of(octets[1], alg->integ) };
		enum st st = aead_engine_new(aead_best(), crypto, &engine);
		if (st == ST_OK)
			st = aead_key_new(engine, alg, AEAD_OPEN, &secret, &key);
		if (st == ST_OK)
			st = open_message(engine, key, span_of(octets[2], n[2]), out);
		if (st != ST_OK)
			put_refused(st, out);
	}
	if (key)
		aead_key_free(engine, key);
	aead_engine_free(engine);
	for (size_t i = 0; i < PARTS; i++)
		free(octets[i]);
	return why;
}
