// SPDX-License-Identifier: Apache-2.0
// Alerts found in notifications of every shape, and their sentences: a table of the ones people meet, and for all 707
// codes in all groups the grammar that every sentence must have.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "mib/mib.h"
#include "printer/printer.h"
#include "snmp/build.h"

#define ALERT "1.3.6.1.2.1.43.18.1.1."
#define ALERT_TRAP "1.3.6.1.2.1.43.18.2.0.1"

struct value {
	const char *oid;
	char type;
	const char *value;
};

static uint8_t wire[8192];

// Makes a notification of the values; its spans stay valid until the next call.
static struct snmp_notification make(const char *trap, const struct value *values, size_t n)
{
	struct snmp_out_varbind out[16];
	struct oid trap_oid;
	assert_int_equal(oid_parse(trap, &trap_oid), ST_OK);
	for (size_t i = 0; i < n; i++) {
		struct oid o;
		assert_int_equal(oid_parse(values[i].oid, &o), ST_OK);
		assert_int_equal(snmp_out_varbind_parse(&o, values[i].type, values[i].value, &out[i]), ST_OK);
	}
	struct wr w = wr_of(wire, sizeof(wire));
	snmp_write_notification_v2(&w, PDU_TRAP_V2, 1, 100, &trap_oid, out, n);
	for (size_t i = 0; i < n; i++)
		snmp_out_varbind_done(&out[i]);
	struct snmp_pdu pdu;
	struct snmp_notification notification;
	assert_int_equal(snmp_parse_pdu(wr_span(&w), &pdu), ST_OK);
	assert_int_equal(snmp_normalise(&pdu, &notification), ST_OK);
	return notification;
}

#define MAKE(trap, ...)                                                                                                \
	make(trap, (const struct value[]){ __VA_ARGS__ },                                                              \
	     sizeof((const struct value[]){ __VA_ARGS__ }) / sizeof(struct value))

static void the_standard_trap(void **state)
{
	struct printer_alert a;
	struct snmp_notification n =
	        MAKE(ALERT_TRAP, { ALERT "1.1.7", 'i', "7" }, { ALERT "2.1.7", 'i', "3" }, { ALERT "4.1.7", 'i', "8" },
	             { ALERT "5.1.7", 'i', "2" }, { ALERT "6.1.7", 'i', "-2" }, { ALERT "7.1.7", 'i', "8" });
	assert_true(printer_alert_of(&n, &a));
	assert_int_equal(a.have,
	                 HAVE_INDEX | HAVE_SEVERITY | HAVE_GROUP | HAVE_GROUP_INDEX | HAVE_LOCATION | HAVE_CODE);
	assert_int_equal(a.device, 1);
	assert_int_equal(a.index, 7);
	assert_int_equal(a.location, -2);
	struct text t = { 0 };
	printer_sentence(&a, &t);
	assert_string_equal(text_str(&t), "Paper jam in input tray 2 (critical); a trained operator can clear it");
	assert_string_equal(printer_severity(&a), "critical");
	assert_string_equal(printer_who(&a), "a trained operator");
	text_done(&t);
}

static void without_the_index_varbind(void **state)
{
	struct printer_alert a;
	struct snmp_notification n = MAKE(ALERT_TRAP, { ALERT "2.3.300", 'i', "4" }, { ALERT "7.3.300", 'i', "1104" });
	assert_true(printer_alert_of(&n, &a));
	assert_int_equal(a.have, HAVE_INDEX | HAVE_SEVERITY | HAVE_CODE);
	assert_int_equal(a.index, 300);
	assert_int_equal(a.device, 3);
	n = MAKE(ALERT_TRAP, { ALERT "1.1.0", 'i', "0" }, { ALERT "7.1.0", 'i', "8" });
	assert_true(printer_alert_of(&n, &a));
	assert_true(a.have & HAVE_INDEX);
	assert_int_equal(a.index, 0);
}

static void odd_values_are_as_good_as_absent(void **state)
{
	struct printer_alert a = { .code = 4711 };
	struct snmp_notification n = MAKE(ALERT_TRAP, { ALERT "7.1.1", 's', "jam" }, { ALERT "1.1.1", 'i', "1" });
	assert_false(printer_alert_of(&n, &a));
	assert_int_equal(a.code, 4711);
	n = MAKE(ALERT_TRAP, { ALERT "7.1.1", 'i', "8" }, { ALERT "7.1.2", 'i', "3" });
	assert_true(printer_alert_of(&n, &a));
	assert_int_equal(a.code, 8);
	n = MAKE(ALERT_TRAP, { ALERT "7", 'i', "8" });
	assert_true(printer_alert_of(&n, &a));
	assert_int_equal(a.device, 0);
	n = MAKE(ALERT_TRAP, { ALERT "7.1.4294967295", 'u', "8" });
	assert_true(printer_alert_of(&n, &a));
	assert_false(a.have & HAVE_INDEX);
	n = MAKE(ALERT_TRAP, { "1.3.6.1.2.1.1.5.0", 's', "printer" });
	assert_false(printer_alert_of(&n, &a));
}

// HP: six values in 24 octets; text of 24 octets and numbers that do not exist are none.
static void packed_values(void **state)
{
	static const struct {
		const char *hex;
		bool alert;
	} rows[] = {
		{ "00000007 00000003 00000008 00000002 fffffffe 00000008", true },
		{ "00000000 00000005 00000001 ffffffff fffffffe 00007605", true },
		{ "00000007 00000002 00000008 00000002 fffffffe 00000008", false },
		{ "00000007 00000003 00000013 00000002 fffffffe 00000008", false },
		{ "00000007 00000003 00000008 00000002 fffffffe 000005e4", false },
		{ "00000007 00000003 00000008 00000002 fffffffe 0000", false },
		{ "504150455220 4a414d 20494e 2054524159 2032 20313233 34", false },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct printer_alert a;
		struct snmp_notification n = MAKE("1.3.6.1.4.1.11.2.3.9.4.2.1.6.0.1",
		                                  { "1.3.6.1.4.1.11.2.3.9.4.2.1.6.2.0", 'x', rows[i].hex });
		if (printer_alert_of(&n, &a) != rows[i].alert)
			fail_msg("row %zu", i);
		if (i == 0) {
			struct text t = { 0 };
			printer_sentence(&a, &t);
			assert_string_equal(text_str(&t),
			                    "Paper jam in input tray 2 (critical); a trained operator can clear it");
			text_done(&t);
		}
	}
}

struct sentence {
	int group, index, code, severity, training;
	const char *text;
};

static void sentences(void **state)
{
	static const struct sentence rows[] = {
		{ 8, 2, 8, 3, 0, "Paper jam in input tray 2 (critical); a trained operator can clear it" },
		{ 8, 0, 8, 3, 0, "Paper jam in an input tray (critical); a trained operator can clear it" },
		{ 8, -1, 808, 3, 0, "An input tray is out of paper (critical); anyone can refill it" },
		{ 5, -1, 808, 3, 0, "An input tray is out of paper (critical); anyone can refill it" },
		{ 6, 3, 3, 3, 0, "Cover 3 is open (critical); anyone can close it" },
		{ 5, 1, 3, 3, 0, "Cover open on the printer (critical); anyone can close it" },
		{ 9, 1, 903, 3, 0, "Output bin 1 is full (critical); anyone can empty it" },
		{ 11, 4, 1109, 5, 0,
		  "The waste toner container, supply 4, is full (warning); a trained operator can replace it" },
		{ 11, 1, 1104, 4, 0, "Toner supply 1 is almost empty (warning); a trained operator can replace it" },
		{ 11, -1, 1101, 3, 0,
		  "The print engine is out of toner (critical); a trained operator can replace the toner" },
		{ 10, 1, 1002, 3, 0,
		  "The fuser of print engine 1 is too hot (critical); a service engineer has to repair it" },
		{ 30, 2, 30213, 3, 0, "Stapler 2 is out of staples (critical); anyone can refill it" },
		{ 31, 2, 30212, 5, 0, "Supply 2 of the stapler is low on staples (warning); anyone can refill it" },
		{ 30, -1, 30815, 3, 0, "The waste bin of the hole punch is full (critical); anyone can empty it" },
		{ 18, 7, 1801, 4, 7, "Alert 7 is over (cleared)" },
		{ 18, -1, 1801, 3, 0, "An earlier alert is over (cleared)" },
		{ 8, 1, 1801, 3, 0, "An alert of input tray 1 is over (cleared)" },
		{ 1, 1, 1, 3, 0,
		  "The printer reports a problem without naming it (critical); a trained operator should look at it" },
		{ 5, 1, 7, 1, 0, "The configuration of the printer changed (info)" },
		{ 5, 1, 7, 4, 0, "The configuration of the printer changed (warning); nobody needs to act" },
		{ 8, 2, 8, 3, 3, "Paper jam in input tray 2 (critical); anyone can clear it" },
		{ 8, 2, 8, 3, 5, "Paper jam in input tray 2 (critical); a service engineer has to clear it" },
		{ 8, 2, 8, 3, 6, "Paper jam in input tray 2 (critical); the fleet's management has to see to it" },
		{ 8, 2, 8, 3, 7, "Paper jam in input tray 2 (critical); nobody needs to act" },
		{ 8, 2, 8, 3, 2, "Paper jam in input tray 2 (critical); a trained operator can clear it" },
		{ 77, 4, 13, 3, 0, "Unit 4 of group 77 is empty (critical); anyone can refill it" },
		{ 8, 4, 4711, 3, 0,
		  "Input tray 4 reports alert code 4711 (critical); a trained operator should look at it" },
		{ 30, 4, 30239, 3, 0,
		  "Finisher 4 reports alert code 30239 (critical); a trained operator should look at it" },
		{ -5, 4, -9, 9, 9,
		  "Unit 4 of group -5 reports alert code -9 (warning); a trained operator should look at it" },
		{ 14, 1, 8, 3, 0, "Print channel 1 is blocked (critical); a trained operator can clear it" },
		{ 7, 1, 8, 3, 0, "Paper jam in the printer (critical); a trained operator can clear it" },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct printer_alert a = { .group = rows[i].group,
			                   .group_index = rows[i].index,
			                   .code = rows[i].code,
			                   .severity = rows[i].severity,
			                   .training = rows[i].training,
			                   .have = HAVE_GROUP | HAVE_GROUP_INDEX | HAVE_CODE | HAVE_SEVERITY };
		if (rows[i].training)
			a.have |= HAVE_TRAINING;
		struct text t = { 0 };
		printer_sentence(&a, &t);
		assert_string_equal(text_str(&t), rows[i].text);
		text_done(&t);
	}
}

static void what_the_printer_says_is_cleaned_and_cut(void **state)
{
	char longest[400];
	memset(longest, 'x', sizeof(longest));
	memcpy(longest + 159, "\xc3\xa9", 2); // a character across the limit
	struct printer_alert a = { .code = 8, .have = HAVE_CODE | HAVE_DESCRIPTION };
	a.description = span_str("Jam\r\n\x1b[31m tray\x01");
	struct text t = { 0 };
	printer_sentence(&a, &t);
	assert_string_equal(text_str(&t),
	                    "Paper jam in the printer (warning); a trained operator can clear it; the printer "
	                    "says \"Jam \xef\xbf\xbd[31m tray\xef\xbf\xbd\"");
	text_clear(&t);
	a.description = span_of(longest, sizeof(longest));
	printer_sentence(&a, &t);
	assert_non_null(strstr(text_str(&t), "xxx...\""));
	assert_null(strstr(text_str(&t), "\xef\xbf\xbd"));
	assert_true(t.n < 300);
	text_done(&t);
}

// What every sentence keeps, for every code, group and index: one capital letter first, no marker left, no article or
// unit twice, one severity, one end.
static void every_code_in_every_group(void **state)
{
	static const char *const severities[] = { "", "info", "", "critical", "warning", "warning" };
	int codes = 0;
	for (int code = 0; code < 32000; code++) {
		if (!mib_label("PrtAlertCodeTC", code))
			continue;
		codes++;
		for (int group = 1; group <= 33; group++) {
			for (int index = -1; index <= 2; index++) {
				struct printer_alert a = { .group = group,
					                   .group_index = index,
					                   .code = code,
					                   .severity = 3 + code % 3,
					                   .have = HAVE_GROUP | HAVE_GROUP_INDEX | HAVE_CODE |
					                           HAVE_SEVERITY };
				struct text t = { 0 };
				printer_sentence(&a, &t);
				const char *s = text_str(&t);
				assert_true(s[0] >= 'A' && s[0] <= 'Z');
				assert_null(strpbrk(s, "$\n"));
				assert_null(strstr(s, "the the"));
				assert_null(strstr(s, " a a"));
				assert_null(strstr(s, "  "));
				assert_null(strstr(s, "alert code"));
				char want[16];
				snprintf(want, sizeof(want), " (%s)",
				         code == 1801 ? "cleared" : severities[a.severity]);
				assert_non_null(strstr(s, want));
				assert_true(t.n < 160);
				text_done(&t);
			}
		}
	}
	assert_int_equal(codes, 707);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_standard_trap),
		cmocka_unit_test(without_the_index_varbind),
		cmocka_unit_test(odd_values_are_as_good_as_absent),
		cmocka_unit_test(packed_values),
		cmocka_unit_test(sentences),
		cmocka_unit_test(what_the_printer_says_is_cleaned_and_cut),
		cmocka_unit_test(every_code_in_every_group),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
