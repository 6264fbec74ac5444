// SPDX-License-Identifier: Apache-2.0
// Files in one piece: every size around what is asked for at a time, from a file and from a pipe, and no octet too many.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#include "io/whole.h"

enum { MAX = 40000 };
static uint8_t octets[MAX + 1];

static int file_of(size_t n)
{
	int fd = memfd_create("whole", 0);
	assert_true(fd >= 0 && write(fd, octets, n) == (ssize_t)n && lseek(fd, 0, SEEK_SET) == 0);
	return fd;
}

static int pipe_of(size_t n)
{
	int ends[2];
	assert_int_equal(pipe(ends), 0);
	assert_int_equal(write(ends[1], octets, n), n);
	close(ends[1]);
	return ends[0];
}

static void every_size(void **state)
{
	static const size_t sizes[] = { 0, 1, 16383, 16384, 16385, 32767, 32768, 32769, MAX - 1, MAX, MAX + 1 };
	for (size_t i = 0; i < sizeof octets; i++)
		octets[i] = (uint8_t)(i * 7 + i / 256);
	for (size_t i = 0; i < 2 * sizeof sizes / sizeof *sizes; i++) {
		size_t n = sizes[i / 2];
		struct whole w = { 0 };
		int fd = i % 2 ? pipe_of(n) : file_of(n);
		assert_int_equal(whole_read(fd, MAX, &w), n <= MAX ? ST_OK : ST_FULL);
		assert_true(n > MAX || (w.n == n && span_equal(whole_span(&w), span_of(octets, n))));
		whole_done(&w);
		assert_null(w.p);
		close(fd);
	}
}

static void what_cannot_be_read(void **state)
{
	struct whole w = { 0 };
	assert_int_equal(whole_read(-1, MAX, &w), ST_SYSTEM);
	whole_done(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(every_size), cmocka_unit_test(what_cannot_be_read) };
	return cmocka_run_group_tests(tests, NULL, NULL);
}
