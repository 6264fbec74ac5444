// SPDX-License-Identifier: Apache-2.0
// Rekeys of the IKE SA, and its end (RFC 7296 1.3.2, 1.4.1, 2.8.2, 2.18, 2.25.2).
#include "rows.h"

static void close_site(struct world *w, int which, struct ike_out *out)
{
	ike_close(w->node[which].ike, w->now, w->node[which].site, out);
}

// Behind the header of the first proposal.
static uint64_t spi_of(const struct heard *h)
{
	struct rd r = rd_of(ike_body(&h->m, PAYLOAD_SA));
	rd_skip(&r, 8);
	uint64_t spi = rd_u64(&r);
	assert_false(r.bad);
	return spi;
}

// Who deletes the SA with this SPI of the initiator: NODES: nobody.
static int deleter(uint64_t spi_i)
{
	int who = NODES;
	for (size_t i = 0; i < n_heard; i++) {
		struct ike_delete d;
		const struct ike_message *m = &heard[i].m;
		if (m->reply || !m->n_deletes || m->spi_i != spi_i)
			continue;
		assert_int_equal(ike_read_delete(m->deletes[0], &d), ST_OK);
		assert_int_equal(d.protocol, PROTOCOL_IKE);
		assert_int_equal(who, NODES); // once
		who = heard[i].from;
	}
	return who;
}

static void row_7_3_2_the_ike_sa_with_the_lowest_of_four_nonces_goes(void **state)
{
	unsigned won[NODES] = { 0 };
	for (uint64_t seed = 1; seed <= 20; seed++) {
		struct world w;
		struct setting s = setting_plain();
		rows_up(&w, &s, seed);
		uint64_t old = sa_at(&w, SITE, IKE_UP)->spi_i, fresh[NODES];
		uint32_t pair[NODES] = { w.node[SITE].current, w.node[COLL].current };
		overhear(&w, NULL);
		world_act(&w, SITE, rows_rekey_ike);
		world_act(&w, COLL, rows_rekey_ike);
		rows_wait(&w, 200);
		struct span low[NODES];
		for (int i = 0; i < NODES; i++) {
			const struct heard *q = hear(i, IKE_CREATE_CHILD_SA, false, 0);
			low[i] = rows_lower(q, hear(1 - i, IKE_CREATE_CHILD_SA, true, 0));
			fresh[i] = spi_of(q);
		}
		int winner = memcmp(low[SITE].p, low[COLL].p, 32) > 0 ? SITE : COLL, loser = 1 - winner;
		rows_one_of_each(&w);
		for (int i = 0; i < NODES; i++) {
			assert_int_equal(ike_counters(w.node[i].ike)->sas, 1);
			assert_true(sa_at(&w, i, IKE_UP)->spi_i == fresh[winner]);
			assert_int_equal(w.node[i].current, pair[i]); // it has moved, and is the same
			assert_ptr_equal(ike_child_find(w.node[i].ike, pair[i])->sa, sa_at(&w, i, IKE_UP));
		}
		assert_int_equal(deleter(fresh[loser]), loser); // by who made it
		assert_int_equal(deleter(old), winner);
		assert_int_equal(deleter(fresh[winner]), NODES);
		won[winner]++;
		world_done(&w);
	}
	assert_true(won[SITE] && won[COLL]);
}

static void row_7_3_2_message_ids_begin_at_0(void **state)
{
	for (int who = 0; who < NODES; who++) {
		struct world w;
		struct setting s = setting_plain();
		rows_up(&w, &s, 521);
		for (int i = 0; i < 3; i++) {
			world_act(&w, SITE, rows_check_life);
			world_act(&w, COLL, rows_check_life);
			world_settle(&w);
		}
		uint64_t old = sa_at(&w, SITE, IKE_UP)->spi_i;
		overhear(&w, NULL);
		world_act(&w, who, rows_rekey_ike);
		world_settle(&w);
		for (int i = 0; i < 3; i++) {
			world_act(&w, SITE, rows_check_life);
			world_act(&w, COLL, rows_check_life);
			world_settle(&w);
		}
		uint32_t next[NODES] = { 0 };
		for (size_t i = 0; i < n_heard; i++)
			if (heard[i].m.spi_i != old && !heard[i].m.reply)
				assert_int_equal(heard[i].m.id, next[heard[i].from]++);
		assert_true(next[SITE] >= 3 && next[COLL] >= 3);
		world_done(&w);
	}
}

// An answer that is none: the old SA stays, and it is tried again later.
static void row_7_3_2_a_bad_answer_leaves_the_old_sa(void **state)
{
	static const uint8_t nonce[32] = { 1 }, public[32] = { 9 }, spi[8] = { 1, 2, 3, 4, 5, 6, 7, 8 };
	for (uint16_t group = 19; group <= 31; group += 12) {
		struct world w;
		struct setting s = setting_plain();
		rows_up(&w, &s, 522);
		struct ike_sa *site = sa_at(&w, SITE, IKE_UP), *coll = sa_at(&w, COLL, IKE_UP);
		w.cut = true;
		world_act(&w, SITE, rows_rekey_ike);
		struct ike_suite suite = site->suite;
		struct ike_writer c = words();
		ike_put(&c, PAYLOAD_NONCE, span_of(nonce, sizeof nonce));
		ike_put_ke(&c, group, span_of(public, group == 31 ? 31 : 32));
		ike_put_suite(&c, PROTOCOL_IKE, &suite, span_of(spi, sizeof spi));
		uint32_t id = site->send_id;
		assert_int_equal(say(&w, SITE, coll, IKE_CREATE_CHILD_SA, true, id, &c),
		                 group == 31 ? ST_IKE_KEY : ST_IKE_GROUP);
		assert_int_equal(world_out()->n, 0);
		assert_ptr_equal(sa_at(&w, SITE, IKE_UP), site);
		assert_int_equal(ike_counters(w.node[SITE].ike)->sas, 1);
		assert_true(site->soft > w.now && site->soft < w.now + 3 * IKE_RETRY);
		coll->take_id++; // what was answered in its name
		w.cut = false;
		world_run(&w, 3 * IKE_RETRY / IKE_SECOND);
		rows_one_of_each(&w);
		assert_true(sa_at(&w, SITE, IKE_UP)->rekeys == 1);
		world_done(&w);
	}
}

static const struct heard *waits;
static uint64_t old_spi;

// Of the old SA: the collector's answers to CREATE_CHILD_SA and checks wait, and so do the site's to a delete.
static bool hold(struct world *w, const struct heard *h)
{
	if (h->m.spi_i != old_spi || !h->m.reply)
		return true;
	if (h->from == COLL && !waits)
		waits = h;
	bool asked = h->from == SITE && h->m.exchange == IKE_CREATE_CHILD_SA;
	return asked;
}

// Both have rekeyed; the collector's went through, and its delete of the old SA comes before its answer to ours. False: with
// this seed the nonces decide otherwise.
static bool overtaken(struct world *w, struct setting *s, uint64_t seed)
{
	rows_up(w, s, seed);
	old_spi = sa_at(w, SITE, IKE_UP)->spi_i;
	waits = NULL;
	overhear(w, hold);
	world_act(w, SITE, rows_rekey_ike);
	world_act(w, COLL, rows_rekey_ike);
	rows_wait(w, 100);
	struct ike_sa *old = sa_find(w, SITE, IKE_REPLACED);
	return old && old->task.kind == TASK_REKEY && old->task.lost;
}

enum late { ANSWER, BAD_ANSWER, REFUSAL, BAD_REFUSAL, LATES };

static enum st say_late(struct world *w, enum late what)
{
	struct ike_sa *site = sa_at(w, SITE, IKE_REPLACED), *coll = ike_sa_find(w->node[COLL].ike, site->spi_r);
	struct ike_writer c = words();
	static const uint8_t nonce[32] = { 1 }, public[32] = { 9 }, spi[8] = { 1, 2, 3, 4, 5, 6, 7, 8 };
	assert_non_null(waits);
	if (what == ANSWER)
		return tell(w, SITE, &site->path, span_of(waits->bytes, waits->n));
	if (what == BAD_ANSWER) {
		ike_put(&c, PAYLOAD_NONCE, span_of(nonce, sizeof nonce));
		ike_put_ke(&c, 19, span_of(public, sizeof public));
		ike_put_suite(&c, PROTOCOL_IKE, &site->suite, span_of(spi, sizeof spi));
	} else {
		ike_put_notify(&c, what == REFUSAL ? N_TEMPORARY_FAILURE : N_INITIAL_CONTACT, (struct span){ 0 });
	}
	return say(w, SITE, coll, IKE_CREATE_CHILD_SA, true, site->send_id, &c);
}

// Whatever comes late: the old SA is gone, the collector's is the one that stays, and nothing of ours is left.
static void row_7_3_2_an_answer_behind_the_delete(void **state)
{
	unsigned seen[LATES] = { 0 };
	for (uint64_t seed = 1; seed <= 40; seed++) {
		struct world w;
		struct setting s = setting_plain();
		enum late what = seed % LATES;
		if (!overtaken(&w, &s, seed)) {
			world_done(&w);
			continue;
		}
		enum st st = say_late(&w, what);
		assert_int_equal(st == ST_OK, what == ANSWER || what == REFUSAL);
		assert_null(sa_find(&w, SITE, IKE_REPLACED));
		overhear(&w, NULL);
		world_effects(&w, SITE);
		world_run(&w, 70);
		rows_one_of_each(&w);
		assert_int_equal(ike_counters(w.node[SITE].ike)->sas, 1);
		// Where its answer was another one than it thinks, it still has what it made for us, until its DPD.
		assert_int_equal(ike_counters(w.node[COLL].ike)->sas, what == ANSWER ? 1 : 2);
		seen[what]++;
		world_done(&w);
	}
	for (int i = 0; i < LATES; i++)
		assert_true(seen[i] > 0);
}

// Replaced by the peer while our check of its life is under way: its answer is still taken, and makes no difference.
static void row_7_3_2_a_check_ends_on_the_old_sa(void **state)
{
	struct world w;
	struct setting s = setting_plain();
	rows_up(&w, &s, 523);
	old_spi = sa_at(&w, SITE, IKE_UP)->spi_i;
	waits = NULL;
	overhear(&w, hold);
	world_act(&w, SITE, rows_check_life);
	rows_wait(&w, 20);
	assert_true(waits && waits->m.exchange == IKE_INFORMATIONAL);
	struct ike_sa *site = sa_at(&w, SITE, IKE_UP), *coll = sa_at(&w, COLL, IKE_UP);
	world_act(&w, COLL, rows_rekey_ike);
	for (int i = 0; i < 50 && site->state == IKE_UP; i++)
		rows_wait(&w, 1);
	assert_int_equal(site->state, IKE_REPLACED);
	assert_int_equal(tell(&w, SITE, &site->path, span_of(waits->bytes, waits->n)), ST_OK);
	world_effects(&w, SITE);
	assert_true(site->state == IKE_REPLACED && site->task.kind == TASK_NONE);
	// And nothing new is made on it any more (RFC 7296 2.25.2).
	struct ike_writer c = words();
	ike_put(&c, PAYLOAD_NONCE, span_str("a nonce of 16 and more"));
	ike_put(&c, PAYLOAD_SA, (struct span){ 0 });
	assert_int_equal(say(&w, SITE, coll, IKE_CREATE_CHILD_SA, false, site->take_id, &c), ST_IKE_LATER);
	ike_out_done(world_out());
	overhear(&w, NULL);
	world_run(&w, 70);
	rows_one_of_each(&w);
	assert_int_equal(ike_counters(w.node[SITE].ike)->sas, 1);
	world_done(&w);
}

static bool hold_everything_of_coll(struct world *w, const struct heard *h)
{
	return h->from != COLL || h->m.spi_i != old_spi;
}

static void row_7_3_3_nothing_new_while_the_delete_is_under_way(void **state)
{
	struct world w;
	struct setting s = setting_plain();
	rows_up(&w, &s, 524);
	s.site[SITE].initiate = false;
	struct ike_sa *site = sa_at(&w, SITE, IKE_UP), *coll = sa_at(&w, COLL, IKE_UP);
	old_spi = site->spi_i;
	overhear(&w, hold_everything_of_coll);
	world_act(&w, COLL, close_site);
	assert_int_equal(coll->state, IKE_CLOSING);
	struct ike_writer c = words(), none;
	ike_put(&c, PAYLOAD_NONCE, span_str("a nonce of 16 and more"));
	ike_put(&c, PAYLOAD_SA, (struct span){ 0 });
	assert_int_equal(say(&w, COLL, site, IKE_CREATE_CHILD_SA, false, coll->take_id, &c), ST_IKE_LATER);
	assert_int_equal(coll->state, IKE_CLOSING);
	none = words();
	assert_int_equal(say(&w, COLL, site, IKE_INFORMATIONAL, false, coll->take_id, &none),
	                 ST_OK); // life is answered
	assert_int_equal(coll->state, IKE_CLOSING);
	none = words();
	ike_put_delete(&none, 0);
	assert_int_equal(say(&w, COLL, site, IKE_INFORMATIONAL, false, coll->take_id, &none),
	                 ST_OK); // theirs crosses it
	world_effects(&w, COLL);
	assert_int_equal(ike_counters(w.node[COLL].ike)->sas, 0);
	assert_int_equal(world_pairs(&w, COLL), 0);
	world_done(&w);
}

// A rekey of the IKE SA comes while one of a pair is under way, and the other way round: later, and later it happens.
static void row_7_3_3_temporary_failure_then_again(void **state)
{
	for (int who = 0; who < NODES; who++) {
		struct world w;
		struct setting s = setting_plain();
		rows_up(&w, &s, 525);
		uint64_t ike = sa_at(&w, who, IKE_UP)->spi_i;
		uint32_t pair = w.node[1 - who].current;
		overhear(&w, NULL);
		world_act(&w, who, rows_rekey_ike);
		world_act(&w, 1 - who, rows_rekey_pair);
		rows_wait(&w, 100);
		unsigned later = 0;
		for (int i = 0; i < NODES; i++) {
			const struct heard *a = hear(i, IKE_CREATE_CHILD_SA, true, 0);
			later += ike_find_notify(&a->m, N_TEMPORARY_FAILURE) != NULL;
			assert_int_equal(world_pairs(&w, i), 1);
		}
		assert_int_equal(later, 2); // both were asked in the middle of their own
		assert_true(sa_at(&w, who, IKE_UP)->spi_i == ike);
		world_run(&w, 30);
		rows_one_of_each(&w);
		assert_true(sa_at(&w, who, IKE_UP)->spi_i != ike);
		assert_int_not_equal(w.node[1 - who].current, pair);
		world_done(&w);
	}
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(row_7_3_2_the_ike_sa_with_the_lowest_of_four_nonces_goes),
	cmocka_unit_test(row_7_3_2_message_ids_begin_at_0),
	cmocka_unit_test(row_7_3_2_a_bad_answer_leaves_the_old_sa),
	cmocka_unit_test(row_7_3_2_an_answer_behind_the_delete),
	cmocka_unit_test(row_7_3_2_a_check_ends_on_the_old_sa),
	cmocka_unit_test(row_7_3_3_nothing_new_while_the_delete_is_under_way),
	cmocka_unit_test(row_7_3_3_temporary_failure_then_again),
};
const struct rows rows_73_ike = { tests, sizeof tests / sizeof *tests };
