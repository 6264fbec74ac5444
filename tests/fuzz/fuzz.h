// SPDX-License-Identifier: Apache-2.0
// What every fuzz target provides and libFuzzer or replay.c calls. A target copies the input to a heap block of exactly
// its size, so that AddressSanitizer sees a read past its end; it returns 0.
#ifndef FUZZ_H
#define FUZZ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/status.h"

static inline void fuzz_require(bool holds)
{
	if (!holds)
		abort();
}

// The same octets each time, so that a finding comes again. For struct random.
static inline enum st fuzz_random(void *arg, void *out, size_t n)
{
	memset(out, 7, n);
	return ST_OK;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

#endif
