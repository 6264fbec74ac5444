// SPDX-License-Identifier: Apache-2.0
// The kernel's clocks and random bytes: the only place that asks for them. Called by the loop (once a turn) and by
// start-up code.
#include "io/system.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/random.h>
#include <time.h>

static int64_t clock_read(clockid_t id)
{
	struct timespec t;
	clock_gettime(id, &t);
	return t.tv_sec * INT64_C(1000000000) + t.tv_nsec;
}

int64_t clock_wall(void)
{
	return clock_read(CLOCK_REALTIME);
}

int64_t clock_today(void *unused)
{
	return clock_wall() / 1000000000;
}

int64_t clock_monotonic(void)
{
	return clock_read(CLOCK_MONOTONIC);
}

void system_random(void *out, size_t n)
{
	uint8_t *p = out;
	while (n > 0) {
		ssize_t got = getrandom(p, n, 0);
		if (got < 0 && errno != EINTR)
			abort();
		if (got > 0) {
			p += got;
			n -= (size_t)got;
		}
	}
}
