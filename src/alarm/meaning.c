// SPDX-License-Identifier: Apache-2.0
// Printer-MIB by RFC 3805 and the IANA-PRINTER-MIB's numbers; links by RFC 2863, starts by RFC 3418, UPSes by RFC 1628 and
// APC's own traps, sensors by RFC 3433.
#include "alarm/meaning.h"

#include "base/hash.h"
#include "event/values.h"
#include "snmp/ber.h"

enum alert_number {
	SEVERITY_LEVEL_CRITICAL = 3, // PrtAlertSeverityLevelTC
	SEVERITY_LEVEL_ONCE = 4,
	GROUP_OTHER = 1, // PrtAlertGroupTC
	GROUP_UNKNOWN = 2,
	GROUP_ALERT = 18,
	CODE_OTHER = 1, // PrtAlertCodeTC
	CODE_UNKNOWN = 2,
	CODE_REMOVAL = 1801,
	FINISHING = 30000, // 30000 + 100 * device + generic code
	GENERIC_LAST = 38,
};

struct key {
	char *at, *end;
};

static void key_text(struct key *k, struct span s)
{
	size_t room = (size_t)(k->end - k->at), n = s.n < room ? s.n : room;
	if (n)
		memcpy(k->at, s.p, n);
	k->at += n;
}

static void key_number(struct key *k, const char *before, int64_t v)
{
	char digits[24];
	size_t i = sizeof digits;
	uint64_t u = v < 0 ? 0 - (uint64_t)v : (uint64_t)v;
	do
		digits[--i] = (char)('0' + u % 10);
	while (u /= 10);
	if (v < 0)
		digits[--i] = '-';
	key_text(k, span_str(before));
	key_text(k, span_of(digits + i, sizeof digits - i));
}

static struct key key_begin(struct finding *f, const char *word)
{
	struct key k = { f->key, f->key + sizeof f->key };
	key_text(&k, span_str(word));
	return k;
}

static void key_end(struct finding *f, const struct key *k)
{
	f->key_n = (size_t)(k->at - f->key);
}

// A key longer than its limit ends in its checksum, so that two that begin alike stay two.
static void key_long(struct finding *f, const char *word, struct span rest)
{
	enum { SUM = 10 };
	struct key k = key_begin(f, word);
	size_t room = (size_t)(k.end - k.at);
	if (rest.n <= room) {
		key_text(&k, rest);
	} else {
		key_text(&k, span_of(rest.p, room - SUM - 1));
		key_number(&k, "~", crc32c(0, rest));
	}
	key_end(f, &k);
}

int32_t meaning_opposite(int32_t code)
{
	static const struct {
		int16_t ends, begins;
	} pairs[] = { { 4, 3 }, { 6, 5 }, { 19, 18 }, { 20, 21 }, { 25, 26 }, { 502, 501 }, { 503, 504 } };
	bool finishing = code > FINISHING && code % 100 <= GENERIC_LAST;
	int32_t base = finishing ? code - code % 100 : 0;
	for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++)
		if (code - base == pairs[i].ends && (!finishing || pairs[i].ends <= GENERIC_LAST))
			return base + pairs[i].begins;
	return 0;
}

bool meaning_is_generic(const struct printer_alert *a)
{
	bool nowhere = !(a->have & HAVE_GROUP) || a->group == GROUP_OTHER || a->group == GROUP_UNKNOWN;
	bool nothing = !(a->have & HAVE_CODE) || a->code == CODE_OTHER || a->code == CODE_UNKNOWN;
	return a->have & HAVE_SEVERITY && a->severity == SEVERITY_LEVEL_CRITICAL && nowhere && nothing;
}

static int32_t have(const struct printer_alert *a, enum printer_have what, int32_t value)
{
	return a->have & what ? value : -1;
}

void meaning_of_alert(const struct printer_alert *a, struct finding *out)
{
	struct finding *f = out;
	f->kind = ALARM_PRINTER;
	f->has_alert = true;
	f->alert = *a;
	f->code = a->have & HAVE_CODE ? meaning_opposite(a->code) : 0;
	if (a->have & HAVE_CODE && a->code == CODE_REMOVAL) {
		f->verb = a->have & HAVE_GROUP_INDEX ? FINDING_REMOVED : FINDING_NONE;
		f->because = BECAUSE_CLEAR_TRAP;
		f->index = a->group_index;
		return;
	}
	if (f->code) {
		f->verb = FINDING_OPPOSITE;
		f->because = BECAUSE_OPPOSITE;
		return;
	}
	f->verb = FINDING_RAISE;
	severity_parse(printer_severity(a), &f->severity);
	f->expires = a->have & HAVE_SEVERITY && a->severity == SEVERITY_LEVEL_ONCE ? ALARM_ONCE_NS : 0;
	struct key k = key_begin(f, "printer");
	key_number(&k, "/", a->device);
	key_number(&k, "/", have(a, HAVE_GROUP, a->group));
	key_number(&k, ".", have(a, HAVE_GROUP_INDEX, a->group_index));
	key_number(&k, "/", have(a, HAVE_LOCATION, a->location));
	key_number(&k, "/", have(a, HAVE_CODE, a->code));
	key_end(f, &k);
}

// The interface's number: its ifIndex, or the instance of any column of ifTable and ifXTable.
static bool interface_of(const struct snmp_notification *n, int64_t *out)
{
	const struct span entries[] = { VALUE_OID(0x2b, 6, 1, 2, 1, 2, 2, 1),
		                        VALUE_OID(0x2b, 6, 1, 2, 1, 31, 1, 1, 1) };
	if (value_number(n, VALUE_OID(0x2b, 6, 1, 2, 1, 2, 2, 1, 1), out))
		return true;
	for (size_t i = 0; i < sizeof entries / sizeof *entries; i++) {
		struct snmp_varbind v;
		struct oid o;
		if (value_find(n, entries[i], &v) && oid_decode(v.oid, &o) == ST_OK && o.n == entries[i].n + 3) {
			*out = o.arc[o.n - 1];
			return true;
		}
	}
	return false;
}

static void say_link(const struct snmp_notification *n, struct finding *f)
{
	int64_t number;
	struct key k = key_begin(f, "link");
	if (interface_of(n, &number))
		key_number(&k, "/", number);
	key_end(f, &k);
}

// upsAlarmDescr names the condition: one of upsWellKnownAlarms by its last number, or an OID of the maker's.
static void say_ups_alarm(const struct snmp_notification *n, struct finding *f)
{
	static const uint32_t well_known[] = { 1, 3, 6, 1, 2, 1, 33, 1, 6, 3 };
	const size_t arcs = sizeof well_known / sizeof *well_known;
	struct snmp_varbind v;
	struct oid o;
	struct key k = key_begin(f, "ups");
	if (value_find(n, VALUE_OID(0x2b, 6, 1, 2, 1, 33, 1, 6, 2, 1, 2), &v) && v.type == BER_OID &&
	    oid_decode(v.value, &o) == ST_OK) {
		bool known = o.n == arcs + 1 && memcmp(o.arc, well_known, sizeof well_known) == 0;
		for (size_t i = known ? arcs : 0; i < o.n; i++)
			key_number(&k, i == 0 || known ? "/" : ".", o.arc[i]);
	}
	key_end(f, &k);
}

static void say_ups_test(const struct snmp_notification *n, struct finding *f)
{
	enum { PASS = 1, WARNING = 2, ABORTED = 4 };
	int64_t result = 0;
	struct key k = key_begin(f, "ups/19"); // upsAlarmDiagnosticTestFailed
	key_end(f, &k);
	bool told = value_number(n, VALUE_OID(0x2b, 6, 1, 2, 1, 33, 1, 7, 3), &result);
	f->verb = told && result == PASS                           ? FINDING_CLEAR
	          : told && result >= WARNING && result <= ABORTED ? FINDING_RAISE
	                                                           : FINDING_NONE;
}

// What a known notification says. Its key: that of the row, or what `say` makes.
struct known {
	struct oid trap;
	enum finding_verb verb;
	enum alarm_kind kind;
	const char *key;
	void (*say)(const struct snmp_notification *n, struct finding *f);
	int64_t expires;
};

#define TRAP(...)                                                                                                      \
	{                                                                                                              \
		.arc = { __VA_ARGS__ }, .n = sizeof((const uint32_t[]){ __VA_ARGS__ }) / sizeof(uint32_t)              \
	}
#define APC(n) TRAP(1, 3, 6, 1, 4, 1, 318, 0, n)

static const struct known knowns[] = {
	{ TRAP(1, 3, 6, 1, 6, 3, 1, 1, 5, 1), FINDING_RESTART, 0, NULL, NULL, 0 },
	{ TRAP(1, 3, 6, 1, 6, 3, 1, 1, 5, 2), FINDING_RESTART, 0, NULL, NULL, 0 },
	{ TRAP(1, 3, 6, 1, 6, 3, 1, 1, 5, 3), FINDING_RAISE, ALARM_LINK, NULL, say_link, 0 },
	{ TRAP(1, 3, 6, 1, 6, 3, 1, 1, 5, 4), FINDING_CLEAR, ALARM_LINK, NULL, say_link, 0 },
	{ TRAP(1, 3, 6, 1, 6, 3, 1, 1, 5, 5), FINDING_RAISE, ALARM_ACCESS, "access", NULL, ALARM_ACCESS_NS },
	{ TRAP(1, 3, 6, 1, 2, 1, 33, 2, 1), FINDING_RAISE, ALARM_UPS, "ups/2", NULL, ALARM_BATTERY_NS },
	{ TRAP(1, 3, 6, 1, 2, 1, 33, 2, 2), FINDING_RAISE, ALARM_UPS, NULL, say_ups_test, 0 },
	{ TRAP(1, 3, 6, 1, 2, 1, 33, 2, 3), FINDING_RAISE, ALARM_UPS, NULL, say_ups_alarm, 0 },
	{ TRAP(1, 3, 6, 1, 2, 1, 33, 2, 4), FINDING_CLEAR, ALARM_UPS, NULL, say_ups_alarm, 0 },
	// The numbers behind ups/ are those of upsWellKnownAlarms.
	{ APC(1), FINDING_RAISE, ALARM_UPS, "ups/20", NULL, 0 },
	{ APC(8), FINDING_CLEAR, ALARM_UPS, "ups/20", NULL, 0 },
	{ APC(2), FINDING_RAISE, ALARM_UPS, "ups/8", NULL, ALARM_ONCE_NS },
	{ APC(3), FINDING_RAISE, ALARM_UPS, "ups/19", NULL, 0 },
	{ APC(10), FINDING_CLEAR, ALARM_UPS, "ups/19", NULL, 0 },
	{ APC(4), FINDING_RAISE, ALARM_UPS, "ups/4", NULL, ALARM_ONCE_NS },
	{ APC(5), FINDING_RAISE, ALARM_UPS, "ups/2", NULL, 0 },
	{ APC(9), FINDING_CLEAR, ALARM_UPS, "ups/2", NULL, 0 },
	{ APC(6), FINDING_RAISE, ALARM_UPS, "ups/6", NULL, ALARM_ONCE_NS },
	{ APC(7), FINDING_RAISE, ALARM_UPS, "ups/3", NULL, 0 },
	{ APC(11), FINDING_CLEAR, ALARM_UPS, "ups/3", NULL, 0 },
};

// RFC 3584 allows both x.0.n and x.n for a v1 trap x, n; the table has one of them.
static bool same_trap(const struct oid *a, const struct oid *b)
{
	if (a->n == b->n)
		return memcmp(a->arc, b->arc, a->n * sizeof *a->arc) == 0;
	const struct oid *longer = a->n > b->n ? a : b, *shorter = a->n > b->n ? b : a;
	return longer->n == shorter->n + 1 && shorter->n > 1 && longer->arc[longer->n - 2] == 0 &&
	       longer->arc[longer->n - 1] == shorter->arc[shorter->n - 1] &&
	       memcmp(longer->arc, shorter->arc, (shorter->n - 1u) * sizeof *shorter->arc) == 0;
}

static bool say_known(const struct snmp_notification *n, struct text *scratch, struct finding *f)
{
	for (size_t i = 0; i < sizeof knowns / sizeof *knowns; i++) {
		const struct known *row = &knowns[i];
		if (!same_trap(&n->trap_oid, &row->trap))
			continue;
		f->verb = row->verb;
		f->kind = row->kind;
		f->expires = row->expires;
		f->because = BECAUSE_OPPOSITE;
		if (row->key) {
			struct key k = key_begin(f, row->key);
			key_end(f, &k);
		}
		if (row->say)
			row->say(n, f);
		if (f->verb == FINDING_RAISE)
			f->severity = event_severity(n, scratch);
		return true;
	}
	return false;
}

// A sensor's state in any notification: ok ends what the others begin.
static void say_sensor(const struct snmp_notification *n, struct finding *f)
{
	enum { OK = 1, UNAVAILABLE = 2, NONOPERATIONAL = 3 };
	const struct span status = VALUE_OID(0x2b, 6, 1, 2, 1, 99, 1, 1, 1, 5);
	struct snmp_varbind v;
	struct oid o;
	int64_t state;
	if (!value_find(n, status, &v) || !value_number(n, status, &state) || oid_decode(v.oid, &o) != ST_OK ||
	    o.n != status.n + 2 || state < OK || state > NONOPERATIONAL)
		return;
	f->verb = state == OK ? FINDING_CLEAR : FINDING_RAISE;
	f->kind = ALARM_SENSOR;
	f->because = BECAUSE_OPPOSITE;
	f->severity = state == UNAVAILABLE ? SEVERITY_WARNING : SEVERITY_MAJOR;
	struct key k = key_begin(f, "sensor");
	key_number(&k, "/", o.arc[o.n - 1]);
	key_end(f, &k);
}

static void say_rule(const struct rule *r, const struct snmp_notification *n, struct text *scratch, struct finding *f)
{
	f->kind = ALARM_RULE;
	f->because = BECAUSE_RULE;
	f->severity = r->severity;
	f->expires = r->expires;
	f->rule = r;
	f->verb = r->verb == RULE_RAISE ? FINDING_RAISE : r->verb == RULE_CLEAR ? FINDING_CLEAR : FINDING_NONE;
	text_clear(scratch);
	rule_fill(&r->key, n, scratch);
	key_long(f, "rule/", span_of(scratch->p, scratch->n));
}

void meaning_of(const struct snmp_notification *n, const struct rules *rules, struct text *scratch, struct finding *out)
{
	struct printer_alert alert;
	out->verb = FINDING_NONE;
	out->has_alert = false;
	out->rule = NULL;
	out->key_n = 0;
	out->expires = 0;
	const struct rule *rule = rules_match(rules, n, scratch);
	if (rule)
		say_rule(rule, n, scratch, out);
	else if (printer_alert_of(n, &alert))
		meaning_of_alert(&alert, out);
	else if (!say_known(n, scratch, out))
		say_sensor(n, out);
}
