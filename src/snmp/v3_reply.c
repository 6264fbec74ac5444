// SPDX-License-Identifier: Apache-2.0
// What we answer: Reports and the Responses to informs. Everything in them is ours, but for the msgID and the
// request-id (numbers, written anew) and what the inform itself asks to have repeated.
#include "snmp/v3.h"

static struct span own_engine(const struct v3_state *s)
{
	return span_of(s->users->engine, s->users->engine_n);
}

static int32_t request_id_of(const struct v3_received *r)
{
	struct v3_scoped scoped = r->scoped;
	struct snmp_pdu pdu;
	if (!scoped.pdu.n && (r->level == USM_AUTHPRIV || v3_scoped_parse(r->message.data, 0, &scoped) != ST_OK))
		return 0;
	return snmp_parse_pdu(scoped.pdu, &pdu) == ST_OK ? pdu.request_id : 0;
}

static struct span report_pdu(struct wr *w, uint8_t arc, uint64_t count, int32_t request_id)
{
	uint8_t name[USM_STATS_OID];
	usm_stats_oid(arc, name);
	const uint8_t *mark = w->at;
	ber_put_uint(w, BER_COUNTER32, (uint32_t)count);
	ber_put(w, BER_OID, span_of(name, sizeof name));
	ber_head(w, BER_SEQUENCE, mark);
	ber_head(w, BER_SEQUENCE, mark);
	ber_put_int(w, BER_INTEGER, 0);
	ber_put_int(w, BER_INTEGER, 0);
	ber_put_int(w, BER_INTEGER, request_id);
	ber_head(w, PDU_REPORT, mark);
	return wr_span(w);
}

enum st v3_write_report(struct v3_state *s, int64_t now, const struct v3_received *r, struct wr *w)
{
	uint8_t arc = usm_stats_arc(r->report);
	if (!arc)
		return ST_REPORTABLE;
	const struct usm_parameters *usm = &r->message.usm;
	const struct usm_entry *e = usm_users_same(s->users, usm->user, r->serial);
	// RFC 3414 3.2 (7): this one is authenticated, so that the sender may believe our clock.
	uint8_t level = r->report == ST_TIME_WINDOW ? USM_AUTH : USM_NOAUTH;
	if (level > USM_NOAUTH && !e)
		return ST_USER;
	uint8_t room[128];
	struct wr pdu = wr_of(room, sizeof room);
	struct v3_outgoing m = {
		.msg_id = r->message.msg_id,
		.level = level,
		.engine = own_engine(s),
		.boots = s->boots,
		.time = v3_state_time(s, now),
		.user = e ? usm_entry_name(e) : (struct span){ 0 },
		.auth = e ? e->auth : NULL,
		.keys = e ? &e->own : NULL,
		.context_engine = own_engine(s),
		.pdu = report_pdu(&pdu, arc, s->by[r->report], request_id_of(r)),
	};
	return v3_message_write(&m, s->ciphers, s->plain, w);
}

static enum st write_response(struct v3_state *s, const struct v3_outgoing *head, const struct snmp_pdu *inform,
                              int32_t error_status, uint32_t max_size, struct wr *w)
{
	struct wr pdu = wr_of(s->response, sizeof s->response);
	snmp_write_response_pdu(&pdu, inform, error_status);
	struct v3_outgoing m = *head;
	m.pdu = wr_span(&pdu);
	if (!m.pdu.n)
		return ST_FULL;
	struct wr attempt = *w;
	enum st st = v3_message_write(&m, s->ciphers, s->plain, &attempt);
	if (st != ST_OK)
		return st;
	if ((size_t)(w->at - attempt.at) > max_size)
		return ST_FULL;
	*w = attempt;
	return ST_OK;
}

enum st v3_write_response(struct v3_state *s, int64_t now, const struct v3_reply *reply, const struct snmp_pdu *inform,
                          struct wr *w)
{
	const struct usm_entry *e = usm_users_same(s->users, span_of(reply->user, reply->user_n), reply->serial);
	if (!e || !usm_entry_allows(e, reply->level))
		return ST_USER;
	struct v3_outgoing m = {
		.msg_id = reply->msg_id,
		.level = reply->level,
		.engine = own_engine(s),
		.boots = s->boots,
		.time = v3_state_time(s, now),
		.user = usm_entry_name(e),
		.auth = e->auth,
		.priv = e->priv,
		.keys = &e->own,
		.extension = reply->extension,
		.salt = s->salt++,
		.context_engine = span_of(reply->context_engine, reply->context_engine_n),
		.context_name = span_of(reply->context_name, reply->context_name_n),
	};
	enum st st = write_response(s, &m, inform, SNMP_NO_ERROR, reply->max_size, w);
	if (st != ST_FULL)
		return st;
	m.salt = s->salt++;
	return write_response(s, &m, inform, SNMP_TOO_BIG, reply->max_size, w);
}
