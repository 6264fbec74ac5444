// SPDX-License-Identifier: Apache-2.0
#include "encap/encap.h"

enum {
	IKE_HEAD = 28,
	IKE_LENGTH_AT = 24,
	IKE_VERSION_2 = 0x20,
	IKE_SA_INIT = 34,
	SHORTEST = 8,    // SPI and sequence number
	SPI_FIRST = 256, // RFC 4303 2.1
	MARKER = 4,
	EIGHT = 8,
};

// What the rows ask about.
struct look {
	const struct encap_rules *rules;
	const struct encap_known *known;
	struct span all;
	uint32_t first; // its first word; 0 when shorter
};

static uint32_t word_at(struct span s, size_t at)
{
	struct rd r = rd_of(s);
	rd_skip(&r, at);
	return rd_u32(&r);
}

static bool ours(const struct look *l, uint32_t spi)
{
	return spi >= SPI_FIRST && l->known->fn(l->known->arg, spi);
}

// RFC 7296 3.1: the header is there and its length is the datagram's. The version is for IKE to answer.
static bool ike_at(const struct look *l, size_t at)
{
	return l->all.n >= at + IKE_HEAD && word_at(l->all, at + IKE_LENGTH_AT) == l->all.n - at;
}

static bool is_esp(const struct look *l)
{
	return !l->rules->plain && l->all.n >= SHORTEST && ours(l, l->first);
}

static bool is_empty(const struct look *l)
{
	return l->all.n == 0;
}

static bool is_keepalive(const struct look *l)
{
	return l->all.n == 1 && l->all.p[0] == 0xff;
}

static bool is_runt(const struct look *l)
{
	return l->all.n < SHORTEST;
}

static bool is_plain_ike(const struct look *l)
{
	return l->rules->plain && word_at(l->all, 0) | word_at(l->all, 4) && ike_at(l, 0);
}

static bool is_marked_ike(const struct look *l)
{
	return !l->rules->plain && l->first == 0 && ike_at(l, MARKER);
}

static bool is_eight_off(const struct look *l)
{
	return l->first == 0 && word_at(l->all, 4) == 0 && l->all.n >= EIGHT + SHORTEST &&
	       ours(l, word_at(l->all, EIGHT));
}

static bool is_eight(const struct look *l)
{
	return l->rules->eight && is_eight_off(l);
}

static bool is_not_ike(const struct look *l)
{
	return l->rules->plain || l->first == 0;
}

// Exchange IKE_SA_INIT, version 2, no SPI of ours yet, message 0: the only message that comes before an SA knows better.
static bool is_init_off(const struct look *l)
{
	if (!ike_at(l, 0))
		return false;
	const uint8_t *h = l->all.p;
	return h[17] == IKE_VERSION_2 && h[18] == IKE_SA_INIT && !(word_at(l->all, 8) | word_at(l->all, 12)) &&
	       word_at(l->all, 20) == 0;
}

static bool is_init(const struct look *l)
{
	return l->rules->unmarked && is_init_off(l);
}

static bool is_reserved(const struct look *l)
{
	return l->first < SPI_FIRST;
}

static bool is_other(const struct look *l)
{
	return true;
}

// The first row that fits decides. ESP that is ours stands first because nearly all is that, and nothing else can be it.
static const struct {
	bool (*is)(const struct look *l);
	enum encap_kind kind;
	enum encap_framing framing;
	enum st why;
} rows[] = {
	{ is_esp, ENCAP_ESP, ENCAP_BARE, ST_OK },
	{ is_empty, ENCAP_DROP, ENCAP_BARE, ST_ENCAP_EMPTY },
	{ is_keepalive, ENCAP_DROP, ENCAP_BARE, ST_ENCAP_KEEPALIVE },
	{ is_runt, ENCAP_DROP, ENCAP_BARE, ST_ENCAP_RUNT },
	{ is_plain_ike, ENCAP_IKE, ENCAP_BARE, ST_OK },
	{ is_marked_ike, ENCAP_IKE, ENCAP_MARKER, ST_OK },
	{ is_eight, ENCAP_ESP, ENCAP_EIGHT, ST_OK },
	{ is_eight_off, ENCAP_DROP, ENCAP_EIGHT, ST_ENCAP_ZEROS },
	{ is_not_ike, ENCAP_DROP, ENCAP_BARE, ST_ENCAP_NOT_IKE },
	{ is_init, ENCAP_IKE, ENCAP_BARE, ST_OK },
	{ is_init_off, ENCAP_DROP, ENCAP_BARE, ST_ENCAP_UNMARKED },
	{ is_reserved, ENCAP_DROP, ENCAP_BARE, ST_ESP_RESERVED },
	{ is_other, ENCAP_DROP, ENCAP_BARE, ST_ESP_SPI },
};

static const uint8_t frame_size[ENCAP_FRAMINGS] = { [ENCAP_BARE] = 0, [ENCAP_MARKER] = MARKER, [ENCAP_EIGHT] = EIGHT };

struct encap_verdict encap_classify(const struct encap_rules *rules, const struct encap_known *known,
                                    struct span datagram)
{
	struct look l = { rules, known, datagram, word_at(datagram, 0) };
	size_t i = 0;
	while (!rows[i].is(&l))
		i++;
	struct encap_verdict v = { rows[i].kind, rows[i].framing, rows[i].why, { 0 } };
	struct rd r = rd_of(datagram);
	rd_skip(&r, frame_size[v.framing]);
	if (v.kind != ENCAP_DROP)
		v.body = rd_rest(&r);
	return v;
}

enum st encap_frame(struct packet *p, enum encap_framing framing)
{
	uint8_t *h = packet_push(p, frame_size[framing]);
	if (!h)
		return ST_FULL;
	memset(h, 0, frame_size[framing]);
	return ST_OK;
}
