// SPDX-License-Identifier: Apache-2.0
#include "esp/inner.h"

enum {
	ECHO_ANSWER = 0,
	ECHO_REQUEST = 8,
	ECHO6_REQUEST = 128,
	ECHO6_ANSWER = 129,
	UNREACHABLE = 3,
	FRAGMENTATION_NEEDED = 4, // a code of UNREACHABLE
	TOO_BIG6 = 2,
	ERROR4_OCTETS = IPV4_HEAD + 8, // of the offender, behind its own options
	ERROR6_MTU = 1280,             // an ICMPv6 error is no longer than this
	ICMP6_FIRST_QUERY = 128,       // below: errors (RFC 4443 2.1)
};

static uint64_t view_sum(const struct ip_view *v, uint8_t protocol, struct span s)
{
	return ip_sum(ip_pseudo_sum(&v->from, &v->to, protocol, s.n), s);
}

static enum st whole(const struct ip_view *v, uint8_t protocol)
{
	if (v->protocol != protocol)
		return ST_INNER_PROTOCOL;
	return v->fragment ? ST_FRAGMENT : ST_OK;
}

// RFC 768: a checksum of 0 is none. RFC 8200 8.1: not over IPv6.
static bool udp_checksum_holds(const struct ip_view *v, struct span datagram)
{
	bool none = datagram.p[6] == 0 && datagram.p[7] == 0;
	if (none)
		return addr_is_v4(&v->from);
	return ip_checksum(view_sum(v, IP_UDP, datagram)) == 0;
}

enum st inner_udp_take(const struct ip_view *v, enum inner_check check, struct inner_udp *out)
{
	enum st st = whole(v, IP_UDP);
	if (st != ST_OK)
		return st;
	struct rd r = rd_of(v->payload);
	struct inner_udp u = { v->from, v->to, { 0 } };
	u.from.port = rd_u16(&r);
	u.to.port = rd_u16(&r);
	size_t length = rd_u16(&r);
	rd_skip(&r, 2);
	bool padded = check == INNER_COVERED && length < v->payload.n;
	if (r.bad || length < UDP_HEAD || (length != v->payload.n && !padded))
		return ST_INNER_LENGTH;
	if (check == INNER_CHECK && !udp_checksum_holds(v, v->payload))
		return ST_INNER_CHECKSUM;
	u.payload = rd_take(&r, length - UDP_HEAD);
	*out = u;
	return ST_OK;
}

enum st inner_udp_put(struct packet *p, const struct addr *from, const struct addr *to, uint16_t id)
{
	size_t room = UDP_HEAD + (addr_is_v4(from) ? IPV4_HEAD : IPV6_HEAD);
	if (addr_is_v4(from) != addr_is_v4(to))
		return ST_INNER_ADDRESS;
	if (packet_headroom(p) < room || p->n > IP_UDP_MAX)
		return ST_FULL;
	uint8_t *h = packet_push(p, UDP_HEAD);
	ip_put16(h, from->port);
	ip_put16(h + 2, to->port);
	ip_put16(h + 4, (uint32_t)p->n);
	ip_put16(h + 6, 0);
	uint16_t sum = ip_checksum(ip_sum(ip_pseudo_sum(from, to, IP_UDP, p->n), packet_span(p)));
	ip_put16(h + 6, sum ? sum : 0xffff);
	return ip_push(p, from, to, IP_UDP, 0, id);
}

static bool answerable(const struct addr *a)
{
	bool v4 = addr_is_v4(a);
	bool many = v4 ? a->ip[12] >= 224 : a->ip[0] == 0xff; // multicast, and IPv4's reserved end with broadcast
	return !many && !addr_is_any(a) && !addr_is_loopback(a);
}

static enum st icmp_check(const struct ip_view *v)
{
	enum st st = whole(v, v->version == 4 ? IP_ICMP : IP_ICMPV6);
	if (st != ST_OK)
		return st;
	if (v->payload.n < ICMP_HEAD)
		return ST_INNER_LENGTH;
	uint64_t sum = v->version == 4 ? ip_sum(0, v->payload) : view_sum(v, IP_ICMPV6, v->payload);
	return ip_checksum(sum) == 0 ? ST_OK : ST_INNER_CHECKSUM;
}

enum st inner_echo_take(const struct ip_view *v, struct inner_echo *out)
{
	enum st st = icmp_check(v);
	if (st != ST_OK)
		return st;
	struct rd r = rd_of(v->payload);
	uint8_t type = rd_u8(&r), code = rd_u8(&r);
	bool request = type == (v->version == 4 ? ECHO_REQUEST : ECHO6_REQUEST);
	bool answer = type == (v->version == 4 ? ECHO_ANSWER : ECHO6_ANSWER);
	if (code != 0 || (!request && !answer))
		return ST_INNER_ICMP;
	rd_skip(&r, 2);
	struct inner_echo echo = { .answer = answer };
	echo.id = rd_u16(&r);
	echo.sequence = rd_u16(&r);
	echo.data = rd_rest(&r);
	*out = echo;
	return ST_OK;
}

// Puts the checksum into an ICMP message that stands alone in the packet.
static void icmp_seal(struct packet *p, const struct addr *from, const struct addr *to)
{
	uint64_t sum = addr_is_v4(from) ? 0 : ip_pseudo_sum(from, to, IP_ICMPV6, p->n);
	ip_put16(p->at + 2, 0);
	ip_put16(p->at + 2, ip_checksum(ip_sum(sum, packet_span(p))));
}

static enum st icmp_put(struct packet *p, const struct addr *from, const struct addr *to)
{
	icmp_seal(p, from, to);
	return ip_push(p, from, to, addr_is_v4(from) ? IP_ICMP : IP_ICMPV6, 0, 0);
}

enum st inner_echo_put(struct packet *p, const struct addr *from, const struct addr *to, const struct inner_echo *echo)
{
	bool v4 = addr_is_v4(from);
	if (v4 != addr_is_v4(to))
		return ST_INNER_ADDRESS;
	uint8_t *h = packet_push(p, ICMP_HEAD);
	if (!h)
		return ST_FULL;
	if (v4)
		h[0] = echo->answer ? ECHO_ANSWER : ECHO_REQUEST;
	else
		h[0] = echo->answer ? ECHO6_ANSWER : ECHO6_REQUEST;
	h[1] = 0;
	ip_put16(h + 4, echo->id);
	ip_put16(h + 6, echo->sequence);
	return icmp_put(p, from, to);
}

// The data stays where it is: the old headers are pulled off and new ones put in front of it, without options.
enum st inner_echo_answer(struct packet *p, const struct ip_view *v)
{
	struct inner_echo echo;
	enum st st = inner_echo_take(v, &echo);
	if (st != ST_OK)
		return st;
	if (echo.answer)
		return ST_INNER_ICMP;
	if (!answerable(&v->from) || !answerable(&v->to))
		return ST_INNER_ADDRESS;
	struct addr from = v->to, to = v->from;
	if (!packet_pull(p, v->header + ICMP_HEAD))
		return ST_INNER_LENGTH;
	echo.answer = true;
	return inner_echo_put(p, &from, &to, &echo);
}

// RFC 1122 3.2.2: never about an ICMP error, about any fragment but the first, or to nobody in particular.
static bool may_complain(const struct ip_view *v)
{
	if (v->fragment && v->offset)
		return false;
	if (v->protocol == IP_ICMP)
		return v->payload.n && (v->payload.p[0] == ECHO_REQUEST || v->payload.p[0] == ECHO_ANSWER);
	return v->protocol != IP_ICMPV6 || (v->payload.n && v->payload.p[0] >= ICMP6_FIRST_QUERY);
}

enum st inner_too_big(struct packet *p, const struct addr *from, struct span offender, const struct ip_view *v,
                      uint32_t mtu)
{
	bool v4 = v->version == 4;
	if (!v->dont_fragment || !may_complain(v))
		return ST_INNER_ICMP;
	if (!answerable(&v->from))
		return ST_INNER_ADDRESS;
	if (addr_is_v4(from) != v4)
		return ST_INNER_ADDRESS;
	size_t most = v4 ? v->header - IPV4_HEAD + ERROR4_OCTETS : ERROR6_MTU - IPV6_HEAD - ICMP_HEAD;
	size_t n = offender.n < most ? offender.n : most;
	uint8_t *quote = packet_append(p, n);
	uint8_t *h = quote ? packet_push(p, ICMP_HEAD) : NULL;
	if (!h)
		return ST_FULL;
	memcpy(quote, offender.p, n);
	h[0] = v4 ? UNREACHABLE : TOO_BIG6;
	h[1] = v4 ? FRAGMENTATION_NEEDED : 0;
	if (v4 && mtu > UINT16_MAX)
		mtu = UINT16_MAX;
	ip_put32(h + 4, mtu);
	return icmp_put(p, from, &v->from);
}
