// SPDX-License-Identifier: Apache-2.0
// Who the peer is (RFC 7296 2.15, 2.4, 1.2; RFC 6023, 8784, 9242).
#include "rows.h"

// What a message costs: the linker counts for us (--wrap).
static struct {
	unsigned prf, prf_plus, equal;
} work;

void __real_prf(const struct digest_alg *alg, struct span key, const struct span *parts, size_t n, uint8_t *out);
void __wrap_prf(const struct digest_alg *alg, struct span key, const struct span *parts, size_t n, uint8_t *out);
void __wrap_prf(const struct digest_alg *alg, struct span key, const struct span *parts, size_t n, uint8_t *out)
{
	work.prf++;
	__real_prf(alg, key, parts, n, out);
}

enum st __real_prf_plus(const struct digest_alg *alg, struct span key, const struct span *parts, size_t n, uint8_t *out,
                        size_t size);
enum st __wrap_prf_plus(const struct digest_alg *alg, struct span key, const struct span *parts, size_t n, uint8_t *out,
                        size_t size);
enum st __wrap_prf_plus(const struct digest_alg *alg, struct span key, const struct span *parts, size_t n, uint8_t *out,
                        size_t size)
{
	work.prf_plus++;
	return __real_prf_plus(alg, key, parts, n, out, size);
}

bool __real_secret_equal(struct span a, struct span b);
bool __wrap_secret_equal(struct span a, struct span b);
bool __wrap_secret_equal(struct span a, struct span b)
{
	work.equal++;
	return __real_secret_equal(a, b);
}

static bool nobody_hears_auth(struct world *w, const struct heard *h)
{
	return h->m.exchange != IKE_AUTH;
}

enum who { WRONG_KEY, UNKNOWN, UNKNOWN_TYPE, WRONG_PPK, UNKNOWN_PPK, STRANGERS };

static void be(struct setting *s, enum who who, bool ppk)
{
	struct ike_site *c = &s->site[SITE];
	if (who == WRONG_KEY)
		c->psk = span_str("another key of the same length..");
	if (who == UNKNOWN)
		c->local.data = span_str("site9");
	if (who == UNKNOWN_TYPE)
		c->local.type = ID_KEY_ID; // its name, of another type
	for (int i = 0; i < NODES && ppk; i++) {
		s->site[i].ppk_id = span_str("ppk1");
		s->site[i].ppk = span_str("post quantum");
	}
	if (who == WRONG_PPK)
		c->ppk = span_str("post quantun");
	if (who == UNKNOWN_PPK)
		c->ppk_id = span_str("ppk9");
}

struct cost {
	unsigned prf, prf_plus, equal;
	size_t answer;
	struct ike_counters counters;
};

static struct cost cost_of(enum who who, bool ppk)
{
	struct world w;
	struct setting s = setting_plain();
	struct cost cost;
	be(&s, who, ppk);
	world_new(&w, &s, 420);
	overhear(&w, nobody_hears_auth);
	world_settle(&w);
	const struct heard *h = hear(SITE, IKE_AUTH, false, 0);
	struct ike_path path = sa_at(&w, COLL, IKE_HALF)->path;
	work.prf = work.prf_plus = work.equal = 0;
	assert_int_equal(tell(&w, COLL, &path, span_of(h->bytes, h->n)), ST_IKE_PROOF);
	assert_int_equal(sends(), 1);
	cost = (struct cost){ work.prf, work.prf_plus, work.equal, sent(0).n, *ike_counters(w.node[COLL].ike) };
	overhear(&w, NULL);
	world_effects(&w, COLL);
	const struct heard *a = hear(COLL, IKE_AUTH, true, 0);
	assert_true(a->opened && a->m.sealed == P(NOTIFY));
	assert_non_null(ike_find_notify(&a->m, N_AUTHENTICATION_FAILED));
	world_done(&w);
	return cost;
}

// Somebody we do not know, and somebody with another key: the same work, the same counts, an answer of the same length.
static void row_7_2_5_unknown_and_wrong_cost_the_same(void **state)
{
	for (int ppk = 0; ppk < 2; ppk++) {
		struct cost first = cost_of(WRONG_KEY, ppk);
		assert_true(first.prf >= 3);
		assert_int_equal(first.prf_plus, ppk ? 3 : 0);
		assert_int_equal(first.equal, 1); // in constant time
		for (enum who who = UNKNOWN; who < (ppk ? STRANGERS : WRONG_PPK); who++) {
			struct cost other = cost_of(who, ppk);
			assert_int_equal(other.prf, first.prf);
			assert_int_equal(other.prf_plus, first.prf_plus);
			assert_int_equal(other.equal, first.equal);
			assert_int_equal(other.answer, first.answer);
			assert_memory_equal(&other.counters, &first.counters, sizeof first.counters);
		}
	}
}

static void row_7_2_6_idr_is_a_hint(void **state)
{
	struct world w;
	struct setting s = setting_plain();
	s.site[SITE].remote.data = span_str("somebody"); // is wished for; "coll" is who answers
	world_new(&w, &s, 421);
	overhear(&w, NULL);
	world_run(&w, 1);
	struct ike_identity id;
	assert_int_equal(ike_read_identity(ike_body(&hear(SITE, IKE_AUTH, false, 0)->m, PAYLOAD_IDR), &id), ST_OK);
	assert_true(span_equal(id.data, span_str("somebody")));
	assert_int_equal(ike_read_identity(ike_body(&hear(COLL, IKE_AUTH, true, 0)->m, PAYLOAD_IDR), &id), ST_OK);
	assert_true(span_equal(id.data, span_str("coll")));
	assert_int_equal(w.node[COLL].ups, 1);
	assert_false(w.node[SITE].up); // and it is no hint to whom it is answered
	world_done(&w);
}

static void row_7_2_6_no_idr_is_needed(void **state)
{
	struct world w;
	struct setting s = setting_plain();
	s.site[SITE].remote = (struct ike_identity){ 0 };
	world_new(&w, &s, 422);
	overhear(&w, NULL);
	world_settle(&w);
	rows_one_of_each(&w);
	assert_false(hear(SITE, IKE_AUTH, false, 0)->m.sealed & P(IDR));
	world_done(&w);
}

// Only who has proven who he is ends what he had before.
static void row_7_2_6_initial_contact_only_after_auth(void **state)
{
	for (int right = 0; right < 2; right++) {
		struct world w;
		struct setting s = setting_plain();
		rows_up(&w, &s, 423);
		struct ike_sa *old = sa_at(&w, COLL, IKE_UP);
		uint64_t spi = old->spi_r;
		if (!right)
			s.site[SITE].psk = span_str("another key of the same length..");
		world_restart(&w, SITE, &s);
		overhear(&w, NULL);
		world_run(&w, 1);
		assert_non_null(ike_find_notify(&hear(SITE, IKE_AUTH, false, 0)->m, N_INITIAL_CONTACT));
		assert_int_equal(ike_sa_find(w.node[COLL].ike, spi) != NULL, !right);
		assert_int_equal(world_pairs(&w, COLL), 1);
		world_done(&w);
	}
}

// Outside IKE_AUTH it says nothing (RFC 7296 2.4).
static void row_7_2_6_initial_contact_not_later(void **state)
{
	struct world w;
	struct setting s = setting_plain();
	rows_up(&w, &s, 424);
	struct ike_sa *coll = sa_at(&w, COLL, IKE_UP);
	assert_int_equal(say_notify(&w, COLL, sa_at(&w, SITE, IKE_UP), IKE_INFORMATIONAL, false, coll->take_id,
	                            N_INITIAL_CONTACT),
	                 ST_OK);
	world_effects(&w, COLL);
	assert_ptr_equal(sa_at(&w, COLL, IKE_UP), coll);
	assert_int_equal(w.node[COLL].downs, 0);
	world_done(&w);
}

static enum st zeros(void *arg, void *out, size_t n)
{
	uint8_t *next = arg;
	for (size_t i = 0; i < n; i++)
		((uint8_t *)out)[i] = (*next)++;
	return ST_OK;
}

// What `from` sends goes to the collector, and its answers back, until nobody speaks.
static void shake(struct world *w, struct ike *from, const struct ike_path *there, struct ike_out *out)
{
	struct ike_path here = { there->remote, there->local, there->marked };
	for (int i = 0; i < 8 && out->n; i++) {
		struct ike_out next = { 0 };
		for (size_t k = 0; k < out->n; k++)
			if (out->at[k].kind == IKE_SEND)
				(void)ike_input(
				        w->node[COLL].ike, w->now, there,
				        span_of(out->at[k].bytes.p + IKE_MARKER, out->at[k].bytes.n - IKE_MARKER),
				        world_out());
		ike_out_done(out);
		for (size_t k = 0; k < world_out()->n; k++)
			if (world_out()->at[k].kind == IKE_SEND)
				(void)ike_input(from, w->now, &here,
				                span_of(world_out()->at[k].bytes.p + IKE_MARKER,
				                        world_out()->at[k].bytes.n - IKE_MARKER),
				                &next);
		ike_out_done(world_out());
		*out = next;
	}
	ike_out_done(out);
}

// A second site of the collector, with the same inner addresses, says INITIAL_CONTACT: the first one stays.
static void row_7_2_6_initial_contact_of_its_own_identities_alone(void **state)
{
	struct world w;
	struct setting s = setting_plain();
	uint8_t next = 1;
	uint32_t id;
	rows_up(&w, &s, 425);
	struct ike_site here = s.site[COLL], there = s.site[SITE];
	here.remote.data = there.local.data = span_str("site2");
	struct ike_config c = { .crypto = w.crypto, .engine = w.node[SITE].engine, .random = { zeros, &next } };
	struct ike *second;
	assert_int_equal(ike_add_site(w.node[COLL].ike, &here, &id), ST_OK);
	assert_int_equal(ike_new(&c, &second), ST_OK);
	assert_int_equal(ike_add_site(second, &there, &id), ST_OK);
	struct ike_path path = { .local = w.node[COLL].address, .marked = true };
	assert_int_equal(addr_parse("198.51.100.7:4500", &path.remote), ST_OK);
	struct ike_out out = { 0 };
	ike_tick(second, w.now, &out);
	shake(&w, second, &path, &out);
	assert_int_equal(ike_counters(second)->pairs, 1);
	assert_int_equal(ike_counters(w.node[COLL].ike)->sas, 2);
	assert_int_equal(ike_counters(w.node[COLL].ike)->pairs, 2);
	assert_int_equal(w.node[COLL].downs, 0);
	ike_free(second);
	world_done(&w);
}

// The refusal of a pair stands next to IDr and AUTH; the IKE SA is up on both sides, and a pair is asked for again.
static void row_7_2_7_a_refused_pair_leaves_the_ike_sa(void **state)
{
	for (int why = 0; why < 2; why++) {
		struct world w;
		struct setting s = setting_plain();
		if (why)
			s.site[COLL].esp.aeads = 1u << AEAD_CHACHA20_POLY1305,
			s.site[SITE].esp.aeads = 1u << AEAD_AES128_GCM16;
		else
			s.site[COLL].there.at[0].first[15] = s.site[COLL].there.at[0].last[15] = 1,
			s.site[COLL].there.at[0].first[12] = s.site[COLL].there.at[0].last[12] = 9;
		world_new(&w, &s, 426);
		overhear(&w, NULL);
		world_settle(&w);
		const struct heard *a = hear(COLL, IKE_AUTH, true, 0);
		assert_true(a->opened && (a->m.sealed & (P(IDR) | P(AUTH))) == (P(IDR) | P(AUTH)));
		assert_false(a->m.sealed & (P(SA) | P(TSI) | P(TSR)));
		assert_non_null(ike_find_notify(&a->m, why ? N_NO_PROPOSAL_CHOSEN : N_TS_UNACCEPTABLE));
		for (int i = 0; i < NODES; i++) {
			assert_true(w.node[i].up);
			assert_int_equal(world_pairs(&w, i), 0);
		}
		assert_int_equal(w.node[SITE].free_spis, 1);
		world_run(&w, 10);
		assert_true(hear_count(SITE, IKE_CREATE_CHILD_SA, false) >= 1);
		assert_int_equal(w.node[SITE].downs + w.node[COLL].downs, 0);
		world_done(&w);
	}
}

enum { N_INTERMEDIATE_EXCHANGE_SUPPORTED = 16438, IKE_INTERMEDIATE = 43 };

// RFC 9242 is not spoken: the offer is not taken up, and an exchange of that kind is dropped and changes nothing, so that AUTH
// covers what RFC 7296 says and nothing more.
static void row_7_2_8_ike_intermediate_is_not_spoken(void **state)
{
	struct world w;
	struct setting s = setting_plain();
	world_new(&w, &s, 427);
	struct stranger x = stranger_new(&w, "198.51.100.1:4500");
	x.notify = N_INTERMEDIATE_EXCHANGE_SUPPORTED;
	assert_int_equal(stranger_says(&w, &x), ST_OK);
	struct ike_message m;
	assert_int_equal(ike_read_header(sent(0), &m), ST_OK);
	assert_int_equal(ike_read_clear(&m), ST_OK);
	for (size_t i = 0; i < m.n_notify; i++)
		assert_int_not_equal(m.notify[i].type, N_INTERMEDIATE_EXCHANGE_SUPPORTED);
	ike_out_done(world_out());
	// In the middle of our own handshake.
	overhear(&w, nobody_hears_auth);
	world_settle(&w);
	assert_null(ike_find_notify(&hear(SITE, IKE_SA_INIT, false, 0)->m,
	                            (enum ike_notify_type)N_INTERMEDIATE_EXCHANGE_SUPPORTED));
	struct ike_sa *half = ike_sa_find(w.node[COLL].ike, hear(COLL, IKE_SA_INIT, true, 0)->m.spi_r),
	              *site = sa_at(&w, SITE, IKE_AUTH_SENT);
	assert_int_equal(say_notify(&w, COLL, site, IKE_INTERMEDIATE, false, 1, N_USE_PPK), ST_IKE_HEADER);
	assert_int_equal(say_notify(&w, SITE, half, IKE_INTERMEDIATE, true, 1, N_USE_PPK), ST_IKE_HEADER);
	assert_int_equal(world_out()->n, 0);
	assert_true(half->state == IKE_HALF && half->take_id == 1 && site->state == IKE_AUTH_SENT);
	overhear(&w, NULL);
	world_settle(&w);
	rows_one_of_each(&w);
	world_done(&w);
}

static void row_7_2_9_a_ppk_changes_d_pi_and_pr_alone(void **state)
{
	struct world w;
	struct setting s = setting_plain();
	world_new(&w, &s, 428);
	overhear(&w, nobody_hears_auth);
	world_settle(&w);
	struct ike_sa *half = sa_at(&w, COLL, IKE_HALF), before = *half;
	size_t n = half->suite.prf->size;
	struct span ppk = span_str("post quantum");
	assert_int_equal(ike_mix_ppk(half, ppk), ST_OK);
	const uint8_t *old[] = { before.d, before.pi, before.pr }, *now[] = { half->d, half->pi, half->pr };
	for (int i = 0; i < 3; i++) {
		uint8_t want[DIGEST_MAX];
		struct span key = span_of(old[i], n);
		assert_int_equal(prf_plus(half->suite.prf, ppk, &key, 1, want, n), ST_OK);
		assert_memory_equal(now[i], want, n);
		assert_memory_not_equal(now[i], old[i], n);
	}
	memcpy(before.d, half->d, sizeof before.d);
	memcpy(before.pi, half->pi, sizeof before.pi);
	memcpy(before.pr, half->pr, sizeof before.pr);
	assert_memory_equal(&before, half, sizeof before); // nothing else; SK_e and SK_a are the same keys
	struct ike_writer none = words();
	assert_int_equal(say(&w, COLL, sa_at(&w, SITE, IKE_AUTH_SENT), IKE_INFORMATIONAL, false, 1, &none),
	                 ST_IKE_UNEXPECTED); // it opened
	world_done(&w);
}

static bool childless_is_unknown;

static bool alter_init_answer(struct world *w, int from, uint8_t *bytes, size_t *n)
{
	for (size_t i = IKE_MARKER + IKE_HEADER; from == COLL && childless_is_unknown && i + 1 < *n; i++)
		if (bytes[i] == N_CHILDLESS_IKEV2_SUPPORTED >> 8 &&
		    bytes[i + 1] == (N_CHILDLESS_IKEV2_SUPPORTED & 0xff))
			bytes[i + 1] ^= 0x80;
	return bytes[IKE_MARKER + 18] != IKE_AUTH;
}

// RFC 6023 3: only when the responder has said that it can.
static void row_7_2_7_childless_only_where_the_responder_can(void **state)
{
	for (int unknown = 0; unknown < 2; unknown++) {
		struct world w;
		struct setting s = setting_plain();
		s.site[SITE].childless = true;
		world_new(&w, &s, 429);
		childless_is_unknown = unknown;
		w.tap = alter_init_answer;
		world_settle(&w);
		assert_int_equal(sa_at(&w, SITE, IKE_AUTH_SENT)->start->spi != 0, unknown);
		world_done(&w);
	}
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(row_7_2_5_unknown_and_wrong_cost_the_same),
	cmocka_unit_test(row_7_2_6_idr_is_a_hint),
	cmocka_unit_test(row_7_2_6_no_idr_is_needed),
	cmocka_unit_test(row_7_2_6_initial_contact_only_after_auth),
	cmocka_unit_test(row_7_2_6_initial_contact_not_later),
	cmocka_unit_test(row_7_2_6_initial_contact_of_its_own_identities_alone),
	cmocka_unit_test(row_7_2_7_a_refused_pair_leaves_the_ike_sa),
	cmocka_unit_test(row_7_2_8_ike_intermediate_is_not_spoken),
	cmocka_unit_test(row_7_2_9_a_ppk_changes_d_pi_and_pr_alone),
	cmocka_unit_test(row_7_2_7_childless_only_where_the_responder_can),
};
const struct rows rows_72_auth = { tests, sizeof tests / sizeof *tests };
