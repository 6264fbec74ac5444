// SPDX-License-Identifier: Apache-2.0
// A TCP stream as it grows: the verdict on its first message, once given, may not change with what comes after, and a
// message that parses is exactly as long as its frame.
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"
#include "snmp/message.h"

enum { PREFIXES = 64 }; // a head has at most six octets

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	enum st first = ST_SHORT;
	size_t length = 0;
	for (size_t k = 0; k <= n && k <= PREFIXES; k++) {
		uint8_t *p = malloc(k ? k : 1);
		if (k)
			memcpy(p, data, k);
		size_t now = 0;
		enum st st = ber_frame(span_of(p, k), &now);
		fuzz_require(st == ST_OK || st == ST_SHORT || st == ST_FRAME);
		fuzz_require(first == ST_SHORT || (st == first && now == length));
		fuzz_require(st != ST_OK || (now >= 2 && now <= SNMP_FRAME_MAX));
		first = st;
		length = now;
		free(p);
	}
	uint8_t *p = malloc(n ? n : 1);
	if (n)
		memcpy(p, data, n);
	struct snmp_message m;
	if (n <= SNMP_FRAME_MAX && snmp_parse_message(span_of(p, n), &m) == ST_OK)
		fuzz_require(first == ST_OK && length == n);
	free(p);
	return 0;
}
