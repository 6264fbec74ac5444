// SPDX-License-Identifier: Apache-2.0
// Pairs of ESP SAs: choosing what a pair is (RFC 7296 2.9, 2.17), installing and removing it.
#include <stdlib.h>

#include "ike/private.h"

static struct ike_child **bucket(const struct ike *ike, uint32_t in)
{
	struct hash h = hash_begin(&ike->hash);
	hash_add(&h, span_of(&in, sizeof in));
	return &ike->by_in[hash_end(&h) % IKE_BUCKETS];
}

struct ike_child *ike_child_find(const struct ike *ike, uint32_t in)
{
	struct ike_child *c = *bucket(ike, in);
	while (c && c->in != in)
		c = c->next_in;
	return c;
}

struct ike_child *ike_child_find_out(const struct ike_sa *sa, uint32_t out)
{
	struct ike_child *c = sa->children;
	while (c && c->out != out)
		c = c->next;
	return c;
}

uint32_t ike_spi_take(struct ike *ike, uint32_t site)
{
	uint32_t spi = 0;
	while (spi <= UINT8_MAX || ike_child_find(ike, spi)) { // 1 to 255 are reserved (RFC 4303 2.1)
		if (random_bytes(ike->c.random, &spi, sizeof spi) != ST_OK)
			return 0;
		if (ike->c.shape)
			spi = ike->c.shape(ike->c.arg, site, spi);
	}
	return spi;
}

void ike_spi_give(struct ike_turn *t, uint32_t spi)
{
	uint32_t site = t->sa ? t->sa->site : IKE_NO_SITE;
	if (spi)
		ike_tell(t, (struct ike_effect){ .kind = IKE_SPI_FREE, .site = site, .spi = spi });
}

// As responder any of our groups, or none, unless the site names them.
struct ike_offer ike_esp_offer(const struct ike_site *s)
{
	struct ike_offer o = s->esp;
	if (!o.groups)
		o.groups = IKE_NO_GROUP | (IKE_NO_GROUP - 1);
	return o;
}

// Where the peer has an inner address of ours, that is all of what is there.
static struct ike_ts_list allowed_there(const struct ike_site *s)
{
	static const uint8_t none[4];
	struct ike_ts_list list = s->there;
	if (memcmp(s->address, none, sizeof none) != 0) {
		uint8_t ip[16] = { [10] = 0xff, [11] = 0xff };
		memcpy(ip + 12, s->address, 4);
		list = (struct ike_ts_list){ .at = { ike_ts_of_ip(ip) }, .n = 1 };
	}
	return list;
}

static struct ike_ts_list allowed_here(const struct ike_sa *sa, const struct ike_site *s)
{
	static const uint8_t none[4];
	struct ike_ts_list list = s->here;
	if (memcmp(sa->address, none, sizeof none) != 0) {
		uint8_t ip[16] = { [10] = 0xff, [11] = 0xff };
		memcpy(ip + 12, sa->address, 4);
		list = (struct ike_ts_list){ .at = { ike_ts_of_ip(ip) }, .n = 1 };
	}
	return list;
}

// In transport mode the addresses are those of the ends, which a NAT may have changed: protocol and ports alone are ours to
// judge (RFC 7296 2.23.1).
static enum st narrow(const struct ike_ts_list *mine, const struct ike_ts_list *theirs, bool transport,
                      struct ike_ts_list *out)
{
	if (!transport)
		return ike_narrow(mine, theirs, out);
	*out = *theirs;
	return theirs->n ? ST_OK : ST_IKE_TS;
}

static enum st read_both_ts(const struct ike_message *m, struct ike_ts_list *i, struct ike_ts_list *r)
{
	enum st st = ike_read_ts(ike_body(m, PAYLOAD_TSI), i);
	return st == ST_OK ? ike_read_ts(ike_body(m, PAYLOAD_TSR), r) : st;
}

enum st ike_child_plan_of(struct ike_turn *t, bool first, uint16_t ke, struct ike_child_plan *p)
{
	const struct ike_site *site = &t->ike->sites[t->sa->site].c;
	struct ike_offer mine = ike_esp_offer(site);
	struct ike_ts_list tsi, tsr, there = allowed_there(site);
	if (first)
		mine.groups = IKE_ANY_GROUP;
	*p = (struct ike_child_plan){ 0 };
	p->transport = site->transport && ike_find_notify(t->m, N_USE_TRANSPORT_MODE);
	p->tfc = !ike_find_notify(t->m, N_ESP_TFC_PADDING_NOT_SUPPORTED);
	enum st st = ike_choose(ike_body(t->m, PAYLOAD_SA), PROTOCOL_ESP, &mine, ke, &p->suite);
	if (st == ST_OK && p->suite.spi <= UINT8_MAX)
		st = ST_IKE_PROPOSAL;
	if (st == ST_OK)
		st = read_both_ts(t->m, &tsi, &tsr);
	if (st == ST_OK)
		st = narrow(&site->here, &tsr, p->transport, &p->here);
	if (st == ST_OK)
		st = narrow(&there, &tsi, p->transport, &p->there);
	return st;
}

// As initiator: within what we asked for.
enum st ike_child_accept(struct ike_turn *t, bool first, struct ike_child_plan *p)
{
	const struct ike_site *site = &t->ike->sites[t->sa->site].c;
	struct ike_offer mine = ike_esp_offer(site);
	struct ike_ts_list tsi, tsr, here = allowed_here(t->sa, site), there = allowed_there(site);
	if (first)
		mine.groups = IKE_ANY_GROUP;
	*p = (struct ike_child_plan){ 0 };
	p->transport = ike_find_notify(t->m, N_USE_TRANSPORT_MODE);
	p->tfc = !ike_find_notify(t->m, N_ESP_TFC_PADDING_NOT_SUPPORTED);
	enum st st = ike_accept(ike_body(t->m, PAYLOAD_SA), PROTOCOL_ESP, &mine, &p->suite);
	if (st == ST_OK && (p->suite.spi <= UINT8_MAX || (p->transport && !site->transport)))
		st = ST_IKE_PROPOSAL;
	if (st == ST_OK)
		st = read_both_ts(t->m, &tsi, &tsr);
	if (st == ST_OK)
		st = narrow(&here, &tsi, p->transport, &p->here);
	if (st == ST_OK)
		st = narrow(&there, &tsr, p->transport, &p->there);
	return st;
}

static void tell_pair(struct ike_turn *t, const struct ike_child *c, const struct ike_child_plan *p,
                      const uint8_t *key_in, const uint8_t *key_out, bool asked, uint32_t replaces)
{
	struct ike_pair pair = { .in = c->in, .out = c->out, .replaces = replaces, .aead = p->suite.aead };
	memcpy(pair.key_in, key_in, sizeof pair.key_in);
	memcpy(pair.key_out, key_out, sizeof pair.key_out);
	pair.esn = p->suite.esn;
	pair.transport = p->transport;
	pair.tfc = p->tfc;
	pair.send_now = !p->quiet && (asked || !replaces);
	pair.never = p->quiet;
	pair.here = p->here;
	pair.there = p->there;
	ike_tell(t,
	         (struct ike_effect){ .kind = IKE_PAIR_UP, .site = t->sa->site, .path = t->sa->path, .pair = &pair });
	secret_wipe(&pair, sizeof pair);
}

// `asked`: the exchange was ours, so the first keys are for what we send (RFC 7296 2.17).
struct ike_child *ike_child_up(struct ike_turn *t, const struct ike_child_plan *p, uint32_t in, bool asked,
                               struct span shared, const struct ike_nonce *ni, const struct ike_nonce *nr,
                               uint32_t replaces)
{
	struct ike *ike = t->ike;
	struct ike_sa *sa = t->sa;
	uint8_t first[IKE_KEYMAT_MAX] = { 0 }, second[IKE_KEYMAT_MAX] = { 0 };
	struct ike_child *c = calloc(1, sizeof *c);
	if (!c || ike_child_keys(sa, p->suite.aead, shared, ni, nr, first, second) != ST_OK) {
		free(c);
		return NULL;
	}
	int64_t life = ike->sites[sa->site].c.child_life;
	c->sa = sa;
	c->in = in;
	c->out = (uint32_t)p->suite.spi;
	c->suite = p->suite;
	c->transport = p->transport;
	c->here = p->here;
	c->there = p->there;
	c->soft = t->now + ike_jitter(ike, life);
	c->hard = t->now + life;
	c->next = sa->children;
	sa->children = c;
	struct ike_child **b = bucket(ike, in);
	c->next_in = *b;
	*b = c;
	ike->counters.pairs++;
	tell_pair(t, c, p, asked ? second : first, asked ? first : second, asked, replaces);
	secret_wipe(first, sizeof first);
	secret_wipe(second, sizeof second);
	return c;
}

void ike_child_down(struct ike_turn *t, struct ike_child *c, enum st why)
{
	struct ike_child **at = &c->sa->children, **b = bucket(t->ike, c->in);
	while (*at != c)
		at = &(*at)->next;
	*at = c->next;
	while (*b != c)
		b = &(*b)->next_in;
	*b = c->next_in;
	t->ike->counters.pairs--;
	ike_tell(t, (struct ike_effect){ .kind = IKE_PAIR_DOWN, .site = c->sa->site, .spi = c->in, .why = why });
	free(c);
}

void ike_children_move(struct ike_sa *from, struct ike_sa *to)
{
	struct ike_child **end = &to->children;
	while (*end)
		end = &(*end)->next;
	*end = from->children;
	from->children = NULL;
	for (struct ike_child *c = to->children; c; c = c->next)
		c->sa = to;
}

static struct span spi_span(uint32_t spi, uint8_t octets[4])
{
	struct wr w = wr_of(octets, 4);
	wr_be(&w, spi, 4);
	return wr_span(&w);
}

void ike_put_child_answer(struct ike_turn *t, const struct ike_child_plan *p, uint32_t in)
{
	uint8_t octets[4];
	if (p->transport)
		ike_put_notify(&t->reply, N_USE_TRANSPORT_MODE, (struct span){ 0 });
	ike_put_ts(&t->reply, PAYLOAD_TSR, &p->here);
	ike_put_ts(&t->reply, PAYLOAD_TSI, &p->there);
	ike_put_suite(&t->reply, PROTOCOL_ESP, &p->suite, spi_span(in, octets));
}

// `old` NULL: all that the site allows; else what the pair carries, so that a rekey never narrows it.
void ike_put_child_offer(struct ike_turn *t, struct ike_writer *w, uint32_t in, const struct ike_child *old,
                         const struct ike_offer *offer)
{
	const struct ike_site *site = &t->ike->sites[t->sa->site].c;
	struct ike_ts_list here = old ? old->here : allowed_here(t->sa, site),
	                   there = old ? old->there : allowed_there(site);
	uint8_t octets[4];
	if (old ? old->transport : site->transport)
		ike_put_notify(w, N_USE_TRANSPORT_MODE, (struct span){ 0 });
	if (site->ask_address && !old && t->sa->state < IKE_UP) // whichever we are given
		here = (struct ike_ts_list){
			.at = { { .first = { [10] = 0xff, [11] = 0xff }, .port_last = UINT16_MAX } }, .n = 1
		};
	if (site->ask_address && !old && t->sa->state < IKE_UP) {
		memcpy(here.at[0].last, here.at[0].first, 16);
		memset(here.at[0].last + 12, 0xff, 4);
	}
	ike_put_ts(w, PAYLOAD_TSR, &there);
	ike_put_ts(w, PAYLOAD_TSI, &here);
	ike_put_offer(w, PROTOCOL_ESP, offer, spi_span(in, octets));
}
