// SPDX-License-Identifier: Apache-2.0
// What stood in an encrypted payload: the first octet says which payload comes first, the others are the chain.
#include <stdlib.h>

#include "fuzz.h"
#include "ike/payload.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	if (n == 0)
		return 0;
	uint8_t *exact = malloc(n);
	struct ike_message m = { .inner = data[0] };
	struct ike_ts_list ts;
	if (!exact)
		return 0;
	memcpy(exact, data, n);
	if (ike_read_sealed(span_of(exact + 1, n - 1), &m) == ST_OK) {
		(void)ike_read_ts(ike_body(&m, PAYLOAD_TSR), &ts);
		(void)ike_find_error(&m);
	}
	free(exact);
	return 0;
}
