// SPDX-License-Identifier: Apache-2.0
// The way in: each datagram is classified by itself (a train of the kernel's may hold what it likes), ESP is opened in one
// batch, and what came out is handed on in its order, as far as there is room.
#include "tunnel/plane_own.h"

static bool is_ours(void *arg, uint32_t spi)
{
	struct plane *p = arg;
	p->found = esp_find(p->esp, spi);
	return p->found != NULL;
}

// The caller's to write: see plane_input.
static struct packet packet_at(struct span s)
{
	uint8_t *at = (uint8_t *)(uintptr_t)s.p;
	return (struct packet){ at, at + s.n, at, s.n };
}

static void tell_ike(struct plane *p, uint16_t listener, const struct encap_ends *ends, const struct encap_verdict *v)
{
	struct plane_tell t = {
		.kind = PLANE_TELL_IKE, .ends = *ends, .listener = listener, .framing = v->framing, .bytes = v->body
	};
	p->counters.ike++;
	if (p->hooks.tell)
		p->hooks.tell(p->hooks.arg, &t);
}

// One datagram: ESP is put in line for opening, everything else ends here.
static void take(struct plane *p, uint16_t listener, const struct udp_packet *dg)
{
	struct encap_known known = { is_ours, p };
	struct encap_ends ends = { dg->local, dg->peer };
	struct opened *in = &p->in;
	struct encap_verdict v = encap_classify(&p->rules[listener], &known, dg->bytes);
	p->counters.received++;
	if (dg->truncated)
		p->counters.dropped[ST_TRUNCATED]++;
	else if (v.kind == ENCAP_IKE)
		tell_ike(p, listener, &ends, &v);
	else if (v.why == ST_ENCAP_KEEPALIVE || v.why == ST_ENCAP_EMPTY)
		p->counters.keepalive++;
	else if (v.kind == ENCAP_DROP)
		p->counters.dropped[v.why]++;
	else {
		in->pk[in->n] = (struct esp_packet){ .bytes = packet_at(v.body), .pair = p->found };
		in->from[in->n] = ends;
		in->site[in->n] = plane_pair_of(p->found)->site;
		in->transport[in->n] = p->found->policy.mode == ESP_TRANSPORT;
		in->order[in->n] = &in->pk[in->n];
		in->n++;
	}
}

// A packet of the pair authenticated.
static void heard(struct plane *p, int64_t now, const struct esp_packet *pk)
{
	struct plane_pair *q = plane_pair_of(pk->pair);
	struct site *s = q->site;
	const struct encap_ends *from = &p->in.from[pk - p->in.pk];
	bool first = !q->may_send;
	q->may_send = true;
	if (pk->newest && !q->path.ends.peer.port) {
		q->path.ends = *from;
		q->listener = p->in.listener;
		first = true;
	}
	if (first)
		plane_choose(s);
	if (!q->told || now - q->told >= PLANE_HEARD_SECONDS * PLANE_SECOND) {
		q->told = now;
		plane_tell(p, PLANE_TELL_HEARD, q, from, p->in.listener);
	}
	struct encap_effect e =
	        encap_heard(&q->path, now, from, pk->newest, p->config.random, &p->counters.probes_limited);
	if (e.act != ENCAP_PROBE)
		return;
	if (s->ike) {
		plane_tell(p, PLANE_TELL_PROPOSED, q, from, p->in.listener);
		return;
	}
	if (pk->st == ST_OK && pk->ip.version) {
		s->here = pk->ip.to;
		s->there = pk->ip.from;
	}
	plane_probe(p, now, q, &e);
}

static bool is_inner(const struct plane *p, const struct addr *a)
{
	for (unsigned i = 0; i < p->inner_count; i++)
		if (addr_same_ip(&p->inner[i], a))
			return true;
	return false;
}

static bool is_served(const struct plane *p, uint16_t port)
{
	for (unsigned i = 0; i < p->port_count; i++)
		if (p->ports[i] == port)
			return p->hooks.deliver != NULL;
	return false;
}

// Whether it is the answer to a probe, from where the probe went; then the site is there now.
static bool probe_answered(struct plane *p, int64_t now, struct site *s, const struct ip_view *v,
                           const struct encap_ends *from)
{
	struct inner_echo echo;
	uint64_t token;
	bool icmp = v->protocol == IP_ICMP || v->protocol == IP_ICMPV6;
	if (!icmp || inner_echo_take(v, &echo) != ST_OK || !echo.answer || echo.id != PLANE_PROBE_ID ||
	    echo.data.n != PLANE_TOKEN)
		return false;
	memcpy(&token, echo.data.p, PLANE_TOKEN);
	for (struct plane_pair *q = s->newest; q; q = q->older) {
		struct encap_ends before = q->path.ends;
		if (encap_answered(&q->path, now, from, token).act != ENCAP_MOVED)
			continue;
		q->listener = p->in.listener;
		plane_follow(q, &before, now);
		p->counters.moved++;
		plane_tell(p, PLANE_TELL_MOVED, q, from, q->listener);
		return true;
	}
	return false;
}

static enum st answer_echo(struct plane *p, int64_t now, const struct site *s, struct span bytes,
                           const struct ip_view *v)
{
	struct packet *b = plane_queue_begin(p, now, bytes.n);
	if (!b)
		return ST_FULL;
	memcpy(packet_append(b, bytes.n), bytes.p, bytes.n);
	struct ip_view back;
	enum st st = inner_echo_answer(b, v);
	if (st == ST_OK)
		st = ip_parse(packet_span(b), &back);
	if (st != ST_OK)
		return st;
	struct plane_pair *q = plane_pair_for(s, &back);
	if (!q)
		return ST_ESP_SELECTOR;
	plane_queue_push(p, q, NULL, &back);
	return ST_OK;
}

// The next packet that is handed on, and what it turned out to be.
struct item {
	struct esp_packet *pk;
	struct site *site;
	const struct ip_view *view;
	struct span bytes;
	bool transport, whole; // whole: put together
};

enum end { END_COUNTED, END_HELD, END_ELSEWHERE };

static void drop(struct plane *p, enum st why)
{
	p->counters.dropped[why]++;
}

// To one of our addresses. END_ELSEWHERE: not for this process after all, for the reason *why.
static enum end take_in(struct plane *p, int64_t now, const struct item *x, enum st *why)
{
	struct inner_udp u;
	*why = x->view->protocol == IP_ICMP || x->view->protocol == IP_ICMPV6
	               ? answer_echo(p, now, x->site, x->bytes, x->view)
	               : inner_udp_take(x->view, x->transport ? INNER_COVERED : INNER_CHECK, &u);
	if (*why != ST_OK)
		return END_ELSEWHERE;
	if (x->view->protocol != IP_UDP) {
		p->counters.answered++;
		return END_COUNTED;
	}
	*why = ST_INNER_PORT;
	if (!is_served(p, u.to.port))
		return END_ELSEWHERE;
	struct plane_udp udp = { x->site->number, x->site->name, u.from, u.to, p->in.listener, u.payload };
	if (!p->hooks.deliver(p->hooks.arg, &udp))
		return END_HELD;
	p->counters.delivered++;
	return END_COUNTED;
}

static void onward_flush(struct plane *p)
{
	size_t taken = p->onward_count ? p->hooks.forward(p->hooks.arg, p->onward, p->onward_count) : 0;
	p->counters.forwarded += taken;
	p->counters.dropped[ST_TUN_WRITE] += p->onward_count - taken;
	p->onward_count = 0;
}

// A packet that was put together stands in a buffer without room around it, and only until the next one.
static void forward(struct plane *p, const struct item *x)
{
	struct packet *b = &x->pk->bytes;
	if (x->whole) {
		p->copy_packet = packet_of(p->copy, ESP_HEADROOM + IP_TOTAL_MAX + ESP_TAILROOM, ESP_HEADROOM);
		b = &p->copy_packet;
		memcpy(packet_append(b, x->bytes.n), x->bytes.p, x->bytes.n);
	}
	p->onward[p->onward_count++] = (struct plane_packet){ x->site->number, b, x->view, x->transport };
	if (x->whole || p->onward_count == PLANE_BATCH)
		onward_flush(p);
}

// A fragment is put together where it is known only then what it is: for us, or where ports decide what is allowed.
// ST_OK: *x is the whole now.
static enum st join(struct plane *p, int64_t now, struct item *x)
{
	struct opened *in = &p->in;
	const struct esp_pair *e = x->pk->pair;
	if (!in->whole && !e)
		return ST_ESP_NO_SA;
	if (!in->whole) {
		enum st st = reassembly_add(p->reassembly, now, e->spi, x->bytes, x->view, &in->bytes);
		if (st == ST_OK)
			st = ip_parse(in->bytes, &in->view);
		if (st == ST_OK)
			st = selectors_in(e->selectors, &in->view);
		if (st != ST_OK)
			return st;
	}
	in->whole = true;
	x->view = &in->view;
	x->bytes = in->bytes;
	x->whole = true;
	return ST_OK;
}

static enum end hand_on(struct plane *p, int64_t now, struct item *x)
{
	const struct encap_ends *from = &p->in.from[x->pk - p->in.pk];
	bool ours = !p->config.watches && (x->transport || is_inner(p, &x->view->to));
	enum st why = ST_INNER_DESTINATION;
	if (x->view->fragment && (ours || !x->pk->pair || selectors_want_ports(x->pk->pair->selectors))) {
		enum st st = join(p, now, x);
		if (st == ST_FRAGMENT)
			p->counters.fragment++;
		else if (st != ST_OK)
			drop(p, st);
		if (st != ST_OK)
			return END_COUNTED;
	}
	if (probe_answered(p, now, x->site, x->view, from)) {
		p->counters.probe++;
		return END_COUNTED;
	}
	enum end end = ours ? take_in(p, now, x, &why) : END_ELSEWHERE;
	if (end != END_ELSEWHERE)
		return end;
	if (p->hooks.forward && (!x->transport || p->config.watches))
		forward(p, x);
	else
		drop(p, why);
	return END_COUNTED;
}

// In transport mode the addresses are those of the datagram it came in.
static struct item item_of(struct plane *p, struct esp_packet *pk)
{
	size_t i = (size_t)(pk - p->in.pk);
	const struct encap_ends *from = &p->in.from[i];
	struct item x = { .pk = pk, .view = &pk->ip, .bytes = packet_span(&pk->bytes) };
	x.site = p->in.site[i];
	x.transport = p->in.transport[i];
	if (x.transport)
		ip_set_ends(&pk->ip, &from->peer, &from->local);
	return x;
}

// Goes on until all is handed on or there is no room.
static void hand_on_all(struct plane *p, int64_t now)
{
	struct opened *in = &p->in;
	in->held = false;
	for (; in->at < in->n; in->at++, in->whole = false) {
		struct item x = item_of(p, in->order[in->at]);
		if (!x.site) {
			drop(p, ST_ESP_NO_SA);
		} else if (hand_on(p, now, &x) == END_HELD) {
			in->held = true;
			break;
		}
		p->counters.held--;
	}
	onward_flush(p);
}

void plane_input(struct plane *p, int64_t now, uint16_t listener, const struct udp_packet *dg, size_t n)
{
	struct opened *in = &p->in;
	in->n = in->at = 0;
	in->listener = listener;
	in->whole = false;
	for (size_t i = 0; i < n; i++)
		esp_foresee(p->esp, dg[i].bytes);
	for (size_t i = 0; i < n; i++)
		take(p, listener, &dg[i]);
	size_t all = in->n, good = esp_open(p->esp, now, in->order, all, &p->effects);
	for (size_t i = 0; i < all; i++) {
		const struct esp_packet *pk = in->order[i];
		if (i >= good)
			drop(p, pk->st);
		if (i < good || pk->newest)
			heard(p, now, pk);
	}
	plane_tell_effects(p);
	in->n = (unsigned)good;
	p->counters.held += good;
	hand_on_all(p, now);
}

bool plane_held(const struct plane *p)
{
	return p->in.held;
}

void plane_resume(struct plane *p, int64_t now)
{
	if (p->in.held)
		hand_on_all(p, now);
}
