// SPDX-License-Identifier: Apache-2.0
// Any octets as what a device answers. The input is a list of pieces, each a kind, a length in two octets and its octets: a whole
// datagram, or the varbinds of a Response that has the request-id and community that are waited for, so that the walks are
// reached too. Whatever comes, the round stays within its limits and its notes are JSON of bounded length.
#include <stdlib.h>
#include <string.h>

#include "event/note.h"
#include "fuzz.h"
#include "poll/ask.h"
#include "poll/differ.h"
#include "snmp/build.h"

static bool take(void *arg, struct span note)
{
	fuzz_require(note.n <= POLL_NOTE_MAX && note_is_json(note));
	return true;
}

// A Response to what was asked, around these octets.
static void wrap(struct span request, uint8_t kind, struct span varbinds, struct wr *w)
{
	struct ber b = ber_of(request), body = ber_enter(&b, BER_SEQUENCE);
	int32_t version = ber_int32(&body);
	struct span community = ber_take(&body, BER_OCTETS);
	uint8_t tag;
	struct snmp_pdu q;
	fuzz_require(snmp_parse_pdu(ber_whole(&body, &tag), &q) == ST_OK);
	const uint8_t *mark = w->at;
	ber_put(w, BER_SEQUENCE, varbinds);
	ber_put_int(w, BER_INTEGER, kind >> 4);
	ber_put_int(w, BER_INTEGER, kind >> 1 & 7);
	ber_put_int(w, BER_INTEGER, q.request_id);
	ber_head(w, PDU_RESPONSE, mark);
	snmp_wrap_community(w, version, community);
}

static enum ask_next answer(struct ask *a, uint8_t kind, struct span s)
{
	static uint8_t room[1 << 17];
	uint8_t out[POLL_REQUEST_MAX];
	struct wr w = wr_of(out, sizeof out), back = wr_of(room, sizeof room);
	fuzz_require(ask_write(a, 0, &w) == ST_OK);
	if (kind & 1)
		wr_bytes(&back, s);
	else
		wrap(wr_span(&w), kind, s, &back);
	struct span datagram = wr_span(&back);
	uint8_t *p = malloc(datagram.n ? datagram.n : 1);
	if (datagram.n)
		memcpy(p, datagram.p, datagram.n);
	enum ask_next next = ask_input(a, 0, span_of(p, datagram.n));
	free(p);
	return next;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	uint8_t community[] = { 'o', 'p', 's' };
	const struct poll_credential c = { .version = n && data[0] & 1 ? SNMP_VERSION_2C : SNMP_VERSION_1,
		                           .community = community,
		                           .community_n = 3 };
	const struct ask_config config = { .credential = &c, .random = { fuzz_random, NULL } };
	const struct hash_key key = { 1, 2 };
	const struct poll_known known = { .alarm = 1, .hr_device = 1, .group = 8, .twin = -1 };
	const struct poll_want w = { .device = 1, .known = &known, .known_count = 1 };
	struct poll_told told = { 0 };
	struct ask *a;
	fuzz_require(ask_new(&config, &a) == ST_OK);
	struct rd r = rd_of(span_of(data, n));
	rd_skip(&r, 1);
	enum ask_next next = ASK_WAIT;
	while (rd_left(&r) && next != ASK_ENDED) {
		uint8_t kind = rd_u8(&r);
		size_t length = rd_u16(&r);
		next = answer(a, kind, rd_take(&r, length < rd_left(&r) ? length : rd_left(&r)));
	}
	const struct poll_result *got = ask_result(a);
	fuzz_require(got->alert_count <= POLL_ALERTS && got->supply_count <= POLL_SUPPLIES);
	poll_differ(&w, got, NULL, &key, &told, take, NULL);
	ask_free(a);
	return 0;
}
