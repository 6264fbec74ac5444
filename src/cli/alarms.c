// SPDX-License-Identifier: Apache-2.0
// `trapline alarms` and `trapline devices`: read state.db by themselves, whether or not the collector runs. What the
// journal holds beyond the state is said on stderr.
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "alarm/words.h"
#include "cli/cli.h"
#include "cli/commands.h"
#include "cli/place.h"
#include "event/describe.h"
#include "store/journal.h"
#include "store/state.h"

struct listing {
	const struct args *args;
	bool json, all;
	const char *site;
	unsigned long device;
	enum severity least;
	size_t cleared; // not shown
	struct text line;
};

static void tell_lag(const char *dir, struct state *s)
{
	struct journal_reader *r = NULL;
	struct text why = { 0 };
	struct fold_row of;
	uint64_t oldest, next;
	if (state_fold_row(s, &of) == ST_OK && journal_reader_open(dir, &r, &why) == ST_OK &&
	    journal_bounds(r, &oldest, &next) == ST_OK && next > (uint64_t)of.next)
		fprintf(stderr, "%" PRIu64 " newer events are not in the state yet\n", next - (uint64_t)of.next);
	journal_reader_close(r);
	text_done(&why);
}

static bool wants_site(const struct listing *l, struct span site)
{
	return !l->site || span_equal(site, span_str(l->site));
}

static void alarm_line(struct listing *l, const struct alarm_row *a)
{
	struct text t = { 0 };
	event_time_text(a->first, &t);
	text_printf(&l->line, "%" PRId64 " %.19sZ %s", a->id, text_str(&t), severity_name((enum severity)a->severity));
	if (a->state == ALARM_CLEARED)
		text_printf(&l->line, " cleared (%s)", alarm_because_name(a->because));
	if (a->count > 1)
		text_printf(&l->line, " x%" PRId64, a->count);
	if (a->flapping)
		text_add(&l->line, " flapping");
	if (a->acked)
		text_add(&l->line, " acknowledged");
	if (a->silenced)
		text_add(&l->line, " silenced");
	if (a->site.n) {
		text_add(&l->line, " ");
		text_clean(&l->line, a->site);
	}
	if (a->device)
		text_printf(&l->line, " device %" PRId64, a->device);
	text_add(&l->line, ": ");
	alarm_sentence(a, &l->line);
	text_done(&t);
}

static enum st show_alarm(void *arg, enum row_table t, const void *row)
{
	struct listing *l = arg;
	const struct alarm_row *a = row;
	if (!wants_site(l, a->site) || (l->device && a->device != (int64_t)l->device) ||
	    a->severity < (int64_t)l->least)
		return ST_OK;
	if (a->state == ALARM_CLEARED && !l->all) {
		l->cleared++;
		return ST_OK;
	}
	text_clear(&l->line);
	if (l->json)
		alarm_json(a, &l->line);
	else
		alarm_line(l, a);
	puts(text_str(&l->line));
	return ST_OK;
}

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
	text_printf(&l->line, ", last heard %.19sZ, %" PRId64 " open", text_str(&t), d->open);
	add_part(&l->line, ", asked: ", d->asked_why);
	text_done(&t);
}

static enum st show_device(void *arg, enum row_table t, const void *row)
{
	struct listing *l = arg;
	const struct device_row *d = row;
	if (d->merged || !wants_site(l, d->site) || (l->device && d->id != (int64_t)l->device))
		return ST_OK;
	text_clear(&l->line);
	if (l->json)
		device_json(d, &l->line);
	else
		device_line(l, d);
	puts(text_str(&l->line));
	return ST_OK;
}

static int read_listing(struct listing *l, enum row_table t, enum state_query q, fold_visit_fn *show)
{
	char *dir = NULL;
	struct text why = { 0 };
	struct state *s = NULL;
	if (place_data(l->args, &dir))
		return CLI_FAILED;
	enum st st = state_open_reader(dir, STATE_FILE, &s, &why);
	if (st == ST_NONE)
		text_printf(&why, "there is no state in %s; the collector makes it", dir);
	if (st == ST_OK) {
		tell_lag(dir, s);
		st = state_read(s, t, q, 0, show, l);
		text_add(&why, st ? state_error(s) : "");
	}
	int code = st ? args_failed(l->args, "%s", why.n ? text_str(&why) : st_text(st)) : CLI_DONE;
	state_close(s);
	text_done(&why);
	text_done(&l->line);
	free(dir);
	return code;
}

int cmd_alarms(const struct args *a)
{
	struct listing l = { .args = a, .json = args_has(a, "json"), .site = args_value(a, "site") };
	const char *severity = args_value(a, "severity"), *state = args_value(a, "state");
	if (state && strcmp(state, "open") != 0 && strcmp(state, "all") != 0)
		return args_wrong(a, "--state %s: write open or all", state);
	if (severity && severity_parse(severity, &l.least))
		return args_wrong(a, "--severity %s: write critical, major, minor, warning or info", severity);
	if (!args_number(a, "device", 1, INT64_MAX, &l.device))
		return CLI_USAGE;
	l.all = state ? strcmp(state, "all") == 0 : l.json;
	int code = read_listing(&l, ROW_ALARM, STATE_ALL, show_alarm);
	if (code == CLI_DONE && l.cleared && !l.json)
		fprintf(stderr, "%zu cleared ones are not shown; --state all shows them\n", l.cleared);
	return code;
}

int cmd_devices(const struct args *a)
{
	struct listing l = { .args = a, .json = args_has(a, "json"), .site = args_value(a, "site") };
	if (!args_number(a, "device", 1, INT64_MAX, &l.device))
		return CLI_USAGE;
	return read_listing(&l, ROW_DEVICE, STATE_ALL, show_device);
}
