// SPDX-License-Identifier: Apache-2.0
// A super-packet with its virtio header in front: it is cut, and what was cut is put together again. Every packet that was
// cut is an IP packet of its own length with a right checksum, and no octet of the payload is lost, whichever rows they make.
#include <stdlib.h>
#include <string.h>

#include "esp/limits.h"
#include "fuzz.h"
#include "tunnel/offload.h"

enum { SLOTS = OFFLOAD_PARTS + 2, INPUT_MAX = 4096 };

struct rows {
	struct offload_join join;
	size_t payload, data; // octets of headers in each packet; of data written
	struct span packet;   // what was cut
};

static void written(struct rows *r)
{
	struct offload_join *j = &r->join;
	if (!j->n)
		return;
	offload_finish(j);
	uint8_t *whole = malloc(j->total);
	size_t at = 0;
	for (int i = 1; i <= j->n; i++) {
		memcpy(whole + at, j->parts[i].iov_base, j->parts[i].iov_len);
		at += j->parts[i].iov_len;
	}
	struct ip_view v;
	fuzz_require(at == j->total && ip_parse(span_of(whole, at), &v) == ST_OK && v.total == at);
	fuzz_require(j->head.kind == OFFLOAD_NONE || (j->n > 1 && j->head.size && j->head.header == r->payload));
	fuzz_require(at - r->payload <= r->packet.n - r->payload - r->data);
	fuzz_require(memcmp(whole + r->payload, r->packet.p + r->payload + r->data, at - r->payload) == 0);
	r->data += at - r->payload;
	free(whole);
	j->n = 0;
}

static uint32_t number(const uint8_t *tcp)
{
	return (uint32_t)tcp[4] << 24 | (uint32_t)tcp[5] << 16 | (uint32_t)tcp[6] << 8 | tcp[7];
}

// `from`: the data of the packets before it.
static void check_cut(const struct offload_split *s, const struct packet *p, size_t from, struct ip_view *v)
{
	fuzz_require(ip_parse(packet_span(p), v) == ST_OK && v->total == p->n && p->n >= s->payload);
	struct span upper = span_of(p->at + s->upper, p->n - s->upper);
	uint64_t pseudo = ip_pseudo_sum(&v->from, &v->to, v->protocol, upper.n);
	fuzz_require(p->n - s->payload <= s->head.size && ip_checksum(ip_sum(pseudo, upper)) == 0);
	fuzz_require(v->protocol != IP_TCP || number(upper.p) == number(s->packet.p + s->upper) + (uint32_t)from);
}

static void cut(struct offload_split *s, bool udp)
{
	struct rows r = { .join.udp = udp, .payload = s->payload, .packet = s->packet };
	size_t slot = ESP_HEADROOM + s->packet.n + ESP_TAILROOM, expect = s->packet.n - s->payload, from = 0;
	uint8_t *memory = malloc(slot * SLOTS);
	enum st st;
	for (unsigned i = 0;; i = (i + 1) % SLOTS) {
		struct packet p = packet_of(memory + i * slot, slot, ESP_HEADROOM);
		struct ip_view v;
		if (!offload_next(s, &p, &st))
			break;
		fuzz_require(st == ST_OK);
		if (s->head.kind == OFFLOAD_NONE) {
			fuzz_require(p.n == s->packet.n);
			continue;
		}
		check_cut(s, &p, from, &v);
		from += p.n - s->payload;
		if (!offload_take(&r.join, &p, &v)) {
			written(&r);
			fuzz_require(offload_take(&r.join, &p, &v));
		}
	}
	written(&r);
	fuzz_require(s->head.kind == OFFLOAD_NONE || r.data == expect);
	free(memory);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct offload_head head;
	struct offload_split s;
	if (n < sizeof head || n > INPUT_MAX)
		return 0;
	memcpy(&head, data, sizeof head);
	size_t size = n - sizeof head;
	uint8_t *p = malloc(size ? size : 1);
	if (size)
		memcpy(p, data + sizeof head, size);
	if (offload_split(&s, &head, span_of(p, size)) == ST_OK)
		cut(&s, size & 1);
	free(p);
	return 0;
}
