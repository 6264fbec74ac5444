// SPDX-License-Identifier: Apache-2.0
#include "store/bell.h"

#include <errno.h>
#include <linux/futex.h>
#include <stdbool.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

enum { NS = 1000000000 };

int64_t bell_now(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * INT64_C(1000000000) + t.tv_nsec;
}

void bell_ring(struct bell *b, uint32_t bits)
{
	uint32_t before = atomic_fetch_or(&b->word, bits);
	if ((before & BELL_SLEEPS) && (bits & ~before))
		syscall(SYS_futex, &b->word, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0);
}

uint32_t bell_take(struct bell *b)
{
	return atomic_exchange(&b->word, 0) & ~BELL_SLEEPS;
}

// True when the time is over. The timeout of FUTEX_WAIT_BITSET is absolute, of CLOCK_MONOTONIC.
static bool futex_sleep(struct bell *b, uint32_t expected, int64_t until)
{
	struct timespec t = { until / NS, until % NS };
	long rc = syscall(SYS_futex, &b->word, FUTEX_WAIT_BITSET_PRIVATE, expected, until ? &t : NULL, NULL,
	                  FUTEX_BITSET_MATCH_ANY);
	return rc != 0 && errno == ETIMEDOUT;
}

uint32_t bell_wait(struct bell *b, uint32_t wanted, int64_t until)
{
	bool late = false;
	for (;;) {
		uint32_t word = atomic_load(&b->word);
		if ((word & wanted) || late)
			return word;
		if (!atomic_compare_exchange_strong(&b->word, &word, word | BELL_SLEEPS))
			continue;
		late = futex_sleep(b, word | BELL_SLEEPS, until);
		atomic_fetch_and(&b->word, ~BELL_SLEEPS);
	}
}
