// SPDX-License-Identifier: Apache-2.0
// OIDs: verdicts on octets and on text, and random arcs through the decoder against a slow, obvious one.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "hex.h"
#include "snmp/ber.h"
#include "snmp/oid.h"

static const struct {
	const char *octets, *text; // NULL: refused
} rows[] = {
	{ "", "0.0" },
	{ "00", "0.0" },
	{ "27", "0.39" },
	{ "28", "1.0" },
	{ "2b", "1.3" },
	{ "4f", "1.39" },
	{ "50", "2.0" },
	{ "78", "2.40" },
	{ "8837", "2.999" },
	{ "2b06010201", "1.3.6.1.2.1" },
	{ "2b06010401bf08", "1.3.6.1.4.1.8072" },
	{ "2b8fffffff7f", "1.3.4294967295" },
	{ "9080 8080 4f", "2.4294967295" },
	{ "2b00", "1.3.0" },
	{ "2b7f", "1.3.127" },
	{ "2b8100", "1.3.128" },
	// an arc over 2^32-1
	{ "2b9080808000", NULL },
	{ "2bffffffff7f", NULL },
	{ "2b818080808000", NULL },
	{ "9080 8080 50", NULL },
	// a leading 0x80
	{ "8001", NULL },
	{ "80", NULL },
	{ "2b8001", NULL },
	{ "2b80808080808080808080808001", NULL },
	// unfinished
	{ "ff", NULL },
	{ "2b06ff", NULL },
	{ "2b0601020181", NULL },
	{ "2b8fffffff", NULL },
};

static void test_decode(void **state)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct hex h = hex_of(rows[i].octets);
		struct oid o = { { 77 }, 1 };
		enum st want = rows[i].text ? ST_OK : ST_BER_OID, got = oid_decode(hex_span(&h), &o);
		if (got != want)
			fail_msg("%s: %s", rows[i].octets, st_name(got));
		if (oid_check(hex_span(&h)) != want)
			fail_msg("%s: oid_check differs", rows[i].octets);
		struct text t = { 0 };
		oid_text(&o, &t);
		assert_string_equal(text_str(&t), rows[i].text ? rows[i].text : "77");
		text_done(&t);
	}
}

// n octets: 127 of one octet each are 128 arcs.
static void test_128_arcs(void **state)
{
	uint8_t octets[700];
	struct oid o;
	memset(octets, 1, sizeof(octets));
	for (size_t n = 120; n < 260; n++) {
		enum st want = n <= 127 ? ST_OK : ST_BER_OID;
		assert_int_equal(oid_decode(span_of(octets, n), &o), want);
		assert_int_equal(oid_check(span_of(octets, n)), want);
		if (want == ST_OK)
			assert_int_equal(o.n, n + 1);
	}
	for (size_t i = 0; i < sizeof(octets); i++)
		octets[i] = i % 5 == 0 ? 0x8f : i % 5 == 4 ? 0x7f : 0xff;
	octets[0] = 0x90;
	octets[1] = octets[2] = octets[3] = 0x80;
	octets[4] = 0x4f;
	assert_int_equal(oid_check(span_of(octets, 127 * 5)), ST_OK);
	assert_int_equal(oid_decode(span_of(octets, 127 * 5), &o), ST_OK);
	assert_int_equal(o.n, 128);
	assert_int_equal(o.arc[127], UINT32_MAX);
	assert_int_equal(oid_check(span_of(octets, 128 * 5)), ST_BER_OID);
	assert_int_equal(oid_decode(span_of(octets, 128 * 5), &o), ST_BER_OID);
}

static const struct {
	const char *text, *back; // NULL: ST_SYNTAX
} texts[] = {
	{ "1.3.6.1.4.1", "1.3.6.1.4.1" },
	{ ".1.3.6.1", "1.3.6.1" },
	{ "0.0", "0.0" },
	{ "1", "1" },
	{ "2.4294967295", "2.4294967295" },
	{ "1.39.4294967295", "1.39.4294967295" },
	{ "1.3.007", "1.3.7" },
	{ "", NULL },
	{ ".", NULL },
	{ "..1", NULL },
	{ "1.", NULL },
	{ "1..3", NULL },
	{ "1.3 ", NULL },
	{ " 1.3", NULL },
	{ "1.-3", NULL },
	{ "1.+3", NULL },
	{ "1.3.6a", NULL },
	{ "3.1", NULL },
	{ "1.40", NULL },
	{ "0.40", NULL },
	{ "1.3.4294967296", NULL },
	{ "1.3.18446744073709551617", NULL },
	{ "1.3.99999999999999999999999999999999999999999", NULL },
	{ "sysUpTime", NULL },
};

static void test_text(void **state)
{
	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
		struct oid o = { { 77 }, 1 };
		struct text t = { 0 };
		enum st st = oid_parse(texts[i].text, &o);
		if (st != (texts[i].back ? ST_OK : ST_SYNTAX))
			fail_msg("\"%s\": %s", texts[i].text, st_name(st));
		oid_text(&o, &t);
		assert_string_equal(text_str(&t), texts[i].back ? texts[i].back : "77");
		text_done(&t);
	}
	char longest[2 * 129 + 1] = "";
	struct oid o;
	for (int i = 0; i < 128; i++)
		strcat(longest, i ? ".1" : "1");
	assert_int_equal(oid_parse(longest, &o), ST_OK);
	assert_int_equal(o.n, 128);
	strcat(longest, ".1");
	assert_int_equal(oid_parse(longest, &o), ST_SYNTAX);
}

static void test_compare(void **state)
{
	struct oid a = { { 1, 3, 6 }, 3 }, b = { { 1, 3, 6, 1 }, 4 }, c = { { 1, 3, UINT32_MAX }, 3 },
	           none = { .n = 0 };
	assert_int_equal(oid_compare(&a, &a), 0);
	assert_true(oid_compare(&a, &b) < 0 && oid_compare(&b, &a) > 0);
	assert_true(oid_compare(&b, &c) < 0 && oid_compare(&c, &b) > 0);
	assert_true(oid_compare(&none, &a) < 0);
	assert_true(oid_starts_with(&b, &a) && oid_starts_with(&a, &a) && oid_starts_with(&a, &none));
	assert_false(oid_starts_with(&a, &b) || oid_starts_with(&c, &a));
	while (oid_append(&a, 7))
		;
	assert_int_equal(a.n, SNMP_OID_ARCS);
	assert_int_equal(a.arc[127], 7);
}

// The slow, obvious model: all octets of one subidentifier, then its value. Returns arcs or -1.
static int model(struct span s, uint32_t *arcs)
{
	int n = 0;
	for (size_t i = 0; i < s.n;) {
		long double v = 0;
		size_t from = i;
		while (i < s.n && s.p[i] & 0x80)
			v = v * 128 + (s.p[i++] - 128);
		if (i == s.n || s.p[from] == 0x80)
			return -1;
		v = v * 128 + s.p[i++];
		if (n == 0) {
			arcs[n++] = v < 40 ? 0 : v < 80 ? 1 : 2;
			v -= 40 * arcs[0];
		}
		if (v > 4294967295.0L || n == SNMP_OID_ARCS)
			return -1;
		arcs[n++] = (uint32_t)v;
	}
	return n;
}

static void test_random_octets(void **state)
{
	uint64_t seed = 4711;
	size_t accepted = 0;
	for (int turn = 0; turn < 200000; turn++) {
		uint8_t octets[160];
		size_t n = roll(&seed) % (turn % 16 ? 24 : sizeof(octets));
		unsigned rarely = (unsigned)(roll(&seed) % 60) + 1;
		for (size_t i = 0; i < n; i++) {
			octets[i] = (uint8_t)(roll(&seed) % 128);
			if (roll(&seed) % rarely == 0)
				octets[i] |= 0x80;
		}
		uint32_t arcs[SNMP_OID_ARCS + 1];
		struct oid o = { .n = 0 };
		uint8_t *p = exact_copy(span_of(octets, n));
		int want = model(span_of(octets, n), arcs);
		assert_int_equal(oid_check(span_of(p, n)), want < 0 ? ST_BER_OID : ST_OK);
		assert_int_equal(oid_decode(span_of(p, n), &o), want < 0 ? ST_BER_OID : ST_OK);
		if (want >= 0) {
			accepted++;
			assert_int_equal(o.n, want);
			assert_memory_equal(o.arc, arcs, o.n * sizeof(*arcs));
		}
		free(p);
	}
	assert_in_range(accepted, 20000, 190000);
}

static uint32_t random_arc(uint64_t *seed)
{
	return (uint32_t)(roll(seed) >> (32 + roll(seed) % 32));
}

static void test_random_arcs(void **state)
{
	uint64_t seed = 815;
	for (int turn = 0; turn < 20000; turn++) {
		struct oid o, back, read;
		uint8_t room[SNMP_OID_ARCS * 5 + 4];
		struct wr w = wr_of(room, sizeof(room));
		struct text t = { 0 };
		o.n = (uint8_t)(2 + roll(&seed) % (turn % 8 ? 20 : 127));
		for (size_t i = 0; i < o.n; i++)
			o.arc[i] = random_arc(&seed);
		o.arc[0] %= 3;
		if (o.arc[0] < 2)
			o.arc[1] %= 40;
		ber_put_oid(&w, &o);
		struct ber b = ber_of(wr_span(&w));
		struct span content = ber_take(&b, BER_OID);
		assert_int_equal(ber_end(&b), ST_OK);
		assert_int_equal(oid_decode(content, &back), ST_OK);
		assert_int_equal(oid_compare(&o, &back), 0);
		oid_text(&o, &t);
		assert_int_equal(oid_parse(text_str(&t), &read), ST_OK);
		assert_int_equal(oid_compare(&o, &read), 0);
		text_done(&t);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_decode),        cmocka_unit_test(test_128_arcs),
		cmocka_unit_test(test_text),          cmocka_unit_test(test_compare),
		cmocka_unit_test(test_random_octets), cmocka_unit_test(test_random_arcs),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
