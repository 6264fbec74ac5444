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

// The same for IPv4 and every protocol and port, which is nearly always all there is.
struct range4 {
	uint32_t first, last;
};

// A cache line holds all that is looked at where `plain`.
struct selectors {
	uint16_t here, there;
	bool ports;
	bool plain; // one range on each side, and here4 and there4 say all of it
	struct range4 here4, there4;
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

static bool is_plain(const struct range *r)
{
	return r->v4 && r->protocol == 0 && r->port_first == 0 && r->port_last == 65535;
}

static struct range4 range4_of(const struct range *r)
{
	return (struct range4){ (uint32_t)r->first.low, (uint32_t)r->last.low };
}

enum st selectors_new(const struct selector *here, size_t n_here, const struct selector *there, size_t n_there,
                      struct selectors **out)
{
	if (n_here > ESP_SELECTORS_MAX || n_there > ESP_SELECTORS_MAX - n_here)
		return ST_FULL;
	size_t size = sizeof(struct selectors) + (n_here + n_there) * sizeof(struct range);
	struct selectors *s =
	        aligned_alloc(ESP_CACHE_LINE, (size + ESP_CACHE_LINE - 1) & ~(size_t)(ESP_CACHE_LINE - 1));
	if (!s)
		return ST_NO_MEMORY;
	memset(s, 0, size);
	s->here = (uint16_t)n_here;
	s->there = (uint16_t)n_there;
	enum st st = ST_OK;
	for (size_t i = 0; i < n_here + n_there && st == ST_OK; i++)
		st = range_add(s, i, i < n_here ? &here[i] : &there[i - n_here]);
	if (st != ST_OK) {
		selectors_free(s);
		return st;
	}
	s->plain = n_here == 1 && n_there == 1 && is_plain(&s->at[0]) && is_plain(&s->at[1]);
	if (s->plain) {
		s->here4 = range4_of(&s->at[0]);
		s->there4 = range4_of(&s->at[1]);
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

static bool within4(struct range4 r, const struct addr *a)
{
	uint32_t ip;
	memcpy(&ip, a->ip + 12, 4);
	ip = be32toh(ip);
	return r.first <= ip && ip <= r.last;
}

static enum st allowed(const struct selectors *s, const struct ip_view *v, const struct addr *here,
                       const struct addr *there)
{
	bool ok = s->plain && v->version == 4
	                  ? within4(s->here4, here) && within4(s->there4, there)
	                  : list_allows(s->at, s->here, v, here) && list_allows(s->at + s->here, s->there, v, there);
	return ok ? ST_OK : ST_ESP_SELECTOR;
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
