// SPDX-License-Identifier: Apache-2.0
// The way out: what is said inside waits in one buffer until the end of the turn, is sealed in a batch and handed to
// `send`. Packets that come from a TUN device are sealed where they stand.
#include "tunnel/plane_own.h"

// What was sealed, in its order, and where it goes; `w`: it waited there.
static size_t address(struct plane *p, int64_t now, struct esp_packet **order, size_t n, const struct queue *w,
                      struct plane_out *out)
{
	size_t m = 0;
	for (size_t i = 0; i < n; i++) {
		struct plane_pair *q = plane_pair_of(order[i]->pair);
		enum st st = encap_frame(&order[i]->bytes, q->framing);
		if (st != ST_OK) {
			p->counters.unsealed[st]++;
			continue;
		}
		const struct encap_ends *to = w ? &w->to[order[i] - w->pk] : &q->path.ends;
		bool elsewhere = to->peer.port && to != &q->path.ends;
		out[m++] = (struct plane_out){ .bytes = packet_span(&order[i]->bytes),
			                       .ends = elsewhere ? *to : q->path.ends,
			                       .listener = q->listener,
			                       .tos = order[i]->outer_tos,
			                       .unchecked = q->path.style == ENCAP_DRAFT00 };
		if (!elsewhere)
			encap_sent(&q->path, now);
	}
	return m;
}

static void send_all(struct plane *p, const struct plane_out *out, size_t n)
{
	size_t sent = n ? p->hooks.send(p->hooks.arg, out, n) : 0;
	p->counters.sent += sent;
	p->counters.unsent += n - sent;
}

static size_t seal(struct plane *p, int64_t now, struct esp_packet **order, size_t n)
{
	size_t m = esp_seal(p->esp, now, order, n, &p->effects);
	for (size_t i = m; i < n; i++)
		p->counters.unsealed[order[i]->st]++;
	return m;
}

void plane_flush(struct plane *p, int64_t now)
{
	struct queue *w = &p->queue;
	struct esp_packet *order[PLANE_BATCH];
	struct plane_out out[PLANE_BATCH];
	size_t n = 0;
	for (unsigned i = 0; i < w->n; i++)
		if (w->pair[i]) {
			w->pk[i].pair = w->pair[i]->esp;
			order[n++] = &w->pk[i];
		}
	n = seal(p, now, order, n);
	send_all(p, out, address(p, now, order, n, w, out));
	w->n = 0;
	w->used = 0;
	plane_tell_effects(p);
}

struct packet *plane_queue_begin(struct plane *p, int64_t now, size_t n)
{
	struct queue *w = &p->queue;
	size_t room = ESP_HEADROOM + n + ESP_TAILROOM;
	if (n > IP_TOTAL_MAX)
		return NULL;
	if (w->n == PLANE_BATCH || room > PLANE_QUEUE - w->used)
		plane_flush(p, now);
	w->pk[w->n] = (struct esp_packet){ .bytes = packet_of(w->memory + w->used, room, ESP_HEADROOM) };
	return &w->pk[w->n].bytes;
}

void plane_queue_push(struct plane *p, struct plane_pair *q, const struct encap_ends *to, const struct ip_view *v)
{
	struct queue *w = &p->queue;
	struct esp_packet *pk = &w->pk[w->n];
	if (q->esp->policy.mode == ESP_TRANSPORT) {
		(void)packet_pull(&pk->bytes, v->header);
		pk->next_header = v->protocol;
	}
	w->pair[w->n] = q;
	w->to[w->n] = to ? *to : (struct encap_ends){ 0 };
	w->used += (size_t)(pk->bytes.end - pk->bytes.base);
	w->n++;
}

enum st plane_send_udp(struct plane *p, int64_t now, uint32_t site, const struct addr *from, const struct addr *to,
                       struct span payload)
{
	const struct site *s = plane_site(p, site);
	if (!s || !s->current)
		return ST_NONE;
	struct packet *b = plane_queue_begin(p, now, payload.n);
	uint8_t *at = b ? packet_append(b, payload.n) : NULL;
	if (!at)
		return ST_FULL;
	if (payload.n)
		memcpy(at, payload.p, payload.n);
	struct ip_view v;
	enum st st = inner_udp_put(b, from, to, ++p->ip_id);
	if (st == ST_OK)
		st = ip_parse(packet_span(b), &v);
	if (st != ST_OK)
		return st;
	struct plane_pair *q = plane_pair_for(s, &v);
	if (!q)
		return ST_ESP_SELECTOR;
	plane_queue_push(p, q, NULL, &v);
	return ST_OK;
}

enum st plane_send_udp_as_us(struct plane *p, int64_t now, uint32_t site, uint16_t port, const struct addr *to,
                             struct span payload)
{
	enum st st = ST_INNER_ADDRESS;
	for (unsigned i = 0; i < p->inner_count; i++) {
		struct addr from = p->inner[i];
		from.port = port;
		if (addr_is_v4(&from) != addr_is_v4(to))
			continue;
		st = plane_send_udp(p, now, site, &from, to, payload);
		if (st != ST_ESP_SELECTOR)
			break;
	}
	return st;
}

size_t plane_send_packets(struct plane *p, int64_t now, uint32_t site, struct packet *const *pk, size_t n)
{
	const struct site *s = plane_site(p, site);
	struct esp_packet sealed[PLANE_BATCH], *order[PLANE_BATCH];
	struct plane_out out[PLANE_BATCH];
	size_t m = 0;
	plane_flush(p, now);
	for (size_t i = 0; i < n; i++) {
		struct ip_view v;
		enum st st = ip_parse(packet_span(pk[i]), &v);
		struct plane_pair *q = st == ST_OK && s ? plane_pair_for(s, &v) : NULL;
		if (st == ST_OK && !q)
			st = s && s->current ? ST_ESP_SELECTOR : ST_ESP_NO_SA;
		if (st == ST_OK && q->esp->policy.mode != ESP_TUNNEL)
			st = ST_ESP_SELECTOR;
		if (st != ST_OK) {
			p->counters.unsealed[st]++;
			continue;
		}
		sealed[m] = (struct esp_packet){ .bytes = *pk[i], .pair = q->esp };
		order[m] = &sealed[m];
		m++;
	}
	m = address(p, now, order, seal(p, now, order, m), NULL, out);
	uint64_t before = p->counters.sent;
	send_all(p, out, m);
	plane_tell_effects(p);
	return (size_t)(p->counters.sent - before);
}

void plane_probe(struct plane *p, int64_t now, const struct plane_pair *q, const struct encap_effect *e)
{
	const struct site *s = q->site;
	if (addr_is_any(&s->there))
		return;
	struct packet *b = plane_queue_begin(p, now, PLANE_TOKEN);
	struct inner_echo echo = { .id = PLANE_PROBE_ID, .sequence = ++p->ip_id };
	struct ip_view v;
	memcpy(packet_append(b, PLANE_TOKEN), &e->token, PLANE_TOKEN);
	if (inner_echo_put(b, &s->here, &s->there, &echo) != ST_OK || ip_parse(packet_span(b), &v) != ST_OK)
		return;
	struct plane_pair *by = plane_pair_for(s, &v);
	if (!by)
		return;
	p->counters.probes++;
	plane_queue_push(p, by, &e->ends, &v);
}
