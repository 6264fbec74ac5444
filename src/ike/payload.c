// SPDX-License-Identifier: Apache-2.0
#include "ike/payload.h"

static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff };

static bool is_v4(const uint8_t ip[16])
{
	return memcmp(ip, mapped, sizeof mapped) == 0;
}

enum st ike_read_ke(struct span body, struct ike_ke *out)
{
	struct rd r = rd_of(body);
	struct ike_ke ke = { .group = rd_u16(&r) };
	rd_skip(&r, 2);
	ke.public = rd_rest(&r);
	if (r.bad)
		return ST_IKE_PAYLOAD;
	*out = ke;
	return ST_OK;
}

void ike_put_ke(struct ike_writer *w, uint16_t group, struct span public)
{
	const uint8_t *mark = w->w.at;
	wr_bytes(&w->w, public);
	wr_be(&w->w, 0, 2);
	wr_be(&w->w, group, 2);
	ike_put_head(w, PAYLOAD_KE, mark);
}

enum st ike_read_identity(struct span body, struct ike_identity *out)
{
	struct rd r = rd_of(body);
	struct ike_identity id = { .type = rd_u8(&r) };
	rd_skip(&r, 3);
	id.data = rd_rest(&r);
	if (r.bad || id.data.n > IKE_ID_MAX)
		return ST_IKE_PAYLOAD;
	*out = id;
	return ST_OK;
}

void ike_put_identity(struct ike_writer *w, enum ike_payload which, const struct ike_identity *id)
{
	const uint8_t *mark = w->w.at;
	wr_bytes(&w->w, id->data);
	wr_be(&w->w, 0, 3);
	wr_u8(&w->w, id->type);
	ike_put_head(w, which, mark);
}

enum st ike_read_proof(struct span body, struct ike_proof *out)
{
	struct rd r = rd_of(body);
	struct ike_proof p = { .method = rd_u8(&r) };
	rd_skip(&r, 3);
	p.data = rd_rest(&r);
	if (r.bad)
		return ST_IKE_PAYLOAD;
	*out = p;
	return ST_OK;
}

void ike_put_proof(struct ike_writer *w, uint8_t method, struct span data)
{
	const uint8_t *mark = w->w.at;
	wr_bytes(&w->w, data);
	wr_be(&w->w, 0, 3);
	wr_u8(&w->w, method);
	ike_put_head(w, PAYLOAD_AUTH, mark);
}

struct ike_ts ike_ts_of(const struct prefix *p)
{
	struct ike_ts t = { .port_last = UINT16_MAX };
	for (unsigned i = 0; i < 16; i++) {
		unsigned bits = p->bits > 8 * i ? p->bits - 8 * i : 0;
		uint8_t mask = (uint8_t)(bits >= 8 ? 0xff : 0xff00 >> bits);
		t.first[i] = p->ip[i] & mask;
		t.last[i] = (uint8_t)(t.first[i] | (uint8_t)~mask);
	}
	return t;
}

struct ike_ts ike_ts_of_ip(const uint8_t ip[16])
{
	struct prefix p = { .bits = 128 };
	memcpy(p.ip, ip, 16);
	return ike_ts_of(&p);
}

static void read_ip(struct rd *r, bool v4, uint8_t out[16])
{
	struct span s = rd_take(r, v4 ? 4 : 16);
	memset(out, 0, 16);
	if (v4)
		memcpy(out, mapped, sizeof mapped);
	if (s.n)
		memcpy(out + 16 - s.n, s.p, s.n);
}

static bool opaque(const struct ike_ts *t)
{
	return t->port_first == UINT16_MAX && t->port_last == 0;
}

static enum st read_one_ts(struct rd *r, struct ike_ts *t, bool *ours)
{
	uint8_t type = rd_u8(r);
	t->protocol = rd_u8(r);
	uint16_t length = rd_u16(r);
	struct rd body = rd_sub(r, length >= 4 ? length - 4u : SIZE_MAX);
	*ours = type == TS_IPV4 || type == TS_IPV6;
	if (r->bad)
		return ST_IKE_PAYLOAD;
	if (!*ours)
		return ST_OK;
	t->port_first = rd_u16(&body);
	t->port_last = rd_u16(&body);
	read_ip(&body, type == TS_IPV4, t->first);
	read_ip(&body, type == TS_IPV4, t->last);
	if (rd_end(&body) != ST_OK || memcmp(t->first, t->last, 16) > 0 ||
	    (t->port_first > t->port_last && !opaque(t)) || (type == TS_IPV6 && is_v4(t->first) != is_v4(t->last)))
		return ST_IKE_PAYLOAD;
	return ST_OK;
}

enum st ike_read_ts(struct span body, struct ike_ts_list *out)
{
	struct rd r = rd_of(body);
	struct ike_ts_list list = { 0 };
	uint8_t n = rd_u8(&r);
	rd_skip(&r, 3);
	for (unsigned i = 0; i < n; i++) {
		struct ike_ts t = { 0 };
		bool ours;
		if (read_one_ts(&r, &t, &ours) != ST_OK)
			return ST_IKE_PAYLOAD;
		if (ours && list.n < IKE_TS_MAX)
			list.at[list.n++] = t;
	}
	if (rd_end(&r) != ST_OK || n == 0)
		return ST_IKE_PAYLOAD;
	*out = list;
	return ST_OK;
}

void ike_put_ts(struct ike_writer *w, enum ike_payload which, const struct ike_ts_list *list)
{
	const uint8_t *mark = w->w.at;
	for (unsigned i = list->n; i-- > 0;) {
		const struct ike_ts *t = &list->at[i];
		bool v4 = is_v4(t->first);
		size_t skip = v4 ? 12 : 0;
		wr_bytes(&w->w, span_of(t->last + skip, 16 - skip));
		wr_bytes(&w->w, span_of(t->first + skip, 16 - skip));
		wr_be(&w->w, t->port_last, 2);
		wr_be(&w->w, t->port_first, 2);
		wr_be(&w->w, v4 ? 16 : 40, 2);
		wr_u8(&w->w, t->protocol);
		wr_u8(&w->w, v4 ? TS_IPV4 : TS_IPV6);
	}
	wr_be(&w->w, 0, 3);
	wr_u8(&w->w, list->n);
	ike_put_head(w, which, mark);
}

static bool any_port(const struct ike_ts *t)
{
	return t->port_first == 0 && t->port_last == UINT16_MAX;
}

static bool both_ports(const struct ike_ts *a, const struct ike_ts *b, struct ike_ts *out)
{
	if (opaque(a) || opaque(b)) {
		out->port_first = UINT16_MAX;
		out->port_last = 0;
		return (opaque(a) || any_port(a)) && (opaque(b) || any_port(b));
	}
	out->port_first = a->port_first > b->port_first ? a->port_first : b->port_first;
	out->port_last = a->port_last < b->port_last ? a->port_last : b->port_last;
	return out->port_first <= out->port_last;
}

static bool both(const struct ike_ts *a, const struct ike_ts *b, struct ike_ts *out)
{
	struct ike_ts t = { .protocol = a->protocol ? a->protocol : b->protocol };
	memcpy(t.first, memcmp(a->first, b->first, 16) > 0 ? a->first : b->first, 16);
	memcpy(t.last, memcmp(a->last, b->last, 16) < 0 ? a->last : b->last, 16);
	if ((a->protocol && b->protocol && a->protocol != b->protocol) || is_v4(a->first) != is_v4(b->first) ||
	    memcmp(t.first, t.last, 16) > 0 || !both_ports(a, b, &t))
		return false;
	*out = t;
	return true;
}

enum st ike_narrow(const struct ike_ts_list *mine, const struct ike_ts_list *theirs, struct ike_ts_list *out)
{
	struct ike_ts_list list = { 0 };
	for (unsigned i = 0; i < theirs->n; i++)
		for (unsigned k = 0; k < mine->n; k++)
			if (list.n < IKE_TS_MAX && both(&theirs->at[i], &mine->at[k], &list.at[list.n]))
				list.n++;
	if (list.n == 0)
		return ST_IKE_TS;
	*out = list;
	return ST_OK;
}

static bool same_ts(const struct ike_ts *a, const struct ike_ts *b)
{
	return memcmp(a->first, b->first, 16) == 0 && memcmp(a->last, b->last, 16) == 0 &&
	       a->port_first == b->port_first && a->port_last == b->port_last && a->protocol == b->protocol;
}

bool ike_ts_within(const struct ike_ts_list *inner, const struct ike_ts_list *outer)
{
	for (unsigned i = 0; i < inner->n; i++) {
		bool found = false;
		struct ike_ts t;
		for (unsigned k = 0; k < outer->n && !found; k++)
			found = both(&inner->at[i], &outer->at[k], &t) && same_ts(&t, &inner->at[i]);
		if (!found)
			return false;
	}
	return true;
}

enum st ike_read_configuration(struct span body, struct ike_configuration *out)
{
	struct rd r = rd_of(body);
	struct ike_configuration c = { .type = rd_u8(&r) };
	rd_skip(&r, 3);
	while (rd_left(&r) && !r.bad) {
		uint16_t type = rd_u16(&r) & 0x7fff, length = rd_u16(&r);
		struct span value = rd_take(&r, length);
		if (type != CP_IP4_ADDRESS || r.bad)
			continue;
		if (value.n != 0 && value.n != 4)
			return ST_IKE_PAYLOAD;
		c.has_ip4 = true;
		if (value.n)
			memcpy(c.ip4, value.p, 4);
	}
	if (r.bad)
		return ST_IKE_PAYLOAD;
	*out = c;
	return ST_OK;
}

void ike_put_configuration(struct ike_writer *w, uint8_t type, const uint8_t *ip4)
{
	const uint8_t *mark = w->w.at;
	wr_bytes(&w->w, span_of(ip4, ip4 ? 4 : 0));
	wr_be(&w->w, ip4 ? 4 : 0, 2);
	wr_be(&w->w, CP_IP4_ADDRESS, 2);
	wr_be(&w->w, 0, 3);
	wr_u8(&w->w, type);
	ike_put_head(w, PAYLOAD_CP, mark);
}

enum st ike_read_delete(struct span body, struct ike_delete *out)
{
	struct rd r = rd_of(body);
	struct ike_delete d = { .protocol = rd_u8(&r) };
	uint8_t size = rd_u8(&r);
	uint16_t n = rd_u16(&r);
	bool esp = d.protocol == PROTOCOL_ESP;
	if (esp ? size != 4 : n && d.protocol == PROTOCOL_IKE)
		return ST_IKE_PAYLOAD;
	for (unsigned i = 0; i < n; i++) {
		uint32_t spi = (uint32_t)rd_be(&r, size);
		if (esp && d.n < IKE_DELETE_SPIS_MAX)
			d.spi[d.n++] = spi;
	}
	if (rd_end(&r) != ST_OK)
		return ST_IKE_PAYLOAD;
	*out = d;
	return ST_OK;
}

void ike_put_delete(struct ike_writer *w, uint32_t spi)
{
	const uint8_t *mark = w->w.at;
	if (spi)
		wr_be(&w->w, spi, 4);
	wr_be(&w->w, spi ? 1 : 0, 2);
	wr_u8(&w->w, spi ? 4 : 0);
	wr_u8(&w->w, spi ? PROTOCOL_ESP : PROTOCOL_IKE);
	ike_put_head(w, PAYLOAD_DELETE, mark);
}
