// SPDX-License-Identifier: Apache-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "crypto/secret.h"

static void equal(void **state)
{
	static const struct {
		const char *a, *b;
		bool same;
	} rows[] = { { "", "", true },        { "a", "", false },     { "abc", "abc", true },
		     { "abc", "abd", false }, { "abc", "ab", false }, { "xbc", "abc", false } };
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		assert_int_equal(secret_equal(span_str(rows[i].a), span_str(rows[i].b)), rows[i].same);
	assert_true(secret_equal((struct span){ 0 }, (struct span){ 0 }));
}

static void wiped(void **state)
{
	char key[] = "do not keep me";
	secret_wipe(key, sizeof key);
	for (size_t i = 0; i < sizeof key; i++)
		assert_int_equal(key[i], 0);
}

static void random_differs(void **state)
{
	uint8_t a[300] = { 0 }, b[300] = { 0 };
	assert_int_equal(random_bytes(random_system(), a, sizeof a), ST_OK);
	assert_int_equal(random_bytes(random_system(), b, sizeof b), ST_OK);
	assert_memory_not_equal(a, b, sizeof a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(equal),
		cmocka_unit_test(wiped),
		cmocka_unit_test(random_differs),
	};
	return cmocka_run_group_tests_name("crypto: secret", tests, NULL, NULL);
}
