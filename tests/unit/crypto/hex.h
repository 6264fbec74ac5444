// SPDX-License-Identifier: Apache-2.0
// Vectors stand in the tests as hexadecimal text, as the RFCs print them.
#ifndef TESTS_UNIT_CRYPTO_HEX_H
#define TESTS_UNIT_CRYPTO_HEX_H

#include <stdio.h>
#include <string.h>

#include "base/span.h"

// Reads lower or upper case hex into out; returns the number of octets.
static inline size_t unhex(const char *text, uint8_t *out)
{
	size_t n = strlen(text) / 2;
	for (size_t i = 0; i < n; i++) {
		unsigned v = 0;
		(void)sscanf(text + 2 * i, "%2x", &v);
		out[i] = (uint8_t)v;
	}
	return n;
}

#define assert_hex(bytes, size, text)                                                                                  \
	do {                                                                                                           \
		uint8_t expected_[512];                                                                                \
		size_t n_ = unhex(text, expected_);                                                                    \
		assert_int_equal(n_, size);                                                                            \
		assert_memory_equal(bytes, expected_, n_);                                                             \
	} while (0)

#endif
