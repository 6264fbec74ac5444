// SPDX-License-Identifier: Apache-2.0
// The way of a message: header, SA, message ID, decryption, table, handler, answer (RFC 7296 2.1 to 2.5). Nothing about an
// SA changes before a message has authenticated, and what a message does to its state stands in the table.
#include <stdlib.h>

#include "ike/private.h"

struct ike_turn ike_turn_of(struct ike *ike, struct ike_sa *sa, int64_t now, struct ike_out *out)
{
	struct ike_turn t = { .ike = ike, .sa = sa, .now = now, .out = out };
	t.reply = ike_writer_of(ike->reply, sizeof ike->reply);
	return t;
}

struct ike_writer ike_chain(struct ike *ike)
{
	return ike_writer_of(ike->chain, sizeof ike->chain);
}

enum st ike_refuse(struct ike_turn *t, enum st st, enum ike_notify_type error)
{
	t->error = (uint16_t)error;
	return st;
}

static bool hint_allowed(struct ike *ike, int64_t now, const struct addr *to)
{
	uint8_t *n = &ike->hints_at[ike_address_bucket(ike, to)];
	if (now - ike->hints_since >= IKE_SECOND) {
		ike->hints_since = now;
		ike->hints = 0;
		memset(ike->hints_at, 0, sizeof ike->hints_at);
	}
	if (*n >= IKE_HINTS_PER_SECOND || ike->hints >= IKE_HINTS_ALL)
		return false;
	++*n;
	ike->hints++;
	return true;
}

// An answer that is neither encrypted nor remembered.
static void send_clear(struct ike_turn *t, const struct ike_message *m, struct ike_writer *w)
{
	struct ike_header h = { m->spi_i, m->spi_r, m->id, m->exchange, IKE_FLAG_RESPONSE };
	if (!m->from_initiator)
		h.flags |= IKE_FLAG_INITIATOR;
	ike_put_header(w, &h);
	ike_send(t, t->path, wr_span(&w->w));
}

// What an address gets that has proven nothing.
static bool affordable(const struct ike_message *m, size_t n)
{
	return n * IKE_AMPLIFY_DEN <= m->whole.n * IKE_AMPLIFY_NUM;
}

static void hint(struct ike_turn *t, const struct ike_message *m, enum ike_notify_type type)
{
	if (m->reply || !hint_allowed(t->ike, t->now, &t->path->remote))
		return;
	struct ike_writer w = ike_chain(t->ike);
	uint8_t token[32];
	size_t with_token = IKE_HEADER + 8 + 8 + sizeof token;
	if (type == N_INVALID_IKE_SPI && ike_has_tokens(t->ike) && affordable(m, with_token)) {
		ike_token(t->ike, m->spi_i, m->spi_r, token);
		ike_put_notify(&w, N_QCD_TOKEN, span_of(token, sizeof token));
	}
	ike_put_notify(&w, type, span_of(&m->critical, type == N_UNSUPPORTED_CRITICAL_PAYLOAD));
	send_clear(t, m, &w);
}

void ike_request(struct ike_turn *t, enum ike_task_kind kind, uint8_t exchange, struct ike_writer *w)
{
	struct ike_sa *sa = t->sa;
	sa->task.kind = kind;
	sa->task.exchange = exchange;
	sa->task.tries = 1;
	sa->task.again = t->now + IKE_FIRST_WAIT;
	enum st st = w->w.full ? ST_FULL : ST_OK;
	if (st == ST_OK)
		st = ike_seal(t->ike, sa, exchange, false, sa->send_id, wr_span(&w->w), w->next, &sa->task.request);
	if (st == ST_OK)
		ike_send(t, &sa->path, span_of(sa->task.request.at, sa->task.request.n));
	else
		t->out->bad = true;
}

// RFC 7296 2.23, and the rule of issue [esp]: a peer behind a NAT has the address from which its newest authenticated
// message came; a peer that is not has it too until it is up.
void ike_follow(struct ike_turn *t, const struct ike_path *path)
{
	struct ike_sa *sa = t->sa;
	bool same = memcmp(&sa->path.remote, &path->remote, sizeof path->remote) == 0 &&
	            memcmp(&sa->path.local, &path->local, sizeof path->local) == 0 && sa->path.marked == path->marked;
	if (same)
		return;
	sa->path = *path;
	for (const struct ike_child *c = sa->children; c; c = c->next)
		ike_tell(t,
		         (struct ike_effect){ .kind = IKE_PAIR_MOVED, .site = sa->site, .spi = c->in, .path = *path });
}

static void send_cookie(struct ike_turn *t, const struct ike_message *m)
{
	uint8_t cookie[IKE_COOKIE_SIZE];
	struct ike_writer w = ike_chain(t->ike);
	ike_cookie_make(t->ike, t->now, m, t->path, cookie);
	ike_put_notify(&w, N_COOKIE, span_of(cookie, sizeof cookie));
	send_clear(t, m, &w);
}

static void answer(struct ike_turn *t, enum st st)
{
	struct ike_sa *sa = t->sa;
	if (st != ST_OK) {
		t->reply = ike_writer_of(t->ike->reply, sizeof t->ike->reply);
		if (t->error_spi)
			ike_put_notify_spi(&t->reply, t->error, t->error_spi, (struct span){ 0 });
		else
			ike_put_notify(&t->reply, t->error, span_of(t->error_data, t->error_n));
	}
	if (t->m->exchange == IKE_SA_INIT) {
		struct ike_header h = { sa->spi_i, st == ST_OK ? sa->spi_r : 0, 0, IKE_SA_INIT, IKE_FLAG_RESPONSE };
		ike_put_header(&t->reply, &h);
		struct span whole = wr_span(&t->reply.w);
		if (!t->proven && !affordable(t->m, whole.n)) {
			send_cookie(t, t->m);
			t->end = true;
			return;
		}
		if (!ike_keep(&sa->answer, whole) || !ike_keep(&sa->start->init_r, whole))
			t->out->bad = true;
	} else if (t->reply.w.full || ike_seal(t->ike, sa, t->m->exchange, true, t->m->id, wr_span(&t->reply.w),
	                                       t->reply.next, &sa->answer) != ST_OK) {
		t->out->bad = true;
		return;
	}
	sa->take_id++;
	ike_send(t, t->path, span_of(sa->answer.at, sa->answer.n));
}

// Where the table moves a state. Beyond it an SA only ends: by time, by its limits, by our own wish.
static void settle(struct ike_turn *t, const struct ike_edge *e, enum st st)
{
	struct ike_sa *sa = t->sa;
	bool told = !e->reply && t->error;
	bool taken = e->reply && e->exchange != IKE_SA_INIT;
	if (st == ST_OK)
		sa->state = t->end ? IKE_DEAD : t->replaced ? IKE_REPLACED : e->to;
	else if (told || taken)
		sa->state = e->otherwise;
	if (st != ST_OK && sa->state == IKE_DEAD)
		sa->why = st;
}

static enum st step(struct ike_turn *t)
{
	struct ike_sa *sa = t->sa;
	const struct ike_message *m = t->m;
	const struct ike_edge *e = NULL;
	enum st st = ike_edge_find(sa->state, m, &e);
	if (st != ST_OK && sa->state != IKE_FRESH && sa->state != IKE_HALF && !m->reply) {
		t->error = N_INVALID_SYNTAX; // it authenticated, so it deserves an answer
		answer(t, st);
	}
	if (st != ST_OK)
		return st;
	if (m->reply && m->exchange != IKE_SA_INIT) {
		t->done = sa->task;
		sa->task = (struct ike_task){ 0 };
		sa->send_id++;
	}
	st = e->act(t);
	if (!e->reply && (st == ST_OK || t->error))
		answer(t, st);
	settle(t, e, st);
	ike_task_free(&t->done);
	return st;
}

// After a message or a tick: what is left of the SA goes on, or ends.
static void leave(struct ike_turn *t)
{
	if (!t->sa)
		return;
	if (t->sa->state != IKE_DEAD)
		ike_next(t);
	if (t->sa->state == IKE_DEAD)
		ike_sa_end(t);
	else
		ike_sa_schedule(t->ike, t->sa);
}

// Starts that end at once leave nothing half-open, and cost as much: they are counted by the second.
static unsigned failed_starts(struct ike *ike, int64_t now)
{
	if (now - ike->failed_since >= IKE_SECOND) {
		ike->failed_since = now;
		ike->failed = 0;
	}
	return ike->failed;
}

static bool wants_cookie(struct ike *ike, int64_t now, const struct ike_path *path)
{
	return ike->counters.half_open >= ike->c.cookie_from || ike_half_at(ike, &path->remote) >= IKE_COOKIE_ADDRESS ||
	       failed_starts(ike, now) >= ike->c.cookie_from;
}

static uint64_t tag_of(const struct ike *ike, const struct ike_message *m, const struct ike_path *path)
{
	struct hash h = hash_begin(&ike->hash);
	hash_add(&h, span_of(&path->remote, sizeof path->remote));
	hash_add(&h, m->whole);
	return hash_end(&h) | 1;
}

// A request to start. Before the cookie is asked for and checked, nothing is allocated (RFC 7296 2.6).
static enum st first_contact(struct ike_turn *t, struct ike_message *m)
{
	struct ike *ike = t->ike;
	if (m->spi_r || m->id || !m->from_initiator || m->whole.n > IKE_INIT_MAX)
		return ST_IKE_HEADER;
	enum st st = ike_read_clear(m);
	if (st == ST_IKE_CRITICAL)
		hint(t, m, N_UNSUPPORTED_CRITICAL_PAYLOAD);
	if (st != ST_OK)
		return st;
	uint64_t tag = tag_of(ike, m, t->path);
	struct ike_sa *old = ike_sa_started(ike, tag);
	if (old) {
		ike_send(t, t->path, span_of(old->answer.at, old->answer.n));
		return ST_IKE_AGAIN;
	}
	const struct ike_edge *e;
	struct ike_nonce nonce; // a cookie is longer than a request without one may have for an answer
	st = ike_edge_find(IKE_FRESH, m, &e);
	if (st == ST_OK)
		st = ike_nonce_take(m, &nonce);
	if (st != ST_OK)
		return st;
	t->proven = ike_cookie_good(ike, t->now, m, t->path);
	if (!t->proven && wants_cookie(ike, t->now, t->path)) {
		send_cookie(t, m);
		return ST_IKE_COOKIE;
	}
	if (ike->counters.half_open + ike_half_at(ike, &t->path->remote) >= ike->c.half_open)
		return ST_IKE_FULL; // as many as there is room left are one address's share, so it never has all
	t->sa = ike_sa_new(ike, false, IKE_NO_SITE, t->now, 0);
	struct ike_start *start = t->sa ? calloc(1, sizeof *start) : NULL;
	if (!start) {
		if (t->sa)
			ike_sa_end(t);
		return ST_NO_MEMORY;
	}
	t->sa->start = start;
	t->sa->spi_i = m->spi_i;
	t->sa->path = *t->path;
	start->tag = tag;
	ike_sa_index_start(ike, t->sa);
	ike_count_half(ike, t->sa, true);
	st = step(t);
	if (st != ST_OK)
		t->sa->state = IKE_DEAD;
	ike->failed += t->sa->state == IKE_DEAD && !t->proven;
	leave(t);
	return st;
}

// RFC 6290: a peer that lost its SAs proves with a token that it is the one.
static enum st take_hint(struct ike_turn *t, const struct ike_message *m)
{
	struct ike_sa *sa = t->sa;
	const struct ike_notify *n = ike_find_notify(m, N_QCD_TOKEN);
	if (!n || !ike_find_notify(m, N_INVALID_IKE_SPI) || !sa->token_n ||
	    !secret_equal(n->data, span_of(sa->token, sa->token_n)))
		return ST_IKE_PAYLOADS;
	sa->why = ST_IKE_DELETED;
	ike_sa_end(t);
	return ST_OK;
}

static enum st check_id(const struct ike_sa *sa, const struct ike_message *m, bool *again)
{
	*again = false;
	if (m->reply)
		return sa->task.kind != TASK_NONE && m->id == sa->send_id && m->exchange == sa->task.exchange
		               ? ST_OK
		               : ST_IKE_ID;
	*again = m->id + 1 == sa->take_id && sa->answer.n;
	return m->id == sa->take_id || *again ? ST_OK : ST_IKE_ID;
}

static enum st take_sealed(struct ike_turn *t, struct ike_message *m)
{
	struct ike_sa *sa = t->sa;
	struct span chain;
	enum st st = ike_unseal(t->ike, sa, m, &chain);
	if (st != ST_OK)
		return st;
	if (sa->state < IKE_UP || sa->nat_there)
		ike_follow(t, t->path);
	sa->heard = t->now;
	st = ike_read_sealed(chain, m);
	if (st == ST_OK)
		return step(t);
	if (m->reply)
		return st;
	t->error = st == ST_IKE_CRITICAL ? N_UNSUPPORTED_CRITICAL_PAYLOAD : N_INVALID_SYNTAX;
	t->error_data[0] = m->critical;
	t->error_n = st == ST_IKE_CRITICAL;
	answer(t, st);
	if (sa->state == IKE_HALF) {
		sa->why = st;
		sa->state = IKE_DEAD;
	}
	return st;
}

static enum st with_sa(struct ike_turn *t, struct ike_message *m)
{
	struct ike_sa *sa = t->sa;
	bool again;
	enum st st = check_id(sa, m, &again);
	if (st != ST_OK)
		return st;
	st = ike_read_clear(m);
	if (st != ST_OK && (st != ST_IKE_CRITICAL || !(m->clear & (P(SK) | P(SKF)))))
		return st;
	if (m->exchange == IKE_SA_INIT) {
		st = step(t);
		leave(t);
		return st;
	}
	if (m->clear == P(NOTIFY) && m->reply)
		return take_hint(t, m);
	if (m->clear != P(SK) && (m->clear != P(SKF) || m->strange))
		return ST_IKE_PAYLOADS;
	if (again) {
		if (m->fragment > 1 || !ike_authentic(t->ike, sa, m))
			return m->fragment > 1 ? ST_IKE_AGAIN : ST_FORGED;
		ike_send(t, t->path, span_of(sa->answer.at, sa->answer.n));
		return ST_IKE_AGAIN;
	}
	st = take_sealed(t, m);
	leave(t);
	return st;
}

// Somebody who saw the SPIs of a living SA go by could ask for the token that ends it (RFC 6290 4.5), under flags by which it
// is not found.
static bool names_living(const struct ike *ike, const struct ike_message *m)
{
	return ike_sa_find(ike, m->spi_i) || ike_sa_find(ike, m->spi_r);
}

static enum st input(struct ike_turn *t, struct span datagram)
{
	struct ike_message m;
	enum st st = ike_read_header(datagram, &m);
	if (st == ST_IKE_VERSION && !m.reply && datagram.p[17] >> 4 > IKE_VERSION >> 4)
		hint(t, &m, N_INVALID_MAJOR_VERSION);
	if (st != ST_OK)
		return st;
	t->m = &m;
	if (m.exchange == IKE_SA_INIT && !m.reply)
		return first_contact(t, &m);
	struct ike_sa *sa = ike_sa_find(t->ike, m.from_initiator ? m.spi_r : m.spi_i);
	bool init = m.exchange == IKE_SA_INIT;
	if (!sa || sa->initiator == m.from_initiator ||
	    (!init && (sa->spi_i != m.spi_i || (sa->spi_r && sa->spi_r != m.spi_r)))) {
		if (!init && !names_living(t->ike, &m))
			hint(t, &m, N_INVALID_IKE_SPI);
		return ST_IKE_SPI;
	}
	t->sa = sa;
	st = with_sa(t, &m);
	return st;
}

enum st ike_input(struct ike *ike, int64_t now, const struct ike_path *path, struct span datagram, struct ike_out *out)
{
	struct ike_turn t = ike_turn_of(ike, NULL, now, out);
	t.path = path;
	enum st st = input(&t, datagram);
	ike->counters.by[st]++;
	return st;
}

// What an SA wants, one request at a time (window 1): endings before beginnings.
void ike_next(struct ike_turn *t)
{
	struct ike_sa *sa = t->sa;
	if (sa->task.kind != TASK_NONE || sa->state < IKE_UP || sa->state > IKE_REPLACED)
		return;
	if (sa->want & 1u << TASK_DELETE) {
		ike_info_request(t, TASK_DELETE, 0);
		sa->state = IKE_CLOSING;
		return;
	}
	if (sa->state == IKE_REPLACED)
		return;
	for (enum ike_task_kind k = TASK_PROBE; k >= TASK_CHECK; k--)
		if (sa->want & 1u << k) {
			ike_info_request(t, k, 0);
			return;
		}
	if (sa->want & 1u << TASK_MOVE) {
		ike_info_request(t, TASK_MOVE, 0);
		return;
	}
	for (struct ike_child *c = sa->children; c; c = c->next)
		if (c->want_delete) {
			ike_info_request(t, TASK_CHILD_DELETE, c->in);
			return;
		}
	if (t->now < sa->retry)
		return;
	for (struct ike_child *c = sa->children; c; c = c->next)
		if (c->want_rekey && !c->deleting) {
			ike_child_request(t, c, NULL);
			return;
		}
	if (sa->want & 1u << TASK_REKEY)
		ike_rekey_request(t, NULL);
	else if (sa->want & 1u << TASK_CHILD_NEW)
		ike_child_request(t, NULL, NULL);
}

static void resend(struct ike_turn *t)
{
	struct ike_sa *sa = t->sa;
	if (sa->task.tries >= IKE_TRIES) {
		bool refused = sa->start && sa->start->refused;
		sa->why = refused ? sa->start->refused : ST_IKE_TIMEOUT;
		sa->state = IKE_DEAD;
		return;
	}
	sa->task.again = t->now + (IKE_FIRST_WAIT << sa->task.tries);
	sa->task.tries++;
	struct span request = span_of(sa->task.request.at, sa->task.request.n);
	ike_send(t, &sa->path, request);
	if (sa->task.kind == TASK_PROBE)
		ike_send(t, &sa->probe, request);
}

static void limits(struct ike_turn *t)
{
	struct ike_sa *sa = t->sa;
	if (sa->soft <= t->now) {
		sa->soft = INT64_MAX;
		sa->want |= 1u << TASK_REKEY;
	}
	if (sa->dpd && sa->heard + sa->dpd <= t->now && sa->task.kind == TASK_NONE)
		sa->want |= 1u << TASK_CHECK;
	for (struct ike_child *c = sa->children; c; c = c->next) {
		if (c->soft <= t->now) {
			c->soft = INT64_MAX;
			c->want_rekey = true;
		}
		if (c->hard <= t->now) {
			c->hard = INT64_MAX;
			c->want_delete = true;
		}
	}
}

static void tick_sa(struct ike_turn *t)
{
	struct ike_sa *sa = t->sa;
	if (sa->state == IKE_HALF && sa->born + IKE_HALF_OPEN_LIFE <= t->now) {
		sa->why = ST_IKE_TIMEOUT;
		sa->state = IKE_DEAD;
	} else if (sa->hard <= t->now) {
		sa->why = ST_IKE_EXPIRED;
		sa->state = IKE_DEAD;
	} else if (sa->task.kind != TASK_NONE && sa->task.again <= t->now) {
		resend(t);
	}
	if (sa->state == IKE_UP)
		limits(t);
	leave(t);
}

void ike_tick(struct ike *ike, int64_t now, struct ike_out *out)
{
	while (ike_heap_due(&ike->due) <= now) {
		struct ike_turn t = ike_turn_of(ike, (struct ike_sa *)ike->due.at[0], now, out);
		tick_sa(&t);
		if (t.sa && t.sa->timer.due <= now)
			ike_sa_put_off(ike, t.sa, now + IKE_SECOND);
	}
	while (ike_heap_due(&ike->waiting) <= now) {
		struct ike_site_state *s = (struct ike_site_state *)ike->waiting.at[0];
		struct ike_turn t = ike_turn_of(ike, NULL, now, out);
		ike_heap_set(&ike->waiting, &s->timer, now + IKE_AGAIN_MAX);
		if (ike_site_start(&t, (uint32_t)(s - ike->sites)) == ST_OK)
			ike_heap_set(&ike->waiting, &s->timer, INT64_MAX);
	}
}

int64_t ike_due(const struct ike *ike)
{
	int64_t sa = ike_heap_due(&ike->due), site = ike_heap_due(&ike->waiting);
	return sa < site ? sa : site;
}
