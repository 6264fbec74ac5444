// SPDX-License-Identifier: Apache-2.0
// Any bytes as what a person wrote in hex: what is accepted, written again, must give the same octets.
#include <stdlib.h>
#include <string.h>

#include "base/hex.h"
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	uint8_t *copy = malloc(n ? n : 1);
	struct text octets = { 0 }, hex = { 0 }, again = { 0 };
	if (!copy)
		abort();
	if (n)
		memcpy(copy, data, n);
	if (hex_read(span_of(copy, n), 1024, &octets)) {
		text_hex(&hex, span_of(octets.p, octets.n));
		if (octets.n > 1024 || !hex_read(span_of(hex.p, hex.n), 1024, &again) ||
		    !span_equal(span_of(octets.p, octets.n), span_of(again.p, again.n)))
			abort();
	}
	text_done(&octets);
	text_done(&hex);
	text_done(&again);
	free(copy);
	return 0;
}
