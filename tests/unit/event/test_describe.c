// SPDX-License-Identifier: Apache-2.0
// Sentences and severities of the notifications that receivers meet, of unknown ones, storms and the collector's own
// events; hostile text in all of them; the line for a terminal and the time.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "event/describe.h"
#include "event/limits.h"
#include "make.h"

#define STANDARD "1.3.6.1.6.3.1.1.5."
#define IF "1.3.6.1.2.1.2.2.1."
#define IFX "1.3.6.1.2.1.31.1.1.1."
#define UPS "1.3.6.1.2.1.33."
#define ALERT "1.3.6.1.2.1.43.18.1.1."

struct row {
	const char *trap;
	struct value values[8];
	const char *severity, *name, *text;
};

static const struct row rows[] = {
	{ STANDARD "1",
	  { { 0 } },
	  "warning",
	  "coldStart",
	  "The device restarted; its configuration may have changed (cold start)" },
	{ STANDARD "2",
	  { { 0 } },
	  "info",
	  "warmStart",
	  "The device restarted with its configuration unchanged (warm start)" },
	{ STANDARD "3", { { IF "1.3", 'i', "3" } }, "major", "linkDown", "Interface 3 is down" },
	{ STANDARD "3",
	  { { IF "1.3", 'i', "3" }, { IF "7.3", 'i', "1" }, { IF "8.3", 'i', "2" }, { IF "2.3", 's', "eth0" } },
	  "major",
	  "linkDown",
	  "Interface eth0 is down" },
	{ STANDARD "3",
	  { { IF "7.3", 'i', "2" },
	    { IF "2.3", 's', "GigabitEthernet0/1" },
	    { IFX "1.3", 's', "Gi0/1" },
	    { IFX "18.3", 's', "uplink to the core" } },
	  "info",
	  "linkDown",
	  "Interface Gi0/1 (uplink to the core) was switched off by an administrator" },
	{ STANDARD "3", { { IF "8.12", 'i', "2" } }, "major", "linkDown", "Interface 12 is down" },
	{ STANDARD "3", { { 0 } }, "major", "linkDown", "An interface is down" },
	{ STANDARD "3",
	  { { IF "1", 's', "junk" }, { IF "2", 'i', "9" } },
	  "major",
	  "linkDown",
	  "An interface is down" },
	{ STANDARD "4",
	  { { IF "1.3", 'i', "3" }, { IF "2.3", 's', "eth0\n" } },
	  "cleared",
	  "linkUp",
	  "Interface eth0 is up" },
	{ STANDARD "5",
	  { { 0 } },
	  "warning",
	  "authenticationFailure",
	  "The device refused an SNMP request: wrong community or password" },
	{ UPS "2.1",
	  { { UPS "1.2.3.0", 'i', "25" }, { UPS "1.2.2.0", 'i', "60" }, { UPS "1.9.7.0", 'i', "5" } },
	  "major",
	  "upsTrapOnBattery",
	  "The UPS runs on battery since 60 seconds; about 25 minutes left" },
	{ UPS "2.0.1",
	  { { UPS "1.2.3.0", 'i', "1" }, { UPS "1.2.2.0", 'i', "1" }, { UPS "1.9.7.0", 'i', "5" } },
	  "critical",
	  "upsTrapOnBattery",
	  "The UPS runs on battery since 1 second; about 1 minute left" },
	{ UPS "2.1", { { 0 } }, "major", "upsTrapOnBattery", "The UPS runs on battery" },
	{ UPS "2.2",
	  { { UPS "1.7.3.0", 'i', "3" }, { UPS "1.7.4.0", 's', "cell 4 weak" } },
	  "major",
	  "upsTrapTestCompleted",
	  "A test of the UPS failed; it says \"cell 4 weak\"" },
	{ UPS "2.2", { { UPS "1.7.3.0", 'i', "1" } }, "info", "upsTrapTestCompleted", "A test of the UPS passed" },
	{ UPS "2.2", { { UPS "1.7.3.0", 'i', "99" } }, "info", "upsTrapTestCompleted", "A test of the UPS ended" },
	{ UPS "2.3",
	  { { UPS "1.6.2.1.1.1", 'i', "1" }, { UPS "1.6.2.1.2.1", 'o', UPS "1.6.3.2" } },
	  "major",
	  "upsTrapAlarmEntryAdded",
	  "UPS alarm: running on battery" },
	{ UPS "2.3",
	  { { UPS "1.6.2.1.2.1", 'o', UPS "1.6.3.8" } },
	  "critical",
	  "upsTrapAlarmEntryAdded",
	  "UPS alarm: the load is more than the UPS can give" },
	{ UPS "2.3",
	  { { UPS "1.6.2.1.2.1", 'o', "1.3.6.1.4.1.9999.7" } },
	  "major",
	  "upsTrapAlarmEntryAdded",
	  "UPS alarm: 1.3.6.1.4.1.9999.7" },
	{ UPS "2.3", { { 0 } }, "major", "upsTrapAlarmEntryAdded", "UPS alarm: not named" },
	{ UPS "2.4",
	  { { UPS "1.6.2.1.2.1", 'o', UPS "1.6.3.2" } },
	  "cleared",
	  "upsTrapAlarmEntryRemoved",
	  "UPS alarm over: running on battery" },
	{ "1.3.6.1.4.1.318.0.9", { { 0 } }, "cleared", "apcPowerRestored", "Mains power is back at the UPS" },
	{ "1.3.6.1.4.1.8072.4.0.1", { { 0 } }, "info", "nsNotifyStart", "The SNMP agent started" },
	{ "1.3.6.1.4.1.8072.4.0.2", { { 0 } }, "warning", "nsNotifyShutdown", "The SNMP agent is shutting down" },
	{ "1.3.6.1.4.1.8072.4.0.3", { { 0 } }, "info", "nsNotifyRestart", "The SNMP agent restarted" },
	{ "1.3.6.1.2.1.43.18.2.0.1",
	  { { ALERT "1.1.5", 'i', "5" },
	    { ALERT "2.1.5", 'i', "3" },
	    { ALERT "4.1.5", 'i', "8" },
	    { ALERT "5.1.5", 'i', "2" },
	    { ALERT "6.1.5", 'i', "-2" },
	    { ALERT "7.1.5", 'i', "8" } },
	  "critical",
	  "printerV2Alert",
	  "Paper jam in input tray 2 (critical); a trained operator can clear it" },
	{ "1.3.6.1.2.1.43.18.2.0.1",
	  { { ALERT "2.1.5", 'i', "4" },
	    { ALERT "4.1.5", 'i', "18" },
	    { ALERT "5.1.5", 'i', "4" },
	    { ALERT "7.1.5", 'i', "1801" } },
	  "cleared",
	  "printerV2Alert",
	  "Alert 4 is over (cleared)" },
	{ "1.3.6.1.2.1.43.18.2.0.1", { { 0 } }, "warning", "printerV2Alert", "Trap printerV2Alert with no values" },
	{ "1.3.6.1.4.1.9999.1.2",
	  { { "1.3.6.1.4.1.9999.2", 'i', "1" },
	    { "1.3.6.1.4.1.9999.3", 'i', "1" },
	    { "1.3.6.1.4.1.9999.4", 'i', "1" } },
	  "warning",
	  "1.3.6.1.4.1.9999.1.2",
	  "Trap 1.3.6.1.4.1.9999.1.2 from enterprise 9999 with 3 values" },
	{ "1.3.6.1.4.1.10642.0.1",
	  { { "1.3.6.1.4.1.10642.5", 's', "HEAD OPEN" } },
	  "warning",
	  "zebra.0.1",
	  "Trap zebra.0.1 from Zebra (enterprise 10642) with 1 value; it says \"HEAD OPEN\"" },
	{ "1.3.6.1.4.1.1552.1",
	  { { "1.3.6.1.6.3.18.1.4.0", 's', "topsecret" } },
	  "warning",
	  "oce.1",
	  "Trap oce.1 from Oc\xc3\xa9 (enterprise 1552) with 1 value" },
	{ "1.3.6.1.2.1.99.9", { { 0 } }, "warning", "1.3.6.1.2.1.99.9", "Trap 1.3.6.1.2.1.99.9 with no values" },
};

static void notifications(void **state)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		static struct made m;
		struct event_words w = { 0 };
		make_v2(&m, EVENT_TRAP, rows[i].trap, rows[i].values);
		assert_int_equal(event_describe(&m.event, &w), ST_OK);
		assert_string_equal(text_str(&w.text), rows[i].text);
		assert_string_equal(text_str(&w.name), rows[i].name);
		assert_string_equal(severity_name(w.severity), rows[i].severity);
		event_words_done(&w);
	}
}

static void the_same_as_v1(void **state)
{
	static struct made m;
	struct event_words w = { 0 };
	make_v1(&m, "1.3.6.1.2.1.43.18.2", "10.0.0.9", 6, 1,
	        (const struct value[]){ { ALERT "2.1.5", 'i', "3" },
	                                { ALERT "4.1.5", 'i', "6" },
	                                { ALERT "5.1.5", 'i', "1" },
	                                { ALERT "7.1.5", 'i', "3" },
	                                { 0 } });
	assert_int_equal(event_describe(&m.event, &w), ST_OK);
	assert_string_equal(text_str(&w.name), "printerV2Alert");
	assert_string_equal(text_str(&w.text), "Cover 1 is open (critical); anyone can close it");
	event_words_done(&w);
	make_v1(&m, "1.3.6.1.4.1.9999", "10.0.0.9", 2, 0, (const struct value[]){ { IF "1.2", 'i', "2" }, { 0 } });
	assert_int_equal(event_describe(&m.event, &w), ST_OK);
	assert_string_equal(text_str(&w.text), "Interface 2 is down");
	event_words_done(&w);
	make_v1(&m, "1.3.6.1.4.1.9999", "10.0.0.9", 6, 17, NULL);
	assert_int_equal(event_describe(&m.event, &w), ST_OK);
	assert_string_equal(text_str(&w.text), "Trap 1.3.6.1.4.1.9999.0.17 from enterprise 9999 with no values");
	event_words_done(&w);
}

static void informs_and_storms(void **state)
{
	static struct made m, last;
	struct event_words w = { 0 };
	make_v2(&m, EVENT_INFORM, "1.3.6.1.4.1.9999.1", NULL);
	assert_int_equal(event_describe(&m.event, &w), ST_OK);
	assert_string_equal(text_str(&w.text), "Inform 1.3.6.1.4.1.9999.1 from enterprise 9999 with no values");
	event_words_done(&w);
	make_v2(&m, EVENT_TRAP, STANDARD "3", (const struct value[]){ { IF "1.3", 'i', "3" }, { 0 } });
	make_v2(&last, EVENT_TRAP, STANDARD "4", NULL);
	m.event.kind = EVENT_STORM;
	m.event.count = 412;
	m.event.pdu_last = last.event.pdu;
	assert_int_equal(event_describe(&m.event, &w), ST_OK);
	assert_string_equal(text_str(&w.text),
	                    "412 messages from 192.0.2.7 in one second; the first: Interface 3 is down");
	assert_int_equal(w.severity, SEVERITY_MAJOR);
	assert_true(w.has_notification);
	event_words_done(&w);
}

static void own_events(void **state)
{
	static const struct {
		uint8_t kind;
		const char *text;
		enum severity severity;
	} own[] = { { EVENT_STARTED, "The collector started", SEVERITY_INFO },
		    { EVENT_STOPPED, "The collector stopped", SEVERITY_INFO },
		    { EVENT_RELOADED, "The collector read its configuration again", SEVERITY_INFO },
		    { EVENT_GAP, "A reader of the journal fell behind and missed events", SEVERITY_WARNING } };
	for (size_t i = 0; i < sizeof(own) / sizeof(own[0]); i++) {
		struct event e = { .kind = own[i].kind };
		struct event_words w = { 0 };
		assert_int_equal(event_describe(&e, &w), ST_OK);
		assert_string_equal(text_str(&w.text), own[i].text);
		assert_int_equal(w.severity, own[i].severity);
		assert_false(w.has_notification);
		event_words_done(&w);
	}
}

static void a_damaged_pdu(void **state)
{
	static struct made m;
	struct event_words w = { .severity = SEVERITY_MINOR };
	make_v2(&m, EVENT_TRAP, STANDARD "1", NULL);
	m.event.pdu.n--;
	assert_int_equal(event_describe(&m.event, &w), ST_DAMAGED);
	m.event.pdu.n = 0;
	assert_int_equal(event_describe(&m.event, &w), ST_DAMAGED);
	assert_int_equal(w.severity, SEVERITY_MINOR);
}

// Whatever a device puts into a name: one line, no control characters, a limit, never half a character.
static void hostile_text_stays_tame(void **state)
{
	static char longest[1000];
	for (size_t i = 0; i + 2 < sizeof(longest); i += 2)
		memcpy(longest + i, "\xc3\xa9", 2);
	static const char *const texts[] = { "\x1b]0;owned\x07",
		                             "a\nb\rc\td",
		                             "\x9b"
		                             "31m",
		                             "\xe2\x80",
		                             "\xff\xfe",
		                             longest };
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		static struct made m;
		struct event_words w = { 0 };
		make_v2(&m, EVENT_TRAP, STANDARD "3",
		        (const struct value[]){ { IFX "1.3", 's', texts[i] }, { IFX "18.3", 's', texts[i] }, { 0 } });
		assert_int_equal(event_describe(&m.event, &w), ST_OK);
		assert_true(w.text.n <= EVENT_SENTENCE_MAX);
		for (size_t k = 0; k < w.text.n; k++)
			assert_true((uint8_t)w.text.p[k] >= 0x20 && (uint8_t)w.text.p[k] != 0x7f);
		struct text again = { 0 };
		text_clean(&again, span_of(w.text.p, w.text.n));
		assert_int_equal(again.n, w.text.n);
		assert_memory_equal(again.p, w.text.p, w.text.n);
		text_done(&again);
		event_words_done(&w);
	}
}

static void an_endless_number_is_cut(void **state)
{
	static struct made m;
	struct event_words w = { 0 };
	char trap[2000] = "1.3.6.1.4.1";
	for (int i = 0; i < 120; i++)
		strcat(trap, ".4294967295");
	make_v2(&m, EVENT_TRAP, trap, NULL);
	assert_int_equal(event_describe(&m.event, &w), ST_OK);
	assert_int_equal(w.text.n, EVENT_SENTENCE_MAX);
	assert_string_equal(w.text.p + w.text.n - 3, "...");
	event_words_done(&w);
}

static void times(void **state)
{
	static const struct {
		int64_t nanoseconds;
		const char *text;
	} times[] = { { 0, "1970-01-01T00:00:00.000000000Z" },
		      { 1795214008123456789, "2026-11-20T22:33:28.123456789Z" },
		      { -1, "1969-12-31T23:59:59.999999999Z" },
		      { INT64_MAX, "2262-04-11T23:47:16.854775807Z" },
		      { INT64_MIN, "1677-09-21T00:12:43.145224192Z" } };
	for (size_t i = 0; i < sizeof(times) / sizeof(times[0]); i++) {
		struct text t = { 0 };
		event_time_text(times[i].nanoseconds, &t);
		assert_string_equal(text_str(&t), times[i].text);
		text_done(&t);
	}
}

static void lines(void **state)
{
	static struct made m;
	struct event_words w = { 0 };
	struct text t = { 0 };
	make_v2(&m, EVENT_TRAP, STANDARD "3", (const struct value[]){ { IF "1.3", 'i', "3" }, { 0 } });
	assert_int_equal(event_describe(&m.event, &w), ST_OK);
	event_line(&m.event, &w, false, &t);
	assert_string_equal(text_str(&t), "2026-11-20T22:33:28Z 192.0.2.7:1024 major Interface 3 is down");
	text_clear(&t);
	m.event.site = span_str("rotter\ndam");
	event_line(&m.event, &w, true, &t);
	assert_string_equal(text_str(&t), "2026-11-20T22:33:28Z rotter dam 192.0.2.7:1024 \x1b[31mmajor\x1b[0m "
	                                  "Interface 3 is down");
	event_words_done(&w);
	text_clear(&t);
	struct event own = { .kind = EVENT_STARTED };
	assert_int_equal(event_describe(&own, &w), ST_OK);
	event_line(&own, &w, false, &t);
	assert_string_equal(text_str(&t), "1970-01-01T00:00:00Z - info The collector started");
	event_words_done(&w);
	text_done(&t);
}

static void severities_by_name(void **state)
{
	for (unsigned s = 0; s < SEVERITY_COUNT; s++) {
		enum severity back = SEVERITY_COUNT;
		assert_int_equal(severity_parse(severity_name((enum severity)s), &back), ST_OK);
		assert_int_equal(back, s);
	}
	enum severity kept = SEVERITY_MAJOR;
	assert_int_equal(severity_parse("Major", &kept), ST_SYNTAX);
	assert_int_equal(kept, SEVERITY_MAJOR);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(notifications),
		cmocka_unit_test(the_same_as_v1),
		cmocka_unit_test(informs_and_storms),
		cmocka_unit_test(own_events),
		cmocka_unit_test(a_damaged_pdu),
		cmocka_unit_test(hostile_text_stays_tame),
		cmocka_unit_test(an_endless_number_is_cut),
		cmocka_unit_test(times),
		cmocka_unit_test(lines),
		cmocka_unit_test(severities_by_name),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
