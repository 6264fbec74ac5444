// SPDX-License-Identifier: Apache-2.0
// Any octets as BER: elements inside elements, and each content as an integer, as a counter and as an OID. What was
// read must come back from what is written.
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"
#include "snmp/ber.h"

enum { DEPTH = 32 };

static void numbers(struct span content)
{
	uint8_t room[16];
	int64_t i, i2;
	uint64_t u, u2;
	if (ber_content_int64(content, &i) == ST_OK) {
		struct wr w = wr_of(room, sizeof room);
		ber_put_int(&w, BER_INTEGER, i);
		struct ber b = ber_of(wr_span(&w));
		struct span written = ber_take(&b, BER_INTEGER);
		fuzz_require(written.n <= content.n && ber_content_int64(written, &i2) == ST_OK && i2 == i);
	}
	if (ber_content_uint64(content, &u) == ST_OK) {
		struct wr w = wr_of(room, sizeof room);
		ber_put_uint(&w, BER_COUNTER64, u);
		struct ber b = ber_of(wr_span(&w));
		fuzz_require(ber_content_uint64(ber_take(&b, BER_COUNTER64), &u2) == ST_OK && u2 == u);
	}
}

static void oids(struct span content)
{
	uint8_t room[SNMP_OID_ARCS * 5];
	struct oid o, back;
	enum st st = oid_decode(content, &o);
	fuzz_require(oid_check(content) == st);
	if (st != ST_OK || content.n == 0)
		return;
	struct wr w = wr_of(room, sizeof room);
	ber_put_oid_content(&w, &o);
	fuzz_require(span_equal(wr_span(&w), content));
	struct text text = { 0 };
	oid_text(&o, &text);
	fuzz_require(oid_parse(text_str(&text), &back) == ST_OK && oid_compare(&o, &back) == 0);
	text_done(&text);
}

static void walk(struct ber b, int depth)
{
	while (rd_left(&b.rd)) {
		struct ber before = b;
		uint8_t tag, peeked = ber_peek(&b);
		struct span whole = ber_whole(&b, &tag), content = ber_any(&before, &tag);
		fuzz_require(before.st == b.st && (b.st == ST_OK) == !b.rd.bad);
		if (b.st != ST_OK)
			break;
		fuzz_require(tag == peeked && content.p + content.n == whole.p + whole.n);
		numbers(content);
		oids(content);
		if (tag & 0x20 && depth < DEPTH)
			walk(ber_of(content), depth + 1);
	}
	fuzz_require(ber_end(&b) != ST_TRAILING);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	uint8_t *p = malloc(n ? n : 1);
	if (n)
		memcpy(p, data, n);
	numbers(span_of(p, n));
	oids(span_of(p, n));
	walk(ber_of(span_of(p, n)), 0);
	free(p);
	return 0;
}
