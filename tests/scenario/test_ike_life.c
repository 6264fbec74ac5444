// SPDX-License-Identifier: Apache-2.0
// The life of a site: rekeys from each side and from both at once, deletes that cross them, loss in between, a month in
// seconds, fragments, addresses. ipsec.md 7.3 row by row.
#include "world.h"

static uint32_t child_of(struct world *w, int which)
{
	return w->node[which].current;
}

static void rekey_pair(struct world *w, int which, struct ike_out *out)
{
	ike_rekey(w->node[which].ike, w->now, child_of(w, which), out);
}

static void rekey_ike(struct world *w, int which, struct ike_out *out)
{
	ike_rekey_site(w->node[which].ike, w->now, w->node[which].site, out);
}

static uint64_t spi_of(const struct world *w, int which)
{
	struct ike_view v = { 0 };
	assert_true(ike_look(w->node[which].ike, w->node[which].site, &v));
	return v.spi_here;
}

static void one_of_each(struct world *w)
{
	for (int i = 0; i < NODES; i++) {
		assert_true(w->node[i].up);
		assert_int_equal(w->node[i].downs, 0);
		assert_int_equal(world_pairs(w, i), 1);
		assert_int_equal(ike_counters(w->node[i].ike)->sas, 1);
		assert_int_equal(ike_counters(w->node[i].ike)->pairs, 1);
	}
	assert_true(world_traffic(w));
}

static void begin(struct world *w, struct setting *s, uint64_t seed)
{
	world_new(w, s, seed);
	world_settle(w);
	one_of_each(w);
}

static void rekey_child_from_each_side(void **state)
{
	for (int which = 0; which < NODES; which++) {
		struct world w;
		struct setting s = setting_plain();
		begin(&w, &s, 1);
		for (int i = 0; i < 10; i++) {
			uint32_t before = child_of(&w, which);
			world_act(&w, which, rekey_pair);
			world_settle(&w);
			one_of_each(&w);
			assert_int_not_equal(child_of(&w, which), before);
		}
		world_done(&w);
	}
}

static void rekey_ike_from_each_side(void **state)
{
	for (int which = 0; which < NODES; which++) {
		struct world w;
		struct setting s = setting_plain();
		begin(&w, &s, 2);
		for (int i = 0; i < 10; i++) {
			uint64_t before = spi_of(&w, which);
			uint32_t pair = child_of(&w, which);
			world_act(&w, which, rekey_ike);
			world_settle(&w);
			one_of_each(&w);
			assert_int_not_equal(spi_of(&w, which), before);
			assert_int_equal(child_of(&w, which), pair); // moved with it
			world_act(&w, 1 - which, rekey_pair);        // its keys work
			world_settle(&w);
			one_of_each(&w);
		}
		world_done(&w);
	}
}

// ipsec.md 7.3: CHILD collision: four nonces; the SA of the exchange with the lowest is deleted by the one who created it.
static void row_7_3_1_both_rekey_the_pair_under_traffic(void **state)
{
	for (uint64_t seed = 1; seed <= 30; seed++) {
		struct world w;
		struct setting s = setting_plain();
		begin(&w, &s, seed);
		world_act(&w, SITE, rekey_pair);
		world_act(&w, COLL, rekey_pair);
		for (int i = 0; i < 20; i++) { // traffic at every moment
			w.jitter = 30;
			world_run(&w, 0);
			w.now += 2000000;
			assert_true(world_traffic(&w));
		}
		world_settle(&w);
		one_of_each(&w);
		world_done(&w);
	}
}

// The same for the IKE SA; the pairs move to the one that stays, and message IDs begin at 0.
static void row_7_3_2_both_rekey_the_ike_sa_at_once(void **state)
{
	for (uint64_t seed = 1; seed <= 30; seed++) {
		struct world w;
		struct setting s = setting_plain();
		begin(&w, &s, seed);
		w.jitter = seed % 3 ? 40 : 0;
		world_act(&w, SITE, rekey_ike);
		world_act(&w, COLL, rekey_ike);
		world_run(&w, 20);
		one_of_each(&w);
		struct ike_view a, b;
		assert_true(ike_look(w.node[SITE].ike, w.node[SITE].site, &a));
		assert_true(ike_look(w.node[COLL].ike, w.node[COLL].site, &b));
		assert_int_equal(a.spi_here, b.spi_there);
		assert_int_equal(a.spi_there, b.spi_here);
		world_act(&w, SITE, rekey_pair);
		world_settle(&w);
		one_of_each(&w);
		world_done(&w);
	}
}

// ipsec.md 7.3: IKE rekey against CHILD request: TEMPORARY_FAILURE, then retry later.
static void row_7_3_3_ike_rekey_against_child_rekey(void **state)
{
	for (int which = 0; which < NODES; which++) {
		struct world w;
		struct setting s = setting_plain();
		begin(&w, &s, 3);
		uint64_t ike = spi_of(&w, which);
		uint32_t pair = child_of(&w, 1 - which);
		world_act(&w, which, rekey_ike);
		world_act(&w, 1 - which, rekey_pair);
		world_run(&w, 1);
		assert_true(world_count(&w, SITE, ST_IKE_LATER) + world_count(&w, COLL, ST_IKE_LATER) >= 1);
		world_run(&w, 30);
		one_of_each(&w);
		assert_int_not_equal(spi_of(&w, which), ike);
		assert_int_not_equal(child_of(&w, 1 - which), pair);
		world_done(&w);
	}
}

// Whatever is lost, doubled and late, and whoever rekeys what when: in the end there is one of each, and it works.
static void rekeys_under_loss(void **state)
{
	for (uint64_t seed = 1; seed <= 25; seed++) {
		struct world w;
		struct setting s = setting_plain();
		begin(&w, &s, seed);
		w.loss = 15;
		w.twice = 15;
		w.jitter = 800;
		for (int i = 0; i < 40; i++) {
			int which = (int)world_random(&w, 2);
			world_act(&w, which, world_random(&w, 2) ? rekey_pair : rekey_ike);
			world_run(&w, world_random(&w, 4));
		}
		w.loss = w.twice = w.jitter = 0;
		world_run(&w, 400);
		assert_true(w.node[SITE].up && w.node[COLL].up);
		assert_true(world_traffic(&w));
		assert_int_equal(ike_counters(w.node[SITE].ike)->sas, 1);
		assert_int_equal(ike_counters(w.node[COLL].ike)->sas, 1);
		if (world_pairs(&w, SITE) != world_pairs(&w, COLL))
			fail_msg("seed %d: %zu and %zu pairs", (int)seed, world_pairs(&w, SITE), world_pairs(&w, COLL));
		world_done(&w);
	}
}

static bool alter_some(struct world *w, int from, uint8_t *bytes, size_t *n)
{
	if (world_random(w, 100) < 25)
		bytes[world_random(w, (uint32_t)*n)] ^= (uint8_t)(1u << world_random(w, 8));
	return true;
}

// ipsec.md 4: no state change before the ICV. An altered message is as good as a lost one.
static void altered_messages_change_nothing(void **state)
{
	for (uint64_t seed = 1; seed <= 10; seed++) {
		struct world w;
		struct setting s = setting_plain();
		begin(&w, &s, seed);
		w.tap = alter_some;
		for (int i = 0; i < 30; i++) {
			int which = (int)world_random(&w, 2);
			world_act(&w, which, world_random(&w, 2) ? rekey_pair : rekey_ike);
			world_run(&w, world_random(&w, 4));
		}
		w.tap = NULL;
		world_run(&w, 400);
		one_of_each(&w);
		assert_true(world_count(&w, SITE, ST_FORGED) + world_count(&w, COLL, ST_FORGED) > 0);
		world_done(&w);
	}
}

static void a_month_of_life(void **state)
{
	struct world w;
	struct setting s = setting_plain();
	begin(&w, &s, 4);
	for (int hour = 0; hour < 30 * 24; hour++) {
		world_run(&w, 3600);
		assert_true(world_traffic(&w));
	}
	one_of_each(&w);
	struct ike_view v;
	assert_true(ike_look(w.node[SITE].ike, w.node[SITE].site, &v));
	assert_true(v.rekeys >= 30 * 24 / 4);
	world_done(&w);
}

static void row_7_2_2_pfs_with_another_group(void **state)
{
	struct world w;
	struct setting s = setting_plain();
	s.site[SITE].esp.groups = 1u << DH_P256 | 1u << DH_P384;
	s.site[COLL].esp.groups = 1u << DH_P384; // INVALID_KE_PAYLOAD in CREATE_CHILD_SA, too
	begin(&w, &s, 5);
	world_act(&w, SITE, rekey_pair);
	world_settle(&w);
	one_of_each(&w);
	assert_int_equal(world_count(&w, COLL, ST_IKE_GROUP), 1);
	world_act(&w, COLL, rekey_pair);
	world_settle(&w);
	one_of_each(&w);
	world_done(&w);
}

// ipsec.md 7.1: SKF; never of INIT; within the limit of octets.
static void row_7_1_4_fragments_in_any_order(void **state)
{
	for (uint64_t seed = 1; seed <= 10; seed++) {
		struct world w;
		struct setting s = setting_plain();
		static uint8_t name[2][250];
		memset(name, 'n', sizeof name);
		name[1][0] = 'm';
		s.site[SITE].local.data = s.site[COLL].remote.data = span_of(name[0], 250);
		s.site[SITE].remote.data = s.site[COLL].local.data = span_of(name[1], 250);
		s.config[SITE].datagram = s.config[COLL].datagram = IKE_FRAGMENT_MIN;
		world_new(&w, &s, seed);
		w.jitter = 900;
		w.twice = 20;
		world_run(&w, 60);
		one_of_each(&w);
		assert_true(w.largest <= IKE_FRAGMENT_MIN + IKE_MARKER);
		assert_true(world_count(&w, COLL, ST_IKE_FRAGMENT) >= 1);
		world_done(&w);
	}
}

static void row_7_2_7_childless_start(void **state)
{
	struct world w;
	struct setting s = setting_plain();
	s.site[SITE].childless = true;
	world_new(&w, &s, 6);
	world_settle(&w);
	assert_true(w.node[SITE].up && w.node[COLL].up);
	assert_int_equal(world_pairs(&w, COLL), 0);
	world_run(&w, 100);
	assert_int_equal(w.node[SITE].downs, 0);
	world_done(&w);
}

static void configuration_payload(void **state)
{
	struct world w;
	struct setting s = setting_plain();
	static const uint8_t address[4] = { 10, 200, 0, 7 };
	memcpy(s.site[COLL].address, address, 4);
	s.site[SITE].ask_address = true;
	begin(&w, &s, 7);
	assert_memory_equal(w.node[SITE].given, address, 4);
	uint8_t ip[16] = { [10] = 0xff, [11] = 0xff, 10, 200, 0, 7 };
	for (int i = 0; i < PAIRS; i++)
		if (w.node[COLL].pairs[i].used) {
			assert_memory_equal(w.node[COLL].pairs[i].pair.there.at[0].first, ip, 16);
			assert_memory_equal(w.node[COLL].pairs[i].pair.there.at[0].last, ip, 16);
		}
	world_act(&w, SITE, rekey_pair);
	world_settle(&w);
	one_of_each(&w);
	world_done(&w);
}

// ipsec.md 7.4: narrowing never widens; a failed CHILD_SA in IKE_AUTH keeps the IKE SA (7.2).
static void row_7_2_7_unacceptable_selectors_keep_the_ike_sa(void **state)
{
	struct world w;
	struct setting s = setting_plain();
	struct prefix p;
	assert_int_equal(prefix_parse("172.16.0.0/16", &p), ST_OK);
	s.site[COLL].there.at[0] = ike_ts_of(&p);
	world_new(&w, &s, 8);
	world_run(&w, 60);
	assert_true(w.node[SITE].up && w.node[COLL].up);
	assert_int_equal(world_pairs(&w, COLL) + world_pairs(&w, SITE), 0);
	world_done(&w);
}

static void ppk_of(struct ike_site *c, const char *id, const char *key, bool optional)
{
	c->ppk_id = span_str(id);
	c->ppk = span_str(key);
	c->ppk_optional = optional;
}

// RFC 8784: with the same key; without one on one side, where both allow it; refused otherwise.
static void row_7_2_9_ppk_and_its_fallback(void **state)
{
	static const struct {
		const char *site, *coll;
		bool site_may, coll_may, up;
	} rows[] = {
		{ "post quantum", "post quantum", false, false, true },
		{ "post quantum", "post quantum", true, true, true },
		{ "post quantum", "another one.", true, false, false },
		{ "post quantum", NULL, false, false, false },
		{ "post quantum", NULL, true, false, true },
		{ NULL, "post quantum", false, false, false },
		{ NULL, "post quantum", false, true, true },
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct world w;
		struct setting s = setting_plain();
		if (rows[i].site)
			ppk_of(&s.site[SITE], "ppk1", rows[i].site, rows[i].site_may);
		if (rows[i].coll)
			ppk_of(&s.site[COLL], "ppk1", rows[i].coll, rows[i].coll_may);
		world_new(&w, &s, 9);
		world_run(&w, 20);
		if (w.node[SITE].up != rows[i].up || w.node[COLL].up != rows[i].up)
			fail_msg("row %zu", i);
		if (rows[i].up)
			one_of_each(&w);
		world_done(&w);
	}
}

// ipsec.md 7.6: the mapping changes; the next check of life finds it, MOBIKE or not.
static void nat_mapping_changes(void **state)
{
	for (int no_mobike = 0; no_mobike < 2; no_mobike++) {
		struct world w;
		struct setting s = setting_plain();
		struct ike_view v;
		s.site[SITE].no_mobike = no_mobike;
		begin(&w, &s, 10);
		w.nat_port = 34001;
		world_run(&w, 31);
		assert_true(ike_look(w.node[COLL].ike, w.node[COLL].site, &v));
		assert_int_equal(v.mobike, !no_mobike);
		assert_int_equal(v.path.remote.port, 34001);
		one_of_each(&w);
		world_done(&w);
	}
}

static struct ike_path elsewhere;

static void probe(struct world *w, int which, struct ike_out *out)
{
	ike_probe(w->node[which].ike, w->now, child_of(w, which), &elsewhere, out);
}

// ESP came from a new address: the peer is asked there, and everything moves with its answer.
static void a_probe_moves_the_path(void **state)
{
	struct world w;
	struct setting s = setting_plain();
	struct ike_view v;
	begin(&w, &s, 11);
	w.nat_port = 34002;
	assert_true(ike_look(w.node[COLL].ike, w.node[COLL].site, &v));
	elsewhere = v.path;
	elsewhere.remote.port = 34002;
	world_act(&w, COLL, probe);
	world_run(&w, 1);
	assert_true(ike_look(w.node[COLL].ike, w.node[COLL].site, &v));
	assert_int_equal(v.path.remote.port, 34002);
	// A forged hint moves nothing: nobody answers there.
	elsewhere.remote.port = 6;
	world_act(&w, COLL, probe);
	world_run(&w, 5);
	assert_true(ike_look(w.node[COLL].ike, w.node[COLL].site, &v));
	assert_int_equal(v.path.remote.port, 34002);
	one_of_each(&w);
	world_done(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rekey_child_from_each_side),
		cmocka_unit_test(rekey_ike_from_each_side),
		cmocka_unit_test(row_7_3_1_both_rekey_the_pair_under_traffic),
		cmocka_unit_test(row_7_3_2_both_rekey_the_ike_sa_at_once),
		cmocka_unit_test(row_7_3_3_ike_rekey_against_child_rekey),
		cmocka_unit_test(rekeys_under_loss),
		cmocka_unit_test(altered_messages_change_nothing),
		cmocka_unit_test(a_month_of_life),
		cmocka_unit_test(row_7_2_2_pfs_with_another_group),
		cmocka_unit_test(row_7_1_4_fragments_in_any_order),
		cmocka_unit_test(row_7_2_7_childless_start),
		cmocka_unit_test(configuration_payload),
		cmocka_unit_test(row_7_2_7_unacceptable_selectors_keep_the_ike_sa),
		cmocka_unit_test(row_7_2_9_ppk_and_its_fallback),
		cmocka_unit_test(nat_mapping_changes),
		cmocka_unit_test(a_probe_moves_the_path),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
