// SPDX-License-Identifier: Apache-2.0
#include "ike/message.h"

// Payloads that may come more than once in a message.
static const uint32_t several = P(NOTIFY) | P(DELETE) | P(VENDOR) | P(CERT) | P(CERTREQ);

enum st ike_read_header(struct span datagram, struct ike_message *m)
{
	struct rd r = rd_of(datagram);
	*m = (struct ike_message){ .whole = datagram };
	m->spi_i = rd_u64(&r);
	m->spi_r = rd_u64(&r);
	m->first = rd_u8(&r);
	uint8_t version = rd_u8(&r);
	m->exchange = rd_u8(&r);
	uint8_t flags = rd_u8(&r);
	m->id = rd_u32(&r);
	uint32_t length = rd_u32(&r);
	if (r.bad)
		return ST_SHORT;
	m->reply = flags & IKE_FLAG_RESPONSE;
	m->from_initiator = flags & IKE_FLAG_INITIATOR;
	if (version >> 4 != IKE_VERSION >> 4)
		return ST_IKE_VERSION;
	if (length != datagram.n || m->spi_i == 0 || m->exchange < IKE_SA_INIT || m->exchange > IKE_INFORMATIONAL)
		return ST_IKE_HEADER;
	return ST_OK;
}

static enum st read_notify(struct span body, struct ike_message *m)
{
	struct rd r = rd_of(body);
	struct ike_notify n = { .protocol = rd_u8(&r) };
	uint8_t size = rd_u8(&r);
	n.type = rd_u16(&r);
	n.spi = rd_take(&r, size);
	n.data = rd_rest(&r);
	if (r.bad || m->n_notify == IKE_NOTIFIES_MAX)
		return ST_IKE_PAYLOAD;
	m->notify[m->n_notify++] = n;
	return ST_OK;
}

static enum st keep(struct span *list, uint8_t *n, size_t room, struct span body)
{
	if (*n == room)
		return ST_IKE_PAYLOAD;
	list[(*n)++] = body;
	return ST_OK;
}

static enum st keep_body(uint8_t type, struct span body, struct ike_message *m)
{
	switch (type) {
	case PAYLOAD_NOTIFY:
		return read_notify(body, m);
	case PAYLOAD_DELETE:
		return keep(m->deletes, &m->n_deletes, IKE_DELETES_MAX, body);
	case PAYLOAD_CERT:
		return keep(m->certs, &m->n_certs, IKE_CERTS_MAX, body);
	case PAYLOAD_CERTREQ:
		return keep(m->requests, &m->n_requests, IKE_CERTS_MAX, body);
	default:
		m->body[type - PAYLOAD_FIRST] = body;
		return ST_OK;
	}
}

// The encrypted payload is always the last one; its next field names the first payload within (RFC 7296 3.14).
static enum st keep_encrypted(uint8_t type, uint8_t next, struct span body, struct ike_message *m)
{
	struct rd r = rd_of(body);
	m->inner = next;
	if (type == PAYLOAD_SKF) {
		m->fragment = rd_u16(&r);
		m->fragments = rd_u16(&r);
		if (m->fragment == 0 || m->fragment > m->fragments || (m->fragment > 1 && next != PAYLOAD_NONE))
			return ST_IKE_PAYLOAD;
	}
	if (r.bad)
		return ST_IKE_PAYLOAD;
	m->head = span_of(m->whole.p, (size_t)(r.at - m->whole.p));
	m->text = rd_rest(&r);
	return ST_OK;
}

static bool known(uint8_t type)
{
	return (type >= PAYLOAD_SA && type <= PAYLOAD_EAP) || type == PAYLOAD_SKF;
}

static enum st read_one(uint8_t type, uint8_t next, struct span body, uint32_t *set, struct ike_message *m)
{
	uint32_t bit = UINT32_C(1) << (type - PAYLOAD_FIRST);
	if ((*set & bit) && !(several & bit))
		return ST_IKE_PAYLOAD;
	*set |= bit;
	if (type == PAYLOAD_SK || type == PAYLOAD_SKF)
		return set == &m->sealed ? ST_IKE_PAYLOAD : keep_encrypted(type, next, body, m);
	return keep_body(type, body, m);
}

struct ike_walk ike_walk_clear(const struct ike_message *m)
{
	struct ike_walk w = { .r = rd_of(m->whole), .type = m->first };
	rd_skip(&w.r, IKE_HEADER);
	return w;
}

struct ike_walk ike_walk_sealed(struct span chain, uint8_t first)
{
	return (struct ike_walk){ .r = rd_of(chain), .type = first };
}

enum st ike_walk_next(struct ike_walk *w, struct ike_part *out)
{
	if (w->type == PAYLOAD_NONE || w->end)
		return rd_end(&w->r) == ST_OK ? ST_NONE : ST_IKE_PAYLOAD;
	struct ike_part p = { .type = w->type, .next = rd_u8(&w->r) };
	p.critical = rd_u8(&w->r) & 0x80;
	uint16_t length = rd_u16(&w->r);
	p.body = rd_take(&w->r, length >= 4 ? length - 4u : SIZE_MAX);
	if (w->r.bad || w->count == IKE_PAYLOADS_MAX) {
		w->r.bad = w->end = true;
		return ST_IKE_PAYLOAD;
	}
	w->count++;
	w->end = p.type == PAYLOAD_SK || p.type == PAYLOAD_SKF;
	w->type = p.next;
	*out = p;
	return ST_OK;
}

// A payload that is not known is passed over, or, where it says that it is critical, names itself (RFC 7296 2.5).
static enum st read_chain(struct ike_walk w, uint32_t *set, struct ike_message *m)
{
	struct ike_part p;
	enum st st;
	while ((st = ike_walk_next(&w, &p)) == ST_OK) {
		if (!known(p.type)) {
			m->strange |= set == &m->clear;
			m->critical = p.critical && !m->critical ? p.type : m->critical;
		} else if ((st = read_one(p.type, p.next, p.body, set, m)) != ST_OK) {
			return st;
		}
	}
	if (st != ST_NONE)
		return st;
	return m->critical ? ST_IKE_CRITICAL : ST_OK;
}

enum st ike_read_clear(struct ike_message *m)
{
	return read_chain(ike_walk_clear(m), &m->clear, m);
}

enum st ike_read_sealed(struct span chain, struct ike_message *m)
{
	return read_chain(ike_walk_sealed(chain, m->inner), &m->sealed, m);
}

const struct ike_notify *ike_find_notify(const struct ike_message *m, enum ike_notify_type type)
{
	for (size_t i = 0; i < m->n_notify; i++)
		if (m->notify[i].type == type)
			return &m->notify[i];
	return NULL;
}

const struct ike_notify *ike_find_error(const struct ike_message *m)
{
	for (size_t i = 0; i < m->n_notify; i++)
		if (m->notify[i].type < N_ERRORS)
			return &m->notify[i];
	return NULL;
}

struct ike_writer ike_writer_of(void *buffer, size_t n)
{
	return (struct ike_writer){ wr_of(buffer, n), PAYLOAD_NONE };
}

void ike_put_head(struct ike_writer *w, enum ike_payload type, const uint8_t *mark)
{
	size_t n = (size_t)(mark - w->w.at) + 4;
	wr_be(&w->w, n, 2);
	wr_u8(&w->w, 0);
	wr_u8(&w->w, w->next);
	if (n > UINT16_MAX)
		w->w.full = true;
	w->next = (uint8_t)type;
}

void ike_put(struct ike_writer *w, enum ike_payload type, struct span body)
{
	const uint8_t *mark = w->w.at;
	wr_bytes(&w->w, body);
	ike_put_head(w, type, mark);
}

static void put_notify(struct ike_writer *w, enum ike_notify_type type, enum ike_protocol protocol, struct span spi,
                       struct span data)
{
	const uint8_t *mark = w->w.at;
	wr_bytes(&w->w, data);
	wr_bytes(&w->w, spi);
	wr_be(&w->w, type, 2);
	wr_u8(&w->w, (uint8_t)spi.n);
	wr_u8(&w->w, (uint8_t)protocol);
	ike_put_head(w, PAYLOAD_NOTIFY, mark);
}

void ike_put_notify(struct ike_writer *w, enum ike_notify_type type, struct span data)
{
	put_notify(w, type, PROTOCOL_NONE, (struct span){ 0 }, data);
}

void ike_put_notify_spi(struct ike_writer *w, enum ike_notify_type type, uint32_t spi, struct span data)
{
	uint8_t octets[4];
	struct wr s = wr_of(octets, sizeof octets);
	wr_be(&s, spi, 4);
	put_notify(w, type, PROTOCOL_ESP, wr_span(&s), data);
}

void ike_put_header(struct ike_writer *w, const struct ike_header *h)
{
	size_t n = (size_t)(w->w.end - w->w.at) + IKE_HEADER;
	wr_be(&w->w, n, 4);
	wr_be(&w->w, h->id, 4);
	wr_u8(&w->w, h->flags);
	wr_u8(&w->w, h->exchange);
	wr_u8(&w->w, IKE_VERSION);
	wr_u8(&w->w, w->next);
	wr_be(&w->w, h->spi_r, 8);
	wr_be(&w->w, h->spi_i, 8);
}
