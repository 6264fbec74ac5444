// SPDX-License-Identifier: Apache-2.0
// Preloaded into a collector: its wall clock is an hour ahead, as one that somebody sets right later.
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

int clock_gettime(clockid_t clock, struct timespec *t)
{
	enum { HOUR = 3600 };
	int result = (int)syscall(SYS_clock_gettime, clock, t);
	if (result == 0 && clock == CLOCK_REALTIME)
		t->tv_sec += HOUR;
	return result;
}
