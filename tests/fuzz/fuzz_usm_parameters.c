// SPDX-License-Identifier: Apache-2.0
// Any octets as USM's security parameters: what was read comes back from what is written.
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"
#include "snmp/limits.h"
#include "snmp/usm.h"

static void there_and_back(const struct usm_parameters *p)
{
	static uint8_t room[2 * SNMP_DATAGRAM_MAX];
	struct wr w = wr_of(room, sizeof room);
	uint8_t *digest = usm_parameters_write(&w, p);
	fuzz_require(digest != NULL);
	if (p->auth.n)
		memcpy(digest, p->auth.p, p->auth.n);
	struct span whole = wr_span(&w);
	struct usm_parameters again;
	struct rd r = rd_of(whole);
	rd_skip(&r, 1);
	uint8_t first = rd_u8(&r);
	rd_skip(&r, first & 0x80 ? first & 0x7f : 0);
	fuzz_require(usm_parameters_parse(rd_rest(&r), &again) == ST_OK);
	fuzz_require(again.boots == p->boots && again.time == p->time && span_equal(again.engine, p->engine));
	fuzz_require(span_equal(again.user, p->user) && span_equal(again.auth, p->auth) &&
	             span_equal(again.priv, p->priv));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	uint8_t *p = malloc(n ? n : 1);
	if (n)
		memcpy(p, data, n);
	struct usm_parameters parameters;
	enum st st = usm_parameters_parse(span_of(p, n), &parameters);
	fuzz_require(st == ST_OK || st == ST_SECURITY_PARAMETERS);
	if (st == ST_OK) {
		fuzz_require(parameters.user.n <= SNMP_USER_MAX && parameters.boots <= USM_BOOTS_MAX);
		there_and_back(&parameters);
	}
	free(p);
	return 0;
}
