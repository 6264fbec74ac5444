// SPDX-License-Identifier: Apache-2.0
#include "esp/ip.h"

#include <endian.h>

#include "esp/limits.h"

static uint16_t get16(const uint8_t *p)
{
	return (uint16_t)(p[0] << 8 | p[1]);
}

static void addr_set_v4(struct addr *a, const uint8_t *ip)
{
	memset(a->ip + 10, 0xff, 2);
	memcpy(a->ip + 12, ip, 4);
}

static struct addr addr_v6(struct span ip)
{
	struct addr a = { 0 };
	if (ip.n == 16)
		memcpy(a.ip, ip.p, 16);
	return a;
}

void ip_read_ports(uint8_t protocol, struct span payload, struct ip_view *v)
{
	bool two = payload.n >= 4, one = payload.n >= 2;
	uint16_t first = one ? get16(payload.p) : 0, second = two ? get16(payload.p + 2) : 0;
	switch (protocol) {
	case IP_TCP:
	case IP_UDP:
	case IP_DCCP:
	case IP_SCTP:
	case IP_UDPLITE:
		v->ports = two;
		break;
	case IP_ICMP:
	case IP_ICMPV6:
		v->ports = one;
		second = first;
		break;
	default:
		v->ports = false;
	}
	v->from.port = v->ports ? first : 0;
	v->to.port = v->ports ? second : 0;
}

// A part must have a payload, end within a packet's greatest length, and be whole units of 8 octets unless it is the last.
static bool fragment_fits(size_t n, uint32_t offset, bool more)
{
	return n != 0 && (!more || n % 8 == 0) && offset + n <= IP_TOTAL_MAX;
}

static enum st ipv4_parse(struct span bytes, struct ip_view *out)
{
	struct rd r = rd_of(bytes);
	struct span h = rd_take(&r, IPV4_HEAD);
	if (r.bad)
		return ST_INNER_LENGTH;
	size_t header = 4 * (size_t)(h.p[0] & 15), total = get16(h.p + 2);
	if (total > bytes.n)
		return ST_INNER_LENGTH;
	if (header < IPV4_HEAD)
		return ST_INNER_HEADER;
	if (header > total)
		return ST_INNER_LENGTH;
	if (ip_checksum(ip_sum(0, span_of(bytes.p, header))) != 0)
		return ST_INNER_CHECKSUM;
	uint16_t place = get16(h.p + 6);
	uint32_t offset = 8 * (uint32_t)(place & 0x1fff);
	bool more = place & 0x2000, fragment = more || offset;
	if (fragment && !fragment_fits(total - header, offset, more))
		return ST_FRAGMENT_MALFORMED;
	// Written in place: a copy of what has just been written in small pieces costs as much as all the rest.
	*out = (struct ip_view){ .version = 4,
		                 .tos = h.p[1],
		                 .total = (uint32_t)total,
		                 .header = (uint32_t)header,
		                 .id = get16(h.p + 4),
		                 .offset = offset,
		                 .ttl = h.p[8],
		                 .protocol = h.p[9],
		                 .dont_fragment = place & 0x4000,
		                 .more = more,
		                 .fragment = fragment,
		                 .payload = span_of(bytes.p + header, total - header) };
	addr_set_v4(&out->from, h.p + 12);
	addr_set_v4(&out->to, h.p + 16);
	if (!fragment)
		ip_read_ports(out->protocol, out->payload, out);
	return ST_OK;
}

// Reads the fragment header (RFC 8200 4.5). What follows it is the payload, even where it is another extension header.
static void ipv6_fragment(struct rd *r, struct ip_view *v)
{
	v->protocol = rd_u8(r);
	rd_skip(r, 1);
	uint16_t place = rd_u16(r);
	v->id = rd_u32(r);
	v->more = place & 1;
	v->offset = place & 0xfff8;
	v->fragment = v->more || v->offset; // an atomic fragment is a whole packet (RFC 6946)
}

// Hop-by-hop (0), routing (43) and destination (60) options.
static bool ipv6_skips(uint8_t next)
{
	return next == 0 || next == 43 || next == 60;
}

static enum st ipv6_headers(const uint8_t *packet, struct rd *r, struct ip_view *v)
{
	uint32_t named = 6;
	for (int i = 0; ipv6_skips(v->protocol) || v->protocol == IP_FRAGMENT; i++) {
		if (i == IP_HEADERS_MAX)
			return ST_INNER_HEADER;
		uint32_t here = (uint32_t)(r->at - packet);
		if (v->protocol == IP_FRAGMENT) {
			ipv6_fragment(r, v);
			v->named = named;
			if (v->fragment)
				break;
		} else {
			v->protocol = rd_u8(r);
			rd_skip(r, 6 + 8 * (size_t)rd_u8(r));
		}
		named = here;
	}
	return r->bad ? ST_INNER_HEADER : ST_OK;
}

static enum st ipv6_parse(struct span bytes, struct ip_view *out)
{
	struct rd r = rd_of(bytes);
	struct ip_view v = { .version = 6, .dont_fragment = true };
	v.tos = (uint8_t)(rd_u32(&r) >> 20);
	v.total = IPV6_HEAD + (uint32_t)rd_u16(&r);
	v.protocol = rd_u8(&r);
	v.ttl = rd_u8(&r);
	v.from = addr_v6(rd_take(&r, 16));
	v.to = addr_v6(rd_take(&r, 16));
	if (r.bad || v.total > bytes.n)
		return ST_INNER_LENGTH;
	if (addr_is_v4(&v.from) || addr_is_v4(&v.to)) // mapped: it would pass for IPv4 everywhere else
		return ST_INNER_ADDRESS;
	struct rd headers = rd_sub(&r, v.total - IPV6_HEAD);
	enum st st = ipv6_headers(bytes.p, &headers, &v);
	if (st != ST_OK)
		return st;
	v.payload = rd_rest(&headers);
	v.header = v.total - (uint32_t)v.payload.n;
	if (v.fragment && !fragment_fits(v.payload.n, v.offset, v.more))
		return ST_FRAGMENT_MALFORMED;
	if (!v.fragment)
		ip_read_ports(v.protocol, v.payload, &v);
	*out = v;
	return ST_OK;
}

enum st ip_parse(struct span bytes, struct ip_view *out)
{
	switch (bytes.n ? bytes.p[0] >> 4 : 0) {
	case 4:
		return ipv4_parse(bytes, out);
	case 6:
		return ipv6_parse(bytes, out);
	default:
		return ST_INNER_VERSION;
	}
}

void ip_set_ends(struct ip_view *v, const struct addr *from, const struct addr *to)
{
	memcpy(v->from.ip, from->ip, sizeof v->from.ip);
	memcpy(v->to.ip, to->ip, sizeof v->to.ip);
	v->version = addr_is_v4(from) ? 4 : 6;
}

// The sum is kept in the machine's order and in words of 32 bits: both commute with the folding (RFC 1071 section 2).
uint64_t ip_sum(uint64_t sum, struct span s)
{
	const uint8_t *p = s.p;
	size_t n = s.n;
	for (; n >= 4; n -= 4, p += 4) {
		uint32_t word;
		memcpy(&word, p, 4);
		sum += word;
	}
	uint32_t last = 0;
	if (n)
		memcpy(&last, p, n);
	return sum + last;
}

uint64_t ip_pseudo_sum(const struct addr *from, const struct addr *to, uint8_t protocol, size_t n)
{
	size_t skip = addr_is_v4(from) ? 12 : 0;
	uint64_t sum = ip_sum(0, span_of(from->ip + skip, 16 - skip));
	sum = ip_sum(sum, span_of(to->ip + skip, 16 - skip));
	return sum + htobe32((uint32_t)n) + htobe32(protocol);
}

uint16_t ip_checksum(uint64_t sum)
{
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return be16toh((uint16_t)~sum);
}

static void ipv4_fill(uint8_t *h, const struct addr *from, const struct addr *to, uint8_t protocol, uint8_t tos,
                      uint16_t id, size_t total)
{
	h[0] = 0x45;
	h[1] = tos;
	ip_put16(h + 2, (uint32_t)total);
	ip_put16(h + 4, id);
	ip_put16(h + 6, 0);
	h[8] = IP_HOPS;
	h[9] = protocol;
	ip_put16(h + 10, 0);
	memcpy(h + 12, from->ip + 12, 4);
	memcpy(h + 16, to->ip + 12, 4);
	ip_put16(h + 10, ip_checksum(ip_sum(0, span_of(h, IPV4_HEAD))));
}

static void ipv6_fill(uint8_t *h, const struct addr *from, const struct addr *to, uint8_t protocol, uint8_t tos,
                      size_t n)
{
	ip_put32(h, 6U << 28 | (uint32_t)tos << 20);
	ip_put16(h + 4, (uint32_t)n);
	h[6] = protocol;
	h[7] = IP_HOPS;
	memcpy(h + 8, from->ip, 16);
	memcpy(h + 24, to->ip, 16);
}

enum st ip_push(struct packet *p, const struct addr *from, const struct addr *to, uint8_t protocol, uint8_t tos,
                uint16_t id)
{
	bool v4 = addr_is_v4(from);
	if (v4 != addr_is_v4(to))
		return ST_INNER_ADDRESS;
	size_t n = p->n, head = v4 ? IPV4_HEAD : IPV6_HEAD;
	if (n > IP_TOTAL_MAX - (v4 ? IPV4_HEAD : 0))
		return ST_FULL;
	uint8_t *h = packet_push(p, head);
	if (!h)
		return ST_FULL;
	if (v4)
		ipv4_fill(h, from, to, protocol, tos, id, p->n);
	else
		ipv6_fill(h, from, to, protocol, tos, n);
	return ST_OK;
}
