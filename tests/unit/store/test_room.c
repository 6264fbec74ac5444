// SPDX-License-Identifier: Apache-2.0
// The waiting room's file: what was committed is read back, what was not is not, and nothing that is found is overwritten.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <fcntl.h>
#include <sqlite3.h>

#include "store/room.h"
#include "scratch.h"

static struct room *opened(const char *dir)
{
	struct text why = { 0 };
	struct room *r = NULL;
	if (room_open(dir, &r, &why) != ST_OK)
		fail_msg("%s", text_str(&why));
	return r;
}

static struct room_item item(uint64_t id)
{
	struct room_item i = { .id = id,
		               .count = 3,
		               .first = -5,
		               .last = INT64_MAX,
		               .version = 1,
		               .reason = ST_COMMUNITY,
		               .site = span_str("rotterdam"),
		               .credential = span_of("a\0b", 3) };
	addr_parse("[fe80::1%7]:40000", &i.peer);
	return i;
}

static struct room_message message(uint64_t id, uint64_t of, uint64_t moving)
{
	static const uint8_t bytes[] = { 0x30, 0, 0xff };
	struct room_message m = {
		.id = id, .item = of, .moving = moving, .received = 77, .transport = 2, .bytes = span_of(bytes, 3)
	};
	addr_parse("10.0.0.7:5", &m.peer);
	addr_parse("10.0.0.1:162", &m.local);
	addr_parse("0.0.0.0:162", &m.listener);
	return m;
}

static void put(struct room *r, uint64_t of, uint64_t id, uint64_t moving)
{
	struct room_item i = item(of);
	struct room_message m = message(id, of, moving);
	room_put_item(r, &i);
	room_put_message(r, &m);
}

struct seen {
	unsigned n, stop;
	uint64_t ids[16], moving[16];
};

static bool see(void *arg, const struct room_item *i, const struct room_message *m)
{
	struct seen *s = arg;
	struct room_item want = item(i->id);
	struct room_message wanted = message(m->id, i->id, m->moving);
	assert_int_equal(i->count, want.count);
	assert_int_equal(i->first, want.first);
	assert_int_equal(i->last, want.last);
	assert_int_equal(i->version, want.version);
	assert_int_equal(i->reason, want.reason);
	assert_true(addr_same_ip(&i->peer, &want.peer) && i->peer.port == want.peer.port);
	assert_true(span_equal(i->site, want.site));
	assert_true(span_equal(i->credential, want.credential));
	assert_int_equal(i->engine.n, 0);
	assert_int_equal(m->received, wanted.received);
	assert_int_equal(m->transport, wanted.transport);
	assert_true(addr_same_ip(&m->peer, &wanted.peer) && m->peer.port == 5);
	assert_true(addr_same_ip(&m->local, &wanted.local) && m->local.port == 162);
	assert_true(addr_same_ip(&m->listener, &wanted.listener));
	assert_true(span_equal(m->bytes, wanted.bytes));
	s->ids[s->n] = m->id;
	s->moving[s->n] = m->moving;
	return ++s->n != s->stop;
}

static struct seen all(struct room *r)
{
	struct seen s = { 0 };
	assert_int_equal(room_read(r, see, &s), ST_OK);
	return s;
}

static void committed_is_read_back(void **state)
{
	struct room *r = opened(*state);
	uint64_t next_item, next_message;
	assert_int_equal(room_next(r, &next_item, &next_message), ST_OK);
	assert_int_equal(next_item, 1);
	assert_int_equal(next_message, 1);
	room_begin(r);
	put(r, 4, 11, 0);
	put(r, 4, 10, 99);
	put(r, 2, 12, 0);
	room_keep_next(r, 5, 13);
	assert_int_equal(room_commit(r), ST_OK);
	room_close(r);
	r = opened(*state);
	struct seen s = all(r);
	assert_int_equal(s.n, 3);
	assert_int_equal(s.ids[0], 12); // by item, then by message
	assert_int_equal(s.ids[1], 10);
	assert_int_equal(s.moving[1], 99);
	assert_int_equal(s.ids[2], 11);
	s = (struct seen){ .stop = 1 };
	assert_int_equal(room_read(r, see, &s), ST_OK);
	assert_int_equal(s.n, 1);
	room_begin(r);
	room_drop_message(r, 12);
	room_drop_item(r, 2);
	put(r, 4, 11, 7); // in place of the old one
	assert_int_equal(room_commit(r), ST_OK);
	s = all(r);
	assert_int_equal(s.n, 2);
	assert_int_equal(s.moving[1], 7);
	assert_int_equal(room_next(r, &next_item, &next_message), ST_OK);
	assert_int_equal(next_item, 5);
	assert_int_equal(next_message, 13);
	room_close(r);
}

static void only_the_service_reads_it(void **state)
{
	mode_t old = umask(0);
	struct room *r = opened(*state);
	room_begin(r);
	put(r, 1, 1, 0);
	assert_int_equal(room_commit(r), ST_OK);
	static const struct {
		const char *name;
		unsigned mode;
	} files[] = { { "waiting", 0700 }, { "waiting/room.db", 0600 }, { "waiting/room.db-wal", 0600 } };
	for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
		char *path = scratch_path(*state, files[i].name);
		struct stat s;
		assert_int_equal(stat(path, &s), 0);
		assert_int_equal(s.st_mode & 0777, files[i].mode);
		free(path);
	}
	room_close(r);
	umask(old);
}

// Somebody else holds the file: nothing of the transaction is there, and the same changes succeed later.
static void failed_commit_changes_nothing(void **state)
{
	struct room *r = opened(*state);
	room_begin(r);
	put(r, 1, 1, 0);
	assert_int_equal(room_commit(r), ST_OK);
	char *path = scratch_path(*state, "waiting/room.db");
	sqlite3 *other;
	assert_int_equal(sqlite3_open(path, &other), SQLITE_OK);
	assert_int_equal(sqlite3_exec(other, "BEGIN IMMEDIATE", NULL, NULL, NULL), SQLITE_OK);
	room_begin(r);
	put(r, 2, 2, 0);
	room_drop_message(r, 1);
	assert_int_equal(room_commit(r), ST_BUSY);
	assert_non_null(strstr(room_error(r), "room.db"));
	assert_int_equal(all(r).n, 1);
	sqlite3_exec(other, "ROLLBACK", NULL, NULL, NULL);
	sqlite3_close(other);
	room_begin(r);
	put(r, 2, 2, 0);
	assert_int_equal(room_commit(r), ST_OK);
	assert_int_equal(all(r).n, 2);
	room_close(r);
	free(path);
}

static void reader_sees_it_and_changes_nothing(void **state)
{
	struct text why = { 0 };
	struct room *reader = NULL;
	assert_int_equal(room_open_reader(*state, &reader, &why), ST_NONE);
	struct room *r = opened(*state);
	room_begin(r);
	put(r, 1, 1, 0);
	assert_int_equal(room_commit(r), ST_OK);
	assert_int_equal(room_open_reader(*state, &reader, &why), ST_OK);
	assert_int_equal(all(reader).n, 1);
	room_begin(r);
	put(r, 1, 2, 0);
	assert_int_equal(room_commit(r), ST_OK);
	assert_int_equal(all(reader).n, 2);
	room_close(reader);
	room_close(r);
	assert_int_equal(room_open_reader(*state, &reader, &why), ST_OK);
	assert_int_equal(all(reader).n, 2);
	room_close(reader);
	text_done(&why);
}

static void overwrite(const char *dir, const char *sql, size_t zeros_at, size_t zeros)
{
	char *path = scratch_path(dir, "waiting/room.db");
	if (sql) {
		sqlite3 *db;
		assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
		assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
		sqlite3_close(db);
	}
	int fd = open(path, O_RDWR);
	assert_true(fd >= 0);
	char nothing[4096] = { 0 };
	if (zeros)
		assert_int_equal(pwrite(fd, nothing, zeros, (off_t)zeros_at), zeros);
	close(fd);
	free(path);
}

static void what_is_not_ours_stays(void **state)
{
	static const struct {
		const char *sql;
		size_t zeros_at, zeros;
		enum st st;
	} cases[] = {
		{ "PRAGMA user_version = 2", 0, 0, ST_NEWER },
		{ "PRAGMA application_id = 5", 0, 0, ST_NOT_OURS },
		{ NULL, 4096, 4096, ST_DAMAGED },
		{ NULL, 0, 16, ST_NOT_OURS },
		{ "UPDATE message SET peer = x'00'", 0, 0, ST_OK }, // opened, and found damaged when it is read
	};
	for (size_t c = 0; c < sizeof cases / sizeof *cases; c++) {
		char *dir = scratch_make();
		struct room *r = opened(dir);
		room_begin(r);
		put(r, 1, 1, 0);
		assert_int_equal(room_commit(r), ST_OK);
		room_close(r);
		overwrite(dir, cases[c].sql, cases[c].zeros_at, cases[c].zeros);
		struct text why = { 0 };
		r = NULL;
		assert_int_equal(room_open(dir, &r, &why), cases[c].st);
		if (r) {
			struct seen s = { 0 };
			assert_int_equal(room_read(r, see, &s), ST_DAMAGED);
			room_close(r);
		} else {
			assert_non_null(strstr(text_str(&why), "room.db"));
		}
		text_clear(&why);
		assert_int_equal(room_set_aside(dir, &why), ST_OK);
		assert_non_null(strstr(text_str(&why), "room.db.damaged-1"));
		r = opened(dir);
		assert_int_equal(all(r).n, 0);
		room_close(r);
		assert_int_equal(room_set_aside(dir, &why), ST_OK);
		char *second = scratch_path(dir, "waiting/room.db.damaged-2");
		assert_int_equal(access(second, F_OK), 0);
		free(second);
		text_done(&why);
		scratch_remove(dir);
		free(dir);
	}
}

static void an_unfinished_file_is_made_again(void **state)
{
	struct room *r = opened(*state);
	room_close(r);
	char *path = scratch_path(*state, "waiting/room.db");
	assert_int_equal(truncate(path, 0), 0);
	free(path);
	r = opened(*state);
	assert_int_equal(all(r).n, 0);
	room_close(r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(committed_is_read_back, scratch_setup, scratch_teardown),
		cmocka_unit_test_setup_teardown(only_the_service_reads_it, scratch_setup, scratch_teardown),
		cmocka_unit_test_setup_teardown(failed_commit_changes_nothing, scratch_setup, scratch_teardown),
		cmocka_unit_test_setup_teardown(reader_sees_it_and_changes_nothing, scratch_setup, scratch_teardown),
		cmocka_unit_test_setup_teardown(what_is_not_ours_stays, scratch_setup, scratch_teardown),
		cmocka_unit_test_setup_teardown(an_unfinished_file_is_made_again, scratch_setup, scratch_teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
