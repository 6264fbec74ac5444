// SPDX-License-Identifier: Apache-2.0
// Notifications: the mapping of RFC 3584 3.1, and every wrong place and type of snmpTrapOID.0 and its companions.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "hex.h"
#include "samples.h"
#include "snmp/notification.h"

#define AGENT "c0000201"
#define NONE "00000000"
#define OTHER_TRAP VARBIND(TRAP_OID, "06{2b0601060301010503}")

// What is expected of one PDU; a NULL trap OID: refused with `st`.
struct row {
	const char *pdu, *trap_oid;
	enum st st;
	int64_t uptime;         // -1: none
	const char *agent;      // NULL: none
	const char *enterprise; // hex
	size_t count, walked;   // all varbinds, and those that snmp_notification_next yields
};

static const struct row v1_rows[] = {
	{ PDU1(HP, AGENT, "00", "00", "64", ""), "1.3.6.1.6.3.1.1.5.1", ST_OK, 100, "192.0.2.1", HP, 0, 0 },
	{ PDU1(HP, AGENT, "01", "00", "64", ""), "1.3.6.1.6.3.1.1.5.2", ST_OK, 100, "192.0.2.1", HP, 0, 0 },
	{ PDU1(HP, AGENT, "02", "00", "64", ""), "1.3.6.1.6.3.1.1.5.3", ST_OK, 100, "192.0.2.1", HP, 0, 0 },
	{ PDU1(HP, AGENT, "03", "00", "64", CODE), "1.3.6.1.6.3.1.1.5.4", ST_OK, 100, "192.0.2.1", HP, 1, 1 },
	{ PDU1(HP, AGENT, "04", "05", "64", ""), "1.3.6.1.6.3.1.1.5.5", ST_OK, 100, "192.0.2.1", HP, 0, 0 },
	{ PDU1(HP, AGENT, "05", "7f", "64", ""), "1.3.6.1.6.3.1.1.5.6", ST_OK, 100, "192.0.2.1", HP, 0, 0 },
	{ PDU1(HP, AGENT, "06", "11", "64", ""), "1.3.6.1.4.1.11.0.17", ST_OK, 100, "192.0.2.1", HP, 0, 0 },
	{ PDU1(HP, AGENT, "06", "00", "64", ""), "1.3.6.1.4.1.11.0.0", ST_OK, 100, "192.0.2.1", HP, 0, 0 },
	{ PDU1(HP, AGENT, "07", "00", "64", ""), NULL, ST_GENERIC_TRAP, 0, 0, 0, 0, 0 },
	{ PDU1(HP, AGENT, "ff", "00", "64", ""), NULL, ST_GENERIC_TRAP, 0, 0, 0, 0, 0 },
	{ PDU1(HP, AGENT, "7fffffff", "00", "64", ""), NULL, ST_GENERIC_TRAP, 0, 0, 0, 0, 0 },
	{ PDU1(HP, AGENT, "00ffffffff", "00", "64", ""), NULL, ST_GENERIC_TRAP, 0, 0, 0, 0, 0 },
	// huge and negative specific-trap numbers
	{ PDU1(HP, AGENT, "06", "7fffffff", "64", ""), "1.3.6.1.4.1.11.0.2147483647", ST_OK, 100, "192.0.2.1", HP, 0,
	  0 },
	{ PDU1(HP, AGENT, "06", "0080000000", "64", ""), "1.3.6.1.4.1.11.0.2147483648", ST_OK, 100, "192.0.2.1", HP, 0,
	  0 },
	{ PDU1(HP, AGENT, "06", "00ffffffff", "64", ""), "1.3.6.1.4.1.11.0.4294967295", ST_OK, 100, "192.0.2.1", HP, 0,
	  0 },
	{ PDU1(HP, AGENT, "06", "ff", "64", ""), "1.3.6.1.4.1.11.0.4294967295", ST_OK, 100, "192.0.2.1", HP, 0, 0 },
	// an empty enterprise, and 0.0
	{ PDU1("", AGENT, "06", "11", "64", ""), "0.0.0.17", ST_OK, 100, "192.0.2.1", "", 0, 0 },
	{ PDU1("00", AGENT, "06", "11", "64", ""), "0.0.0.17", ST_OK, 100, "192.0.2.1", "00", 0, 0 },
	{ PDU1("", AGENT, "00", "11", "64", ""), "1.3.6.1.6.3.1.1.5.1", ST_OK, 100, "192.0.2.1", "", 0, 0 },
	// agent-addr that says nothing, and what a proxy said instead
	{ PDU1(HP, NONE, "06", "11", "64", ""), "1.3.6.1.4.1.11.0.17", ST_OK, 100, NULL, HP, 0, 0 },
	{ PDU1(HP, "", "06", "11", "64", ""), "1.3.6.1.4.1.11.0.17", ST_OK, 100, NULL, HP, 0, 0 },
	{ PDU1(HP, NONE, "06", "11", "64", VARBIND(TRAP_ADDRESS, "40{0a000001}")), "1.3.6.1.4.1.11.0.17", ST_OK, 100,
	  "10.0.0.1", HP, 1, 1 },
	{ PDU1(HP, AGENT, "06", "11", "64", VARBIND(TRAP_ADDRESS, "40{0a000001}")), "1.3.6.1.4.1.11.0.17", ST_OK, 100,
	  "192.0.2.1", HP, 1, 1 },
	// a v1 trap's own fields win over v2 varbinds, and those are ordinary varbinds of it
	{ PDU1(HP, AGENT, "06", "11", "64", UPTIME TRAP), "1.3.6.1.4.1.11.0.17", ST_OK, 100, "192.0.2.1", HP, 2, 2 },
};

#define ALERT "1.3.6.1.2.1.43.18.2.0.1"

static const struct row v2_rows[] = {
	{ PDU2("a7", UPTIME TRAP CODE), ALERT, ST_OK, 123456, NULL, "", 3, 1 },
	{ PDU2("a6", UPTIME TRAP CODE), ALERT, ST_OK, 123456, NULL, "", 3, 1 },
	{ PDU2("a7", UPTIME TRAP), ALERT, ST_OK, 123456, NULL, "", 2, 0 },
	// missing
	{ PDU2("a7", ""), NULL, ST_TRAP_OID, 0, 0, 0, 0, 0 },
	{ PDU2("a7", UPTIME), NULL, ST_TRAP_OID, 0, 0, 0, 0, 0 },
	{ PDU2("a7", UPTIME CODE CODE), NULL, ST_TRAP_OID, 0, 0, 0, 0, 0 },
	{ PDU2("a7", UPTIME VARBIND("2b0601060301010401", "06{2b}")), NULL, ST_TRAP_OID, 0, 0, 0, 0, 0 },
	{ PDU2("a7", UPTIME VARBIND("2b06010603010104010000", "06{2b}")), NULL, ST_TRAP_OID, 0, 0, 0, 0, 0 },
	// elsewhere: found, and shown where it stands
	{ PDU2("a7", TRAP), ALERT, ST_OK, -1, NULL, "", 1, 0 },
	{ PDU2("a7", TRAP CODE), ALERT, ST_OK, -1, NULL, "", 2, 1 },
	{ PDU2("a7", TRAP UPTIME CODE), ALERT, ST_OK, 123456, NULL, "", 3, 2 },
	{ PDU2("a7", UPTIME CODE TRAP), ALERT, ST_OK, 123456, NULL, "", 3, 2 },
	{ PDU2("a7", CODE CODE CODE TRAP), ALERT, ST_OK, -1, NULL, "", 4, 4 },
	{ PDU2("a7", CODE UPTIME TRAP), ALERT, ST_OK, 123456, NULL, "", 3, 3 },
	// twice: the first counts, the second is data
	{ PDU2("a7", UPTIME TRAP OTHER_TRAP), ALERT, ST_OK, 123456, NULL, "", 3, 1 },
	{ PDU2("a7", UPTIME OTHER_TRAP TRAP), "1.3.6.1.6.3.1.1.5.3", ST_OK, 123456, NULL, "", 3, 1 },
	{ PDU2("a7", UPTIME UPTIME TRAP), ALERT, ST_OK, 123456, NULL, "", 3, 2 },
	// of a wrong type (CVE-2025-68615)
	{ PDU2("a7", UPTIME VARBIND(TRAP_OID, "04{2b06}")), NULL, ST_TRAP_OID, 0, 0, 0, 0, 0 },
	{ PDU2("a7", UPTIME VARBIND(TRAP_OID, "02{01}")), NULL, ST_TRAP_OID, 0, 0, 0, 0, 0 },
	{ PDU2("a7", UPTIME VARBIND(TRAP_OID, "0500")), NULL, ST_TRAP_OID, 0, 0, 0, 0, 0 },
	{ PDU2("a7", UPTIME VARBIND(TRAP_OID, "8100")), NULL, ST_TRAP_OID, 0, 0, 0, 0, 0 },
	{ PDU2("a7", UPTIME VARBIND(TRAP_OID, "0500") TRAP), ALERT, ST_OK, 123456, NULL, "", 3, 2 },
	{ PDU2("a7", VARBIND(SYS_UPTIME, "02{05}") TRAP), ALERT, ST_OK, -1, NULL, "", 2, 2 },
	{ PDU2("a7", VARBIND(SYS_UPTIME, "02{05}") TRAP UPTIME), ALERT, ST_OK, 123456, NULL, "", 3, 3 },
	{ PDU2("a7", VARBIND(SYS_UPTIME, "43{ffffffff}") TRAP), ALERT, ST_OK, UINT32_MAX, NULL, "", 2, 0 },
	{ PDU2("a7", VARBIND(SYS_UPTIME, "43{00ffffffff}") TRAP), ALERT, ST_OK, UINT32_MAX, NULL, "", 2, 0 },
	// without a value
	{ PDU2("a7", UPTIME VARBIND(TRAP_OID, "0600")), "0.0", ST_OK, 123456, NULL, "", 2, 0 },
	{ PDU2("a7", UPTIME VARBIND(TRAP_OID, "0600") TRAP), "0.0", ST_OK, 123456, NULL, "", 3, 1 },
	// snmpTrapAddress.0 and snmpTrapEnterprise.0
	{ PDU2("a7", UPTIME TRAP CODE VARBIND(TRAP_ADDRESS, "40{0a000001}") VARBIND(TRAP_ENTERPRISE, "06{" HP "}")),
	  ALERT, ST_OK, 123456, "10.0.0.1", HP, 5, 3 },
	{ PDU2("a7", UPTIME TRAP VARBIND(TRAP_ADDRESS, "40{00000000}")), ALERT, ST_OK, 123456, NULL, "", 3, 1 },
	{ PDU2("a7", UPTIME TRAP VARBIND(TRAP_ADDRESS, "4000") VARBIND(TRAP_ADDRESS, "40{0a000001}")), ALERT, ST_OK,
	  123456, "10.0.0.1", "", 4, 2 },
	{ PDU2("a7", UPTIME TRAP VARBIND(TRAP_ADDRESS, "04{0a000001}")), ALERT, ST_OK, 123456, NULL, "", 3, 1 },
	{ PDU2("a7", UPTIME TRAP VARBIND(TRAP_ENTERPRISE, "04{2b}")), ALERT, ST_OK, 123456, NULL, "", 3, 1 },
	{ PDU2("a7", UPTIME TRAP VARBIND(TRAP_ADDRESS, "40{0a000001}") VARBIND(TRAP_ADDRESS, "40{0a000002}")), ALERT,
	  ST_OK, 123456, "10.0.0.1", "", 4, 2 },
	// not notifications
	{ PDU2("a0", UPTIME TRAP), NULL, ST_PDU_TYPE, 0, 0, 0, 0, 0 },
	{ PDU2("a2", UPTIME TRAP), NULL, ST_PDU_TYPE, 0, 0, 0, 0, 0 },
	{ PDU2("a8", UPTIME TRAP), NULL, ST_PDU_TYPE, 0, 0, 0, 0, 0 },
};

static void assert_notification(const struct row *row, const struct snmp_notification *n)
{
	struct text oid = { 0 };
	char agent[ADDR_TEXT] = "";
	struct hex enterprise = hex_of(row->enterprise);
	oid_text(&n->trap_oid, &oid);
	assert_string_equal(text_str(&oid), row->trap_oid);
	text_done(&oid);
	assert_int_equal(n->has_uptime, row->uptime >= 0);
	assert_int_equal(n->uptime, row->uptime >= 0 ? row->uptime : 0);
	assert_int_equal(n->has_agent, row->agent != NULL);
	if (row->agent)
		assert_string_equal(addr_ip_text(&n->agent, agent), row->agent);
	assert_int_equal(n->agent.port, 0);
	assert_true(span_equal(n->enterprise, hex_span(&enterprise)));
	assert_int_equal(n->varbind_count, row->count);
	struct ber list = ber_of(n->varbinds);
	struct snmp_varbind v;
	size_t walked = 0;
	while (snmp_notification_next(&list, &v))
		walked++;
	assert_int_equal(ber_end(&list), ST_OK);
	assert_int_equal(walked, row->walked);
}

static void assert_rows(const struct row *rows, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		struct hex h = hex_of(rows[i].pdu);
		uint8_t *p = exact_copy(hex_span(&h));
		struct snmp_pdu pdu;
		struct snmp_notification n = { .varbind_count = 77 };
		assert_int_equal(snmp_parse_pdu(span_of(p, h.n), &pdu), ST_OK);
		enum st st = snmp_normalise(&pdu, &n);
		if (st != rows[i].st)
			fail_msg("row %zu: %s", i, st_name(st));
		assert_int_equal(snmp_check_notification(&pdu), st);
		if (st == ST_OK)
			assert_notification(&rows[i], &n);
		else
			assert_int_equal(n.varbind_count, 77);
		free(p);
	}
}

static void test_v1(void **state)
{
	assert_rows(v1_rows, sizeof(v1_rows) / sizeof(*v1_rows));
}

static void test_v2(void **state)
{
	assert_rows(v2_rows, sizeof(v2_rows) / sizeof(*v2_rows));
}

// An enterprise of n arcs has n - 1 octets; enterprise.0.specific must stay within 128.
static void test_long_enterprise(void **state)
{
	for (size_t arcs = 100; arcs <= 128; arcs++) {
		char enterprise[2 * 128] = "2b", text[1024];
		for (size_t i = 2; i < arcs; i++)
			strcat(enterprise, "01");
		snprintf(text, sizeof(text), PDU1("%s", AGENT, "06", "11", "64", ""), enterprise);
		struct hex h = hex_of(text);
		struct snmp_pdu pdu;
		struct snmp_notification n;
		assert_int_equal(snmp_parse_pdu(hex_span(&h), &pdu), ST_OK);
		assert_int_equal(snmp_normalise(&pdu, &n), arcs <= 126 ? ST_OK : ST_BER_OID);
		assert_int_equal(snmp_check_notification(&pdu), arcs <= 126 ? ST_OK : ST_BER_OID);
		if (arcs <= 126) {
			assert_int_equal(n.trap_oid.n, arcs + 2);
			assert_int_equal(n.trap_oid.arc[arcs + 1], 17);
		}
	}
}

// snmpTrapOID.0 with a value of 128 arcs is read, with more the PDU is refused before.
static void test_long_trap_oid(void **state)
{
	for (size_t octets = 120; octets < 135; octets++) {
		char value[2 * 136] = "", text[1024];
		for (size_t i = 0; i < octets; i++)
			strcat(value, "2b");
		snprintf(text, sizeof(text), PDU2("a7", UPTIME VARBIND(TRAP_OID, "06{%s}")), value);
		struct hex h = hex_of(text);
		struct snmp_pdu pdu;
		struct snmp_notification n;
		assert_int_equal(snmp_parse_pdu(hex_span(&h), &pdu), octets <= 127 ? ST_OK : ST_BER_OID);
		if (octets <= 127) {
			assert_int_equal(snmp_normalise(&pdu, &n), ST_OK);
			assert_int_equal(n.trap_oid.n, octets + 1);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_v1),
		cmocka_unit_test(test_v2),
		cmocka_unit_test(test_long_enterprise),
		cmocka_unit_test(test_long_trap_oid),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
