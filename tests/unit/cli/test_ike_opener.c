// SPDX-License-Identifier: Apache-2.0
// IKE out of a capture: files of keys, whole messages and fragments sealed with those keys, and the words for them.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include "cli/ike_words.h"
#include "ike/payload.h"

#define SPIS "0102030405060708,1112131415161718,"
#define KEY16 "000102030405060708090a0b0c0d0e0f"
#define KEY20 KEY16 "10111213"
#define KEY32 KEY16 KEY16
#define KEY36 KEY32 "20212223"
#define GCM SPIS KEY36 "," KEY36 ",aes256gcm16,,,none\n"

static const struct {
	const char *lines, *why; // NULL: taken
} files[] = {
	{ "", NULL },
	{ "# nothing\n\r\n", NULL },
	{ GCM, NULL },
	{ SPIS KEY20 "," KEY20 ",\"AES-GCM-128 with 16 octet ICV [RFC5282]\",,,\"NONE [RFC4306]\"", NULL },
	{ SPIS KEY16 "," KEY16 ",\"AES-CBC-128 [RFC3602]\"," KEY32 "," KEY32 ",\"HMAC_SHA2_256_128 [RFC4868]\"\r\n",
	  NULL },
	{ " 0x0102030405060708 , 1112131415161718 , " KEY36 "," KEY36 ", chacha20poly1305 , \"\",, NONE", NULL },
	{ SPIS KEY32 "," KEY32 ",aes256," KEY20 "," KEY20 ",sha1-96", NULL },
	{ GCM "x", "line 2: write SPI_i," },
	{ SPIS KEY36 "," KEY36 ",aes256gcm16,,,none,", "line 1: write SPI_i," },
	{ "01020304050607,1112131415161718," KEY36 "," KEY36 ",aes256gcm16,,,none", "line 1: an SPI has 16" },
	{ SPIS KEY36 "," KEY32 ",aes256gcm16,,,none", "line 1: an SK_e has" },
	{ SPIS KEY36 "," KEY36 ",aes256gcm16,00,,none", "line 1: an SK_a has" },
	{ SPIS KEY36 "," KEY36 ",aes256gcm16,,,sha256-128", "line 1: no such cipher" },
	{ SPIS KEY16 "," KEY16 ",aes128,,,none", "line 1: no such cipher" },
	{ SPIS KEY36 "," KEY36 ",AES-GCM-256 with 16 octet ICVs,,,none", "line 1: no such cipher" },
};

static void key_files(void **state)
{
	for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
		struct ike_opener *o;
		struct text why = { 0 };
		assert_int_equal(ike_opener_new(&o), ST_OK);
		assert_int_equal(ike_opener_add(o, span_str(files[i].lines), &why), files[i].why ? ST_SYNTAX : ST_OK);
		if (files[i].why)
			assert_memory_equal(text_str(&why), files[i].why, strlen(files[i].why));
		text_done(&why);
		ike_opener_free(o);
	}
	struct ike_opener *o;
	struct text why = { 0 }, longer = { 0 };
	assert_int_equal(ike_opener_new(&o), ST_OK);
	for (int i = 0; i <= IKE_KEYS_LINE_MAX; i++)
		text_add(&longer, "0");
	assert_int_equal(ike_opener_add(o, span_str(text_str(&longer)), &why), ST_SYNTAX);
	assert_string_equal(text_str(&why), "line 1: a line this long is none of keys");
	text_done(&why);
	text_done(&longer);
	ike_opener_free(o);
}

// What seals, with the key of the file above.
struct sealer {
	struct crypto *crypto;
	struct aead_engine *engine;
	struct aead_key *key;
	uint8_t room[1024];
};

static void sealer_new(struct sealer *s)
{
	uint8_t key[36];
	for (uint8_t i = 0; i < sizeof key; i++)
		key[i] = i < 32 ? i % 16 : i; // KEY36
	const struct aead_secret secret = { .key = span_of(key, 32), .salt = span_of(key + 32, 4) };
	assert_int_equal(crypto_init(&s->crypto), ST_OK);
	assert_int_equal(aead_engine_new(aead_best(), s->crypto, &s->engine), ST_OK);
	assert_int_equal(aead_key_new(s->engine, aead_at(AEAD_AES256_GCM16), AEAD_SEAL, &secret, &s->key), ST_OK);
}

static void sealer_done(struct sealer *s)
{
	aead_key_free(s->engine, s->key);
	aead_engine_free(s->engine);
	crypto_free(s->crypto);
}

// A message from the initiator behind its marker, with `chain` inside; total 0: whole.
static struct span seal(struct sealer *s, struct span chain, uint8_t first, uint16_t number, uint16_t total)
{
	enum { IV = 8, TAG = 16 };
	const struct aead_alg *a = aead_key_alg(s->key);
	struct ike_writer w = ike_writer_of(s->room, sizeof s->room);
	const uint8_t *mark = w.w.at;
	assert_true(a->iv == IV && a->tag == TAG);
	w.next = first;
	(void)wr_room(&w.w, TAG);
	wr_u8(&w.w, 0);
	wr_bytes(&w.w, chain);
	wr_be(&w.w, number + 1u, IV);
	const uint8_t *iv = w.w.at;
	if (total) {
		wr_be(&w.w, total, 2);
		wr_be(&w.w, number, 2);
	}
	ike_put_head(&w, total ? PAYLOAD_SKF : PAYLOAD_SK, mark);
	struct ike_header h = { 0x0102030405060708, 0x1112131415161718, 1, IKE_AUTH, IKE_FLAG_INITIATOR };
	ike_put_header(&w, &h);
	struct aead_op op = {
		.key = s->key, .at = w.w.at, .head = (uint32_t)(iv - w.w.at), .text = (uint32_t)chain.n + 1
	};
	aead_seal(s->engine, &op, 1);
	assert_int_equal(op.st, ST_OK);
	wr_be(&w.w, 0, IKE_MARKER);
	assert_false(w.w.full);
	return wr_span(&w.w);
}

// IDi, a notification, and one payload that nobody knows.
static struct ike_writer inside(uint8_t *room, size_t n)
{
	struct ike_writer w = ike_writer_of(room, n);
	const struct ike_identity id = { ID_FQDN, span_str("site\x1b[1m") };
	ike_put(&w, 200, span_str("abc"));
	ike_put_notify_spi(&w, N_REKEY_SA, 0x0a0b0c0d, (struct span){ 0 });
	ike_put_identity(&w, PAYLOAD_IDI, &id);
	return w;
}

static struct ike_opener *opener(void)
{
	struct ike_opener *o;
	struct text why = { 0 };
	assert_int_equal(ike_opener_new(&o), ST_OK);
	assert_int_equal(ike_opener_add(o, span_str(GCM), &why), ST_OK);
	return o;
}

static void assert_words(const struct ike_seen *seen, const char *text, const char *json)
{
	struct ike_shown shown = { .seen = seen };
	struct text out = { 0 };
	assert_int_equal(addr_parse("192.0.2.1:4500", &shown.from), ST_OK);
	assert_int_equal(addr_parse("192.0.2.2:2797", &shown.to), ST_OK);
	ike_words(&shown, &out);
	assert_non_null(strstr(text_str(&out), "192.0.2.1:4500 to 192.0.2.2:2797  "));
	assert_string_equal(strstr(text_str(&out), ":2797  ") + 7, text);
	text_clear(&out);
	ike_words_json(&shown, &out);
	assert_string_equal(strstr(text_str(&out), "\"payloads\""), json);
	text_done(&out);
}

static void whole_message(void **state)
{
	uint8_t room[256];
	struct sealer s;
	struct ike_opener *o = opener(), *blind;
	struct ike_seen seen;
	struct ike_writer w = inside(room, sizeof room);
	sealer_new(&s);
	struct span m = seal(&s, wr_span(&w.w), w.next, 0, 0);
	assert_true(ike_opener_take(o, m, &seen));
	assert_words(
	        &seen,
	        "IKE_AUTH request 1 of the initiator, SPIs 0102030405060708 1112131415161718\n    SK 60 octets\n"
	        "      IDi fqdn site\xef\xbf\xbd[1m\n      N REKEY_SA of ESP SPI 0a0b0c0d\n      payload-200 3 octets",
	        "\"payloads\":[{\"payload\":\"SK\",\"type\":46,\"content\":\"60 octets\"},"
	        "{\"payload\":\"IDi\",\"type\":35,\"encrypted\":true,\"content\":\"fqdn site\xef\xbf\xbd[1m\"},"
	        "{\"payload\":\"N\",\"type\":41,\"notify\":16393,\"encrypted\":true,\"content\":\"REKEY_SA of ESP SPI "
	        "0a0b0c0d\"},"
	        "{\"payload\":\"payload-200\",\"type\":200,\"encrypted\":true,\"content\":\"3 "
	        "octets\"}],\"opened\":\"yes\"}");
	s.room[sizeof s.room - 1] ^= 1;
	assert_true(ike_opener_take(o, m, &seen));
	assert_int_equal(seen.sealed, ST_FORGED);
	assert_int_equal(ike_opener_new(&blind), ST_OK);
	assert_true(ike_opener_take(blind, m, &seen));
	assert_words(
	        &seen,
	        "IKE_AUTH request 1 of the initiator, SPIs 0102030405060708 1112131415161718\n    SK 60 octets\n"
	        "      no key of this IKE SA is given",
	        "\"payloads\":[{\"payload\":\"SK\",\"type\":46,\"content\":\"60 octets\"}],\"opened\":\"no-key\"}");
	assert_false(ike_opener_take(o, span_of(m.p, m.n - 1), &seen));
	assert_false(ike_opener_take(o, span_of(m.p + 1, m.n - 1), &seen));
	assert_false(ike_opener_take(o, (struct span){ 0 }, &seen));
	ike_opener_free(o);
	ike_opener_free(blind);
	sealer_done(&s);
}

// Three pieces in any order, one of them twice; then a message of two in the place of one that never came whole.
static void fragments(void **state)
{
	static const uint16_t order[] = { 2, 3, 3, 1 };
	uint8_t room[256];
	struct sealer s;
	struct ike_opener *o = opener();
	struct ike_seen seen = { 0 };
	struct ike_writer w = inside(room, sizeof room);
	struct span chain = wr_span(&w.w);
	size_t third = chain.n / 3;
	sealer_new(&s);
	for (size_t i = 0; i < sizeof order / sizeof *order; i++) {
		size_t from = (order[i] - 1u) * third;
		struct span part = span_of(chain.p + from, order[i] == 3 ? chain.n - from : third);
		assert_true(ike_opener_take(o, seal(&s, part, order[i] == 1 ? w.next : 0, order[i], 3), &seen));
		assert_int_equal(seen.sealed, i == 3 ? ST_OK : ST_IKE_FRAGMENT);
	}
	assert_true(span_equal(seen.chain, chain));
	assert_int_equal(seen.inner, PAYLOAD_IDI);
	assert_true(ike_opener_take(o, seal(&s, chain, w.next, 1, 3), &seen));
	assert_true(ike_opener_take(o, seal(&s, span_of(chain.p, third), w.next, 1, 2), &seen));
	assert_int_equal(seen.sealed, ST_IKE_FRAGMENT);
	assert_true(ike_opener_take(o, seal(&s, span_of(chain.p + third, chain.n - third), 0, 2, 2), &seen));
	assert_int_equal(seen.sealed, ST_OK);
	assert_true(span_equal(seen.chain, chain));
	assert_true(ike_opener_take(o, seal(&s, chain, w.next, 1, IKE_FRAGMENTS_MAX + 1), &seen));
	assert_int_equal(seen.sealed, ST_IKE_FRAGMENT_LIMIT);
	ike_opener_free(o);
	sealer_done(&s);
}

// What stands in clear and cannot be read is told, and what stood before it is shown.
static void in_clear(void **state)
{
	uint8_t room[256];
	struct ike_writer w = ike_writer_of(room, sizeof room);
	struct ike_opener *o = opener();
	struct ike_seen seen;
	const uint8_t group[] = { 0, 20 };
	ike_put(&w, PAYLOAD_SA, span_str("\x02\x00\x00\x04"));
	ike_put_notify(&w, N_INVALID_KE_PAYLOAD, span_of(group, sizeof group));
	struct ike_header h = { 1, 0, 0, IKE_SA_INIT, IKE_FLAG_RESPONSE };
	ike_put_header(&w, &h);
	assert_true(ike_opener_take(o, wr_span(&w.w), &seen));
	assert_words(&seen,
	             "IKE_SA_INIT response 0 of the responder, SPIs 0000000000000001 0000000000000000\n"
	             "    N INVALID_KE_PAYLOAD: ecp384\n    SA a malformed IKE payload",
	             "\"payloads\":[{\"payload\":\"N\",\"type\":41,\"notify\":17,\"content\":\"INVALID_KE_PAYLOAD: "
	             "ecp384\"},"
	             "{\"payload\":\"SA\",\"type\":33,\"refused\":\"a malformed IKE payload\"}]}");
	ike_opener_free(o);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(key_files), cmocka_unit_test(whole_message),
		                            cmocka_unit_test(fragments), cmocka_unit_test(in_clear) };
	return cmocka_run_group_tests(tests, NULL, NULL);
}
