// SPDX-License-Identifier: Apache-2.0
#include "ike/suite.h"

// By enum aead_id; in our order of preference in `preferred`.
static const struct {
	uint16_t encr, bits, integ; // bits 0: the key length is not said
} aead_wire[AEAD_COUNT] = {
	[AEAD_AES128_GCM16] = { 20, 128, 0 },       [AEAD_AES256_GCM16] = { 20, 256, 0 },
	[AEAD_CHACHA20_POLY1305] = { 28, 0, 0 },    [AEAD_AES128_SHA256_128] = { 12, 128, 12 },
	[AEAD_AES256_SHA256_128] = { 12, 256, 12 }, [AEAD_AES128_SHA1_96] = { 12, 128, 2 },
	[AEAD_AES256_SHA1_96] = { 12, 256, 2 },
};
static const uint8_t preferred[AEAD_COUNT] = {
	AEAD_AES256_GCM16,      AEAD_AES128_GCM16,   AEAD_CHACHA20_POLY1305, AEAD_AES256_SHA256_128,
	AEAD_AES128_SHA256_128, AEAD_AES256_SHA1_96, AEAD_AES128_SHA1_96,
};

static const struct {
	uint16_t wire;
	const struct digest_alg *digest;
} prfs[IKE_PRF_COUNT] = {
	[IKE_PRF_SHA256] = { 5, &digest_sha256 },
	[IKE_PRF_SHA384] = { 6, &digest_sha384 },
	[IKE_PRF_SHA512] = { 7, &digest_sha512 },
};

const struct digest_alg *ike_prf_at(enum ike_prf id)
{
	return prfs[id].digest;
}

// What one proposal of the peer holds of what we know, its head apart. encr and integ are bits by enum aead_id: the algorithms whose
// cipher, and whose integrity transform, are offered.
struct proposal {
	struct ike_proposal head;
	uint16_t encr, integ;
	uint8_t prfs, groups, esn;
	uint8_t count[TRANSFORM_ESN + 1];
	bool strange; // a kind of transform that we do not know: the proposal cannot be taken (RFC 7296 3.3.6)
};

static void take_transform(struct proposal *p, const struct ike_transform_seen *t)
{
	uint8_t type = t->type;
	uint16_t id = t->id, bits = t->bits;
	if (type < TRANSFORM_ENCR || type > TRANSFORM_ESN) {
		p->strange = true;
		return;
	}
	if (p->count[type] < UINT8_MAX)
		p->count[type]++;
	for (int i = 0; i < AEAD_COUNT; i++) {
		if (type == TRANSFORM_ENCR && aead_wire[i].encr == id && aead_wire[i].bits == bits)
			p->encr |= (uint16_t)(1u << i);
		if (type == TRANSFORM_INTEG && aead_wire[i].integ == id)
			p->integ |= (uint16_t)(1u << i);
	}
	for (int i = 0; i < IKE_PRF_COUNT; i++)
		if (type == TRANSFORM_PRF && prfs[i].wire == id)
			p->prfs |= (uint8_t)(1u << i);
	const struct dh_group *g = type == TRANSFORM_DH ? dh_find(id) : NULL;
	if (g)
		p->groups |= (uint8_t)(1u << g->id);
	if (type == TRANSFORM_DH && id == 0)
		p->groups |= IKE_NO_GROUP;
	if (type == TRANSFORM_ESN && id <= 1)
		p->esn |= id ? IKE_ESN_YES : IKE_ESN_NO;
}

// Attributes: the key length alone is known; with another one the transform is none of ours.
static bool read_bits(struct rd r, uint16_t *bits)
{
	*bits = 0;
	bool strange = false;
	while (rd_left(&r) && !r.bad) {
		uint16_t type = rd_u16(&r), value = rd_u16(&r);
		if (!(type & 0x8000))
			rd_skip(&r, value);
		if (type == (0x8000 | 14))
			*bits = value;
		else
			strange = true;
	}
	if (strange)
		*bits = UINT16_MAX;
	return !r.bad;
}

struct ike_proposals ike_proposals_of(struct span sa)
{
	return (struct ike_proposals){ .r = rd_of(sa) };
}

enum st ike_next_proposal(struct ike_proposals *p, struct ike_proposal *out)
{
	if (p->end)
		return rd_end(&p->r) == ST_OK ? ST_NONE : ST_IKE_PAYLOAD;
	p->end = rd_u8(&p->r) != 2;
	rd_skip(&p->r, 1);
	uint16_t length = rd_u16(&p->r);
	struct rd body = rd_sub(&p->r, length >= 4 ? length - 4u : SIZE_MAX);
	struct ike_proposal one = { .number = rd_u8(&body), .protocol = rd_u8(&body) };
	uint8_t size = rd_u8(&body);
	one.left = rd_u8(&body);
	one.spi = rd_take(&body, size);
	one.r = body;
	if (body.bad) {
		p->end = p->r.bad = true;
		return ST_IKE_PAYLOAD;
	}
	*out = one;
	return ST_OK;
}

enum st ike_next_transform(struct ike_proposal *p, struct ike_transform_seen *out)
{
	if (!p->left)
		return rd_end(&p->r) == ST_OK ? ST_NONE : ST_IKE_PAYLOAD;
	p->left--;
	uint8_t more = rd_u8(&p->r);
	rd_skip(&p->r, 1);
	uint16_t length = rd_u16(&p->r);
	struct ike_transform_seen t = { .type = rd_u8(&p->r) };
	rd_skip(&p->r, 1);
	t.id = rd_u16(&p->r);
	struct rd attributes = rd_sub(&p->r, length >= 8 ? length - 8u : SIZE_MAX);
	if (p->r.bad || more != (p->left ? 3 : 0) || !read_bits(attributes, &t.bits)) {
		p->left = 0;
		p->r.bad = true;
		return ST_IKE_PAYLOAD;
	}
	*out = t;
	return ST_OK;
}

static bool read_transforms(struct proposal *p)
{
	struct ike_transform_seen t;
	enum st st;
	while ((st = ike_next_transform(&p->head, &t)) == ST_OK)
		take_transform(p, &t);
	// Without an integrity transform, or with "none", it is what authenticated ciphers want.
	for (int i = 0; i < AEAD_COUNT; i++)
		if (!p->count[TRANSFORM_INTEG] && !aead_wire[i].integ)
			p->integ |= (uint16_t)(1u << i);
	if (!p->count[TRANSFORM_DH])
		p->groups |= IKE_NO_GROUP;
	if (!p->count[TRANSFORM_ESN])
		p->esn = IKE_ESN_NO;
	return st == ST_NONE;
}

static enum st read_proposals(struct span sa, struct proposal *out, size_t *n)
{
	struct ike_proposals walk = ike_proposals_of(sa);
	struct proposal p = { 0 };
	enum st st;
	*n = 0;
	while ((st = ike_next_proposal(&walk, &p.head)) == ST_OK) {
		if (!read_transforms(&p))
			return ST_IKE_PAYLOAD;
		if (*n < IKE_PROPOSALS_MAX)
			out[(*n)++] = p;
		p = (struct proposal){ 0 };
	}
	return st == ST_NONE ? ST_OK : st;
}

static const struct dh_group *pick_group(unsigned both, uint16_t ke)
{
	const struct dh_group *wanted = dh_find(ke);
	if (wanted && both & 1u << wanted->id)
		return wanted;
	for (int i = 0; i < DH_COUNT; i++)
		if (both & 1u << i)
			return dh_at(i);
	return NULL;
}

static bool match(const struct proposal *p, enum ike_protocol protocol, const struct ike_offer *mine, int aead,
                  uint16_t ke, struct ike_suite *out)
{
	unsigned bit = 1u << aead, groups = p->groups & mine->groups, prf_set = p->prfs & mine->prfs;
	if (p->strange || p->head.protocol != protocol || !(p->encr & p->integ & mine->aeads & bit))
		return false;
	struct ike_suite s = { .aead = aead_at(aead), .number = p->head.number };
	if (protocol == PROTOCOL_IKE) {
		for (int i = IKE_PRF_COUNT - 1; i >= 0; i--)
			if (prf_set & 1u << i)
				s.prf = prfs[i].digest;
		s.group = pick_group(groups & ~(unsigned)IKE_NO_GROUP, ke);
		if (!s.prf || !s.group || (p->head.spi.n != 0 && p->head.spi.n != 8))
			return false;
	} else {
		if (!(mine->groups & IKE_ANY_GROUP)) {
			s.group = pick_group(groups & ~(unsigned)IKE_NO_GROUP, ke);
			if ((!s.group || !ke) && groups & IKE_NO_GROUP)
				s.group = NULL;
			else if (!s.group)
				return false;
		}
		uint8_t esn = p->esn & mine->esn;
		if (!esn || p->head.spi.n != 4)
			return false;
		s.esn = esn & IKE_ESN_YES;
	}
	struct rd spi = rd_of(p->head.spi);
	s.spi = rd_be(&spi, p->head.spi.n);
	*out = s;
	return true;
}

enum st ike_choose(struct span sa, enum ike_protocol protocol, const struct ike_offer *mine, uint16_t ke,
                   struct ike_suite *out)
{
	struct proposal list[IKE_PROPOSALS_MAX];
	size_t n;
	enum st st = read_proposals(sa, list, &n);
	if (st != ST_OK)
		return st;
	for (int a = 0; a < AEAD_COUNT; a++)
		for (size_t i = 0; i < n; i++)
			if (match(&list[i], protocol, mine, preferred[a], ke, out))
				return ST_OK;
	return ST_IKE_PROPOSAL;
}

enum st ike_accept(struct span sa, enum ike_protocol protocol, const struct ike_offer *mine, struct ike_suite *out)
{
	struct proposal list[IKE_PROPOSALS_MAX];
	size_t n;
	enum st st = read_proposals(sa, list, &n);
	if (st != ST_OK)
		return st;
	if (n != 1)
		return ST_IKE_PROPOSAL;
	for (int type = TRANSFORM_ENCR; type <= TRANSFORM_ESN; type++)
		if (list[0].count[type] > 1)
			return ST_IKE_PROPOSAL;
	return ike_choose(sa, protocol, mine, 0, out);
}

struct transforms {
	struct ike_writer *w;
	uint8_t n;
};

static void put_transform(struct transforms *t, enum ike_transform type, uint16_t id, uint16_t bits)
{
	struct wr *w = &t->w->w;
	const uint8_t *mark = w->at;
	if (bits) {
		wr_be(w, bits, 2);
		wr_be(w, 0x8000 | 14, 2);
	}
	wr_be(w, id, 2);
	wr_u8(w, 0);
	wr_u8(w, (uint8_t)type);
	wr_be(w, (uint64_t)(mark - w->at) + 4, 2);
	wr_u8(w, 0);
	wr_u8(w, t->n++ ? 3 : 0);
}

// Of algorithms that share a cipher or an integrity transform each is said once.
static void put_ciphers(struct transforms *t, uint16_t aeads, enum ike_transform type)
{
	uint32_t said[AEAD_COUNT];
	size_t n = 0;
	for (int i = AEAD_COUNT - 1; i >= 0; i--) {
		int a = preferred[i];
		bool encr = type == TRANSFORM_ENCR;
		uint32_t value = encr ? (uint32_t)aead_wire[a].encr << 16 | aead_wire[a].bits : aead_wire[a].integ;
		bool skip = !(aeads & 1u << a) || (!encr && !value);
		for (size_t k = 0; k < n; k++)
			skip |= said[k] == value;
		if (skip)
			continue;
		said[n++] = value;
		put_transform(t, type, encr ? aead_wire[a].encr : aead_wire[a].integ, encr ? aead_wire[a].bits : 0);
	}
}

static void put_proposal(struct ike_writer *w, bool last, uint8_t number, enum ike_protocol protocol,
                         const struct ike_offer *o, struct span spi)
{
	const uint8_t *mark = w->w.at;
	struct transforms t = { .w = w };
	if (protocol == PROTOCOL_ESP) {
		if (o->esn & IKE_ESN_NO)
			put_transform(&t, TRANSFORM_ESN, 0, 0);
		if (o->esn & IKE_ESN_YES)
			put_transform(&t, TRANSFORM_ESN, 1, 0);
	}
	if (protocol == PROTOCOL_ESP && o->groups & IKE_NO_GROUP && o->groups & (IKE_NO_GROUP - 1))
		put_transform(&t, TRANSFORM_DH, 0, 0);
	for (int i = DH_COUNT - 1; i >= 0; i--)
		if (o->groups & 1u << i)
			put_transform(&t, TRANSFORM_DH, dh_at(i)->wire, 0);
	put_ciphers(&t, o->aeads, TRANSFORM_INTEG);
	for (int i = IKE_PRF_COUNT - 1; i >= 0; i--)
		if (protocol == PROTOCOL_IKE && o->prfs & 1u << i)
			put_transform(&t, TRANSFORM_PRF, prfs[i].wire, 0);
	put_ciphers(&t, o->aeads, TRANSFORM_ENCR);
	wr_bytes(&w->w, spi);
	wr_u8(&w->w, t.n);
	wr_u8(&w->w, (uint8_t)spi.n);
	wr_u8(&w->w, (uint8_t)protocol);
	wr_u8(&w->w, number);
	wr_be(&w->w, (uint64_t)(mark - w->w.at) + 4, 2);
	wr_u8(&w->w, 0);
	wr_u8(&w->w, last ? 0 : 2);
}

void ike_put_offer(struct ike_writer *w, enum ike_protocol protocol, const struct ike_offer *mine, struct span spi)
{
	const uint8_t *mark = w->w.at;
	uint16_t parts[2] = { 0 }; // authenticated ciphers; ciphers with a HMAC
	for (int i = 0; i < AEAD_COUNT; i++)
		parts[aead_wire[i].integ != 0] |= mine->aeads & (uint16_t)(1u << i);
	bool last = true;
	uint8_t number = parts[0] && parts[1] ? 2 : 1;
	for (int part = 1; part >= 0; part--) {
		if (!parts[part])
			continue;
		struct ike_offer o = *mine;
		o.aeads = parts[part];
		put_proposal(w, last, number--, protocol, &o, spi);
		last = false;
	}
	ike_put_head(w, PAYLOAD_SA, mark);
}

void ike_put_suite(struct ike_writer *w, enum ike_protocol protocol, const struct ike_suite *s, struct span spi)
{
	const uint8_t *mark = w->w.at;
	struct ike_offer o = { .aeads = (uint16_t)(1u << s->aead->id), .esn = s->esn ? IKE_ESN_YES : IKE_ESN_NO };
	for (int i = 0; i < IKE_PRF_COUNT; i++)
		if (s->prf == prfs[i].digest)
			o.prfs = (uint8_t)(1u << i);
	if (s->group)
		o.groups = (uint8_t)(1u << s->group->id);
	put_proposal(w, true, s->number, protocol, &o, spi);
	ike_put_head(w, PAYLOAD_SA, mark);
}
