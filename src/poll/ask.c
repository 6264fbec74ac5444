// SPDX-License-Identifier: Apache-2.0
// The parts are read one after the other: who it is and whether it is a printer; what the printer is called; its alerts; its
// supplies. What is no printer has only the first. An answer counts when its version, community or digest, and request-id are
// those of the last request; whatever else comes is passed over, so a stranger cannot end a round.
#include "poll/ask.h"

#include <stdlib.h>

#include "snmp/build.h"
#include "snmp/v3_client.h"

struct ask {
	const struct poll_credential *credential;
	struct v3_client *v3;
	enum poll_part part;
	struct snmp_walk walk;
	uint32_t seed, step; // of request-ids
	unsigned exchanges;
	struct poll_result result;
};

static int32_t request_id(const struct ask *a)
{
	enum { GOLDEN = 0x9e3779b1 };
	return (int32_t)((a->seed + a->step * (uint32_t)GOLDEN) & INT32_MAX);
}

static void begin_part(struct ask *a, enum poll_part part)
{
	size_t n;
	const struct oid *columns = poll_part_columns(part, &n);
	a->part = part;
	snmp_walk_begin(&a->walk, columns, n, part == PART_SYSTEM || part == PART_DEVICE);
	if (part == PART_DEVICE)
		oid_append(&a->walk.at[0], a->result.hr_device - 1);
}

static enum st new_client(const struct ask_config *config, struct ask *a)
{
	const struct v3_client_config v3 = { .crypto = config->crypto,
		                             .random = config->random,
		                             .entry = config->credential->entry };
	return v3_client_new(&v3, &a->v3);
}

enum st ask_new(const struct ask_config *config, struct ask **out)
{
	struct ask *a = calloc(1, sizeof *a);
	if (!a)
		return ST_NO_MEMORY;
	a->credential = config->credential;
	enum st st = random_bytes(config->random, &a->seed, sizeof a->seed);
	if (st == ST_OK && a->credential->version == SNMP_VERSION_3)
		st = new_client(config, a);
	a->result.st = ST_NO_ANSWER;
	begin_part(a, PART_SYSTEM);
	if (st == ST_OK)
		*out = a;
	else
		ask_free(a);
	return st;
}

void ask_free(struct ask *a)
{
	if (!a)
		return;
	v3_client_free(a->v3);
	poll_result_done(&a->result);
	free(a);
}

struct poll_result *ask_result(struct ask *a)
{
	return &a->result;
}

enum st ask_write(struct ask *a, int64_t now, struct wr *w)
{
	uint8_t room[POLL_REQUEST_MAX];
	const struct poll_credential *c = a->credential;
	if (c->version != SNMP_VERSION_3) {
		snmp_walk_write(&a->walk, c->version, request_id(a), w);
		snmp_wrap_community(w, c->version, span_of(c->community, c->community_n));
		return w->full ? ST_FULL : ST_OK;
	}
	struct wr pdu = wr_of(room, sizeof room);
	snmp_walk_write(&a->walk, c->version, request_id(a), &pdu);
	return pdu.full ? ST_FULL : v3_client_write(a->v3, now, wr_span(&pdu), true, w);
}

static enum ask_next end(struct ask *a, enum st st)
{
	a->result.st = a->result.no_memory ? ST_NO_MEMORY : st;
	return ASK_ENDED;
}

// The part after this one that is to be read, or PART_COUNT.
static enum poll_part next_part(const struct ask *a)
{
	enum poll_part next = a->part + 1;
	if (!a->result.printer)
		return PART_COUNT;
	return next == PART_DEVICE && !a->result.hr_device ? PART_ALERTS : next;
}

static enum ask_next take_answer(struct ask *a, const struct snmp_pdu *answer)
{
	a->step++;
	if (++a->exchanges > POLL_EXCHANGES)
		return end(a, ST_WALK_ENDLESS);
	enum st st = snmp_walk_take(&a->walk, answer, poll_part_take(a->part), &a->result);
	if (st != ST_OK)
		return end(a, st);
	if (snmp_walk_more(&a->walk))
		return ASK_SEND;
	a->result.alerts_whole = a->result.alerts_whole || a->part == PART_ALERTS;
	enum poll_part next = next_part(a);
	if (next == PART_COUNT)
		return end(a, ST_OK);
	begin_part(a, next);
	return ASK_SEND;
}

static enum ask_next input_community(struct ask *a, struct span datagram)
{
	const struct poll_credential *c = a->credential;
	struct snmp_message m;
	if (snmp_parse_response(datagram, &m) != ST_OK || m.version != c->version ||
	    m.pdu.request_id != request_id(a) || !secret_equal(m.community, span_of(c->community, c->community_n)))
		return ASK_WAIT;
	return take_answer(a, &m.pdu);
}

static enum ask_next input_v3(struct ask *a, int64_t now, struct span datagram)
{
	struct snmp_pdu pdu;
	enum st why;
	switch (v3_client_input(a->v3, now, datagram, &pdu, &why)) {
	case V3_CLIENT_AGAIN:
		return ++a->exchanges > POLL_EXCHANGES ? end(a, ST_WALK_ENDLESS) : ASK_SEND;
	case V3_CLIENT_REFUSED:
		a->result.refused = true;
		return end(a, why);
	case V3_CLIENT_RESPONSE:
		return pdu.request_id == request_id(a) ? take_answer(a, &pdu) : ASK_WAIT;
	case V3_CLIENT_NOTHING:
		break;
	}
	return ASK_WAIT;
}

enum ask_next ask_input(struct ask *a, int64_t now, struct span datagram)
{
	return a->v3 ? input_v3(a, now, datagram) : input_community(a, datagram);
}
