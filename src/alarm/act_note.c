// SPDX-License-Identifier: Apache-2.0
#include "alarm/acts.h"

#include "alarm/limits.h"
#include "event/member.h"

static const char *const names[ACT_KINDS] = {
	[ACT_ACK] = "ack",         [ACT_UNACK] = "unack",         [ACT_CLEAR] = "clear",
	[ACT_SILENCE] = "silence", [ACT_UNSILENCE] = "unsilence", [ACT_MERGE] = "merge",
};

void act_done(struct act *a)
{
	text_done(&a->site);
	text_done(&a->key);
	text_done(&a->by);
	text_done(&a->note);
}

static bool take_kind(struct span json, struct act *a)
{
	struct text name = { 0 };
	(void)member_text(json, "act", &name);
	a->kind = 0;
	while (a->kind < ACT_KINDS && strcmp(names[a->kind], text_str(&name)) != 0)
		a->kind++;
	text_done(&name);
	return a->kind < ACT_KINDS;
}

static void take_seconds(struct span json, const char *key, int64_t *out)
{
	int64_t seconds;
	if (member_int(json, key, &seconds) && seconds > 0 && seconds < INT64_MAX / ALARM_SECOND)
		*out = seconds * ALARM_SECOND;
}

static const char *missing(const struct act *a)
{
	bool any = a->site.n || a->device || a->code >= 0 || a->key.n;
	switch (a->kind) {
	case ACT_ACK:
	case ACT_UNACK:
	case ACT_CLEAR:
		return a->alarm > 0 ? NULL : "'alarm', the alarm's number";
	case ACT_SILENCE:
		return !any ? "one of 'site', 'device', 'code', 'key'" : !a->until ? "'until', its end" : NULL;
	case ACT_UNSILENCE:
		return a->silence > 0 ? NULL : "'silence', its number";
	default:
		return a->device > 0 && a->into > 0 && a->device != a->into ? NULL : "'device' and 'into', two devices";
	}
}

enum st act_complete(const struct act *a, struct text *why)
{
	const char *lacks = missing(a);
	if (lacks)
		text_printf(why, "'%s' needs %s", names[a->kind], lacks);
	return lacks ? ST_SYNTAX : ST_OK;
}

enum st act_read(struct span json, struct act *out, struct text *why)
{
	struct act a = { .code = -1, .uid = -1 };
	*out = a;
	if (!take_kind(json, &a)) {
		text_add(why, "'act' is none of ack, unack, clear, silence, unsilence, merge");
		return ST_SYNTAX;
	}
	(void)member_int(json, "alarm", &a.alarm);
	(void)member_int(json, "device", &a.device);
	(void)member_int(json, "into", &a.into);
	(void)member_int(json, "silence", &a.silence);
	(void)member_int(json, "code", &a.code);
	(void)member_int(json, "uid", &a.uid);
	take_seconds(json, "from", &a.from);
	take_seconds(json, "until", &a.until);
	(void)member_text(json, "site", &a.site);
	(void)member_text(json, "key", &a.key);
	(void)member_text(json, "by", &a.by);
	(void)member_text(json, "note", &a.note);
	*out = a;
	if (a.site.bad || a.key.bad || a.by.bad || a.note.bad)
		return ST_NO_MEMORY;
	return act_complete(&a, why);
}

static void put_text(struct json *j, const char *key, const struct text *t)
{
	if (t->n == 0)
		return;
	json_key(j, key);
	json_text(j, span_of(t->p, t->n));
}

static void put_number(struct json *j, const char *key, int64_t value, int64_t none)
{
	if (value == none)
		return;
	json_key(j, key);
	json_int(j, value);
}

void act_write(const struct act *a, struct text *out)
{
	struct json j = json_of(out);
	json_open(&j, '{');
	json_key_str(&j, "act", names[a->kind]);
	put_number(&j, "alarm", a->alarm, 0);
	put_number(&j, "silence", a->silence, 0);
	put_text(&j, "site", &a->site);
	put_number(&j, "device", a->device, 0);
	put_number(&j, "into", a->into, 0);
	put_number(&j, "code", a->code, -1);
	put_text(&j, "key", &a->key);
	put_number(&j, "from", a->from / ALARM_SECOND, 0);
	put_number(&j, "until", a->until / ALARM_SECOND, 0);
	put_text(&j, "by", &a->by);
	put_number(&j, "uid", a->uid, -1);
	put_text(&j, "note", &a->note);
	json_close(&j, '}');
}
