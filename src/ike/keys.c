// SPDX-License-Identifier: Apache-2.0
// Keys: RFC 7296 2.14, 2.17 and 2.18, RFC 8784 section 3.
#include "ike/private.h"

static struct span nonce_span(const struct ike_nonce *n)
{
	return span_of(n->at, n->n);
}

static enum st key_of(struct ike *ike, const struct aead_alg *a, enum aead_way way, const uint8_t *encr,
                      const uint8_t *integ, struct aead_key **out)
{
	const struct aead_secret s = { span_of(encr, a->key), span_of(integ, a->integ),
		                       span_of(encr + a->key, a->salt) };
	aead_key_free(ike->c.engine, *out);
	*out = NULL;
	return aead_key_new(ike->c.engine, a, way, &s, out);
}

// {SK_d | SK_ai | SK_ar | SK_ei | SK_er | SK_pi | SK_pr}, RFC 7296 2.14. Authenticated ciphers have no SK_a, and their salt
// stands behind the key (RFC 5282 7.1).
static enum st split(struct ike *ike, struct ike_sa *sa, const uint8_t *material)
{
	const struct aead_alg *a = sa->suite.aead;
	size_t p = sa->suite.prf->size, encr = (size_t)a->key + a->salt;
	const uint8_t *ai = material + p, *ar = ai + a->integ, *ei = ar + a->integ, *er = ei + encr, *pi = er + encr;
	memcpy(sa->d, material, p);
	memcpy(sa->pi, pi, p);
	memcpy(sa->pr, pi + p, p);
	enum st st =
	        key_of(ike, a, sa->initiator ? AEAD_SEAL : AEAD_OPEN, ei, ai, sa->initiator ? &sa->seal : &sa->open);
	if (st == ST_OK)
		st = key_of(ike, a, sa->initiator ? AEAD_OPEN : AEAD_SEAL, er, ar,
		            sa->initiator ? &sa->open : &sa->seal);
	return st;
}

enum st ike_derive(struct ike *ike, struct ike_sa *sa, struct span old_d, struct span shared,
                   const struct ike_nonce *ni, const struct ike_nonce *nr)
{
	const struct digest_alg *alg = sa->suite.prf;
	const struct aead_alg *a = sa->suite.aead;
	uint8_t seed[DIGEST_MAX], both[2 * IKE_NONCE_MAX], spis[16];
	uint8_t material[3 * DIGEST_MAX + 2 * (AEAD_INTEG_MAX + AEAD_KEY_MAX + AEAD_SALT_MAX)];
	memcpy(both, ni->at, ni->n);
	memcpy(both + ni->n, nr->at, nr->n);
	struct span nonces = span_of(both, (size_t)ni->n + nr->n);
	struct wr w = wr_of(spis, sizeof spis);
	wr_be(&w, sa->spi_r, 8);
	wr_be(&w, sa->spi_i, 8);
	if (old_d.n)
		prf(alg, old_d, (struct span[]){ shared, nonces }, 2, seed);
	else
		prf(alg, nonces, &shared, 1, seed);
	size_t size = 3u * alg->size + 2u * ((size_t)a->integ + a->key + a->salt);
	enum st st = prf_plus(alg, span_of(seed, alg->size), (struct span[]){ nonces, wr_span(&w) }, 2, material, size);
	if (st == ST_OK)
		st = split(ike, sa, material);
	secret_wipe(seed, sizeof seed);
	secret_wipe(material, sizeof material);
	return st;
}

enum st ike_mix_ppk(struct ike_sa *sa, struct span ppk)
{
	uint8_t *keys[] = { sa->d, sa->pi, sa->pr };
	size_t n = sa->suite.prf->size;
	for (size_t i = 0; i < 3; i++) {
		uint8_t mixed[DIGEST_MAX];
		struct span old = span_of(keys[i], n);
		enum st st = prf_plus(sa->suite.prf, ppk, &old, 1, mixed, n);
		if (st != ST_OK)
			return st;
		memcpy(keys[i], mixed, n);
		secret_wipe(mixed, sizeof mixed);
	}
	return ST_OK;
}

void ike_mix_nothing(const struct ike_sa *sa, struct span ppk)
{
	struct ike_sa spare = { .suite = sa->suite };
	memcpy(spare.d, sa->d, sizeof spare.d);
	memcpy(spare.pi, sa->pi, sizeof spare.pi);
	memcpy(spare.pr, sa->pr, sizeof spare.pr);
	(void)ike_mix_ppk(&spare, ppk);
	secret_wipe(&spare, sizeof spare);
}

enum st ike_child_keys(const struct ike_sa *sa, const struct aead_alg *aead, struct span shared,
                       const struct ike_nonce *ni, const struct ike_nonce *nr, uint8_t *first, uint8_t *second)
{
	size_t n = (size_t)aead->key + aead->salt + aead->integ;
	uint8_t material[2 * IKE_KEYMAT_MAX];
	const struct span parts[] = { shared, nonce_span(ni), nonce_span(nr) };
	enum st st = prf_plus(sa->suite.prf, span_of(sa->d, sa->suite.prf->size), parts, 3, material, 2 * n);
	if (st == ST_OK) {
		memcpy(first, material, n);
		memcpy(second, material + n, n);
	}
	secret_wipe(material, sizeof material);
	return st;
}

static struct ike_low low_of(const struct ike_nonce *n)
{
	struct ike_low low = { .n = (uint8_t)(n->n < sizeof low.at ? n->n : sizeof low.at) };
	memcpy(low.at, n->at, low.n);
	return low;
}

bool ike_low_less(const struct ike_low *a, const struct ike_low *b)
{
	int order = memcmp(a->at, b->at, a->n < b->n ? a->n : b->n);
	return order < 0 || (order == 0 && a->n < b->n);
}

struct ike_low ike_lower(const struct ike_nonce *a, const struct ike_nonce *b)
{
	struct ike_low x = low_of(a), y = low_of(b);
	return ike_low_less(&x, &y) ? x : y;
}
