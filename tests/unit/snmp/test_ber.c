// SPDX-License-Identifier: Apache-2.0
// BER: what is taken although it is not DER, what is refused, what is written, and how a TCP stream is cut.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "hex.h"
#include "snmp/ber.h"

static const struct {
	const char *octets;
	enum st st;
	uint8_t tag;
	size_t n;
} elements[] = {
	{ "0500", ST_OK, 0x05, 0 },
	{ "020101", ST_OK, 0x02, 1 },
	{ "0403 616263", ST_OK, 0x04, 3 },
	// non-minimal lengths
	{ "048103 616263", ST_OK, 0x04, 3 },
	{ "04820003 616263", ST_OK, 0x04, 3 },
	{ "0483000003 616263", ST_OK, 0x04, 3 },
	{ "048400000003 616263", ST_OK, 0x04, 3 },
	{ "048100", ST_OK, 0x04, 0 },
	// over four octets of length, indefinite, reserved
	{ "04850000000003 616263", ST_BER_LENGTH, 0, 0 },
	{ "0488ffffffffffffffff 00", ST_BER_LENGTH, 0, 0 },
	{ "3080 020101 0000", ST_BER_LENGTH, 0, 0 },
	{ "04ff", ST_BER_LENGTH, 0, 0 },
	// longer than what it stands in, also where 32 bits would be negative
	{ "0404 616263", ST_BER_LENGTH, 0, 0 },
	{ "0484ffffffff 00", ST_BER_LENGTH, 0, 0 },
	{ "048480000000 00", ST_BER_LENGTH, 0, 0 },
	{ "04847fffffff 00", ST_BER_LENGTH, 0, 0 },
	// cut in tag or length
	{ "", ST_SHORT, 0, 0 },
	{ "04", ST_SHORT, 0, 0 },
	{ "0481", ST_SHORT, 0, 0 },
	{ "048200", ST_SHORT, 0, 0 },
	{ "0484000000", ST_SHORT, 0, 0 },
	// tags that SNMP does not have
	{ "0000", ST_BER_TAG, 0, 0 },
	{ "1f0101", ST_BER_TAG, 0, 0 },
	{ "9f780400000000", ST_BER_TAG, 0, 0 },
	{ "bf8100", ST_BER_TAG, 0, 0 },
};

static void test_elements(void **state)
{
	for (size_t i = 0; i < sizeof(elements) / sizeof(*elements); i++) {
		struct hex h = hex_of(elements[i].octets);
		uint8_t *p = exact_copy(hex_span(&h)), tag = 99, whole_tag = 99;
		struct ber b = ber_of(span_of(p, h.n)), c = b;
		struct span content = ber_any(&b, &tag), whole = ber_whole(&c, &whole_tag);
		if (b.st != elements[i].st || tag != elements[i].tag || content.n != elements[i].n)
			fail_msg("%s: %s, tag %02x, %zu", elements[i].octets, st_name(b.st), tag, content.n);
		assert_int_equal(whole_tag, tag);
		assert_int_equal(whole.n, b.st == ST_OK ? h.n : 0);
		assert_int_equal(ber_end(&b), elements[i].st);
		assert_int_equal(b.rd.bad, b.st != ST_OK);
		free(p);
	}
}

// The first length octets 0x80 to 0xff, with so much behind them that none is too long by accident.
static void test_first_length_octet(void **state)
{
	uint8_t octets[600] = { BER_OCTETS };
	for (unsigned first = 0; first < 256; first++) {
		uint8_t tag;
		octets[1] = (uint8_t)first;
		octets[2] = octets[3] = octets[4] = 0;
		struct ber b = ber_of(span_of(octets, sizeof(octets)));
		struct span content = ber_any(&b, &tag);
		bool good = first < 0x80 || (first > 0x80 && first <= 0x84);
		assert_int_equal(b.st, good ? ST_OK : ST_BER_LENGTH);
		assert_int_equal(content.n, first < 0x80 ? first : 0);
	}
}

static void test_sticky(void **state)
{
	struct hex h = hex_of("020101 0404 61 0500");
	struct ber b = ber_of(hex_span(&h));
	assert_int_equal(ber_end(&b), ST_TRAILING);
	assert_int_equal(ber_peek(&b), BER_INTEGER);
	assert_int_equal(ber_int32(&b), 1);
	assert_int_equal(ber_take(&b, BER_OCTETS).n, 0);
	assert_int_equal(b.st, ST_BER_LENGTH);
	assert_int_equal(ber_int32(&b), 0);
	struct ber child = ber_enter(&b, BER_SEQUENCE);
	assert_int_equal(ber_end(&child), ST_BER_LENGTH);
	assert_int_equal(ber_peek(&b), 0);
	assert_int_equal(ber_end(&b), ST_BER_LENGTH);
}

static void test_wrong_tag(void **state)
{
	struct hex h = hex_of("040101");
	struct ber b = ber_of(hex_span(&h));
	assert_int_equal(ber_int32(&b), 0);
	assert_int_equal(b.st, ST_BER_TAG);
	b = ber_of(hex_span(&h));
	struct ber child = ber_enter(&b, BER_SEQUENCE);
	assert_int_equal(ber_end(&child), ST_BER_TAG);
}

static const struct {
	const char *octets;
	bool is_int, is_uint;
	int64_t i;
	uint64_t u;
} numbers[] = {
	{ "", false, false, 0, 0 },
	{ "00", true, true, 0, 0 },
	{ "7f", true, true, 127, 127 },
	{ "80", true, false, -128, 0 },
	{ "ff", true, false, -1, 0 },
	{ "0080", true, true, 128, 128 },
	{ "ff7f", true, false, -129, 0 },
	{ "8000", true, false, -32768, 0 },
	{ "7fffffff", true, true, INT32_MAX, INT32_MAX },
	{ "80000000", true, true, INT32_MIN, 0x80000000 },
	{ "ffffffff", true, true, -1, 0xffffffff },
	{ "00ffffffff", true, true, 0xffffffff, 0xffffffff },
	{ "ffffffffff", true, false, -1, 0 },
	// over-long
	{ "0000000001", true, true, 1, 1 },
	{ "00000000000000000000000000000000002a", true, true, 42, 42 },
	{ "fffffffffffffffffffffffffffffffffffe", true, false, -2, 0 },
	// 64 bits
	{ "7fffffffffffffff", true, true, INT64_MAX, INT64_MAX },
	{ "8000000000000000", true, true, INT64_MIN, 0x8000000000000000 },
	{ "00ffffffffffffffff", false, true, 0, UINT64_MAX },
	{ "ffffffffffffffff", true, true, -1, UINT64_MAX },
	{ "0000ffffffffffffffff", false, true, 0, UINT64_MAX },
	{ "010000000000000000", false, false, 0, 0 },
	{ "ff0000000000000000", false, false, 0, 0 },
	{ "ff7fffffffffffffff", false, false, 0, 0 },
};

static void test_numbers(void **state)
{
	for (size_t k = 0; k < sizeof(numbers) / sizeof(*numbers); k++) {
		struct hex h = hex_of(numbers[k].octets);
		int64_t i = 77;
		uint64_t u = 77;
		enum st si = ber_content_int64(hex_span(&h), &i), su = ber_content_uint64(hex_span(&h), &u);
		if (si != (numbers[k].is_int ? ST_OK : ST_BER_INTEGER) || i != (numbers[k].is_int ? numbers[k].i : 77))
			fail_msg("%s: %s, %ld", numbers[k].octets, st_name(si), (long)i);
		if (su != (numbers[k].is_uint ? ST_OK : ST_BER_INTEGER) ||
		    u != (numbers[k].is_uint ? numbers[k].u : 77))
			fail_msg("%s: %s, %lu", numbers[k].octets, st_name(su), (unsigned long)u);
	}
}

static const struct {
	const char *octets;
	uint8_t tag; // BER_INTEGER: ber_int32, else ber_uint32
	enum st st;
	int64_t value;
} fields[] = {
	{ "02047fffffff", BER_INTEGER, ST_OK, INT32_MAX },
	{ "020480000000", BER_INTEGER, ST_OK, INT32_MIN },
	{ "0205ff80000000", BER_INTEGER, ST_OK, INT32_MIN },
	{ "02050080000000", BER_INTEGER, ST_BER_INTEGER, 0 },
	{ "0205ff7fffffff", BER_INTEGER, ST_BER_INTEGER, 0 },
	{ "0200", BER_INTEGER, ST_BER_INTEGER, 0 },
	{ "4304ffffffff", BER_TIMETICKS, ST_OK, UINT32_MAX },
	{ "430500ffffffff", BER_TIMETICKS, ST_OK, UINT32_MAX },
	{ "43050100000000", BER_TIMETICKS, ST_BER_INTEGER, 0 },
	{ "4308ffffffffffffffff", BER_TIMETICKS, ST_BER_INTEGER, 0 },
	{ "4301ff", BER_TIMETICKS, ST_BER_INTEGER, 0 },
	{ "4300", BER_TIMETICKS, ST_BER_INTEGER, 0 },
	{ "410101", BER_TIMETICKS, ST_BER_TAG, 0 },
};

static void test_fields(void **state)
{
	for (size_t i = 0; i < sizeof(fields) / sizeof(*fields); i++) {
		struct hex h = hex_of(fields[i].octets);
		struct ber b = ber_of(hex_span(&h));
		int64_t v = fields[i].tag == BER_INTEGER ? (int64_t)ber_int32(&b) : ber_uint32(&b, fields[i].tag);
		if (ber_end(&b) != fields[i].st || v != fields[i].value)
			fail_msg("%s: %s, %ld", fields[i].octets, st_name(ber_end(&b)), (long)v);
	}
}

// The shortest octets whose two's complement is v, found by trying.
static size_t model_octets(int64_t v)
{
	size_t n = 1;
	while (n < 8 && (v < -((int64_t)1 << (8 * n - 1)) || v > ((int64_t)1 << (8 * n - 1)) - 1))
		n++;
	return n;
}

static void test_random_integers(void **state)
{
	uint64_t seed = 99;
	for (int turn = 0; turn < 100000; turn++) {
		int64_t v = (int64_t)roll(&seed) >> roll(&seed) % 64, i;
		uint64_t u = roll(&seed) >> roll(&seed) % 64, back;
		uint8_t room[32];
		struct wr w = wr_of(room, sizeof(room));
		ber_put_int(&w, BER_INTEGER, v);
		struct ber b = ber_of(wr_span(&w));
		struct span content = ber_take(&b, BER_INTEGER);
		assert_int_equal(content.n, model_octets(v));
		assert_int_equal(ber_content_int64(content, &i), ST_OK);
		assert_int_equal(i, v);
		w = wr_of(room, sizeof(room));
		ber_put_uint(&w, BER_COUNTER64, u);
		b = ber_of(wr_span(&w));
		content = ber_take(&b, BER_COUNTER64);
		assert_int_equal(content.n, u > INT64_MAX ? 9 : model_octets((int64_t)u));
		assert_int_equal(ber_content_uint64(content, &back), ST_OK);
		assert_int_equal(back, u);
	}
}

static void test_redundant_octets(void **state)
{
	for (int64_t v = -70000; v < 70000; v += 7) {
		for (size_t pad = 0; pad < 12; pad++) {
			uint8_t room[32];
			struct wr w = wr_of(room, sizeof(room));
			int64_t i;
			uint64_t u;
			wr_be(&w, (uint64_t)v, model_octets(v));
			for (size_t k = 0; k < pad; k++)
				wr_u8(&w, v < 0 ? 0xff : 0);
			assert_int_equal(ber_content_int64(wr_span(&w), &i), ST_OK);
			assert_int_equal(i, v);
			if (v >= 0) {
				assert_int_equal(ber_content_uint64(wr_span(&w), &u), ST_OK);
				assert_int_equal(u, v);
			}
		}
	}
}

static void assert_written(const struct wr *w, const char *octets)
{
	struct hex h = hex_of(octets);
	struct span s = wr_span(w);
	assert_int_equal(s.n, h.n);
	assert_memory_equal(s.p, h.p, h.n);
}

static void test_heads(void **state)
{
	static const struct {
		size_t n;
		const char *head;
	} heads[] = { { 0, "0400" },       { 127, "047f" },       { 128, "048180" },      { 255, "0481ff" },
		      { 256, "04820100" }, { 65535, "0482ffff" }, { 65536, "0483010000" } };
	uint8_t *room = malloc(70000);
	for (size_t i = 0; i < sizeof(heads) / sizeof(*heads); i++) {
		struct wr w = wr_of(room, 70000);
		const uint8_t *mark = w.at;
		memset(wr_room(&w, heads[i].n), 'a', heads[i].n);
		ber_head(&w, BER_OCTETS, mark);
		struct hex h = hex_of(heads[i].head);
		assert_int_equal(wr_span(&w).n, h.n + heads[i].n);
		assert_memory_equal(wr_span(&w).p, h.p, h.n);
	}
	free(room);
}

static void test_oids_written(void **state)
{
	static const struct {
		struct oid oid;
		const char *octets; // NULL: the writer is full
	} oids[] = { { { .n = 0 }, "060100" },
		     { { { 1 }, 1 }, "060128" },
		     { { { 1, 3 }, 2 }, "06012b" },
		     { { { 2, 999, 3 }, 3 }, "0603883703" },
		     { { { 2, UINT32_MAX }, 2 }, "060590 8080804f" },
		     { { { 1, 3, UINT32_MAX }, 3 }, "06062b8fffffff7f" },
		     { { { 3, 1 }, 2 }, NULL },
		     { { { 1, 40 }, 2 }, NULL },
		     { { { UINT32_MAX }, 1 }, NULL } };
	for (size_t i = 0; i < sizeof(oids) / sizeof(*oids); i++) {
		uint8_t room[32];
		struct wr w = wr_of(room, sizeof(room));
		ber_put_oid(&w, &oids[i].oid);
		assert_int_equal(w.full, oids[i].octets == NULL);
		if (oids[i].octets)
			assert_written(&w, oids[i].octets);
	}
}

static void test_full_stays_full(void **state)
{
	for (size_t room = 0; room < 12; room++) {
		uint8_t *p = malloc(room + 1);
		struct wr w = wr_of(p, room);
		const uint8_t *mark = w.at;
		ber_put(&w, BER_OCTETS, span_str("abcdef"));
		ber_put_int(&w, BER_INTEGER, 5);
		ber_head(&w, BER_SEQUENCE, mark);
		assert_true(w.full);
		assert_int_equal(wr_span(&w).n, 0);
		free(p);
	}
}

static const struct {
	const char *octets;
	enum st st;
	size_t length;
} frames[] = {
	{ "", ST_SHORT, 0 },
	{ "30", ST_SHORT, 0 },
	{ "3000", ST_OK, 2 },
	{ "300a", ST_OK, 12 },
	{ "3003 020101 30", ST_OK, 5 },
	{ "3081", ST_SHORT, 0 },
	{ "308180", ST_OK, 131 },
	{ "3082ff", ST_SHORT, 0 },
	{ "3082ffdf", ST_OK, SNMP_FRAME_MAX },
	{ "3082ffe0", ST_FRAME, 0 },
	{ "308300ffde", ST_OK, SNMP_FRAME_MAX },
	{ "308300ffdf", ST_FRAME, 0 },
	{ "30847fffffff", ST_FRAME, 0 },
	{ "3084ffffffff", ST_FRAME, 0 },
	{ "3084ffffff", ST_SHORT, 0 },
	{ "308400000001", ST_OK, 7 },
	{ "308500", ST_FRAME, 0 },
	{ "3080", ST_FRAME, 0 },
	{ "30ff", ST_FRAME, 0 },
	{ "31", ST_FRAME, 0 },
	{ "47455420", ST_FRAME, 0 },
	{ "00", ST_FRAME, 0 },
};

static void test_frames(void **state)
{
	for (size_t i = 0; i < sizeof(frames) / sizeof(*frames); i++) {
		struct hex h = hex_of(frames[i].octets);
		size_t length = 0;
		enum st st = ber_frame(hex_span(&h), &length);
		if (st != frames[i].st || length != frames[i].length)
			fail_msg("%s: %s, %zu", frames[i].octets, st_name(st), length);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_elements),
		cmocka_unit_test(test_sticky),
		cmocka_unit_test(test_first_length_octet),
		cmocka_unit_test(test_wrong_tag),
		cmocka_unit_test(test_numbers),
		cmocka_unit_test(test_fields),
		cmocka_unit_test(test_random_integers),
		cmocka_unit_test(test_redundant_octets),
		cmocka_unit_test(test_heads),
		cmocka_unit_test(test_oids_written),
		cmocka_unit_test(test_full_stays_full),
		cmocka_unit_test(test_frames),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
