// SPDX-License-Identifier: Apache-2.0
#include "alarm/rules.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "alarm/meaning.h"
#include "story.h"

static void compiled(void **state)
{
	static const struct {
		const char *list;
		enum st st;
	} rows[] = {
		{ "[]", ST_OK },
		{ "[{\"do\":\"ignore\"}]", ST_OK },
		{ "[{\"do\":\"raise\",\"key\":\"x\"}]", ST_OK },
		{ "[{\"do\":\"raise\",\"key\":\"{text}/{trap}/{1.3.6.1.4}/{ifIndex}\"}]", ST_OK },
		{ "[{\"do\":\"raise\"}]", ST_SYNTAX },
		{ "[{\"do\":\"rise\",\"key\":\"x\"}]", ST_SYNTAX },
		{ "[{\"key\":\"x\"}]", ST_SYNTAX },
		{ "[{\"do\":\"raise\",\"key\":\"x\",\"severity\":\"awful\"}]", ST_SYNTAX },
		{ "[{\"do\":\"raise\",\"key\":\"x{\"}]", ST_SYNTAX },
		{ "[{\"do\":\"raise\",\"key\":\"x{noSuchName}\"}]", ST_SYNTAX },
		{ "[{\"do\":\"raise\",\"key\":\"x{}\"}]", ST_SYNTAX },
		{ "[{\"do\":\"raise\",\"key\":\"x\",\"words\":\"{nope}\"}]", ST_SYNTAX },
		{ "[{\"do\":\"ignore\",\"trap\":\"nope nope\"}]", ST_SYNTAX },
		{ "[{\"do\":\"ignore\",\"values\":[{\"is\":\"x\"}]}]", ST_SYNTAX },
		{ "[{\"do\":\"ignore\",\"values\":[{\"oid\":\"1.3\"},{\"oid\":\"1.3\"},{\"oid\":\"1.3\"},{\"oid\":\"1."
		  "3\"},"
		  "{\"oid\":\"1.3\"},{\"oid\":\"1.3\"},{\"oid\":\"1.3\"},{\"oid\":\"1.3\"},{\"oid\":\"1.3\"}]}]",
		  ST_SYNTAX },
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct rules *r = NULL;
		struct text why = { 0 };
		assert_int_equal(rules_compile(span_str(rows[i].list), &r, &why), rows[i].st);
		assert_int_equal(why.n > 0, rows[i].st != ST_OK);
		rules_free(r);
		text_done(&why);
	}
}

static void notification(struct made *m, struct snmp_notification *n)
{
	static const struct value values[] = { { "1.3.6.1.4.1.10642.1.0", 'i', "5" },
		                               { "1.3.6.1.4.1.10642.2.0", 's', "head open {x}" },
		                               { "1.3.6.1.4.1.10642.3.0", 'o', "1.3.6.1" },
		                               { 0 } };
	struct snmp_pdu pdu;
	make_v2(m, EVENT_TRAP, "1.3.6.1.4.1.10642.9.0.1", values);
	assert_int_equal(snmp_parse_pdu(m->event.pdu, &pdu), ST_OK);
	assert_int_equal(snmp_normalise(&pdu, n), ST_OK);
}

static void matched(void **state)
{
	static const struct {
		const char *conditions;
		bool match;
	} rows[] = {
		{ "", true },
		{ "\"trap\":\"1.3.6.1.4.1.10642\"", true },
		{ "\"trap\":\"1.3.6.1.4.1.10642.9.0.1\"", true },
		{ "\"trap\":\"1.3.6.1.4.1.10642.9.0.1.1\"", false },
		{ "\"trap\":\"1.3.6.1.4.1.1064\"", false },
		{ "\"enterprise\":\"1.3.6.1.4.1.10642\"", true },
		{ "\"enterprise\":\"1.3.6.1.4.1.1\"", false },
		{ "\"text\":\"head\"", true },
		{ "\"text\":\"Head\"", false },
		{ "\"values\":[{\"oid\":\"1.3.6.1.4.1.10642.1\",\"is\":\"5\"}]", true },
		{ "\"values\":[{\"oid\":\"1.3.6.1.4.1.10642.1\",\"is\":\"55\"}]", false },
		{ "\"values\":[{\"oid\":\"1.3.6.1.4.1.10642.2\",\"contains\":\"open\"}]", true },
		{ "\"values\":[{\"oid\":\"1.3.6.1.4.1.10642.3\",\"is\":\"1.3.6.1\"}]", true },
		{ "\"values\":[{\"oid\":\"1.3.6.1.4.1.10642.4\"}]", false },
		{ "\"values\":[{\"oid\":\"1.3.6.1.4.1.10642.1\"},{\"oid\":\"1.3.6.1.4.1.10642.2\",\"is\":\"shut\"}]",
		  false },
	};
	struct made m;
	struct snmp_notification n;
	struct text scratch = { 0 };
	notification(&m, &n);
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct rules *r;
		struct text list = { 0 }, why = { 0 };
		text_printf(&list, "[{\"do\":\"ignore\"%s%s}]", *rows[i].conditions ? "," : "", rows[i].conditions);
		assert_int_equal(rules_compile(span_of(list.p, list.n), &r, &why), ST_OK);
		if ((rules_match(r, &n, &scratch) != NULL) != rows[i].match)
			fail_msg("%s", rows[i].conditions);
		rules_free(r);
		text_done(&list);
	}
	text_done(&scratch);
}

static void filled(void **state)
{
	static const struct {
		const char *pattern, *text;
	} rows[] = {
		{ "plain", "plain" },
		{ "{text}!", "head open {x}!" },
		{ "{1.3.6.1.4.1.10642.1}-{trap}", "5-1.3.6.1.4.1.10642.9.0.1" },
		{ "[{1.3.6.1.4.1.10642.7}]", "[]" },
	};
	struct made m;
	struct snmp_notification n;
	notification(&m, &n);
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct text pattern = { 0 }, out = { 0 };
		text_add(&pattern, rows[i].pattern);
		rule_fill(&pattern, &n, &out);
		assert_string_equal(text_str(&out), rows[i].text);
		text_done(&pattern);
		text_done(&out);
	}
}

// Long keys that begin alike stay two keys.
static void long_keys(void **state)
{
	struct made m;
	struct snmp_notification n;
	struct text scratch = { 0 };
	struct finding a = { 0 }, b = { 0 };
	notification(&m, &n);
	for (int i = 0; i < 2; i++) {
		struct rules *r;
		struct text list = { 0 }, why = { 0 };
		text_printf(&list, "[{\"do\":\"raise\",\"key\":\"%0200d\"}]", i);
		assert_int_equal(rules_compile(span_of(list.p, list.n), &r, &why), ST_OK);
		meaning_of(&n, r, &scratch, i ? &b : &a);
		rules_free(r);
		text_done(&list);
	}
	assert_true(a.key_n <= ALARM_KEY_MAX && b.key_n <= ALARM_KEY_MAX);
	assert_false(span_equal(span_of(a.key, a.key_n), span_of(b.key, b.key_n)));
	text_done(&scratch);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(compiled),
		cmocka_unit_test(matched),
		cmocka_unit_test(filled),
		cmocka_unit_test(long_keys),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
