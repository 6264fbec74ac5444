// SPDX-License-Identifier: Apache-2.0
// Header, message IDs, retransmission (RFC 7296 2.1 to 2.5).
#include "rows.h"

#include <stdio.h>

// Half-open SAs of others, so that cookies are asked of everyone.
static void crowd(struct world *w)
{
	struct stranger s = stranger_new(w, "198.51.100.1:4500");
	assert_int_equal(stranger_says(w, &s), ST_OK);
	ike_out_done(world_out());
	assert_int_equal(ike_counters(w->node[COLL].ike)->half_open, 1);
}

static void ask_cookie_and_group(struct setting *s)
{
	s->config[COLL].cookie_from = 1;
	s->config[COLL].ike.groups = s->site[COLL].ike.groups = 1u << DH_X25519;
	s->site[SITE].ike.groups = 1u << DH_P256 | 1u << DH_X25519;
}

static void start_with_p256(struct world *w) // X25519 stands before it in our own order
{
	struct ike_out *out = world_out();
	ike_tick(w->node[SITE].ike, w->now, out);
	ike_out_done(out);
	struct ike_turn t = ike_turn_of(w->node[SITE].ike, sa_at(w, SITE, IKE_INIT_SENT), w->now, out);
	struct ike_start *start = t.sa->start;
	dh_free(start->dh);
	start->group = dh_at(DH_P256);
	assert_int_equal(dh_new(w->crypto, start->group, &start->dh), ST_OK);
	assert_int_equal(ike_start_send(&t), ST_OK);
}

static void row_7_1_1_init_repeats_keep_id_0(void **state)
{
	struct world w;
	struct setting s = setting_plain();
	ask_cookie_and_group(&s);
	world_new(&w, &s, 101);
	crowd(&w);
	overhear(&w, NULL);
	start_with_p256(&w);
	world_effects(&w, SITE);
	world_settle(&w);
	rows_one_of_each(&w);
	assert_int_equal(hear_count(SITE, IKE_SA_INIT, false), 3); // plain, with the cookie, with the other group
	for (size_t i = 0; i < 3; i++) {
		const struct heard *h = hear(SITE, IKE_SA_INIT, false, i);
		assert_int_equal(h->m.id, 0);
		assert_int_equal(h->m.spi_r, 0);
		assert_true(h->m.spi_i == hear(SITE, IKE_SA_INIT, false, 0)->m.spi_i);
		assert_int_equal(hear(COLL, IKE_SA_INIT, true, i)->m.id, 0);
	}
	assert_int_equal(hear(SITE, IKE_AUTH, false, 0)->m.id, 1);
	world_done(&w);
}

// By the formula of RFC 7296 2.15, over octets as they were on the wire.
static void want_auth(const struct ike_sa *sa, const struct heard *init, const struct ike_nonce *nonce,
                      const struct heard *auth, bool initiator)
{
	const struct digest_alg *alg = sa->suite.prf;
	uint8_t mac[DIGEST_MAX], key[DIGEST_MAX], want[DIGEST_MAX];
	struct span id = ike_body(&auth->m, initiator ? PAYLOAD_IDI : PAYLOAD_IDR), pad = span_str("Key Pad for IKEv2");
	prf(alg, span_of(initiator ? sa->pi : sa->pr, alg->size), &id, 1, mac);
	prf(alg, span_str("trapline-test-key-of-some-length"), &pad, 1, key);
	const struct span parts[] = { span_of(init->bytes, init->n), span_of(nonce->at, nonce->n),
		                      span_of(mac, alg->size) };
	prf(alg, span_of(key, alg->size), parts, 3, want);
	struct ike_proof proof;
	assert_int_equal(ike_read_proof(ike_body(&auth->m, PAYLOAD_AUTH), &proof), ST_OK);
	assert_int_equal(proof.method, AUTH_PSK);
	assert_int_equal(proof.data.n, alg->size);
	assert_memory_equal(proof.data.p, want, alg->size);
}

static bool all_but_auth_answers(struct world *w, const struct heard *h)
{
	return h->from == SITE || h->m.exchange != IKE_AUTH;
}

static void auth_covers(uint16_t port, size_t rounds)
{
	struct world w;
	struct setting s = setting_plain();
	if (rounds > 1)
		ask_cookie_and_group(&s);
	s.site[SITE].path.local.port = s.site[SITE].path.remote.port = port;
	world_new(&w, &s, 102);
	overhear(&w, all_but_auth_answers);
	if (rounds > 1) {
		crowd(&w);
		start_with_p256(&w);
		world_effects(&w, SITE);
	}
	world_run(&w, 1);
	assert_int_equal(hear_count(SITE, IKE_SA_INIT, false), rounds);
	const struct heard *asked = hear(SITE, IKE_SA_INIT, false, rounds - 1),
	                   *answered = hear(COLL, IKE_SA_INIT, true, rounds - 1);
	assert_int_equal(asked->path.marked, port != 500);
	const struct ike_sa *sa = sa_at(&w, SITE, IKE_AUTH_SENT); // it has the keys still, and waits
	want_auth(sa, asked, &sa->start->nr, hear(SITE, IKE_AUTH, false, 0), true);
	want_auth(sa, answered, &sa->start->ni, hear(COLL, IKE_AUTH, true, 0), false);
	overhear(&w, NULL);
	world_settle(&w);
	rows_one_of_each(&w);
	world_done(&w);
}

static void row_7_1_1_auth_covers_the_last_init_without_marker(void **state)
{
	static const uint16_t ports[] = { 500, 4500, 2797 };
	for (size_t i = 0; i < 3; i++) {
		auth_covers(ports[i], 1);
		auth_covers(ports[i], 3);
	}
}

static bool no_answers(struct world *w, const struct heard *h)
{
	return h->from == SITE || h->m.exchange != IKE_INFORMATIONAL;
}

// Every request until its time-out: the same octets, from the side that asks alone; each is answered, with the same octets.
static void row_7_1_2_the_requester_repeats_and_answers_are_kept(void **state)
{
	struct world w;
	struct setting s = setting_plain();
	rows_up(&w, &s, 103);
	overhear(&w, no_answers);
	int64_t begin = w.now;
	world_act(&w, SITE, rows_check_life);
	world_run(&w, 62);
	assert_int_equal(hear_count(SITE, IKE_INFORMATIONAL, false), IKE_TRIES);
	assert_int_equal(hear_count(COLL, IKE_INFORMATIONAL, true), IKE_TRIES);
	const struct heard *q = hear(SITE, -1, false, 0), *a = hear(COLL, -1, true, 0);
	for (size_t i = 1; i < IKE_TRIES; i++) {
		const struct heard *again = hear(SITE, -1, false, i), *answer = hear(COLL, -1, true, i);
		assert_int_equal(again->at - begin, (IKE_FIRST_WAIT << i) - IKE_FIRST_WAIT);
		assert_int_equal(again->n, q->n);
		assert_memory_equal(again->bytes, q->bytes, q->n);
		assert_int_equal(answer->n, a->n);
		assert_memory_equal(answer->bytes, a->bytes, a->n);
		assert_true(answer->at > again->at && answer->at - again->at < IKE_SECOND);
	}
	assert_int_equal(world_count(&w, COLL, ST_IKE_AGAIN), IKE_TRIES - 1);
	world_done(&w);
}

// The answers to IKE_SA_INIT and IKE_AUTH, too: asked again, the same again; never by itself.
static void row_7_1_2_the_responder_never_repeats(void **state)
{
	struct world w;
	struct setting s = setting_plain();
	world_new(&w, &s, 104);
	overhear(&w, NULL);
	struct stranger x = stranger_new(&w, "198.51.100.1:4500");
	assert_int_equal(stranger_says(&w, &x), ST_OK);
	assert_int_equal(sends(), 1);
	uint8_t first[2048];
	size_t n = sent(0).n;
	memcpy(first, sent(0).p, n);
	ike_out_done(world_out());
	for (int second = 0; second < 29; second++) {
		w.now += IKE_SECOND;
		ike_tick(w.node[COLL].ike, w.now, world_out());
		assert_int_equal(world_out()->n, 0);
	}
	assert_int_equal(stranger_says(&w, &x), ST_IKE_AGAIN);
	assert_int_equal(sends(), 1);
	assert_int_equal(sent(0).n, n);
	assert_memory_equal(sent(0).p, first, n);
	ike_out_done(world_out());
	world_done(&w);
}

static void rekey_both(struct world *w, int which, struct ike_out *out)
{
	ike_rekey(w->node[which].ike, w->now, w->node[which].current, out);
	ike_rekey_site(w->node[which].ike, w->now, w->node[which].site, out);
}

static bool ours_in_flight(struct world *w, const struct heard *h)
{
	for (int i = 0; i < NODES; i++) { // at no time two requests of one SA
		const struct ike_heap *due = &w->node[i].ike->due;
		for (size_t k = 0; k < due->n; k++) {
			const struct ike_sa *sa = (const struct ike_sa *)due->at[k];
			if (h->from == i && !h->m.reply &&
			    ike_spi_here(sa) == (h->m.from_initiator ? h->m.spi_i : h->m.spi_r))
				assert_int_equal(h->m.id, sa->send_id);
		}
	}
	return true;
}

// Three things to do at once, and a peer that would take ten at once: still one request at a time, IDs without a gap.
static void row_7_1_2_the_window_is_1(void **state)
{
	struct world w;
	struct setting s = setting_plain();
	rows_up(&w, &s, 105);
	overhear(&w, ours_in_flight);
	struct ike_sa *coll = sa_at(&w, COLL, IKE_UP), *site = sa_at(&w, SITE, IKE_UP);
	struct ike_writer c = words();
	ike_put_notify(&c, N_SET_WINDOW_SIZE, span_of((const uint8_t[]){ 0, 0, 0, 10 }, 4));
	assert_int_equal(say(&w, SITE, coll, IKE_INFORMATIONAL, false, 0, &c), ST_OK);
	ike_out_done(world_out());
	uint64_t spi = site->spi_i;
	world_act(&w, SITE, rekey_both);
	world_act(&w, SITE, rows_check_life);
	world_run(&w, 0);
	assert_int_equal(hear_count(SITE, -1, false), 1);
	coll->send_id++; // what was said in its name
	world_settle(&w);
	rows_one_of_each(&w);
	uint32_t next = 2;
	for (size_t i = 0; i < n_heard; i++)
		if (heard[i].from == SITE && !heard[i].m.reply && heard[i].m.spi_i == spi)
			assert_int_equal(heard[i].m.id, next++);
	assert_true(next >= 5);
	world_done(&w);
}

// Both ask at once, each with its own next ID, and both are answered.
static void row_7_1_2_each_direction_counts_for_itself(void **state)
{
	struct world w;
	struct setting s = setting_plain();
	rows_up(&w, &s, 106);
	overhear(&w, NULL);
	for (uint32_t i = 0; i < 5; i++) {
		world_act(&w, SITE, rows_check_life);
		world_act(&w, COLL, rows_check_life);
		world_settle(&w);
		assert_int_equal(hear(SITE, -1, false, i)->m.id, 2 + i); // behind IKE_SA_INIT and IKE_AUTH
		assert_int_equal(hear(COLL, -1, false, i)->m.id, i);
		assert_int_equal(hear(COLL, -1, true, i)->m.id, 2 + i);
		assert_int_equal(hear(SITE, -1, true, i)->m.id, i);
	}
	rows_one_of_each(&w);
	world_done(&w);
}

static void many_selectors(struct setting *s)
{
	static const char *const inner[NODES] = { "10.99.%d.0/24", "10.98.%d.0/24" };
	for (int i = 0; i < NODES; i++) {
		struct ike_ts_list *list = &s->site[i].here;
		for (list->n = 0; list->n < IKE_TS_MAX; list->n++) {
			char text[32];
			struct prefix p;
			snprintf(text, sizeof text, inner[i], list->n);
			assert_int_equal(prefix_parse(text, &p), ST_OK);
			list->at[list->n] = ike_ts_of(&p);
		}
		s->site[1 - i].there = *list;
	}
}

static unsigned answers_in_parts;

static bool count_answers_in_parts(struct world *w, const struct heard *h)
{
	answers_in_parts += h->m.reply && h->m.fragments;
	return true;
}

// Both sides' requests and answers in fragments with the same message IDs, in any order.
static void row_7_1_2_fragments_of_each_direction_stay_apart(void **state)
{
	for (uint64_t seed = 1; seed <= 20; seed++) {
		struct world w;
		struct setting s = setting_plain();
		s.site[SITE].esp.groups = s.site[COLL].esp.groups = 1u << DH_MODP2048;
		s.config[SITE].datagram = s.config[COLL].datagram = IKE_FRAGMENT_MIN;
		many_selectors(&s);
		rows_up(&w, &s, seed);
		for (int i = 0; i < 2; i++) { // the site has asked twice; now both stand at 2
			world_act(&w, COLL, rows_check_life);
			world_settle(&w);
		}
		assert_int_equal(sa_at(&w, SITE, IKE_UP)->send_id, sa_at(&w, COLL, IKE_UP)->send_id);
		overhear(&w, count_answers_in_parts);
		w.jitter = 40;
		world_act(&w, SITE, rows_rekey_pair);
		world_act(&w, COLL, rows_rekey_pair);
		while (w.n_flight) // nothing is repeated for a second
			world_run(&w, 0), w.now += IKE_SECOND / 1000;
		for (int i = 0; i < NODES; i++)
			assert_int_equal(sa_at(&w, i, IKE_UP)->task.kind, TASK_NONE);
		assert_int_equal(world_count(&w, SITE, ST_IKE_PAYLOAD) + world_count(&w, COLL, ST_IKE_PAYLOAD), 0);
		w.jitter = 0;
		world_run(&w, 20);
		rows_one_of_each(&w);
		world_done(&w);
	}
	assert_true(answers_in_parts >= 40);
}

static void row_7_1_3_answers_outside_the_window_are_dropped(void **state)
{
	struct world w;
	struct setting s = setting_plain();
	rows_up(&w, &s, 107);
	struct ike_sa *coll = sa_at(&w, COLL, IKE_UP), *site = sa_at(&w, SITE, IKE_UP);
	struct ike_writer none = words();
	w.cut = true;
	assert_int_equal(say(&w, SITE, coll, IKE_INFORMATIONAL, true, site->send_id, &none),
	                 ST_IKE_ID); // nothing asked
	world_act(&w, SITE, rows_check_life);
	static const int off[] = { -2, -1, 1, 2, 1000 };
	for (size_t i = 0; i < sizeof off / sizeof *off; i++) {
		uint32_t id = site->send_id + (uint32_t)off[i];
		assert_int_equal(say(&w, SITE, coll, IKE_INFORMATIONAL, true, id, &none), ST_IKE_ID);
	}
	// The right one, of another exchange.
	assert_int_equal(say(&w, SITE, coll, IKE_CREATE_CHILD_SA, true, site->send_id, &none), ST_IKE_ID);
	assert_int_equal(world_out()->n, 0); // silently
	assert_int_equal(site->task.kind, TASK_CHECK);
	assert_int_equal(say(&w, SITE, coll, IKE_INFORMATIONAL, true, site->send_id, &none), ST_OK);
	assert_int_equal(site->task.kind, TASK_NONE);
	world_done(&w);
}

static void row_7_1_3_old_requests_get_the_kept_answer_new_ones_wait(void **state)
{
	struct world w;
	struct setting s = setting_plain();
	uint8_t kept[2048];
	rows_up(&w, &s, 108);
	struct ike_sa *coll = sa_at(&w, COLL, IKE_UP), *site = sa_at(&w, SITE, IKE_UP);
	struct ike_writer none = words();
	uint32_t id = coll->take_id;
	assert_int_equal(say(&w, COLL, site, IKE_INFORMATIONAL, false, id, &none), ST_OK);
	assert_int_equal(sends(), 1);
	size_t n = sent(0).n;
	memcpy(kept, sent(0).p, n);
	ike_out_done(world_out());
	assert_int_equal(say(&w, COLL, site, IKE_INFORMATIONAL, false, id, &none), ST_IKE_AGAIN);
	assert_int_equal(sends(), 1);
	assert_int_equal(sent(0).n, n);
	assert_memory_equal(sent(0).p, kept, n);
	ike_out_done(world_out());
	static const int off[] = { -3, -2, -1, 2, 3, 1000 }; // before the kept one, and beyond the next
	for (size_t i = 0; i < sizeof off / sizeof *off; i++)
		assert_int_equal(say(&w, COLL, site, IKE_INFORMATIONAL, false, id + (uint32_t)off[i], &none),
		                 ST_IKE_ID);
	assert_int_equal(world_out()->n, 0);
	assert_int_equal(coll->take_id, id + 1);
	// An old ID with other octets that nobody signed: nothing is sent.
	struct ike_writer bad = words();
	ike_put(&bad, PAYLOAD_SK, span_of(kept, 40));
	struct ike_header h = { site->spi_i, site->spi_r, id, IKE_INFORMATIONAL, IKE_FLAG_INITIATOR };
	ike_put_header(&bad, &h);
	assert_int_equal(tell(&w, COLL, &coll->path, wr_span(&bad.w)), ST_FORGED);
	assert_int_equal(world_out()->n, 0);
	world_done(&w);
}

// With the bit: refused by its number. Without: passed over. In IKE_SA_INIT and encrypted, requests and answers.
static void row_7_1_5_critical_payloads_are_named_others_skipped(void **state)
{
	struct world w;
	struct setting s = setting_plain();
	rows_up(&w, &s, 113);
	struct ike_sa *coll = sa_at(&w, COLL, IKE_UP), *site = sa_at(&w, SITE, IKE_UP);
	for (int critical = 0; critical < 2; critical++) {
		struct ike_writer c = words();
		ike_put(&c, (enum ike_payload)99, span_str("new"));
		c.w.at[1] = critical ? 0x80 : 0;
		overhear(&w, NULL);
		uint32_t id = coll->take_id;
		assert_int_equal(say(&w, COLL, site, IKE_INFORMATIONAL, false, id, &c),
		                 critical ? ST_IKE_CRITICAL : ST_OK);
		world_effects(&w, COLL);
		const struct heard *a = hear(COLL, IKE_INFORMATIONAL, true, 0);
		const struct ike_notify *n = ike_find_notify(&a->m, N_UNSUPPORTED_CRITICAL_PAYLOAD);
		assert_true(a->opened && a->m.id == id);
		assert_int_equal(n != NULL, critical);
		assert_true(!n || (n->data.n == 1 && n->data.p[0] == 99));
		assert_int_equal(coll->take_id, id + 1); // answered either way
		assert_int_equal(coll->state, IKE_UP);
	}
	world_done(&w);
}

static void row_7_1_5_critical_in_init(void **state)
{
	struct world w;
	struct setting s = setting_plain();
	world_new(&w, &s, 114);
	struct stranger x = stranger_new(&w, "198.51.100.1:4500");
	x.critical = 99;
	assert_int_equal(stranger_says(&w, &x), ST_IKE_CRITICAL);
	assert_int_equal(ike_counters(w.node[COLL].ike)->sas, 0);
	assert_int_equal(sends(), 1);
	struct ike_message m;
	assert_int_equal(ike_read_header(sent(0), &m), ST_OK);
	assert_int_equal(ike_read_clear(&m), ST_OK);
	const struct ike_notify *n = ike_find_notify(&m, N_UNSUPPORTED_CRITICAL_PAYLOAD);
	assert_true(m.reply && m.spi_i == x.spi && n && n->data.n == 1 && n->data.p[0] == 99);
	ike_out_done(world_out());
	world_done(&w);
}

// In clear in front of the encrypted payload: it is authenticated with it, so it counts.
static void row_7_1_5_critical_in_front_of_the_encrypted(void **state)
{
	for (int critical = 0; critical < 2; critical++) {
		struct world w;
		struct setting s = setting_plain();
		rows_up(&w, &s, 115);
		struct ike_sa *coll = sa_at(&w, COLL, IKE_UP), *site = sa_at(&w, SITE, IKE_UP);
		struct cut cut = { .beside = 99, .critical = critical };
		assert_int_equal(say_cut(&w, site, coll->take_id, &cut), critical ? ST_IKE_CRITICAL : ST_OK);
		assert_int_equal(sends(), 1);
		world_effects(&w, COLL);
		world_done(&w);
	}
}

static void row_7_1_5_higher_versions_are_told_and_dropped(void **state)
{
	struct world w;
	struct setting s = setting_plain();
	world_new(&w, &s, 116);
	struct stranger x = stranger_new(&w, "198.51.100.1:4500");
	uint8_t copy[2048];
	struct span init = stranger_init(&x);
	memcpy(copy, init.p, init.n);
	static const struct {
		uint8_t version, flags;
		bool told;
	} rows[] = {
		{ 0x30, IKE_FLAG_INITIATOR, true },
		{ 0xf0, IKE_FLAG_INITIATOR, true },
		{ 0x10, IKE_FLAG_INITIATOR, false }, // IKEv1: dropped, nothing to say to it
		{ 0x30, IKE_FLAG_INITIATOR | IKE_FLAG_RESPONSE, false },
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		copy[17] = rows[i].version;
		copy[19] = rows[i].flags;
		assert_int_equal(tell(&w, COLL, &x.path, span_of(copy, init.n)), ST_IKE_VERSION);
		assert_int_equal(sends(), rows[i].told);
		struct ike_message m;
		if (rows[i].told) {
			assert_int_equal(ike_read_header(sent(0), &m), ST_OK); // ours is version 2
			assert_int_equal(ike_read_clear(&m), ST_OK);
			assert_non_null(ike_find_notify(&m, N_INVALID_MAJOR_VERSION));
			assert_true(m.reply && m.spi_i == x.spi);
		}
		ike_out_done(world_out());
	}
	assert_int_equal(ike_counters(w.node[COLL].ike)->sas, 0);
	world_done(&w);
}

static void row_7_1_5_minor_version_and_reserved_bits_are_ignored(void **state)
{
	struct world w;
	struct setting s = setting_plain();
	world_new(&w, &s, 117);
	struct stranger x = stranger_new(&w, "198.51.100.1:4500");
	uint8_t copy[2048];
	struct span init = stranger_init(&x);
	memcpy(copy, init.p, init.n);
	copy[17] = 0x2f;
	copy[19] |= 0xd7;             // X bits, and that it could speak a higher version
	copy[IKE_HEADER + 1] |= 0x7f; // of the SA payload
	copy[IKE_HEADER + 5] = 0xff;  // of its first proposal
	assert_int_equal(tell(&w, COLL, &x.path, span_of(copy, init.n)), ST_OK);
	assert_int_equal(sends(), 1);
	assert_int_equal(sent(0).p[17], IKE_VERSION); // and ours are 0
	assert_int_equal(sent(0).p[19], IKE_FLAG_RESPONSE);
	ike_out_done(world_out());
	world_done(&w);
}

// Our own SPI finds an SA; the peer's, which it chose, and may have chosen like others, does not.
static void row_7_1_6_sas_are_found_by_our_own_spi(void **state)
{
	struct world w;
	struct setting s = setting_plain();
	rows_up(&w, &s, 118);
	struct ike_sa *coll = sa_at(&w, COLL, IKE_UP), *site = sa_at(&w, SITE, IKE_UP);
	struct stranger x = stranger_new(&w, "198.51.100.1:4500");
	x.spi = site->spi_i; // taken by somebody else as well
	assert_int_equal(stranger_says(&w, &x), ST_OK);
	ike_out_done(world_out());
	assert_int_equal(ike_counters(w.node[COLL].ike)->sas, 2);
	struct ike_writer none = words();
	assert_int_equal(say(&w, COLL, site, IKE_INFORMATIONAL, false, coll->take_id, &none), ST_OK);
	world_effects(&w, COLL);
	// Both SPIs right, the roles exchanged: what is ours there is the peer's.
	struct ike_writer c = words();
	static const uint8_t text[40];
	ike_put(&c, PAYLOAD_SK, span_of(text, sizeof text));
	struct ike_header h = { site->spi_i, site->spi_r, coll->take_id, IKE_INFORMATIONAL, 0 };
	ike_put_header(&c, &h);
	assert_int_equal(tell(&w, COLL, &coll->path, wr_span(&c.w)), ST_IKE_SPI);
	// Ours right, the peer's not.
	c = words();
	ike_put(&c, PAYLOAD_SK, span_of(text, sizeof text));
	h = (struct ike_header){ site->spi_i + 1, site->spi_r, coll->take_id, IKE_INFORMATIONAL, IKE_FLAG_INITIATOR };
	ike_put_header(&c, &h);
	assert_int_equal(tell(&w, COLL, &coll->path, wr_span(&c.w)), ST_IKE_SPI);
	ike_out_done(world_out());
	world_done(&w);
}

static void row_7_1_6_half_open_ones_by_spi_address_and_nonce(void **state)
{
	struct world w;
	struct setting s = setting_plain();
	world_new(&w, &s, 119);
	struct stranger x = stranger_new(&w, "198.51.100.1:4500"), y = x, z = x;
	assert_int_equal(stranger_says(&w, &x), ST_OK);
	assert_int_equal(stranger_says(&w, &x), ST_IKE_AGAIN); // the same: one
	assert_int_equal(ike_counters(w.node[COLL].ike)->half_open, 1);
	y.path.remote.port++; // another port of the same address may be another site
	assert_int_equal(stranger_says(&w, &y), ST_OK);
	static uint8_t nonce[32] = { 1 };
	z.nonce = span_of(nonce, sizeof nonce); // a second attempt with the same SPI
	assert_int_equal(stranger_says(&w, &z), ST_OK);
	assert_int_equal(ike_counters(w.node[COLL].ike)->half_open, 3);
	assert_int_equal(stranger_says(&w, &x), ST_IKE_AGAIN);
	assert_int_equal(stranger_says(&w, &y), ST_IKE_AGAIN);
	assert_int_equal(stranger_says(&w, &z), ST_IKE_AGAIN);
	ike_out_done(world_out());
	world_done(&w);
}

// Whatever somebody sends in clear in the collector's name: the attempt goes on, and the real answer brings it up.
static void row_7_1_7_unprotected_refusals_do_not_end_the_attempt(void **state)
{
	static const uint16_t refusals[] = { N_NO_PROPOSAL_CHOSEN,    N_INVALID_SYNTAX,
		                             N_AUTHENTICATION_FAILED, N_INVALID_IKE_SPI,
		                             N_INVALID_KE_PAYLOAD,    N_UNSUPPORTED_CRITICAL_PAYLOAD,
		                             N_INVALID_MAJOR_VERSION };
	struct world w;
	struct setting s = setting_plain();
	world_new(&w, &s, 120);
	w.cut = true;
	world_run(&w, 0);
	struct ike_sa *site = sa_at(&w, SITE, IKE_INIT_SENT);
	for (size_t i = 0; i < sizeof refusals / sizeof *refusals; i++)
		for (int version = 0x20; version <= 0x30; version += 0x10) {
			struct ike_writer c = words();
			ike_put_notify(&c, refusals[i], (struct span){ 0 });
			struct ike_header h = { site->spi_i, 0, 0, IKE_SA_INIT, IKE_FLAG_RESPONSE };
			ike_put_header(&c, &h);
			c.w.at[17] = (uint8_t)version;
			assert_int_not_equal(tell(&w, SITE, &site->path, wr_span(&c.w)), ST_OK);
			assert_int_equal(world_out()->n, 0);
			assert_int_equal(site->state, IKE_INIT_SENT);
		}
	w.cut = false;
	world_settle(&w);
	rows_one_of_each(&w);
	world_done(&w);
}

// And when nothing else comes, the refusal is the reason that is told, at the time-out and not before.
static void row_7_1_7_until_the_time_out(void **state)
{
	struct world w;
	struct setting s = setting_plain();
	s.site[COLL].ike.groups = s.config[COLL].ike.groups = 1u << DH_P384;
	s.site[SITE].ike.groups = 1u << DH_X25519;
	world_new(&w, &s, 121);
	overhear(&w, NULL);
	world_run(&w, 62);
	assert_non_null(sa_find(&w, SITE, IKE_INIT_SENT));
	assert_int_equal(hear_count(SITE, IKE_SA_INIT, false), IKE_TRIES);
	assert_true(world_count(&w, SITE, ST_IKE_REFUSED) >= IKE_TRIES);
	world_run(&w, 2);
	assert_null(sa_find(&w, SITE, IKE_INIT_SENT));
	world_done(&w);
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(row_7_1_1_init_repeats_keep_id_0),
	cmocka_unit_test(row_7_1_1_auth_covers_the_last_init_without_marker),
	cmocka_unit_test(row_7_1_2_the_requester_repeats_and_answers_are_kept),
	cmocka_unit_test(row_7_1_2_the_responder_never_repeats),
	cmocka_unit_test(row_7_1_2_the_window_is_1),
	cmocka_unit_test(row_7_1_2_each_direction_counts_for_itself),
	cmocka_unit_test(row_7_1_2_fragments_of_each_direction_stay_apart),
	cmocka_unit_test(row_7_1_3_answers_outside_the_window_are_dropped),
	cmocka_unit_test(row_7_1_3_old_requests_get_the_kept_answer_new_ones_wait),
	cmocka_unit_test(row_7_1_5_critical_payloads_are_named_others_skipped),
	cmocka_unit_test(row_7_1_5_critical_in_init),
	cmocka_unit_test(row_7_1_5_critical_in_front_of_the_encrypted),
	cmocka_unit_test(row_7_1_5_higher_versions_are_told_and_dropped),
	cmocka_unit_test(row_7_1_5_minor_version_and_reserved_bits_are_ignored),
	cmocka_unit_test(row_7_1_6_sas_are_found_by_our_own_spi),
	cmocka_unit_test(row_7_1_6_half_open_ones_by_spi_address_and_nonce),
	cmocka_unit_test(row_7_1_7_unprotected_refusals_do_not_end_the_attempt),
	cmocka_unit_test(row_7_1_7_until_the_time_out),
};
const struct rows rows_71 = { tests, sizeof tests / sizeof *tests };
