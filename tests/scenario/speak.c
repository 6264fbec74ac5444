// SPDX-License-Identifier: Apache-2.0
#include "speak.h"

#include <stdlib.h>

struct heard heard[HEARD_MAX];
size_t n_heard;
static bool (*passes)(struct world *w, const struct heard *h);

struct ike_sa *sa_find(struct world *w, int which, enum ike_state state)
{
	const struct ike_heap *h = &w->node[which].ike->due;
	for (size_t i = 0; i < h->n; i++) {
		struct ike_sa *sa = (struct ike_sa *)h->at[i];
		if (sa->state == state)
			return sa;
	}
	return NULL;
}

struct ike_sa *sa_at(struct world *w, int which, enum ike_state state)
{
	struct ike_sa *sa = sa_find(w, which, state);
	assert_non_null(sa);
	return sa;
}

enum st tell(struct world *w, int to, const struct ike_path *path, struct span bytes)
{
	uint8_t *exact = malloc(bytes.n ? bytes.n : 1); // so that a sanitizer sees a read beyond it
	assert_non_null(exact);
	if (bytes.n)
		memcpy(exact, bytes.p, bytes.n);
	enum st st = ike_input(w->node[to].ike, w->now, path, span_of(exact, bytes.n), world_out());
	free(exact);
	return st;
}

struct ike_writer words(void)
{
	static uint8_t buffer[IKE_CHAIN_MAX];
	return ike_writer_of(buffer, sizeof buffer);
}

enum st say(struct world *w, int to, struct ike_sa *sa, uint8_t exchange, bool reply, uint32_t id,
            const struct ike_writer *chain)
{
	struct ike_messages all = { 0 };
	struct ike_path path = { w->node[to].address, sa->path.local, sa->path.marked };
	const struct ike_sa *theirs = ike_sa_find(w->node[to].ike, sa->initiator ? sa->spi_r : sa->spi_i);
	if (theirs)
		path = theirs->path;
	assert_int_equal(ike_seal(w->node[1 - to].ike, sa, exchange, reply, id, wr_span(&chain->w), chain->next, &all),
	                 ST_OK);
	enum st st = ST_OK;
	for (struct rd r = rd_of(span_of(all.at, all.n)); rd_left(&r);) {
		struct rd header = r;
		rd_skip(&header, 24);
		st = tell(w, to, &path, rd_take(&r, rd_u32(&header)));
	}
	free(all.at);
	return st;
}

enum st say_notify(struct world *w, int to, struct ike_sa *sa, uint8_t exchange, bool reply, uint32_t id,
                   enum ike_notify_type type)
{
	struct ike_writer c = words();
	ike_put_notify(&c, type, (struct span){ 0 });
	return say(w, to, sa, exchange, reply, id, &c);
}

enum st say_cut(struct world *w, struct ike_sa *sa, uint32_t id, const struct cut *cut)
{
	static uint8_t buffer[4096];
	const struct aead_alg *a = aead_key_alg(sa->seal);
	struct ike_writer c = ike_writer_of(buffer, sizeof buffer);
	const uint8_t *mark = c.w.at;
	assert_true(a->counter);
	(void)wr_room(&c.w, a->tag);
	wr_u8(&c.w, 0);
	wr_bytes(&c.w, cut->text);
	uint8_t *iv = wr_room(&c.w, a->iv);
	struct wr number = wr_of(iv, a->iv);
	wr_be(&number, ++sa->iv, a->iv);
	if (cut->total) {
		wr_be(&c.w, cut->total, 2);
		wr_be(&c.w, cut->number, 2);
	}
	c.next = cut->first;
	ike_put_head(&c, cut->total ? PAYLOAD_SKF : PAYLOAD_SK, mark);
	if (cut->beside) {
		ike_put_head(&c, (enum ike_payload)cut->beside, c.w.at);
		c.w.at[1] = cut->critical ? 0x80 : 0;
	}
	struct ike_header h = { sa->spi_i, sa->spi_r, id, IKE_INFORMATIONAL, IKE_FLAG_INITIATOR };
	ike_put_header(&c, &h);
	struct aead_op op = { .key = sa->seal, .at = c.w.at, .head = (uint32_t)(iv - c.w.at) };
	op.text = (uint32_t)cut->text.n + 1;
	aead_seal(w->node[SITE].engine, &op, 1);
	assert_int_equal(op.st, ST_OK);
	return tell(w, COLL, &sa_at(w, COLL, IKE_UP)->path, wr_span(&c.w));
}

size_t sends(void)
{
	size_t n = 0;
	for (size_t i = 0; i < world_out()->n; i++)
		n += world_out()->at[i].kind == IKE_SEND;
	return n;
}

struct span sent(size_t n)
{
	for (size_t i = 0; i < world_out()->n; i++) {
		const struct ike_effect *e = &world_out()->at[i];
		size_t skip = e->path.marked ? IKE_MARKER : 0;
		if (e->kind == IKE_SEND && n-- == 0)
			return span_of(e->bytes.p + skip, e->bytes.n - skip);
	}
	fail_msg("nothing was sent");
	return (struct span){ 0 };
}

static void open_it(struct world *w, struct heard *h)
{
	struct node *to = &w->node[1 - h->from];
	struct ike_sa *sa = ike_sa_find(to->ike, h->m.from_initiator ? h->m.spi_r : h->m.spi_i);
	struct span chain;
	if (h->m.clear != P(SK) || !sa || !sa->open)
		return;
	h->opened = ike_open_sealed(to->engine, sa->open, &h->m, h->room, sizeof h->room, &chain) == ST_OK &&
	            ike_read_sealed(chain, &h->m) == ST_OK;
}

static bool ear(struct world *w, int from, uint8_t *bytes, size_t *n)
{
	static const uint8_t marker[IKE_MARKER];
	size_t skip = memcmp(bytes, marker, IKE_MARKER) == 0 ? IKE_MARKER : 0;
	assert_true(n_heard < HEARD_MAX);
	struct heard *h = &heard[n_heard++];
	*h = (struct heard){ .from = from, .at = w->now, .n = *n - skip };
	h->path.marked = skip;
	assert_true(h->n <= sizeof h->bytes);
	memcpy(h->bytes, bytes + skip, h->n);
	assert_int_equal(ike_read_header(span_of(h->bytes, h->n), &h->m), ST_OK);
	assert_int_equal(ike_read_clear(&h->m), ST_OK);
	open_it(w, h);
	return !passes || passes(w, h);
}

void overhear(struct world *w, bool (*pass)(struct world *w, const struct heard *h))
{
	n_heard = 0;
	passes = pass;
	w->tap = ear;
}

const struct heard *hear(int from, int exchange, bool reply, size_t n)
{
	for (size_t i = 0; i < n_heard; i++)
		if ((from < 0 || heard[i].from == from) && (exchange < 0 || heard[i].m.exchange == exchange) &&
		    heard[i].m.reply == reply && n-- == 0)
			return &heard[i];
	return NULL;
}

size_t hear_count(int from, int exchange, bool reply)
{
	size_t n = 0;
	while (hear(from, exchange, reply, n))
		n++;
	return n;
}

struct stranger stranger_new(struct world *w, const char *address)
{
	static uint8_t nonce[32], public[32];
	struct stranger s = { .nonce = span_of(nonce, 32), .public = span_of(public, 32), .group = 31 };
	for (int i = 0; i < 8; i++)
		s.spi = s.spi << 8 | (1 + world_random(w, 255));
	for (int i = 0; i < 32; i++) {
		nonce[i] = (uint8_t)world_random(w, 256);
		public[i] = (uint8_t)world_random(w, 256);
	}
	s.offer = w->node[COLL].ike->c.ike;
	s.path = (struct ike_path){ .local = w->node[COLL].address, .marked = true };
	assert_int_equal(addr_parse(address, &s.path.remote), ST_OK);
	return s;
}

struct span stranger_init(const struct stranger *s)
{
	static uint8_t buffer[2048];
	struct ike_writer c = ike_writer_of(buffer, sizeof buffer);
	struct ike_path theirs = { s->path.remote, s->path.local, s->path.marked };
	const uint8_t *mark = c.w.at;
	if (s->critical) {
		ike_put_head(&c, s->critical, mark);
		c.w.at[1] = 0x80;
	}
	if (s->notify)
		ike_put_notify(&c, s->notify, s->data);
	ike_put_nat(&c, s->spi, 0, &theirs);
	ike_put(&c, PAYLOAD_NONCE, s->nonce);
	ike_put_ke(&c, s->group, s->public);
	ike_put_offer(&c, PROTOCOL_IKE, &s->offer, (struct span){ 0 });
	if (s->cookie.n)
		ike_put_notify(&c, N_COOKIE, s->cookie);
	struct ike_header h = { s->spi, 0, 0, IKE_SA_INIT, IKE_FLAG_INITIATOR };
	ike_put_header(&c, &h);
	return wr_span(&c.w);
}

enum st stranger_says(struct world *w, const struct stranger *s)
{
	return tell(w, COLL, &s->path, stranger_init(s));
}
