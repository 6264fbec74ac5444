// SPDX-License-Identifier: Apache-2.0
// `trapline rules`: which are in force, whether a file is right, and what it would change about what was heard.
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "alarm/rules.h"
#include "alarm/words.h"
#include "cli/cli.h"
#include "cli/commands.h"
#include "cli/complaints.h"
#include "cli/place.h"
#include "cli/reading.h"
#include "cli/replay.h"
#include "cli/when.h"
#include "daemon/rule_file.h"
#include "deliver/trial.h"
#include "event/member.h"
#include "io/system.h"

// The compiled list of a state, copied; empty where there are no rules.
static enum st take_list(void *arg, enum row_table t, const void *row)
{
	const struct rules_row *r = row;
	text_clear(arg);
	text_bytes(arg, r->compiled);
	return ST_OK;
}

static void print_rule(size_t number, const struct rule *r)
{
	static const char *const verbs[] = { "raise", "clear", "ignore" };
	printf("%zu %s", number, verbs[r->verb]);
	if (r->verb == RULE_RAISE)
		printf(" %s", severity_name(r->severity));
	if (r->name.n)
		printf(", %s", text_str(&r->name));
	if (r->key.n)
		printf(", key %s", text_str(&r->key));
	if (r->words.n)
		printf(": %s", text_str(&r->words));
	putchar('\n');
}

static int print_list(const struct args *a, const struct text *list)
{
	struct rules *rules = NULL;
	struct text why = { 0 };
	struct rd walk = member_walk(span_of(list->p, list->n));
	struct span item;
	int code = CLI_DONE;
	if (args_has(a, "json")) {
		while (member_item(&walk, &item))
			printf("%.*s\n", (int)item.n, (const char *)item.p);
	} else if (rules_compile(span_of(list->p, list->n), &rules, &why) == ST_OK) {
		for (size_t i = 0; i < rules->count; i++)
			print_rule(i + 1, &rules->list[i]);
		if (rules->count == 0)
			fputs("no rules are in force\n", stderr);
	} else {
		code = args_failed(a, "%s", text_str(&why));
	}
	rules_free(rules);
	text_done(&why);
	return code;
}

static int rules_list(const struct args *a)
{
	struct reading r;
	struct text list = { 0 };
	int code = reading_open(a, &r);
	if (code == CLI_DONE)
		code = reading_code(&r, state_read(r.state, ROW_RULES, STATE_ALL, 0, take_list, &list));
	if (code == CLI_DONE)
		code = print_list(a, &list);
	reading_close(&r);
	text_done(&list);
	return code;
}

// Complaints on stderr, or as objects. CLI_FINDINGS when the files are not right.
static int read_files(const struct args *a, struct rule_set *out, bool json)
{
	struct config_report report = { 0 };
	enum st st = rule_set_read(a->operands + 1, a->operand_count - 1, out, &report);
	if (json)
		complaints_json(&report);
	else
		fputs(text_str(&report.text), stderr);
	int code = st ? args_failed(a, "%s", st_text(st)) : report.errors ? CLI_FINDINGS : CLI_DONE;
	text_done(&report.text);
	return code;
}

static int rules_check(const struct args *a)
{
	struct rule_set set;
	bool json = args_has(a, "json");
	int code = read_files(a, &set, json);
	if (code == CLI_DONE && !json)
		printf("%zu rule%s, all right\n", set.count, set.count == 1 ? "" : "s");
	rule_set_done(&set);
	return code;
}

static void print_side(const char *mark, const struct alarm_row *alarm)
{
	struct text line = { 0 };
	if (!alarm)
		return;
	text_printf(&line, "%s %" PRId64 " %s", mark, alarm->id, severity_name((enum severity)alarm->severity));
	if (alarm->site.n) {
		text_add(&line, ", ");
		text_clean(&line, alarm->site);
	}
	text_printf(&line, ", device %" PRId64 ": ", alarm->device);
	alarm_sentence(alarm, &line);
	if (alarm->count > 1)
		text_printf(&line, ", %" PRId64 " times", alarm->count);
	if (alarm->state == ALARM_CLEARED)
		text_printf(&line, ", cleared: %s", alarm_because_name(alarm->because));
	puts(text_str(&line));
	text_done(&line);
}

static void print_words(void *arg, const struct trial_difference *d)
{
	print_side("-", d->before);
	print_side("+", d->after);
}

static void json_side(struct json *j, const char *key, const struct alarm_row *alarm)
{
	struct text value = { 0 };
	json_key(j, key);
	if (alarm) {
		alarm_json(alarm, NULL, &value);
		json_value(j, &value);
	} else {
		json_none(j);
	}
	text_done(&value);
}

static void print_json(void *arg, const struct trial_difference *d)
{
	struct text line = { 0 };
	struct json j = json_of(&line);
	json_open(&j, '{');
	json_key_str(&j, "difference", !d->before ? "added" : !d->after ? "removed" : "changed");
	json_side(&j, "before", d->before);
	json_side(&j, "after", d->after);
	json_close(&j, '}');
	puts(text_str(&line));
	text_done(&line);
}

static int tell(const struct args *a, const struct trial *t, uint64_t events)
{
	size_t before, after;
	size_t n = trial_differences(t, args_has(a, "json") ? print_json : print_words, NULL);
	trial_count(t, &before, &after);
	fflush(stdout);
	fprintf(stderr, "%" PRIu64 " events: %zu alarms by the rules in force, %zu by these; %zu differ\n", events,
	        before, after, n);
	return n ? CLI_FINDINGS : CLI_DONE;
}

// The rules in force; none where there is no state yet.
static int list_in_force(const struct args *a, const char *dir, struct text *out)
{
	struct state *s = NULL;
	struct text why = { 0 };
	text_add(out, "[]");
	enum st st = state_open_reader(dir, STATE_FILE, &s, &why);
	if (st == ST_OK)
		st = state_read(s, ROW_RULES, STATE_ALL, 0, take_list, out);
	state_close(s);
	int code = st == ST_OK || st == ST_NONE ? CLI_DONE : args_failed(a, "%s", why.n ? text_str(&why) : st_text(st));
	text_done(&why);
	return code;
}

static int replay_journal(const struct args *a, struct trial *t, const char *dir, uint64_t *events)
{
	const char *since = args_value(a, "since");
	int64_t from = 0;
	struct text why = { 0 };
	if (since && when_parse(since, clock_wall(), &from))
		return args_wrong(a, "--since %s: write 90s, 15m, 1h, 2d, 1w or a time such as 2026-11-20T22:33:28Z",
		                  since);
	enum st st = trial_journal(t, dir, from, events, &why);
	int code = st ? args_failed(a, "%s", why.n ? text_str(&why) : st_text(st)) : CLI_DONE;
	text_done(&why);
	return code;
}

static int rules_test(const struct args *a)
{
	static const struct hash_key key = { 1, 2 };
	struct rule_set set;
	struct text in_force = { 0 };
	struct trial *t = NULL;
	char *dir = NULL;
	uint64_t events = 0;
	int code = read_files(a, &set, false);
	if (code == CLI_DONE)
		code = place_data(a, &dir);
	if (code == CLI_DONE)
		code = list_in_force(a, dir, &in_force);
	if (code == CLI_DONE) {
		enum st st = trial_new(&key, span_of(in_force.p, in_force.n), span_of(set.list.p, set.list.n), &t);
		code = st ? args_failed(a, "%s", st_text(st)) : CLI_DONE;
	}
	if (code == CLI_DONE)
		code = args_has(a, "pcap") ? replay_capture(a, args_value(a, "pcap"), t, &events)
		                           : replay_journal(a, t, dir, &events);
	if (code == CLI_DONE)
		code = tell(a, t, events);
	trial_free(t);
	text_done(&in_force);
	free(dir);
	rule_set_done(&set);
	return code;
}

int cmd_rules(const struct args *a)
{
	const char *what = a->operand_count ? a->operands[0] : "list";
	if (strcmp(what, "list") == 0 && a->operand_count <= 1)
		return rules_list(a);
	if (a->operand_count < 2)
		return args_wrong(a,
		                  strcmp(what, "check") == 0 || strcmp(what, "test") == 0
		                          ? "%s: name a rule file"
		                          : "%s: write list, check FILE... or test FILE...",
		                  what);
	if (args_has(a, "since") && args_has(a, "pcap"))
		return args_wrong(a, "--since and --pcap together; keep one");
	if (strcmp(what, "check") == 0)
		return rules_check(a);
	return strcmp(what, "test") == 0 ? rules_test(a)
	                                 : args_wrong(a, "%s: write list, check FILE... or test FILE...", what);
}
