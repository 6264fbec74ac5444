// SPDX-License-Identifier: Apache-2.0
#include "event/member.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static void finds(void **state)
{
	static const struct {
		const char *note, *key, *value; // value NULL: not there
	} rows[] = {
		{ "{}", "a", NULL },
		{ "", "a", NULL },
		{ "[1]", "a", NULL },
		{ "{\"a\":1}", "a", "1" },
		{ " { \"b\" : [1, {\"a\":2}] ,\n \"a\" : \"x,}\" } ", "a", "\"x,}\"" },
		{ "{\"b\":\"\\\"a\\\":1\",\"a\":{\"c\":[]}}", "a", "{\"c\":[]}" },
		{ "{\"a\":tru", "a", "tru" },
		{ "{\"a\":[1,2", "a", NULL },
		{ "{\"a\":\"x", "a", NULL },
		{ "{\"a\"", "a", NULL },
		{ "{\"a\":}", "a", NULL },
		{ "{\"a\":,\"b\":1}", "b", NULL },
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct span v = { 0 };
		bool found = member_find(span_str(rows[i].note), rows[i].key, &v);
		assert_int_equal(found, rows[i].value != NULL);
		if (found)
			assert_true(span_equal(v, span_str(rows[i].value)));
	}
	struct span v;
	assert_false(member_find(span_of("{\"a\":[\0,1]}", 12), "a", &v));
}

static void numbers(void **state)
{
	static const struct {
		const char *text;
		bool good;
		int64_t value;
	} rows[] = {
		{ "0", true, 0 },
		{ "-12", true, -12 },
		{ "9223372036854775807", true, INT64_MAX },
		{ "9223372036854775808", false, 0 },
		{ "1.5", false, 0 },
		{ "-", false, 0 },
		{ "\"1\"", false, 0 },
		{ "true", false, 0 },
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct text note = { 0 };
		int64_t n = 77;
		text_printf(&note, "{\"n\":%s}", rows[i].text);
		assert_int_equal(member_int(span_str(text_str(&note)), "n", &n), rows[i].good);
		assert_int_equal(n, rows[i].good ? rows[i].value : 77);
		text_done(&note);
	}
	assert_true(member_true(span_str("{\"t\":true}"), "t"));
	assert_false(member_true(span_str("{\"t\":\"true\"}"), "t"));
}

static void strings(void **state)
{
	static const struct {
		const char *json, *text; // text NULL: refused
	} rows[] = {
		{ "\"\"", "" },
		{ "\"a\\n\\\"\\\\\\/\"", "a\n\"\\/" },
		{ "\"\\u00e9\\u20ac\\uD83D\\uDE00\"", "\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80" },
		{ "\"\\ud83d\"", "\xef\xbf\xbd" },
		{ "\"\\u12\"", NULL },
		{ "1", NULL },
		{ "\"", NULL },
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct text t = { 0 };
		assert_int_equal(member_string(span_str(rows[i].json), &t), rows[i].text != NULL);
		if (rows[i].text)
			assert_string_equal(text_str(&t), rows[i].text);
		text_done(&t);
	}
}

// What the writer writes is read back.
static void round_trip(void **state)
{
	static const char nasty[] = "quote \" back \\ line\n tab\t bell\a \xc3\xa9 }],{";
	struct text out = { 0 }, back = { 0 };
	struct json j = json_of(&out);
	struct span list, item;
	json_open(&j, '{');
	json_key_str(&j, "text", nasty);
	json_key(&j, "list");
	json_open(&j, '[');
	json_uint(&j, 1);
	json_str(&j, nasty);
	json_close(&j, ']');
	json_close(&j, '}');
	struct span note = span_of(out.p, out.n);
	assert_true(member_text(note, "text", &back));
	assert_string_equal(text_str(&back), nasty);
	assert_true(member_find(note, "list", &list));
	struct rd walk = member_walk(list);
	assert_true(member_item(&walk, &item));
	assert_true(span_equal(item, span_str("1")));
	assert_true(member_item(&walk, &item));
	text_clear(&back);
	assert_true(member_string(item, &back));
	assert_string_equal(text_str(&back), nasty);
	assert_false(member_item(&walk, &item));
	text_done(&out);
	text_done(&back);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(finds),
		cmocka_unit_test(numbers),
		cmocka_unit_test(strings),
		cmocka_unit_test(round_trip),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
