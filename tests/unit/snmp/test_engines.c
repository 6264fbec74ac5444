// SPDX-License-Identifier: Apache-2.0
// Time windows of both roles as verdict tables, and the table of engines: limits, siblings, ageing, and a random walk
// against an obvious slow model.
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

#include "hex.h"
#include "v3_help.h"

static const struct hash_key key = { 1, 2 };

// RFC 3414 3.2 (7a). We are at boots 7, time 1000.
static void own_window(void **state)
{
	static const struct {
		uint32_t own_boots, own_time, boots, time;
		bool inside;
	} rows[] = {
		{ 7, 1000, 7, 1000, true },
		{ 7, 1000, 7, 850, true },
		{ 7, 1000, 7, 849, false },
		{ 7, 1000, 7, 1150, true },
		{ 7, 1000, 7, 1151, false },
		{ 7, 1000, 6, 1000, false },
		{ 7, 1000, 8, 1000, false },
		{ 7, 1000, 0, 0, false }, // the second step of discovery
		{ 7, 10, 7, 0, true },
		{ USM_BOOTS_MAX, 1000, USM_BOOTS_MAX, 1000, false },
		{ 7, USM_BOOTS_MAX, 7, USM_BOOTS_MAX, true },
		{ 7, USM_BOOTS_MAX, 7, 0, false },
		{ 7, 0, 7, USM_BOOTS_MAX, false },
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		if (engine_clock_own(rows[i].own_boots, rows[i].own_time, rows[i].boots, rows[i].time) !=
		    rows[i].inside)
			fail_msg("row %zu", i);
}

// RFC 3414 3.2 (7b), one message after another: each row is heard `at` seconds.
static void sender_window(void **state)
{
	static const struct {
		const char *what;
		int64_t at;
		uint32_t boots, time;
		bool inside;
		uint32_t boots_after, time_after; // of the stored clock, as last received
	} rows[] = {
		{ "first contact", 0, 5, 1000, true, 5, 1000 },
		{ "the same again", 0, 5, 1000, true, 5, 1000 },
		{ "as old as may be", 0, 5, 850, true, 5, 1000 },
		{ "one second too old", 0, 5, 849, false, 5, 1000 },
		{ "newer moves the clock", 1, 5, 1001, true, 5, 1001 },
		{ "our notion of it runs on", 100, 5, 1001, true, 5, 1001 }, // 1100 by now
		{ "and leaves the window", 152, 5, 1001, false, 5, 1001 },   // 1152
		{ "at its edge", 151, 5, 1001, true, 5, 1001 },
		{ "a slow clock is followed back", 300, 5, 1002, true, 5, 1002 },
		{ "far ahead is newer", 300, 5, 900000, true, 5, 900000 },
		{ "and then the old is out", 300, 5, 1003, false, 5, 900000 },
		{ "boots going back", 300, 4, 2000000, false, 5, 900000 },
		{ "boots of 0", 300, 0, 0, false, 5, 900000 },
		{ "boots rising, time from 0", 301, 6, 0, true, 6, 0 },
		{ "the time before that", 301, 5, 900001, false, 6, 0 },
		{ "boots at their end", 302, USM_BOOTS_MAX, 5, false, 6, 0 },
		{ "one before the end", 302, USM_BOOTS_MAX - 1, 5, true, USM_BOOTS_MAX - 1, 5 },
		{ "time at its end", 303, USM_BOOTS_MAX - 1, USM_BOOTS_MAX, true, USM_BOOTS_MAX - 1, USM_BOOTS_MAX },
		{ "and still there", 900, USM_BOOTS_MAX - 1, USM_BOOTS_MAX, true, USM_BOOTS_MAX - 1, USM_BOOTS_MAX },
	};
	struct engine_clock clock = { 0 };
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct engine_clock after = clock;
		bool inside = engine_clock_check(&clock, SECONDS(rows[i].at), rows[i].boots, rows[i].time, &after);
		if (inside)
			clock = after;
		if (inside != rows[i].inside || clock.boots != rows[i].boots_after || clock.time != rows[i].time_after)
			fail_msg("%s", rows[i].what);
	}
	struct engine_clock unknown = { 0 }, after = unknown;
	assert_true(engine_clock_check(&unknown, 0, 0, 0, &after) && after.known);
	assert_false(engine_clock_check(&unknown, 0, USM_BOOTS_MAX, 0, &after));
}

static struct engine_name name_of(uint32_t site, uint32_t id, uint32_t ip)
{
	static char sites[4][8];
	static uint8_t ids[4][8];
	static struct addr addrs[4];
	static int turn;
	turn = (turn + 1) % 4;
	int n = snprintf(sites[turn], sizeof sites[turn], "s%u", site);
	memcpy(ids[turn], &id, sizeof id);
	memset(&addrs[turn], 0, sizeof addrs[turn]);
	memcpy(addrs[turn].ip, &ip, sizeof ip);
	addrs[turn].port = (uint16_t)(turn + 1000);
	return (struct engine_name){ span_of(sites[turn], (size_t)n), span_of(ids[turn], 8), &addrs[turn] };
}

static struct engines *table(size_t max)
{
	struct engines *t;
	assert_int_equal(engines_new(max, key, &t), ST_OK);
	return t;
}

static struct engine *find(struct engines *t, uint32_t site, uint32_t id, uint32_t ip)
{
	struct engine_name name = name_of(site, id, ip);
	struct engine *first;
	return engines_find(t, &name, &first);
}

static struct engine *learn(struct engines *t, int64_t now, uint32_t site, uint32_t id, uint32_t ip)
{
	struct engine_name name = name_of(site, id, ip);
	return engines_learn(t, now, &name);
}

// The port is no part of an engine; site, ID and address are.
static void told_apart(void **state)
{
	struct engines *t = table(100);
	struct engine *e = learn(t, 0, 1, 1, 1);
	assert_ptr_equal(find(t, 1, 1, 1), e);
	assert_null(find(t, 2, 1, 1));
	assert_null(find(t, 1, 2, 1));
	assert_null(find(t, 1, 1, 2));
	struct engine *moved = learn(t, 0, 1, 1, 2), *other_site = learn(t, 0, 2, 1, 1);
	assert_true(moved != e && other_site != e);
	struct engine_name name = name_of(1, 1, 3);
	struct engine *first;
	assert_null(engines_find(t, &name, &first));
	assert_true(first == e || first == moved);
	assert_ptr_equal(engine_sibling(first), first == e ? moved : e);
	assert_null(engine_sibling(engine_sibling(first)));
	assert_null(engine_sibling(other_site));
	engines_free(t);
	engines_free(NULL);
}

static void bounded(void **state)
{
	enum { MAX = 64 };
	struct engines *t = table(MAX);
	for (uint32_t i = 0; i < 10 * MAX; i++) {
		assert_non_null(learn(t, i, 1, i, 1));
		assert_true(engines_count(t) <= MAX);
		assert_non_null(find(t, 1, i, 1)); // never the newest
	}
	assert_int_equal(engines_count(t), MAX);
	assert_int_equal(engines_evicted(t), 9 * MAX);
	engines_free(t);

	t = table(1000);
	for (uint32_t ip = 0; ip < 3 * V3_SIBLINGS_MAX; ip++)
		learn(t, ip, 1, 1, ip);
	assert_int_equal(engines_count(t), V3_SIBLINGS_MAX);
	for (uint32_t ip = 0; ip < 3 * V3_SIBLINGS_MAX; ip++)
		assert_int_equal(find(t, 1, 1, ip) != NULL, ip >= 2 * V3_SIBLINGS_MAX);
	engines_free(t);
}

static void aged(void **state)
{
	struct engines *t = table(100);
	const int64_t day = SECONDS(86400);
	learn(t, 0, 1, 1, 1);
	learn(t, 5 * day, 1, 2, 1);
	engines_age(t, V3_ENGINE_AGE_DAYS * day);
	assert_int_equal(engines_count(t), 2);
	engines_age(t, V3_ENGINE_AGE_DAYS * day + 1);
	assert_null(find(t, 1, 1, 1));
	assert_non_null(find(t, 1, 2, 1));
	engines_free(t);
}

static void keys_of_an_engine(void **state)
{
	struct usm_user in[V3_KEYS_PER_ENGINE + 1];
	static const char *const names[] = { "a", "b", "c", "d", "e" };
	static_assert(sizeof names / sizeof *names == sizeof in / sizeof *in, "a name each");
	for (size_t i = 0; i < V3_KEYS_PER_ENGINE + 1; i++)
		in[i] = test_user(names[i], "md5", NULL, "password");
	struct usm_users *users = users_of(in, V3_KEYS_PER_ENGINE + 1, NULL);
	struct engines *t = table(10);
	struct engine *e = learn(t, 0, 1, 1, 1);
	for (size_t i = 0; i < V3_KEYS_PER_ENGINE; i++)
		engine_key_keep(e, &users->entries[i], &users->entries[i].own);
	engine_key_used(e, engine_key_find(e, &users->entries[0]));
	assert_ptr_equal(e->keys->entry, &users->entries[0]);
	engine_key_keep(e, &users->entries[V3_KEYS_PER_ENGINE], &users->entries[0].own);
	for (size_t i = 0; i <= V3_KEYS_PER_ENGINE; i++) // b was used least recently
		assert_int_equal(engine_key_find(e, &users->entries[i]) != NULL, i != 1);
	struct usm_users *fewer = users_of(in, 1, users);
	engines_keep_users(t, fewer);
	assert_ptr_equal(e->keys->entry, &fewer->entries[0]);
	assert_null(e->keys->next);
	engines_free(t);
	usm_users_free(users);
	usm_users_free(fewer);
}

// Learning, finding and forgetting at random, against an array that is searched from end to end.
static void random_walk(void **state)
{
	enum { STEPS = 20000, MODEL = 4096 };
	static struct {
		uint32_t site, id, ip;
		bool there;
	} model[MODEL];
	struct engines *t = table(100000);
	uint64_t seed = 20261121;
	size_t used = 0, live = 0;
	for (int step = 0; step < STEPS; step++) {
		uint32_t site = roll(&seed) % 3, id = roll(&seed) % 200, ip = roll(&seed) % 5;
		size_t m = 0;
		while (m < used && !(model[m].site == site && model[m].id == id && model[m].ip == ip))
			m++;
		bool there = m < used && model[m].there;
		struct engine *e = find(t, site, id, ip);
		assert_int_equal(e != NULL, there);
		if (roll(&seed) % 2 == 0)
			continue;
		if (m == used) {
			model[used].site = site;
			model[used].id = id;
			model[used++].ip = ip;
		}
		if (there)
			engines_forget(t, e);
		else
			assert_non_null(learn(t, step, site, id, ip));
		model[m].there = !there;
		live += there ? (size_t)-1 : 1;
		assert_int_equal(engines_count(t), live);
	}
	engines_free(t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(own_window),  cmocka_unit_test(sender_window), cmocka_unit_test(told_apart),
		cmocka_unit_test(bounded),     cmocka_unit_test(aged),          cmocka_unit_test(keys_of_an_engine),
		cmocka_unit_test(random_walk),
	};
	return cmocka_run_group_tests_name("snmp: engines", tests, NULL, NULL);
}
