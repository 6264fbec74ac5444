// SPDX-License-Identifier: Apache-2.0
// What AUTH proves (RFC 7296 2.15), made and checked: with a shared key, or by a signature (RFC 7427, RFC 8420) and the
// certificates beside it.
#include <stdlib.h>

#include "ike/identity.h"
#include "ike/private.h"

size_t ike_id_body(const struct ike_identity *id, uint8_t out[static 4 + IKE_ID_MAX])
{
	struct wr w = wr_of(out, 4 + IKE_ID_MAX);
	wr_bytes(&w, id->data);
	wr_be(&w, 0, 3);
	wr_u8(&w, id->type);
	struct span s = wr_span(&w);
	memmove(out, s.p, s.n);
	return s.n;
}

// The first message as it was, the other's nonce, and the identity under SK_p, which lies in mac.
struct signed_octets {
	struct span part[3];
	uint8_t mac[DIGEST_MAX];
};

static void octets_of(const struct ike_sa *sa, bool initiator, struct span id, struct signed_octets *out)
{
	const struct digest_alg *alg = sa->suite.prf;
	const struct ike_start *s = sa->start;
	const struct ike_messages *first = initiator ? &s->init_i : &s->init_r;
	const struct ike_nonce *nonce = initiator ? &s->nr : &s->ni;
	prf(alg, span_of(initiator ? sa->pi : sa->pr, alg->size), &id, 1, out->mac);
	out->part[0] = span_of(first->at, first->n);
	out->part[1] = span_of(nonce->at, nonce->n);
	out->part[2] = span_of(out->mac, alg->size);
}

static void shared(const struct ike_sa *sa, const struct signed_octets *o, struct span psk, uint8_t out[DIGEST_MAX])
{
	const struct digest_alg *alg = sa->suite.prf;
	struct span pad = span_str("Key Pad for IKEv2");
	uint8_t key[DIGEST_MAX];
	prf(alg, psk, &pad, 1, key);
	prf(alg, span_of(key, alg->size), o->part, 3, out);
	secret_wipe(key, sizeof key);
}

// In one piece, as Ed25519 wants it; to be freed. Empty: no memory.
static struct span joined(const struct signed_octets *o)
{
	size_t n = o->part[0].n + o->part[1].n + o->part[2].n;
	uint8_t *all = malloc(n), *at = all;
	for (int i = 0; all && i < 3; i++) {
		memcpy(at, o->part[i].p, o->part[i].n);
		at += o->part[i].n;
	}
	return span_of(all, all ? n : 0);
}

enum st ike_prove(struct ike_turn *t, bool initiator, struct span id, const struct ike_site *site,
                  struct ike_own_proof *out)
{
	const struct ike_sa *sa = t->sa;
	struct signed_octets o;
	octets_of(sa, initiator, id, &o);
	if (!site->credential) {
		out->method = AUTH_PSK;
		out->n = sa->suite.prf->size;
		shared(sa, &o, site->psk, out->at);
		return ST_OK;
	}
	struct span all = joined(&o);
	out->method = AUTH_SIGNATURE;
	enum st st =
	        all.n ? credential_sign(site->credential, sa->start->peer_hashes, all, out->at, &out->n) : ST_NO_MEMORY;
	free((void *)(uintptr_t)all.p);
	return st;
}

// The certificates of the message that are ours to read, the peer's own first (RFC 7296 3.6).
static enum st read_certs(const struct ike_message *m, struct span out[static IKE_CERTS_MAX], size_t *n)
{
	*n = 0;
	for (size_t i = 0; i < m->n_certs; i++) {
		struct rd r = rd_of(m->certs[i]);
		uint8_t kind = rd_u8(&r);
		struct span der = rd_rest(&r);
		if (r.bad)
			return ST_IKE_PAYLOAD;
		if (kind == CERT_X509_SIGNATURE)
			out[(*n)++] = der;
	}
	return ST_OK;
}

// A claim costs what checking it by the authority costs that it names, whosever site it says to be: else how long the answer takes
// would tell which sites there are, and of which authority.
static const struct trust *asked(const struct ike *ike, const struct trust *mine, const struct trust_claim *claim)
{
	struct cert_signers names;
	const struct trust *other = NULL;
	cert_signers_of(mine, claim, &names);
	for (size_t i = 0; i < ike->n_trusts && !other; i++)
		if (trust_signed(ike->trusts[i].trust, &names))
			other = ike->trusts[i].trust;
	return !other || trust_signed(mine, &names) ? mine : other;
}

static enum st check_signature(struct ike_turn *t, const struct signed_octets *o, struct span id,
                               const struct trust *trust, struct span given)
{
	struct span certs[IKE_CERTS_MAX];
	struct trust_claim claim = { .certs = certs, .signature = given };
	struct ike_identity who;
	enum st st = read_certs(t->m, certs, &claim.n);
	if (st == ST_OK && (ike_read_identity(id, &who) != ST_OK || !ike_cert_name(&who, &claim.name)))
		st = ST_CERT_NAME;
	if (st != ST_OK)
		return st;
	claim.data = joined(o);
	const struct trust *by = t->sa->initiator ? trust : asked(t->ike, trust, &claim);
	st = claim.data.n ? trust_verify(by, t->ike->c.today(t->ike->c.arg), &claim) : ST_NO_MEMORY;
	if (st == ST_OK && by != trust)
		st = ST_CERT_CHAIN;
	free((void *)(uintptr_t)claim.data.p);
	return st;
}

enum st ike_check_proof(struct ike_turn *t, bool initiator, struct span id, const struct ike_site *site,
                        const struct ike_proof *given)
{
	struct signed_octets o;
	uint8_t want[DIGEST_MAX];
	octets_of(t->sa, initiator, id, &o);
	if (site->trust)
		return check_signature(t, &o, id, site->trust, given->data);
	shared(t->sa, &o, site->psk, want);
	bool good = secret_equal(given->data, span_of(want, t->sa->suite.prf->size)) && given->method == AUTH_PSK;
	return good ? ST_OK : ST_IKE_PROOF;
}

void ike_put_credential(struct ike_writer *w, const struct credential *c)
{
	for (size_t i = c ? credential_count(c) : 0; i-- > 0;) {
		const uint8_t *mark = w->w.at;
		wr_bytes(&w->w, credential_der(c, i));
		wr_u8(&w->w, CERT_X509_SIGNATURE);
		ike_put_head(w, PAYLOAD_CERT, mark);
	}
}

static bool is_named(const struct wr *w, size_t hints, const uint8_t *hint)
{
	for (size_t i = 0; i < hints; i++)
		if (memcmp(w->at + i * CERT_HINT, hint, CERT_HINT) == 0)
			return true;
	return false;
}

// Each authority once: sites that came by different reloads have trusts of their own for it.
void ike_put_authorities(struct ike_writer *w, const struct ike_trust *trusts, size_t n)
{
	const uint8_t *mark = w->w.at;
	size_t hints = 0;
	for (size_t i = 0; i < n && hints < IKE_AUTHORITIES_MAX; i++)
		for (size_t k = 0; k < trust_count(trusts[i].trust) && hints < IKE_AUTHORITIES_MAX; k++) {
			const uint8_t *hint = trust_hint(trusts[i].trust, k);
			if (w->w.full || is_named(&w->w, hints, hint))
				continue;
			wr_bytes(&w->w, span_of(hint, CERT_HINT));
			hints++;
		}
	wr_u8(&w->w, CERT_X509_SIGNATURE);
	ike_put_head(w, PAYLOAD_CERTREQ, mark);
}

static size_t trust_at(const struct ike *ike, const struct trust *t)
{
	size_t i = 0;
	while (i < ike->n_trusts && ike->trusts[i].trust != t)
		i++;
	return i;
}

bool ike_trust_enter(struct ike *ike, struct trust *t)
{
	size_t i = trust_at(ike, t);
	if (i == ike->n_trusts) {
		struct ike_trust *more = reallocarray(ike->trusts, i + 1, sizeof *more);
		if (!more)
			return false;
		ike->trusts = more;
		more[ike->n_trusts++] = (struct ike_trust){ .trust = t };
	}
	ike->trusts[i].sites++;
	return true;
}

void ike_trust_leave(struct ike *ike, const struct trust *t)
{
	size_t i = trust_at(ike, t);
	if (--ike->trusts[i].sites == 0)
		ike->trusts[i] = ike->trusts[--ike->n_trusts];
}

void ike_put_hashes(struct ike_writer *w)
{
	uint8_t ids[8];
	struct wr out = wr_of(ids, sizeof ids);
	for (unsigned h = SIGN_SHA256; h <= SIGN_IDENTITY; h++)
		wr_be(&out, h, 2);
	ike_put_notify(w, N_SIGNATURE_HASH_ALGORITHMS, wr_span(&out));
}

unsigned ike_read_hashes(const struct ike_message *m)
{
	const struct ike_notify *n = ike_find_notify(m, N_SIGNATURE_HASH_ALGORITHMS);
	struct rd r = rd_of(n ? n->data : (struct span){ 0 });
	unsigned hashes = 0;
	while (rd_left(&r) && !r.bad) {
		uint16_t id = rd_u16(&r);
		hashes |= !r.bad && id <= SIGN_IDENTITY ? SIGN_HASH(id) : 0;
	}
	return hashes & SIGN_HASHES;
}
