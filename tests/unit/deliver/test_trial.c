// SPDX-License-Identifier: Apache-2.0
// A label printer whose meaning is only text, under an old and a new list of rules.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "alarm/words.h"
#include "deliver/trial.h"
#include "make.h"

#define TRAP "1.3.6.1.4.1.10642.9.0.1"
#define RAISE(severity) "{\"do\":\"raise\",\"text\":\"HEAD OPEN\",\"key\":\"head\",\"severity\":\"" severity "\"}"
#define CLEAR "{\"do\":\"clear\",\"text\":\"HEAD CLOSED\",\"key\":\"head\"}"
#define RIBBON "{\"do\":\"raise\",\"text\":\"RIBBON OUT\",\"key\":\"ribbon\",\"severity\":\"critical\"}"
#define SECOND INT64_C(1000000000)

static const struct hash_key key = { 7, 9 };

struct seen {
	int only_before, only_after, both;
	int64_t last;
};

static void see(void *arg, const struct trial_difference *d)
{
	struct seen *s = arg;
	const struct alarm_row *one = d->before ? d->before : d->after;
	assert_non_null(one);
	assert_true(one->id > s->last);
	assert_true(!d->before || !d->after || d->before->id == d->after->id);
	s->last = one->id;
	*(d->before && d->after ? &s->both : d->before ? &s->only_before : &s->only_after) += 1;
}

static void say(struct trial *t, uint64_t id, const char *text)
{
	const struct value values[] = { { "1.3.6.1.4.1.10642.2.0", 's', text }, { 0 } };
	struct made m;
	make_v2(&m, EVENT_TRAP, TRAP, values);
	m.event.id = id;
	assert_int_equal(trial_event(t, &m.event, (int64_t)id * SECOND), ST_OK);
}

// The same three traps under both lists.
static void differences(void **state)
{
	static const struct {
		const char *before, *after;
		int only_before, only_after, both;
		size_t raised_before, raised_after;
	} rows[] = {
		{ "[]", "[]", 0, 0, 0, 0, 0 },
		{ "[" RAISE("warning") "]", "[" RAISE("warning") "]", 0, 0, 0, 1, 1 },
		{ "[]", "[" RAISE("warning") "]", 0, 1, 0, 0, 1 },
		{ "[" RAISE("warning") "]", "[]", 1, 0, 0, 1, 0 },
		{ "[" RAISE("warning") "]", "[" RAISE("critical") "]", 0, 0, 1, 1, 1 },
		{ "[" RAISE("warning") "]", "[" RAISE("warning") "," CLEAR "]", 0, 0, 1, 1, 1 },
		{ "[" RAISE("warning") "]", "[" RIBBON "]", 1, 1, 0, 1, 1 },
		{ "[" RAISE("warning") "]", "[" RIBBON "," RAISE("warning") "]", 0, 1, 0, 1, 2 },
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct trial *t = NULL;
		struct seen s = { 0 };
		size_t before, after;
		assert_int_equal(trial_new(&key, span_str(rows[i].before), span_str(rows[i].after), &t), ST_OK);
		say(t, 1, "HEAD OPEN");
		say(t, 2, "RIBBON OUT");
		say(t, 3, "HEAD CLOSED");
		size_t n = trial_differences(t, see, &s);
		trial_count(t, &before, &after);
		trial_free(t);
		if (s.only_before != rows[i].only_before || s.only_after != rows[i].only_after ||
		    s.both != rows[i].both || n != (size_t)(s.only_before + s.only_after + s.both))
			fail_msg("row %zu: %d only before, %d only after, %d changed", i, s.only_before, s.only_after,
			         s.both);
		assert_int_equal(before, rows[i].raised_before);
		assert_int_equal(after, rows[i].raised_after);
	}
}

// What the journal says of rules is of the rules that were in force, not of those on trial.
static void rules_in_history(void **state)
{
	struct trial *t = NULL;
	struct seen s = { 0 };
	const struct event e = { .kind = EVENT_RULES, .id = 1, .note = span_str("{\"rules\":[" RAISE("warning") "]}") };
	assert_int_equal(trial_new(&key, span_str("[]"), span_str("[]"), &t), ST_OK);
	assert_int_equal(trial_event(t, &e, SECOND), ST_OK);
	say(t, 2, "HEAD OPEN");
	size_t before, after;
	trial_count(t, &before, &after);
	assert_int_equal(before, 0);
	assert_int_equal(after, 0);
	assert_int_equal(trial_differences(t, see, &s), 0);
	trial_free(t);
}

static void refused(void **state)
{
	struct trial *t = NULL;
	assert_int_equal(trial_new(&key, span_str("[]"), span_str("[{\"do\":\"rise\"}]"), &t), ST_SYNTAX);
	assert_int_equal(trial_new(&key, span_str("[{\"do\":\"rise\"}]"), span_str("[]"), &t), ST_SYNTAX);
	assert_null(t);
	trial_free(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(differences),
		cmocka_unit_test(rules_in_history),
		cmocka_unit_test(refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
