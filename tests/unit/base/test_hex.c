// SPDX-License-Identifier: Apache-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/hex.h"

static void verdicts(void **state)
{
	static const struct {
		const char *text;
		int n; // -1: refused
	} rows[] = {
		{ "", 0 },
		{ "80001f88", 4 },
		{ "0x8000", 2 },
		{ "80 00\n1f:88", 4 },
		{ "0", -1 },
		{ "8 000", -1 },
		{ "800g", -1 },
		{ "0x", 0 },
		{ "8000000000000000", 8 },
		{ "80000000000000001", -1 },
		{ "AbCd", 2 },
		{ "0x80 0x00", -1 },
		{ "::80::00::", 2 },
		{ "800000000000000000", -1 },
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct text out = { 0 };
		bool ok = hex_read(span_str(rows[i].text), 8, &out);
		if (ok != (rows[i].n >= 0) || (ok && out.n != (size_t)rows[i].n))
			fail_msg("%s: %d, %zu", rows[i].text, ok, out.n);
		text_done(&out);
	}
}

static void octets(void **state)
{
	struct text out = { 0 };
	assert_true(hex_read(span_str("0x00:1F fe"), 3, &out));
	assert_int_equal(out.n, 3);
	assert_memory_equal(out.p, "\x00\x1f\xfe", 3);
	assert_false(hex_read(span_str("00"), 3, &out));
	text_done(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(verdicts), cmocka_unit_test(octets) };
	return cmocka_run_group_tests(tests, NULL, NULL);
}
