// SPDX-License-Identifier: Apache-2.0
#include "esp/reassembly.h"

#include <stdlib.h>

#include "esp/limits.h"

#define SECOND INT64_C(1000000000)

enum { HEADERS_MAX = IPV6_HEAD + IP_HEADERS_MAX * 2048 }; // an extension header has at most 2,048 octets

// One fragment, in a list by offset. The first one of a datagram keeps its IP headers too, in front of its payload.
struct part {
	struct part *next;
	uint32_t offset, n;
	uint32_t header;
	uint8_t bytes[]; // header, payload
};

struct datagram {
	uint64_t owner;
	uint8_t from[16], to[16];
	uint32_t id;
	uint8_t version, protocol; // RFC 791: the protocol is part of the name; RFC 8200: it is not
	bool used;
	enum st spoilt;  // ST_OK: still wanted
	uint32_t named;  // as ip_view
	uint8_t payload; // the protocol that the first fragment says
	uint32_t total;  // octets of payload; 0: the last fragment is not here
	uint32_t have, parts;
	int64_t born;
	struct part *first;
};

struct reassembly {
	size_t held;
	uint64_t evicted;
	struct datagram at[REASSEMBLY_DATAGRAMS];
	uint8_t whole[HEADERS_MAX + IP_TOTAL_MAX];
};

enum st reassembly_new(struct reassembly **out)
{
	struct reassembly *r = calloc(1, sizeof *r);
	if (!r)
		return ST_NO_MEMORY;
	*out = r;
	return ST_OK;
}

static size_t part_cost(const struct part *p)
{
	return REASSEMBLY_FRAGMENT_COST + p->header + p->n;
}

static void parts_drop(struct reassembly *r, struct datagram *d)
{
	while (d->first) {
		struct part *p = d->first;
		d->first = p->next;
		r->held -= part_cost(p);
		free(p);
	}
}

static void datagram_drop(struct reassembly *r, struct datagram *d)
{
	parts_drop(r, d);
	*d = (struct datagram){ 0 };
}

void reassembly_free(struct reassembly *r)
{
	if (!r)
		return;
	for (size_t i = 0; i < REASSEMBLY_DATAGRAMS; i++)
		parts_drop(r, &r->at[i]);
	free(r);
}

uint64_t reassembly_evicted(const struct reassembly *r)
{
	return r->evicted;
}

size_t reassembly_held(const struct reassembly *r)
{
	return r->held;
}

size_t reassembly_tick(struct reassembly *r, int64_t now)
{
	size_t late = 0;
	for (size_t i = 0; i < REASSEMBLY_DATAGRAMS; i++) {
		struct datagram *d = &r->at[i];
		if (!d->used || now - d->born < REASSEMBLY_SECONDS * SECOND)
			continue;
		late += d->spoilt == ST_OK;
		datagram_drop(r, d);
	}
	return late;
}

void reassembly_forget(struct reassembly *r, uint64_t owner)
{
	for (size_t i = 0; i < REASSEMBLY_DATAGRAMS; i++)
		if (r->at[i].used && r->at[i].owner == owner)
			datagram_drop(r, &r->at[i]);
}

static bool datagram_is(const struct datagram *d, uint64_t owner, const struct ip_view *v)
{
	return d->used && d->id == v->id && d->owner == owner && d->version == v->version &&
	       (v->version == 6 || d->protocol == v->protocol) && memcmp(d->from, v->from.ip, 16) == 0 &&
	       memcmp(d->to, v->to.ip, 16) == 0;
}

static size_t owner_has(const struct reassembly *r, uint64_t owner)
{
	size_t n = 0;
	for (size_t i = 0; i < REASSEMBLY_DATAGRAMS; i++)
		n += r->at[i].used && r->at[i].owner == owner;
	return n;
}

// The oldest datagram of an owner, but not `except`.
static struct datagram *oldest_of(struct reassembly *r, uint64_t owner, const struct datagram *except)
{
	struct datagram *oldest = NULL;
	for (size_t i = 0; i < REASSEMBLY_DATAGRAMS; i++) {
		struct datagram *d = &r->at[i];
		if (d->used && d->owner == owner && d != except && (!oldest || d->born < oldest->born))
			oldest = d;
	}
	return oldest;
}

// Gives up the oldest datagram of whoever holds most. false: there is none but `except`.
static bool make_room(struct reassembly *r, const struct datagram *except)
{
	struct datagram *victim = NULL;
	size_t most = 0;
	for (size_t i = 0; i < REASSEMBLY_DATAGRAMS; i++) {
		struct datagram *d = &r->at[i];
		size_t n = d->used ? owner_has(r, d->owner) : 0;
		struct datagram *o = n > most ? oldest_of(r, d->owner, except) : NULL;
		if (!o)
			continue;
		most = n;
		victim = o;
	}
	if (!victim)
		return false;
	datagram_drop(r, victim);
	r->evicted++;
	return true;
}

static struct datagram *datagram_free(struct reassembly *r)
{
	for (size_t i = 0; i < REASSEMBLY_DATAGRAMS; i++)
		if (!r->at[i].used)
			return &r->at[i];
	return NULL;
}

static struct datagram *datagram_of(struct reassembly *r, int64_t now, uint64_t owner, const struct ip_view *v)
{
	for (size_t i = 0; i < REASSEMBLY_DATAGRAMS; i++)
		if (datagram_is(&r->at[i], owner, v))
			return &r->at[i];
	if (owner_has(r, owner) >= REASSEMBLY_PER_OWNER) {
		datagram_drop(r, oldest_of(r, owner, NULL));
		r->evicted++;
	}
	struct datagram *d = datagram_free(r);
	if (!d) {
		(void)make_room(r, NULL);
		d = datagram_free(r);
	}
	*d = (struct datagram){
		.owner = owner, .id = v->id, .version = v->version, .protocol = v->protocol, .used = true, .born = now
	};
	memcpy(d->from, v->from.ip, 16);
	memcpy(d->to, v->to.ip, 16);
	return d;
}

// It stays, empty, until its time is over, so that what else comes of it is recognised.
static enum st spoil(struct reassembly *r, struct datagram *d, enum st why)
{
	parts_drop(r, d);
	d->spoilt = why;
	return why;
}

// Where the fragment belongs in the list: *at is the link to it. ST_NONE: it is there already, octet for octet.
static enum st place_of(struct datagram *d, const struct ip_view *v, struct part ***at)
{
	uint32_t n = (uint32_t)v->payload.n;
	struct part **link = &d->first;
	while (*link && (*link)->offset + (*link)->n <= v->offset)
		link = &(*link)->next;
	const struct part *p = *link;
	if (p && p->offset < v->offset + n) {
		bool same = p->offset == v->offset && p->n == n && memcmp(p->bytes + p->header, v->payload.p, n) == 0;
		return same ? ST_NONE : ST_FRAGMENT_OVERLAP;
	}
	*at = link;
	return ST_OK;
}

// The end that the last fragment sets has to fit all others, and the whole into one packet.
static enum st total_fits(struct datagram *d, const struct ip_view *v)
{
	uint32_t end = v->offset + (uint32_t)v->payload.n;
	uint32_t furthest = end;
	for (const struct part *p = d->first; p; p = p->next)
		if (p->offset + p->n > furthest)
			furthest = p->offset + p->n;
	uint32_t total = v->more ? d->total : end;
	bool moved = !v->more && d->total && d->total != end;
	return moved || (total && furthest > total) ? ST_FRAGMENT_MALFORMED : ST_OK;
}

static enum st part_add(struct reassembly *r, struct datagram *d, struct part **at, struct span packet,
                        const struct ip_view *v)
{
	uint32_t header = v->offset ? 0 : v->header, n = (uint32_t)v->payload.n;
	size_t cost = REASSEMBLY_FRAGMENT_COST + (size_t)header + n;
	while (r->held + cost > REASSEMBLY_BYTES)
		if (!make_room(r, d))
			return ST_FRAGMENT_LIMIT;
	struct part *p = malloc(sizeof *p + header + n);
	if (!p)
		return ST_NO_MEMORY;
	*p = (struct part){ *at, v->offset, n, header };
	memcpy(p->bytes, packet.p, header);
	memcpy(p->bytes + header, v->payload.p, n);
	*at = p;
	r->held += cost;
	d->have += n;
	d->parts++;
	if (!v->more)
		d->total = v->offset + n;
	if (!v->offset) {
		d->named = v->named;
		d->payload = v->protocol;
	}
	return ST_OK;
}

static void header_v4(uint8_t *h, uint32_t header, uint32_t total)
{
	ip_put16(h + 2, header + total);
	ip_put16(h + 6, 0);
	ip_put16(h + 10, 0);
	ip_put16(h + 10, ip_checksum(ip_sum(0, span_of(h, header))));
}

// Writes the packet as it was before it was cut. ST_FRAGMENT_MALFORMED: it cannot have been one.
static enum st put_together(struct reassembly *r, const struct datagram *d, struct span *out)
{
	uint32_t cut = d->version == 6 ? IPV6_FRAGMENT_HEAD : 0; // the fragment header is the last one in front
	uint32_t header = d->first->header - cut;
	uint32_t counted = d->version == 6 ? header - IPV6_HEAD : header; // what the length field counts besides
	if (header > HEADERS_MAX || counted + d->total > IP_TOTAL_MAX)
		return ST_FRAGMENT_MALFORMED;
	memcpy(r->whole, d->first->bytes, header);
	for (const struct part *p = d->first; p; p = p->next)
		memcpy(r->whole + header + p->offset, p->bytes + p->header, p->n);
	if (d->version == 4) {
		header_v4(r->whole, header, d->total);
	} else {
		ip_put16(r->whole + 4, counted + d->total);
		r->whole[d->named] = d->payload;
	}
	*out = span_of(r->whole, header + d->total);
	return ST_OK;
}

enum st reassembly_add(struct reassembly *r, int64_t now, uint64_t owner, struct span packet, const struct ip_view *v,
                       struct span *out)
{
	struct datagram *d = datagram_of(r, now, owner, v);
	if (d->spoilt != ST_OK)
		return d->spoilt;
	struct part **at = NULL;
	enum st st = place_of(d, v, &at);
	if (st == ST_NONE)
		return ST_FRAGMENT;
	if (st == ST_OK)
		st = total_fits(d, v);
	if (st == ST_OK && d->parts == REASSEMBLY_FRAGMENTS)
		st = ST_FRAGMENT_LIMIT;
	if (st == ST_OK)
		st = part_add(r, d, at, packet, v);
	if (st != ST_OK)
		return spoil(r, d, st);
	if (!d->total || d->have != d->total)
		return ST_FRAGMENT;
	struct span whole;
	st = put_together(r, d, &whole);
	if (st != ST_OK)
		return spoil(r, d, st);
	datagram_drop(r, d);
	*out = whole;
	return ST_OK;
}
