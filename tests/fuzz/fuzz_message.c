// SPDX-License-Identifier: Apache-2.0
// Any octets as a v1 or v2c message, and as a PDU alone. What was accepted is walked, made a notification, answered and
// masked as the collector does, and must not contradict itself.
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"
#include "snmp/notification.h"

enum { ROOM = 2 * SNMP_DATAGRAM_MAX };

static void mask(const struct snmp_pdu *pdu)
{
	uint8_t *copy = malloc(pdu->whole.n);
	memcpy(copy, pdu->whole.p, pdu->whole.n);
	snmp_mask_trap_community(copy, pdu->whole.n);
	fuzz_require(pdu->has_trap_community || memcmp(copy, pdu->whole.p, pdu->whole.n) == 0);
	struct snmp_pdu masked;
	struct snmp_varbind v;
	fuzz_require(snmp_parse_pdu(span_of(copy, pdu->whole.n), &masked) == ST_OK);
	fuzz_require(masked.varbind_count == pdu->varbind_count);
	for (struct ber list = ber_of(masked.varbinds); snmp_varbind_next(&list, &v);)
		for (size_t i = 0; snmp_is_trap_community(v.oid) && i < v.value.n; i++)
			fuzz_require(v.value.p[i] == '*' && v.type == BER_OCTETS);
	free(copy);
}

static void use(const struct snmp_pdu *pdu)
{
	struct snmp_varbind v;
	struct ber list = ber_of(pdu->varbinds);
	uint32_t count = 0, walked = 0;
	while (snmp_varbind_next(&list, &v))
		count++;
	fuzz_require(ber_end(&list) == ST_OK && count == pdu->varbind_count && count <= SNMP_VARBINDS_MAX);
	struct snmp_notification note;
	enum st st = snmp_normalise(pdu, &note);
	fuzz_require(snmp_check_notification(pdu) == st);
	if (st == ST_OK) {
		for (list = ber_of(note.varbinds); snmp_notification_next(&list, &v);)
			walked++;
		fuzz_require(ber_end(&list) == ST_OK && walked <= count && count - walked <= 2);
	}
	mask(pdu);
}

static void answer(const struct snmp_message *m)
{
	static uint8_t room[ROOM];
	struct wr w = wr_of(room, sizeof room);
	fuzz_require(snmp_write_inform_response(&w, m->community, &m->pdu) == ST_OK);
	struct ber b = ber_of(wr_span(&w)), body = ber_enter(&b, BER_SEQUENCE);
	fuzz_require(ber_end(&b) == ST_OK && ber_int32(&body) == SNMP_VERSION_2C);
	fuzz_require(span_equal(ber_take(&body, BER_OCTETS), m->community));
	uint8_t tag;
	struct snmp_pdu response;
	fuzz_require(snmp_parse_pdu(ber_whole(&body, &tag), &response) == ST_OK && tag == PDU_RESPONSE);
	fuzz_require(response.request_id == m->pdu.request_id && span_equal(response.varbinds, m->pdu.varbinds));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	uint8_t *p = malloc(n ? n : 1);
	if (n)
		memcpy(p, data, n);
	struct snmp_message m;
	struct snmp_pdu pdu;
	int32_t version = -1;
	enum st vst = snmp_parse_version(span_of(p, n), &version);
	if (snmp_parse_message(span_of(p, n), &m) == ST_OK) {
		fuzz_require(vst == ST_OK && version == m.version);
		use(&m.pdu);
		answer(&m);
	}
	if (snmp_parse_pdu(span_of(p, n), &pdu) == ST_OK)
		use(&pdu);
	free(p);
	return 0;
}
