// SPDX-License-Identifier: Apache-2.0
// `trapline alarms`: what is wrong now, and what was; with an id one alarm and its history. Read from state.db.
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "alarm/limits.h"
#include "alarm/words.h"
#include "cli/cli.h"
#include "cli/commands.h"
#include "cli/reading.h"
#include "cli/when.h"
#include "event/describe.h"
#include "io/system.h"

enum { WANT_OPEN = 1, WANT_CLEARED = 2 };

struct merged {
	int64_t device, into;
};

struct listing {
	struct reading reading;
	bool json, history;
	unsigned states; // WANT_ bits
	bool flapping;   // also what ended just now and flaps
	const char *site;
	unsigned long device;
	struct merged *merged; // devices that were found to be others; of use with --device only
	size_t merged_count, merged_room;
	bool device_known;
	enum severity least;
	size_t shown, cleared; // cleared: not shown
	int64_t now;
	struct silence_row silences[FOLD_SILENCES_MAX]; // those that hold; no spans
	size_t silence_count;
	struct json out;
	struct text line;
};

static enum st take_silence(void *arg, enum row_table t, const void *row)
{
	struct listing *l = arg;
	const struct silence_row *s = row;
	if (s->state == SILENCE_ACTIVE && l->silence_count < FOLD_SILENCES_MAX)
		l->silences[l->silence_count++] = (struct silence_row){ .id = s->id, .until = s->until };
	return ST_OK;
}

static const struct silence_row *silence_of(const struct listing *l, const struct alarm_row *a)
{
	for (size_t i = 0; a->silenced && i < l->silence_count; i++)
		if (l->silences[i].id == a->silenced)
			return &l->silences[i];
	return NULL;
}

static void add_moment(struct text *out, int64_t at)
{
	struct text t = { 0 };
	event_time_text(at, &t);
	text_printf(out, "%.19sZ", text_str(&t));
	text_done(&t);
}

static void add_part(struct text *out, const char *before, struct span part)
{
	if (part.n == 0)
		return;
	text_add(out, before);
	text_clean(out, part);
}

// "Printer 7, 10.2.0.7": what a person knows it by.
static enum st add_device(void *arg, enum row_table t, const void *row)
{
	struct listing *l = arg;
	const struct device_row *d = row;
	add_part(&l->line, ", ", d->name.n ? d->name : d->model);
	text_add(&l->line, ", ");
	device_address(d, &l->line);
	return ST_OK;
}

static enum st add_place(struct listing *l, const struct alarm_row *a)
{
	enum st st = ST_OK;
	size_t before = l->line.n;
	text_clean(&l->line, a->site);
	if (a->device) {
		st = state_read(l->reading.state, ROW_DEVICE, STATE_BY_ID, a->device, add_device, l);
		text_printf(&l->line, " (device %" PRId64 ")", a->device);
	}
	if (a->site.n == 0 && l->line.n > before + 2) { // it begins with the comma behind the site
		memmove(l->line.p + before, l->line.p + before + 2, l->line.n - before - 1);
		l->line.n -= 2;
	}
	return st;
}

static void add_acts(struct listing *l, const struct alarm_row *a)
{
	const struct silence_row *silence = silence_of(l, a);
	if (a->acked) {
		text_add(&l->line, "\n   acknowledged");
		add_part(&l->line, " by ", a->acked_by);
		text_add(&l->line, " at ");
		add_moment(&l->line, a->acked);
		add_part(&l->line, ": ", a->acked_note);
	}
	if (silence) {
		text_add(&l->line, "\n   silenced until ");
		add_moment(&l->line, silence->until);
		text_printf(&l->line, " (silence %" PRId64 ")", silence->id);
	}
	if (a->state == ALARM_CLEARED) {
		text_add(&l->line, "\n   cleared at ");
		add_moment(&l->line, a->cleared);
		text_printf(&l->line, ": %s", alarm_because_name(a->because));
		add_part(&l->line, ", ", a->cleared_by);
	}
}

static enum st alarm_block(struct listing *l, const struct alarm_row *a)
{
	text_printf(&l->line, "%" PRId64 " %s, ", a->id, severity_name((enum severity)a->severity));
	when_long((a->state == ALARM_CLEARED ? a->cleared : l->now) - a->raised, &l->line);
	text_add(&l->line, a->state == ALARM_CLEARED ? ", cleared: " : ": ");
	alarm_sentence(a, &l->line);
	text_add(&l->line, "\n   ");
	enum st st = add_place(l, a);
	text_add(&l->line, ", since ");
	add_moment(&l->line, a->raised);
	if (a->count > 1)
		text_printf(&l->line, ", %" PRId64 " times", a->count);
	if (a->flapping)
		text_add(&l->line, ", flapping");
	add_acts(l, a);
	return st;
}

static enum st add_change(void *arg, enum row_table t, const void *row)
{
	struct listing *l = arg;
	const struct change_row *c = row;
	if (l->json) {
		change_json(&l->out, c);
		return ST_OK;
	}
	text_add(&l->line, "\n   ");
	add_moment(&l->line, c->time);
	text_printf(&l->line, " %s", change_what_name(c->what));
	if (c->because)
		text_printf(&l->line, " (%s)", alarm_because_name(c->because));
	add_part(&l->line, " by ", c->by);
	add_part(&l->line, ": ", c->note);
	return ST_OK;
}

static enum st add_history(struct listing *l, int64_t alarm)
{
	if (l->json) {
		json_key(&l->out, "changes");
		json_open(&l->out, '[');
	}
	enum st st = state_read(l->reading.state, ROW_CHANGE, STATE_OF_ALARM, alarm, add_change, l);
	if (l->json)
		json_close(&l->out, ']');
	return st;
}

// What the device was merged into, or itself.
static int64_t device_now(const struct listing *l, int64_t id)
{
	for (size_t i = 0; i < l->merged_count;) {
		bool here = l->merged[i].device == id;
		id = here ? l->merged[i].into : id;
		i = here ? 0 : i + 1;
	}
	return id;
}

static enum st take_device(void *arg, enum row_table t, const void *row)
{
	struct listing *l = arg;
	const struct device_row *d = row;
	l->device_known = l->device_known || d->id == (int64_t)l->device;
	if (d->merged == 0)
		return ST_OK;
	if (l->merged_count == l->merged_room) {
		size_t room = l->merged_room ? 2 * l->merged_room : 64;
		struct merged *wider = reallocarray(l->merged, room, sizeof *wider);
		if (!wider)
			return ST_NO_MEMORY;
		l->merged = wider;
		l->merged_room = room;
	}
	l->merged[l->merged_count++] = (struct merged){ d->id, d->merged };
	return ST_OK;
}

static bool wanted(struct listing *l, const struct alarm_row *a)
{
	bool elsewhere = l->device && device_now(l, a->device) != device_now(l, (int64_t)l->device);
	if (elsewhere || (l->site && !span_equal(a->site, span_str(l->site))) || a->severity < (int64_t)l->least)
		return false;
	bool cleared = a->state == ALARM_CLEARED;
	bool flaps = l->flapping && a->flapping && a->cleared + ALARM_FLAP_NS > l->now;
	if (l->states & (cleared ? WANT_CLEARED : WANT_OPEN) || flaps)
		return true;
	l->cleared += cleared;
	return false;
}

static enum st show(void *arg, enum row_table t, const void *row)
{
	struct listing *l = arg;
	const struct alarm_row *a = row;
	enum st st = ST_OK;
	if (!wanted(l, a))
		return ST_OK;
	text_clear(&l->line);
	l->out = json_of(&l->line);
	if (l->json)
		alarm_json_open(&l->out, a, silence_of(l, a));
	else
		st = alarm_block(l, a);
	if (st == ST_OK && l->history)
		st = add_history(l, a->id);
	if (l->json)
		json_close(&l->out, '}');
	puts(text_str(&l->line));
	l->shown++;
	return st;
}

static int list(struct listing *l, enum state_query q, int64_t id)
{
	struct state *s = l->reading.state;
	enum st st = state_read(s, ROW_SILENCE, STATE_LIVE, 0, take_silence, l);
	if (st == ST_OK && l->device)
		st = state_read(s, ROW_DEVICE, STATE_ALL, 0, take_device, l);
	if (st == ST_OK && l->device && !l->device_known)
		return args_failed(l->reading.args, "there is no device %lu", l->device);
	if (st == ST_OK)
		st = state_read(s, ROW_ALARM, q, id, show, l);
	int code = reading_code(&l->reading, st);
	if (code == CLI_DONE && l->history && l->shown == 0)
		return args_failed(l->reading.args, "there is no alarm %" PRId64, id);
	if (code == CLI_DONE && l->shown == 0 && !l->json)
		fputs(l->site || l->device || l->least || l->states != WANT_OPEN ? "no alarm fits\n"
		                                                                 : "no alarm is open\n",
		      stderr);
	if (code == CLI_DONE && l->cleared && !l->json && l->states == WANT_OPEN)
		fprintf(stderr, "not shown: %zu cleared; --state all shows them\n", l->cleared);
	return code;
}

static int take_options(const struct args *a, struct listing *l)
{
	const char *severity = args_value(a, "severity"), *state = args_value(a, "state");
	l->json = args_has(a, "json");
	l->site = args_value(a, "site");
	l->history = a->operand_count > 0;
	l->states = state && strcmp(state, "open") == 0      ? WANT_OPEN
	            : state && strcmp(state, "cleared") == 0 ? WANT_CLEARED
	            : state || l->json || l->history         ? WANT_OPEN | WANT_CLEARED
	                                                     : WANT_OPEN;
	l->flapping = !state;
	if (state && l->states == (WANT_OPEN | WANT_CLEARED) && strcmp(state, "all") != 0)
		return args_wrong(a, "--state %s: write open, cleared or all", state);
	if (severity && severity_parse(severity, &l->least))
		return args_wrong(a, "--severity %s: write critical, major, minor, warning or info", severity);
	return args_number(a, "device", 1, INT64_MAX, &l->device) ? CLI_DONE : CLI_USAGE;
}

int cmd_alarms(const struct args *a)
{
	int64_t id = 0;
	struct listing *l = calloc(1, sizeof *l);
	if (!l)
		return args_failed(a, "out of memory");
	int code = take_options(a, l);
	if (code == CLI_DONE && a->operand_count && !reading_id(a, a->operands[0], &id))
		code = CLI_USAGE;
	l->now = clock_wall();
	if (code == CLI_DONE) {
		code = reading_open(a, &l->reading);
		if (code == CLI_DONE)
			code = list(l, id ? STATE_BY_ID : STATE_ALL, id);
		reading_close(&l->reading);
	}
	text_done(&l->line);
	free(l->merged);
	free(l);
	return code;
}
