// SPDX-License-Identifier: Apache-2.0
#include "esp/ecn.h"

#include "esp/ip.h"

uint8_t ecn_outer(uint8_t inner_tos)
{
	return inner_tos;
}

// RFC 6040 figure 4: a row for the inner header, a column for the outer one. DROP: congestion cannot be told to an inner
// header that is Not-ECT.
enum { DROP = 4 };
static const uint8_t behind[4][4] = {
	[ECN_NOT] = { [ECN_NOT] = ECN_NOT, [ECN_ECT0] = ECN_NOT, [ECN_ECT1] = ECN_NOT, [ECN_CE] = DROP },
	[ECN_ECT0] = { [ECN_NOT] = ECN_ECT0, [ECN_ECT0] = ECN_ECT0, [ECN_ECT1] = ECN_ECT1, [ECN_CE] = ECN_CE },
	[ECN_ECT1] = { [ECN_NOT] = ECN_ECT1, [ECN_ECT0] = ECN_ECT1, [ECN_ECT1] = ECN_ECT1, [ECN_CE] = ECN_CE },
	[ECN_CE] = { [ECN_NOT] = ECN_CE, [ECN_ECT0] = ECN_CE, [ECN_ECT1] = ECN_CE, [ECN_CE] = ECN_CE },
};

enum st ecn_inner(uint8_t inner_tos, uint8_t outer_tos, uint8_t *out)
{
	uint8_t to = behind[inner_tos & ECN_MASK][outer_tos & ECN_MASK];
	if (to == DROP)
		return ST_ESP_ECN;
	*out = (uint8_t)((inner_tos & ~ECN_MASK) | to);
	return ST_OK;
}

void ecn_write(uint8_t *h, uint8_t tos)
{
	if (h[0] >> 4 == 6) {
		h[0] = (uint8_t)(0x60 | tos >> 4);
		h[1] = (uint8_t)((h[1] & 0x0f) | tos << 4);
		return;
	}
	uint32_t was = (uint32_t)h[0] << 8 | h[1], sum = (uint32_t)h[10] << 8 | h[11];
	h[1] = tos;
	uint32_t is = (uint32_t)h[0] << 8 | h[1];
	sum = (~sum & 0xffff) + (~was & 0xffff) + is;
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	ip_put16(h + 10, ~sum & 0xffff);
}
