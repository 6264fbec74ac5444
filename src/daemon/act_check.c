// SPDX-License-Identifier: Apache-2.0
#include "daemon/act_check.h"

#include <inttypes.h>
#include <stdlib.h>

#include "alarm/limits.h"

enum { HTTP_OK = 200, HTTP_BAD_REQUEST = 400, HTTP_NOT_FOUND = 404, HTTP_CONFLICT = 409, HTTP_ERROR = 500 };

static unsigned failed(const struct state *s, struct text *why)
{
	text_add(why, state_error(s));
	return HTTP_ERROR;
}

// An alarm's row that owns its spans: row_done.
static enum st keep_alarm(void *arg, enum row_table t, const void *row)
{
	return row_copy(t, arg, row) ? ST_OK : ST_NO_MEMORY;
}

static enum st keep_device(void *arg, enum row_table t, const void *row)
{
	*(int64_t *)arg = ((const struct device_row *)row)->id;
	((int64_t *)arg)[1] = ((const struct device_row *)row)->merged;
	return ST_OK;
}

static enum st keep_silence(void *arg, enum row_table t, const void *row)
{
	*(int64_t *)arg = ((const struct silence_row *)row)->state;
	return ST_OK;
}

static unsigned alarm_find(struct state *s, int64_t id, struct alarm_row *out, struct text *why)
{
	*out = (struct alarm_row){ 0 };
	if (state_read(s, ROW_ALARM, STATE_BY_ID, id, keep_alarm, out))
		return failed(s, why);
	if (out->id)
		return HTTP_OK;
	text_printf(why, "there is no alarm %" PRId64, id);
	return HTTP_NOT_FOUND;
}

// Replaces the id by that of the device that it was merged into.
static unsigned device_find(const struct act_check *c, int64_t *id, struct text *why)
{
	int64_t asked = *id, found[2] = { 0, *id };
	while (found[1]) {
		int64_t next = found[1];
		found[0] = found[1] = 0;
		if (state_read(c->state, ROW_DEVICE, STATE_BY_ID, next, keep_device, found))
			return failed(c->state, why);
	}
	if (found[0] == 0) {
		text_printf(why, "there is no device %" PRId64, asked);
		return HTTP_NOT_FOUND;
	}
	*id = found[0];
	return HTTP_OK;
}

static unsigned check_alarm(const struct act_check *c, const struct act *act, struct text *why)
{
	struct alarm_row a;
	unsigned status = alarm_find(c->state, act->alarm, &a, why);
	if (status == HTTP_OK && a.state != ALARM_OPEN) {
		text_printf(why, "alarm %" PRId64 " is cleared (%s)", act->alarm, alarm_because_name(a.because));
		status = HTTP_CONFLICT;
	} else if (status == HTTP_OK && act->kind == ACT_UNACK && a.acked == 0) {
		text_printf(why, "alarm %" PRId64 " is not acknowledged", act->alarm);
		status = HTTP_CONFLICT;
	}
	row_done(ROW_ALARM, &a);
	return status;
}

struct site_wanted {
	struct span name;
	bool found;
};

static enum st match_site(void *arg, enum row_table t, const void *row)
{
	struct site_wanted *w = arg;
	w->found = span_equal(((const struct site_row *)row)->name, w->name);
	return w->found ? ST_NONE : ST_OK;
}

// A site that was heard, or that the configuration names: a window may be planned before it speaks.
static unsigned check_site(const struct act_check *c, const struct text *site, struct text *why)
{
	struct site_wanted wanted = { .name = span_of(site->p, site->n) };
	const struct policy *p = c->policy;
	for (size_t i = 0; i < p->site_count && !wanted.found; i++)
		wanted.found = span_equal(span_str(p->sites[i].name), wanted.name);
	if (!wanted.found && state_read(c->state, ROW_SITE, STATE_ALL, 0, match_site, &wanted))
		return failed(c->state, why);
	if (wanted.found)
		return HTTP_OK;
	text_add(why, "there is no site ");
	text_clean(why, wanted.name);
	return HTTP_NOT_FOUND;
}

static unsigned as_alarm(const struct act_check *c, struct act *act, struct text *why)
{
	struct alarm_row a;
	if (act->device || act->key.n || act->site.n || act->code >= 0) {
		text_add(why, "a silence is either as an alarm is or by site, device, code and key");
		return HTTP_BAD_REQUEST;
	}
	unsigned status = alarm_find(c->state, act->alarm, &a, why);
	if (status == HTTP_OK) {
		act->alarm = 0;
		act->device = a.device;
		act->code = a.kind == ALARM_PRINTER && a.code >= 0 ? a.code : -1;
		text_bytes(&act->site, a.site);
		text_bytes(&act->key, a.key);
	}
	row_done(ROW_ALARM, &a);
	return status;
}

static enum st count_one(void *arg, enum row_table t, const void *row)
{
	*(size_t *)arg += ((const struct silence_row *)row)->state != SILENCE_ENDED;
	return ST_OK;
}

static unsigned check_times(const struct act_check *c, const struct act *act, struct text *why)
{
	size_t n = 0;
	if (act->until <= c->now)
		text_add(why, "its end is in the past");
	else if (act->from && act->until <= act->from)
		text_add(why, "it ends before it begins");
	if (why->n)
		return HTTP_BAD_REQUEST;
	if (state_read(c->state, ROW_SILENCE, STATE_ALL, 0, count_one, &n))
		return failed(c->state, why);
	if (n < FOLD_SILENCES_MAX)
		return HTTP_OK;
	text_printf(why, "there are %d silences already; end one that is not needed", FOLD_SILENCES_MAX);
	return HTTP_CONFLICT;
}

static unsigned check_silence(const struct act_check *c, struct act *act, struct text *why)
{
	unsigned status = act->site.n ? check_site(c, &act->site, why) : HTTP_OK;
	if (status == HTTP_OK && act->device)
		status = device_find(c, &act->device, why);
	return status == HTTP_OK ? check_times(c, act, why) : status;
}

static unsigned check_unsilence(const struct act_check *c, const struct act *act, struct text *why)
{
	int64_t is = 0;
	if (state_read(c->state, ROW_SILENCE, STATE_BY_ID, act->silence, keep_silence, &is))
		return failed(c->state, why);
	if (is == 0) {
		text_printf(why, "there is no silence %" PRId64, act->silence);
		return HTTP_NOT_FOUND;
	}
	if (is == SILENCE_ENDED) {
		text_printf(why, "silence %" PRId64 " has ended already", act->silence);
		return HTTP_CONFLICT;
	}
	return HTTP_OK;
}

static unsigned check_merge(const struct act_check *c, struct act *act, struct text *why)
{
	unsigned status = device_find(c, &act->device, why);
	if (status == HTTP_OK)
		status = device_find(c, &act->into, why);
	if (status == HTTP_OK && act->device == act->into) {
		text_printf(why, "they are one device already, %" PRId64, act->into);
		return HTTP_CONFLICT;
	}
	return status;
}

unsigned act_check(const struct act_check *c, struct act *a, struct text *why)
{
	unsigned status = a->kind == ACT_SILENCE && a->alarm ? as_alarm(c, a, why) : HTTP_OK;
	if (status != HTTP_OK)
		return status;
	if (act_complete(a, why))
		return HTTP_BAD_REQUEST;
	switch (a->kind) {
	case ACT_SILENCE:
		return check_silence(c, a, why);
	case ACT_UNSILENCE:
		return check_unsilence(c, a, why);
	case ACT_MERGE:
		return check_merge(c, a, why);
	default:
		return check_alarm(c, a, why);
	}
}

static bool alarm_is_so(const struct alarm_row *a, enum act_kind kind)
{
	return kind == ACT_CLEAR ? a->state == ALARM_CLEARED : kind == ACT_ACK ? a->acked != 0 : a->acked == 0;
}

unsigned act_held(struct state *s, const struct act *a, uint64_t event, struct text *why)
{
	struct alarm_row row;
	int64_t is = 0;
	if (a->kind == ACT_SILENCE) {
		if (state_read(s, ROW_SILENCE, STATE_BY_ID, (int64_t)event, keep_silence, &is))
			return failed(s, why);
		text_add(why, is ? "" : "the silence was not taken; its end may have passed");
		return is ? HTTP_OK : HTTP_CONFLICT;
	}
	if (a->kind == ACT_UNSILENCE || a->kind == ACT_MERGE)
		return HTTP_OK;
	unsigned status = alarm_find(s, a->alarm, &row, why);
	if (status == HTTP_OK && !alarm_is_so(&row, a->kind)) {
		text_printf(why, "alarm %" PRId64 " was cleared meanwhile (%s)", a->alarm,
		            alarm_because_name(row.because));
		status = HTTP_CONFLICT;
	}
	row_done(ROW_ALARM, &row);
	return status;
}
