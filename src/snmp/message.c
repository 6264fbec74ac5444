// SPDX-License-Identifier: Apache-2.0
// Messages of v1 (RFC 1157) and v2c (RFC 1901) and the PDUs of every version (RFC 1157 4.1.6, RFC 3416 3).
//
// Everything here looks at content octets where they lie in the datagram and copies nothing. A message is checked to
// its last octet before anything of it is believed, so later walks over its varbinds cannot fail. What a sender writes
// in an unusual but unambiguous way is taken (snmp/ber.h); what contradicts itself is refused with its reason.
#include "snmp/message.h"

// The outermost SEQUENCE. A length beyond the datagram is a datagram cut short, not a lie between two lengths.
static struct ber open_message(struct span datagram)
{
	struct ber b = ber_of(datagram), body = ber_enter(&b, BER_SEQUENCE);
	size_t length;
	if (datagram.n == 0) {
		body.st = ST_EMPTY;
	} else if (body.st == ST_BER_LENGTH) {
		if (ber_frame(datagram, &length) == ST_OK)
			body.st = ST_SHORT;
	} else if (body.st == ST_OK && ber_end(&b) != ST_OK) {
		ber_fail(&body, ST_TRAILING);
	}
	return body;
}

static int32_t take_version(struct ber *body)
{
	int32_t version = ber_int32(body);
	if (version != SNMP_VERSION_1 && version != SNMP_VERSION_2C && version != SNMP_VERSION_3)
		ber_fail(body, ST_VERSION);
	return version;
}

enum st snmp_parse_version(struct span datagram, int32_t *version)
{
	struct ber body = open_message(datagram);
	int32_t v = take_version(&body);
	if (body.st == ST_OK)
		*version = v;
	return body.st;
}

static enum st check_uint32(struct span value)
{
	uint64_t v;
	if (value.n - 1 < sizeof(uint32_t) && (value.n == sizeof(uint32_t) || !(value.p[0] & 0x80)))
		return ST_OK;
	enum st st = ber_content_uint64(value, &v);
	return st == ST_OK && v > UINT32_MAX ? ST_BER_INTEGER : st;
}

static enum st check_value(uint8_t type, struct span value)
{
	int64_t i;
	uint64_t u;
	switch (type) {
	case BER_OCTETS:
		return ST_OK;
	case BER_INTEGER:
		return value.n - 1 < sizeof i ? ST_OK : ber_content_int64(value, &i);
	case BER_OID:
		return oid_check(value);
	case BER_COUNTER32:
	case BER_GAUGE32:
	case BER_TIMETICKS:
	case BER_UINTEGER32:
		return check_uint32(value);
	case BER_COUNTER64:
		return ber_content_uint64(value, &u);
	case BER_IPADDRESS:
		return value.n == 4 || value.n == 16 || value.n == 0 ? ST_OK : ST_BER_LENGTH;
	default:
		return type & 0x20 ? ST_BER_TAG : ST_OK;
	}
}

bool snmp_is_trap_community(struct span oid_content)
{
	static const uint8_t under[] = { 0x2b, 6, 1, 6, 3, 18, 1, 4 }; // 1.3.6.1.6.3.18.1.4
	return oid_content.n >= sizeof under && memcmp(oid_content.p, under, sizeof under) == 0;
}

static inline void take_varbind(struct ber *list, struct snmp_varbind *v, enum st *end)
{
	struct ber one = ber_enter(list, BER_SEQUENCE);
	v->oid = ber_take(&one, BER_OID);
	v->value = ber_any(&one, &v->type);
	*end = ber_end(&one);
}

static enum st check_varbinds(struct span varbinds, struct snmp_pdu *pdu)
{
	struct ber list = ber_of(varbinds);
	while (rd_left(&list.rd)) {
		struct snmp_varbind v;
		enum st st;
		take_varbind(&list, &v, &st);
		if (st == ST_OK)
			st = oid_check(v.oid);
		if (st == ST_OK)
			st = check_value(v.type, v.value);
		if (st == ST_OK && ++pdu->varbind_count > SNMP_VARBINDS_MAX)
			st = ST_VARBINDS;
		if (st != ST_OK)
			return st;
		pdu->has_trap_community = pdu->has_trap_community || snmp_is_trap_community(v.oid);
	}
	return ST_OK;
}

bool snmp_varbind_next(struct ber *varbinds, struct snmp_varbind *out)
{
	struct snmp_varbind v;
	enum st st;
	if (rd_left(&varbinds->rd) == 0)
		return false;
	take_varbind(varbinds, &v, &st);
	if (st != ST_OK) {
		ber_fail(varbinds, st);
		return false;
	}
	*out = v;
	return true;
}

// An INTEGER whose 32 bits matter: a sender that counts without a sign writes 2^31..2^32-1 in five octets.
static int32_t take_folded(struct ber *b)
{
	int64_t v;
	enum st st = ber_content_int64(ber_take(b, BER_INTEGER), &v);
	if (st == ST_OK && v >= INT32_MIN && v <= UINT32_MAX)
		return (int32_t)(uint32_t)v;
	ber_fail(b, ST_BER_INTEGER);
	return 0;
}

// RFC 1157 4.1.6. An agent-addr without octets is taken as 0.0.0.0.
static void take_trap_v1(struct ber *body, struct snmp_pdu *pdu)
{
	pdu->enterprise = ber_take(body, BER_OID);
	if (oid_check(pdu->enterprise) != ST_OK)
		ber_fail(body, ST_BER_OID);
	struct span agent = ber_take(body, BER_IPADDRESS);
	if (agent.n == sizeof pdu->agent)
		memcpy(pdu->agent, agent.p, sizeof pdu->agent);
	else if (agent.n)
		ber_fail(body, ST_BER_LENGTH);
	pdu->generic = take_folded(body);
	pdu->specific = take_folded(body);
	pdu->timestamp = ber_uint32(body, BER_TIMETICKS);
}

static enum st parse_pdu(struct span whole, struct snmp_pdu *pdu)
{
	struct ber b = ber_of(whole);
	pdu->whole = whole;
	pdu->tag = ber_peek(&b);
	if (pdu->tag < PDU_GET || pdu->tag > PDU_REPORT)
		return whole.n ? ST_PDU_TYPE : ST_SHORT;
	struct ber body = ber_enter(&b, pdu->tag);
	if (body.st == ST_OK && ber_end(&b) != ST_OK)
		return ST_TRAILING;
	if (pdu->tag == PDU_TRAP_V1) {
		take_trap_v1(&body, pdu);
	} else {
		pdu->request_id = take_folded(&body);
		pdu->error_status = take_folded(&body);
		pdu->error_index = take_folded(&body);
	}
	pdu->varbinds = ber_take(&body, BER_SEQUENCE);
	enum st st = ber_end(&body);
	return st == ST_OK ? check_varbinds(pdu->varbinds, pdu) : st;
}

enum st snmp_parse_pdu(struct span pdu, struct snmp_pdu *out)
{
	struct snmp_pdu p = { 0 };
	enum st st = parse_pdu(pdu, &p);
	if (st == ST_OK)
		*out = p;
	return st;
}

static bool is_notification(int32_t version, uint8_t tag)
{
	return version == SNMP_VERSION_1 ? tag == PDU_TRAP_V1 : tag == PDU_TRAP_V2 || tag == PDU_INFORM;
}

enum st snmp_parse_message(struct span datagram, struct snmp_message *out)
{
	struct snmp_message m = { 0 };
	struct ber body = open_message(datagram);
	m.version = take_version(&body);
	if (m.version == SNMP_VERSION_3)
		ber_fail(&body, ST_VERSION);
	m.community = ber_take(&body, BER_OCTETS);
	if (m.community.n > SNMP_COMMUNITY_MAX)
		ber_fail(&body, ST_COMMUNITY);
	uint8_t tag;
	struct span pdu = ber_whole(&body, &tag);
	enum st st = ber_end(&body);
	if (st != ST_OK)
		return st;
	if (!is_notification(m.version, tag))
		return ST_PDU_TYPE;
	st = parse_pdu(pdu, &m.pdu);
	if (st == ST_OK)
		*out = m;
	return st;
}

void snmp_mask_trap_community(uint8_t *pdu, size_t n)
{
	struct snmp_pdu p = { 0 };
	struct snmp_varbind v;
	if (parse_pdu(span_of(pdu, n), &p) != ST_OK || !p.has_trap_community)
		return;
	for (struct ber list = ber_of(p.varbinds); snmp_varbind_next(&list, &v);) {
		if (!snmp_is_trap_community(v.oid))
			continue;
		pdu[v.oid.p + v.oid.n - pdu] = BER_OCTETS;
		memset(pdu + (v.value.p - pdu), '*', v.value.n);
	}
}

void snmp_write_response_pdu(struct wr *w, const struct snmp_pdu *request, int32_t error_status)
{
	const uint8_t *mark = w->at;
	ber_put(w, BER_SEQUENCE, error_status == SNMP_TOO_BIG ? (struct span){ 0 } : request->varbinds);
	ber_put_int(w, BER_INTEGER, 0);
	ber_put_int(w, BER_INTEGER, error_status);
	ber_put_int(w, BER_INTEGER, request->request_id);
	ber_head(w, PDU_RESPONSE, mark);
}

enum st snmp_write_inform_response(struct wr *w, struct span community, const struct snmp_pdu *inform)
{
	const uint8_t *mark = w->at;
	snmp_write_response_pdu(w, inform, SNMP_NO_ERROR);
	ber_put(w, BER_OCTETS, community);
	ber_put_int(w, BER_INTEGER, SNMP_VERSION_2C);
	ber_head(w, BER_SEQUENCE, mark);
	return w->full ? ST_FULL : ST_OK;
}
