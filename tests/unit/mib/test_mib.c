// SPDX-License-Identifier: Apache-2.0
// The dictionary against its own data and against labels.csv beside this file: the 985 numbers of the Printer-MIB and
// IANA-PRINTER-MIB as extracted from the modules, every finishing code written out, so that the rule is checked.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "mib/mib.h"
#include "snmp/ber.h"

static const char *labels_path, *objects_path;

static struct oid oid_of(const char *dotted)
{
	struct oid o = { 0 };
	assert_int_equal(oid_parse(dotted, &o), ST_OK);
	return o;
}

static void every_label_is_there(void **state)
{
	FILE *f = fopen(labels_path, "r");
	assert_non_null(f);
	char line[256], convention[128], label[128];
	int number, rows = 0;
	while (fgets(line, sizeof(line), f)) {
		assert_int_equal(sscanf(line, "%127[^,],%d,%127[^,\r\n]", convention, &number, label), 3);
		const char *name =
		        strncmp(convention, "PrtSubUnitStatusTC.a", 20) == 0 ? "PrtSubUnitStatusTC" : convention;
		const char *found = mib_label(name, number);
		if (!found || strcmp(found, label) != 0)
			fail_msg("%s %d: %s, not %s", name, number, found ? found : "nothing", label);
		rows++;
	}
	fclose(f);
	assert_int_equal(rows, 985);
	assert_null(mib_label("PrtAlertCodeTC", 1508));
	assert_null(mib_label("PrtAlertCodeTC", 30239));
	assert_null(mib_label("PrtAlertCodeTC", 31902));
	assert_null(mib_label("NoSuchConvention", 1));
}

// Every row of objects.csv is found by OID, by name, with an instance, and by nothing in between.
static void every_object_both_ways(void **state)
{
	FILE *f = fopen(objects_path, "r");
	assert_non_null(f);
	char line[1024], name[128], dotted[256];
	int rows = 0;
	assert_non_null(fgets(line, sizeof(line), f));
	while (fgets(line, sizeof(line), f)) {
		assert_int_equal(sscanf(line, "%127[^,],%255[0-9.]", name, dotted), 2);
		struct oid o = oid_of(dotted), back;
		size_t matched = 0;
		const struct mib_object *found = mib_lookup(&o, &matched);
		assert_non_null(found);
		assert_string_equal(found->name, name);
		assert_int_equal(matched, o.n);
		assert_ptr_equal(mib_by_name(name, strlen(name)), found);
		assert_int_equal(mib_parse(name, &back), ST_OK);
		assert_int_equal(oid_compare(&o, &back), 0);
		rows++;
	}
	fclose(f);
	assert_true(rows > 380);
}

// The slow model: of all rows, the one with the longest OID that starts the number.
static void random_walk_against_a_slow_search(void **state)
{
	static struct oid all[1024];
	static char names[1024][128];
	FILE *f = fopen(objects_path, "r");
	assert_non_null(f);
	char line[1024], dotted[256];
	size_t rows = 0;
	assert_non_null(fgets(line, sizeof(line), f));
	while (rows < 1024 && fgets(line, sizeof(line), f)) {
		assert_int_equal(sscanf(line, "%127[^,],%255[0-9.]", names[rows], dotted), 2);
		all[rows++] = oid_of(dotted);
	}
	fclose(f);
	srandom(20261120);
	for (int i = 0; i < 20000; i++) {
		struct oid o = all[(size_t)random() % rows];
		o.n = (uint8_t)(1 + (size_t)random() % o.n);
		for (int extra = (int)(random() % 4); extra > 0; extra--)
			oid_append(&o, (uint32_t)(2 + random() % 60));
		size_t best = rows, matched;
		for (size_t k = 0; k < rows; k++)
			if (oid_starts_with(&o, &all[k]) && (best == rows || all[k].n > all[best].n))
				best = k;
		const struct mib_object *found = mib_lookup(&o, &matched);
		if (found && found->kind == MIB_NOTIFICATION)
			continue; // its two forms have a test of their own
		assert_string_equal(found ? found->name : "", best < rows ? names[best] : "");
		assert_int_equal(matched, best < rows ? all[best].n : 0);
	}
}

static void names_of_numbers(void **state)
{
	static const char *const rows[][2] = {
		{ "1.3.6.1.2.1.43.18.1.1.7.1.5", "prtAlertCode.1.5" },
		{ "1.3.6.1.2.1.1.3.0", "sysUpTime.0" },
		{ "1.3.6.1.4.1.1552.21.1.3", "oce.21.1.3" },
		{ "1.3.6.1.4.1.9999.1.2", "1.3.6.1.4.1.9999.1.2" },
		{ "1.3.6.1.2.1.43.18.2.0.1", "printerV2Alert" },
		{ "1.3.6.1.2.1.43.18.2.1", "printerV2Alert" },  // without the 0
		{ "1.3.6.1.2.1.33.2.0.1", "upsTrapOnBattery" }, // with a 0 that the MIB has not
		{ "1.3.6.1.2.1.33.2.1", "upsTrapOnBattery" },
		{ "1.3.6.1.4.1.8072.4.1", "nsNotifyStart" },
		{ "1.3.6.1.6.3.1.1.5.3", "linkDown" },
		{ "0.0", "0.0" },
		{ "1.3", "1.3" },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct oid o = oid_of(rows[i][0]);
		struct text t = { 0 };
		mib_name(&o, &t);
		assert_string_equal(text_str(&t), rows[i][1]);
		text_done(&t);
	}
}

static void names_are_parsed(void **state)
{
	static const struct {
		const char *text, *oid;
		enum st st;
	} rows[] = {
		{ "prtAlertCode.1.5", "1.3.6.1.2.1.43.18.1.1.7.1.5", ST_OK },
		{ "IF-MIB::linkDown", "1.3.6.1.6.3.1.1.5.3", ST_OK },
		{ "coldStart", "1.3.6.1.6.3.1.1.5.1", ST_OK },
		{ ".1.3.6.1", "1.3.6.1", ST_OK },
		{ "sysUpTime.0", "1.3.6.1.2.1.1.3.0", ST_OK },
		{ "sysUpTime.4294967295", "1.3.6.1.2.1.1.3.4294967295", ST_OK },
		{ "sysUpTime.4294967296", NULL, ST_SYNTAX },
		{ "sysUpTime.", NULL, ST_SYNTAX },
		{ "sysUpTime.1x", NULL, ST_SYNTAX },
		{ "sysUpTime..1", NULL, ST_SYNTAX },
		{ "noSuchName", NULL, ST_NONE },
		{ "sysUpTim", NULL, ST_NONE },
		{ "sysUpTimes", NULL, ST_NONE },
		{ "", NULL, ST_SYNTAX },
		{ "X::", NULL, ST_SYNTAX },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct oid o = { .n = 0 };
		enum st st = mib_parse(rows[i].text, &o);
		if (st != rows[i].st)
			fail_msg("%s: %s", rows[i].text, st_name(st));
		if (st == ST_OK) {
			struct oid want = oid_of(rows[i].oid);
			assert_int_equal(oid_compare(&o, &want), 0);
		} else {
			assert_int_equal(o.n, 0);
		}
	}
}

static void values_in_words(void **state)
{
	static const struct {
		const char *name;
		uint8_t type;
		const char *bytes;
		size_t n;
		const char *text;
	} rows[] = {
		{ "prtAlertCode.1.5", BER_INTEGER, "\x08", 1, "jam (8)" },
		{ "prtAlertCode.1.5", BER_INTEGER, "\x76\x05", 2, "staplerEmpty (30213)" },
		{ "prtAlertCode.1.5", BER_INTEGER, "\x63", 1, "99" },
		{ "prtAlertLocation.1.5", BER_INTEGER, "\xfe", 1, "-2" },
		{ "ifOperStatus.2", BER_INTEGER, "\x02", 1, "down (2)" },
		{ "prtInputStatus.1.1", BER_INTEGER, "\x10", 1, "availableAndIdle, criticalAlerts (16)" },
		{ "prtInputStatus.1.1", BER_INTEGER, "\x7f", 1, "127" },
		{ "hrPrinterDetectedErrorState.1", BER_OCTETS, "\x44", 1, "noPaper, jammed" },
		{ "hrPrinterDetectedErrorState.1", BER_OCTETS, "\x00\x04", 2, "inputTrayEmpty" },
		{ "hrPrinterDetectedErrorState.1", BER_OCTETS, "\x00", 1, "none" },
		{ "hrPrinterDetectedErrorState.1", BER_OCTETS, "\x00\x01", 2, "bit 15" },
		{ "sysUpTime.0", BER_TIMETICKS, "\x00", 1, "0s" },
		{ "sysUpTime.0", BER_TIMETICKS, "\x00\x98\x96\x80", 4, "1d 3h 46m 40s" },
		{ "sysUpTime.0", BER_TIMETICKS, "\x17\x7a", 2, "1m 0.1s" },
		{ "sysUpTime.0", BER_TIMETICKS, "\x01\x05", 2, "2.61s" },
		{ "ifPhysAddress.1", BER_OCTETS, "\x00\x1f\xa0\x01\x02\x03", 6, "00:1f:a0:01:02:03" },
		{ "sysDescr.0", BER_OCTETS, "A\r\nB\tC\0", 7, "A B C" },
		{ "sysDescr.0", BER_OCTETS, "\x1b[31mred", 8, "\xef\xbf\xbd[31mred" },
		{ "sysDescr.0", BER_OCTETS, "Oc\xe9", 3, "Oc\xef\xbf\xbd" },
		{ "1.3.6.1.4.1.9999.1", BER_OCTETS, "Oc\xc3\xa9", 4, "Oc\xc3\xa9" },
		{ "1.3.6.1.4.1.9999.1", BER_OCTETS, "Oc\xe9", 3, "4f63e9" },
		{ "1.3.6.1.4.1.9999.1", BER_OCTETS, "\x01\x02", 2, "0102" },
		{ "1.3.6.1.4.1.9999.1", BER_OCTETS, "a\xef\xbf\xbd\nb", 6, "a\xef\xbf\xbd b" },
		{ "1.3.6.1.4.1.9999.1", BER_OCTETS, "a\nb\xff", 4, "610a62ff" },
		{ "1.3.6.1.4.1.9999.1", BER_OCTETS, "\xff\nab", 4, "ff0a6162" },
		{ "1.3.6.1.4.1.9999.1", BER_OCTETS, "a\x1b", 2, "611b" },
		{ "1.3.6.1.4.1.9999.1", BER_OCTETS, "\0\0", 2, "0000" },
		{ "1.3.6.1.4.1.9999.1", BER_OCTETS, "", 0, "" },
		{ "snmpTrapCommunity.0", BER_OCTETS, "public", 6, "(hidden)" },
		{ "hrSystemDate.0", BER_OCTETS, "\x07\xea\x0b\x14\x16\x21\x1c\x05+\x01\x00", 11,
		  "2026-11-20 22:33:28.5 +01:00" },
		{ "hrSystemDate.0", BER_OCTETS, "\x07\xea", 2, "07ea" },
		{ "snmpTrapAddress.0", BER_IPADDRESS, "\x0a\x00\x00\x05", 4, "10.0.0.5" },
		{ "snmpTrapAddress.0", BER_IPADDRESS, "\x0a\x00", 2, "0a00" },
		{ "snmpTrapEnterprise.0", BER_OID, "\x2b\x06\x01\x04\x01\x8c\x10", 7, "oce" },
		{ "ifHCInOctets.1", BER_COUNTER64, "\x00\xff\xff\xff\xff\xff\xff\xff\xff", 9, "18446744073709551615" },
		{ "ifSpeed.1", BER_GAUGE32, "\x3b\x9a\xca\x00", 4, "1000000000" },
		{ "ifSpeed.1", BER_NO_SUCH_OBJECT, "", 0, "no such object" },
		{ "ifSpeed.1", 0x99, "\xab", 1, "ab" },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct oid o = { 0 };
		assert_int_equal(mib_parse(rows[i].name, &o), ST_OK);
		struct snmp_varbind v = { .type = rows[i].type, .value = span_of(rows[i].bytes, rows[i].n) };
		struct text t = { 0 };
		mib_render(&o, &v, &t);
		assert_string_equal(text_str(&t), rows[i].text);
		text_done(&t);
	}
}

static void communities_are_secret(void **state)
{
	static const struct {
		const char *oid;
		bool secret;
	} rows[] = { { "1.3.6.1.6.3.18.1.4.0", true },
		     { "1.3.6.1.6.3.18.1.4", true },
		     { "1.3.6.1.6.3.18.1.1.1.2.97", true },
		     { "1.3.6.1.6.3.18.1.3.0", false },
		     { "1.3.6.1.4.1.9999", false } };
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct oid o = oid_of(rows[i].oid);
		assert_int_equal(mib_secret(&o), rows[i].secret);
	}
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_label_is_there),
		cmocka_unit_test(every_object_both_ways),
		cmocka_unit_test(random_walk_against_a_slow_search),
		cmocka_unit_test(names_of_numbers),
		cmocka_unit_test(names_are_parsed),
		cmocka_unit_test(values_in_words),
		cmocka_unit_test(communities_are_secret),
	};
	if (argc < 3)
		return 2;
	labels_path = argv[1];
	objects_path = argv[2];
	return cmocka_run_group_tests(tests, NULL, NULL);
}
