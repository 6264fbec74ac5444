// SPDX-License-Identifier: Apache-2.0
// Building: each value letter to its exact octets, whole messages octet by octet, and everything read back.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "hex.h"
#include "samples.h"
#include "snmp/build.h"
#include "snmp/notification.h"

static const struct oid alert_code = { { 1, 3, 6, 1, 2, 1, 43, 18, 1, 1, 8, 1, 5 }, 13 };
static const struct oid alert_trap = { { 1, 3, 6, 1, 2, 1, 43, 18, 2, 0, 1 }, 11 };

static const struct {
	char letter;
	const char *text;
	uint8_t type;
	const char *octets; // NULL: refused with st
	enum st st;
} values[] = {
	{ 'i', "0", BER_INTEGER, "00", ST_OK },
	{ 'i', "-1", BER_INTEGER, "ff", ST_OK },
	{ 'i', "128", BER_INTEGER, "0080", ST_OK },
	{ 'i', "2147483647", BER_INTEGER, "7fffffff", ST_OK },
	{ 'i', "-2147483648", BER_INTEGER, "80000000", ST_OK },
	{ 'i', "2147483648", 0, NULL, ST_BER_INTEGER },
	{ 'i', "-2147483649", 0, NULL, ST_BER_INTEGER },
	{ 'i', "99999999999999999999", 0, NULL, ST_BER_INTEGER },
	{ 'i', "", 0, NULL, ST_SYNTAX },
	{ 'i', "-", 0, NULL, ST_SYNTAX },
	{ 'i', " 1", 0, NULL, ST_SYNTAX },
	{ 'i', "1x", 0, NULL, ST_SYNTAX },
	{ 'i', "+1", 0, NULL, ST_SYNTAX },
	{ 'u', "4294967295", BER_GAUGE32, "00ffffffff", ST_OK },
	{ 'u', "4294967296", 0, NULL, ST_BER_INTEGER },
	{ 'u', "-1", 0, NULL, ST_BER_INTEGER },
	{ 'u', "-x", 0, NULL, ST_SYNTAX },
	{ 'c', "128", BER_COUNTER32, "0080", ST_OK },
	{ 'c', "4294967296", 0, NULL, ST_BER_INTEGER },
	{ 'C', "18446744073709551615", BER_COUNTER64, "00ffffffffffffffff", ST_OK },
	{ 'C', "-1", 0, NULL, ST_BER_INTEGER },
	{ 'u', "-18446744073709551615", 0, NULL, ST_BER_INTEGER },
	{ 'C', "18446744073709551616", 0, NULL, ST_BER_INTEGER },
	{ 'C', "4294967296", BER_COUNTER64, "0100000000", ST_OK },
	{ 't', "123456", BER_TIMETICKS, "01e240", ST_OK },
	{ 't', "1:2", 0, NULL, ST_SYNTAX },
	{ 'a', "192.0.2.1", BER_IPADDRESS, "c0000201", ST_OK },
	{ 'a', "192.0.2", 0, NULL, ST_SYNTAX },
	{ 'a', "2001:db8::1", 0, NULL, ST_SYNTAX },
	{ 'o', "1.3.6.1.4.1.8072", BER_OID, "2b06010401bf08", ST_OK },
	{ 'o', ".0.0", BER_OID, "00", ST_OK },
	{ 'o', "2.4294967295", BER_OID, "908080804f", ST_OK },
	{ 'o', "sysUpTime", 0, NULL, ST_SYNTAX },
	{ 'o', "", 0, NULL, ST_SYNTAX },
	{ 's', "", BER_OCTETS, "", ST_OK },
	{ 's', "Paper jam", BER_OCTETS, "5061706572206a616d", ST_OK },
	{ 's', "\xc3\xa9", BER_OCTETS, "c3a9", ST_OK },
	{ 'x', "00 1f", BER_OCTETS, "001f", ST_OK },
	{ 'x', "001F", BER_OCTETS, "001f", ST_OK },
	{ 'x', "", BER_OCTETS, "", ST_OK },
	{ 'x', "0", 0, NULL, ST_SYNTAX },
	{ 'x', "00 1", 0, NULL, ST_SYNTAX },
	{ 'x', "0 01", 0, NULL, ST_SYNTAX },
	{ 'x', "0x00", 0, NULL, ST_SYNTAX },
	{ 'd', "0.31", BER_OCTETS, "001f", ST_OK },
	{ 'd', "255 0", BER_OCTETS, "ff00", ST_OK },
	{ 'd', "", BER_OCTETS, "", ST_OK },
	{ 'd', "256", 0, NULL, ST_BER_INTEGER },
	{ 'd', "1.99999999999", 0, NULL, ST_SYNTAX },
	{ 'd', "1.", 0, NULL, ST_SYNTAX },
	{ 'd', "1..2", 0, NULL, ST_SYNTAX },
	{ 'd', ".1", 0, NULL, ST_SYNTAX },
	{ 'd', "-1", 0, NULL, ST_SYNTAX },
	{ 'n', "", BER_NULL, "", ST_OK },
	{ 'n', "1", 0, NULL, ST_SYNTAX },
	{ 'b', "0 3 7", BER_OCTETS, "91", ST_OK },
	{ 'b', "7,3,0", BER_OCTETS, "91", ST_OK },
	{ 'b', "8", BER_OCTETS, "0080", ST_OK },
	{ 'b', "17 0", BER_OCTETS, "800040", ST_OK },
	{ 'b', "0 0", BER_OCTETS, "80", ST_OK },
	{ 'b', "", BER_OCTETS, "", ST_OK },
	{ 'b', "32768", 0, NULL, ST_BER_INTEGER },
	{ 'b', "0  1", 0, NULL, ST_SYNTAX },
	{ 'b', "a", 0, NULL, ST_SYNTAX },
	{ 'q', "1", 0, NULL, ST_SYNTAX },
	{ 0, "1", 0, NULL, ST_SYNTAX },
};

static void test_values(void **state)
{
	for (size_t i = 0; i < sizeof(values) / sizeof(*values); i++) {
		struct snmp_out_varbind v = { .n = 77 };
		enum st st = snmp_out_varbind_parse(&alert_code, values[i].letter, values[i].text, &v);
		if (st != values[i].st)
			fail_msg("%c \"%s\": %s", values[i].letter, values[i].text, st_name(st));
		if (st != ST_OK) {
			assert_int_equal(v.n, 77);
			continue;
		}
		struct hex h = hex_of(values[i].octets);
		if (v.type != values[i].type || !span_equal(span_of(v.value, v.n), hex_span(&h)))
			fail_msg("%c \"%s\": type %02x, %zu octets", values[i].letter, values[i].text, v.type, v.n);
		assert_int_equal(oid_compare(&v.oid, &alert_code), 0);
		snmp_out_varbind_done(&v);
		assert_null(v.value);
		snmp_out_varbind_done(&v);
	}
}

static void test_long_values(void **state)
{
	struct snmp_out_varbind v;
	char text[5000];
	memset(text, 'a', sizeof(text) - 1);
	text[sizeof(text) - 1] = 0;
	assert_int_equal(snmp_out_varbind_parse(&alert_code, 's', text, &v), ST_OK);
	assert_int_equal(v.n, sizeof(text) - 1);
	snmp_out_varbind_done(&v);
	assert_int_equal(snmp_out_varbind_parse(&alert_code, 'b', "32767", &v), ST_OK);
	assert_int_equal(v.n, 4096);
	assert_int_equal(v.value[4095], 1);
	assert_int_equal(v.value[0], 0);
	snmp_out_varbind_done(&v);
	char arcs[128 * 11 + 1] = "2";
	for (int i = 1; i < 128; i++)
		strcat(arcs, ".4294967295");
	assert_int_equal(snmp_out_varbind_parse(&alert_code, 'o', arcs, &v), ST_OK);
	assert_int_equal(v.n, 127 * 5);
	snmp_out_varbind_done(&v);
}

static void assert_written(const struct wr *w, const char *octets)
{
	struct hex h = hex_of(octets);
	if (!span_equal(wr_span(w), hex_span(&h)))
		fail_msg("not %s", octets);
}

static void test_messages(void **state)
{
	struct snmp_out_varbind code;
	uint8_t room[512];
	struct wr w = wr_of(room, sizeof(room));
	assert_int_equal(snmp_out_varbind_parse(&alert_code, 'i', "8", &code), ST_OK);
	snmp_write_notification_v2(&w, PDU_TRAP_V2, 42, 123456, &alert_trap, &code, 1);
	assert_written(&w, PDU2("a7", UPTIME TRAP CODE));
	snmp_wrap_community(&w, SNMP_VERSION_2C, span_str("public"));
	assert_written(&w, V2(UPTIME TRAP CODE));
	w = wr_of(room, sizeof(room));
	snmp_write_notification_v2(&w, PDU_INFORM, 42, 123456, &alert_trap, NULL, 0);
	snmp_wrap_community(&w, SNMP_VERSION_2C, span_str("public"));
	assert_written(&w, INFORM(UPTIME TRAP));
	const struct snmp_out_v1 t = { { { 1, 3, 6, 1, 4, 1, 11 }, 7 }, { 192, 0, 2, 1 }, 6, 17 };
	w = wr_of(room, sizeof(room));
	snmp_write_trap_v1(&w, &t, UINT32_MAX, &code, 1);
	snmp_wrap_community(&w, SNMP_VERSION_1, span_str("public"));
	assert_written(&w, V1(HP, "c0000201", "06", "11", "00ffffffff", CODE));
	size_t whole = wr_span(&w).n;
	for (size_t n = 0; n < whole; n++) {
		w = wr_of(room, n);
		snmp_write_trap_v1(&w, &t, UINT32_MAX, &code, 1);
		snmp_wrap_community(&w, SNMP_VERSION_1, span_str("public"));
		assert_true(w.full);
	}
	snmp_out_varbind_done(&code);
}

// Messages of random varbinds come back varbind for varbind.
static void test_round_trips(void **state)
{
	static const struct {
		char letter;
		const char *texts[4];
	} some[] = { { 'i', { "0", "-5", "70000", "-2147483648" } },
		     { 's', { "", "Tray 2 open", "x", "jam" } },
		     { 'C', { "0", "18446744073709551615", "255", "256" } },
		     { 'o', { "1.3", "2.999.5", "0.0", "1.3.6.1.4.1.4294967295" } },
		     { 'x', { "", "ff", "00 00", "30 80" } },
		     { 'a', { "0.0.0.0", "255.255.255.255", "10.0.0.1", "127.0.0.1" } },
		     { 'n', { "", "", "", "" } } };
	uint64_t seed = 2697;
	for (int turn = 0; turn < 3000; turn++) {
		struct snmp_out_varbind v[40];
		size_t n = roll(&seed) % 40;
		for (size_t i = 0; i < n; i++) {
			size_t row = roll(&seed) % (sizeof(some) / sizeof(*some));
			struct oid o = alert_code;
			oid_append(&o, (uint32_t)roll(&seed));
			assert_int_equal(
			        snmp_out_varbind_parse(&o, some[row].letter, some[row].texts[roll(&seed) % 4], &v[i]),
			        ST_OK);
		}
		uint8_t room[4096];
		struct wr w = wr_of(room, sizeof(room));
		int32_t id = (int32_t)roll(&seed);
		uint32_t uptime = (uint32_t)roll(&seed);
		snmp_write_notification_v2(&w, PDU_INFORM, id, uptime, &alert_trap, v, n);
		snmp_wrap_community(&w, SNMP_VERSION_2C, span_str("ops"));
		struct snmp_message m;
		struct snmp_notification note;
		assert_int_equal(snmp_parse_message(wr_span(&w), &m), ST_OK);
		assert_int_equal(snmp_normalise(&m.pdu, &note), ST_OK);
		assert_int_equal(m.pdu.request_id, id);
		assert_int_equal(note.uptime, uptime);
		assert_int_equal(oid_compare(&note.trap_oid, &alert_trap), 0);
		struct ber list = ber_of(note.varbinds);
		for (size_t i = 0; i < n; i++) {
			struct snmp_varbind in;
			struct oid o;
			assert_true(snmp_notification_next(&list, &in));
			assert_int_equal(in.type, v[i].type);
			assert_true(span_equal(in.value, span_of(v[i].value, v[i].n)));
			assert_int_equal(oid_decode(in.oid, &o), ST_OK);
			assert_int_equal(oid_compare(&o, &v[i].oid), 0);
			snmp_out_varbind_done(&v[i]);
		}
		assert_int_equal(ber_end(&list), ST_OK);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_values),
		cmocka_unit_test(test_long_values),
		cmocka_unit_test(test_messages),
		cmocka_unit_test(test_round_trips),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
