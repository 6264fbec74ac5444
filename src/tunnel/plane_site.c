// SPDX-License-Identifier: Apache-2.0
// Sites and their pairs. A pair belongs to one site for its life; which of a site's pairs sends is chosen anew whenever
// one of them changes, not for each packet.
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

#include "tunnel/plane_own.h"

static_assert(IKE_TS_MAX * 2 <= ESP_SELECTORS_MAX, "IKE's selectors of a pair fit");

struct site *plane_site(const struct plane *p, uint32_t number)
{
	return number < p->site_room ? p->sites[number] : NULL;
}

static enum st sites_grow(struct plane *p, uint32_t number)
{
	uint32_t room = p->site_room ? p->site_room : 8;
	while (room <= number)
		room *= 2;
	struct site **more = reallocarray(p->sites, room, sizeof(struct site *));
	if (!more)
		return ST_NO_MEMORY;
	for (uint32_t i = p->site_room; i < room; i++)
		more[i] = NULL;
	p->sites = more;
	p->site_room = room;
	return ST_OK;
}

enum st plane_site_set(struct plane *p, uint32_t site, const struct plane_site *what)
{
	if (site >= PLANE_SITES)
		return ST_FULL;
	enum st st = site < p->site_room ? ST_OK : sites_grow(p, site);
	if (st != ST_OK)
		return st;
	if (!p->sites[site])
		p->sites[site] = calloc(1, sizeof(struct site));
	struct site *s = p->sites[site];
	if (!s)
		return ST_NO_MEMORY;
	s->number = site;
	s->ike = what->ike;
	s->keepalive = what->keepalive;
	snprintf(s->name, sizeof s->name, "%s", what->name);
	return ST_OK;
}

// A peer by manual keys may not be known before it speaks.
static bool sends(const struct plane_pair *q)
{
	return q->may_send && !q->never && !q->esp->expired && q->path.ends.peer.port;
}

void plane_choose(struct site *s)
{
	s->current = s->newest;
	while (s->current && !sends(s->current))
		s->current = s->current->older;
}

static bool allows(const struct plane_pair *q, const struct ip_view *v)
{
	if (q->esp->policy.mode == ESP_TUNNEL)
		return selectors_out(q->esp->selectors, v) == ST_OK;
	struct ip_view back = *v; // in transport mode ports count alone, seen from the other end
	back.from = v->to;
	back.to = v->from;
	return selectors_in_transport(q->esp->selectors, &back) == ST_OK;
}

struct plane_pair *plane_pair_for(const struct site *s, const struct ip_view *v)
{
	for (struct plane_pair *q = s->current; q; q = q->older)
		if (sends(q) && allows(q, v))
			return q;
	return NULL;
}

// What is held of a pair that goes was authenticated, and stays the site's. What waits to be sealed by it is lost, as if on
// the way.
static void pair_forget(struct plane *p, const struct plane_pair *q)
{
	for (unsigned i = p->in.at; i < p->in.n; i++)
		if (p->in.order[i]->pair == q->esp)
			p->in.order[i]->pair = NULL;
	for (unsigned i = 0; i < p->queue.n; i++)
		if (p->queue.pair[i] == q)
			p->queue.pair[i] = NULL;
}

static void add_counts(struct plane_site_view *v, const struct esp_pair *e)
{
	v->packets_in += e->in.packets;
	v->bytes_in += e->in.bytes;
	v->packets_out += e->out.packets;
	v->bytes_out += e->out.bytes;
	v->heard = e->heard > v->heard ? e->heard : v->heard;
	v->sent = e->sent > v->sent ? e->sent : v->sent;
}

static void pair_remove(struct plane *p, struct plane_pair *q)
{
	struct site *s = q->site;
	struct plane_pair **link = &s->newest;
	while (*link != q)
		link = &(*link)->older;
	*link = q->older;
	s->pair_count--;
	for (struct plane_pair *o = s->newest; o; o = o->older)
		o->may_send |= o->replaces == q->esp->spi;
	add_counts(&s->gone, q->esp);
	pair_forget(p, q);
	reassembly_forget(p->reassembly, q->esp->spi);
	esp_remove(p->esp, q->esp);
	plane_choose(s);
	free(q);
}

void plane_site_remove(struct plane *p, uint32_t site)
{
	struct site *s = plane_site(p, site);
	if (!s)
		return;
	while (s->newest)
		pair_remove(p, s->newest);
	for (unsigned i = 0; i < PLANE_BATCH; i++)
		if (p->in.site[i] == s)
			p->in.site[i] = NULL;
	free(s);
	p->sites[site] = NULL;
}

static struct plane_pair *pair_find(const struct plane *p, uint32_t spi)
{
	const struct esp_pair *e = esp_find(p->esp, spi);
	return e ? plane_pair_of(e) : NULL;
}

bool plane_pair_known(const struct plane *p, uint32_t spi)
{
	return esp_find(p->esp, spi) != NULL;
}

static size_t selectors_of(const struct ike_ts_list *list, struct selector *out)
{
	for (size_t i = 0; i < list->n; i++) {
		const struct ike_ts *t = &list->at[i];
		out[i] = (struct selector){ .port_first = t->port_first,
			                    .port_last = t->port_last,
			                    .protocol = t->protocol };
		memcpy(out[i].first, t->first, 16);
		memcpy(out[i].last, t->last, 16);
	}
	return list->n;
}

static enum st set_policy(const struct plane *p, struct esp_pair *e, const struct ike_pair *pair)
{
	struct selector here[IKE_TS_MAX], there[IKE_TS_MAX];
	struct selectors *s = NULL;
	enum st st = selectors_new(here, selectors_of(&pair->here, here), there, selectors_of(&pair->there, there), &s);
	if (st != ST_OK)
		return st;
	const uint64_t gib = UINT64_C(1) << 30;
	struct esp_policy policy = { .mode = pair->transport ? ESP_TRANSPORT : ESP_TUNNEL,
		                     .esn = pair->esn,
		                     .pad_for_length = pair->tfc,
		                     .window = p->config.window,
		                     .soft.bytes = PLANE_SOFT_GIB * gib,
		                     .hard.bytes = PLANE_HARD_GIB * gib };
	st = esp_set_policy(e, &policy, s);
	if (st != ST_OK)
		selectors_free(s);
	return st;
}

// RFC 7296 2.17: the keys stand one behind another; salt as part of the cipher's.
static struct aead_secret secret_of(const struct aead_alg *alg, const uint8_t *keymat)
{
	return (struct aead_secret){ .key = span_of(keymat, alg->key),
		                     .salt = span_of(keymat + alg->key, alg->salt),
		                     .integ = span_of(keymat + alg->key + alg->salt, alg->integ) };
}

static enum st set_keys(struct plane *p, int64_t now, struct esp_pair *e, const struct ike_pair *pair, uint64_t before)
{
	struct aead_secret in = secret_of(pair->aead, pair->key_in), out = secret_of(pair->aead, pair->key_out);
	enum st st = set_policy(p, e, pair);
	if (st == ST_OK)
		st = esp_set_in(p->esp, e, pair->aead, &in, now);
	if (st == ST_OK)
		st = esp_set_out(p->esp, e, pair->aead, &out, pair->out, before, now);
	return st;
}

enum st plane_pair_up(struct plane *p, int64_t now, uint32_t site, const struct ike_pair *pair,
                      const struct plane_way *way)
{
	struct site *s = plane_site(p, site);
	if (!s)
		return ST_NONE;
	if (s->pair_count == PLANE_SITE_PAIRS)
		return ST_FULL;
	struct plane_pair *q = calloc(1, sizeof *q);
	if (!q)
		return ST_NO_MEMORY;
	enum st st = esp_add_as(p->esp, pair->in, (uintptr_t)q, &q->esp);
	if (st == ST_OK)
		st = set_keys(p, now, q->esp, pair, way->before);
	if (st != ST_OK) {
		esp_remove(p->esp, q->esp);
		free(q);
		return st;
	}
	q->site = s;
	q->older = s->newest;
	q->replaces = pair->replaces;
	q->may_send = pair->send_now;
	q->never = pair->never;
	q->listener = way->listener;
	q->framing = way->framing;
	q->path = encap_path_of(&way->ends, way->style, way->natted, now);
	q->path.follows = !way->natted;
	if (s->keepalive)
		q->path.keepalive = s->keepalive;
	if (esp_pairs(p->esp) == 1)
		p->ticked = now;
	s->newest = q;
	s->pair_count++;
	plane_choose(s);
	return ST_OK;
}

void plane_pair_down(struct plane *p, int64_t now, uint32_t spi)
{
	struct plane_pair *q = pair_find(p, spi);
	if (!q)
		return;
	plane_flush(p, now); // what waits may go by it
	pair_remove(p, q);
}

void plane_pair_moved(struct plane *p, int64_t now, uint32_t spi, const struct encap_ends *ends, uint16_t listener)
{
	struct plane_pair *q = pair_find(p, spi);
	if (!q)
		return;
	struct encap_path path = encap_path_of(ends, q->path.style, q->path.natted, now);
	path.follows = q->path.follows;
	path.keepalive = q->path.keepalive;
	q->path = path;
	q->listener = listener;
}

static bool same_ends(const struct encap_ends *a, const struct encap_ends *b)
{
	return addr_same_ip(&a->peer, &b->peer) && a->peer.port == b->peer.port;
}

void plane_follow(struct plane_pair *q, const struct encap_ends *before, int64_t now)
{
	for (struct plane_pair *o = q->site->newest; o; o = o->older)
		if (o != q && same_ends(&o->path.ends, before)) {
			o->path.ends = q->path.ends;
			o->listener = q->listener;
			o->path.sent = now;
		}
}

bool plane_site_next(const struct plane *p, uint32_t *at, struct plane_site_view *out)
{
	while (*at < p->site_room && !p->sites[*at])
		++*at;
	const struct site *s = plane_site(p, *at);
	if (!s)
		return false;
	struct plane_site_view v = s->gone;
	v.site = s->number;
	v.name = s->name;
	v.pairs = s->pair_count;
	for (const struct plane_pair *q = s->newest; q; q = q->older)
		add_counts(&v, q->esp);
	if (s->current) {
		v.spi = s->current->esp->spi;
		v.suite = s->current->esp->out.alg->name;
		v.ends = s->current->path.ends;
		v.natted = s->current->path.natted;
		v.out_number = s->current->esp->out.number;
	}
	*out = v;
	++*at;
	return true;
}
