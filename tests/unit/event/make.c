// SPDX-License-Identifier: Apache-2.0
#include "make.h"

#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

enum { VALUES_MAX = 16, UPTIME = 12345 };

static size_t parse_values(const struct value *values, struct snmp_out_varbind *out)
{
	size_t n = 0;
	for (; values && values[n].type; n++) {
		struct oid o;
		assert_true(n < VALUES_MAX);
		assert_int_equal(oid_parse(values[n].oid, &o), ST_OK);
		assert_int_equal(snmp_out_varbind_parse(&o, values[n].type, values[n].value, &out[n]), ST_OK);
	}
	return n;
}

static void finish(struct made *m, struct wr *w, uint8_t kind, uint8_t version, struct snmp_out_varbind *out, size_t n)
{
	for (size_t i = 0; i < n; i++)
		snmp_out_varbind_done(&out[i]);
	m->event = (struct event){ .received = 1795214008123456789,
		                   .kind = kind,
		                   .transport = TRANSPORT_UDP,
		                   .version = version,
		                   .level = LEVEL_NOAUTH,
		                   .credential = span_str("ops"),
		                   .pdu = wr_span(w) };
	assert_int_equal(addr_parse("192.0.2.7:1024", &m->event.peer), ST_OK);
	assert_true(m->event.pdu.n > 0);
}

void make_v2(struct made *m, uint8_t kind, const char *trap, const struct value *values)
{
	struct snmp_out_varbind out[VALUES_MAX];
	struct oid o;
	size_t n = parse_values(values, out);
	struct wr w = wr_of(m->room, sizeof(m->room));
	assert_int_equal(oid_parse(trap, &o), ST_OK);
	snmp_write_notification_v2(&w, kind == EVENT_INFORM ? PDU_INFORM : PDU_TRAP_V2, 77, UPTIME, &o, out, n);
	finish(m, &w, kind, SNMP_V2C, out, n);
}

void make_v1(struct made *m, const char *enterprise, const char *agent, int32_t generic, int32_t specific,
             const struct value *values)
{
	struct snmp_out_varbind out[VALUES_MAX];
	struct snmp_out_v1 head = { .generic = generic, .specific = specific };
	size_t n = parse_values(values, out);
	struct wr w = wr_of(m->room, sizeof(m->room));
	assert_int_equal(oid_parse(enterprise, &head.enterprise), ST_OK);
	assert_int_equal(inet_pton(AF_INET, agent, head.agent), 1);
	snmp_write_trap_v1(&w, &head, UPTIME, out, n);
	finish(m, &w, EVENT_TRAP, SNMP_V1, out, n);
}
