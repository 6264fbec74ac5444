// SPDX-License-Identifier: Apache-2.0
// What people type: moments, options, filters, and the command table they are checked against.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "cli/cli.h"
#include "cli/commands.h"
#include "cli/filter.h"
#include "cli/when.h"

#define NOW 1792533208000000000 // in October 2026, nanoseconds
#define SECOND 1000000000ll

static void test_when(void **state)
{
	static const struct {
		const char *text;
		int64_t want; // -1: refused
	} rows[] = {
		{ "0s", NOW },
		{ "90s", NOW - 90 * SECOND },
		{ "15m", NOW - 900 * SECOND },
		{ "1h", NOW - 3600 * SECOND },
		{ "2d", NOW - 2 * 86400 * SECOND },
		{ "1w", NOW - 7 * 86400 * SECOND },
		{ "999999999s", NOW - 999999999 * SECOND },
		{ "9999w", 0 }, // before the epoch
		{ "99999w", -1 },
		{ "9999999999s", -1 },
		{ "1970-01-01", 0 },
		{ "1970-01-02", 86400 * SECOND },
		{ "2000-02-29T00:00:00Z", 951782400 * SECOND },
		{ "2026-11-20T22:33:28.123456789Z", 1795214008123456789 },
		{ "2026-11-20 22:33:28.5z", 1795214008500000000 },
		{ "2026-11-20T23:33:28+01:00", 1795214008 * SECOND },
		{ "2026-11-20T17:03:28-05:30", 1795214008 * SECOND },
		{ "", -1 },
		{ "h", -1 },
		{ "1", -1 },
		{ "1y", -1 },
		{ "1h2", -1 },
		{ "-1h", -1 },
		{ "2026", -1 },
		{ "2026-11", -1 },
		{ "2026-13-01", -1 },
		{ "2026-02-30", -1 },
		{ "2026-11-20T22:33:28", -1 }, // no offset: whose time?
		{ "2026-11-20T24:00:00Z", -1 },
		{ "2026-11-20T22:33:28.Z", -1 },
		{ "2026-11-20T22:33:28.1234567890Z", -1 },
		{ "2026-11-20T22:33:28+1:00", -1 },
		{ "2026-11-20T22:33:28Zx", -1 },
		{ "2026-11-20x", -1 },
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		int64_t at = -1;
		enum st st = when_parse(rows[i].text, NOW, &at);
		if (at != rows[i].want || (st == ST_OK) != (rows[i].want != -1))
			fail_msg("'%s': %lld, want %lld", rows[i].text, (long long)at, (long long)rows[i].want);
	}
}

// Splits a line of words into an argument vector and reads it for the command.
static int parse(const char *command, const char *line, struct args *out)
{
	static char copy[512];
	char *words[32];
	size_t n = 0;
	snprintf(copy, sizeof copy, "%s", line);
	for (char *w = strtok(copy, " "); w; w = strtok(NULL, " "))
		words[n++] = w;
	return args_parse(command_find(command), words, n, out);
}

static void test_later(void **state)
{
	static const struct {
		const char *text;
		int64_t want; // -1: refused
	} rows[] = {
		{ "30m", NOW + 1800 * SECOND },
		{ "1w", NOW + 7 * 86400 * SECOND },
		{ "2026-11-20T22:33:28Z", 1795214008 * SECOND },
		{ "99999w", -1 },
		{ "9999w", NOW + 9999 * 7 * (86400 * SECOND) },
		{ "soon", -1 },
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		int64_t at = -1;
		enum st st = when_later(rows[i].text, NOW, &at);
		if (at != rows[i].want || (st == ST_OK) != (at >= 0))
			fail_msg("%s: %lld", rows[i].text, (long long)at);
	}
}

static void test_long(void **state)
{
	static const struct {
		int64_t seconds;
		const char *want;
	} rows[] = { { -5, "0 s" },           { 0, "0 s" },
		     { 59, "59 s" },          { 60, "1 min" },
		     { 3599, "59 min" },      { 3600, "1 h 0 min" },
		     { 12000, "3 h 20 min" }, { 172799, "47 h 59 min" },
		     { 172800, "2 d" },       { 86400 * 400, "400 d" } };
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct text t = { 0 };
		when_long(rows[i].seconds * SECOND, &t);
		assert_string_equal(text_str(&t), rows[i].want);
		text_done(&t);
	}
}

static void test_options(void **state)
{
	struct args a;
	assert_int_equal(parse("events", "--json --since 1h --source=10.0.0.0/8 -c FILE --limit 7", &a), CLI_DONE);
	assert_true(args_has(&a, "json"));
	assert_false(args_has(&a, "follow"));
	assert_string_equal(args_value(&a, "since"), "1h");
	assert_string_equal(args_value(&a, "source"), "10.0.0.0/8");
	assert_string_equal(args_value(&a, "config"), "FILE");
	assert_null(args_value(&a, "until"));
	unsigned long n = 1;
	assert_true(args_number(&a, "limit", 0, 10, &n));
	assert_int_equal(n, 7);
	assert_false(args_number(&a, "limit", 0, 6, &n));
	args_done(&a);

	assert_int_equal(parse("events", "-cFILE --limit 5 --limit 6", &a), CLI_DONE);
	assert_string_equal(args_value(&a, "config"), "FILE");
	assert_string_equal(args_value(&a, "limit"), "6");
	args_done(&a);

	assert_int_equal(parse("send", "trap linkDown --to ::1 ifIndex.1 i -5 -- ifDescr.1 s --to", &a), CLI_DONE);
	assert_int_equal(a.operand_count, 8);
	assert_string_equal(a.operands[4], "-5");
	assert_string_equal(a.operands[7], "--to");
	assert_string_equal(args_value(&a, "to"), "::1");
	args_done(&a);

	assert_int_equal(parse("serve", "--listen udp:1 --listen tcp:2", &a), CLI_DONE);
	size_t at = 0;
	assert_string_equal(args_next(&a, "listen", &at), "udp:1");
	assert_string_equal(args_next(&a, "listen", &at), "tcp:2");
	assert_null(args_next(&a, "listen", &at));
	args_done(&a);

	static const char *const wrong[][2] = {
		{ "events", "--jsonn" },
		{ "events", "--since" },
		{ "events", "--json=1" },
		{ "events", "-x" },
		{ "events", "operand" },
		{ "explain", "" },
		{ "explain", "a b" },
		{ "send", "" },
		{ "completion", "bash zsh" },
		{ "events", "--"
		            "=" },
	};
	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
		if (parse(wrong[i][0], wrong[i][1], &a) != CLI_USAGE)
			fail_msg("%s %s", wrong[i][0], wrong[i][1]);
		args_done(&a);
	}
	assert_int_equal(parse("explain", "--help", &a), CLI_DONE); // asks for nothing else
	args_done(&a);
}

static void test_the_table(void **state)
{
	const struct command *c;
	for (size_t i = 0; (c = command_at(i)); i++) {
		assert_ptr_equal(command_find(c->name), c);
		assert_true(c->run && *c->summary && *c->about && c->least <= c->most);
		assert_int_equal(*c->operands != 0, c->most != 0);
		bool help = false;
		for (const struct cli_option *o = c->options; o->name; o++) {
			help |= strcmp(o->name, "help") == 0;
			assert_true(*o->help && (o->argument || !o->words));
			for (const struct cli_option *other = c->options; other != o; other++)
				if (strcmp(other->name, o->name) == 0 || (o->letter && other->letter == o->letter))
					fail_msg("%s has --%s twice", c->name, o->name);
		}
		assert_true(help);
	}
	assert_null(command_find(""));
	assert_null(command_find("event"));
}

static struct filter filter(const char *line)
{
	struct args a;
	struct filter f;
	assert_int_equal(parse("events", line, &a), CLI_DONE);
	assert_int_equal(filter_of(&a, NOW, &f), CLI_DONE);
	args_done(&a);
	return f;
}

static void test_filters(void **state)
{
	struct event e = { .kind = EVENT_TRAP, .received = NOW - 60 * SECOND, .site = span_str("rotterdam") };
	assert_int_equal(addr_parse("10.1.2.3:4", &e.peer), ST_OK);
	static const struct {
		const char *line;
		bool passes;
	} rows[] = {
		{ "", true },
		{ "--kind trap", true },
		{ "--kind inform,storm", false },
		{ "--kind inform,trap", true },
		{ "--kind all", true },
		{ "--since 61s", true },
		{ "--since 60s", true },
		{ "--since 59s", false },
		{ "--until 60s", false },
		{ "--until 59s", true },
		{ "--source 10.0.0.0/8", true },
		{ "--source 10.1.2.3", true },
		{ "--source 10.1.2.4", false },
		{ "--source ::/0", false },
		{ "--site rotterdam", true },
		{ "--site rotter", false },
		{ "--site rotterdam --source 10.2.0.0/16", false },
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct filter f = filter(rows[i].line);
		if (filter_event(&f, &e) != rows[i].passes || filter_wants_words(&f))
			fail_msg("'%s'", rows[i].line);
	}
	struct filter f = filter("");
	e.kind = EVENT_STARTED;
	assert_false(filter_event(&f, &e));
	e.kind = 200;
	assert_false(filter_event(&f, &e));
	f = filter("--kind all");
	assert_false(filter_event(&f, &e));
}

static void test_filters_by_words(void **state)
{
	struct event_words w = { .severity = SEVERITY_MAJOR, .has_notification = true };
	assert_int_equal(oid_parse("1.3.6.1.2.1.43.18.2.0.1", &w.notification.trap_oid), ST_OK);
	static const struct {
		const char *line;
		bool passes;
	} rows[] = {
		{ "--severity major", true },           { "--severity critical", false },
		{ "--severity cleared", true },         { "--oid 1.3.6.1.2.1.43", true },
		{ "--oid printerV2Alert", true },       { "--oid 1.3.6.1.2.1.43.18.2.0.1.1", false },
		{ "--oid 1.3.6.1.2.1.4", false },       { "--oid linkDown", false },
		{ "--oid 1.3 --severity minor", true },
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct filter f = filter(rows[i].line);
		if (filter_words(&f, &w) != rows[i].passes || !filter_wants_words(&f))
			fail_msg("'%s'", rows[i].line);
	}
	w.has_notification = false;
	struct filter f = filter("--oid 1.3");
	assert_false(filter_words(&f, &w));
}

static void test_wrong_filters(void **state)
{
	static const char *const lines[] = { "--since x",    "--until yesterday", "--source 10.0.0.1/8",
		                             "--oid spoon",  "--severity bad",    "--kind trap,spoon",
		                             "--kind trap,", "--kind=",           "--source printer" };
	for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
		struct args a;
		struct filter f;
		assert_int_equal(parse("events", lines[i], &a), CLI_DONE);
		if (filter_of(&a, NOW, &f) != CLI_USAGE)
			fail_msg("'%s'", lines[i]);
		args_done(&a);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_when),
		cmocka_unit_test(test_later),
		cmocka_unit_test(test_long),
		cmocka_unit_test(test_options),
		cmocka_unit_test(test_the_table),
		cmocka_unit_test(test_filters),
		cmocka_unit_test(test_filters_by_words),
		cmocka_unit_test(test_wrong_filters),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
