// SPDX-License-Identifier: Apache-2.0
// A message in clear, as a stranger can send it, and every body reader on what it holds.
#include <stdlib.h>

#include "fuzz.h"
#include "ike/payload.h"
#include "ike/suite.h"

static void bodies(const struct ike_message *m)
{
	struct ike_offer all = { .aeads = UINT16_MAX, .prfs = UINT8_MAX, .groups = UINT8_MAX, .esn = 3 };
	struct ike_suite suite;
	struct ike_ke ke;
	struct ike_identity id;
	struct ike_proof proof;
	struct ike_ts_list ts, both;
	struct ike_configuration c;
	struct ike_delete d;
	(void)ike_choose(ike_body(m, PAYLOAD_SA), PROTOCOL_IKE, &all, 31, &suite);
	(void)ike_choose(ike_body(m, PAYLOAD_SA), PROTOCOL_ESP, &all, 0, &suite);
	(void)ike_accept(ike_body(m, PAYLOAD_SA), PROTOCOL_ESP, &all, &suite);
	(void)ike_read_ke(ike_body(m, PAYLOAD_KE), &ke);
	(void)ike_read_identity(ike_body(m, PAYLOAD_IDI), &id);
	(void)ike_read_proof(ike_body(m, PAYLOAD_AUTH), &proof);
	if (ike_read_ts(ike_body(m, PAYLOAD_TSI), &ts) == ST_OK && ike_narrow(&ts, &ts, &both) == ST_OK &&
	    !ike_ts_within(&both, &ts))
		abort(); // never wider
	(void)ike_read_configuration(ike_body(m, PAYLOAD_CP), &c);
	for (size_t i = 0; i < m->n_deletes; i++)
		(void)ike_read_delete(m->deletes[i], &d);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	uint8_t *exact = malloc(n ? n : 1);
	struct ike_message m;
	if (!exact)
		return 0;
	if (n)
		memcpy(exact, data, n);
	if (ike_read_header(span_of(exact, n), &m) == ST_OK && ike_read_clear(&m) == ST_OK)
		bodies(&m);
	free(exact);
	return 0;
}
