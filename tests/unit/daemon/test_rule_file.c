// SPDX-License-Identifier: Apache-2.0
// Rule files: what each mistake is answered with, to the column; what is compiled, and that its hash follows from it alone.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "alarm/limits.h"
#include "daemon/rule_file.h"

static char dir[] = "/tmp/trapline-rules-XXXXXX";

static int enter(void **state)
{
	return mkdtemp(dir) && chdir(dir) == 0 ? 0 : -1;
}

static int leave(void **state)
{
	unlink("r.yaml");
	unlink("s.yaml");
	return chdir("/") == 0 ? rmdir(dir) : -1;
}

static void put(const char *name, const char *text)
{
	FILE *f = fopen(name, "w");
	assert_non_null(f);
	assert_int_equal(fwrite(text, 1, strlen(text), f), strlen(text));
	assert_int_equal(fclose(f), 0);
}

static struct rule_set read_both(size_t n, unsigned errors, char **said)
{
	static const char *const names[] = { "r.yaml", "s.yaml" };
	struct rule_set set;
	struct config_report report = { 0 };
	assert_int_equal(rule_set_read(names, n, &set, &report), ST_OK);
	if (said)
		*said = strdup(text_str(&report.text));
	else if (report.errors != errors)
		print_message("%s", text_str(&report.text));
	assert_true(said || report.errors == errors);
	text_done(&report.text);
	return set;
}

#define RULE_KEYS "name, trap, enterprise, text, values, do, key, severity, words, who, expires"

static const struct {
	const char *yaml, *complaint;
} verdicts[] = {
	{ "rules: []\n", "" },
	{ "rules:\n- { do: raise, key: error, text: ERROR, words: \"{text}\", severity: major, who: anyone, expires: "
	  "1h }\n",
	  "" },
	{ "rules:\n- { do: clear, trap: 1.3.6.1.4.1.10642, key: error }\n", "" },
	{ "rules:\n- { do: ignore, trap: linkUp }\n", "" },
	{ "rules:\n- { trap: linkUp }\n",
	  "r.yaml:2:3: this rule does nothing; add do: raise, do: clear or do: ignore\n" },
	{ "rules:\n- { do: explode, trap: linkUp }\n",
	  "r.yaml:2:9: 'explode' is not what a rule can do; write one of raise clear ignore\n" },
	{ "rules:\n- { do: raise, trap: linkUp, words: up }\n",
	  "r.yaml:2:3: this rule has no 'key'; add for example key: error, and the same key to the rule that clears "
	  "it\n" },
	{ "rules:\n- { do: clear, trap: linkUp }\n", "r.yaml:2:3: this rule has no 'key'; add for example key: error, "
	                                             "and the same key to the rule that raises it\n" },
	{ "rules:\n- { do: clear, trap: linkUp, key: a, words: b }\n",
	  "r.yaml:2:45: warning: 'words' are shown by rules that raise; here they are for nothing\n" },
	{ "rules:\n- { do: raise, trap: linkUp, key: a }\n",
	  "r.yaml:2:3: warning: without 'words' its alarms say what the trap says by itself\n" },
	{ "rules:\n- { do: ignore }\n", "r.yaml:2:3: warning: it matches every trap of every device; add 'trap', "
	                                "'enterprise', 'text' or 'values'\n" },
	{ "rules:\n- { do: ignore, trap: noSuchName }\n", "r.yaml:2:23: 'noSuchName' is not an OID or a name that is "
	                                                  "known; write it dotted, such as 1.3.6.1.4.1.10642\n" },
	{ "rules:\n- { do: raise, trap: linkUp, words: a, key: \"a/{text\" }\n",
	  "r.yaml:2:45: a '{' without its '}'; write for example \"error/{text}\"\n" },
	{ "rules:\n- { do: ignore, trap: linkUp, severity: awful }\n",
	  "r.yaml:2:41: 'awful' is not a severity; write one of critical major minor warning info\n" },
	{ "rules:\n- { do: raise, trap: linkUp, words: a, key: a, expires: 1y }\n",
	  "r.yaml:2:57: '1y' is not a span of time; write a whole number and a unit: 90s, 15m, 1h, 2d or 1w, at most a "
	  "year\n" },
	{ "rules:\n- { do: ignore, values: [ { is: x } ] }\n",
	  "r.yaml:2:27: this value has no 'oid'; say which value it is, for example { oid: 1.3.6.1.4.1.10642.20.3.6, "
	  "is: "
	  "\"5\" }\n" },
	{ "rules:\n- { do: ignore, values: [ { oid: 1.3.6, is: x, contains: y } ] }\n",
	  "r.yaml:2:58: 'is' and 'contains' stand together; keep one\n" },
	{ "rules:\n- { do: ignore, trap: linkUp, colour: red }\n",
	  "r.yaml:2:31: 'colour' is no key here; the keys are " RULE_KEYS "\n" },
	{ "rules:\n- { do: ignore, trap: linkUp\n", "r.yaml:3:1: not YAML: did not find expected ',' or '}'; look at "
	                                            "the quotes, brackets and indentation here and just "
	                                            "above\n" },
	{ "rulez: []\n", "r.yaml:1:1: 'rulez' is no key here; did you mean 'rules'?\n" },
	{ "data: /x\n", "r.yaml:1:1: 'data' is no key here; the keys are rules\n" },
};

static void test_verdicts(void **state)
{
	for (size_t i = 0; i < sizeof verdicts / sizeof *verdicts; i++) {
		char *said;
		put("r.yaml", verdicts[i].yaml);
		struct rule_set set = read_both(1, 0, &said);
		if (strcmp(said, verdicts[i].complaint))
			fail_msg("%s\ngot  %swant %s", verdicts[i].yaml, said, verdicts[i].complaint);
		free(said);
		rule_set_done(&set);
	}
}

static void test_compiled(void **state)
{
	put("r.yaml", "rules:\n- { do: raise, key: a, trap: linkDown, words: w, expires: 2m, values: [ { oid: 1.3.6.1, "
	              "contains: x "
	              "} ] }\n");
	put("s.yaml", "rules:\n- { do: clear, key: a, trap: linkUp } # and this is last\n");
	struct rule_set one = read_both(1, 0, NULL), two = read_both(2, 0, NULL);
	assert_string_equal(text_str(&one.list),
	                    "[{\"trap\":\"1.3.6.1.6.3.1.1.5.3\",\"values\":[{\"oid\":\"1.3.6.1\","
	                    "\"contains\":\"x\"}],\"do\":\"raise\",\"key\":\"a\",\"words\":\"w\",\"expires\":120}]");
	assert_int_equal(two.count, 2);
	assert_string_equal(text_str(&two.files), "r.yaml, s.yaml");
	assert_int_equal(one.hash.n, 64);
	assert_string_not_equal(text_str(&one.hash), text_str(&two.hash));
	put("r.yaml", "# the same, written otherwise\nrules:\n- expires: 120s\n  words: w\n  do: raise\n  key: a\n  "
	              "trap: linkDown\n"
	              "  values:\n  - oid: 1.3.6.1\n    contains: x\n");
	struct rule_set again = read_both(1, 0, NULL);
	assert_string_equal(text_str(&again.hash), text_str(&one.hash));
	struct text note = { 0 };
	rule_set_note(&two, &note);
	assert_non_null(strstr(text_str(&note), text_str(&two.hash)));
	text_done(&note);
	rule_set_done(&one);
	rule_set_done(&two);
	rule_set_done(&again);
}

// More than the limit, and a file that is not there.
static void test_limits(void **state)
{
	struct text yaml = { 0 };
	text_add(&yaml, "rules:\n");
	for (int i = 0; i <= RULES_MAX; i++)
		text_add(&yaml, "- { do: ignore, trap: linkUp }\n");
	put("r.yaml", text_str(&yaml));
	text_done(&yaml);
	struct rule_set set = read_both(1, 1, NULL);
	assert_int_equal(set.count, 0);
	unlink("r.yaml");
	set = read_both(1, 1, NULL);
	rule_set_done(&set);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_verdicts),
		cmocka_unit_test(test_compiled),
		cmocka_unit_test(test_limits),
	};
	return cmocka_run_group_tests(tests, enter, leave);
}
