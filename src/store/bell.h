// SPDX-License-Identifier: Apache-2.0
// How many producers wake one sleeping thread, without a lock and without a system call when it is awake.
//
// The word holds the reasons to wake up (bits of the caller) and BELL_SLEEPS. No wake-up can be lost:
// - A producer first publishes its work (a release store) and then sets its bit by a read-modify-write. The sleeper
//   takes all bits by an exchange before it looks for work. All read-modify-writes of the word have one order: if the
//   producer's came first, the sleeper sees the bit and with it the work; if it came after, the bit is still set when
//   the sleeper next looks at the word.
// - The sleeper sets BELL_SLEEPS by compare-and-swap from a word without the bits it waits for, and the kernel puts it
//   to sleep only if the word still is what it swapped in. A bit set in between makes the swap or the wait fail; a bit
//   set later finds BELL_SLEEPS and calls the kernel.
#ifndef STORE_BELL_H
#define STORE_BELL_H

#include <stdatomic.h>
#include <stdint.h>

#define BELL_SLEEPS (UINT32_C(1) << 31)

struct bell {
	_Atomic uint32_t word;
};

// Producer: sets `bits`; wakes the sleeper if one of them is new. Cheap when it is awake.
void bell_ring(struct bell *b, uint32_t bits);
// Sleeper: takes and clears all bits.
uint32_t bell_take(struct bell *b);
// Sleeper: returns the bits that are set as soon as one of `wanted` is, or at `until` (CLOCK_MONOTONIC nanoseconds, 0: no end).
// Clears nothing.
uint32_t bell_wait(struct bell *b, uint32_t wanted, int64_t until);
int64_t bell_now(void); // CLOCK_MONOTONIC nanoseconds

#endif
