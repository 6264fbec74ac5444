// SPDX-License-Identifier: Apache-2.0
// A folder for one test that is removed again, and records like the ones of src/event.
#ifndef TEST_STORE_SCRATCH_H
#define TEST_STORE_SCRATCH_H

#include <ftw.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/ring.h"
#include "event/event.h"

static inline int scratch_remove_one(const char *path, const struct stat *s, int kind, struct FTW *at)
{
	return remove(path);
}

static inline void scratch_remove(const char *dir)
{
	nftw(dir, scratch_remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

// A fresh name below TMPDIR or /tmp; the folder is there.
static inline char *scratch_make(void)
{
	const char *tmp = getenv("TMPDIR");
	char *dir = NULL;
	if (asprintf(&dir, "%s/trapline-test-XXXXXX", tmp ? tmp : "/tmp") < 0 || !mkdtemp(dir))
		abort();
	return dir;
}

// As cmocka's fixture: *state is the folder.
static inline int scratch_setup(void **state)
{
	*state = scratch_make();
	return 0;
}

static inline int scratch_teardown(void **state)
{
	scratch_remove(*state);
	free(*state);
	return 0;
}

static inline char *scratch_path(const char *dir, const char *name)
{
	char *path = NULL;
	if (asprintf(&path, "%s/%s", dir, name) < 0)
		abort();
	return path;
}

enum { RECORD_MIN = 16 };

// A record of `n` (>= RECORD_MIN) bytes that carries a number and can be checked for it.
static inline void record_fill(uint8_t *at, size_t n, uint64_t number, uint8_t kind)
{
	at[0] = 1;
	at[1] = kind;
	memcpy(at + 2, &number, sizeof number);
	for (size_t i = 10; i < n; i++)
		at[i] = (uint8_t)(number * 31 + i);
}

static inline bool record_good(struct span s, uint64_t *number)
{
	if (s.n < RECORD_MIN)
		return false;
	memcpy(number, s.p + 2, sizeof *number);
	for (size_t i = 10; i < s.n; i++)
		if (s.p[i] != (uint8_t)(*number * 31 + i))
			return false;
	return true;
}

// Appends a frame; returns the bytes used.
static inline size_t frame_add(uint8_t *at, size_t n, uint64_t number, uint8_t kind)
{
	uint32_t length = (uint32_t)n;
	memcpy(at, &length, sizeof length);
	record_fill(at + RING_FRAME_HEAD, n, number, kind);
	return RING_FRAME_HEAD + n;
}

// A small fast generator, so that a failing test names its seed.
static inline uint64_t random_next(uint64_t *state)
{
	uint64_t x = *state;
	x ^= x << 13;
	x ^= x >> 7;
	x ^= x << 17;
	return *state = x;
}

static inline uint64_t random_below(uint64_t *state, uint64_t n)
{
	return random_next(state) % n;
}

#endif
