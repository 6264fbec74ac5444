// SPDX-License-Identifier: Apache-2.0
// The answering side: against a slow model that looks for every object from the start, and walked by the asking side.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "snmp/agent.h"
#include "snmp/request.h"

enum { ROOM = 4096, OBJECTS = 60 };

static struct oid oid_of(const char *text)
{
	struct oid o;
	assert_int_equal(oid_parse(text, &o), ST_OK);
	return o;
}

static void set(struct agent *a, const char *oid, char type, const char *value)
{
	struct oid o = oid_of(oid);
	assert_int_equal(agent_set(a, &o, type, value), ST_OK);
}

// Asks and reads the answer, which lies in `room`.
static struct snmp_pdu ask(const struct agent *a, int32_t version, struct snmp_request r, const char *const *names,
                           uint8_t room[static ROOM])
{
	struct oid list[8];
	const struct oid *oids[8];
	size_t n = 0;
	for (; names[n]; n++) {
		list[n] = oid_of(names[n]);
		oids[n] = &list[n];
	}
	uint8_t out[ROOM];
	struct wr w = wr_of(out, sizeof out), back = wr_of(room, ROOM);
	struct snmp_pdu request, answer;
	snmp_write_request(&w, &r, oids, n);
	assert_int_equal(snmp_parse_pdu(wr_span(&w), &request), ST_OK);
	assert_int_equal(agent_answer(a, version, &request, &back), ST_OK);
	assert_int_equal(snmp_parse_pdu(wr_span(&back), &answer), ST_OK);
	assert_int_equal(answer.tag, PDU_RESPONSE);
	assert_int_equal(answer.request_id, r.id);
	return answer;
}

// "1.3.6.1=02 1.3.6.2=82": names and types.
static void describe(const struct snmp_pdu *p, struct text *out)
{
	struct ber list = ber_of(p->varbinds);
	struct snmp_varbind v;
	struct oid o;
	text_clear(out);
	text_printf(out, "%d/%d", p->error_status, p->error_index);
	while (snmp_varbind_next(&list, &v)) {
		text_add(out, " ");
		assert_int_equal(oid_decode(v.oid, &o), ST_OK);
		oid_text(&o, out);
		text_printf(out, "=%02x", v.type);
	}
}

static void verdicts(void **state)
{
	static const struct {
		uint8_t tag;
		int32_t version, once, rows;
		const char *names[4], *wanted;
	} rows[] = {
		{ PDU_GET, 1, 0, 0, { "1.3.1" }, "0/0 1.3.1=02" },
		{ PDU_GET, 1, 0, 0, { "1.3.2", "1.3.3" }, "0/0 1.3.2=81 1.3.3=04" },
		{ PDU_GET, 0, 0, 0, { "1.3.1", "1.3.2" }, "2/2 1.3.1=05 1.3.2=05" },
		{ PDU_GET, 0, 0, 0, { "1.3.1" }, "0/0 1.3.1=02" },
		{ PDU_GET_NEXT, 1, 0, 0, { "1.3" }, "0/0 1.3.1=02" },
		{ PDU_GET_NEXT, 1, 0, 0, { "1.3.1", "1.4" }, "0/0 1.3.3=04 1.4=82" },
		{ PDU_GET_NEXT, 0, 0, 0, { "1.4" }, "2/1 1.4=05" },
		{ PDU_GET_BULK, 1, 1, 2, { "1.2", "1.3.1" }, "0/0 1.3.1=02 1.3.3=04 1.3.7=43" },
		{ PDU_GET_BULK, 1, 0, 3, { "1.3.3" }, "0/0 1.3.7=43 1.3.7=82" },
		{ PDU_GET_BULK, 1, -4, -4, { "1.3.3" }, "0/0" },
		{ PDU_GET_BULK, 1, 9, 9, { "1.3.3" }, "0/0 1.3.7=43" },
		{ PDU_SET, 1, 0, 0, { "1.3.1" }, "17/1 1.3.1=05" },
		{ PDU_SET, 0, 0, 0, { "1.3.1" }, "2/1 1.3.1=05" },
	};
	struct agent a = { 0 };
	struct text said = { 0 };
	uint8_t room[ROOM];
	set(&a, "1.3.7", 't', "5");
	set(&a, "1.3.1", 'i', "1");
	set(&a, "1.3.3", 's', "text");
	set(&a, "1.3.1", 'i', "2");
	assert_int_equal(a.n, 3);
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		const struct snmp_request r = { rows[i].tag, 40 + (int32_t)i, rows[i].once, rows[i].rows };
		struct snmp_pdu p = ask(&a, rows[i].version, r, rows[i].names, room);
		describe(&p, &said);
		assert_string_equal(text_str(&said), rows[i].wanted);
	}
	struct oid gone = oid_of("1.3.3"), never = oid_of("1.3.4");
	agent_remove(&a, &gone);
	agent_remove(&a, &never);
	const char *const names[] = { "1.3.1", NULL };
	struct snmp_pdu p = ask(&a, 1, (struct snmp_request){ .tag = PDU_GET_NEXT, .id = 3 }, names, room);
	describe(&p, &said);
	assert_string_equal(text_str(&said), "0/0 1.3.7=43");
	text_done(&said);
	agent_done(&a);
}

static void too_big(void **state)
{
	struct agent a = { 0 };
	char large[1000], name[32];
	uint8_t room[ROOM];
	memset(large, 'x', sizeof large - 1);
	large[sizeof large - 1] = 0;
	for (int i = 1; i <= 9; i++) {
		snprintf(name, sizeof name, "1.3.%d", i);
		set(&a, name, 's', large);
	}
	const char *const names[] = { "1.3.1", "1.3.2", NULL };
	struct snmp_pdu p = ask(&a, 1, (struct snmp_request){ .tag = PDU_GET, .id = 3 }, names, room);
	assert_int_equal(p.error_status, SNMP_TOO_BIG);
	assert_int_equal(p.varbind_count, 0);
	p = ask(&a, 1, (struct snmp_request){ PDU_GET_BULK, 3, 0, 8 }, names, room);
	assert_int_equal(p.error_status, 0);
	assert_int_equal(p.varbind_count, 1);
	agent_done(&a);
}

struct counted {
	size_t n;
	uint32_t sum;
};

static void count(void *arg, size_t column, const uint32_t *index, size_t index_n, const struct snmp_varbind *v)
{
	struct counted *c = arg;
	c->n++;
	c->sum += (uint32_t)column * 1000 + index[index_n - 1];
}

// Random tables: what the walk of the asking side finds is what was set, in v1 by GETNEXT and in v2c by GETBULK.
static void walked(void **state)
{
	const struct oid columns[] = { oid_of("1.3.6.2"), oid_of("1.3.6.3"), oid_of("1.3.6.7") };
	uint32_t seed = 1;
	for (int run = 0; run < 200; run++) {
		struct agent a = { 0 };
		struct counted wanted = { 0 }, got = { 0 };
		bool used[3][64] = { 0 };
		for (int i = 0; i < OBJECTS; i++) {
			seed = seed * 1664525 + 1013904223;
			size_t column = (seed >> 16) % 3, row = (seed >> 20) % 64;
			struct oid o = columns[column];
			oid_append(&o, (uint32_t)row);
			if ((seed >> 28) < 3) {
				agent_remove(&a, &o);
				used[column][row] = false;
			} else {
				assert_int_equal(agent_set(&a, &o, 'i', "7"), ST_OK);
				used[column][row] = true;
			}
		}
		for (size_t c = 0; c < 3; c++)
			for (uint32_t r = 0; r < 64; r++)
				if (used[c][r])
					wanted.n++, wanted.sum += (uint32_t)c * 1000 + r;
		struct snmp_walk w;
		int32_t version = run & 1;
		for (snmp_walk_begin(&w, columns, 3, false); snmp_walk_more(&w);) {
			uint8_t out[ROOM], room[ROOM];
			struct wr question = wr_of(out, sizeof out), back = wr_of(room, sizeof room);
			struct snmp_message m;
			struct snmp_pdu answer;
			snmp_walk_write(&w, version, run, &question);
			snmp_wrap_community(&question, version, span_str("ops"));
			assert_int_equal(snmp_parse_request(wr_span(&question), &m), ST_OK);
			assert_int_equal(agent_answer(&a, m.version, &m.pdu, &back), ST_OK);
			assert_int_equal(snmp_parse_pdu(wr_span(&back), &answer), ST_OK);
			assert_int_equal(snmp_walk_take(&w, &answer, count, &got), ST_OK);
		}
		assert_int_equal(got.n, wanted.n);
		assert_int_equal(got.sum, wanted.sum);
		agent_done(&a);
	}
}

static void requests(void **state)
{
	struct snmp_message m;
	uint8_t out[ROOM];
	const struct oid name = oid_of("1.3"), *const names[] = { &name };
	static const struct {
		uint8_t tag;
		int32_t version;
		enum st wanted;
	} rows[] = {
		{ PDU_GET, 0, ST_OK },           { PDU_GET_NEXT, 1, ST_OK },      { PDU_GET_BULK, 1, ST_OK },
		{ PDU_SET, 1, ST_OK },           { PDU_GET_BULK, 0, ST_VERSION }, { PDU_RESPONSE, 1, ST_PDU_TYPE },
		{ PDU_TRAP_V2, 1, ST_PDU_TYPE }, { PDU_INFORM, 1, ST_PDU_TYPE },
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct wr w = wr_of(out, sizeof out);
		const struct snmp_request r = { .tag = rows[i].tag, .id = 1 };
		snmp_write_request(&w, &r, names, 1);
		snmp_wrap_community(&w, rows[i].version, span_str("ops"));
		assert_int_equal(snmp_parse_request(wr_span(&w), &m), rows[i].wanted);
		struct span s = wr_span(&w);
		for (size_t n = 0; n < s.n; n++)
			assert_int_not_equal(snmp_parse_request(span_of(s.p, n), &m), ST_OK);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(verdicts),
		cmocka_unit_test(too_big),
		cmocka_unit_test(walked),
		cmocka_unit_test(requests),
	};
	return cmocka_run_group_tests_name("snmp: agent", tests, NULL, NULL);
}
