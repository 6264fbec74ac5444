// SPDX-License-Identifier: Apache-2.0
#include "esp/selectors.h"

#include <endian.h>
#include <stdlib.h>

#include "esp/limits.h"

// An address as a number, so that a range is two comparisons.
struct number {
	uint64_t high, low;
};

struct range {
	struct number first, last;
	uint16_t port_first, port_last;
	uint8_t protocol;
	bool v4;
};

struct selectors {
	uint16_t here, there;
	bool ports;
	struct range at[]; // first those of here
};

static struct number number_of(const uint8_t ip[16])
{
	uint64_t high, low;
	memcpy(&high, ip, 8);
	memcpy(&low, ip + 8, 8);
	return (struct number){ be64toh(high), be64toh(low) };
}

static bool at_most(struct number a, struct number b)
{
	return a.high != b.high ? a.high < b.high : a.low <= b.low;
}

static bool any_port(const struct selector *s)
{
	return s->port_first == 0 && s->port_last == 65535;
}

static bool opaque(uint16_t first, uint16_t last)
{
	return first == 65535 && last == 0;
}

static enum st range_add(struct selectors *set, size_t i, const struct selector *s)
{
	struct addr first = { 0 }, last = { 0 };
	memcpy(first.ip, s->first, 16);
	memcpy(last.ip, s->last, 16);
	struct range *r = &set->at[i];
	*r = (struct range){ number_of(s->first), number_of(s->last), s->port_first,
		             s->port_last,        s->protocol,        addr_is_v4(&first) };
	bool holds = at_most(r->first, r->last) && addr_is_v4(&first) == addr_is_v4(&last);
	if (!holds || (s->port_first > s->port_last && !opaque(s->port_first, s->port_last)))
		return ST_INNER_ADDRESS;
	if (!any_port(s))
		set->ports = true;
	return ST_OK;
}

enum st selectors_new(const struct selector *here, size_t n_here, const struct selector *there, size_t n_there,
                      struct selectors **out)
{
	if (n_here > ESP_SELECTORS_MAX || n_there > ESP_SELECTORS_MAX - n_here)
		return ST_FULL;
	struct selectors *s = calloc(1, sizeof *s + (n_here + n_there) * sizeof *s->at);
	if (!s)
		return ST_NO_MEMORY;
	s->here = (uint16_t)n_here;
	s->there = (uint16_t)n_there;
	enum st st = ST_OK;
	for (size_t i = 0; i < n_here + n_there && st == ST_OK; i++)
		st = range_add(s, i, i < n_here ? &here[i] : &there[i - n_here]);
	if (st != ST_OK) {
		selectors_free(s);
		return st;
	}
	*out = s;
	return ST_OK;
}

void selectors_free(struct selectors *s)
{
	free(s);
}

struct selector selector_of(const struct prefix *p)
{
	struct selector s = { .port_last = 65535 };
	for (unsigned i = 0; i < 16; i++) {
		unsigned fixed = p->bits > 8 * i ? p->bits - 8 * i : 0;
		uint8_t open = fixed >= 8 ? 0 : (uint8_t)(0xff >> fixed);
		s.first[i] = p->ip[i] & (uint8_t)~open;
		s.last[i] = p->ip[i] | open;
	}
	return s;
}

static bool ports_allowed(const struct range *r, const struct ip_view *v, uint16_t port)
{
	if (v->ports)
		return port >= r->port_first && port <= r->port_last;
	return v->fragment || (r->port_first == 0 && r->port_last == 65535) || opaque(r->port_first, r->port_last);
}

static bool range_allows(const struct range *r, const struct ip_view *v, const struct addr *end)
{
	if (r->protocol && r->protocol != v->protocol)
		return false;
	return ports_allowed(r, v, end->port);
}

// An IPv6 range that spans the mapped addresses does not hold IPv4.
static bool list_allows(const struct range *at, size_t n, const struct ip_view *v, const struct addr *end)
{
	struct number ip = number_of(end->ip);
	for (size_t i = 0; i < n; i++)
		if (at[i].v4 == (v->version == 4) && at_most(at[i].first, ip) && at_most(ip, at[i].last) &&
		    range_allows(&at[i], v, end))
			return true;
	return false;
}

static bool list_allows_port(const struct range *at, size_t n, const struct ip_view *v, const struct addr *end)
{
	for (size_t i = 0; i < n; i++)
		if (range_allows(&at[i], v, end))
			return true;
	return false;
}

static enum st allowed(const struct selectors *s, const struct ip_view *v, const struct addr *here,
                       const struct addr *there)
{
	bool ok = list_allows(s->at, s->here, v, here) && list_allows(s->at + s->here, s->there, v, there);
	return ok ? ST_OK : ST_ESP_SELECTOR;
}

static bool brief_of(const struct range *at, size_t n, uint32_t *first, uint32_t *last)
{
	for (size_t i = 0; i < n; i++)
		if (at[i].v4 && at[i].protocol == 0 && at[i].port_first == 0 && at[i].port_last == 65535) {
			*first = (uint32_t)at[i].first.low;
			*last = (uint32_t)at[i].last.low;
			return true;
		}
	return false;
}

struct selectors_brief selectors_brief(const struct selectors *s)
{
	static const struct selectors_brief nothing = { .here_first = 1 };
	struct selectors_brief b;
	bool both = s && brief_of(s->at, s->here, &b.here_first, &b.here_last) &&
	            brief_of(s->at + s->here, s->there, &b.there_first, &b.there_last);
	return both ? b : nothing;
}

static uint32_t ip4_of(const struct addr *a)
{
	uint32_t ip;
	memcpy(&ip, a->ip + 12, 4);
	return be32toh(ip);
}

bool selectors_surely_in(const struct selectors_brief *b, const struct ip_view *v)
{
	uint32_t here = ip4_of(&v->to), there = ip4_of(&v->from);
	return v->version == 4 && b->here_first <= here && here <= b->here_last && b->there_first <= there &&
	       there <= b->there_last;
}

enum st selectors_in(const struct selectors *s, const struct ip_view *v)
{
	return allowed(s, v, &v->to, &v->from);
}

enum st selectors_out(const struct selectors *s, const struct ip_view *v)
{
	return allowed(s, v, &v->from, &v->to);
}

enum st selectors_in_transport(const struct selectors *s, const struct ip_view *v)
{
	bool ok =
	        list_allows_port(s->at, s->here, v, &v->to) && list_allows_port(s->at + s->here, s->there, v, &v->from);
	return ok ? ST_OK : ST_ESP_SELECTOR;
}

bool selectors_want_ports(const struct selectors *s)
{
	return s->ports;
}
