// SPDX-License-Identifier: Apache-2.0
// v1 traps, v2 traps and informs in one shape (RFC 3584 section 3.1, RFC 3416 4.2.6). The intake asks only whether a
// PDU makes a notification; whoever reads events has it made.
#include "snmp/notification.h"

enum { GENERIC_ENTERPRISE_SPECIFIC = 6 }; // RFC 1157 4.1.6

static const uint8_t sys_uptime[] = { 0x2b, 6, 1, 2, 1, 1, 3, 0 };            // sysUpTime.0
static const uint8_t trap_oid[] = { 0x2b, 6, 1, 6, 3, 1, 1, 4, 1, 0 };        // snmpTrapOID.0
static const uint8_t trap_enterprise[] = { 0x2b, 6, 1, 6, 3, 1, 1, 4, 3, 0 }; // snmpTrapEnterprise.0
static const uint8_t trap_address[] = { 0x2b, 6, 1, 6, 3, 18, 1, 3, 0 };      // snmpTrapAddress.0
static const uint8_t standard_traps[] = { 1, 3, 6, 1, 6, 3, 1, 1, 5 };        // arcs of snmpTraps

static inline bool is(const struct snmp_varbind *v, const uint8_t *name, size_t n, uint8_t type)
{
	return v->type == type && v->oid.n == n && memcmp(v->oid.p, name, n) == 0;
}

#define IS(v, name, type) is(v, name, sizeof name, type)

// RFC 3584 3.1 (2): the trap OID of a v1 trap.
static enum st v1_trap_oid(const struct snmp_pdu *pdu, struct oid *out)
{
	if (pdu->generic < 0 || pdu->generic > GENERIC_ENTERPRISE_SPECIFIC)
		return ST_GENERIC_TRAP;
	out->n = 0;
	if (pdu->generic < GENERIC_ENTERPRISE_SPECIFIC) {
		for (size_t i = 0; i < sizeof standard_traps; i++)
			oid_append(out, standard_traps[i]);
		oid_append(out, (uint32_t)pdu->generic + 1);
		return ST_OK;
	}
	enum st st = oid_decode(pdu->enterprise, out);
	if (st != ST_OK)
		return st;
	if (out->n == 0) {
		oid_append(out, 0);
		oid_append(out, 0);
	}
	return oid_append(out, 0) && oid_append(out, (uint32_t)pdu->specific) ? ST_OK : ST_BER_OID;
}

static struct addr v4_addr(const uint8_t ip[4])
{
	struct addr a = { .ip = { [10] = 0xff, [11] = 0xff } };
	memcpy(a.ip + 12, ip, 4);
	return a;
}

static void claim_agent(struct snmp_notification *n, struct span ip)
{
	static const uint8_t none[4];
	if (n->has_agent || ip.n != sizeof none || memcmp(ip.p, none, sizeof none) == 0)
		return;
	n->has_agent = true;
	n->agent = v4_addr(ip.p);
}

static bool is_v2(const struct snmp_pdu *pdu)
{
	return pdu->tag == PDU_TRAP_V2 || pdu->tag == PDU_INFORM;
}

// The varbinds behind sysUpTime.0 and snmpTrapOID.0 where these stand in front (RFC 3416 4.2.6).
static struct span behind_head(struct span varbinds)
{
	struct ber list = ber_of(varbinds), from = list;
	struct snmp_varbind v;
	bool more = snmp_varbind_next(&list, &v);
	if (more && IS(&v, sys_uptime, BER_TIMETICKS)) {
		from = list;
		more = snmp_varbind_next(&list, &v);
	}
	if (more && IS(&v, trap_oid, BER_OID))
		from = list;
	return rd_rest(&from.rd);
}

static void take_claims(const struct snmp_pdu *pdu, struct snmp_notification *n, struct span *trap, bool *has_trap)
{
	struct snmp_varbind v;
	for (struct ber list = ber_of(pdu->varbinds); snmp_varbind_next(&list, &v);) {
		uint64_t ticks;
		if (IS(&v, trap_address, BER_IPADDRESS)) {
			claim_agent(n, v.value);
		} else if (IS(&v, trap_enterprise, BER_OID) && n->enterprise.n == 0) {
			n->enterprise = v.value;
		} else if (IS(&v, trap_oid, BER_OID) && !*has_trap) {
			*has_trap = true;
			*trap = v.value;
		} else if (IS(&v, sys_uptime, BER_TIMETICKS) && !n->has_uptime) {
			n->has_uptime = ber_content_uint64(v.value, &ticks) == ST_OK;
			n->uptime = n->has_uptime ? (uint32_t)ticks : 0;
		}
	}
}

enum st snmp_normalise(const struct snmp_pdu *pdu, struct snmp_notification *out)
{
	struct snmp_notification n = { .varbinds = pdu->varbinds, .varbind_count = pdu->varbind_count };
	struct span trap = { 0 };
	bool has_trap = false;
	enum st st;
	if (pdu->tag == PDU_TRAP_V1) {
		n.has_uptime = true;
		n.uptime = pdu->timestamp;
		n.enterprise = pdu->enterprise;
		claim_agent(&n, span_of(pdu->agent, sizeof pdu->agent));
		take_claims(pdu, &n, &trap, &has_trap);
		st = v1_trap_oid(pdu, &n.trap_oid);
	} else if (is_v2(pdu)) {
		take_claims(pdu, &n, &trap, &has_trap);
		n.varbinds = behind_head(pdu->varbinds);
		st = has_trap ? oid_decode(trap, &n.trap_oid) : ST_TRAP_OID;
	} else {
		st = ST_PDU_TYPE;
	}
	if (st == ST_OK)
		*out = n;
	return st;
}

enum st snmp_check_notification(const struct snmp_pdu *pdu)
{
	if (pdu->tag == PDU_TRAP_V1) {
		struct oid o;
		return v1_trap_oid(pdu, &o);
	}
	if (!is_v2(pdu))
		return ST_PDU_TYPE;
	struct snmp_varbind v;
	for (struct ber list = ber_of(pdu->varbinds); snmp_varbind_next(&list, &v);)
		if (IS(&v, trap_oid, BER_OID))
			return ST_OK;
	return ST_TRAP_OID;
}

bool snmp_notification_next(struct ber *varbinds, struct snmp_varbind *out)
{
	return snmp_varbind_next(varbinds, out);
}
