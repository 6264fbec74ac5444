// SPDX-License-Identifier: Apache-2.0
// Requests and the walk: against a model agent that is a sorted list of OIDs, and against agents that lie.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "snmp/build.h"
#include "snmp/request.h"

enum { AGENT_MAX = 400, ROOM = 16384 };

struct agent {
	struct oid list[AGENT_MAX];
	size_t n;
	size_t fits; // varbinds an answer may hold; more: tooBig for a GETNEXT, cut for a GETBULK
	uint8_t room[ROOM];
};

static const struct oid columns[] = { { { 1, 3, 6, 1, 9, 2 }, 6 },
	                              { { 1, 3, 6, 1, 9, 3 }, 6 },
	                              { { 1, 3, 6, 1, 9, 7 }, 6 } };
enum { COLUMNS = 3 };

static int order(const void *a, const void *b)
{
	return oid_compare(a, b);
}

static const struct oid *after(const struct agent *a, const struct oid *o)
{
	for (size_t i = 0; i < a->n; i++)
		if (oid_compare(&a->list[i], o) > 0)
			return &a->list[i];
	return NULL;
}

struct out {
	struct oid oid[SNMP_WALK_COLUMNS * SNMP_WALK_REPETITIONS];
	uint8_t type[SNMP_WALK_COLUMNS * SNMP_WALK_REPETITIONS];
	size_t n;
};

static struct snmp_pdu pdu_of_out(struct agent *a, const struct out *o, int32_t status, int32_t index)
{
	struct wr w = wr_of(a->room, sizeof a->room);
	const uint8_t *whole = w.at;
	for (size_t i = o->n; i-- > 0;) {
		const uint8_t *mark = w.at;
		if (o->type[i])
			ber_put(&w, o->type[i], (struct span){ 0 });
		else
			ber_put_int(&w, BER_INTEGER, 5);
		ber_put_oid(&w, &o->oid[i]);
		ber_head(&w, BER_SEQUENCE, mark);
	}
	ber_head(&w, BER_SEQUENCE, whole);
	ber_put_int(&w, BER_INTEGER, index);
	ber_put_int(&w, BER_INTEGER, status);
	ber_put_int(&w, BER_INTEGER, 1);
	ber_head(&w, PDU_RESPONSE, whole);
	struct snmp_pdu p;
	assert_int_equal(snmp_parse_pdu(wr_span(&w), &p), ST_OK);
	return p;
}

// RFC 3416 4.2.2 and 4.2.3, RFC 1157 4.1.3, slowly.
static struct snmp_pdu answer(struct agent *a, struct span request, int32_t version)
{
	struct snmp_pdu q;
	assert_int_equal(snmp_parse_pdu(request, &q), ST_OK);
	struct out out = { .n = 0 };
	struct oid at[SNMP_WALK_COLUMNS];
	size_t n = 0;
	struct snmp_varbind v;
	for (struct ber list = ber_of(q.varbinds); snmp_varbind_next(&list, &v); n++)
		assert_int_equal(oid_decode(v.oid, &at[n]), ST_OK);
	int rounds = q.tag == PDU_GET_BULK ? q.error_index : 1;
	for (int r = 0; r < rounds; r++)
		for (size_t i = 0; i < n; i++) {
			if (a->fits && out.n == a->fits) {
				if (q.tag == PDU_GET_BULK && out.n)
					return pdu_of_out(a, &out, 0, 0);
				out.n = 0;
				return pdu_of_out(a, &out, SNMP_TOO_BIG, 0);
			}
			const struct oid *next = after(a, &at[i]);
			if (!next && version == SNMP_VERSION_1)
				return pdu_of_out(a, &out, SNMP_NO_SUCH_NAME, (int32_t)i + 1);
			if (next)
				at[i] = *next;
			out.type[out.n] = next ? 0 : BER_END_OF_MIB_VIEW;
			out.oid[out.n++] = at[i];
		}
	return pdu_of_out(a, &out, 0, 0);
}

struct seen {
	size_t n;
	uint32_t last[COLUMNS];
	size_t by[COLUMNS];
};

static void see(void *arg, size_t column, const uint32_t *index, size_t n, const struct snmp_varbind *v)
{
	struct seen *s = arg;
	assert_true(column < COLUMNS && n == 1);
	assert_true(!s->by[column] || index[0] > s->last[column]);
	s->last[column] = index[0];
	s->by[column]++;
	s->n++;
}

static enum st walk(struct agent *a, int32_t version, bool once, struct seen *s)
{
	struct snmp_walk w;
	uint8_t room[2048];
	enum st st = ST_OK;
	snmp_walk_begin(&w, columns, COLUMNS, once);
	while (st == ST_OK && snmp_walk_more(&w)) {
		struct wr out = wr_of(room, sizeof room);
		snmp_walk_write(&w, version, 1, &out);
		struct snmp_pdu p = answer(a, wr_span(&out), version);
		st = snmp_walk_take(&w, &p, see, s);
	}
	return st;
}

static void random_agents(void **state)
{
	struct agent *a = calloc(1, sizeof *a);
	srandom(1);
	for (int turn = 0; turn < 600; turn++) {
		size_t wanted[COLUMNS] = { 0 };
		a->n = (size_t)random() % 60;
		a->fits = random() % 3 ? 0 : 1 + (size_t)random() % 9;
		for (size_t i = 0; i < a->n; i++)
			a->list[i] = (struct oid){
				{ 1, 3, 6, 1, 8 + random() % 3, 1 + random() % 8, (uint32_t)random() % 500 }, 7
			};
		qsort(a->list, a->n, sizeof *a->list, order);
		for (size_t i = 0; i < a->n; i++)
			for (size_t c = 0; c < COLUMNS; c++)
				wanted[c] += oid_starts_with(&a->list[i], &columns[c]) &&
				             (!i || oid_compare(&a->list[i - 1], &a->list[i]) != 0);
		for (int32_t version = SNMP_VERSION_1; version <= SNMP_VERSION_2C; version++) {
			struct seen all = { 0 }, first = { 0 };
			assert_int_equal(walk(a, version, false, &all), ST_OK);
			assert_int_equal(walk(a, version, true, &first), ST_OK);
			for (size_t c = 0; c < COLUMNS; c++) {
				assert_int_equal(all.by[c], wanted[c]);
				assert_int_equal(first.by[c], wanted[c] > 0);
			}
		}
	}
	free(a);
}

// What each lie ends in, and that it ends.
static enum st lie(int which)
{
	struct agent *a = calloc(1, sizeof *a);
	struct snmp_walk w;
	struct seen s = { 0 };
	enum st st = ST_OK;
	snmp_walk_begin(&w, columns, COLUMNS, false);
	for (uint32_t i = 1; st == ST_OK && snmp_walk_more(&w); i++) {
		uint8_t room[2048];
		struct wr request = wr_of(room, sizeof room);
		snmp_walk_write(&w, SNMP_VERSION_2C, 1, &request);
		assert_true(wr_span(&request).n > 0);
		struct out o = { .n = 1, .oid = { columns[0] } };
		int32_t status = 0, index = 0;
		oid_append(&o.oid[0], which == 1 ? 100 - i : which == 2 ? 7 : i); // 0: endless, 1: backwards, 2: again
		if (which == 3)
			o.n = 0;
		if (which == 4)
			status = SNMP_TOO_BIG;
		if (which == 5)
			status = 5;
		if (which == 6)
			status = SNMP_NO_SUCH_NAME, index = 9;
		if (which == 7)
			o.oid[0] = columns[0]; // the column itself
		struct snmp_pdu p = pdu_of_out(a, &o, status, index);
		st = snmp_walk_take(&w, &p, see, &s);
	}
	free(a);
	return st;
}

static void lies(void **state)
{
	static const enum st ends[] = { ST_WALK_ENDLESS, ST_WALK_STUCK, ST_WALK_STUCK, ST_WALK_STUCK,
		                        ST_AGENT,        ST_AGENT,      ST_AGENT,      ST_WALK_STUCK };
	for (size_t i = 0; i < sizeof ends / sizeof *ends; i++)
		if (lie((int)i) != ends[i])
			fail_msg("lie %zu", i);
}

static void community_answers(void **state)
{
	uint8_t room[512];
	static const struct oid name = { { 1, 3, 6, 1, 2, 1, 1, 5, 0 }, 9 };
	const struct oid *oids[] = { &name };
	static const uint8_t tags[] = { PDU_RESPONSE, PDU_GET, PDU_REPORT, PDU_TRAP_V2 };
	for (int32_t version = SNMP_VERSION_1; version <= SNMP_VERSION_3; version++)
		for (size_t i = 0; i < sizeof tags; i++) {
			struct wr w = wr_of(room, sizeof room);
			struct snmp_message m = { .version = 9 };
			snmp_write_request(&w, &(struct snmp_request){ tags[i], 77, 0, 0 }, oids, 1);
			snmp_wrap_community(&w, version, span_str("ops"));
			enum st st = snmp_parse_response(wr_span(&w), &m);
			bool good = version <= SNMP_VERSION_2C && tags[i] == PDU_RESPONSE;
			assert_int_equal(st, good ? ST_OK : version <= SNMP_VERSION_2C ? ST_PDU_TYPE : ST_VERSION);
			assert_int_equal(m.version, good ? version : 9);
			if (!good)
				continue;
			assert_int_equal(m.pdu.request_id, 77);
			assert_true(span_equal(m.community, span_str("ops")));
			for (size_t n = 0; n < wr_span(&w).n; n++)
				assert_int_not_equal(snmp_parse_response(span_of(wr_span(&w).p, n), &m), ST_OK);
		}
}

static void requests(void **state)
{
	uint8_t room[128];
	struct wr w = wr_of(room, sizeof room);
	static const struct oid o = { { 1, 3, 6 }, 3 };
	const struct oid *oids[] = { &o, &o };
	snmp_write_request(&w, &(struct snmp_request){ PDU_GET_BULK, 5, 1, 9 }, oids, 2);
	static const uint8_t wanted[] = { 0xa5, 27, 2,    1, 5, 2, 1,    1, 2, 1, 9,    0x30, 16, 0x30, 6,
		                          6,    2,  0x2b, 6, 5, 0, 0x30, 6, 6, 2, 0x2b, 6,    5,  0 };
	assert_true(span_equal(wr_span(&w), span_of(wanted, sizeof wanted)));
	struct snmp_pdu p;
	assert_int_equal(snmp_parse_pdu(wr_span(&w), &p), ST_OK);
	assert_int_equal(p.error_status, 1);
	assert_int_equal(p.error_index, 9);
	assert_int_equal(p.varbind_count, 2);
	w = wr_of(room, 20);
	snmp_write_request(&w, &(struct snmp_request){ PDU_GET, 5, 0, 0 }, oids, 2);
	assert_true(w.full);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(random_agents), cmocka_unit_test(lies),
		                            cmocka_unit_test(community_answers), cmocka_unit_test(requests) };
	return cmocka_run_group_tests_name("snmp: request", tests, NULL, NULL);
}
