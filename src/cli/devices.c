// SPDX-License-Identifier: Apache-2.0
// `trapline devices`: who was heard, from state.db; and the merging of two that are one, asked of the running collector.
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "alarm/words.h"
#include "cli/act.h"
#include "cli/cli.h"
#include "cli/commands.h"
#include "cli/device_print.h"
#include "cli/place.h"
#include "cli/reading.h"
#include "event/describe.h"

struct listing {
	struct reading reading;
	bool json, whole; // whole: with what it is known by, and what it said when it was asked
	const char *site;
	int64_t merged; // into which the one asked for was merged
	size_t shown;
	struct json out;
	struct text line;
};

static void add_part(struct text *out, const char *before, struct span part)
{
	if (part.n == 0)
		return;
	text_add(out, before);
	text_clean(out, part);
}

static void device_line(struct listing *l, const struct device_row *d)
{
	struct text t = { 0 };
	event_time_text(d->habit.last, &t);
	text_printf(&l->line, "%" PRId64 " ", d->id);
	device_address(d, &l->line);
	add_part(&l->line, " ", d->site);
	add_part(&l->line, " ", d->model);
	add_part(&l->line, " serial ", d->serial);
	add_part(&l->line, " ", d->name);
	add_part(&l->line, " in ", d->location);
	text_printf(&l->line, ", last heard %.19sZ%s, %" PRId64 " open", text_str(&t), d->silent ? " (silent)" : "",
	            d->open);
	add_part(&l->line, ", asked: ", d->asked_why);
	text_done(&t);
}

static enum st add_alias(void *arg, enum row_table t, const void *row)
{
	struct listing *l = arg;
	if (l->json) {
		alias_json(&l->out, row);
		return ST_OK;
	}
	text_add(&l->line, "\n   ");
	alias_line(row, &l->line);
	return ST_OK;
}

// All that it is known by, of the one that was asked for.
static enum st add_aliases(struct listing *l, const struct device_row *d)
{
	if (l->json) {
		json_key(&l->out, "aliases");
		json_open(&l->out, '[');
	}
	enum st st = state_read(l->reading.state, ROW_ALIAS, STATE_OF_DEVICE, d->id, add_alias, l);
	if (l->json)
		json_close(&l->out, ']');
	return st;
}

static enum st show(void *arg, enum row_table t, const void *row)
{
	struct listing *l = arg;
	const struct device_row *d = row;
	if (d->merged) {
		l->merged = d->merged;
		return ST_OK;
	}
	if (l->site && !span_equal(d->site, span_str(l->site)))
		return ST_OK;
	struct device_readings readings = { 0 };
	enum st st = l->json || l->whole ? state_read(l->reading.state, ROW_READING, STATE_OF_DEVICE, d->id,
	                                              device_reading, &readings)
	                                 : ST_OK;
	text_clear(&l->line);
	l->out = json_of(&l->line);
	if (l->json)
		device_json_open(&l->out, d, &readings);
	else
		device_line(l, d);
	if (st == ST_OK && l->whole)
		st = add_aliases(l, d);
	if (l->json)
		json_close(&l->out, '}');
	puts(text_str(&l->line));
	if (l->whole && !l->json)
		device_print_readings(&readings);
	device_readings_done(&readings);
	l->shown++;
	return st;
}

// The device, or the one that it was merged into.
static enum st show_one(struct listing *l, int64_t id)
{
	enum st st = ST_OK;
	while (st == ST_OK && id) {
		l->merged = 0;
		st = state_read(l->reading.state, ROW_DEVICE, STATE_BY_ID, id, show, l);
		id = l->merged;
	}
	return st;
}

static int list(const struct args *a, int64_t only)
{
	struct listing l = { .json = args_has(a, "json"), .site = args_value(a, "site"), .whole = only };
	int code = reading_open(a, &l.reading);
	if (code == CLI_DONE) {
		enum st st =
		        only ? show_one(&l, only) : state_read(l.reading.state, ROW_DEVICE, STATE_ALL, 0, show, &l);
		code = reading_code(&l.reading, st);
	}
	if (code == CLI_DONE && only && l.shown == 0 && !l.site)
		code = args_failed(a, "there is no device %" PRId64, only);
	else if (code == CLI_DONE && l.shown == 0 && !l.json)
		fputs(l.site ? "no device fits\n" : "no device was heard yet\n", stderr);
	reading_close(&l.reading);
	text_done(&l.line);
	return code;
}

static int merge(const struct args *a)
{
	char *dir = NULL;
	struct text body = { 0 }, path = { 0 };
	int64_t from, into;
	if (a->operand_count != 3)
		return args_wrong(a, "merge which two? trapline devices merge ID INTO; ids are in: trapline devices");
	if (!reading_id(a, a->operands[1], &from) || !reading_id(a, a->operands[2], &into))
		return CLI_USAGE;
	if (from == into)
		return args_wrong(a, "merge one device into another; both are %" PRId64, into);
	if (place_data(a, &dir))
		return CLI_FAILED;
	struct json j = json_of(&body);
	json_open(&j, '{');
	json_key_uint(&j, "into", (uint64_t)into);
	act_who(a, &j);
	json_close(&j, '}');
	text_printf(&path, "devices/%" PRId64 "/merge", from);
	int code = act_post(a, dir, text_str(&path), &body, "merged into");
	text_done(&body);
	text_done(&path);
	free(dir);
	return code;
}

int cmd_devices(const struct args *a)
{
	int64_t id = 0;
	const char *verb = a->operand_count ? a->operands[0] : "list", *only = args_value(a, "device");
	if (strcmp(verb, "merge") == 0)
		return merge(a);
	bool showing = strcmp(verb, "show") == 0;
	if (!showing && strcmp(verb, "list") != 0)
		return args_wrong(a, "'%s' is not one of list, show, merge", verb);
	if (a->operand_count != (showing ? 2 : a->operand_count ? 1 : 0))
		return args_wrong(a, showing ? "show which one? Ids are in: trapline devices"
		                             : "list takes no further word");
	if ((showing || only) && !reading_id(a, showing ? a->operands[1] : only, &id))
		return CLI_USAGE;
	return list(a, id);
}
