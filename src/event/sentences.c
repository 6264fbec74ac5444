// SPDX-License-Identifier: Apache-2.0
// What the standard notifications, UPSes and agents say: SNMPv2-MIB (RFC 3418), IF-MIB (RFC 2863), UPS-MIB (RFC 1628),
// APC's and Net-SNMP's own. A notification without a row here says who sent what and how much, and shows its first text:
// nothing is kept from the reader because nobody wrote a row for it.
#include "event/sentences.h"

#include <string.h>

#include "event/limits.h"
#include "event/values.h"
#include "mib/mib.h"
#include "snmp/ber.h"

enum { IF_ADMIN_DOWN = 2, UPS_TEST_PASS = 1, UPS_TEST_WARNING = 2, UPS_TEST_ERROR = 3, UPS_TEST_ABORTED = 4 };

typedef enum severity say_function(const struct snmp_notification *n, struct text *out);

struct row {
	const char *name;
	enum severity severity;
	const char *text;
	say_function *say; // instead of severity and text
};

// The interface's number: its ifIndex, or the instance of any of its columns (a single arc).
static bool interface_number(const struct snmp_notification *n, int64_t *out)
{
	struct span column = VALUE_OID(0x2b, 6, 1, 2, 1, 2, 2, 1, 1);
	if (value_number(n, column, out))
		return true;
	struct span entries[] = { VALUE_OID(0x2b, 6, 1, 2, 1, 2, 2, 1), VALUE_OID(0x2b, 6, 1, 2, 1, 31, 1, 1, 1) };
	for (size_t i = 0; i < sizeof(entries) / sizeof(entries[0]); i++) {
		struct snmp_varbind v;
		struct oid o;
		if (value_find(n, entries[i], &v) && oid_decode(v.oid, &o) == ST_OK && o.n == entries[i].n + 3) {
			*out = o.arc[o.n - 1];
			return true;
		}
	}
	return false;
}

// "Interface Gi0/1 (uplink to the core)", "Interface 3", "An interface".
static void add_interface(const struct snmp_notification *n, struct text *out)
{
	struct span name, alias;
	int64_t number;
	bool named = value_octets(n, VALUE_OID(0x2b, 6, 1, 2, 1, 31, 1, 1, 1, 1), &name) ||
	             value_octets(n, VALUE_OID(0x2b, 6, 1, 2, 1, 2, 2, 1, 2), &name);
	bool numbered = interface_number(n, &number);
	if (!named && !numbered) {
		text_add(out, "An interface");
		return;
	}
	text_add(out, "Interface ");
	if (named)
		mib_text_cut(name, EVENT_WORDS_MAX, out);
	else
		text_printf(out, "%lld", (long long)number);
	if (value_octets(n, VALUE_OID(0x2b, 6, 1, 2, 1, 31, 1, 1, 1, 18), &alias)) {
		text_add(out, " (");
		mib_text_cut(alias, EVENT_WORDS_MAX, out);
		text_add(out, ")");
	}
}

static enum severity say_link_down(const struct snmp_notification *n, struct text *out)
{
	int64_t admin;
	bool wanted = value_number(n, VALUE_OID(0x2b, 6, 1, 2, 1, 2, 2, 1, 7), &admin) && admin == IF_ADMIN_DOWN;
	add_interface(n, out);
	text_add(out, wanted ? " was switched off by an administrator" : " is down");
	return wanted ? SEVERITY_INFO : SEVERITY_MAJOR;
}

static enum severity say_link_up(const struct snmp_notification *n, struct text *out)
{
	add_interface(n, out);
	text_add(out, " is up");
	return SEVERITY_CLEARED;
}

static enum severity say_on_battery(const struct snmp_notification *n, struct text *out)
{
	int64_t left, since, low;
	bool has_left = value_number(n, VALUE_OID(0x2b, 6, 1, 2, 1, 33, 1, 2, 3), &left);
	text_add(out, "The UPS runs on battery");
	if (value_number(n, VALUE_OID(0x2b, 6, 1, 2, 1, 33, 1, 2, 2), &since) && since > 0)
		text_printf(out, " since %lld second%s", (long long)since, since == 1 ? "" : "s");
	if (has_left)
		text_printf(out, "; about %lld minute%s left", (long long)left, left == 1 ? "" : "s");
	bool has_low = value_number(n, VALUE_OID(0x2b, 6, 1, 2, 1, 33, 1, 9, 7), &low);
	return has_left && has_low && left <= low ? SEVERITY_CRITICAL : SEVERITY_MAJOR;
}

static enum severity say_ups_test(const struct snmp_notification *n, struct text *out)
{
	struct span detail;
	int64_t result = 0;
	value_number(n, VALUE_OID(0x2b, 6, 1, 2, 1, 33, 1, 7, 3), &result);
	static const struct {
		const char *text;
		enum severity severity;
	} results[] = {
		[UPS_TEST_PASS] = { "A test of the UPS passed", SEVERITY_INFO },
		[UPS_TEST_WARNING] = { "A test of the UPS passed with a warning", SEVERITY_WARNING },
		[UPS_TEST_ERROR] = { "A test of the UPS failed", SEVERITY_MAJOR },
		[UPS_TEST_ABORTED] = { "A test of the UPS was aborted", SEVERITY_WARNING },
	};
	bool known = result >= UPS_TEST_PASS && result <= UPS_TEST_ABORTED;
	text_add(out, known ? results[result].text : "A test of the UPS ended");
	if (value_octets(n, VALUE_OID(0x2b, 6, 1, 2, 1, 33, 1, 7, 4), &detail)) {
		text_add(out, "; it says \"");
		mib_text_cut(detail, EVENT_WORDS_MAX, out);
		text_add(out, "\"");
	}
	return known ? results[result].severity : SEVERITY_INFO;
}

// The alarm conditions of RFC 1628 that are not simply major.
static enum severity ups_alarm_severity(const char *name)
{
	static const struct {
		const char *name;
		enum severity severity;
	} rows[] = {
		{ "upsAlarmLowBattery", SEVERITY_CRITICAL },       { "upsAlarmDepletedBattery", SEVERITY_CRITICAL },
		{ "upsAlarmOutputBad", SEVERITY_CRITICAL },        { "upsAlarmOutputOverload", SEVERITY_CRITICAL },
		{ "upsAlarmUpsOutputOff", SEVERITY_CRITICAL },     { "upsAlarmUpsSystemOff", SEVERITY_CRITICAL },
		{ "upsAlarmShutdownPending", SEVERITY_CRITICAL },  { "upsAlarmShutdownImminent", SEVERITY_CRITICAL },
		{ "upsAlarmGeneralFault", SEVERITY_CRITICAL },     { "upsAlarmTestInProgress", SEVERITY_INFO },
		{ "upsAlarmOutputOffAsRequested", SEVERITY_INFO }, { "upsAlarmUpsOffAsRequested", SEVERITY_INFO },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (strcmp(rows[i].name, name) == 0)
			return rows[i].severity;
	return SEVERITY_MAJOR;
}

// Adds what upsAlarmDescr names: "running on battery".
static enum severity add_ups_alarm(const struct snmp_notification *n, struct text *out)
{
	static const char prefix[] = "Alarm: "; // of the meaning in mib/objects.csv
	struct snmp_varbind v;
	struct oid o;
	size_t matched;
	if (!value_find(n, VALUE_OID(0x2b, 6, 1, 2, 1, 33, 1, 6, 2, 1, 2), &v) || v.type != BER_OID ||
	    oid_decode(v.value, &o) != ST_OK) {
		text_add(out, "not named");
		return SEVERITY_MAJOR;
	}
	const struct mib_object *alarm = mib_lookup(&o, &matched);
	if (alarm && strncmp(alarm->meaning, prefix, sizeof(prefix) - 1) == 0) {
		text_add(out, alarm->meaning + sizeof(prefix) - 1);
		return ups_alarm_severity(alarm->name);
	}
	mib_name_as(alarm, matched, &o, out);
	return SEVERITY_MAJOR;
}

static enum severity say_ups_alarm(const struct snmp_notification *n, struct text *out)
{
	text_add(out, "UPS alarm: ");
	return add_ups_alarm(n, out);
}

static enum severity say_ups_alarm_over(const struct snmp_notification *n, struct text *out)
{
	text_add(out, "UPS alarm over: ");
	add_ups_alarm(n, out);
	return SEVERITY_CLEARED;
}

static const struct row rows[] = {
	{ "coldStart", SEVERITY_WARNING, "The device restarted; its configuration may have changed (cold start)",
	  NULL },
	{ "warmStart", SEVERITY_INFO, "The device restarted with its configuration unchanged (warm start)", NULL },
	{ "linkDown", 0, NULL, say_link_down },
	{ "linkUp", 0, NULL, say_link_up },
	{ "authenticationFailure", SEVERITY_WARNING, "The device refused an SNMP request: wrong community or password",
	  NULL },
	{ "egpNeighborLoss", SEVERITY_WARNING, "The device lost an EGP neighbour", NULL },
	{ "upsTrapOnBattery", 0, NULL, say_on_battery },
	{ "upsTrapTestCompleted", 0, NULL, say_ups_test },
	{ "upsTrapAlarmEntryAdded", 0, NULL, say_ups_alarm },
	{ "upsTrapAlarmEntryRemoved", 0, NULL, say_ups_alarm_over },
	{ "nsNotifyStart", SEVERITY_INFO, "The SNMP agent started", NULL },
	{ "nsNotifyShutdown", SEVERITY_WARNING, "The SNMP agent is shutting down", NULL },
	{ "nsNotifyRestart", SEVERITY_INFO, "The SNMP agent restarted", NULL },
	{ "netSnmpExampleHeartbeatNotification", SEVERITY_INFO, "A heartbeat of the SNMP agent", NULL },
	{ "entConfigChange", SEVERITY_INFO, "A part of the device was added, removed or changed", NULL },
	{ "apcCommunicationLost", SEVERITY_MAJOR, "The UPS's agent cannot reach the UPS", NULL },
	{ "apcUpsOverload", SEVERITY_CRITICAL, "The load is more than the UPS can give", NULL },
	{ "apcUpsDiagnosticsFailed", SEVERITY_MAJOR, "A test of the UPS failed", NULL },
	{ "apcUpsDischarged", SEVERITY_CRITICAL, "The batteries of the UPS are empty", NULL },
	{ "apcUpsOnBattery", SEVERITY_MAJOR, "The UPS runs on battery", NULL },
	{ "apcSmartBoostOn", SEVERITY_WARNING, "The UPS raises a low input voltage", NULL },
	{ "apcLowBattery", SEVERITY_CRITICAL, "The battery of the UPS is low", NULL },
	{ "apcCommunicationEstablished", SEVERITY_CLEARED, "The UPS's agent reaches the UPS again", NULL },
	{ "apcPowerRestored", SEVERITY_CLEARED, "Mains power is back at the UPS", NULL },
	{ "apcUpsDiagnosticsPassed", SEVERITY_CLEARED, "A test of the UPS passed", NULL },
	{ "apcReturnFromLowBattery", SEVERITY_CLEARED, "The battery of the UPS is no longer low", NULL },
};

static const struct row *find_row(const struct oid *trap)
{
	size_t matched;
	const struct mib_object *o = mib_lookup(trap, &matched);
	if (!o || o->kind != MIB_NOTIFICATION || matched != trap->n)
		return NULL;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (strcmp(rows[i].name, o->name) == 0)
			return &rows[i];
	return NULL;
}

// 1.3.6.1.4.1.N: the enterprise number, or 0.
static uint32_t enterprise_of(const struct oid *o)
{
	static const uint32_t enterprises[] = { 1, 3, 6, 1, 4, 1 };
	size_t n = sizeof(enterprises) / sizeof(enterprises[0]);
	return o->n > n && memcmp(o->arc, enterprises, sizeof(enterprises)) == 0 ? o->arc[n] : 0;
}

static void add_sender(const struct snmp_notification *n, struct text *out)
{
	struct oid o;
	uint32_t number = enterprise_of(&n->trap_oid);
	if (number == 0 && oid_decode(n->enterprise, &o) == ST_OK)
		number = enterprise_of(&o);
	if (number == 0)
		return;
	o = (struct oid){ .arc = { 1, 3, 6, 1, 4, 1, number }, .n = 7 };
	size_t matched;
	const struct mib_object *maker = mib_lookup(&o, &matched);
	if (maker && matched == o.n)
		text_printf(out, " from %s (enterprise %u)", maker->meaning, number);
	else
		text_printf(out, " from enterprise %u", number);
}

// The first text among the values: many vendors say what happened in words alone.
static void add_first_text(const struct snmp_notification *n, struct text *out)
{
	enum { SHORTEST = 3 };
	struct ber walk = ber_of(n->varbinds);
	struct snmp_varbind v;
	struct oid o;
	while (snmp_notification_next(&walk, &v)) {
		bool candidate = v.type == BER_OCTETS && v.value.n >= SHORTEST && mib_is_text(v.value);
		if (!candidate || oid_decode(v.oid, &o) != ST_OK || mib_secret(&o))
			continue;
		text_add(out, "; it says \"");
		mib_text_cut(v.value, EVENT_WORDS_MAX, out);
		text_add(out, "\"");
		return;
	}
}

static enum severity say_unknown(const struct snmp_notification *n, bool inform, struct text *out)
{
	uint32_t count = value_count(n);
	text_add(out, inform ? "Inform " : "Trap ");
	mib_name(&n->trap_oid, out);
	add_sender(n, out);
	if (count == 0)
		text_add(out, " with no values");
	else
		text_printf(out, " with %u value%s", count, count == 1 ? "" : "s");
	add_first_text(n, out);
	return SEVERITY_WARNING;
}

enum severity sentence_of(const struct snmp_notification *n, bool inform, struct text *out)
{
	const struct row *row = find_row(&n->trap_oid);
	if (!row)
		return say_unknown(n, inform, out);
	if (row->say)
		return row->say(n, out);
	text_add(out, row->text);
	return row->severity;
}
