// SPDX-License-Identifier: Apache-2.0
// Traffic selectors: what is read can be written and read again, and narrowing never widens. The first octet says how long
// the first of two lists is, in units of four octets.
#include "fuzz.h"
#include "ike/payload.h"

static void narrow(const struct ike_ts_list *a, const struct ike_ts_list *b)
{
	struct ike_ts_list both;
	if (ike_narrow(a, b, &both) != ST_OK)
		return;
	fuzz_require(both.n > 0 && both.n <= IKE_TS_MAX);
	fuzz_require(ike_ts_within(&both, a) && ike_ts_within(&both, b));
}

static void write_again(const struct ike_ts_list *list)
{
	uint8_t room[4 + 4 + IKE_TS_MAX * 40];
	struct ike_writer w = ike_writer_of(room, sizeof room);
	struct ike_ts_list same;
	ike_put_ts(&w, PAYLOAD_TSI, list);
	struct span s = wr_span(&w.w);
	fuzz_require(s.n > 4 && ike_read_ts(span_of(s.p + 4, s.n - 4), &same) == ST_OK);
	fuzz_require(same.n == list->n && memcmp(same.at, list->at, list->n * sizeof *list->at) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	if (n == 0)
		return 0;
	size_t first = (size_t)data[0] * 4 < n - 1 ? (size_t)data[0] * 4 : n - 1, second = n - 1 - first;
	uint8_t *a = malloc(first ? first : 1), *b = malloc(second ? second : 1);
	struct ike_ts_list x, y;
	if (a && b) {
		memcpy(a, data + 1, first);
		memcpy(b, data + 1 + first, second);
		bool has_x = ike_read_ts(span_of(a, first), &x) == ST_OK;
		bool has_y = ike_read_ts(span_of(b, second), &y) == ST_OK;
		if (has_x && x.n)
			write_again(&x);
		if (has_x && has_y) {
			narrow(&x, &y);
			narrow(&y, &x);
		}
	}
	free(a);
	free(b);
	return 0;
}
