// SPDX-License-Identifier: Apache-2.0
// IKEv2 between two cores: start, authentication, what a site's life brings. Each test bears the name of the row of
// the checklist, or of the promise, that it holds.
#include "world.h"

static void up_and_traffic(struct world *w)
{
	for (int i = 0; i < NODES; i++) {
		assert_true(w->node[i].up);
		assert_int_equal(world_pairs(w, i), 1);
	}
	assert_true(world_traffic(w));
}

static void psk_x25519_gcm_one_child(void **state)
{
	struct world w;
	struct setting s = setting_plain();
	struct ike_view v;
	world_new(&w, &s, 1);
	world_settle(&w);
	up_and_traffic(&w);
	for (int i = 0; i < NODES; i++) {
		assert_true(ike_look(w.node[i].ike, w.node[i].site, &v));
		assert_string_equal(v.suite.aead->name, "aes256gcm16");
		assert_string_equal(v.suite.group->name, "curve25519");
		assert_true(v.nat_there); // each says that it is behind a NAT, so that the other wraps ESP in UDP
		assert_int_equal(v.path.marked, true);
	}
	assert_int_equal(w.node[SITE].sent, 2); // INIT and AUTH
	assert_int_equal(w.node[COLL].sent, 2);
	assert_int_equal(world_count(&w, COLL, ST_OK), 2);
	world_done(&w);
}

static void row_7_2_4_nat_d_without_a_nat_still_encapsulates(void **state)
{
	struct world w;
	struct setting s = setting_plain();
	struct ike_view v;
	world_new(&w, &s, 2);
	w.nat_port = 0;
	world_settle(&w);
	up_and_traffic(&w);
	for (int i = 0; i < NODES; i++) {
		assert_true(ike_look(w.node[i].ike, w.node[i].site, &v));
		assert_true(v.nat_there);
		assert_false(v.nat_here); // what a peer says of us is true
	}
	world_done(&w);
}

static void row_7_2_4_from_500_it_goes_on_at_4500(void **state)
{
	struct world w;
	struct setting s = setting_plain();
	struct ike_view v;
	s.site[SITE].path.local.port = s.site[SITE].path.remote.port = 500;
	world_new(&w, &s, 3);
	world_settle(&w);
	up_and_traffic(&w);
	assert_true(ike_look(w.node[SITE].ike, w.node[SITE].site, &v));
	assert_int_equal(v.path.remote.port, 4500);
	assert_int_equal(v.path.local.port, 4500);
	assert_true(v.path.marked);
	world_done(&w);
}

static void every_suite_and_group(void **state)
{
	for (int a = 0; a < AEAD_COUNT; a++) {
		for (int g = 0; g < DH_COUNT; g++) {
			struct world w;
			struct setting s = setting_plain();
			struct ike_view v;
			struct ike_offer o = { .aeads = (uint16_t)(1u << a),
				               .prfs = (uint8_t)(1u << a % IKE_PRF_COUNT),
				               .groups = (uint8_t)(1u << g) };
			s.site[SITE].ike = s.site[COLL].ike = s.config[COLL].ike = o;
			s.site[SITE].esp.aeads = s.site[COLL].esp.aeads = o.aeads;
			world_new(&w, &s, (uint64_t)(a * 10 + g));
			world_settle(&w);
			up_and_traffic(&w);
			assert_true(ike_look(w.node[COLL].ike, w.node[COLL].site, &v));
			assert_int_equal(v.suite.aead->id, a);
			assert_int_equal(v.suite.group->id, g);
			world_done(&w);
		}
	}
}

// Only what both have: the site asks for SHA-1, the collector does not take it by default, but for a site that does.
static void sha1_only_when_a_site_asks(void **state)
{
	struct world w;
	struct setting s = setting_plain();
	s.site[SITE].ike.aeads = 1u << AEAD_AES256_SHA1_96;
	world_new(&w, &s, 4);
	world_run(&w, 20);
	assert_false(w.node[SITE].up);
	assert_true(world_count(&w, COLL, ST_IKE_PROPOSAL) > 0);
	world_done(&w);
	s.site[COLL].ike.aeads = IKE_AEADS | 1u << AEAD_AES256_SHA1_96;
	world_new(&w, &s, 4);
	world_run(&w, 20);
	struct ike_view v;
	assert_true(w.node[SITE].up && ike_look(w.node[COLL].ike, w.node[COLL].site, &v));
	assert_int_equal(v.suite.aead->id, AEAD_AES256_SHA1_96);
	assert_true(w.node[COLL].pairs[0].pair.aead->id != AEAD_AES256_SHA1_96); // of ESP it asked for nothing
	world_done(&w);
}

static void wrong_key(struct setting *s)
{
	s->site[SITE].psk = span_str("another key of the same length..");
}

static void unknown_identity(struct setting *s)
{
	s->site[SITE].local.data = span_str("site9");
}

static size_t refused_size;

static bool note_auth_answer(struct world *w, int from, uint8_t *bytes, size_t *n)
{
	if (from == COLL && bytes[4 + 18] == IKE_AUTH)
		refused_size = *n;
	return true;
}

// ipsec.md 7.2: unknown ID and wrong key must look alike in answer.
static void row_7_2_5_unknown_identity_and_wrong_key_look_alike(void **state)
{
	void (*const wrong[])(struct setting *) = { wrong_key, unknown_identity };
	size_t size[2];
	for (int i = 0; i < 2; i++) {
		struct world w;
		struct setting s = setting_plain();
		wrong[i](&s);
		world_new(&w, &s, 5);
		w.tap = note_auth_answer;
		world_run(&w, 1);
		size[i] = refused_size;
		assert_false(w.node[SITE].up || w.node[COLL].up);
		assert_int_equal(world_count(&w, COLL, ST_IKE_PROOF), 1);
		assert_int_equal(ike_counters(w.node[COLL].ike)->sas, 0);
		assert_int_equal(w.node[SITE].free_spis, 1);
		world_done(&w);
	}
	assert_int_equal(size[0], size[1]);
}

// The collector has another key than the site: the site, too, must see that its peer is none.
static void row_7_2_6_the_initiator_checks_the_responder(void **state)
{
	struct world w;
	struct setting s = setting_plain();
	s.site[SITE].remote.data = span_str("other"); // "coll" answers
	world_new(&w, &s, 6);
	world_run(&w, 1);
	assert_false(w.node[SITE].up);
	assert_int_equal(world_count(&w, SITE, ST_IKE_PROOF), 1);
	assert_false(w.node[COLL].up); // it was told
	world_done(&w);
}

// ipsec.md 7.2: INVALID_KE_PAYLOAD accepts only a group we offered, remembers it, limits retries.
static void row_7_2_2_invalid_ke_moves_to_its_group(void **state)
{
	struct world w;
	struct setting s = setting_plain();
	s.config[COLL].ike.groups = 1u << DH_P384;
	s.site[COLL].ike.groups = 1u << DH_P384;
	world_new(&w, &s, 7);
	world_settle(&w);
	up_and_traffic(&w);
	assert_int_equal(world_count(&w, COLL, ST_IKE_GROUP), 1);
	world_done(&w);
}

static void row_7_2_1_cookie_and_invalid_ke_in_one_start(void **state)
{
	struct world w;
	struct setting s = setting_plain();
	s.config[COLL].cookie_from = 1;
	s.config[COLL].ike.groups = s.site[COLL].ike.groups = 1u << DH_MODP2048;
	world_new(&w, &s, 8);
	// One half-open SA, so that cookies are asked for.
	struct ike_out *out = world_out();
	struct setting other = setting_plain();
	other.site[SITE].ike.groups = 1u << DH_MODP2048;
	struct world x;
	world_new(&x, &other, 9);
	ike_tick(x.node[SITE].ike, x.now, out);
	struct ike_path path = { w.node[COLL].address, w.node[SITE].address, true };
	uint8_t copy[2048];
	size_t n = out->at[0].bytes.n - IKE_MARKER;
	memcpy(copy, out->at[0].bytes.p + IKE_MARKER, n);
	ike_out_done(out);
	assert_int_equal(ike_input(w.node[COLL].ike, w.now, &path, span_of(copy, n), out), ST_OK);
	ike_out_done(out);
	assert_int_equal(ike_counters(w.node[COLL].ike)->half_open, 1);
	world_settle(&w);
	up_and_traffic(&w);
	assert_true(world_count(&w, COLL, ST_IKE_COOKIE) >= 1);
	assert_int_equal(world_count(&w, COLL, ST_IKE_GROUP), 1);
	world_done(&x);
	world_done(&w);
}

// ipsec.md 7.1: the requester retransmits, the responder never does, and resends its last answer byte for byte.
static void row_7_1_2_loss_doubles_and_disorder(void **state)
{
	for (uint64_t seed = 1; seed <= 20; seed++) {
		struct world w;
		struct setting s = setting_plain();
		world_new(&w, &s, seed);
		w.loss = 30;
		w.twice = 20;
		w.jitter = 2000;
		for (int i = 0; i < 20 && !(w.node[SITE].up && w.node[COLL].up); i++)
			world_run(&w, 30);
		w.loss = w.twice = w.jitter = 0;
		world_run(&w, 200);
		assert_true(w.node[SITE].up);
		assert_true(w.node[COLL].up);
		assert_true(world_traffic(&w));
		world_done(&w);
	}
}

static void dead_peer_is_noticed(void **state)
{
	struct world w;
	struct setting s = setting_plain();
	world_new(&w, &s, 10);
	world_settle(&w);
	up_and_traffic(&w);
	w.cut = true;
	world_run(&w, 30 + 63 + 2); // the DPD interval and six sendings
	assert_false(w.node[SITE].up);
	assert_int_equal(w.node[SITE].why, ST_IKE_TIMEOUT);
	assert_int_equal(world_pairs(&w, SITE), 0);
	w.cut = false;
	world_run(&w, 200);
	up_and_traffic(&w);
	world_done(&w);
}

static void dpd_keeps_a_quiet_site_up(void **state)
{
	struct world w;
	struct setting s = setting_plain();
	world_new(&w, &s, 11);
	world_run(&w, 3000);
	assert_int_equal(w.node[SITE].downs + w.node[COLL].downs, 0);
	assert_true(w.node[SITE].sent + w.node[COLL].sent > 150);
	world_done(&w);
}

static void close_site(struct world *w, int which, struct ike_out *out)
{
	ike_close(w->node[which].ike, w->now, w->node[which].site, out);
}

static void row_7_3_3_crossing_deletes_of_the_ike_sa(void **state)
{
	for (int both = 0; both < 2; both++) {
		struct world w;
		struct setting s = setting_plain();
		world_new(&w, &s, 12);
		world_settle(&w);
		s.site[SITE].initiate = false;
		world_act(&w, COLL, close_site);
		if (both)
			world_act(&w, SITE, close_site);
		world_run(&w, 1);
		assert_false(w.node[SITE].up || w.node[COLL].up);
		assert_int_equal(world_pairs(&w, SITE) + world_pairs(&w, COLL), 0);
		assert_int_equal(ike_counters(w.node[SITE].ike)->sas + ike_counters(w.node[COLL].ike)->sas, 0);
		world_run(&w, 10); // it is to be kept up
		up_and_traffic(&w);
		world_done(&w);
	}
}

static void restart_of_either_side(void **state)
{
	for (int which = 0; which < NODES; which++) {
		struct world w;
		struct setting s = setting_plain();
		world_new(&w, &s, 13);
		world_settle(&w);
		world_restart(&w, which, &s);
		world_run(&w, 30 + 63 + 10);
		up_and_traffic(&w); // INITIAL_CONTACT removed what the collector still had
		world_done(&w);
	}
}

// RFC 6290: between two Traplines a restart is noticed with the first message.
static void restart_with_tokens(void **state)
{
	struct world w;
	struct setting s = setting_plain();
	memset(s.config[COLL].token_secret, 7, 32);
	memset(s.config[SITE].token_secret, 8, 32);
	world_new(&w, &s, 14);
	world_settle(&w);
	world_restart(&w, COLL, &s);
	world_run(&w, 30 + 5);
	assert_true(w.node[SITE].downs == 1);
	up_and_traffic(&w);
	world_done(&w);
}

static void rekey(struct world *w, int which, struct ike_out *out)
{
	ike_rekey_site(w->node[which].ike, w->now, w->node[which].site, out);
}

static void restart_with_tokens_after_a_rekey(void **state)
{
	for (int asks = 0; asks < NODES; asks++) {
		struct world w;
		struct setting s = setting_plain();
		memset(s.config[COLL].token_secret, 7, 32);
		memset(s.config[SITE].token_secret, 8, 32);
		world_new(&w, &s, 15);
		world_settle(&w);
		world_act(&w, asks, rekey);
		world_settle(&w);
		up_and_traffic(&w);
		world_restart(&w, COLL, &s);
		world_run(&w, 30 + 5);
		assert_true(w.node[SITE].downs == 1);
		up_and_traffic(&w);
		world_done(&w);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(psk_x25519_gcm_one_child),
		cmocka_unit_test(row_7_2_4_nat_d_without_a_nat_still_encapsulates),
		cmocka_unit_test(row_7_2_4_from_500_it_goes_on_at_4500),
		cmocka_unit_test(every_suite_and_group),
		cmocka_unit_test(sha1_only_when_a_site_asks),
		cmocka_unit_test(row_7_2_5_unknown_identity_and_wrong_key_look_alike),
		cmocka_unit_test(row_7_2_6_the_initiator_checks_the_responder),
		cmocka_unit_test(row_7_2_2_invalid_ke_moves_to_its_group),
		cmocka_unit_test(row_7_2_1_cookie_and_invalid_ke_in_one_start),
		cmocka_unit_test(row_7_1_2_loss_doubles_and_disorder),
		cmocka_unit_test(dead_peer_is_noticed),
		cmocka_unit_test(dpd_keeps_a_quiet_site_up),
		cmocka_unit_test(row_7_3_3_crossing_deletes_of_the_ike_sa),
		cmocka_unit_test(restart_of_either_side),
		cmocka_unit_test(restart_with_tokens),
		cmocka_unit_test(restart_with_tokens_after_a_rekey),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
