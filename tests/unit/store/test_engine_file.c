// SPDX-License-Identifier: Apache-2.0
// DIR/engine: its states, and that no damaged one is ever replaced.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <fcntl.h>

#include "base/hash.h"
#include "store/engine_file.h"
#include "scratch.h"

static const uint8_t fresh[] = { 0x80, 0, 0x1f, 0x88, 4, 'a', 'b' }, other[] = { 0x80, 0, 0x1f, 0x88, 4, 'x' };

#define FRESH span_of(fresh, sizeof fresh)
#define OTHER span_of(other, sizeof other)
#define NOTHING ((struct span){ 0 })

static struct engine_file start(const char *dir, struct span forced)
{
	struct engine_file e = { 0 };
	struct text why = { 0 };
	if (engine_file_start(dir, FRESH, forced, &e, &why) != ST_OK)
		fail_msg("%s", text_str(&why));
	text_done(&why);
	return e;
}

static void write_file(const char *path, struct span s)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0640);
	assert_int_equal(write(fd, s.p, s.n), s.n);
	close(fd);
}

static size_t read_file(const char *path, uint8_t out[static 512])
{
	int fd = open(path, O_RDONLY);
	ssize_t n = read(fd, out, 512);
	assert_true(n >= 0);
	close(fd);
	return (size_t)n;
}

static void boots_rise(void **unused)
{
	char *dir = scratch_make(), *path = scratch_path(dir, "engine");
	for (uint32_t i = 1; i < 5; i++) {
		struct engine_file e = start(dir, NOTHING), again = { 0 };
		assert_int_equal(e.boots, i);
		assert_true(span_equal(span_of(e.id, e.id_n), FRESH));
		assert_int_equal(engine_file_read(dir, &again, &(struct text){ 0 }), ST_OK);
		assert_memory_equal(&e, &again, sizeof e);
	}
	struct stat s;
	assert_int_equal(stat(path, &s), 0);
	assert_int_equal(s.st_mode & 0777, 0640);
	struct engine_file e = start(dir, OTHER);
	assert_int_equal(e.boots, 1); // RFC 3414 2.2.2: a new ID begins anew
	assert_true(span_equal(span_of(e.id, e.id_n), OTHER));
	e = start(dir, OTHER);
	assert_int_equal(e.boots, 2);
	e = start(dir, NOTHING);
	assert_int_equal(e.boots, 3);
	assert_true(span_equal(span_of(e.id, e.id_n), OTHER));
	scratch_remove(dir);
	free(path);
	free(dir);
}

static void write_engine(const char *path, const char *head)
{
	char text[256];
	int n = snprintf(text, sizeof text, "%scrc %08x\n", head, crc32c(0, span_str(head)));
	write_file(path, span_of(text, (size_t)n));
}

static void boots_stay_at_the_end(void **unused)
{
	char *dir = scratch_make(), *path = scratch_path(dir, "engine");
	write_engine(path, "trapline engine 1\nid 80001f88046162\nboots 2147483646\n");
	assert_int_equal(start(dir, NOTHING).boots, 2147483647);
	assert_int_equal(start(dir, NOTHING).boots, 2147483647);
	scratch_remove(dir);
	free(path);
	free(dir);
}

static void refused_and_left(const char *dir, const char *path, enum st expected)
{
	uint8_t before[512], after[512];
	struct engine_file e = { .boots = 77 };
	struct text why = { 0 };
	size_t n = read_file(path, before);
	enum st st = engine_file_start(dir, FRESH, NOTHING, &e, &why);
	if (st != expected)
		fail_msg("%s for %.*s: %s", st_name(st), (int)n, (const char *)before, text_str(&why));
	assert_int_equal(e.boots, 77);
	assert_non_null(strstr(text_str(&why), "engine"));
	assert_int_equal(read_file(path, after), n);
	assert_memory_equal(before, after, n);
	text_clear(&why);
	assert_int_equal(engine_file_start(dir, FRESH, OTHER, &e, &why), expected);
	assert_int_equal(read_file(path, after), n);
	text_done(&why);
}

static void damage(void **unused)
{
	static const char *const heads[] = {
		"trapline engine 2\nid 80001f88046162\nboots 3\n",
		"trapline engine 1\nid 80001f88046162\nboots 0\n",
		"trapline engine 1\nid 80001f88046162\nboots 2147483648\n",
		"trapline engine 1\nid 80001f88046162\nboots 4294967299\n",
		"trapline engine 1\nid 80001F88046162\nboots 3\n",
		"trapline engine 1\nid 80001f88\nboots 3\n",
		"trapline engine 1\nid 80001f8804616\nboots 3\n",
		"trapline engine 1\nid 80001f88046162\nboots 03\n",
		"trapline engine 1\nid  80001f88046162\nboots 3\n",
		"",
	};
	char *dir = scratch_make(), *path = scratch_path(dir, "engine");
	for (size_t i = 0; i < sizeof heads / sizeof *heads; i++) {
		write_engine(path, heads[i]);
		refused_and_left(dir, path, ST_DAMAGED);
	}
	static const uint8_t zeros[300];
	for (size_t n = 0; n < sizeof zeros; n += 60) {
		write_file(path, span_of(zeros, n));
		refused_and_left(dir, path, ST_DAMAGED);
	}
	unlink(path);
	start(dir, NOTHING);
	uint8_t good[512];
	size_t n = read_file(path, good);
	for (size_t i = 0; i < n; i++) {
		write_file(path, span_of(good, i));
		refused_and_left(dir, path, ST_DAMAGED);
		for (int bit = 0; bit < 8; bit++) {
			good[i] ^= (uint8_t)(1 << bit);
			write_file(path, span_of(good, n));
			refused_and_left(dir, path, ST_DAMAGED);
			good[i] ^= (uint8_t)(1 << bit);
		}
	}
	write_file(path, span_of(good, n));
	assert_int_equal(start(dir, NOTHING).boots, 2);
	scratch_remove(dir);
	free(path);
	free(dir);
}

static void bad_ids(void **unused)
{
	char *dir = scratch_make(), *path = scratch_path(dir, "engine");
	static const uint8_t id[33] = { 0x80 };
	struct engine_file e;
	struct text why = { 0 };
	assert_int_equal(engine_file_start(dir, FRESH, span_of(id, 4), &e, &why), ST_SYNTAX);
	assert_int_equal(engine_file_start(dir, FRESH, span_of(id, 33), &e, &why), ST_SYNTAX);
	assert_int_not_equal(access(path, F_OK), 0);
	assert_int_equal(engine_file_read(dir, &e, &why), ST_NONE);
	text_done(&why);
	assert_int_equal(start(dir, span_of(id, 32)).id_n, 32);
	scratch_remove(dir);
	free(path);
	free(dir);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(boots_rise),
		cmocka_unit_test(boots_stay_at_the_end),
		cmocka_unit_test(damage),
		cmocka_unit_test(bad_ids),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
