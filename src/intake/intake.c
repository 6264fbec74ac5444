// SPDX-License-Identifier: Apache-2.0
// The path of a message, in order: room, version, decoding, notification, authorisation, duplicate, rate, ring.
#include "intake/intake.h"

#include <stdlib.h>
#include <string.h>

#include "event/event.h"
#include "intake/receive.h"
#include "intake/waiting_table.h"

enum { SECOND = 1000000000 };

static uint32_t second_of(int64_t now)
{
	return (uint32_t)(now / SECOND);
}

enum st intake_init(struct intake *in, unsigned worker, const struct hash_key *key, const struct v3_config *v3)
{
	memset(in, 0, sizeof *in);
	in->key = *key;
	in->worker = (uint8_t)worker;
	duplicates_init(&in->duplicates, DUPLICATES_MAX);
	in->sources = calloc(INTAKE_SOURCES, sizeof *in->sources);
	enum st st = in->sources ? ring_init(&in->ring, INTAKE_RING) : ST_NO_MEMORY;
	if (!st)
		st = ring_init(&in->waiting, WAITING_RING);
	if (!st)
		st = flight_init(&in->flight);
	if (!st)
		st = storms_init(&in->storms);
	if (!st)
		st = v3_state_new(v3, &in->v3);
	if (st)
		intake_done(in);
	return st;
}

void intake_done(struct intake *in)
{
	storms_done(&in->storms);
	duplicates_done(&in->duplicates);
	flight_done(&in->flight);
	ring_done(&in->ring);
	ring_done(&in->waiting);
	free(in->sources);
	v3_state_free(in->v3);
	memset(in, 0, sizeof *in);
}

void intake_set_policy(struct intake *in, const struct policy *p)
{
	in->policy = p;
	v3_state_users(in->v3, p->users);
	memset(in->sources, 0, INTAKE_SOURCES * sizeof *in->sources);
}

struct addr intake_mark(const struct intake *in, const struct intake_meta *m)
{
	struct addr mark = m->from.peer;
	for (uint8_t half = 0; half < 2 && m->transport == TRANSPORT_ESP; half++) {
		struct hash h = hash_begin(&in->key);
		hash_add(&h, span_of(&half, 1));
		hash_add_field(&h, m->site);
		hash_add(&h, span_of(m->from.peer.ip, sizeof m->from.peer.ip));
		uint64_t v = hash_end(&h);
		memcpy(mark.ip + half * sizeof v, &v, sizeof v);
	}
	return mark;
}

struct intake_source *intake_source(struct intake *in, const struct intake_meta *m)
{
	const struct addr mark = intake_mark(in, m), *peer = &m->from.peer;
	struct hash h = hash_begin(&in->key);
	hash_add(&h, span_of(mark.ip, sizeof mark.ip));
	struct intake_source *s = &in->sources[hash_end(&h) % INTAKE_SOURCES];
	if (!s->known || !addr_same_ip(&s->mark, &mark))
		*s = (struct intake_source){ .mark = mark,
			                     .site = policy_site(in->policy, peer),
			                     .relay = policy_relay(in->policy, peer),
			                     .known = true };
	return s;
}

struct span intake_site(struct intake *in, const struct intake_meta *m)
{
	return m->transport == TRANSPORT_ESP ? m->site : span_str(intake_source(in, m)->site);
}

static struct account *account_of(struct intake *in, const struct intake_meta *m)
{
	return &in->accounts[m->from.listener];
}

// A community that a proxy put into the PDU (snmpTrapCommunity.0, RFC 3584 4.2.2) must not reach the journal either.
static void mask_community(struct intake *in, struct event *e)
{
	memcpy(in->masked, e->pdu.p, e->pdu.n);
	snmp_mask_trap_community(in->masked, e->pdu.n);
	e->pdu.p = in->masked;
}

static size_t record_max(const struct event *e)
{
	return EVENT_RECORD_OVERHEAD + e->site.n + e->credential.n + e->engine.n + e->context.n + e->pdu.n +
	       e->pdu_last.n + e->note.n;
}

static bool has_room(struct intake *in, size_t record, size_t answer)
{
	return flight_has_room(&in->flight, answer) && ring_reserve(&in->ring, record);
}

// Room for whatever a message of n bytes may become. Asked before the message is looked at: what USM learns of a message
// (its clock, its digest) must be learned once, so a message that is given again must not have been looked at.
static bool has_room_for(struct intake *in, size_t n)
{
	return has_room(in, n + EVENT_RECORD_OVERHEAD + INTAKE_NAMES, n + INTAKE_ANSWER_OVERHEAD);
}

// has_room was asked before.
static uint64_t record_put(struct intake *in, const struct event *e, uint16_t listener, bool message)
{
	size_t max = record_max(e);
	uint64_t end = ring_publish(&in->ring, event_encode(e, ring_reserve(&in->ring, max), max));
	flight_push(&in->flight, end, listener, message);
	return end;
}

// The answer to a resend leaves when everything that stands in the ring now is committed: so is its original then. While
// its source has an open storm row, the original may be counted there and not be in the ring yet.
static void answer_again(struct intake *in, const struct intake_meta *m, struct span answer)
{
	const struct addr mark = intake_mark(in, m);
	struct storm *storm = storms_find(&in->storms, &in->key, &mark);
	if (!storm)
		flight_answer(&in->flight, atomic_load_explicit(&in->ring.head, memory_order_relaxed), &m->from,
		              answer);
	else if (!storms_answer(&in->storms, storm, &m->from, answer))
		account_of(in, m)->unanswered++;
}

static enum st limit(struct intake *in, const struct intake_meta *m, const struct event *e, struct span answer)
{
	struct storm_source *source;
	const struct addr mark = intake_mark(in, m);
	if (in->policy->rate == 0 ||
	    !storms_over(&in->storms, &in->key, &mark, second_of(m->now), in->policy->rate, &source))
		return ST_NONE;
	enum st st = storms_add(&in->storms, source, e, m->from.listener);
	if (st)
		return st;
	account_of(in, m)->limited++;
	if (answer.n && !storms_answer(&in->storms, source->storm, &m->from, answer))
		account_of(in, m)->unanswered++;
	return ST_OK;
}

static void keep(struct intake *in, const struct intake_meta *m, const struct event *e, struct span answer)
{
	uint64_t end = record_put(in, e, m->from.listener, true);
	account_of(in, m)->in_flight++;
	if (answer.n && !flight_answer(&in->flight, end, &m->from, answer))
		account_of(in, m)->unanswered++;
}

// Hands a message to the waiting room, unless an operator does not want to see it. Returns the count it is one of.
static uint64_t *let_wait(struct intake *in, const struct intake_meta *m, enum st why, const struct received *r,
                          struct span bytes)
{
	struct account *a = account_of(in, m);
	struct span site = intake_site(in, m);
	struct waiting_head head = { .received = m->wall,
		                     .peer = m->from.peer,
		                     .local = m->from.local,
		                     .listener = m->listener,
		                     .reason = why,
		                     .index = m->from.listener,
		                     .site_n = (uint16_t)site.n,
		                     .transport = m->transport,
		                     .worker = in->worker };
	if (why == ST_TIME_WINDOW)
		head.late = v3_late_of(&r->v3);
	if (policy_denied(in->policy, &m->from.peer, r->version, site, r->credential))
		return &a->denied;
	uint8_t *room = ring_reserve(&in->waiting, sizeof head + site.n + bytes.n);
	if (!room)
		return &a->evicted;
	memcpy(room, &head, sizeof head);
	if (site.n)
		memcpy(room + sizeof head, site.p, site.n);
	memcpy(room + sizeof head + site.n, bytes.p, bytes.n);
	ring_publish(&in->waiting, sizeof head + site.n + bytes.n);
	return &a->waiting;
}

// A Report leaves at once: nothing has to be committed for it.
static void refuse(struct intake *in, const struct intake_meta *m, enum st why, const struct received *r,
                   struct span bytes)
{
	struct account *a = account_of(in, m);
	struct answer_to to = m->from;
	to.report = true;
	bool answered = r->answer.n && flight_answer(&in->flight, 0, &to, r->answer);
	a->received++;
	if (r->waits)
		++*let_wait(in, m, why, r, bytes);
	else if (answered)
		a->answered++;
	else
		a->refused[why]++;
}

static bool is_duplicate(struct intake *in, const struct event *e, uint32_t second, uint64_t *key)
{
	if (e->kind != EVENT_INFORM)
		return false;
	*key = event_duplicate_key(e, &in->key);
	return duplicates_know(&in->duplicates, *key, second);
}

static void remember_inform(struct intake *in, const struct event *e, uint64_t key, uint32_t second)
{
	if (e->kind == EVENT_INFORM && duplicates_add(&in->duplicates, key, second))
		in->duplicates.forgotten++;
}

bool intake_message(struct intake *in, const struct intake_meta *m, struct span bytes)
{
	struct received r;
	struct account *a = account_of(in, m);
	uint32_t second = second_of(m->now);
	uint64_t key = 0;
	if (!has_room_for(in, bytes.n))
		return false;
	enum st st = receive_message(in, m, bytes, &r);
	if (st) {
		refuse(in, m, st, &r, bytes);
		return true;
	}
	if (r.pdu.has_trap_community)
		mask_community(in, &r.event);
	bool again = is_duplicate(in, &r.event, second, &key);
	if (!again && r.event.kind == EVENT_INFORM && r.event.version == SNMP_V3 &&
	    !v3_first_inform(in->v3, m->now, &r.v3)) {
		r.answer = (struct span){ 0 };
		refuse(in, m, ST_REPLAY, &r, bytes);
		return true;
	}
	a->received++;
	in->urgent |= r.answer.n > 0;
	if (again) {
		a->duplicate++;
		answer_again(in, m, r.answer);
		return true;
	}
	if (limit(in, m, &r.event, r.answer) != ST_OK)
		keep(in, m, &r.event, r.answer);
	remember_inform(in, &r.event, key, second);
	return true;
}

// What waited is one of this worker's counts or of another's; only their sum is shown.
static void count_late(struct intake *in, const struct intake_late *l, bool again)
{
	struct account *a = account_of(in, &l->meta);
	if (!l->counted)
		return;
	a->waiting--;
	*(again ? &a->duplicate : &a->in_flight) += 1;
}

static enum st late_again(struct intake *in, struct intake_late *l)
{
	count_late(in, l, true);
	l->end = atomic_load_explicit(&in->ring.head, memory_order_relaxed);
	return ST_REPLAY;
}

enum st intake_late(struct intake *in, struct intake_late *l)
{
	struct received r;
	uint32_t second = second_of(l->meta.now);
	const struct addr mark = intake_mark(in, &l->meta);
	// A storm row counts informs that are in no ring yet.
	if (!has_room(in, l->bytes.n + EVENT_RECORD_OVERHEAD + INTAKE_NAMES, 0) ||
	    storms_find(&in->storms, &in->key, &mark))
		return ST_FULL;
	enum st st = receive_message(in, &l->meta, l->bytes, &r);
	if (st)
		return st == ST_REPLAY ? late_again(in, l) : st;
	if (r.pdu.has_trap_community)
		mask_community(in, &r.event);
	r.event.flags |= EVENT_FLAG_ALLOWED_LATE;
	r.event.waiting = l->waiting;
	uint64_t key = event_duplicate_key(&r.event, &in->key);
	bool once = r.event.kind == EVENT_INFORM || (l->meta.again && r.event.version == SNMP_V3);
	if (once && duplicates_know(&in->duplicates, key, second))
		return late_again(in, l);
	count_late(in, l, false);
	l->end = record_put(in, &r.event, l->meta.from.listener, l->counted);
	remember_inform(in, &r.event, key, second);
	return ST_OK;
}

bool intake_would_take(struct intake *in, const struct intake_late *l)
{
	struct received r;
	struct intake_meta m = l->meta;
	m.again = true;
	return receive_message(in, &m, l->bytes, &r) == ST_OK;
}

void intake_refuse_frame(struct intake *in, uint16_t listener, enum st why)
{
	in->accounts[listener].received++;
	in->accounts[listener].refused[why]++;
}

void intake_tick(struct intake *in, int64_t now, bool all)
{
	v3_tick(in->v3, now);
	struct storm *storm;
	while ((storm = storms_ripe(&in->storms, second_of(now), all))) {
		if (!has_room(in, record_max(&storm->event), storm->answer_bytes))
			return;
		uint64_t end = record_put(in, &storm->event, storm->listener, false);
		for (struct storm_answer *x = storm->answers; x; x = x->next)
			if (!flight_answer(&in->flight, end, &x->to, span_of(x->bytes, x->n)))
				in->accounts[x->to.listener].unanswered++;
		in->urgent |= storm->answers != NULL;
		storms_close(&in->storms, storm);
	}
}

void intake_settle(struct intake *in)
{
	struct flight_record r;
	in->settled = ring_freed(&in->ring);
	while (flight_pop(&in->flight, in->settled, &r))
		if (r.message) {
			in->accounts[r.listener].in_flight--;
			in->accounts[r.listener].stored++;
		}
}

void intake_remember(struct intake *in, const struct event *e, int64_t now, int64_t age)
{
	int64_t at = now - age;
	uint32_t second = second_of(at > 0 ? at : 0);
	uint64_t key = event_duplicate_key(e, &in->key);
	if (!duplicates_know(&in->duplicates, key, second))
		(void)duplicates_add(&in->duplicates, key, second);
}
