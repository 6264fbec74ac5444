// SPDX-License-Identifier: Apache-2.0
// The alarm fold's state as a file: what was committed is read back whole, a fold made of it goes on as if nothing had been,
// and two states that differ in one field are told apart.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <fcntl.h>
#include <sqlite3.h>
#include <sys/stat.h>

#include "pool.h"
#include "scratch.h"
#include "store/folder.h"
#include "store/state.h"

static const struct hash_key key = { 5, 6 };
#define BEGIN_TIME INT64_C(1795214008000000000)
#define SECOND INT64_C(1000000000)

static struct state *opened(const char *dir, const char *name)
{
	struct text why = { 0 };
	struct state *s = NULL;
	if (state_open(dir, name, &s, &why) != ST_OK)
		fail_msg("%s", text_str(&why));
	return s;
}

static struct fold *loaded(struct state *s)
{
	struct fold *f = NULL;
	assert_int_equal(state_load(s, &key, &f), ST_OK);
	return f;
}

static void stored(struct state *s, struct fold *f)
{
	assert_int_equal(state_begin(s), ST_OK);
	assert_int_equal(fold_changed(f, state_put, s), ST_OK);
	assert_int_equal(state_commit(s), ST_OK);
	fold_clean(f);
}

// Folds events first..last of the sequence that `seed` makes; in a state that is loaded again `often` times in between.
static void fold_events(struct state *s, uint64_t seed, uint64_t last, unsigned often)
{
	struct random r = { seed }, luck = { seed + 1 };
	struct pool *p = pool_new(&r);
	struct fold *f = loaded(s);
	for (uint64_t id = 1; id <= last; id++) {
		struct event e;
		int64_t now = BEGIN_TIME + (int64_t)id * 7 * SECOND;
		pool_draw(p, &r, id, now, &e);
		e.id = id;
		assert_int_equal(fold_event(f, &e, now), ST_OK);
		if (often && draw_below(&luck, last / often) == 0) {
			stored(s, f);
			fold_free(f);
			f = loaded(s);
			assert_int_equal(fold_next(f), id + 1);
		}
	}
	stored(s, f);
	fold_free(f);
	pool_free(p);
}

static void assert_same(struct state *a, struct state *b, bool wanted)
{
	struct text difference = { 0 };
	bool same;
	assert_int_equal(state_compare(a, b, &same, &difference), ST_OK);
	if (same != wanted)
		fail_msg("%s", same ? "the same" : text_str(&difference));
	assert_int_equal(difference.n > 0, !wanted);
	text_done(&difference);
}

static void goes_on(void **state)
{
	struct state *a = opened(*state, "a.db"), *b = opened(*state, "b.db");
	fold_events(a, 1, 4000, 0);
	fold_events(b, 1, 4000, 30);
	assert_same(a, b, true);
	state_close(a);
	state_close(b);
	// Also by a reader, and after the files were closed.
	struct text why = { 0 };
	assert_int_equal(state_open_reader(*state, "a.db", &a, &why), ST_OK);
	assert_int_equal(state_open_reader(*state, "b.db", &b, &why), ST_OK);
	assert_same(a, b, true);
	state_close(a);
	state_close(b);
}

// One field of one row of any table.
static void a_difference_is_seen(void **state)
{
	static const char *const edits[] = {
		"UPDATE fold SET gaps = gaps + 1",
		"UPDATE device SET model = 'x' WHERE id = (SELECT max(id) FROM device)",
		"UPDATE alarm SET count = count + 1 WHERE id = (SELECT min(id) FROM alarm)",
		"UPDATE change SET by = 'mallory' WHERE seq = 17",
		"DELETE FROM alias WHERE kind = 3",
		"DELETE FROM change WHERE seq = 1",
		"UPDATE site SET first = 0",
		"UPDATE alarm SET pdu = x'00' WHERE pdu <> x''",
	};
	struct state *a = opened(*state, "a.db");
	fold_events(a, 2, 2000, 0);
	for (size_t i = 0; i < sizeof edits / sizeof *edits; i++) {
		char path[FOLDER_PATH];
		sqlite3 *db;
		assert_int_equal(state_copy(a, *state, "copy.db"), ST_OK);
		struct state *b = opened(*state, "copy.db");
		assert_same(a, b, true);
		state_close(b);
		assert_int_equal(folder_path(*state, "copy.db", path), ST_OK);
		assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
		assert_int_equal(sqlite3_exec(db, edits[i], NULL, NULL, NULL), SQLITE_OK);
		if (sqlite3_changes(db) == 0)
			fail_msg("%s", edits[i]);
		sqlite3_close(db);
		b = opened(*state, "copy.db");
		assert_same(a, b, false);
		state_close(b);
	}
	state_close(a);
}

static void shared_addresses(void **state)
{
	static const char address[20] = { 10 };
	struct alias_row row = {
		.kind = ALIAS_ADDRESS, .site = span_str("oslo"), .value = span_of(address, 20), .shared = 1
	};
	struct state *a = opened(*state, "a.db");
	assert_int_equal(state_begin(a), ST_OK);
	assert_int_equal(state_put(a, ROW_ALIAS, &row), ST_OK);
	assert_int_equal(state_commit(a), ST_OK);
	bool shared = false;
	assert_int_equal(state_address_shared(a, row.site, row.value, &shared), ST_OK);
	assert_true(shared);
	assert_int_equal(state_address_shared(a, span_str("bergen"), row.value, &shared), ST_OK);
	assert_false(shared);
	state_close(a);
}

static void uncommitted_is_gone(void **state)
{
	struct state *a = opened(*state, "a.db");
	struct fold_row row = { .id = 1, .next = 5 }, back;
	assert_int_equal(state_fold_row(a, &back), ST_NONE);
	assert_int_equal(state_begin(a), ST_OK);
	assert_int_equal(state_put(a, ROW_FOLD, &row), ST_OK);
	state_rollback(a);
	assert_int_equal(state_fold_row(a, &back), ST_NONE);
	assert_int_equal(state_begin(a), ST_OK);
	assert_int_equal(state_put(a, ROW_FOLD, &row), ST_OK);
	assert_int_equal(state_commit(a), ST_OK);
	assert_int_equal(state_fold_row(a, &back), ST_OK);
	assert_int_equal(back.next, 5);
	state_close(a);
}

static enum st count_row(void *arg, enum row_table t, const void *row)
{
	++*(size_t *)arg;
	return ST_OK;
}

static size_t count(struct state *s, enum row_table t, enum state_query q, int64_t arg)
{
	size_t n = 0;
	assert_int_equal(state_read(s, t, q, arg, count_row, &n), ST_OK);
	return n;
}

static void queries(void **state)
{
	struct state *a = opened(*state, "a.db");
	fold_events(a, 3, 3000, 0);
	size_t all = count(a, ROW_ALARM, STATE_ALL, 0), open = count(a, ROW_ALARM, STATE_OPEN, 0);
	assert_true(open > 0 && open < all);
	assert_int_equal(count(a, ROW_ALARM, STATE_SINCE, INT64_MAX), open);
	assert_int_equal(count(a, ROW_ALARM, STATE_SINCE, 0), all);
	assert_int_equal(count(a, ROW_CHANGE, STATE_LIVE, 0), 0);
	assert_true(count(a, ROW_CHANGE, STATE_SINCE, 0) >= all);
	state_close(a);
}

static void history_is_pruned(void **state)
{
	struct state *a = opened(*state, "a.db");
	fold_events(a, 4, 3000, 0);
	assert_int_equal(state_copy(a, *state, "copy.db"), ST_OK);
	size_t open = count(a, ROW_ALARM, STATE_OPEN, 0);
	struct fold_row row;
	bool more = true;
	assert_int_equal(state_fold_row(a, &row), ST_OK);
	assert_int_equal(state_prune(a, row.time, &more), ST_OK); // nothing is old
	struct state *b = opened(*state, "copy.db");
	assert_same(a, b, true);
	do
		assert_int_equal(state_prune(a, row.time + STATE_HISTORY_NS + 1, &more), ST_OK);
	while (more);
	assert_int_equal(count(a, ROW_ALARM, STATE_ALL, 0), open);
	assert_int_equal(count(a, ROW_CHANGE, STATE_ALL, 0), 0);
	state_close(a);
	state_close(b);
}

static void put_file(const char *dir, const char *name, const char *content)
{
	assert_int_equal(folder_replace(dir, name, span_str(content)), ST_OK);
}

static void foreign_files(void **state)
{
	struct text why = { 0 };
	struct state *s = NULL;
	assert_int_equal(state_open_reader(*state, "none.db", &s, &why), ST_NONE);
	put_file(*state, "text.db",
	         "This is not a database, and it is long enough to be looked at as one: 0123456789"
	         "0123456789012345678901234567890123456789012345678901234567890123456789");
	assert_int_equal(state_open(*state, "text.db", &s, &why), ST_NOT_OURS);
	assert_int_equal(state_set_aside(*state, "text.db", &why), ST_OK);
	state_close(opened(*state, "text.db"));
	char path[FOLDER_PATH];
	struct stat st;
	assert_int_equal(folder_path(*state, "text.db.damaged", path), ST_OK);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(folder_path(*state, "text.db", path), ST_OK);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0137, 0);
	text_done(&why);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(goes_on, scratch_setup, scratch_teardown),
		cmocka_unit_test_setup_teardown(a_difference_is_seen, scratch_setup, scratch_teardown),
		cmocka_unit_test_setup_teardown(shared_addresses, scratch_setup, scratch_teardown),
		cmocka_unit_test_setup_teardown(uncommitted_is_gone, scratch_setup, scratch_teardown),
		cmocka_unit_test_setup_teardown(queries, scratch_setup, scratch_teardown),
		cmocka_unit_test_setup_teardown(history_is_pruned, scratch_setup, scratch_teardown),
		cmocka_unit_test_setup_teardown(foreign_files, scratch_setup, scratch_teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
