// SPDX-License-Identifier: Apache-2.0
#include "cli/packet.h"

#include <string.h>

enum {
	ETHERTYPE_V4 = 0x0800,
	ETHERTYPE_V6 = 0x86dd,
	ETHERTYPE_VLAN = 0x8100,
	ETHERTYPE_QINQ = 0x88a8,
	ETHERTYPE_UNKNOWN = 0,
	PROTOCOL_HOP_OPTIONS = 0,
	PROTOCOL_TCP = 6,
	PROTOCOL_UDP = 17,
	PROTOCOL_ROUTING = 43,
	PROTOCOL_FRAGMENT = 44,
	PROTOCOL_DESTINATION = 60,
	UDP_HEADER = 8,
	EXTENSIONS_MAX = 8, // IPv6 extension headers of one packet; more: another protocol
};

// What the header of a link says of what follows it: an ethertype, or one of the IPs by its first octet.
static unsigned ip_by_version(const struct rd *r)
{
	struct rd ahead = *r;
	unsigned version = rd_u8(&ahead) >> 4;
	return version == 4 ? ETHERTYPE_V4 : version == 6 ? ETHERTYPE_V6 : ETHERTYPE_UNKNOWN;
}

static unsigned take_ethernet(struct rd *r)
{
	enum { ADDRESSES = 12, VLAN_TAG = 2 };
	rd_skip(r, ADDRESSES);
	unsigned type = rd_u16(r);
	while (!r->bad && (type == ETHERTYPE_VLAN || type == ETHERTYPE_QINQ)) {
		rd_skip(r, VLAN_TAG);
		type = rd_u16(r);
	}
	return type;
}

static unsigned take_cooked(struct rd *r)
{
	enum { BEFORE_TYPE = 14 };
	rd_skip(r, BEFORE_TYPE);
	return rd_u16(r);
}

static unsigned take_cooked2(struct rd *r)
{
	enum { BEHIND_TYPE = 18 };
	unsigned type = rd_u16(r);
	rd_skip(r, BEHIND_TYPE);
	return type;
}

static unsigned take_family(struct rd *r)
{
	rd_skip(r, 4); // an address family whose number depends on the system that captured
	return ip_by_version(r);
}

static unsigned take_nothing(struct rd *r)
{
	return ip_by_version(r);
}

static const struct link {
	int number;
	unsigned (*take)(struct rd *r); // what follows, an ethertype
} links[] = {
	{ 1, take_ethernet }, { 113, take_cooked }, { 276, take_cooked2 }, { 0, take_family },    { 108, take_family },
	{ 12, take_nothing }, { 14, take_nothing }, { 101, take_nothing }, { 228, take_nothing }, { 229, take_nothing },
};

static const struct link *find_link(int number)
{
	for (size_t i = 0; i < sizeof links / sizeof *links; i++)
		if (links[i].number == number)
			return &links[i];
	return NULL;
}

bool packet_link_known(int link)
{
	return find_link(link) != NULL;
}

static void take_v4_address(struct rd *r, struct addr *out)
{
	static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff };
	struct span ip = rd_take(r, 4);
	memcpy(out->ip, mapped, sizeof mapped);
	if (ip.n)
		memcpy(out->ip + sizeof mapped, ip.p, ip.n);
}

static void take_v6_address(struct rd *r, struct addr *out)
{
	struct span ip = rd_take(r, sizeof out->ip);
	if (ip.n)
		memcpy(out->ip, ip.p, ip.n);
}

static void take_ports(struct rd *r, struct packet *p)
{
	p->from.port = rd_u16(r);
	p->to.port = rd_u16(r);
}

static void take_udp(struct rd *r, struct packet *p)
{
	take_ports(r, p);
	size_t length = rd_u16(r);
	rd_skip(r, 2);
	if (r->bad || length < UDP_HEADER) {
		r->bad = true;
		return;
	}
	size_t there = rd_left(r), said = length - UDP_HEADER;
	p->cut = said > there;
	p->payload = rd_take(r, p->cut ? there : said);
	p->kind = PACKET_UDP;
}

static void take_transport(struct rd *r, unsigned protocol, struct packet *p)
{
	if (protocol == PROTOCOL_UDP) {
		take_udp(r, p);
	} else if (protocol == PROTOCOL_TCP) {
		take_ports(r, p);
		p->kind = PACKET_TCP;
	}
}

static void take_v4(struct rd *r, struct packet *p)
{
	enum { FIXED = 20, FRAGMENT_BITS = 0x3fff }; // more-fragments and the offset
	size_t header = (rd_u8(r) & 15u) * 4u;
	rd_skip(r, 5);
	bool part = rd_u16(r) & FRAGMENT_BITS;
	rd_skip(r, 1);
	unsigned protocol = rd_u8(r);
	rd_skip(r, 2);
	take_v4_address(r, &p->from);
	take_v4_address(r, &p->to);
	if (header < FIXED)
		r->bad = true;
	else
		rd_skip(r, header - FIXED);
	if (part)
		p->kind = PACKET_FRAGMENT;
	else
		take_transport(r, protocol, p);
}

static bool is_extension(unsigned protocol)
{
	return protocol == PROTOCOL_HOP_OPTIONS || protocol == PROTOCOL_ROUTING || protocol == PROTOCOL_DESTINATION;
}

static void take_v6(struct rd *r, struct packet *p)
{
	rd_skip(r, 6);
	unsigned protocol = rd_u8(r);
	rd_skip(r, 1);
	take_v6_address(r, &p->from);
	take_v6_address(r, &p->to);
	for (int i = 0; i < EXTENSIONS_MAX && is_extension(protocol); i++) {
		protocol = rd_u8(r);
		rd_skip(r, rd_u8(r) * 8u + 6u);
	}
	if (protocol == PROTOCOL_FRAGMENT)
		p->kind = PACKET_FRAGMENT;
	else
		take_transport(r, protocol, p);
}

struct packet packet_parse(int link, struct span bytes)
{
	struct packet p = { .kind = PACKET_OTHER };
	struct rd r = rd_of(bytes);
	const struct link *l = find_link(link);
	unsigned type = l ? l->take(&r) : ETHERTYPE_UNKNOWN;
	if (type == ETHERTYPE_V4)
		take_v4(&r, &p);
	else if (type == ETHERTYPE_V6)
		take_v6(&r, &p);
	if (r.bad)
		p.kind = PACKET_BROKEN;
	return p;
}
