// SPDX-License-Identifier: Apache-2.0
// The encrypted payload (RFC 7296 3.14, RFC 5282) and its fragments (RFC 7383).
#include <stdlib.h>

#include "ike/private.h"

static enum st put_iv(struct ike *ike, struct ike_sa *sa, uint8_t *iv, size_t n)
{
	if (!aead_key_alg(sa->seal)->counter)
		return random_bytes(ike->c.random, iv, n);
	struct wr w = wr_of(iv, n);
	wr_be(&w, ++sa->iv, n);
	return ST_OK;
}

struct piece {
	struct span text;
	uint8_t first;
	uint16_t number, total; // total 0: not a fragment
};

static size_t padding(const struct aead_alg *a, size_t text)
{
	return (a->block - (text + 1) % a->block) % a->block;
}

static size_t piece_size(const struct aead_alg *a, size_t text, bool fragment)
{
	return IKE_HEADER + 4u + (fragment ? 4u : 0) + a->iv + text + padding(a, text) + 1 + a->tag;
}

// Writes one message that ends where w ends, and encrypts it in place.
static enum st seal_piece(struct ike *ike, struct ike_sa *sa, const struct ike_header *h, const struct piece *p,
                          struct wr *out)
{
	const struct aead_alg *a = aead_key_alg(sa->seal);
	size_t pad = padding(a, p->text.n);
	struct ike_writer w = { wr_of(out->base, (size_t)(out->at - out->base)), p->first };
	const uint8_t *mark = w.w.at;
	(void)wr_room(&w.w, a->tag);
	wr_u8(&w.w, (uint8_t)pad);
	uint8_t *padded = wr_room(&w.w, pad);
	if (padded)
		memset(padded, 0, pad);
	wr_bytes(&w.w, p->text);
	uint8_t *iv = wr_room(&w.w, a->iv);
	if (p->total) {
		wr_be(&w.w, p->total, 2);
		wr_be(&w.w, p->number, 2);
	}
	ike_put_head(&w, p->total ? PAYLOAD_SKF : PAYLOAD_SK, mark);
	ike_put_header(&w, h);
	if (w.w.full)
		return ST_FULL;
	enum st st = put_iv(ike, sa, iv, a->iv);
	if (st != ST_OK)
		return st;
	struct aead_op op = { .key = sa->seal, .at = w.w.at, .head = (uint32_t)(iv - w.w.at) };
	op.text = (uint32_t)(p->text.n + pad + 1);
	aead_seal(ike->c.engine, &op, 1);
	out->at = w.w.at;
	return op.st;
}

enum st ike_seal(struct ike *ike, struct ike_sa *sa, uint8_t exchange, bool reply, uint32_t id, struct span chain,
                 uint8_t first, struct ike_messages *out)
{
	const struct aead_alg *a = aead_key_alg(sa->seal);
	struct ike_header h = { sa->spi_i, sa->spi_r, id, exchange, 0 };
	h.flags = (uint8_t)((sa->initiator ? IKE_FLAG_INITIATOR : 0) | (reply ? IKE_FLAG_RESPONSE : 0));
	size_t limit = ike->c.datagram, each = chain.n;
	uint16_t total = 0;
	if (sa->fragments && piece_size(a, chain.n, false) > limit) {
		each = limit - piece_size(a, 0, true) - a->block;
		total = (uint16_t)((chain.n + each - 1) / each);
	}
	size_t n = total ? total : 1;
	struct wr w = wr_of(ike->sealed, sizeof ike->sealed);
	enum st st = n > IKE_FRAGMENTS_MAX ? ST_FULL : ST_OK;
	for (size_t i = n; i-- > 0 && st == ST_OK;) { // backwards: the first one stands in front
		size_t from = i * each, size = chain.n - from < each ? chain.n - from : each;
		struct piece p = { span_of(chain.p + from, size), i ? PAYLOAD_NONE : first, (uint16_t)(i + 1), total };
		st = seal_piece(ike, sa, &h, &p, &w);
	}
	if (st == ST_OK && !ike_keep(out, span_of(w.at, (size_t)(w.end - w.at))))
		st = ST_NO_MEMORY;
	return st;
}

enum st ike_open_sealed(struct aead_engine *engine, const struct aead_key *key, const struct ike_message *m,
                        uint8_t *room, size_t n, struct span *chain)
{
	const struct aead_alg *a = aead_key_alg(key);
	size_t around = (size_t)a->iv + a->tag;
	if (m->text.n < around + 1 || m->whole.n > n)
		return ST_SHORT;
	memcpy(room, m->whole.p, m->whole.n);
	struct aead_op op = { .key = key, .at = room, .head = (uint32_t)m->head.n };
	op.text = (uint32_t)(m->text.n - around);
	if (op.text % a->block)
		return ST_FORGED;
	aead_open(engine, &op, 1);
	if (op.st != ST_OK)
		return op.st;
	const uint8_t *at = room + m->head.n + a->iv;
	uint8_t pad = at[op.text - 1];
	if (pad + 1u > op.text)
		return ST_IKE_PAYLOAD;
	*chain = span_of(at, op.text - pad - 1u);
	return ST_OK;
}

static enum st open_one(struct ike *ike, struct ike_sa *sa, const struct ike_message *m, struct span *text)
{
	return ike_open_sealed(ike->c.engine, sa->open, m, ike->scratch, sizeof ike->scratch, text);
}

bool ike_authentic(struct ike *ike, struct ike_sa *sa, const struct ike_message *m)
{
	struct span text;
	enum st st = sa->open ? open_one(ike, sa, m, &text) : ST_FORGED;
	return st == ST_OK || st == ST_IKE_PAYLOAD;
}

void ike_parts_free(struct ike_parts *p)
{
	for (size_t i = 0; p && i < IKE_FRAGMENTS_MAX; i++)
		free(p->part[i].at);
	free(p);
}

// Another message, or more fragments than before, and what is there goes (RFC 7383 2.6); fewer: the new one goes.
static enum st parts_for(struct ike_sa *sa, const struct ike_message *m)
{
	struct ike_parts **at = &sa->parts[m->reply], *p = *at;
	if (m->fragments > IKE_FRAGMENTS_MAX)
		return ST_IKE_FRAGMENT_LIMIT;
	if (p && p->id == m->id && p->total > m->fragments)
		return ST_IKE_FRAGMENT;
	if (p && p->id == m->id && p->total == m->fragments)
		return ST_OK;
	ike_parts_free(p);
	*at = calloc(1, sizeof *p);
	if (!*at)
		return ST_NO_MEMORY;
	(*at)->id = m->id;
	(*at)->total = m->fragments;
	return ST_OK;
}

static void join(struct ike *ike, struct ike_sa *sa, struct ike_message *m, struct span *chain)
{
	struct ike_parts *p = sa->parts[m->reply];
	size_t n = 0;
	for (size_t i = 0; i < p->total; i++) {
		memcpy(ike->scratch + n, p->part[i].at, p->part[i].n);
		n += p->part[i].n;
	}
	m->inner = p->first;
	*chain = span_of(ike->scratch, n);
	ike_parts_free(p);
	sa->parts[m->reply] = NULL;
}

static enum st keep_part(struct ike *ike, struct ike_sa *sa, struct ike_message *m, struct span text,
                         struct span *chain)
{
	enum st st = parts_for(sa, m);
	if (st != ST_OK)
		return st;
	struct ike_parts *p = sa->parts[m->reply];
	size_t i = m->fragment - 1u;
	if (p->part[i].at || text.n == 0)
		return ST_IKE_FRAGMENT;
	if (p->bytes + text.n > IKE_CHAIN_MAX)
		return ST_IKE_FRAGMENT_LIMIT;
	p->part[i].at = malloc(text.n);
	if (!p->part[i].at)
		return ST_NO_MEMORY;
	memcpy(p->part[i].at, text.p, text.n);
	p->part[i].n = text.n;
	p->bytes += text.n;
	if (i == 0)
		p->first = m->inner;
	if (++p->have < p->total)
		return ST_IKE_FRAGMENT;
	join(ike, sa, m, chain);
	return ST_OK;
}

enum st ike_unseal(struct ike *ike, struct ike_sa *sa, struct ike_message *m, struct span *chain)
{
	struct span text;
	if (!sa->open)
		return ST_IKE_UNEXPECTED;
	enum st st = open_one(ike, sa, m, &text);
	if (st != ST_OK)
		return st;
	if (!m->fragments) {
		*chain = text;
		return ST_OK;
	}
	return keep_part(ike, sa, m, text, chain);
}
