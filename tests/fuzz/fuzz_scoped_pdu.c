// SPDX-License-Identifier: Apache-2.0
// Any octets as the plaintext of a message whose digest is right: what a hostile user, or a wrong privacy password, puts
// behind a good signature. The first octet chooses the cipher and whether it goes to us (as an inform would). What is
// accepted is answered.
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"
#include "snmp/v3.h"

enum { PRIVS = 4, ROOM = SNMP_DATAGRAM_MAX };

static const uint8_t own_engine[] = { 0x80, 0, 0x1f, 0x88, 4 };
static const uint8_t peer_engine[] = { 0x80, 0, 0x1f, 0x88, 5 };

struct receiver {
	struct ciphers *ciphers;
	struct usm_users *users;
	struct v3_state *s;
	struct usm_keys keys[2][PRIVS + 1]; // at our engine and at the peer's
};

static struct receiver *receiver(void)
{
	static const char names[PRIVS + 1][2] = { "a", "b", "c", "d", "e" };
	struct usm_user users[PRIVS + 1];
	static struct crypto *crypto; // kept for leak checkers, as the receiver is
	size_t which;
	struct receiver *r = calloc(1, sizeof *r);
	for (size_t i = 0; i <= PRIVS; i++)
		users[i] = (struct usm_user){ .name = span_str(names[i]),
			                      .auth = usm_auth_by_name("sha256"),
			                      .auth_password = span_str("password"),
			                      .priv = i < PRIVS ? usm_priv_at(i) : NULL,
			                      .priv_password = span_str("password") };
	fuzz_require(crypto_init(&crypto) == ST_OK && ciphers_new(crypto, &r->ciphers) == ST_OK);
	fuzz_require(usm_users_new(users, PRIVS + 1, span_of(own_engine, sizeof own_engine), NULL, &r->users, &which) ==
	             ST_OK);
	for (size_t i = 0; i <= PRIVS; i++) {
		const struct usm_entry *e = &r->users->entries[i];
		r->keys[0][i] = e->own;
		usm_entry_auth_keys(e, span_of(peer_engine, sizeof peer_engine), &r->keys[1][i]);
		if (e->priv)
			usm_entry_priv_key(e, span_of(peer_engine, sizeof peer_engine), USM_BLUMENTHAL, &r->keys[1][i]);
	}
	const struct v3_config config = {
		.crypto = crypto, .users = r->users, .random = { fuzz_random, NULL }, .boots = 1, .engines_max = 4
	};
	fuzz_require(v3_state_new(&config, &r->s) == ST_OK);
	return r;
}

// Signs and encrypts `plain` as it is, whatever it is.
static struct span seal(struct receiver *r, size_t entry, bool own, struct span plain, uint8_t *room)
{
	const struct usm_entry *e = &r->users->entries[entry];
	const struct usm_keys *keys = &r->keys[!own][entry];
	const uint8_t salt[USM_SALT] = { 1 },
	              flags = (uint8_t)(V3_FLAG_AUTH | (e->priv ? V3_FLAG_PRIV : 0) | V3_FLAG_REPORTABLE);
	struct usm_parameters usm = { .engine = own ? span_of(own_engine, sizeof own_engine)
		                                    : span_of(peer_engine, sizeof peer_engine),
		                      .boots = 1,
		                      .user = usm_entry_name(e),
		                      .auth = span_of(room, e->auth->mac),
		                      .priv = span_of(salt, e->priv ? sizeof salt : 0) };
	struct wr w = wr_of(room, ROOM);
	const uint8_t *mark = w.at;
	if (e->priv) {
		uint8_t iv[USM_IV_MAX];
		e->priv->iv(keys->priv[0], usm.boots, usm.time, salt, iv);
		uint8_t *sealed = wr_room(&w, cipher_sealed_size(e->priv->cipher, plain.n));
		fuzz_require(sealed &&
		             cipher_seal(r->ciphers, e->priv->cipher, keys->priv[0], iv, plain, sealed) == ST_OK);
		ber_head(&w, BER_OCTETS, mark);
	} else {
		wr_bytes(&w, plain);
	}
	uint8_t *digest = usm_parameters_write(&w, &usm);
	const uint8_t *behind = w.at;
	ber_put_int(&w, BER_INTEGER, USM_SECURITY_MODEL);
	ber_put(&w, BER_OCTETS, span_of(&flags, 1));
	ber_put_int(&w, BER_INTEGER, SNMP_DATAGRAM_MAX);
	ber_put_int(&w, BER_INTEGER, 1);
	ber_head(&w, BER_SEQUENCE, behind);
	ber_put_int(&w, BER_INTEGER, SNMP_VERSION_3);
	ber_head(&w, BER_SEQUENCE, mark);
	uint8_t mac[DIGEST_MAX];
	struct digest d = hmac_begin(&keys->hmac);
	digest_add(&d, wr_span(&w));
	hmac_end(&keys->hmac, &d, mac);
	memcpy(digest, mac, e->auth->mac);
	return wr_span(&w);
}

static void answer(struct v3_state *s, const struct v3_received *r)
{
	static uint8_t room[ROOM];
	struct wr w = wr_of(room, sizeof room);
	if (r->pdu.tag == PDU_INFORM)
		fuzz_require(v3_write_response(s, 0, &r->reply, &r->pdu, &w) == ST_OK);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	static struct receiver *r;
	static uint8_t room[ROOM];
	static const struct addr peer;
	if (!r)
		r = receiver();
	if (n < 1 || n > 60000)
		return 0;
	struct span message = seal(r, data[0] / 2 % (PRIVS + 1), data[0] % 2, span_of(data + 1, n - 1), room);
	uint8_t *p = malloc(message.n);
	struct v3_scratch *scratch = malloc(sizeof *scratch);
	memcpy(p, message.p, message.n);
	struct v3_received got;
	enum st st =
	        v3_receive(r->s, 0, (struct span){ 0 }, &peer, span_of(p, message.n), V3_SKIP_REPLAY, scratch, &got);
	fuzz_require(st != ST_DIGEST && st != ST_USER && st != ST_TIME_WINDOW);
	if (st == ST_OK)
		answer(r->s, &got);
	free(scratch);
	free(p);
	return 0;
}
