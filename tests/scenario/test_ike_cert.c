// SPDX-License-Identifier: Apache-2.0
// IKE_AUTH with certificates (RFC 7427, RFC 8420, RFC 4945): every kind of key at both ends, and every reason for a refusal,
// which the peer never learns.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ike/wire.h"
#include "pki.h"
#include "world.h"

static struct crypto *crypto;

static struct span of(const struct text *t)
{
	return span_of(t->p, t->n);
}

static int64_t today(void *arg)
{
	return PKI_NOW;
}

// What one end has to show and believes.
static void equip(struct setting *s, int which, const struct pki *own, const struct text *chain, const struct pki *ca,
                  const struct text *lists)
{
	struct ike_site *c = &s->site[which];
	struct text certs = { 0 };
	text_bytes(&certs, of(&own->cert));
	if (chain)
		text_bytes(&certs, of(chain));
	s->config[which].today = today;
	c->psk = (struct span){ 0 };
	credential_free(c->credential);
	trust_free(c->trust);
	assert_int_equal(credential_new(crypto, of(&certs), of(&own->key), &c->credential), ST_OK);
	assert_int_equal(trust_new(crypto, of(&ca->cert), lists ? (struct span[]){ of(lists) } : NULL, &c->trust),
	                 ST_OK);
	text_done(&certs);
}

static void unequip(struct setting *s)
{
	for (int i = 0; i < NODES; i++) {
		credential_free(s->site[i].credential);
		trust_free(s->site[i].trust);
	}
}

static struct pki leaf(enum pki_kind kind, const char *name, const struct pki *ca)
{
	char names[64];
	snprintf(names, sizeof names, "DNS:%s", name);
	return pki_make(&(struct pki_wish){ kind, .names = names }, ca);
}

static void every_kind_at_both_ends(void **state)
{
	enum { KINDS = PKI_RSA + 1 };
	struct pki ca[KINDS], site[KINDS], coll[KINDS];
	for (int k = 0; k < KINDS; k++) {
		ca[k] = pki_make(&(struct pki_wish){ (enum pki_kind)k, .ca = true }, NULL);
		site[k] = leaf((enum pki_kind)k, "site1", &ca[k]);
		coll[k] = leaf((enum pki_kind)k, "coll", &ca[k]);
	}
	for (int i = 0; i < KINDS * KINDS; i++) {
		struct world w;
		struct setting s = setting_plain();
		int a = i / KINDS, b = i % KINDS;
		equip(&s, SITE, &site[a], NULL, &ca[b], NULL);
		equip(&s, COLL, &coll[b], NULL, &ca[a], NULL);
		world_new(&w, &s, 1);
		world_settle(&w);
		assert_true(w.node[SITE].up && w.node[COLL].up);
		assert_true(world_traffic(&w));
		assert_true(w.largest <= IKE_DATAGRAM + IKE_MARKER); // fragments, where a message is longer
		world_done(&w);
		unequip(&s);
	}
	for (int k = 0; k < KINDS; k++) {
		pki_done(&ca[k]);
		pki_done(&site[k]);
		pki_done(&coll[k]);
	}
}

static void one_between(void **state)
{
	struct world w;
	struct setting s = setting_plain();
	struct pki ca = pki_make(&(struct pki_wish){ PKI_RSA, .ca = true }, NULL);
	struct pki mid = pki_make(&(struct pki_wish){ PKI_RSA, "CN=mid", .ca = true }, &ca);
	struct pki site = leaf(PKI_RSA, "site1", &mid), coll = leaf(PKI_RSA, "coll", &mid);
	equip(&s, SITE, &site, &mid.cert, &ca, NULL);
	equip(&s, COLL, &coll, &mid.cert, &ca, NULL);
	world_new(&w, &s, 1);
	w.loss = 20;
	w.twice = 20;
	world_run(&w, 60);
	assert_true(w.node[SITE].up && w.node[COLL].up);
	assert_true(world_traffic(&w));
	world_done(&w);
	unequip(&s);
	struct pki *all[] = { &ca, &mid, &site, &coll };
	for (int i = 0; i < 4; i++)
		pki_done(all[i]);
}

static bool note_authorities(struct world *w, int from, uint8_t *bytes, size_t *n)
{
	struct ike_message m;
	if (from == COLL && ike_read_header(span_of(bytes + IKE_MARKER, *n - IKE_MARKER), &m) == ST_OK &&
	    m.exchange == IKE_SA_INIT && ike_read_clear(&m) == ST_OK && m.n_requests)
		w->tapped[COLL] = (unsigned)m.requests[0].n;
	return true;
}

// Sites of one authority that came by different reloads; and more authorities than are named.
static void authorities_are_named_once(void **state)
{
	struct world w;
	struct setting s = setting_plain();
	struct pki ca = pki_make(&(struct pki_wish){ PKI_P256, .ca = true }, NULL);
	struct pki site = leaf(PKI_P256, "site1", &ca), coll = leaf(PKI_P256, "coll", &ca);
	equip(&s, SITE, &site, NULL, &ca, NULL);
	equip(&s, COLL, &coll, NULL, &ca, NULL);
	for (int others = 0; others < 2; others++) {
		world_new(&w, &s, 1);
		w.tap = note_authorities;
		for (int i = 0; i < 2 * IKE_AUTHORITIES_MAX; i++) {
			char name[16];
			struct pki other = pki_make(&(struct pki_wish){ PKI_P256, .ca = true }, NULL);
			struct ike_site more = s.site[COLL];
			uint32_t id;
			snprintf(name, sizeof name, "more%d", i);
			more.remote.data = span_str(name);
			assert_int_equal(trust_new(crypto, of(others ? &other.cert : &ca.cert), NULL, &more.trust),
			                 ST_OK);
			assert_int_equal(ike_add_site(w.node[COLL].ike, &more, &id), ST_OK);
			trust_free(more.trust);
			pki_done(&other);
		}
		world_settle(&w);
		assert_true(w.node[SITE].up && w.node[COLL].up);
		assert_int_equal(w.tapped[COLL], 1 + CERT_HINT * (others ? IKE_AUTHORITIES_MAX : 1));
		world_done(&w);
	}
	unequip(&s);
	pki_done(&ca);
	pki_done(&site);
	pki_done(&coll);
}

// As much as a credential may hold still goes into one message, of either side.
static void the_longest_chain(void **state)
{
	struct world w;
	struct setting s = setting_plain();
	struct text names = { 0 };
	struct pki ca = pki_make(&(struct pki_wish){ PKI_RSA, .ca = true }, NULL);
	text_add(&names, "DNS:site1,DNS:coll");
	for (int i = 0; i < 1000; i++)
		text_printf(&names, ",DNS:%d.xyz", 1000 + i);
	struct pki both = pki_make(&(struct pki_wish){ PKI_RSA, .names = text_str(&names) }, &ca);
	struct span der = pki_der(&both);
	assert_in_range(der.n, CERT_OWN_MAX - 2000, CERT_OWN_MAX);
	free((void *)(uintptr_t)der.p);
	equip(&s, SITE, &both, NULL, &ca, NULL);
	equip(&s, COLL, &both, NULL, &ca, NULL);
	world_new(&w, &s, 1);
	world_settle(&w);
	assert_true(w.node[SITE].up && w.node[COLL].up);
	assert_true(world_traffic(&w));
	world_done(&w);
	unequip(&s);
	text_done(&names);
	pki_done(&ca);
	pki_done(&both);
}

// A distinguished name is one identity however it is spelled.
static void distinguished_names(void **state)
{
	struct world w;
	struct setting s = setting_plain();
	uint8_t shown[DN_MAX], known[DN_MAX];
	size_t n, m;
	assert_int_equal(dn_parse("C=NL, O=Shop, CN=site1", shown, &n), ST_OK);
	assert_int_equal(dn_parse("C=nl, O=the wrong one, CN=site1", known, &m), ST_OK);
	struct pki ca = pki_make(&(struct pki_wish){ PKI_P256, .ca = true }, NULL);
	struct pki site = pki_make(&(struct pki_wish){ PKI_P256, "C=NL, O=Shop, CN=site1" }, &ca),
	           coll = leaf(PKI_P256, "coll", &ca);
	equip(&s, SITE, &site, NULL, &ca, NULL);
	equip(&s, COLL, &coll, NULL, &ca, NULL);
	s.site[SITE].local = (struct ike_identity){ ID_DN, span_of(shown, n) };
	s.site[COLL].remote = (struct ike_identity){ ID_DN, span_of(known, m) };
	world_new(&w, &s, 1);
	world_settle(&w);
	assert_false(w.node[COLL].up);
	world_done(&w);
	assert_int_equal(dn_parse("C=nl, O=  shop, CN=SITE1", known, &m), ST_OK);
	s.site[COLL].remote = (struct ike_identity){ ID_DN, span_of(known, m) };
	world_new(&w, &s, 1);
	world_settle(&w);
	assert_true(w.node[SITE].up && w.node[COLL].up);
	world_done(&w);
	unequip(&s);
	pki_done(&ca);
	pki_done(&site);
	pki_done(&coll);
}

static bool note_size(struct world *w, int from, uint8_t *bytes, size_t *n)
{
	if (from == SITE || w->node[COLL].sent > 1)
		w->tapped[from] = (unsigned)*n; // the collector's last: what it says to IKE_AUTH
	return true;
}

enum wrong { NOTHING, OTHER_CA, EXPIRED, NAMELESS, REVOKED, STRANGER, SHARED_KEY };

// What the collector counts; the site hears the same each time.
static void refused_alike(void **state)
{
	static const struct {
		enum wrong what;
		enum st counted;
	} rows[] = {
		{ NOTHING, ST_OK },           { OTHER_CA, ST_CERT_CHAIN },  { EXPIRED, ST_CERT_TIME },
		{ NAMELESS, ST_CERT_NAME },   { REVOKED, ST_CERT_REVOKED }, { STRANGER, ST_IKE_PROOF },
		{ SHARED_KEY, ST_IKE_PROOF },
	};
	struct pki ca = pki_make(&(struct pki_wish){ PKI_P256, .ca = true }, NULL);
	struct pki other = pki_make(&(struct pki_wish){ PKI_P256, .ca = true }, NULL);
	struct pki coll = leaf(PKI_P256, "coll", &ca);
	size_t answer = 0;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct world w;
		struct setting s = setting_plain();
		enum wrong what = rows[i].what;
		struct pki site = pki_make(&(struct pki_wish){ PKI_P256,
		                                               .names = what == NAMELESS   ? "DNS:site2"
		                                                        : what == STRANGER ? "DNS:site9"
		                                                                           : "DNS:site1",
		                                               .until = what == EXPIRED ? -1 : 0 },
		                           what == OTHER_CA ? &other : &ca);
		const struct pki *gone[] = { &site };
		struct text list = pki_list(&ca, PKI_DAY, gone, what == REVOKED);
		equip(&s, SITE, &site, NULL, &ca, NULL);
		equip(&s, COLL, &coll, NULL, &ca, &list);
		if (what == STRANGER)
			s.site[SITE].local.data = span_str("site9");
		if (what == SHARED_KEY) {
			credential_free(s.site[SITE].credential);
			trust_free(s.site[SITE].trust);
			s.site[SITE].credential = NULL;
			s.site[SITE].trust = NULL;
			s.site[SITE].psk = span_str("trapline-test-key-of-some-length");
		}
		world_new(&w, &s, 1);
		w.tap = note_size;
		world_settle(&w);
		assert_int_equal(w.node[COLL].up, what == NOTHING);
		assert_int_equal(w.node[SITE].up, what == NOTHING);
		if (what != NOTHING) {
			if (!world_count(&w, COLL, rows[i].counted))
				fail_msg("row %zu: not counted as %s", i, st_name(rows[i].counted));
			assert_int_equal(w.node[SITE].why, ST_IKE_REFUSED);
			assert_true(answer == 0 || answer == w.tapped[COLL]);
			answer = w.tapped[COLL];
		}
		world_done(&w);
		unequip(&s);
		text_done(&list);
		pki_done(&site);
	}
	assert_true(answer > 0);
	pki_done(&ca);
	pki_done(&other);
	pki_done(&coll);
}

// Two customers, each with an authority: whatever is claimed, a certificate is looked at in the same way, so that nobody learns which
// sites there are; and a good one of the other customer opens nothing.
static void alike_among_authorities(void **state)
{
	struct pki x = pki_make(&(struct pki_wish){ PKI_P256, .subject = "CN=x", .ca = true }, NULL);
	struct pki y = pki_make(&(struct pki_wish){ PKI_P256, .subject = "CN=y", .ca = true }, NULL);
	struct pki false_y = pki_make(&(struct pki_wish){ PKI_P256, .subject = "CN=y", .ca = true }, NULL);
	struct pki z = pki_make(&(struct pki_wish){ PKI_P256, .subject = "CN=z", .ca = true }, NULL);
	struct pki coll = leaf(PKI_P256, "coll", &x);
	static const char *const claims[] = { "site1", "site2", "site9" }; // of x, of y, of nobody
	const struct {
		const char *names; // NULL: the one that is claimed
		const struct pki *by;
		enum st counted;
	} rows[] = {
		{ "DNS:other", &y, ST_CERT_NAME },        { "DNS:other", &x, ST_CERT_NAME },
		{ "DNS:other", &false_y, ST_CERT_CHAIN }, { "DNS:other", &z, ST_CERT_CHAIN },
		{ NULL, &false_y, ST_CERT_CHAIN },        { NULL, &y, ST_CERT_CHAIN },
	};
	for (size_t i = 0; i < 3 * sizeof rows / sizeof *rows; i++) {
		struct world w;
		struct setting s = setting_plain();
		const char *claim = claims[i % 3], *names = rows[i / 3].names;
		if (!names && rows[i / 3].by == &y && i % 3 == 1)
			continue; // which is true
		struct pki own = names ? pki_make(&(struct pki_wish){ PKI_P256, .names = names }, rows[i / 3].by)
		                       : leaf(PKI_P256, claim, rows[i / 3].by);
		equip(&s, SITE, &own, NULL, &x, NULL);
		equip(&s, COLL, &coll, NULL, &x, NULL);
		s.site[SITE].local.data = span_str(claim);
		world_new(&w, &s, 1);
		struct ike_site more = s.site[COLL];
		uint32_t id;
		more.remote.data = span_str("site2");
		assert_int_equal(trust_new(crypto, of(&y.cert), NULL, &more.trust), ST_OK);
		assert_int_equal(ike_add_site(w.node[COLL].ike, &more, &id), ST_OK);
		trust_free(more.trust);
		world_settle(&w);
		assert_false(w.node[SITE].up || w.node[COLL].up);
		if (!world_count(&w, COLL, rows[i / 3].counted))
			fail_msg("row %zu, %s: not %s", i / 3, claim, st_name(rows[i / 3].counted));
		world_done(&w);
		unequip(&s);
		pki_done(&own);
	}
	struct pki *all[] = { &x, &y, &false_y, &z, &coll };
	for (int i = 0; i < 5; i++)
		pki_done(all[i]);
}

// A peer that says nothing of RFC 7427 is not signed for.
static bool drop_hashes(struct world *w, int from, uint8_t *bytes, size_t *n)
{
	static const uint8_t head[] = { 0, 0, N_SIGNATURE_HASH_ALGORITHMS >> 8, N_SIGNATURE_HASH_ALGORITHMS & 0xff };
	uint8_t *at = from == COLL ? memmem(bytes, *n, head, sizeof head) : NULL;
	if (at)
		at[3] = N_USE_PPK & 0xff;
	return true;
}

static void no_common_method(void **state)
{
	struct world w;
	struct setting s = setting_plain();
	struct pki ca = pki_make(&(struct pki_wish){ PKI_P256, .ca = true }, NULL);
	struct pki site = leaf(PKI_P256, "site1", &ca), coll = leaf(PKI_P256, "coll", &ca);
	equip(&s, SITE, &site, NULL, &ca, NULL);
	equip(&s, COLL, &coll, NULL, &ca, NULL);
	world_new(&w, &s, 1);
	w.tap = drop_hashes;
	world_settle(&w);
	assert_false(w.node[SITE].up || w.node[COLL].up);
	assert_int_equal(w.node[SITE].why, ST_SIGN_METHOD);
	world_done(&w);
	unequip(&s);
	pki_done(&ca);
	pki_done(&site);
	pki_done(&coll);
}

// RFC 8784 with signatures, and the collector's own certificate refused by the site.
static void both_ways(void **state)
{
	struct pki ca = pki_make(&(struct pki_wish){ PKI_ED25519, .ca = true }, NULL);
	struct pki other = pki_make(&(struct pki_wish){ PKI_ED25519, .ca = true }, NULL);
	struct pki site = leaf(PKI_ED25519, "site1", &ca), coll = leaf(PKI_ED25519, "coll", &ca);
	struct pki false_coll = leaf(PKI_ED25519, "coll", &other);
	for (int row = 0; row < 3; row++) {
		struct world w;
		struct setting s = setting_plain();
		equip(&s, SITE, &site, NULL, &ca, NULL);
		equip(&s, COLL, row == 2 ? &false_coll : &coll, NULL, &ca, NULL);
		for (int i = 0; i < NODES; i++) {
			s.site[i].ppk_id = span_str("ppk1");
			s.site[i].ppk = span_str(row == 1 && i ? "another one." : "post quantum");
		}
		world_new(&w, &s, 1);
		world_run(&w, 10);
		assert_int_equal(w.node[SITE].up, row == 0);
		assert_int_equal(w.node[COLL].up, row == 0);
		if (row == 1)
			assert_true(world_count(&w, COLL, ST_FORGED) > 0);
		if (row == 2)
			assert_int_equal(w.node[SITE].why, ST_CERT_CHAIN);
		world_done(&w);
		unequip(&s);
	}
	struct pki *all[] = { &ca, &other, &site, &coll, &false_coll };
	for (int i = 0; i < 5; i++)
		pki_done(all[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_kind_at_both_ends),
		cmocka_unit_test(one_between),
		cmocka_unit_test(distinguished_names),
		cmocka_unit_test(refused_alike),
		cmocka_unit_test(the_longest_chain),
		cmocka_unit_test(authorities_are_named_once),
		cmocka_unit_test(alike_among_authorities),
		cmocka_unit_test(no_common_method),
		cmocka_unit_test(both_ways),
	};
	if (crypto_init(&crypto) != ST_OK)
		return 1;
	int failed = cmocka_run_group_tests(tests, NULL, NULL);
	crypto_free(crypto);
	return failed;
}
