// SPDX-License-Identifier: Apache-2.0
// The list of learned engines: order, which are shared, how it is written, and what is read from DIR/engines.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "daemon/engine_rows.h"
#include "io/system.h"
#include "store/folder.h"

static const int64_t HOUR = 3600 * INT64_C(1000000000);

static struct crypto *crypto;
static struct usm_users *users;
static struct v3_state *state_under_test;

static int set_up(void **unused)
{
	size_t which;
	if (crypto_init(&crypto) || usm_users_new(NULL, 0, span_of("\x80\x00\x00\x00\x01", 5), NULL, &users, &which))
		return 1;
	const struct v3_config config = { .crypto = crypto, .users = users, .random = random_system() };
	return v3_state_new(&config, &state_under_test) != ST_OK;
}

static int tear_down(void **unused)
{
	v3_state_free(state_under_test);
	usm_users_free(users);
	crypto_free(crypto);
	return 0;
}

static struct engine *learn(const char *site, const char *id, const char *peer, int64_t now)
{
	struct addr addr;
	assert_int_equal(addr_parse(peer, &addr), ST_OK);
	const struct engine_name name = { span_str(site), span_str(id), &addr };
	struct engine *e = engines_learn(state_under_test->engines, now, &name);
	assert_non_null(e);
	return e;
}

static void fill(int64_t now)
{
	learn("north", "engine-b", "10.0.0.2:1", now)->clock = (struct engine_clock){ true, 7, 100, now - 5 * HOUR };
	learn("north", "engine-a", "10.0.0.9:1", now)->lenient = true;
	learn("north", "engine-a", "10.0.0.1:1", now - HOUR);
	learn("north", "engine-a", "10.0.0.5:1", now - 30 * HOUR);
	learn("south", "engine-a", "10.0.0.1:1", now);
	learn("", "engine-b", "[2001:db8::1]:1", now);
	learn("", "engine-b", "10.0.0.1:1", now - 25 * HOUR);
}

static void check_rows(struct engine_rows *rows, int64_t now, int64_t wall)
{
	static const struct {
		const char *site, *id, *address;
		bool shared, lenient, known;
		int hours;
	} want[] = {
		{ "", "engine-b", "10.0.0.1", false, false, false, 25 },
		{ "", "engine-b", "2001:db8::1", false, false, false, 0 },
		{ "north", "engine-a", "10.0.0.1", true, false, false, 1 },
		{ "north", "engine-a", "10.0.0.5", false, false, false, 30 },
		{ "north", "engine-a", "10.0.0.9", true, true, false, 0 },
		{ "north", "engine-b", "10.0.0.2", false, false, true, 0 },
		{ "south", "engine-a", "10.0.0.1", false, false, false, 0 },
	};
	assert_int_equal(rows->n, sizeof want / sizeof *want);
	for (size_t i = 0; i < rows->n; i++) {
		const struct engine_row *r = &rows->row[i];
		char address[ADDR_TEXT];
		bool same = span_equal(span_of(r->site, r->site_n), span_str(want[i].site)) &&
		            span_equal(span_of(r->id, r->id_n), span_str(want[i].id)) &&
		            strcmp(addr_ip_text(&r->addr, address), want[i].address) == 0;
		if (!same || r->shared != want[i].shared || r->lenient != want[i].lenient ||
		    r->known != want[i].known || r->heard != wall - want[i].hours * HOUR)
			fail_msg("row %zu: %s shared %d lenient %d known %d", i, address, r->shared, r->lenient,
			         r->known);
	}
	assert_int_equal(rows->row[5].boots, 7);
	assert_int_equal(rows->row[5].time, 100 + 5 * 3600);
}

static void list(void **unused)
{
	int64_t now = 1000 * HOUR, wall = 500000 * HOUR;
	struct engine_rows rows = { 0 };
	struct text out = { 0 };
	fill(now);
	engine_rows_add(&rows, state_under_test, (struct span){ 0 }, now, wall);
	engine_rows_sort(&rows, wall);
	assert_false(rows.bad);
	check_rows(&rows, now, wall);
	engine_rows_json(&rows, &out);
	assert_non_null(strstr(text_str(&out),
	                       "{\"engine\":\"656e67696e652d62\",\"site\":null,\"address\":\"10.0.0.1\","
	                       "\"boots\":null,\"time\":null,\"heard\":\"2027-01-"));
	assert_non_null(
	        strstr(text_str(&out), "\"site\":\"north\",\"address\":\"10.0.0.2\",\"boots\":7,\"time\":18100,"));
	text_done(&out);
	engine_rows_done(&rows);
	engine_rows_add(&rows, state_under_test, span_str("engine-a"), now, wall);
	assert_int_equal(rows.n, 4);
	engine_rows_done(&rows);
}

static void file(void **unused)
{
	char folder[] = "/tmp/trapline-engines-XXXXXX", path[64];
	int64_t now = clock_monotonic(), wall = clock_wall();
	struct engine_rows rows = { 0 };
	struct text all = { 0 }, one = { 0 };
	assert_non_null(mkdtemp(folder));
	snprintf(path, sizeof path, "%s/engines", folder);
	assert_int_equal(engine_rows_of_file(folder, &rows), ST_NONE);
	v3_export(state_under_test, 1000 * HOUR, wall, &one);
	for (int i = 0; i < 2; i++) { // two workers that know the same
		uint32_t n = (uint32_t)one.n;
		text_bytes(&all, span_of(&n, sizeof n));
		text_bytes(&all, span_of(one.p, one.n));
	}
	assert_int_equal(folder_replace(folder, "engines", span_of(all.p, all.n)), ST_OK);
	assert_int_equal(engine_rows_of_file(folder, &rows), ST_OK);
	engine_rows_sort(&rows, wall);
	assert_int_equal(rows.n, 7);
	assert_true(rows.row[4].lenient);
	assert_in_range(rows.row[5].time, 18100, 18110 + (clock_monotonic() - now) / 1000000000);
	engine_rows_done(&rows);
	assert_int_equal(folder_replace(folder, "engines", span_of(all.p, all.n - 1)), ST_OK);
	assert_int_equal(engine_rows_of_file(folder, &rows), ST_DAMAGED);
	engine_rows_done(&rows);
	unlink(path);
	rmdir(folder);
	text_done(&all);
	text_done(&one);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(list), cmocka_unit_test(file) };
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
