// SPDX-License-Identifier: Apache-2.0
#include "alarm/words.h"

#include "alarm/limits.h"
#include "event/describe.h"
#include "mib/mib.h"
#include "printer/printer.h"

static void take_field(struct printer_alert *alert, enum printer_have have, int32_t *field, int64_t value)
{
	if (value < 0 && !(have == HAVE_LOCATION && value < -1))
		return;
	*field = (int32_t)value;
	alert->have |= (uint16_t)have;
}

static struct printer_alert alert_of(const struct alarm_row *a)
{
	struct printer_alert alert = { .device = (int32_t)a->hr_device };
	take_field(&alert, HAVE_INDEX, &alert.index, a->index);
	take_field(&alert, HAVE_SEVERITY, &alert.severity, a->alert_severity);
	take_field(&alert, HAVE_TRAINING, &alert.training, a->training);
	take_field(&alert, HAVE_GROUP, &alert.group, a->group);
	take_field(&alert, HAVE_GROUP_INDEX, &alert.group_index, a->group_index);
	take_field(&alert, HAVE_LOCATION, &alert.location, a->location);
	take_field(&alert, HAVE_CODE, &alert.code, a->code);
	if (a->description.n) {
		alert.description = a->description;
		alert.have |= HAVE_DESCRIPTION;
	}
	return alert;
}

// The sentence of the trap that is kept with it.
static bool say_trap(const struct alarm_row *a, struct text *out)
{
	const struct event e = { .kind = EVENT_TRAP, .pdu = a->pdu };
	struct event_words words = { 0 };
	bool good = a->pdu.n && event_describe(&e, &words) == ST_OK;
	if (good)
		text_add(out, text_str(&words.text));
	event_words_done(&words);
	return good;
}

static void say_key(const struct alarm_row *a, struct text *out)
{
	text_add(out, "Alarm ");
	mib_text(a->key, out);
}

void alarm_sentence(const struct alarm_row *a, struct text *out)
{
	struct printer_alert alert;
	switch (a->kind) {
	case ALARM_PRINTER:
		alert = alert_of(a);
		printer_sentence(&alert, out);
		break;
	case ALARM_RULE:
		if (a->words.n)
			mib_text(a->words, out);
		else if (!say_trap(a, out))
			say_key(a, out);
		break;
	case ALARM_SENSOR:
		text_add(out,
		         a->severity >= SEVERITY_MAJOR ? "A sensor does not work (" : "A sensor gives no reading (");
		mib_text(a->key, out);
		text_add(out, ")");
		break;
	case ALARM_SILENT:
		text_add(out, "The device is silent for longer than its habit");
		break;
	case ALARM_SITE_SILENT:
		text_add(out, "The site ");
		mib_text(a->site, out);
		text_add(out, " is silent for longer than its habit");
		break;
	case ALARM_CROWDED:
		text_printf(out, "More than %d alarms are open on this device; the others are not listed",
		            ALARM_DEVICE_OPEN);
		break;
	default:
		if (!say_trap(a, out))
			say_key(a, out);
		break;
	}
}

const char *alarm_who(const struct alarm_row *a, struct text *scratch)
{
	struct printer_alert alert;
	switch (a->kind) {
	case ALARM_PRINTER:
		alert = alert_of(a);
		return printer_who(&alert);
	case ALARM_RULE:
		text_clear(scratch);
		mib_text(a->who, scratch);
		return scratch->n ? text_str(scratch) : NULL;
	default:
		return NULL;
	}
}

static void key_text(struct json *j, const char *key, struct span value)
{
	json_key(j, key);
	if (value.n)
		json_text(j, value);
	else
		json_none(j);
}

static void key_id(struct json *j, const char *key, int64_t id)
{
	json_key(j, key);
	if (id)
		json_int(j, id);
	else
		json_none(j);
}

static void key_time(struct json *j, const char *key, int64_t at, struct text *scratch)
{
	json_key(j, key);
	text_clear(scratch);
	event_time_text(at, scratch);
	if (at)
		json_str(j, text_str(scratch));
	else
		json_none(j);
}

static void key_string(struct json *j, const char *key, const char *value)
{
	key_text(j, key, span_str(value ? value : ""));
}

static void key_bool(struct json *j, const char *key, bool value)
{
	json_key(j, key);
	json_bool(j, value);
}

static void put_acts(struct json *j, const struct alarm_row *a, const struct silence_row *silence, struct text *scratch)
{
	key_text(j, "acknowledged_by", a->acked_by);
	key_time(j, "acknowledged_at", a->acked, scratch);
	key_text(j, "note", a->acked_note);
	key_time(j, "cleared", a->cleared, scratch);
	key_text(j, "cleared_by", a->cleared_by);
	key_bool(j, "flapping", a->flapping != 0);
	key_id(j, "silence", a->silenced);
	key_time(j, "silenced_until", silence ? silence->until : 0, scratch);
}

void alarm_json_open(struct json *j, const struct alarm_row *a, const struct silence_row *silence)
{
	struct text scratch = { 0 };
	json_open(j, '{');
	key_id(j, "id", a->id);
	key_string(j, "state", alarm_state_name(a->state));
	key_bool(j, "acknowledged", a->acked != 0);
	key_bool(j, "silenced", a->silenced != 0);
	key_text(j, "site", a->site);
	key_id(j, "device", a->device);
	key_string(j, "severity", severity_name((enum severity)a->severity));
	key_string(j, "who", alarm_who(a, &scratch));
	text_clear(&scratch);
	alarm_sentence(a, &scratch);
	key_text(j, "text", span_of(scratch.p, scratch.n));
	json_key(j, "count");
	json_int(j, a->count);
	key_time(j, "first", a->first, &scratch);
	key_time(j, "last", a->last, &scratch);
	key_time(j, "raised", a->raised, &scratch);
	key_string(j, "cleared_because", alarm_because_name(a->because));
	key_string(j, "kind", alarm_kind_name(a->kind));
	key_text(j, "key", a->key);
	put_acts(j, a, silence, &scratch);
	text_done(&scratch);
}

void alarm_json(const struct alarm_row *a, const struct silence_row *silence, struct text *out)
{
	struct json j = json_of(out);
	alarm_json_open(&j, a, silence);
	json_close(&j, '}');
}

void change_json(struct json *j, const struct change_row *c)
{
	struct text scratch = { 0 };
	json_open(j, '{');
	key_time(j, "time", c->time, &scratch);
	key_string(j, "what", change_what_name(c->what));
	key_string(j, "severity", severity_name((enum severity)c->severity));
	key_string(j, "because", alarm_because_name(c->because));
	key_text(j, "by", c->by);
	key_text(j, "note", c->note);
	key_id(j, "event", c->event);
	json_close(j, '}');
	text_done(&scratch);
}

// 20 octets: the address and its scope.
static void add_ip(struct span ip_and_scope, struct text *out)
{
	char text[ADDR_TEXT];
	struct addr a = { 0 };
	struct rd r = rd_of(ip_and_scope);
	struct span ip = rd_take(&r, sizeof a.ip);
	a.scope = rd_u32(&r);
	if (rd_end(&r) != ST_OK)
		return;
	memcpy(a.ip, ip.p, ip.n);
	text_add(out, addr_ip_text(&a, text));
}

void device_address(const struct device_row *d, struct text *out)
{
	add_ip(d->ip, out);
}

static const char *alias_kind_name(int64_t kind)
{
	return kind == ALIAS_ADDRESS ? "address" : kind == ALIAS_ENGINE ? "engine" : "serial";
}

static void alias_value(const struct alias_row *a, struct text *out)
{
	if (a->kind == ALIAS_ADDRESS)
		add_ip(a->value, out);
	else if (a->kind == ALIAS_ENGINE)
		text_hex(out, a->value);
	else
		mib_text(a->value, out);
}

void alias_line(const struct alias_row *a, struct text *out)
{
	text_printf(out, "%s ", alias_kind_name(a->kind));
	alias_value(a, out);
	text_add(out, a->shared ? " (others speak from there as well)" : "");
}

void alias_json(struct json *j, const struct alias_row *a)
{
	struct text value = { 0 };
	alias_value(a, &value);
	json_open(j, '{');
	key_string(j, "kind", alias_kind_name(a->kind));
	key_text(j, "value", span_of(value.p, value.n));
	key_text(j, "site", a->site);
	key_bool(j, "shared", a->shared != 0);
	json_close(j, '}');
	text_done(&value);
}

enum st device_reading(void *arg, enum row_table t, const void *row)
{
	const struct reading_row *from = row;
	struct device_readings *r = arg;
	if (from->what < READING_STATUS || from->what > READING_SUPPLIES)
		return ST_OK;
	text_clear(&r->value[from->what]);
	text_bytes(&r->value[from->what], from->value);
	if (from->time > r->time)
		r->time = from->time;
	return r->value[from->what].bad ? ST_NO_MEMORY : ST_OK;
}

void device_readings_done(struct device_readings *r)
{
	for (size_t i = 0; i <= READING_SUPPLIES; i++)
		text_done(&r->value[i]);
	*r = (struct device_readings){ 0 };
}

static void put_readings(struct json *j, const struct device_readings *r, struct text *scratch)
{
	static const char *const names[] = {
		[READING_STATUS] = "status", [READING_ERRORS] = "errors", [READING_SUPPLIES] = "supplies"
	};
	json_key(j, "printer");
	if (r->time == 0) {
		json_none(j);
		return;
	}
	json_open(j, '{');
	for (enum reading_what what = READING_STATUS; what <= READING_SUPPLIES; what++) {
		json_key(j, names[what]);
		if (r->value[what].n)
			json_value(j, &r->value[what]);
		else
			json_none(j);
	}
	key_time(j, "read_at", r->time, scratch);
	json_close(j, '}');
}

void device_json_open(struct json *j, const struct device_row *d, const struct device_readings *r)
{
	struct text scratch = { 0 };
	json_open(j, '{');
	key_id(j, "id", d->id);
	key_text(j, "site", d->site);
	device_address(d, &scratch);
	key_text(j, "address", span_of(scratch.p, scratch.n));
	text_clear(&scratch);
	text_hex(&scratch, d->engine);
	key_text(j, "engine", span_of(scratch.p, scratch.n));
	key_text(j, "serial", d->serial);
	key_text(j, "model", d->model);
	key_text(j, "name", d->name);
	key_text(j, "location", d->location);
	key_time(j, "first_heard", d->first, &scratch);
	key_time(j, "last_heard", d->habit.last, &scratch);
	json_key(j, "open");
	json_int(j, d->open);
	key_text(j, "asked", d->asked_why);
	key_time(j, "asked_at", d->asked, &scratch);
	key_bool(j, "silent", d->silent != 0);
	put_readings(j, r, &scratch);
	text_done(&scratch);
}

void device_json(const struct device_row *d, const struct device_readings *r, struct text *out)
{
	struct json j = json_of(out);
	device_json_open(&j, d, r);
	json_close(&j, '}');
}

void silence_json(const struct silence_row *s, struct text *out)
{
	struct text scratch = { 0 };
	struct json j = json_of(out);
	json_open(&j, '{');
	key_id(&j, "id", s->id);
	key_string(&j, "state", silence_state_name(s->state));
	key_text(&j, "site", s->site);
	key_id(&j, "device", s->device);
	json_key(&j, "code");
	if (s->code >= 0) // 0 is a code as any other
		json_int(&j, s->code);
	else
		json_none(&j);
	key_text(&j, "key", s->key);
	key_time(&j, "from", s->from, &scratch);
	key_time(&j, "until", s->until, &scratch);
	key_text(&j, "by", s->by);
	key_text(&j, "note", s->note);
	json_close(&j, '}');
	text_done(&scratch);
}
