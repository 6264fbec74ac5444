// SPDX-License-Identifier: Apache-2.0
// Requests (RFC 1157 4.1.2, 4.1.3; RFC 3416 4.2.1 to 4.2.3) and Responses in a community message.
#include "snmp/request.h"

#include "snmp/build.h"

void snmp_write_request(struct wr *w, const struct snmp_request *r, const struct oid *const *oids, size_t n)
{
	const uint8_t *whole = w->at;
	for (size_t i = n; i-- > 0;) {
		const uint8_t *mark = w->at;
		ber_put(w, BER_NULL, (struct span){ 0 });
		ber_put_oid(w, oids[i]);
		ber_head(w, BER_SEQUENCE, mark);
	}
	ber_head(w, BER_SEQUENCE, whole);
	ber_put_int(w, BER_INTEGER, r->tag == PDU_GET_BULK ? r->repetitions : 0);
	ber_put_int(w, BER_INTEGER, r->tag == PDU_GET_BULK ? r->non_repeaters : SNMP_NO_ERROR);
	ber_put_int(w, BER_INTEGER, r->id);
	ber_head(w, r->tag, whole);
}

enum st snmp_parse_response(struct span datagram, struct snmp_message *out)
{
	struct snmp_message m = { 0 };
	enum st st = snmp_parse_version(datagram, &m.version);
	if (st != ST_OK)
		return st;
	if (m.version == SNMP_VERSION_3)
		return ST_VERSION;
	struct ber b = ber_of(datagram), body = ber_enter(&b, BER_SEQUENCE);
	(void)ber_int32(&body);
	m.community = ber_take(&body, BER_OCTETS);
	if (m.community.n > SNMP_COMMUNITY_MAX)
		ber_fail(&body, ST_COMMUNITY);
	uint8_t tag;
	struct span pdu = ber_whole(&body, &tag);
	st = ber_end(&body);
	if (st == ST_OK)
		st = tag == PDU_RESPONSE ? snmp_parse_pdu(pdu, &m.pdu) : ST_PDU_TYPE;
	if (st == ST_OK)
		*out = m;
	return st;
}
