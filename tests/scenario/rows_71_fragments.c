// SPDX-License-Identifier: Apache-2.0
// Fragments (RFC 7383).
#include "rows.h"

static enum st say_part(struct world *w, struct ike_sa *sa, uint16_t number, uint16_t total, uint8_t first,
                        struct span text)
{
	return say_cut(w, sa, sa->send_id, &(struct cut){ number, total, first, text, 0, false });
}

static struct span an_info(void) // a chain that INFORMATIONAL takes
{
	struct ike_writer c = words();
	static const uint8_t padding[400];
	ike_put_notify(&c, 40000, span_of(padding, sizeof padding));
	return wr_span(&c.w);
}

static void row_7_1_4_fragments_by_the_rules(void **state)
{
	struct world w;
	struct setting s = setting_plain();
	rows_up(&w, &s, 109);
	struct ike_sa *coll = sa_at(&w, COLL, IKE_UP), *site = sa_at(&w, SITE, IKE_UP);
	struct span all = an_info();
#define PART(from, to) span_of(all.p + (from), (to) - (from))
	// Numbers begin at 1 and end at the total; the first payload is named by the first fragment alone.
	assert_int_equal(say_part(&w, site, 0, 2, PAYLOAD_NONE, PART(0, 100)), ST_IKE_PAYLOAD);
	assert_int_equal(say_part(&w, site, 3, 2, PAYLOAD_NONE, PART(0, 100)), ST_IKE_PAYLOAD);
	assert_int_equal(say_part(&w, site, 2, 2, PAYLOAD_NOTIFY, PART(0, 100)), ST_IKE_PAYLOAD);
	assert_null(coll->parts[0]);
	// A larger total discards what is there; a smaller one is discarded.
	assert_int_equal(say_part(&w, site, 1, 2, PAYLOAD_NOTIFY, PART(0, 200)), ST_IKE_FRAGMENT);
	assert_int_equal(coll->parts[0]->have, 1);
	assert_int_equal(say_part(&w, site, 3, 3, PAYLOAD_NONE, PART(300, all.n)), ST_IKE_FRAGMENT);
	assert_int_equal(coll->parts[0]->have, 1);
	assert_int_equal(coll->parts[0]->total, 3);
	assert_int_equal(say_part(&w, site, 2, 2, PAYLOAD_NONE, PART(200, all.n)), ST_IKE_FRAGMENT);
	assert_int_equal(coll->parts[0]->have, 1);
	assert_int_equal(coll->parts[0]->total, 3);
	// Twice the same counts once.
	assert_int_equal(say_part(&w, site, 3, 3, PAYLOAD_NONE, PART(300, all.n)), ST_IKE_FRAGMENT);
	assert_int_equal(coll->parts[0]->have, 1);
	assert_int_equal(say_part(&w, site, 1, 3, PAYLOAD_NOTIFY, PART(0, 150)), ST_IKE_FRAGMENT);
	assert_int_equal(sends(), 0);
	assert_int_equal(say_part(&w, site, 2, 3, PAYLOAD_NONE, PART(150, 300)), ST_OK);
	assert_int_equal(sends(), 1);
	assert_null(coll->parts[0]);
	// Fragments of an answered request: the first alone brings the answer again.
	assert_int_equal(say_part(&w, site, 2, 3, PAYLOAD_NONE, PART(150, 300)), ST_IKE_AGAIN);
	assert_int_equal(sends(), 1);
	assert_int_equal(say_part(&w, site, 1, 3, PAYLOAD_NOTIFY, PART(0, 150)), ST_IKE_AGAIN);
	assert_int_equal(sends(), 2);
	world_done(&w);
}

static void row_7_1_4_fragments_are_capped_and_authentic(void **state)
{
	struct world w;
	struct setting s = setting_plain();
	static const uint8_t big[1200];
	rows_up(&w, &s, 110);
	struct ike_sa *coll = sa_at(&w, COLL, IKE_UP), *site = sa_at(&w, SITE, IKE_UP);
	assert_int_equal(say_part(&w, site, 1, IKE_FRAGMENTS_MAX + 1, PAYLOAD_NOTIFY, span_of(big, 10)),
	                 ST_IKE_FRAGMENT_LIMIT);
	assert_null(coll->parts[0]);
	enum st st = ST_IKE_FRAGMENT;
	uint16_t i = 0;
	while (st == ST_IKE_FRAGMENT) {
		i++;
		st = say_part(&w, site, i, IKE_FRAGMENTS_MAX, i == 1 ? PAYLOAD_NOTIFY : PAYLOAD_NONE,
		              span_of(big, sizeof big));
	}
	assert_int_equal(st, ST_IKE_FRAGMENT_LIMIT);
	assert_int_equal(i, IKE_CHAIN_MAX / sizeof big + 1);
	assert_true(coll->parts[0]->bytes <= IKE_CHAIN_MAX);
	// A forged one is not kept, and pushes nothing out.
	uint16_t have = coll->parts[0]->have;
	static uint8_t forged[120];
	struct ike_writer c = ike_writer_of(forged, sizeof forged);
	static const uint8_t body[60] = { 0, 64, 0, 64 };
	ike_put(&c, PAYLOAD_SKF, span_of(body, sizeof body));
	struct ike_header h = { site->spi_i, site->spi_r, coll->take_id, IKE_INFORMATIONAL, IKE_FLAG_INITIATOR };
	ike_put_header(&c, &h);
	assert_int_equal(tell(&w, COLL, &coll->path, wr_span(&c.w)), ST_FORGED);
	assert_int_equal(coll->parts[0]->have, have);
	assert_int_equal(sends(), 0);
	world_done(&w);
}

// CVE-2026-12413: whatever stands in clear beside a fragment is refused, known or not, before anything is kept.
static void row_7_1_4_no_payload_beside_a_fragment(void **state)
{
	static const uint8_t beside[] = { PAYLOAD_NOTIFY, PAYLOAD_VENDOR, 60, 127, 60 | 0x80 };
	for (size_t i = 0; i < sizeof beside; i++) {
		struct world w;
		struct setting s = setting_plain();
		rows_up(&w, &s, 111);
		struct ike_sa *coll = sa_at(&w, COLL, IKE_UP), *site = sa_at(&w, SITE, IKE_UP);
		struct span all = an_info();
		struct cut cut = { 1, 2, PAYLOAD_NOTIFY, PART(0, 100), beside[i] & 0x7f, beside[i] & 0x80 };
		enum st st = say_cut(&w, site, coll->take_id, &cut);
		assert_true(st == ST_IKE_PAYLOADS || st == ST_IKE_PAYLOAD || st == ST_IKE_CRITICAL);
		assert_null(coll->parts[0]);
		assert_int_equal(sends(), 0);
		world_done(&w);
	}
#undef PART
}

static void row_7_1_4_init_is_never_fragmented(void **state)
{
	struct world w;
	struct setting s = setting_plain();
	s.config[SITE].datagram = s.config[COLL].datagram = IKE_FRAGMENT_MIN;
	s.site[SITE].ike.groups = s.site[COLL].ike.groups = s.config[COLL].ike.groups = 1u << DH_MODP2048;
	world_new(&w, &s, 112);
	overhear(&w, NULL);
	world_settle(&w);
	rows_one_of_each(&w);
	assert_int_equal(hear_count(SITE, IKE_SA_INIT, false), 1);
	assert_true(hear(SITE, IKE_SA_INIT, false, 0)->n > IKE_FRAGMENT_MIN);
	assert_int_equal(hear_count(COLL, IKE_SA_INIT, true), 1);
	world_done(&w);
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(row_7_1_4_fragments_by_the_rules),
	cmocka_unit_test(row_7_1_4_fragments_are_capped_and_authentic),
	cmocka_unit_test(row_7_1_4_no_payload_beside_a_fragment),
	cmocka_unit_test(row_7_1_4_init_is_never_fragmented),
};
const struct rows rows_71_fragments = { tests, sizeof tests / sizeof *tests };
