// SPDX-License-Identifier: Apache-2.0
// A datagram on an ESP-in-UDP port, under rules that its first octet chooses: what is taken lies inside it, ESP only with an
// SPI of ours, IKE only where its header is whole and its length is right.
#include <stdlib.h>
#include <string.h>

#include "encap/encap.h"
#include "fuzz.h"

enum { OURS = 0x4f4f4f4f, IKE_HEAD = 28 };

static bool known(void *arg, uint32_t spi)
{
	return spi == OURS;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	if (n == 0)
		return 0;
	struct encap_rules rules = { .plain = data[0] & 1, .unmarked = data[0] & 2, .eight = data[0] & 4 };
	struct encap_known ours = { known, NULL };
	n--;
	uint8_t *p = malloc(n ? n : 1);
	if (n)
		memcpy(p, data + 1, n);
	struct encap_verdict v = encap_classify(&rules, &ours, span_of(p, n));
	fuzz_require((v.why == ST_OK) == (v.kind != ENCAP_DROP));
	if (v.kind == ENCAP_DROP) {
		fuzz_require(v.body.n == 0);
	} else {
		static const size_t skip[ENCAP_FRAMINGS] = { [ENCAP_MARKER] = 4, [ENCAP_EIGHT] = 8 };
		fuzz_require(v.body.p == p + skip[v.framing] && v.body.n + skip[v.framing] == n);
		struct rd r = rd_of(v.body);
		if (v.kind == ENCAP_ESP) {
			fuzz_require(rd_u32(&r) == OURS && v.body.n >= 8 && v.framing != ENCAP_MARKER);
		} else {
			rd_skip(&r, 24);
			fuzz_require(v.body.n >= IKE_HEAD && rd_u32(&r) == v.body.n && v.framing != ENCAP_EIGHT);
		}
	}
	free(p);
	return 0;
}
