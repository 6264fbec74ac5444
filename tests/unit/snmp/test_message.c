// SPDX-License-Identifier: Apache-2.0
// Messages: a verdict for every rule, then mutated messages against the slow model, then what is answered and masked.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "hex.h"
#include "model.h"
#include "samples.h"
#include "snmp/message.h"
#include "snmp/notification.h"

#define VALUE(value) V2(UPTIME TRAP VARBIND(ALERT_CODE, value))
#define TRAP1 V1(HP, "c0000201", "06", "11", "64", CODE)

static const struct {
	const char *octets;
	enum st st;
} rows[] = {
	{ V2(UPTIME TRAP CODE), ST_OK },
	{ INFORM(UPTIME TRAP CODE), ST_OK },
	{ TRAP1, ST_OK },
	{ V2(""), ST_OK },
	{ "", ST_EMPTY },
	// the envelope
	{ "30", ST_SHORT },
	{ "3005 020101", ST_SHORT },
	{ "3082", ST_SHORT },
	{ "3080 020101 0000", ST_BER_LENGTH },
	{ "3084ffffffff 020101", ST_BER_LENGTH },
	{ "308500000000", ST_BER_LENGTH },
	{ "31{ 02{01} }", ST_BER_TAG },
	{ "47455420 2f0d0a", ST_BER_TAG },
	{ V2(UPTIME TRAP) "00", ST_TRAILING },
	{ V2(UPTIME TRAP) V2(UPTIME TRAP), ST_TRAILING },
	{ "30{ 02{01} " PUBLIC PDU2("a7", UPTIME TRAP) " 0500 }", ST_TRAILING },
	// version
	{ MESSAGE("02", PDU2("a7", UPTIME TRAP)), ST_VERSION },
	{ MESSAGE("03", PDU2("a7", UPTIME TRAP)), ST_VERSION },
	{ MESSAGE("ff", PDU2("a7", UPTIME TRAP)), ST_VERSION },
	{ MESSAGE("00000001", PDU2("a7", UPTIME TRAP)), ST_OK },
	{ MESSAGE("", PDU2("a7", UPTIME TRAP)), ST_BER_INTEGER },
	{ MESSAGE("0100000001", PDU2("a7", UPTIME TRAP)), ST_BER_INTEGER },
	{ "30{ 04{01} " PUBLIC " }", ST_BER_TAG },
	// community
	{ "30{ 02{01} 0400 " PDU2("a7", UPTIME TRAP) " }", ST_OK },
	{ "30{ 02{01} 02{01} " PDU2("a7", UPTIME TRAP) " }", ST_BER_TAG },
	{ "30{ 02{01} 0484ffffffff 61 " PDU2("a7", UPTIME TRAP) " }", ST_BER_LENGTH },
	// the version against the PDU type
	{ MESSAGE("00", PDU2("a7", UPTIME TRAP)), ST_PDU_TYPE },
	{ MESSAGE("00", PDU2("a6", UPTIME TRAP)), ST_PDU_TYPE },
	{ MESSAGE("01", PDU1(HP, "c0000201", "06", "11", "64", "")), ST_PDU_TYPE },
	{ MESSAGE("01", PDU2("a0", "")), ST_PDU_TYPE },
	{ MESSAGE("00", PDU2("a1", "")), ST_PDU_TYPE },
	{ MESSAGE("01", PDU2("a2", "")), ST_PDU_TYPE },
	{ MESSAGE("01", PDU2("a5", "")), ST_PDU_TYPE },
	{ MESSAGE("01", PDU2("a8", "")), ST_PDU_TYPE },
	{ MESSAGE("01", PDU2("a9", "")), ST_PDU_TYPE },
	{ MESSAGE("01", "0500"), ST_PDU_TYPE },
	{ "30{ 02{01} " PUBLIC " }", ST_SHORT },
	// fields of the PDU
	{ MESSAGE("01", "a7{ 02{00ffffffff} 02{00} 02{00} 3000 }"), ST_OK },
	{ MESSAGE("01", "a7{ 02{80000000} 02{05} 02{01} 3000 }"), ST_OK },
	{ MESSAGE("01", "a7{ 02{0100000000} 02{00} 02{00} 3000 }"), ST_BER_INTEGER },
	{ MESSAGE("01", "a7{ 0200 02{00} 02{00} 3000 }"), ST_BER_INTEGER },
	{ MESSAGE("01", "a7{ 04{01} 02{00} 02{00} 3000 }"), ST_BER_TAG },
	{ MESSAGE("01", "a7{ 02{01} 02{00} 3000 }"), ST_BER_TAG },
	{ MESSAGE("01", "a7{ 02{01} 02{00} 02{00} }"), ST_SHORT },
	{ MESSAGE("01", "a7{ 02{01} 02{00} 02{00} 3000 3000 }"), ST_TRAILING },
	{ MESSAGE("01", "a700"), ST_SHORT },
	{ MESSAGE("01", "a780 0000"), ST_BER_LENGTH },
	{ MESSAGE("01", "a77f 020100"), ST_BER_LENGTH },
	{ V1("", "c0000201", "06", "11", "64", ""), ST_OK },
	{ V1("2b8001", "c0000201", "06", "11", "64", ""), ST_BER_OID },
	{ V1(HP, "", "06", "11", "64", ""), ST_OK },
	{ V1(HP, "c00002", "06", "11", "64", ""), ST_BER_LENGTH },
	{ V1(HP, "c000020100", "06", "11", "64", ""), ST_BER_LENGTH },
	{ V1(HP, "c0000201", "06", "00ffffffff", "00ffffffff", ""), ST_OK },
	{ V1(HP, "c0000201", "06", "0100000000", "64", ""), ST_BER_INTEGER },
	{ V1(HP, "c0000201", "06", "11", "ffffffff", ""), ST_OK },
	{ V1(HP, "c0000201", "06", "11", "0100000000", ""), ST_BER_INTEGER },
	{ V1(HP, "c0000201", "06", "", "64", ""), ST_BER_INTEGER },
	{ MESSAGE("00", "a4{ 06{" HP "} 04{c0000201} 02{06} 02{11} 43{64} 3000 }"), ST_BER_TAG },
	// a varbind
	{ V2("30{ 06{2b} }"), ST_SHORT },
	{ V2("30{ 0500 06{2b} }"), ST_BER_TAG },
	{ V2("30{ 06{2b} 0500 0500 }"), ST_TRAILING },
	{ V2("31{ 06{2b} 0500 }"), ST_BER_TAG },
	{ V2("3000"), ST_SHORT },
	{ V2("0500"), ST_BER_TAG },
	{ V2("00"), ST_BER_TAG },
	{ V2("30"), ST_SHORT },
	{ V2(TRAP "3007 06{2b} 0500"), ST_BER_LENGTH },
	{ V2("30{ 06{2b80} 0500 }"), ST_BER_OID },
	{ V2("30{ 0600 0500 }"), ST_OK },
	// values: everything that ber.h names, empty and full
	{ VALUE("0400"), ST_OK },
	{ VALUE("04{00ff}"), ST_OK },
	{ VALUE("0500"), ST_OK },
	{ VALUE("05{00}"), ST_OK },
	{ VALUE("0600"), ST_OK },
	{ VALUE("06{2b06}"), ST_OK },
	{ VALUE("06{2b86}"), ST_BER_OID },
	{ VALUE("06{808080}"), ST_BER_OID },
	{ VALUE("0200"), ST_BER_INTEGER },
	{ VALUE("02{ff}"), ST_OK },
	{ VALUE("02{00ffffffff}"), ST_OK },
	{ VALUE("02{7fffffffffffffff}"), ST_OK },
	{ VALUE("02{000000000000000000000001}"), ST_OK },
	{ VALUE("02{007fffffffffffffff}"), ST_OK },
	{ VALUE("02{00ffffffffffffffff}"), ST_BER_INTEGER },
	{ VALUE("40{c0000201}"), ST_OK },
	{ VALUE("4000"), ST_OK },
	{ VALUE("40{20010db8000000000000000000000001}"), ST_OK },
	{ VALUE("40{c00002}"), ST_BER_LENGTH },
	{ VALUE("40{c000020101}"), ST_BER_LENGTH },
	{ VALUE("41{ffffffff}"), ST_OK },
	{ VALUE("41{00ffffffff}"), ST_OK },
	{ VALUE("42{80}"), ST_BER_INTEGER },
	{ VALUE("42{8000}"), ST_BER_INTEGER },
	{ VALUE("42{0080}"), ST_OK },
	{ VALUE("43{0100000000}"), ST_BER_INTEGER },
	{ VALUE("47{0000000000000001}"), ST_OK },
	{ VALUE("4100"), ST_BER_INTEGER },
	{ VALUE("4200"), ST_BER_INTEGER },
	{ VALUE("4300"), ST_BER_INTEGER },
	{ VALUE("4600"), ST_BER_INTEGER },
	{ VALUE("4700"), ST_BER_INTEGER },
	{ VALUE("4400"), ST_OK },
	{ VALUE("44{9f7804 41200000}"), ST_OK },
	{ VALUE("46{ffffffffffffffff}"), ST_OK },
	{ VALUE("46{00ffffffffffffffff}"), ST_OK },
	{ VALUE("46{010000000000000000}"), ST_BER_INTEGER },
	{ VALUE("8000"), ST_OK },
	{ VALUE("8100"), ST_OK },
	{ VALUE("8200"), ST_OK },
	// unknown, but primitive: kept
	{ VALUE("01{ff}"), ST_OK },
	{ VALUE("03{0080}"), ST_OK },
	{ VALUE("45{490001}"), ST_OK },
	{ VALUE("48{01}"), ST_OK },
	{ VALUE("8300"), ST_OK },
	{ VALUE("c1{01}"), ST_OK },
	// constructed, or impossible
	{ VALUE("3000"), ST_BER_TAG },
	{ VALUE("30{30{30{30{0500}}}}"), ST_BER_TAG },
	{ VALUE("24{0400}"), ST_BER_TAG },
	{ VALUE("a000"), ST_BER_TAG },
	{ VALUE("64{00}"), ST_BER_TAG },
	{ VALUE("0000"), ST_BER_TAG },
	{ VALUE("1f0100"), ST_BER_TAG },
	{ VALUE("9f780441200000"), ST_BER_TAG },
	// lengths that lie inside a value: past the varbind, past 2^31, indefinite, non-minimal
	{ VALUE("0405 61"), ST_BER_LENGTH },
	{ VALUE("0484ffffffff"), ST_BER_LENGTH },
	{ VALUE("048480000001 61"), ST_BER_LENGTH },
	{ VALUE("0488ffffffffffffffff"), ST_BER_LENGTH },
	{ VALUE("0480 61 0000"), ST_BER_LENGTH },
	{ VALUE("048400000001 61"), ST_OK },
	{ VALUE("048100"), ST_OK },
	{ VALUE("04"), ST_SHORT },
	{ VALUE("0482 01"), ST_SHORT },
};

static void test_verdicts(void **state)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct hex h = hex_of(rows[i].octets);
		uint8_t *p = exact_copy(hex_span(&h));
		struct snmp_message m = { .version = 77 };
		enum st st = snmp_parse_message(span_of(p, h.n), &m);
		if (st != rows[i].st)
			fail_msg("row %zu, %s: %s, not %s", i, rows[i].octets, st_name(st), st_name(rows[i].st));
		if (st != ST_OK && m.version != 77)
			fail_msg("row %zu: changed its output", i);
		if (model_message(p, (int)h.n) != (st == ST_OK))
			fail_msg("row %zu, %s: the model disagrees", i, rows[i].octets);
		free(p);
	}
}

static void test_fields(void **state)
{
	struct hex h = hex_of(V1(HP, "c0000201", "06", "00ffffffff", "00ffffffff", CODE CODE));
	struct snmp_message m;
	assert_int_equal(snmp_parse_message(hex_span(&h), &m), ST_OK);
	assert_int_equal(m.version, SNMP_VERSION_1);
	assert_true(span_equal(m.community, span_str("public")));
	assert_int_equal(m.pdu.tag, PDU_TRAP_V1);
	assert_int_equal(m.pdu.whole.p[0], PDU_TRAP_V1);
	assert_ptr_equal(m.pdu.whole.p + m.pdu.whole.n, h.p + h.n);
	assert_int_equal(m.pdu.enterprise.n, 6);
	assert_memory_equal(m.pdu.agent, "\xc0\x00\x02\x01", 4);
	assert_int_equal(m.pdu.generic, 6);
	assert_int_equal(m.pdu.specific, -1);
	assert_int_equal(m.pdu.timestamp, UINT32_MAX);
	assert_int_equal(m.pdu.varbind_count, 2);
	h = hex_of(MESSAGE("01", "a6{ 02{80000001} 02{05} 02{02} 30{" UPTIME TRAP CODE "} }"));
	assert_int_equal(snmp_parse_message(hex_span(&h), &m), ST_OK);
	assert_int_equal(m.version, SNMP_VERSION_2C);
	assert_int_equal(m.pdu.tag, PDU_INFORM);
	assert_int_equal(m.pdu.request_id, INT32_MIN + 1);
	assert_int_equal(m.pdu.error_status, 5);
	assert_int_equal(m.pdu.error_index, 2);
	assert_int_equal(m.pdu.varbind_count, 3);
	struct ber list = ber_of(m.pdu.varbinds);
	struct snmp_varbind v;
	assert_true(snmp_varbind_next(&list, &v) && snmp_varbind_next(&list, &v) && snmp_varbind_next(&list, &v));
	assert_int_equal(v.type, BER_INTEGER);
	assert_int_equal(v.value.n, 1);
	assert_int_equal(v.oid.n, 12);
	assert_false(snmp_varbind_next(&list, &v));
	assert_int_equal(ber_end(&list), ST_OK);
}

static void test_version_alone(void **state)
{
	static const struct {
		const char *octets;
		enum st st;
		int32_t version;
	} versions[] = { { "30{ 02{00} }", ST_OK, 0 },
		         { "30{ 02{01} ffff }", ST_OK, 1 },
		         { "30{ 02{03} 30{} }", ST_OK, 3 },
		         { "30{ 02{02} }", ST_VERSION, 77 },
		         { "30{ 02{04} }", ST_VERSION, 77 },
		         { "30{ 02{7fffffff} }", ST_VERSION, 77 },
		         { "3004 020103", ST_SHORT, 77 },
		         { "30{ 02{03} } 00", ST_TRAILING, 77 },
		         { "", ST_EMPTY, 77 },
		         { "30{ }", ST_SHORT, 77 },
		         { "0201 03", ST_BER_TAG, 77 } };
	for (size_t i = 0; i < sizeof(versions) / sizeof(*versions); i++) {
		struct hex h = hex_of(versions[i].octets);
		int32_t version = 77;
		enum st st = snmp_parse_version(hex_span(&h), &version);
		if (st != versions[i].st || version != versions[i].version)
			fail_msg("%s: %s, %d", versions[i].octets, st_name(st), version);
	}
}

static struct span big_message(uint8_t *room, size_t n, size_t community, size_t varbinds, size_t value)
{
	static const struct oid name = { { 1, 3, 6 }, 3 };
	static uint8_t letters[65536];
	memset(letters, 'a', sizeof(letters));
	struct wr w = wr_of(room, n);
	for (size_t i = 0; i < varbinds; i++) {
		const uint8_t *mark = w.at;
		ber_put(&w, BER_OCTETS, span_of(letters, value));
		ber_put_oid(&w, &name);
		ber_head(&w, BER_SEQUENCE, mark);
	}
	ber_head(&w, BER_SEQUENCE, w.end);
	for (int i = 0; i < 3; i++)
		ber_put_int(&w, BER_INTEGER, 0);
	ber_head(&w, PDU_TRAP_V2, w.end);
	ber_put(&w, BER_OCTETS, span_of(letters, community));
	ber_put_int(&w, BER_INTEGER, SNMP_VERSION_2C);
	ber_head(&w, BER_SEQUENCE, w.end);
	return wr_span(&w);
}

static void test_limits(void **state)
{
	enum { ROOM = 70000 };
	uint8_t *room = malloc(ROOM);
	struct snmp_message m;
	assert_int_equal(snmp_parse_message(big_message(room, ROOM, 255, 1, 0), &m), ST_OK);
	assert_int_equal(snmp_parse_message(big_message(room, ROOM, 256, 1, 0), &m), ST_COMMUNITY);
	assert_int_equal(snmp_parse_message(big_message(room, ROOM, 6, 4096, 0), &m), ST_OK);
	assert_int_equal(m.pdu.varbind_count, SNMP_VARBINDS_MAX);
	assert_int_equal(snmp_parse_message(big_message(room, ROOM, 6, 4097, 0), &m), ST_VARBINDS);
	struct span largest = big_message(room, ROOM, 6, 1, 65507 - 44);
	assert_int_equal(largest.n, SNMP_DATAGRAM_MAX);
	assert_int_equal(snmp_parse_message(largest, &m), ST_OK);
	free(room);
}

// Every beginning of a message is refused as cut short, and every beginning of its PDU is refused.
static void test_truncated(void **state)
{
	static const char *whole[] = { V2(UPTIME TRAP CODE), INFORM(UPTIME TRAP CODE), TRAP1,
		                       V2(UPTIME TRAP CODE CODE CODE CODE CODE CODE CODE) };
	for (size_t i = 0; i < sizeof(whole) / sizeof(*whole); i++) {
		struct hex h = hex_of(whole[i]);
		struct snmp_message m;
		struct snmp_pdu pdu;
		for (size_t n = 1; n < h.n; n++) {
			uint8_t *p = exact_copy(span_of(h.p, n));
			assert_int_equal(snmp_parse_message(span_of(p, n), &m), ST_SHORT);
			free(p);
		}
		assert_int_equal(snmp_parse_message(hex_span(&h), &m), ST_OK);
		for (size_t n = 0; n < m.pdu.whole.n; n++) {
			uint8_t *p = exact_copy(span_of(m.pdu.whole.p, n));
			assert_int_not_equal(snmp_parse_pdu(span_of(p, n), &pdu), ST_OK);
			free(p);
		}
		assert_int_equal(snmp_parse_pdu(m.pdu.whole, &pdu), ST_OK);
	}
}

static void test_pdu_types(void **state)
{
	for (unsigned tag = 0; tag < 256; tag++) {
		char text[256];
		struct snmp_pdu pdu;
		snprintf(text, sizeof(text), PDU2("%02x", UPTIME TRAP), tag);
		struct hex h = hex_of(text);
		enum st want = tag < PDU_GET || tag > PDU_REPORT ? ST_PDU_TYPE
		               : tag == PDU_TRAP_V1              ? ST_BER_TAG
		                                                 : ST_OK;
		assert_int_equal(snmp_parse_pdu(hex_span(&h), &pdu), want);
		if (want == ST_OK)
			assert_int_equal(pdu.tag, tag);
	}
	struct hex h = hex_of(PDU2("a0", "") "00");
	struct snmp_pdu pdu;
	assert_int_equal(snmp_parse_pdu(hex_span(&h), &pdu), ST_TRAILING);
	assert_int_equal(snmp_parse_pdu(span_of(h.p, 0), &pdu), ST_SHORT);
}

// One to four changes: another octet, a flipped bit, an octet more or less.
static void mutate(struct hex *h, uint64_t *seed)
{
	for (uint64_t left = 1 + roll(seed) % 4; left; left--) {
		size_t at = roll(seed) % h->n;
		switch (roll(seed) % 8) {
		case 0:
			memmove(h->p + at, h->p + at + 1, h->n - at - 1);
			h->n -= h->n > 1;
			break;
		case 1:
			memmove(h->p + at + 1, h->p + at, h->n - at);
			h->n++;
			break;
		case 2:
			h->p[at] ^= (uint8_t)(1 << roll(seed) % 8);
			break;
		case 3:
			h->p[at] = (uint8_t[]){ 0x80, 0x81, 0x84, 0xff, 0, 0x7f, 0x30, 0x05 }[roll(seed) % 8];
			break;
		default:
			h->p[at] = (uint8_t)(h->p[at] + roll(seed) % 3 - 1);
		}
	}
}

// Whatever was accepted must be walked to its end, answered, masked and read again.
static void use_message(const struct snmp_message *m)
{
	struct snmp_notification n;
	struct snmp_varbind v;
	struct ber list = ber_of(m->pdu.varbinds);
	uint32_t count = 0;
	while (snmp_varbind_next(&list, &v))
		count++;
	assert_int_equal(ber_end(&list), ST_OK);
	assert_int_equal(count, m->pdu.varbind_count);
	enum st st = snmp_normalise(&m->pdu, &n);
	assert_int_equal(snmp_check_notification(&m->pdu), st);
	if (st == ST_OK)
		for (list = ber_of(n.varbinds); snmp_notification_next(&list, &v); count--)
			assert_true(count > 0);
	uint8_t room[2 * HEX_ROOM];
	struct wr w = wr_of(room, sizeof(room));
	struct ber response;
	assert_int_equal(snmp_write_inform_response(&w, m->community, &m->pdu), ST_OK);
	response = ber_of(wr_span(&w));
	ber_enter(&response, BER_SEQUENCE);
	assert_int_equal(ber_end(&response), ST_OK);
	uint8_t *pdu = exact_copy(m->pdu.whole);
	struct snmp_pdu masked;
	snmp_mask_trap_community(pdu, m->pdu.whole.n);
	assert_int_equal(snmp_parse_pdu(span_of(pdu, m->pdu.whole.n), &masked), ST_OK);
	assert_int_equal(masked.varbind_count, m->pdu.varbind_count);
	free(pdu);
}

static void test_mutations(void **state)
{
	static const char *samples[] = {
		V2(UPTIME TRAP CODE), INFORM(UPTIME TRAP CODE), TRAP1,
		V2(UPTIME TRAP VARBIND(ALERT_CODE, "41{00ffffffff}") VARBIND(TRAP_ADDRESS, "40{c0000201}")
		           VARBIND(ALERT_CODE, "46{ffffffffffffffff}") VARBIND(ALERT_CODE, "06{2b0681ff7f}")),
		V1(HP, "c0000201", "06", "11", "64", VARBIND(TRAP_COMMUNITY, "04{736563726574}") CODE)
	};
	uint64_t seed = 162;
	size_t accepted = 0, turns = 200000;
	for (size_t turn = 0; turn < turns; turn++) {
		struct hex h = hex_of(samples[turn % 5]);
		struct snmp_message m;
		mutate(&h, &seed);
		uint8_t *p = exact_copy(hex_span(&h));
		bool ok = snmp_parse_message(span_of(p, h.n), &m) == ST_OK;
		if (ok != model_message(p, (int)h.n))
			fail_msg("turn %zu: the model says %d", turn, !ok);
		if (ok)
			use_message(&m);
		accepted += ok;
		free(p);
	}
	assert_in_range(accepted, turns / 20, turns * 19 / 20);
}

static void test_inform_response(void **state)
{
	struct hex inform = hex_of(MESSAGE("01", "a6{ 02{00ffffffff} 02{05} 02{02} 30{" UPTIME TRAP CODE "} }"));
	struct hex want = hex_of(MESSAGE("01", "a2{ 02{ff} 02{00} 02{00} 30{" UPTIME TRAP CODE "} }"));
	struct hex too_big = hex_of("a2{ 02{ff} 02{01} 02{00} 3000 }");
	struct hex error = hex_of("a2{ 02{ff} 02{05} 02{00} 30{" UPTIME TRAP CODE "} }");
	struct snmp_message m;
	uint8_t room[HEX_ROOM];
	struct wr w = wr_of(room, sizeof(room));
	assert_int_equal(snmp_parse_message(hex_span(&inform), &m), ST_OK);
	assert_int_equal(snmp_write_inform_response(&w, m.community, &m.pdu), ST_OK);
	assert_true(span_equal(wr_span(&w), hex_span(&want)));
	w = wr_of(room, want.n);
	assert_int_equal(snmp_write_inform_response(&w, m.community, &m.pdu), ST_OK);
	w = wr_of(room, want.n - 1);
	assert_int_equal(snmp_write_inform_response(&w, m.community, &m.pdu), ST_FULL);
	w = wr_of(room, sizeof(room));
	snmp_write_response_pdu(&w, &m.pdu, SNMP_TOO_BIG);
	assert_true(span_equal(wr_span(&w), hex_span(&too_big)));
	w = wr_of(room, sizeof(room));
	snmp_write_response_pdu(&w, &m.pdu, 5);
	assert_true(span_equal(wr_span(&w), hex_span(&error)));
}

static const struct {
	const char *before, *after; // varbinds
	bool has;
} masks[] = {
	{ UPTIME TRAP CODE, UPTIME TRAP CODE, false },
	{ UPTIME TRAP VARBIND(TRAP_COMMUNITY, "04{736563726574}"),
	  UPTIME TRAP VARBIND(TRAP_COMMUNITY, "04{2a2a2a2a2a2a}"), true },
	{ VARBIND(TRAP_COMMUNITY, "04{41}") VARBIND(TRAP_COMMUNITY, "04{4242}") CODE,
	  VARBIND(TRAP_COMMUNITY, "04{2a}") VARBIND(TRAP_COMMUNITY, "04{2a2a}") CODE, true },
	{ VARBIND(TRAP_COMMUNITY, "0400"), VARBIND(TRAP_COMMUNITY, "0400"), true },
	// of another type, in a long form, or with another instance it is a community all the same
	{ VARBIND(TRAP_COMMUNITY, "44{736563726574}"), VARBIND(TRAP_COMMUNITY, "04{2a2a2a2a2a2a}"), true },
	{ VARBIND(TRAP_COMMUNITY, "02{000000000000000000000001}"),
	  VARBIND(TRAP_COMMUNITY, "04{2a2a2a2a2a2a2a2a2a2a2a2a}"), true },
	{ VARBIND(TRAP_COMMUNITY, "04830000024142"), VARBIND(TRAP_COMMUNITY, "04830000022a2a"), true },
	{ VARBIND("2b06010603120104", "04{41}"), VARBIND("2b06010603120104", "04{2a}"), true },
	{ VARBIND("2b0601060312010481ff00", "04{41}"), VARBIND("2b0601060312010481ff00", "04{2a}"), true },
	// its neighbours are none
	{ VARBIND(TRAP_ADDRESS, "40{c0000201}"), VARBIND(TRAP_ADDRESS, "40{c0000201}"), false },
	{ VARBIND("2b0601060312010500", "04{41}"), VARBIND("2b0601060312010500", "04{41}"), false },
	{ VARBIND("2b060106031201", "04{41}"), VARBIND("2b060106031201", "04{41}"), false },
	{ VARBIND(ALERT_CODE, "06{" TRAP_COMMUNITY "}"), VARBIND(ALERT_CODE, "06{" TRAP_COMMUNITY "}"), false },
};

static void test_mask(void **state)
{
	for (size_t i = 0; i < sizeof(masks) / sizeof(*masks); i++) {
		char before[512], after[512];
		struct snmp_pdu pdu;
		snprintf(before, sizeof(before), PDU2("a7", "%s"), masks[i].before);
		snprintf(after, sizeof(after), PDU2("a7", "%s"), masks[i].after);
		struct hex h = hex_of(before), want = hex_of(after);
		assert_int_equal(snmp_parse_pdu(hex_span(&h), &pdu), ST_OK);
		assert_int_equal(pdu.has_trap_community, masks[i].has);
		snmp_mask_trap_community(h.p, h.n);
		if (h.n != want.n || memcmp(h.p, want.p, h.n))
			fail_msg("row %zu", i);
	}
	struct hex v1 = hex_of(PDU1(HP, "c0000201", "06", "11", "64", VARBIND(TRAP_COMMUNITY, "04{736563726574}")));
	struct hex want = hex_of(PDU1(HP, "c0000201", "06", "11", "64", VARBIND(TRAP_COMMUNITY, "04{2a2a2a2a2a2a}")));
	struct hex bad = hex_of(PDU2("a7", VARBIND(TRAP_COMMUNITY, "04{41}")) "00"), same = bad;
	snmp_mask_trap_community(v1.p, v1.n);
	assert_memory_equal(v1.p, want.p, want.n);
	snmp_mask_trap_community(bad.p, bad.n);
	assert_memory_equal(bad.p, same.p, same.n);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_verdicts),      cmocka_unit_test(test_fields),
		cmocka_unit_test(test_version_alone), cmocka_unit_test(test_limits),
		cmocka_unit_test(test_truncated),     cmocka_unit_test(test_pdu_types),
		cmocka_unit_test(test_mutations),     cmocka_unit_test(test_inform_response),
		cmocka_unit_test(test_mask),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
