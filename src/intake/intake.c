// SPDX-License-Identifier: Apache-2.0
// The path of a message, in order: room, version, decoding, notification, authorisation, duplicate, rate, ring.
#include "intake/intake.h"

#include <stdlib.h>
#include <string.h>

#include "event/event.h"
#include "snmp/message.h"
#include "snmp/notification.h"

enum { SCRATCH = 2 * SNMP_DATAGRAM_MAX, SECOND = 1000000000 };

static uint32_t second_of(int64_t now)
{
	return (uint32_t)(now / SECOND);
}

enum st intake_init(struct intake *in, const struct hash_key *key)
{
	*in = (struct intake){ .key = *key };
	duplicates_init(&in->duplicates, DUPLICATES_MAX);
	in->sources = calloc(INTAKE_SOURCES, sizeof *in->sources);
	in->scratch = malloc(SCRATCH);
	if (!in->sources || !in->scratch || ring_init(&in->ring, INTAKE_RING) || flight_init(&in->flight) ||
	    storms_init(&in->storms)) {
		intake_done(in);
		return ST_NO_MEMORY;
	}
	return ST_OK;
}

void intake_done(struct intake *in)
{
	storms_done(&in->storms);
	duplicates_done(&in->duplicates);
	flight_done(&in->flight);
	ring_done(&in->ring);
	free(in->sources);
	free(in->scratch);
	*in = (struct intake){ 0 };
}

void intake_set_policy(struct intake *in, const struct policy *p)
{
	in->policy = p;
	memset(in->sources, 0, INTAKE_SOURCES * sizeof *in->sources);
}

static const struct intake_source *source_of(struct intake *in, const struct addr *peer)
{
	struct hash h = hash_begin(&in->key);
	hash_add(&h, span_of(peer->ip, sizeof peer->ip));
	struct intake_source *s = &in->sources[hash_end(&h) % INTAKE_SOURCES];
	if (!s->known || !addr_same_ip(&s->peer, peer))
		*s = (struct intake_source){ .peer = *peer,
			                     .site = policy_site(in->policy, peer),
			                     .relay = policy_relay(in->policy, peer),
			                     .known = true };
	return s;
}

static struct account *account_of(struct intake *in, const struct intake_meta *m)
{
	return &in->accounts[m->from.listener];
}

static enum st authorise(struct intake *in, const struct intake_meta *m, const struct snmp_message *msg,
                         struct event *e)
{
	enum st st;
	const struct policy_community *c =
	        policy_community(in->policy, msg->community, &m->from.peer, &m->listener, &st);
	if (!c)
		return st;
	const struct intake_source *s = source_of(in, &m->from.peer);
	e->credential = span_str(c->label);
	e->site = span_str(s->site);
	e->level = LEVEL_NOAUTH;
	e->flags = s->relay ? EVENT_FLAG_RELAYED : 0;
	return ST_OK;
}

static enum st decode(struct intake *in, const struct intake_meta *m, struct span bytes, struct snmp_message *msg,
                      struct event *e)
{
	int32_t version;
	if (m->truncated)
		return ST_TRUNCATED;
	if (bytes.n == 0)
		return ST_EMPTY;
	enum st st = snmp_parse_version(bytes, &version);
	if (!st && version == SNMP_VERSION_3)
		st = ST_V3_NOT_YET;
	if (!st)
		st = snmp_parse_message(bytes, msg);
	if (!st)
		st = snmp_check_notification(&msg->pdu);
	if (!st)
		st = authorise(in, m, msg, e);
	if (st)
		return st;
	e->kind = msg->pdu.tag == PDU_INFORM ? EVENT_INFORM : EVENT_TRAP;
	e->transport = m->transport;
	e->version = (uint8_t)msg->version;
	e->received = m->wall;
	e->peer = m->from.peer;
	e->pdu = msg->pdu.whole;
	return ST_OK;
}

// A community that a proxy put into the PDU (snmpTrapCommunity.0, RFC 3584 4.2.2) must not reach the journal either.
static void mask_community(struct intake *in, struct event *e)
{
	uint8_t *copy = in->scratch + SNMP_DATAGRAM_MAX;
	memcpy(copy, e->pdu.p, e->pdu.n);
	snmp_mask_trap_community(copy, e->pdu.n);
	e->pdu.p = copy;
}

static struct span write_answer(struct intake *in, const struct snmp_message *msg)
{
	struct wr w = wr_of(in->scratch, SNMP_DATAGRAM_MAX);
	if (msg->pdu.tag != PDU_INFORM || snmp_write_inform_response(&w, msg->community, &msg->pdu))
		return (struct span){ 0 };
	return wr_span(&w);
}

static size_t record_max(const struct event *e)
{
	return EVENT_RECORD_OVERHEAD + e->site.n + e->credential.n + e->engine.n + e->context.n + e->pdu.n +
	       e->pdu_last.n + e->note.n;
}

static bool has_room(struct intake *in, const struct event *e, size_t answer)
{
	return flight_has_room(&in->flight, answer) && ring_reserve(&in->ring, record_max(e));
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
	struct storm *storm = storms_find(&in->storms, &in->key, &m->from.peer);
	if (!storm)
		flight_answer(&in->flight, atomic_load_explicit(&in->ring.head, memory_order_relaxed), &m->from,
		              answer);
	else if (!storms_answer(&in->storms, storm, &m->from, answer))
		account_of(in, m)->unanswered++;
}

static enum st limit(struct intake *in, const struct intake_meta *m, const struct event *e, struct span answer)
{
	struct storm_source *source;
	if (in->policy->rate == 0 ||
	    !storms_over(&in->storms, &in->key, &m->from.peer, second_of(m->now), in->policy->rate, &source))
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
	if (answer.n)
		flight_answer(&in->flight, end, &m->from, answer);
}

bool intake_message(struct intake *in, const struct intake_meta *m, struct span bytes)
{
	struct account *a = account_of(in, m);
	struct snmp_message msg;
	struct event e = { 0 };
	enum st st = decode(in, m, bytes, &msg, &e);
	if (st) {
		a->received++;
		a->refused[st]++;
		return true;
	}
	if (msg.pdu.has_trap_community)
		mask_community(in, &e);
	struct span answer = write_answer(in, &msg);
	if (!has_room(in, &e, answer.n))
		return false;
	a->received++;
	uint32_t second = second_of(m->now);
	uint64_t key = answer.n ? event_duplicate_key(&e, &in->key) : 0;
	if (answer.n && duplicates_know(&in->duplicates, key, second)) {
		a->duplicate++;
		answer_again(in, m, answer);
	} else {
		if (limit(in, m, &e, answer) != ST_OK)
			keep(in, m, &e, answer);
		if (answer.n && duplicates_add(&in->duplicates, key, second))
			in->duplicates.forgotten++;
	}
	in->urgent |= answer.n > 0;
	return true;
}

void intake_refuse_frame(struct intake *in, uint16_t listener, enum st why)
{
	in->accounts[listener].received++;
	in->accounts[listener].refused[why]++;
}

void intake_tick(struct intake *in, int64_t now, bool all)
{
	struct storm *storm;
	while ((storm = storms_ripe(&in->storms, second_of(now), all))) {
		if (!has_room(in, &storm->event, storm->answer_bytes))
			return;
		uint64_t end = record_put(in, &storm->event, storm->listener, false);
		for (struct storm_answer *x = storm->answers; x; x = x->next)
			flight_answer(&in->flight, end, &x->to, span_of(x->bytes, x->n));
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
