// SPDX-License-Identifier: Apache-2.0
// TCP by RFC 9293, and how a super-packet is cut: as the kernel's own segmentation does it. FIN and PSH belong to the last
// packet, CWR to the first; IPv4's identification counts up.
#include "tunnel/offload.h"

#include <string.h>

#include "esp/limits.h"

enum { TCP_MIN = 20, TCP_SEQ = 4, TCP_ACK = 8, TCP_OFFSET = 12, TCP_FLAGS = 13, TCP_SUM = 16, TCP_URGENT = 18 };
enum { TCP_FIN = 1, TCP_SYN = 2, TCP_RST = 4, TCP_PSH = 8, TCP_ACKS = 16, TCP_URG = 32, TCP_CWR = 128 };
enum { UDP_LENGTH = 4, UDP_SUM = 6 };
enum { V4_LENGTH = 2, V4_ID = 4, V4_SUM = 10, V4_MIN = 20, V6_LENGTH = 4, V6_MIN = 40 };

static uint32_t get32(const uint8_t *at)
{
	return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

static uint32_t get16(const uint8_t *at)
{
	return (uint32_t)at[0] << 8 | at[1];
}

static size_t tcp_header(const uint8_t *tcp)
{
	return (size_t)(tcp[TCP_OFFSET] >> 4) * 4;
}

enum st offload_split(struct offload_split *s, const struct offload_head *head, struct span packet)
{
	struct offload_split x = { .packet = packet, .head = *head };
	enum st st = ip_parse(packet, &x.view);
	if (st != ST_OK)
		return st;
	x.packet = span_of(packet.p, x.view.total);
	x.upper = x.view.header;
	x.head.kind &= (uint8_t)~OFFLOAD_ECN;
	bool tcp = x.head.kind == OFFLOAD_TCP4 || x.head.kind == OFFLOAD_TCP6;
	if (x.head.kind == OFFLOAD_NONE) {
		x.payload = x.upper;
	} else if (x.view.fragment || x.head.size == 0 ||
	           x.view.protocol != (tcp                          ? IP_TCP
	                               : x.head.kind == OFFLOAD_UDP ? IP_UDP
	                                                            : -1)) {
		return ST_INNER_PROTOCOL;
	} else {
		size_t least = tcp ? TCP_MIN : UDP_HEAD;
		if (x.packet.n < x.upper + least)
			return ST_INNER_LENGTH;
		x.payload = x.upper + (tcp ? tcp_header(x.packet.p + x.upper) : UDP_HEAD);
		if (x.payload > x.packet.n || x.payload < x.upper + least)
			return ST_INNER_LENGTH;
	}
	if (x.head.flags & OFFLOAD_NEEDS_SUM && (size_t)x.head.sum_from + x.head.sum_at + 2 > x.packet.n)
		return ST_INNER_LENGTH;
	x.at = x.payload;
	*s = x;
	return ST_OK;
}

// The sum of the upper header and what follows, over the pseudo header. The field has to be 0.
static uint16_t upper_sum(const struct ip_view *v, struct span upper)
{
	return ip_checksum(ip_sum(ip_pseudo_sum(&v->from, &v->to, v->protocol, upper.n), upper));
}

static void fix_ip(const struct offload_split *s, uint8_t *at, size_t total)
{
	if (s->view.version != 4) {
		ip_put16(at + V6_LENGTH, (uint32_t)(total - V6_MIN));
		return;
	}
	ip_put16(at + V4_LENGTH, (uint32_t)total);
	ip_put16(at + V4_ID, get16(at + V4_ID) + s->number);
	ip_put16(at + V4_SUM, 0);
	ip_put16(at + V4_SUM, ip_checksum(ip_sum(0, span_of(at, s->upper))));
}

static void fix_upper(const struct offload_split *s, uint8_t *at, size_t total, bool last)
{
	uint8_t *upper = at + s->upper;
	struct span all = span_of(upper, total - s->upper);
	size_t sum = s->head.kind == OFFLOAD_UDP ? UDP_SUM : TCP_SUM;
	if (s->head.kind == OFFLOAD_UDP) {
		ip_put16(upper + UDP_LENGTH, (uint32_t)all.n);
	} else {
		ip_put32(upper + TCP_SEQ, get32(upper + TCP_SEQ) + (uint32_t)(s->at - s->payload));
		if (!last)
			upper[TCP_FLAGS] &= (uint8_t) ~(TCP_FIN | TCP_PSH);
		if (s->number)
			upper[TCP_FLAGS] &= (uint8_t)~TCP_CWR;
	}
	ip_put16(upper + sum, 0);
	uint16_t made = upper_sum(&s->view, all);
	ip_put16(upper + sum, made || s->head.kind != OFFLOAD_UDP ? made : 0xffff);
}

static enum st whole(const struct offload_split *s, struct packet *out)
{
	uint8_t *at = packet_append(out, s->packet.n);
	if (!at)
		return ST_FULL;
	memcpy(at, s->packet.p, s->packet.n);
	if (!(s->head.flags & OFFLOAD_NEEDS_SUM))
		return ST_OK;
	// The field holds the pseudo header's sum: what is summed up over it is the checksum.
	uint8_t *from = at + s->head.sum_from;
	uint16_t sum = ip_checksum(ip_sum(0, span_of(from, s->packet.n - s->head.sum_from)));
	bool udp = s->view.protocol == IP_UDP;
	ip_put16(from + s->head.sum_at, sum || !udp ? sum : 0xffff);
	return ST_OK;
}

bool offload_next(struct offload_split *s, struct packet *out, enum st *st)
{
	if (s->head.kind == OFFLOAD_NONE) {
		if (s->number++)
			return false;
		*st = whole(s, out);
		return true;
	}
	if (s->number && s->at >= s->packet.n)
		return false;
	size_t left = s->packet.n - s->at, n = left < s->head.size ? left : s->head.size;
	uint8_t *at = packet_append(out, s->payload + n);
	*st = at ? ST_OK : ST_FULL;
	if (at) {
		memcpy(at, s->packet.p, s->payload);
		memcpy(at + s->payload, s->packet.p + s->at, n);
		fix_ip(s, at, s->payload + n);
		fix_upper(s, at, s->payload + n, left == n);
	}
	s->at += n;
	s->number++;
	return true;
}

// A packet that may stand in a row: no options of IP, data, of TCP nothing but ACK and PSH; and a good checksum, which nobody will
// look at again.
static bool joins(const struct offload_join *j, const struct packet *p, const struct ip_view *v, size_t *payload)
{
	bool udp = v->protocol == IP_UDP && j->udp;
	size_t least = udp ? UDP_HEAD : TCP_MIN;
	const uint8_t *upper = p->at + v->header;
	if ((!udp && v->protocol != IP_TCP) || v->fragment || v->header != (v->version == 4 ? V4_MIN : V6_MIN) ||
	    v->total < v->header + least)
		return false;
	size_t size = udp ? UDP_HEAD : tcp_header(upper);
	*payload = v->header + size;
	if (size < least || *payload >= v->total || upper_sum(v, span_of(upper, v->total - v->header)) != 0)
		return false;
	return udp ? get16(upper + UDP_SUM) && get16(upper + UDP_LENGTH) == v->total - v->header
	           : (upper[TCP_FLAGS] & ~TCP_PSH) == TCP_ACKS;
}

static bool same_flow(const struct offload_join *j, const struct packet *p, const struct ip_view *v, size_t payload)
{
	const uint8_t *a = j->first + j->view.header, *b = p->at + v->header;
	size_t ports = 4, label = v->version == 6 ? 4 : 0; // the flow label stands in the first word
	if (payload != j->payload || v->version != j->view.version || v->protocol != j->view.protocol ||
	    v->tos != j->view.tos || v->ttl != j->view.ttl || v->dont_fragment != j->view.dont_fragment ||
	    !addr_same_ip(&v->from, &j->view.from) || !addr_same_ip(&v->to, &j->view.to) || memcmp(a, b, ports) != 0 ||
	    memcmp(j->first, p->at, label) != 0)
		return false;
	return v->protocol == IP_UDP ||
	       (memcmp(a + TCP_ACK, b + TCP_ACK, 4) == 0 && a[TCP_OFFSET] == b[TCP_OFFSET] && // AE beside the length
	        memcmp(a + TCP_OFFSET + 2, b + TCP_OFFSET + 2, 2) == 0 &&
	        memcmp(a + TCP_MIN, b + TCP_MIN, j->payload - j->view.header - TCP_MIN) == 0 &&
	        get32(b + TCP_SEQ) == j->next);
}

// What it adds to the row: where TCP goes on, and whether anything may follow.
static void go_on(struct offload_join *j, const uint8_t *upper, size_t data)
{
	j->closed = data < j->head.size;
	if (j->view.protocol == IP_UDP)
		return;
	j->next = get32(upper + TCP_SEQ) + (uint32_t)data;
	j->closed |= (upper[TCP_FLAGS] & TCP_PSH) != 0;
	j->first[j->view.header + TCP_FLAGS] |= upper[TCP_FLAGS] & TCP_PSH;
}

static void part(struct offload_join *j, void *at, size_t n)
{
	j->parts[++j->n] = (struct iovec){ at, n };
	j->total += n;
}

bool offload_take(struct offload_join *j, struct packet *p, const struct ip_view *v)
{
	size_t payload = 0;
	bool row = joins(j, p, v, &payload);
	size_t data = row ? v->total - payload : 0;
	if (j->n == 0) {
		*j = (struct offload_join){
			.udp = j->udp, .view = *v, .first = p->at, .payload = payload, .closed = true
		};
		part(j, p->at, v->total);
		j->head.size = (uint16_t)data;
		if (row)
			go_on(j, p->at + v->header, data);
		return true;
	}
	if (!row || j->closed || j->n == OFFLOAD_PARTS || data > j->head.size || j->total + data > IP_TOTAL_MAX ||
	    !same_flow(j, p, v, payload))
		return false;
	part(j, p->at + payload, data);
	go_on(j, p->at + v->header, data);
	return true;
}

void offload_finish(struct offload_join *j)
{
	uint8_t *at = j->first, *upper = at + j->view.header;
	bool v4 = j->view.version == 4, udp = j->view.protocol == IP_UDP;
	uint16_t size = j->head.size;
	size_t n = j->total - j->view.header;
	j->head = (struct offload_head){ 0 };
	j->parts[0] = (struct iovec){ &j->head, sizeof j->head };
	if (j->n < 2)
		return;
	j->head = (struct offload_head){ .flags = OFFLOAD_NEEDS_SUM,
		                         .kind = udp  ? OFFLOAD_UDP
		                                 : v4 ? OFFLOAD_TCP4
		                                      : OFFLOAD_TCP6,
		                         .header = (uint16_t)j->payload,
		                         .size = size,
		                         .sum_from = (uint16_t)j->view.header,
		                         .sum_at = udp ? UDP_SUM : TCP_SUM };
	if (v4) {
		ip_put16(at + V4_LENGTH, (uint32_t)j->total);
		ip_put16(at + V4_SUM, 0);
		ip_put16(at + V4_SUM, ip_checksum(ip_sum(0, span_of(at, j->view.header))));
	} else {
		ip_put16(at + V6_LENGTH, (uint32_t)(j->total - V6_MIN));
	}
	if (udp)
		ip_put16(upper + UDP_LENGTH, (uint32_t)n);
	uint64_t pseudo = ip_pseudo_sum(&j->view.from, &j->view.to, j->view.protocol, n);
	ip_put16(upper + j->head.sum_at, (uint16_t)~ip_checksum(pseudo));
}
