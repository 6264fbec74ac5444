// SPDX-License-Identifier: Apache-2.0
// SNMPv3: snmp/v3.h does the work; here its outcome becomes an event, a Response, or a Report within its limit.
#include "intake/intake.h"
#include "intake/receive.h"
#include "snmp/notification.h"

enum { SECOND_NS = 1000000000 };

// A Report goes to an address that nobody proved, so each source gets only so many a second.
static bool may_report(struct intake *in, const struct intake_meta *m)
{
	struct intake_source *s = intake_source(in, m);
	uint32_t second = (uint32_t)(m->now / SECOND_NS);
	if (s->report_second != second) {
		s->report_second = second;
		s->reports = 0;
	}
	return s->reports++ < INTAKE_REPORTS;
}

// Nor is it longer than 1.5 times what it answers, or twice for the one that tells a sender our engine ID, which it has to
// hold twice: a stub of a message must not be a lever.
static size_t report_max(const struct v3_received *r)
{
	size_t n = r->message.whole.n;
	return r->report == ST_ENGINE ? 2 * n : n + n / 2;
}

static struct span report(struct intake *in, const struct intake_meta *m, const struct v3_received *r)
{
	struct wr w = wr_of(in->answer, sizeof in->answer);
	if (r->report == ST_OK || !may_report(in, m) || v3_write_report(in->v3, m->now, r, &w) ||
	    wr_span(&w).n > report_max(r))
		return (struct span){ 0 };
	return wr_span(&w);
}

static struct span response(struct intake *in, const struct intake_meta *m, const struct v3_received *r)
{
	struct wr w = wr_of(in->answer, sizeof in->answer);
	if (r->pdu.tag != PDU_INFORM || v3_write_response(in->v3, m->now, &r->reply, &r->pdu, &w))
		return (struct span){ 0 };
	return wr_span(&w);
}

static void fill_event(const struct v3_received *r, struct event *e)
{
	e->version = SNMP_VERSION_3;
	e->level = r->level;
	e->credential = r->message.usm.user;
	// The authoritative engine of an inform is ours; its sender's is the one of the context.
	e->engine = r->own ? r->scoped.context_engine : r->message.usm.engine;
	e->context = r->scoped.context_name;
	e->flags = (r->lenient ? EVENT_FLAG_LENIENT : 0) | (r->shared ? EVENT_FLAG_SHARED_ENGINE : 0);
}

static bool is_mac(size_t n)
{
	const struct usm_auth *a;
	for (size_t i = 0; (a = usm_auth_at(i)); i++)
		if (a->mac == n)
			return true;
	return false;
}

// What another password, level or clock would make right. A sender that is told our engine ID or time by a Report says
// it again with that; what no algorithm could have signed was never right.
static bool waits(const struct v3_received *r, enum st st, struct span bytes)
{
	struct v3_scoped scoped;
	if (st && v3_plain_scoped(bytes, &scoped) == ST_OK && scoped.pdu.p[0] != PDU_TRAP_V2 &&
	    scoped.pdu.p[0] != PDU_INFORM)
		return false; // nothing would make this a notification
	switch (st) {
	case ST_USER:
	case ST_LEVEL:
	case ST_DECRYPT:
		return true;
	case ST_DIGEST:
		return is_mac(r->message.usm.auth.n);
	case ST_TIME_WINDOW:
		return r->report == ST_OK;
	default:
		return false;
	}
}

enum st receive_v3(struct intake *in, const struct intake_meta *m, struct span bytes, struct received *out)
{
	struct v3_received *r = &out->v3;
	unsigned options = m->late ? V3_SKIP_TIME | (m->again ? V3_SKIP_REPLAY : 0) : 0;
	enum st st = v3_receive(in->v3, m->now, intake_site(in, m), &m->from.peer, bytes, options, &in->v3_scratch, r);
	if (!st)
		st = snmp_check_notification(&r->pdu);
	out->credential = r->message.usm.user;
	out->waits = waits(r, st, bytes);
	if (st && !m->late)
		out->answer = report(in, m, r);
	if (st)
		return st;
	fill_event(r, &out->event);
	out->pdu = r->pdu;
	if (!m->late)
		out->answer = response(in, m, r);
	return ST_OK;
}
