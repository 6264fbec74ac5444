// SPDX-License-Identifier: Apache-2.0
#include "daemon/act_request.h"

#include <jansson.h>
#include <string.h>

#include "alarm/limits.h"

struct member {
	const char *name;
	struct text *text; // or
	int64_t *number;
	int64_t least, unit;
};

static bool take_text(const json_t *value, const struct member *m, struct text *why)
{
	if (!json_is_string(value)) {
		text_printf(why, "'%s' is no string", m->name);
	} else if (json_string_length(value) > ALARM_TEXT_MAX) {
		text_printf(why, "'%s' is longer than %d octets", m->name, ALARM_TEXT_MAX);
	} else {
		text_bytes(m->text, span_of(json_string_value(value), json_string_length(value)));
		return true;
	}
	return false;
}

static bool take_number(const json_t *value, const struct member *m, struct text *why)
{
	json_int_t n = json_integer_value(value);
	if (json_is_integer(value) && n >= m->least && n <= INT64_MAX / m->unit) {
		*m->number = n * m->unit;
		return true;
	}
	text_printf(why, "'%s' is no whole number from %lld on", m->name, (long long)m->least);
	return false;
}

static bool take_member(const char *name, const json_t *value, const struct member *list, size_t n, struct text *why)
{
	for (size_t i = 0; i < n; i++)
		if (strcmp(list[i].name, name) == 0)
			return list[i].text ? take_text(value, &list[i], why) : take_number(value, &list[i], why);
	text_printf(why, "'%s' is not known here", name);
	return false;
}

enum st act_request(struct span body, enum act_kind kind, struct act *out, struct text *why)
{
	*out = (struct act){ .kind = kind, .code = -1, .uid = -1 };
	const struct member members[] = {
		{ .name = "by", .text = &out->by },
		{ .name = "note", .text = &out->note },
		{ .name = "site", .text = &out->site },
		{ .name = "key", .text = &out->key },
		{ .name = "device", .number = &out->device, .least = 1, .unit = 1 },
		{ .name = "into", .number = &out->into, .least = 1, .unit = 1 },
		{ .name = "alarm", .number = &out->alarm, .least = 1, .unit = 1 },
		{ .name = "code", .number = &out->code, .least = 0, .unit = 1 },
		{ .name = "from", .number = &out->from, .least = 1, .unit = ALARM_SECOND },
		{ .name = "until", .number = &out->until, .least = 1, .unit = ALARM_SECOND },
	};
	const char *name;
	json_t *value,
	        *o = body.n ? json_loadb((const char *)body.p, body.n, JSON_REJECT_DUPLICATES, NULL) : json_object();
	bool good = json_is_object(o);
	if (!good)
		text_add(why, "the body is no JSON object");
	json_object_foreach(o, name, value) good =
	        good && take_member(name, value, members, sizeof members / sizeof *members, why);
	json_decref(o);
	return good ? ST_OK : ST_SYNTAX;
}
