// SPDX-License-Identifier: Apache-2.0
#include "snmp/engine_id.h"

struct span engine_id_make(const uint8_t octets[static ENGINE_ID_OCTETS], uint8_t out[static ENGINE_ID_MADE])
{
	enum { ENTERPRISE = TRAPLINE_ENTERPRISE, FORMAT_OCTETS = 5 };
	const uint8_t format = FORMAT_OCTETS;
	struct wr w = wr_of(out, ENGINE_ID_MADE);
	wr_bytes(&w, span_of(octets, ENGINE_ID_OCTETS));
	wr_u8(&w, format);
	wr_be(&w, 0x80000000u | ENTERPRISE, 4);
	return wr_span(&w);
}
