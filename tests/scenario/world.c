// SPDX-License-Identifier: Apache-2.0
#include "world.h"

#include <stdlib.h>

static struct ike_out effects;

struct ike_out *world_out(void)
{
	return &effects;
}

uint32_t world_random(struct world *w, uint32_t below)
{
	w->seed = w->seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return (uint32_t)((w->seed >> 33) % below);
}

static enum st draw(void *arg, void *out, size_t n)
{
	uint8_t *at = out;
	for (size_t i = 0; i < n; i++)
		at[i] = (uint8_t)world_random(arg, 256);
	return ST_OK;
}

static struct ike_ts_list everything(const char *prefix)
{
	struct prefix p;
	assert_int_equal(prefix_parse(prefix, &p), ST_OK);
	return (struct ike_ts_list){ .at = { ike_ts_of(&p) }, .n = 1 };
}

struct setting setting_plain(void)
{
	struct setting s = { 0 };
	static const char *const names[NODES] = { "site1", "coll" };
	static const char *const inner[NODES] = { "10.99.1.0/24", "10.99.2.1/32" };
	for (int i = 0; i < NODES; i++) {
		struct ike_site *c = &s.site[i];
		c->name = names[1 - i];
		c->local = (struct ike_identity){ ID_FQDN, span_str(names[i]) };
		c->remote = (struct ike_identity){ ID_FQDN, span_str(names[1 - i]) };
		c->psk = span_str("trapline-test-key-of-some-length");
		c->here = everything(inner[i]);
		c->there = everything(inner[1 - i]);
		c->dpd = 30 * IKE_SECOND;
	}
	s.site[SITE].initiate = true;
	assert_int_equal(addr_parse("10.1.0.2:4500", &s.site[SITE].path.local), ST_OK);
	assert_int_equal(addr_parse("192.0.2.2:2797", &s.site[SITE].path.remote), ST_OK);
	return s;
}

static void start(struct world *w, int which, struct setting *s)
{
	struct node *n = &w->node[which];
	struct ike_config c = s->config[which];
	assert_int_equal(aead_engine_new(aead_best(), w->crypto, &n->engine), ST_OK);
	c.crypto = w->crypto;
	c.engine = n->engine;
	c.random = (struct random){ draw, w };
	assert_int_equal(ike_new(&c, &n->ike), ST_OK);
	assert_int_equal(ike_add_site(n->ike, &s->site[which], &n->site), ST_OK);
	n->address = which == SITE ? s->site[SITE].path.local : s->site[SITE].path.remote;
}

void world_new(struct world *w, struct setting *s, uint64_t seed)
{
	*w = (struct world){ .seed = seed, .now = IKE_SECOND, .nat_port = 33000 };
	assert_int_equal(crypto_init(&w->crypto), ST_OK);
	for (int i = 0; i < NODES; i++)
		start(w, i, s);
}

static void stop(struct world *w, int which)
{
	ike_free(w->node[which].ike);
	aead_engine_free(w->node[which].engine);
	w->node[which] = (struct node){ 0 };
}

void world_done(struct world *w)
{
	for (int i = 0; i < NODES; i++)
		stop(w, i);
	while (w->n_flight)
		free(w->flight[--w->n_flight].bytes);
	ike_out_done(&effects);
	crypto_free(w->crypto);
}

void world_restart(struct world *w, int which, struct setting *s)
{
	stop(w, which);
	start(w, which, s);
}

static struct held *held(struct node *n, uint32_t in)
{
	for (int i = 0; i < PAIRS; i++)
		if (n->pairs[i].used && n->pairs[i].pair.in == in)
			return &n->pairs[i];
	return NULL;
}

size_t world_pairs(const struct world *w, int which)
{
	size_t n = 0;
	for (int i = 0; i < PAIRS; i++)
		n += w->node[which].pairs[i].used;
	return n;
}

// What one end sends with, the other opens with.
static void check_fit(struct world *w)
{
	for (int i = 0; i < PAIRS; i++) {
		const struct ike_pair *a = &w->node[SITE].pairs[i].pair;
		if (!w->node[SITE].pairs[i].used)
			continue;
		const struct held *h = held(&w->node[COLL], a->out);
		if (!h || h->pair.out != a->in)
			continue;
		const struct ike_pair *b = &h->pair;
		assert_ptr_equal(a->aead, b->aead);
		assert_memory_equal(a->key_in, b->key_out, sizeof a->key_in);
		assert_memory_equal(a->key_out, b->key_in, sizeof a->key_in);
		assert_memory_not_equal(a->key_out, a->key_in, 16);
		assert_int_equal(a->esn, b->esn);
		assert_memory_equal(&a->here, &b->there, sizeof a->here);
		assert_memory_equal(&a->there, &b->here, sizeof a->here);
	}
}

static void pair_up(struct node *n, const struct ike_pair *p)
{
	assert_null(held(n, p->in));
	int i = 0;
	while (n->pairs[i].used)
		i++;
	assert_true(i < PAIRS);
	n->pairs[i] = (struct held){ *p, true };
	if (p->send_now)
		n->current = p->in;
}

static void pair_down(struct node *n, uint32_t in)
{
	struct held *h = held(n, in);
	assert_non_null(h);
	h->used = false;
	if (n->current != in)
		return;
	n->current = 0;
	for (int i = 0; i < PAIRS; i++)
		if (n->pairs[i].used && !n->pairs[i].pair.never && (!n->current || n->pairs[i].pair.replaces == in))
			n->current = n->pairs[i].pair.in;
}

static void post(struct world *w, int from, const struct ike_effect *e)
{
	uint8_t *bytes = malloc(e->bytes.n);
	size_t n = e->bytes.n;
	assert_non_null(bytes);
	memcpy(bytes, e->bytes.p, n);
	w->node[from].sent++;
	if (n > w->largest)
		w->largest = n;
	bool lost = w->cut || world_random(w, 100) < w->loss || (w->tap && !w->tap(w, from, bytes, &n));
	if (lost || w->n_flight == FLIGHT) {
		free(bytes);
		return;
	}
	struct flight f = { .at = w->now + 5000000, .to = 1 - from, .bytes = bytes, .n = n };
	f.at += (int64_t)world_random(w, w->jitter + 1) * 1000000;
	f.path = (struct ike_path){ e->path.remote, e->path.local, e->path.marked };
	w->node[from].last = e->path.local;
	if (from == SITE && w->nat_port) {
		assert_int_equal(addr_parse("192.0.2.1:1", &f.path.remote), ST_OK);
		f.path.remote.port = w->nat_port;
	} else if (from == COLL && w->nat_port) {
		bool mapped = e->path.remote.port == w->nat_port;
		f.path.local = w->node[SITE].last; // the NAT's mapping leads there
		if (!mapped) {                     // the NAT knows it no more
			free(bytes);
			return;
		}
	}
	w->flight[w->n_flight++] = f;
}

void world_effects(struct world *w, int which)
{
	struct node *n = &w->node[which];
	assert_false(effects.bad);
	for (size_t i = 0; i < effects.n; i++) {
		const struct ike_effect *e = &effects.at[i];
		switch (e->kind) {
		case IKE_SEND:
			post(w, which, e);
			break;
		case IKE_PAIR_UP:
			pair_up(n, e->pair);
			break;
		case IKE_PAIR_DOWN:
			pair_down(n, e->spi);
			break;
		case IKE_SPI_FREE:
			n->free_spis++;
			break;
		case IKE_SITE_UP:
			n->up = true;
			n->ups++;
			memcpy(n->given, e->address, 4);
			break;
		case IKE_SITE_DOWN:
			n->up = false;
			n->downs++;
			n->why = e->why;
			break;
		case IKE_SITE_FAILED:
			n->why = e->why;
			break;
		case IKE_PAIR_MOVED:
			assert_non_null(held(n, e->spi));
			break;
		}
	}
	ike_out_done(&effects);
	check_fit(w);
}

void world_act(struct world *w, int which, void (*act)(struct world *w, int which, struct ike_out *out))
{
	act(w, which, &effects);
	world_effects(w, which);
}

static void deliver(struct world *w, struct flight *f)
{
	uint8_t *exact = malloc(f->n ? f->n : 1); // so that a sanitizer sees a read beyond it
	size_t skip = f->path.marked ? IKE_MARKER : 0;
	assert_non_null(exact);
	memcpy(exact, f->bytes + skip, f->n - skip);
	(void)ike_input(w->node[f->to].ike, w->now, &f->path, span_of(exact, f->n - skip), &effects);
	free(exact);
	world_effects(w, f->to);
}

static bool next(struct world *w, int64_t until)
{
	int64_t due = until;
	size_t first = w->n_flight;
	int tick = -1;
	for (size_t i = 0; i < w->n_flight; i++)
		if (w->flight[i].at <= due && (first == w->n_flight || w->flight[i].at < w->flight[first].at))
			first = i;
	if (first < w->n_flight)
		due = w->flight[first].at;
	for (int i = 0; i < NODES; i++)
		if (ike_due(w->node[i].ike) < due) {
			due = ike_due(w->node[i].ike);
			tick = i;
		}
	if (tick >= 0) {
		w->now = due > w->now ? due : w->now;
		ike_tick(w->node[tick].ike, w->now, &effects);
		world_effects(w, tick);
		return true;
	}
	if (first == w->n_flight)
		return false;
	w->now = due > w->now ? due : w->now;
	struct flight f = w->flight[first];
	if (world_random(w, 100) < w->twice)
		w->flight[first].at += 20000000;
	else
		w->flight[first] = w->flight[--w->n_flight];
	bool kept = first < w->n_flight && w->flight[first].bytes == f.bytes;
	deliver(w, &f);
	if (!kept)
		free(f.bytes);
	return true;
}

void world_run(struct world *w, int64_t seconds)
{
	int64_t until = w->now + seconds * IKE_SECOND;
	while (next(w, until))
		;
	w->now = until;
}

void world_settle(struct world *w)
{
	world_run(w, 2);
}

static bool one_way(struct world *w, int from)
{
	struct node *a = &w->node[from], *b = &w->node[1 - from];
	const struct held *h = held(a, a->current), *there = h ? held(b, h->pair.out) : NULL;
	if (!there || memcmp(h->pair.key_out, there->pair.key_in, sizeof h->pair.key_out) != 0)
		return false;
	ike_heard(b->ike, w->now, there->pair.in);
	if (b->current == there->pair.replaces)
		b->current = there->pair.in;
	return true;
}

bool world_traffic(struct world *w)
{
	bool there = one_way(w, SITE);
	return one_way(w, COLL) && there;
}

uint64_t world_count(const struct world *w, int which, enum st st)
{
	return ike_counters(w->node[which].ike)->by[st];
}
