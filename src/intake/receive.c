// SPDX-License-Identifier: Apache-2.0
#include "intake/receive.h"

#include "intake/intake.h"
#include "snmp/notification.h"

static enum st authorise(struct intake *in, const struct intake_meta *m, struct span community, struct event *e)
{
	enum st st;
	const struct policy_sender sender = { m->from.peer, m->listener, intake_site(in, m) };
	const struct policy_community *c = policy_community(in->policy, community, &sender, &st);
	if (!c)
		return st;
	e->credential = span_str(c->label);
	e->level = LEVEL_NOAUTH;
	return ST_OK;
}

static struct span response(struct intake *in, const struct snmp_message *msg)
{
	struct wr w = wr_of(in->answer, sizeof in->answer);
	if (msg->pdu.tag != PDU_INFORM || snmp_write_inform_response(&w, msg->community, &msg->pdu))
		return (struct span){ 0 };
	return wr_span(&w);
}

static enum st receive_community(struct intake *in, const struct intake_meta *m, struct span bytes,
                                 struct received *out)
{
	struct snmp_message msg;
	enum st st = snmp_parse_message(bytes, &msg);
	if (!st)
		st = snmp_check_notification(&msg.pdu);
	if (st)
		return st;
	out->credential = msg.community;
	st = authorise(in, m, msg.community, &out->event);
	if (st) {
		out->waits = true;
		return st;
	}
	out->event.version = out->version;
	out->pdu = msg.pdu;
	if (!m->late)
		out->answer = response(in, &msg);
	return ST_OK;
}

static void describe_source(struct intake *in, const struct intake_meta *m, struct event *e)
{
	const struct intake_source *s = intake_source(in, m);
	e->site = intake_site(in, m);
	e->flags |= s->relay ? EVENT_FLAG_RELAYED : 0;
	e->transport = m->transport;
	e->received = m->wall;
	e->peer = m->from.peer;
}

enum st receive_message(struct intake *in, const struct intake_meta *m, struct span bytes, struct received *out)
{
	int32_t version;
	out->event = (struct event){ 0 };
	out->answer = out->credential = (struct span){ 0 };
	out->waits = false;
	if (m->truncated)
		return ST_TRUNCATED;
	enum st st = snmp_parse_version(bytes, &version);
	if (st)
		return st;
	out->version = (uint8_t)version;
	st = version == SNMP_VERSION_3 ? receive_v3(in, m, bytes, out) : receive_community(in, m, bytes, out);
	if (st)
		return st;
	describe_source(in, m, &out->event);
	out->event.kind = out->pdu.tag == PDU_INFORM ? EVENT_INFORM : EVENT_TRAP;
	out->event.pdu = out->pdu.whole;
	return ST_OK;
}
