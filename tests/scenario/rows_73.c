// SPDX-License-Identifier: Apache-2.0
// Rekeys of pairs (RFC 7296 1.3.3, 2.8, 2.25) and what both sides at once makes of them.
#include "rows.h"

static void delete_pair(struct world *w, int which, struct ike_out *out)
{
	struct ike_sa *sa = sa_at(w, which, IKE_UP);
	struct ike_turn t = ike_turn_of(w->node[which].ike, sa, w->now, out);
	sa->children->want_delete = true;
	ike_next(&t);
	ike_sa_schedule(w->node[which].ike, sa);
}

// Behind the header of the first proposal.
static uint32_t spi_of(const struct heard *h)
{
	struct rd r = rd_of(ike_body(&h->m, PAYLOAD_SA));
	rd_skip(&r, 8);
	uint32_t spi = rd_u32(&r);
	assert_false(r.bad);
	return spi;
}

static uint32_t deleted_by(int who, size_t n)
{
	for (size_t i = 0; hear(who, IKE_INFORMATIONAL, false, i); i++) {
		const struct heard *h = hear(who, IKE_INFORMATIONAL, false, i);
		struct ike_delete d;
		if (!h->m.n_deletes || n--)
			continue;
		assert_int_equal(ike_read_delete(h->m.deletes[0], &d), ST_OK);
		assert_true(h->m.n_deletes == 1 && d.protocol == PROTOCOL_ESP && d.n == 1);
		return d.spi[0];
	}
	return 0;
}

static void row_7_3_1_the_pair_with_the_lowest_of_four_nonces_goes(void **state)
{
	unsigned won[NODES] = { 0 };
	for (uint64_t seed = 1; seed <= 20; seed++) {
		struct world w;
		struct setting s = setting_plain();
		rows_up(&w, &s, seed);
		uint32_t old[NODES] = { w.node[SITE].current, w.node[COLL].current }, fresh[NODES][NODES];
		overhear(&w, NULL);
		world_act(&w, SITE, rows_rekey_pair);
		world_act(&w, COLL, rows_rekey_pair);
		world_settle(&w);
		rows_one_of_each(&w);
		struct span low[NODES];
		for (int i = 0; i < NODES; i++) { // of the exchange that i began
			const struct heard *q = hear(i, IKE_CREATE_CHILD_SA, false, 0),
			                   *a = hear(1 - i, IKE_CREATE_CHILD_SA, true, 0);
			low[i] = rows_lower(q, a);
			fresh[i][i] = spi_of(q);
			fresh[i][1 - i] = spi_of(a);
		}
		int winner = memcmp(low[SITE].p, low[COLL].p, 32) > 0 ? SITE : COLL, loser = 1 - winner;
		assert_int_equal(w.node[SITE].current, fresh[winner][SITE]);
		assert_int_equal(w.node[COLL].current, fresh[winner][COLL]);
		assert_int_equal(deleted_by(loser, 0), fresh[loser][loser]); // by who made it
		assert_int_equal(deleted_by(winner, 0), old[winner]);
		assert_int_equal(deleted_by(loser, 1), 0);
		assert_int_equal(deleted_by(winner, 1), 0);
		won[winner]++;
		world_done(&w);
	}
	assert_true(won[SITE] && won[COLL]);
}

static void row_7_3_1_both_new_pairs_receive_meanwhile(void **state)
{
	for (uint64_t seed = 1; seed <= 10; seed++) {
		struct world w;
		struct setting s = setting_plain();
		size_t most = 0;
		rows_up(&w, &s, seed);
		world_act(&w, SITE, rows_rekey_pair);
		world_act(&w, COLL, rows_rekey_pair);
		for (int i = 0; i < 60; i++) {
			rows_wait(&w, 1);
			assert_true(world_traffic(&w));
			if (world_pairs(&w, SITE) == 3 && world_pairs(&w, COLL) == 3)
				most++;
		}
		assert_true(most > 0); // the old one and both new ones, at both ends
		rows_one_of_each(&w);
		world_done(&w);
	}
}

static size_t deletes_in_answers(void)
{
	size_t n = 0;
	for (size_t i = 0; hear(-1, IKE_INFORMATIONAL, true, i); i++)
		n += hear(-1, IKE_INFORMATIONAL, true, i)->m.n_deletes;
	return n;
}

static void row_7_3_3_crossing_deletes_are_answered_without_the_pair(void **state)
{
	for (int both = 0; both < 2; both++) {
		struct world w;
		struct setting s = setting_plain();
		rows_up(&w, &s, 501);
		overhear(&w, NULL);
		world_act(&w, COLL, delete_pair);
		if (both)
			world_act(&w, SITE, delete_pair);
		rows_wait(&w, 100);
		assert_int_equal(world_pairs(&w, SITE) + world_pairs(&w, COLL), 0);
		assert_int_equal(hear_count(-1, IKE_INFORMATIONAL, true), both ? 2 : 1);
		assert_int_equal(deletes_in_answers(), both ? 0 : 1);
		world_run(&w, 10); // the site keeps a pair up
		rows_one_of_each(&w);
		world_done(&w);
	}
}

static void row_7_3_3_child_sa_not_found_cleans_up_and_goes_on(void **state)
{
	struct world w;
	struct setting s = setting_plain();
	rows_up(&w, &s, 502);
	struct ike_sa *coll = sa_at(&w, COLL, IKE_UP);
	struct ike_turn t = ike_turn_of(w.node[COLL].ike, coll, w.now, world_out());
	ike_child_down(&t, coll->children, ST_IKE_DELETED); // the collector has forgotten it, and does not say so
	world_effects(&w, COLL);
	uint32_t old = w.node[SITE].current;
	overhear(&w, NULL);
	world_act(&w, SITE, rows_rekey_pair);
	rows_wait(&w, 100);
	const struct heard *a = hear(COLL, IKE_CREATE_CHILD_SA, true, 0);
	const struct ike_notify *n = ike_find_notify(&a->m, N_CHILD_SA_NOT_FOUND);
	assert_non_null(n);
	assert_int_equal(n->protocol, PROTOCOL_ESP); // which one, RFC 7296 3.10.1
	struct rd r = rd_of(n->spi);
	assert_int_equal(rd_u32(&r), old);
	assert_int_equal(rd_end(&r), ST_OK);
	assert_int_equal(world_pairs(&w, SITE), 0);
	world_run(&w, 20);
	rows_one_of_each(&w);
	world_done(&w);
}

static size_t effect_at(enum ike_effect_kind kind)
{
	size_t i = 0;
	while (i < world_out()->n && world_out()->at[i].kind != kind)
		i++;
	return i;
}

static const struct heard *waits;

static bool hold_answers(struct world *w, const struct heard *h)
{
	if (h->from == COLL && h->m.exchange == IKE_CREATE_CHILD_SA && h->m.reply)
		waits = h;
	return h != waits;
}

// The responder hears on the new pair before it answers, and goes on sending on the old one; the initiator has nothing new
// before the answer, and sends on the new one from then on.
static void row_7_3_4_who_uses_the_new_pair_when(void **state)
{
	struct world w;
	struct setting s = setting_plain();
	rows_up(&w, &s, 503);
	uint32_t old[NODES] = { w.node[SITE].current, w.node[COLL].current };
	waits = NULL;
	overhear(&w, hold_answers);
	world_act(&w, SITE, rows_rekey_pair);
	assert_int_equal(world_pairs(&w, SITE), 1);
	const struct heard *q = hear(SITE, IKE_CREATE_CHILD_SA, false, 0);
	assert_int_equal(tell(&w, COLL, &sa_at(&w, COLL, IKE_UP)->path, span_of(q->bytes, q->n)), ST_OK);
	size_t up = effect_at(IKE_PAIR_UP);
	assert_true(up < effect_at(IKE_SEND) && effect_at(IKE_SEND) < world_out()->n);
	assert_false(world_out()->at[up].pair->send_now);
	assert_false(world_out()->at[up].pair->never);
	assert_int_equal(world_out()->at[up].pair->replaces, old[COLL]);
	world_effects(&w, COLL);
	assert_int_equal(world_pairs(&w, COLL), 2);
	assert_int_equal(w.node[COLL].current, old[COLL]);
	assert_int_equal(world_pairs(&w, SITE), 1); // it has asked, and not been answered
	assert_int_equal(w.node[SITE].current, old[SITE]);
	assert_true(waits != NULL);
	assert_int_equal(tell(&w, SITE, &sa_at(&w, SITE, IKE_UP)->path, span_of(waits->bytes, waits->n)), ST_OK);
	up = effect_at(IKE_PAIR_UP);
	assert_true(world_out()->at[up].pair->send_now);
	assert_int_equal(world_out()->at[up].pair->replaces, old[SITE]);
	world_effects(&w, SITE);
	world_settle(&w);
	rows_one_of_each(&w);
	world_done(&w);
}

static void put_rekey(struct world *w, struct ike_writer *c, const struct ike_child *old, const struct ike_ts_list *tsi,
                      const struct ike_ts_list *tsr, bool transport)
{
	static const uint8_t nonce[32] = { 9 };
	const struct ike_offer offer = { .aeads = (1u << AEAD_AES256_GCM16),
		                         .groups = IKE_NO_GROUP,
		                         .esn = IKE_ESN_NO };
	static const uint8_t spi[4] = { 0x77, 1, 2, 3 };
	*c = words();
	ike_put_ts(c, PAYLOAD_TSR, tsr);
	ike_put_ts(c, PAYLOAD_TSI, tsi);
	ike_put(c, PAYLOAD_NONCE, span_of(nonce, sizeof nonce));
	ike_put_offer(c, PROTOCOL_ESP, &offer, span_of(spi, sizeof spi));
	if (transport)
		ike_put_notify(c, N_USE_TRANSPORT_MODE, (struct span){ 0 });
	if (old)
		ike_put_notify_spi(c, N_REKEY_SA, old->in, (struct span){ 0 });
}

// The SPI in REKEY_SA is the inbound one of who asks. Nothing of what stands there comes back unchecked (CVE-2023-38710).
static void row_7_3_5_rekey_sa_names_the_askers_inbound_spi(void **state)
{
	struct world w;
	struct setting s = setting_plain();
	rows_up(&w, &s, 504);
	struct ike_sa *coll = sa_at(&w, COLL, IKE_UP), *site = sa_at(&w, SITE, IKE_UP);
	struct ike_child *pair = site->children;
	const struct {
		uint32_t spi;
		uint8_t protocol, size;
	} rows[] = {
		{ pair->out, PROTOCOL_ESP, 4 },
		{ pair->in + 1, PROTOCOL_ESP, 4 },
		{ pair->in, PROTOCOL_ESP, 3 },
		{ pair->in, PROTOCOL_ESP, 0 },
		{ pair->in, PROTOCOL_AH, 4 },
		{ pair->in, PROTOCOL_IKE, 4 },
		{ pair->in, 0, 4 },
		{ pair->in, 77, 4 },
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct ike_writer c;
		put_rekey(&w, &c, NULL, &pair->here, &pair->there, false);
		const uint8_t *mark = c.w.at;
		wr_be(&c.w, rows[i].spi, rows[i].size);
		wr_be(&c.w, N_REKEY_SA, 2);
		wr_u8(&c.w, rows[i].size);
		wr_u8(&c.w, rows[i].protocol);
		ike_put_head(&c, PAYLOAD_NOTIFY, mark);
		overhear(&w, NULL);
		assert_int_equal(say(&w, COLL, site, IKE_CREATE_CHILD_SA, false, coll->take_id, &c), ST_IKE_CHILD);
		world_effects(&w, COLL);
		const struct heard *a = hear(COLL, IKE_CREATE_CHILD_SA, true, 0);
		assert_true(a->opened && a->m.n_notify == 1 && a->m.notify[0].type == N_CHILD_SA_NOT_FOUND);
		bool said = rows[i].protocol == PROTOCOL_ESP && rows[i].size == 4;
		assert_int_equal(a->m.notify[0].protocol, said ? PROTOCOL_ESP : PROTOCOL_NONE);
		assert_int_equal(a->m.notify[0].spi.n, said ? 4 : 0);
		assert_int_equal(a->m.notify[0].data.n, 0);
		assert_int_equal(world_pairs(&w, COLL), 1);
	}
	// And ours does so.
	overhear(&w, NULL);
	site->send_id = coll->take_id; // what was said in its name
	world_act(&w, SITE, rows_rekey_pair);
	const struct ike_notify *n = ike_find_notify(&hear(SITE, IKE_CREATE_CHILD_SA, false, 0)->m, N_REKEY_SA);
	struct rd r = rd_of(n->spi);
	assert_true(n->protocol == PROTOCOL_ESP && rd_u32(&r) == pair->in && rd_end(&r) == ST_OK);
	world_done(&w);
}

static struct ike_ts_list selectors(const char *prefix)
{
	struct prefix p;
	assert_int_equal(prefix_parse(prefix, &p), ST_OK);
	return (struct ike_ts_list){ .at = { ike_ts_of(&p) }, .n = 1 };
}

// As it is, or wider; never narrower than what goes through now, and never in another mode.
static void row_7_3_5_a_rekey_never_narrows_and_keeps_the_mode(void **state)
{
	const struct {
		const char *tsi, *tsr;
		bool transport;
		enum st st;
		enum ike_notify_type says;
	} rows[] = {
		{ "10.99.1.0/24", "10.99.2.1/32", false, ST_OK, 0 },
		{ "10.0.0.0/8", "10.99.0.0/16", false, ST_OK, 0 },
		{ "10.99.1.0/25", "10.99.2.1/32", false, ST_IKE_TS, N_TS_UNACCEPTABLE },
		{ "10.99.1.7/32", "10.99.2.1/32", false, ST_IKE_TS, N_TS_UNACCEPTABLE },
		{ "10.98.1.0/24", "10.99.2.1/32", false, ST_IKE_TS, N_TS_UNACCEPTABLE },
		{ "10.99.1.0/24", "10.99.2.1/32", true, ST_IKE_PROPOSAL, N_NO_PROPOSAL_CHOSEN },
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct world w;
		struct setting s = setting_plain();
		rows_up(&w, &s, 505);
		struct ike_sa *coll = sa_at(&w, COLL, IKE_UP), *site = sa_at(&w, SITE, IKE_UP);
		w.node[COLL].ike->sites[w.node[COLL].site].c.transport = rows[i].transport; // since the pair was made
		struct ike_ts_list tsi = selectors(rows[i].tsi), tsr = selectors(rows[i].tsr);
		struct ike_writer c;
		put_rekey(&w, &c, site->children, &tsi, &tsr, rows[i].transport);
		uint32_t old = w.node[COLL].current;
		overhear(&w, NULL);
		assert_int_equal(say(&w, COLL, site, IKE_CREATE_CHILD_SA, false, coll->take_id, &c), rows[i].st);
		world_effects(&w, COLL);
		const struct heard *a = hear(COLL, IKE_CREATE_CHILD_SA, true, 0);
		assert_true(a->opened);
		assert_int_equal(world_pairs(&w, COLL), rows[i].st == ST_OK ? 2 : 1);
		assert_int_equal(w.node[COLL].current, old);
		assert_true(rows[i].st == ST_OK || ike_find_notify(&a->m, rows[i].says) != NULL);
		world_done(&w);
	}
}

// What is not called a rekey may be as narrow as it likes: it takes nothing over.
static void row_7_3_5_another_pair_is_no_rekey(void **state)
{
	struct world w;
	struct setting s = setting_plain();
	rows_up(&w, &s, 506);
	struct ike_sa *coll = sa_at(&w, COLL, IKE_UP);
	struct ike_ts_list tsi = selectors("10.99.1.7/32"), tsr = selectors("10.99.2.1/32");
	struct ike_writer c;
	put_rekey(&w, &c, NULL, &tsi, &tsr, false);
	assert_int_equal(say(&w, COLL, sa_at(&w, SITE, IKE_UP), IKE_CREATE_CHILD_SA, false, coll->take_id, &c), ST_OK);
	assert_int_equal(world_out()->at[effect_at(IKE_PAIR_UP)].pair->replaces, 0);
	world_effects(&w, COLL);
	world_done(&w);
}

static void row_7_3_5_our_own_rekey_asks_for_what_the_pair_carries(void **state)
{
	struct world w;
	struct setting s = setting_plain();
	rows_up(&w, &s, 507);
	for (int i = 0; i < NODES; i++) {
		struct ike_ts_list tsi, tsr;
		const struct ike_child *old = sa_at(&w, i, IKE_UP)->children;
		w.node[i].ike->sites[w.node[i].site].c.here = selectors("10.99.0.0/16"); // a reload in between
		overhear(&w, NULL);
		world_act(&w, i, rows_rekey_pair);
		const struct heard *q = hear(i, IKE_CREATE_CHILD_SA, false, 0);
		world_run(&w, 0);
		assert_int_equal(ike_read_ts(ike_body(&q->m, PAYLOAD_TSI), &tsi), ST_OK);
		assert_int_equal(ike_read_ts(ike_body(&q->m, PAYLOAD_TSR), &tsr), ST_OK);
		assert_true(tsi.n == old->here.n && memcmp(tsi.at, old->here.at, sizeof *tsi.at) == 0);
		assert_true(tsr.n == old->there.n && memcmp(tsr.at, old->there.at, sizeof *tsr.at) == 0);
		world_settle(&w);
		rows_one_of_each(&w);
	}
	world_done(&w);
}

// A peer that narrows in its answer all the same: the new pair goes, the old one carries on, and it is asked again.
static void row_7_3_5_an_answer_that_narrows_takes_nothing_over(void **state)
{
	struct world w;
	struct setting s = setting_plain();
	rows_up(&w, &s, 508);
	uint32_t old[NODES] = { w.node[SITE].current, w.node[COLL].current };
	// The collector's administrator has taken half of it away, and a collector that does not know this rule answers so.
	struct ike_site *c = &w.node[COLL].ike->sites[w.node[COLL].site].c;
	struct ike_child *theirs = sa_at(&w, COLL, IKE_UP)->children;
	c->there = theirs->there = selectors("10.99.1.0/25");
	world_act(&w, SITE, rows_rekey_pair);
	for (int i = 0; i < 40; i++) {
		rows_wait(&w, 10);
		assert_true(world_traffic(&w));
	}
	for (int i = 0; i < NODES; i++) {
		assert_int_equal(world_pairs(&w, i), 1);
		assert_int_equal(w.node[i].current, old[i]);
	}
	c->there = theirs->there = selectors("10.99.1.0/24");
	world_run(&w, 20);
	rows_one_of_each(&w);
	assert_int_not_equal(w.node[SITE].current, old[SITE]);
	world_done(&w);
}

static void row_7_3_6_lifetimes_have_jitter_and_soft_comes_first(void **state)
{
	struct world w;
	struct setting s = setting_plain();
	s.site[SITE].child_life = s.site[COLL].child_life = 1000 * IKE_SECOND;
	s.site[SITE].ike_life = s.site[COLL].ike_life = 9000 * IKE_SECOND;
	rows_up(&w, &s, 509);
	for (int i = 0; i < NODES; i++) {
		const struct ike_sa *sa = sa_at(&w, i, IKE_UP);
		assert_true(sa->soft < sa->hard && sa->children->soft < sa->children->hard);
	}
	int64_t life = 1000 * IKE_SECOND, least = life, most = 0;
	for (int i = 0; i < 1000; i++) {
		int64_t soft = ike_jitter(w.node[SITE].ike, life);
		least = soft < least ? soft : least;
		most = soft > most ? soft : most;
	}
	assert_true(least >= life / 10 * 8 && least < life / 100 * 81);
	assert_true(most <= life / 10 * 9 && most > life / 100 * 89);
	world_done(&w);
}

// Refused again and again, a pair ends at its hard limit and not later; then another one is asked for.
static void row_7_3_6_the_hard_limit_holds_and_a_new_pair_follows(void **state)
{
	for (int who = 0; who < NODES; who++) {
		struct world w;
		struct setting s = setting_plain();
		s.site[who].child_life = 100 * IKE_SECOND;
		s.site[who].esp.groups = 1u << DH_P256;
		s.site[1 - who].esp.groups = 1u << DH_P384; // whoever asks is refused
		rows_up(&w, &s, 510);
		int64_t hard = sa_at(&w, who, IKE_UP)->children->hard;
		while (w.now < hard - IKE_SECOND) {
			world_run(&w, 1);
			assert_int_equal(world_pairs(&w, SITE), 1);
			assert_int_equal(world_pairs(&w, COLL), 1);
		}
		assert_true(world_count(&w, 1 - who, ST_IKE_PROPOSAL) >= 1);
		while (w.now < hard + IKE_SECOND / 2)
			rows_wait(&w, 10);
		assert_int_equal(world_pairs(&w, SITE), 0);
		assert_int_equal(world_pairs(&w, COLL), 0);
		for (int i = 0; i < NODES; i++)
			w.node[i].ike->sites[w.node[i].site].c.esp.groups = 1u << DH_P256;
		world_run(&w, 30);
		rows_one_of_each(&w);
		world_done(&w);
	}
}

static enum st refuse_with_group(struct world *w, struct ike_sa *coll, uint8_t group)
{
	struct ike_sa *site = sa_at(w, SITE, IKE_UP);
	struct ike_writer c = words();
	uint8_t wanted[2] = { 0, group };
	ike_put_notify(&c, N_INVALID_KE_PAYLOAD, span_of(wanted, 2));
	return say(w, SITE, coll, IKE_CREATE_CHILD_SA, true, site->send_id, &c);
}

// In CREATE_CHILD_SA, too, and there once alone; for a pair and for the IKE SA.
static void row_7_2_2_one_other_group_in_create_child_sa(void **state)
{
	void (*const rekeys[])(struct world *, int, struct ike_out *) = { rows_rekey_pair, rows_rekey_ike };
	for (int i = 0; i < 2; i++) {
		struct world w;
		struct setting s = setting_plain();
		s.site[SITE].ike.groups = s.site[SITE].esp.groups = 1u << DH_X25519 | 1u << DH_P256 | 1u << DH_P384;
		rows_up(&w, &s, 511);
		struct ike_sa *coll = sa_at(&w, COLL, IKE_UP), *site = sa_at(&w, SITE, IKE_UP);
		w.cut = true;
		world_act(&w, SITE, rekeys[i]);
		assert_int_equal(refuse_with_group(&w, coll, 19), ST_OK);
		assert_int_equal(sends(), 1); // the same with P-256
		assert_int_equal(dh_group_of(site->task.dh)->wire, 19);
		ike_out_done(world_out());
		assert_int_equal(refuse_with_group(&w, coll, 20), ST_OK);
		assert_int_equal(sends(), 0); // and not a third time
		assert_int_equal(site->task.kind, TASK_NONE);
		ike_out_done(world_out());
		coll->take_id = site->send_id; // what was answered in its name
		w.cut = false;
		world_run(&w, 30);
		rows_one_of_each(&w);
		world_done(&w);
	}
}

static void row_7_2_2_no_group_that_was_not_offered_in_create_child_sa(void **state)
{
	static const uint8_t groups[] = { 14, 20, 31, 0 }; // not offered, not offered, the one it was, none
	for (size_t i = 0; i < sizeof groups; i++) {
		struct world w;
		struct setting s = setting_plain();
		s.site[SITE].esp.groups = 1u << DH_X25519 | 1u << DH_P256;
		rows_up(&w, &s, 512);
		w.cut = true;
		world_act(&w, SITE, rows_rekey_pair);
		assert_int_equal(refuse_with_group(&w, sa_at(&w, COLL, IKE_UP), groups[i]), ST_OK);
		assert_int_equal(sends(), 0);
		assert_int_equal(sa_at(&w, SITE, IKE_UP)->task.kind, TASK_NONE);
		world_effects(&w, SITE);
		world_done(&w);
	}
}

// The data plane counts octets and packets; when it says so, one exchange follows, however often it says it.
static void row_7_3_6_a_pair_at_its_limit_is_asked_for_once(void **state)
{
	struct world w;
	struct setting s = setting_plain();
	rows_up(&w, &s, 513);
	overhear(&w, NULL);
	uint32_t old = w.node[COLL].current;
	for (int i = 0; i < 5; i++)
		world_act(&w, COLL, rows_rekey_pair);
	ike_rekey(w.node[COLL].ike, w.now, old + 1, world_out()); // a pair that nobody has
	assert_int_equal(world_out()->n, 0);
	world_settle(&w);
	assert_int_equal(hear_count(-1, IKE_CREATE_CHILD_SA, false), 1);
	assert_int_not_equal(w.node[COLL].current, old);
	rows_one_of_each(&w);
	world_done(&w);
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(row_7_3_1_the_pair_with_the_lowest_of_four_nonces_goes),
	cmocka_unit_test(row_7_3_1_both_new_pairs_receive_meanwhile),
	cmocka_unit_test(row_7_3_3_crossing_deletes_are_answered_without_the_pair),
	cmocka_unit_test(row_7_3_3_child_sa_not_found_cleans_up_and_goes_on),
	cmocka_unit_test(row_7_3_4_who_uses_the_new_pair_when),
	cmocka_unit_test(row_7_3_5_rekey_sa_names_the_askers_inbound_spi),
	cmocka_unit_test(row_7_3_5_a_rekey_never_narrows_and_keeps_the_mode),
	cmocka_unit_test(row_7_3_5_another_pair_is_no_rekey),
	cmocka_unit_test(row_7_3_5_our_own_rekey_asks_for_what_the_pair_carries),
	cmocka_unit_test(row_7_3_5_an_answer_that_narrows_takes_nothing_over),
	cmocka_unit_test(row_7_3_6_lifetimes_have_jitter_and_soft_comes_first),
	cmocka_unit_test(row_7_3_6_the_hard_limit_holds_and_a_new_pair_follows),
	cmocka_unit_test(row_7_2_2_one_other_group_in_create_child_sa),
	cmocka_unit_test(row_7_2_2_no_group_that_was_not_offered_in_create_child_sa),
	cmocka_unit_test(row_7_3_6_a_pair_at_its_limit_is_asked_for_once),
};
const struct rows rows_73 = { tests, sizeof tests / sizeof *tests };
