// SPDX-License-Identifier: Apache-2.0
// Growing text and the JSON writer: commas by themselves, hostile strings made harmless, depth bounded.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/json.h"

// Bytes, what a person sees, what a JSON string holds. FFFD stands for U+FFFD.
#define FFFD "\xef\xbf\xbd"
static const struct {
	const char *bytes, *clean, *json;
} strings[] = {
	{ "", "", "" },
	{ "plain", "plain", "plain" },
	{ "a\"b\\c/", "a\"b\\c/", "a\\\"b\\\\c/" },
	{ "\t\n\x01\x1f\x7f", FFFD FFFD FFFD FFFD FFFD, "\\u0009\\u000a\\u0001\\u001f\\u007f" },
	{ "\x1b[31mred", FFFD "[31mred", "\\u001b[31mred" },
	{ "Oc\xc3\xa9", "Oc\xc3\xa9", "Oc\xc3\xa9" },
	{ "\xe2\x82\xac \xf0\x9f\x96\xa8", "\xe2\x82\xac \xf0\x9f\x96\xa8", "\xe2\x82\xac \xf0\x9f\x96\xa8" },
	{ "\xc2\x9b", FFFD, "\\u009b" },                                  // C1: a terminal would obey
	{ "\xe9t\xe9", FFFD "t" FFFD, FFFD "t" FFFD },                    // Latin-1
	{ "\xc0\xaf", FFFD FFFD, FFFD FFFD },                             // overlong
	{ "\xe0\x80\xaf", FFFD FFFD FFFD, FFFD FFFD FFFD },               // overlong
	{ "\xf0\x80\x80\xaf", FFFD FFFD FFFD FFFD, FFFD FFFD FFFD FFFD }, // overlong
	{ "\xed\xa0\x80", FFFD FFFD FFFD, FFFD FFFD FFFD },               // surrogate
	{ "\xf4\x90\x80\x80", FFFD FFFD FFFD FFFD, FFFD FFFD FFFD FFFD }, // over U+10FFFF
	{ "\xf5\x80\x80\x80", FFFD FFFD FFFD FFFD, FFFD FFFD FFFD FFFD }, // no such lead
	{ "\xe2\x82", FFFD FFFD, FFFD FFFD },                             // cut off
	{ "\x80", FFFD, FFFD },                                           // no lead
	{ "\xf4\x8f\xbf\xbf\xed\x9f\xbf", "\xf4\x8f\xbf\xbf\xed\x9f\xbf",
	  "\xf4\x8f\xbf\xbf\xed\x9f\xbf" }, // the last ones
};

static void hostile_strings(void **state)
{
	for (size_t i = 0; i < sizeof strings / sizeof *strings; i++) {
		struct text t = { 0 }, want = { 0 };
		text_clean(&t, span_str(strings[i].bytes));
		assert_string_equal(text_str(&t), strings[i].clean);
		text_clear(&t);
		struct json j = json_of(&t);
		json_str(&j, strings[i].bytes);
		text_printf(&want, "\"%s\"", strings[i].json);
		assert_string_equal(text_str(&t), text_str(&want));
		text_done(&t);
		text_done(&want);
	}
	struct text t = { 0 };
	struct json j = json_of(&t);
	json_text(&j, span_of("a\0b", 3));
	assert_string_equal(text_str(&t), "\"a\\u0000b\"");
	text_done(&t);
}

static void members_and_commas(void **state)
{
	struct text t = { 0 };
	struct json j = json_of(&t);
	json_open(&j, '{');
	json_key_str(&j, "a", "x");
	json_key_uint(&j, "b", UINT64_MAX);
	json_key(&j, "c");
	json_open(&j, '[');
	json_int(&j, INT64_MIN);
	json_open(&j, '{');
	json_close(&j, '}');
	json_open(&j, '{');
	json_key(&j, "d");
	json_none(&j);
	json_close(&j, '}');
	json_bool(&j, true);
	json_close(&j, ']');
	json_key(&j, "e");
	json_bool(&j, false);
	json_close(&j, '}');
	assert_string_equal(text_str(&t), "{\"a\":\"x\",\"b\":18446744073709551615,\"c\":[-9223372036854775808,{},"
	                                  "{\"d\":null},true],\"e\":false}");
	text_done(&t);
}

static void value_that_is_json(void **state)
{
	struct text t = { 0 }, value = { 0 };
	struct json j = json_of(&t);
	text_add(&value, "{\"x\":1}");
	json_open(&j, '[');
	json_value(&j, &value);
	json_value(&j, &value);
	json_close(&j, ']');
	assert_string_equal(text_str(&t), "[{\"x\":1},{\"x\":1}]");
	text_clear(&value);
	json_value(&j, &value); // nothing is no value
	assert_true(t.bad);
	text_done(&value);
	text_done(&t);
}

static void depth_is_bounded(void **state)
{
	struct text t = { 0 };
	struct json j = json_of(&t);
	for (int i = 0; i < JSON_DEPTH - 1; i++)
		json_open(&j, '[');
	assert_false(t.bad);
	json_open(&j, '[');
	assert_true(t.bad);
	for (int i = 0; i < 2 * JSON_DEPTH; i++)
		json_close(&j, ']');
	assert_string_equal(text_str(&t), ""); // bad for ever
	text_done(&t);
}

static void text_grows(void **state)
{
	struct text t = { 0 };
	assert_string_equal(text_str(&t), "");
	static const uint8_t bytes[] = { 0x00, 0x9f, 0xff };
	text_hex(&t, span_of(bytes, sizeof bytes));
	text_hex(&t, (struct span){ 0 });
	assert_string_equal(text_str(&t), "009fff");
	text_add(&t, "");
	text_add(&t, NULL);
	assert_int_equal(t.n, 6);
	for (int i = 0; i < 10000; i++)
		text_printf(&t, "%d,", i % 10);
	assert_int_equal(t.n, 20006);
	assert_int_equal(strlen(text_str(&t)), 20006);
	assert_string_equal(text_str(&t) + 20000, "7,8,9,");
	text_clear(&t);
	assert_string_equal(text_str(&t), "");
	text_done(&t);
	text_done(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(hostile_strings),    cmocka_unit_test(members_and_commas),
		cmocka_unit_test(value_that_is_json), cmocka_unit_test(depth_is_bounded),
		cmocka_unit_test(text_grows),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
