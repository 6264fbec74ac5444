// SPDX-License-Identifier: Apache-2.0
// See maker.h. The template is built by the library's own writer (snmp/build.h) with a digit string and a request-id
// that occur nowhere else in it, so that their places can be found in the finished bytes.
#include "maker.h"
#include "maker_v3.h"

#include <stdlib.h>

#include "event/event.h"
#include "snmp/build.h"

#define MARKED_REQUEST 0x5a5ba5b5

// prtAlertTable of RFC 3805: INTEGER columns, instance hrDeviceIndex.prtAlertIndex (1.1042).
static const struct {
	const char *oid, *value;
} alert[] = {
	{ "1.3.6.1.2.1.43.18.1.1.1.1.1042", "1042" },    // prtAlertIndex
	{ "1.3.6.1.2.1.43.18.1.1.2.1.1042", "3" },       // prtAlertSeverityLevel: critical
	{ "1.3.6.1.2.1.43.18.1.1.4.1.1042", "8" },       // prtAlertGroup: input
	{ "1.3.6.1.2.1.43.18.1.1.5.1.1042", "2" },       // prtAlertGroupIndex
	{ "1.3.6.1.2.1.43.18.1.1.6.1.1042", "1250001" }, // prtAlertLocation
	{ "1.3.6.1.2.1.43.18.1.1.7.1.1042", "8" },       // prtAlertCode: jam
};

enum { ALERT_COUNT = sizeof alert / sizeof *alert, VARBIND_COUNT = ALERT_COUNT + 1 };

static const char printer_v1_alert[] = "1.3.6.1.2.1.43.18.2";
static const char printer_v2_alert[] = "1.3.6.1.2.1.43.18.2.0.1";

static enum st make_varbind(const char *oid_name, char type, const char *value, struct snmp_out_varbind *out)
{
	struct oid oid;
	enum st st = oid_parse(oid_name, &oid);
	return st == ST_OK ? snmp_out_varbind_parse(&oid, type, value, out) : st;
}

static enum st make_varbinds(size_t digits, struct snmp_out_varbind out[VARBIND_COUNT])
{
	char text[MAKER_SIZE_MAX + 1];
	if (digits > MAKER_SIZE_MAX)
		return ST_SYNTAX;
	memset(text, '9', digits);
	text[digits] = '\0';
	enum st st = make_varbind(SEQUENCE_OID, 's', text, &out[ALERT_COUNT]);
	for (size_t i = 0; i < ALERT_COUNT && st == ST_OK; i++)
		st = make_varbind(alert[i].oid, 'i', alert[i].value, &out[i]);
	return st;
}

// Builds the template with a digit string of `digits` octets.
static enum st build(struct maker *m, const struct maker_options *o, size_t digits)
{
	enum { UPTIME = 123456789 };
	struct snmp_out_varbind varbinds[VARBIND_COUNT] = { 0 };
	enum st st = make_varbinds(digits, varbinds);
	struct wr w = wr_of(m->message, sizeof m->message);
	struct oid oid = { 0 };
	if (st == ST_OK)
		st = oid_parse(o->version == SNMP_V1 ? printer_v1_alert : printer_v2_alert, &oid);
	if (st == ST_OK && o->version == SNMP_V1) {
		struct snmp_out_v1 head = { .enterprise = oid, .agent = { 127, 0, 0, 1 }, .generic = 6, .specific = 1 };
		snmp_write_trap_v1(&w, &head, UPTIME, varbinds, VARBIND_COUNT);
	} else if (st == ST_OK) {
		uint8_t tag = o->inform ? PDU_INFORM : PDU_TRAP_V2;
		snmp_write_notification_v2(&w, tag, MARKED_REQUEST, UPTIME, &oid, varbinds, VARBIND_COUNT);
	}
	for (size_t i = 0; i < VARBIND_COUNT; i++)
		snmp_out_varbind_done(&varbinds[i]);
	if (st != ST_OK)
		return st;
	if (o->version != SNMP_V3)
		snmp_wrap_community(&w, o->version, span_str(o->community));
	struct span whole = wr_span(&w);
	if (!whole.n)
		return ST_SYNTAX;
	memmove(m->message, whole.p, whole.n);
	m->size = whole.n;
	return ST_OK;
}

// The place of a pattern that must stand in the template exactly once; 0 when it does not.
static size_t place_of(const struct maker *m, const void *pattern, size_t n)
{
	const uint8_t *at = memmem(m->message, m->size, pattern, n);
	if (!at)
		return 0;
	size_t place = (size_t)(at - m->message);
	return memmem(at + 1, m->size - place - 1, pattern, n) ? 0 : place;
}

static void put_be32(uint8_t *out, uint32_t v)
{
	for (int i = 0; i < 4; i++)
		out[i] = (uint8_t)(v >> (24 - 8 * i));
}

void maker_patch(const struct maker *m, uint64_t seq, uint8_t *out)
{
	const uint64_t low = ((uint64_t)1 << MAKER_REQUEST_BITS) - 1;
	memcpy(out, m->message, m->template_n);
	uint8_t *digit = out + m->digits_at + m->digits_n;
	for (uint64_t left = seq; left; left /= 10)
		*--digit = (uint8_t)('0' + left % 10);
	if (m->request_at)
		put_be32(out + m->request_at, (uint32_t)((low + 1) | (seq & low)));
}

uint64_t maker_sequence(uint64_t low_bits, uint64_t newest)
{
	const uint64_t low = ((uint64_t)1 << MAKER_REQUEST_BITS) - 1;
	uint64_t candidate = (newest & ~low) | (low_bits & low);
	return candidate > newest && candidate > low ? candidate - low - 1 : candidate;
}

static enum st acknowledged_community(const struct maker *m, struct span reply, uint64_t newest, uint64_t *seq)
{
	struct ber datagram = ber_of(reply);
	struct ber message = ber_enter(&datagram, BER_SEQUENCE);
	int32_t version = ber_int32(&message);
	(void)ber_take(&message, BER_OCTETS);
	struct ber pdu = ber_enter(&message, PDU_RESPONSE);
	uint64_t request_id = (uint64_t)(uint32_t)ber_int32(&pdu);
	int32_t error = ber_int32(&pdu);
	if (pdu.st != ST_OK)
		return pdu.st;
	if (version != SNMP_V2C || error != 0)
		return ST_PDU_TYPE;
	*seq = maker_sequence(request_id, newest);
	return ST_OK;
}

// The template of the wanted size, with the places to patch.
static enum st maker_template(struct maker *m, const struct maker_options *o)
{
	size_t wanted = o->size ? o->size : o->version == SNMP_V3 ? 0 : MAKER_SIZE_USUAL;
	enum st st = build(m, o, MAKER_DIGITS);
	size_t digits = MAKER_DIGITS;
	// A longer digit string may lengthen the headers around it too: come down from above.
	if (st == ST_OK && m->size < wanted)
		digits += wanted - m->size;
	for (; st == ST_OK && wanted && digits >= MAKER_DIGITS; digits--) {
		st = build(m, o, digits);
		if (m->size <= wanted)
			break;
	}
	if (st != ST_OK || (wanted && m->size != wanted))
		return ST_SYNTAX;
	m->template_n = m->size;
	m->digits_n = digits;
	return ST_OK;
}

enum st maker_init(struct maker *m, const struct maker_options *o)
{
	*m = (struct maker){ .make = maker_patch, .acknowledged = acknowledged_community };
	enum st st = maker_template(m, o);
	if (st != ST_OK)
		return st;
	uint8_t mark[MAKER_SIZE_MAX];
	memset(mark, '9', m->digits_n);
	m->digits_at = place_of(m, mark, m->digits_n);
	if (!m->digits_at)
		return ST_SYNTAX;
	memset(m->message + m->digits_at, '0', m->digits_n);
	if (o->version == SNMP_V1)
		return ST_OK;
	put_be32(mark, MARKED_REQUEST);
	m->request_at = place_of(m, mark, 4);
	if (!m->request_at)
		return ST_SYNTAX;
	return o->version == SNMP_V3 ? maker_v3_init(m, o) : ST_OK;
}

void maker_done(struct maker *m)
{
	maker_v3_free(m->v3);
	m->v3 = NULL;
}

void maker_clock(struct maker *m, uint32_t seconds)
{
	if (m->v3)
		maker_v3_clock(m->v3, seconds);
}
