// SPDX-License-Identifier: Apache-2.0
// Inner packets, several in one input: each behind an octet that names its owner and two that say its length. They are
// parsed, their UDP and ICMP taken, pings answered, complaints made, fragments put together; what is put together is
// parsed again.
#include <stdlib.h>
#include <string.h>

#include "esp/inner.h"
#include "esp/limits.h"
#include "esp/reassembly.h"
#include "fuzz.h"

#define MILLISECOND INT64_C(1000000)

static void try_answer(struct span packet, const struct ip_view *v)
{
	uint8_t *room = malloc(ESP_HEADROOM + packet.n);
	struct packet p = packet_of(room, ESP_HEADROOM + packet.n, ESP_HEADROOM);
	memcpy(packet_append(&p, packet.n), packet.p, packet.n);
	struct ip_view own, answer;
	fuzz_require(ip_parse(packet_span(&p), &own) == ST_OK);
	if (inner_echo_answer(&p, &own) == ST_OK) {
		struct inner_echo echo;
		fuzz_require(ip_parse(packet_span(&p), &answer) == ST_OK);
		fuzz_require(inner_echo_take(&answer, &echo) == ST_OK && echo.answer);
		fuzz_require(addr_same_ip(&answer.to, &v->from) && addr_same_ip(&answer.from, &v->to));
	}
	free(room);
}

static void try_complaint(struct span packet, const struct ip_view *v)
{
	uint8_t room[2048];
	struct packet p = packet_of(room, sizeof room, ESP_HEADROOM);
	struct ip_view said;
	if (inner_too_big(&p, &v->to, packet, v, 1280) == ST_OK)
		fuzz_require(ip_parse(packet_span(&p), &said) == ST_OK && p.n <= 1280);
}

static void take(struct reassembly *r, int64_t now, uint64_t owner, struct span bytes, bool again)
{
	struct ip_view v;
	if (ip_parse(bytes, &v) != ST_OK)
		return;
	fuzz_require(v.total <= bytes.n && v.header + v.payload.n == v.total && v.payload.p == bytes.p + v.header);
	struct span packet = span_of(bytes.p, v.total), whole;
	struct inner_udp u;
	if (inner_udp_take(&v, INNER_CHECK, &u) == ST_OK) {
		fuzz_require(u.payload.n + UDP_HEAD == v.payload.n && !v.fragment);
		fuzz_require(inner_udp_take(&v, INNER_COVERED, &u) == ST_OK);
	}
	try_answer(packet, &v);
	try_complaint(packet, &v);
	if (!v.fragment || !again)
		return;
	if (reassembly_add(r, now, owner, packet, &v, &whole) == ST_OK)
		take(r, now, owner, whole, false);
	fuzz_require(reassembly_held(r) <= REASSEMBLY_BYTES);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct reassembly *r = NULL;
	struct rd in = rd_of(span_of(data, n));
	if (reassembly_new(&r) != ST_OK)
		return 0;
	for (int64_t now = 0; rd_left(&in); now += 100 * MILLISECOND) {
		uint64_t owner = rd_u8(&in);
		size_t size = rd_u16(&in);
		struct span bytes = rd_take(&in, size < rd_left(&in) ? size : rd_left(&in));
		uint8_t *p = malloc(bytes.n ? bytes.n : 1);
		if (bytes.n)
			memcpy(p, bytes.p, bytes.n);
		take(r, now, owner, span_of(p, bytes.n), true);
		free(p);
		(void)reassembly_tick(r, now);
	}
	reassembly_free(r);
	return 0;
}
