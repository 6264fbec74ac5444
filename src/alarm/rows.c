// SPDX-License-Identifier: Apache-2.0
#include "alarm/rows.h"

#include <assert.h>
#include <stdlib.h>

#define INTEGER(row, member)                                                                                           \
	{                                                                                                              \
#member, ROW_INTEGER, offsetof(struct row, member)                                                     \
	}
#define STRING(row, member)                                                                                            \
	{                                                                                                              \
#member, ROW_STRING, offsetof(struct row, member)                                                      \
	}
#define BYTES(row, member)                                                                                             \
	{                                                                                                              \
#member, ROW_BYTES, offsetof(struct row, member)                                                       \
	}
#define HABIT(row)                                                                                                     \
	{ "last", ROW_INTEGER, offsetof(struct row, habit.last) },                                                     \
	        { "since", ROW_INTEGER, offsetof(struct row, habit.since) },                                           \
	        { "gaps", ROW_INTEGER, offsetof(struct row, habit.gaps) },                                             \
	        { "longest", ROW_INTEGER, offsetof(struct row, habit.longest) },                                       \
	        { "since_before", ROW_INTEGER, offsetof(struct row, habit.since_before) },                             \
	        { "gaps_before", ROW_INTEGER, offsetof(struct row, habit.gaps_before) },                               \
	        { "longest_before", ROW_INTEGER, offsetof(struct row, habit.longest_before) },                         \
	{                                                                                                              \
		"beats", ROW_INTEGER, offsetof(struct row, habit.beats)                                                \
	}

static const struct row_column fold_columns[] = {
	INTEGER(fold_row, id),      INTEGER(fold_row, version), INTEGER(fold_row, next),    INTEGER(fold_row, time),
	INTEGER(fold_row, changes), INTEGER(fold_row, gaps),    INTEGER(fold_row, crowded), INTEGER(fold_row, started),
};

static const struct row_column rules_columns[] = {
	INTEGER(rules_row, id),  INTEGER(rules_row, event),   STRING(rules_row, hash),
	STRING(rules_row, file), STRING(rules_row, compiled),
};

static const struct row_column site_columns[] = {
	STRING(site_row, name),    INTEGER(site_row, first), HABIT(site_row),
	INTEGER(site_row, silent), INTEGER(site_row, back),
};

static const struct row_column device_columns[] = {
	INTEGER(device_row, id),
	INTEGER(device_row, merged),
	STRING(device_row, site),
	BYTES(device_row, ip),
	BYTES(device_row, engine),
	STRING(device_row, serial),
	STRING(device_row, model),
	STRING(device_row, name),
	STRING(device_row, location),
	INTEGER(device_row, first),
	HABIT(device_row),
	INTEGER(device_row, uptime),
	INTEGER(device_row, index),
	INTEGER(device_row, restarts),
	INTEGER(device_row, open),
	INTEGER(device_row, silent),
	INTEGER(device_row, asked),
	STRING(device_row, asked_why),
};

static const struct row_column alias_columns[] = {
	INTEGER(alias_row, kind),   STRING(alias_row, site),    BYTES(alias_row, value),
	INTEGER(alias_row, device), INTEGER(alias_row, shared),
};

static const struct row_column alarm_columns[] = {
	INTEGER(alarm_row, id),         INTEGER(alarm_row, state),      INTEGER(alarm_row, device),
	STRING(alarm_row, site),        INTEGER(alarm_row, kind),       STRING(alarm_row, key),
	INTEGER(alarm_row, severity),   INTEGER(alarm_row, count),      INTEGER(alarm_row, first),
	INTEGER(alarm_row, last),       INTEGER(alarm_row, last_event), INTEGER(alarm_row, raised),
	INTEGER(alarm_row, cleared),    INTEGER(alarm_row, because),    INTEGER(alarm_row, ended),
	INTEGER(alarm_row, recent),     STRING(alarm_row, cleared_by),  INTEGER(alarm_row, acked),
	STRING(alarm_row, acked_by),    STRING(alarm_row, acked_note),  INTEGER(alarm_row, silenced),
	INTEGER(alarm_row, flaps),      INTEGER(alarm_row, flapping),   INTEGER(alarm_row, expires),
	INTEGER(alarm_row, hr_device),  INTEGER(alarm_row, group),      INTEGER(alarm_row, group_index),
	INTEGER(alarm_row, location),   INTEGER(alarm_row, code),       INTEGER(alarm_row, alert_severity),
	INTEGER(alarm_row, training),   INTEGER(alarm_row, index),      INTEGER(alarm_row, twin),
	STRING(alarm_row, description), STRING(alarm_row, words),       STRING(alarm_row, who),
	BYTES(alarm_row, pdu),
};

static const struct row_column silence_columns[] = {
	INTEGER(silence_row, id),    STRING(silence_row, site), INTEGER(silence_row, device),
	INTEGER(silence_row, code),  STRING(silence_row, key),  INTEGER(silence_row, from),
	INTEGER(silence_row, until), STRING(silence_row, by),   STRING(silence_row, note),
	INTEGER(silence_row, state),
};

static const struct row_column change_columns[] = {
	INTEGER(change_row, seq),     INTEGER(change_row, event), INTEGER(change_row, time),
	INTEGER(change_row, alarm),   INTEGER(change_row, what),  INTEGER(change_row, severity),
	INTEGER(change_row, because), STRING(change_row, by),     STRING(change_row, note),
};

static const struct row_column reading_columns[] = {
	INTEGER(reading_row, device), INTEGER(reading_row, what), INTEGER(reading_row, event),
	INTEGER(reading_row, time),   STRING(reading_row, value),
};

#define TABLE(word, keys)                                                                                              \
	{                                                                                                              \
#word, word##_columns, sizeof word##_columns / sizeof *word##_columns, keys, sizeof(struct word##_row) \
	}

static const struct row_info tables[] = {
	[ROW_FOLD] = TABLE(fold, 1),       [ROW_RULES] = TABLE(rules, 1),   [ROW_SITE] = TABLE(site, 1),
	[ROW_DEVICE] = TABLE(device, 1),   [ROW_ALIAS] = TABLE(alias, 3),   [ROW_ALARM] = TABLE(alarm, 1),
	[ROW_SILENCE] = TABLE(silence, 1), [ROW_CHANGE] = TABLE(change, 1), [ROW_READING] = TABLE(reading, 2),
};
static_assert(sizeof tables / sizeof *tables == ROW_TABLES, "every table has a row");

// A struct has an int64_t or a span for each column and nothing else, so a field cannot be forgotten.
#define WHOLE(word, integers, spans)                                                                                   \
	static_assert(sizeof(struct word##_row) == (integers) * sizeof(int64_t) + (spans) * sizeof(struct span) &&     \
	                      sizeof word##_columns / sizeof *word##_columns == (integers) + (spans),                  \
	              "every field of " #word "_row is a column")
WHOLE(fold, 8, 0);
WHOLE(rules, 2, 3);
WHOLE(site, 11, 1);
WHOLE(device, 17, 8);
WHOLE(alias, 3, 2);
WHOLE(alarm, 28, 9);
WHOLE(silence, 6, 4);
WHOLE(change, 7, 2);
WHOLE(reading, 4, 1);

const struct row_info *row_info(enum row_table t)
{
	return &tables[t];
}

static void give_back(struct span *s)
{
	free((void *)(uintptr_t)s->p);
	*s = (struct span){ 0 };
}

bool row_keep(struct span *field, struct span value)
{
	if (value.n && field->n == value.n) {
		memmove((void *)(uintptr_t)field->p, value.p, value.n);
		return true;
	}
	uint8_t *p = value.n ? malloc(value.n) : NULL;
	if (value.n && !p)
		return false;
	if (p)
		memcpy(p, value.p, value.n);
	give_back(field);
	*field = span_of(p, value.n);
	return true;
}

static const struct span *span_at(const void *row, const struct row_column *c)
{
	return (const struct span *)(const void *)((const char *)row + c->offset);
}

static int64_t integer_at(const void *row, const struct row_column *c)
{
	return *(const int64_t *)(const void *)((const char *)row + c->offset);
}

bool row_copy(enum row_table t, void *to, const void *from)
{
	bool good = true;
	for (size_t i = 0; i < tables[t].count; i++) {
		const struct row_column *c = &tables[t].columns[i];
		if (c->type == ROW_INTEGER)
			*row_integer(to, c) = integer_at(from, c);
		else
			good = row_keep(row_span(to, c), *span_at(from, c)) && good;
	}
	return good;
}

void row_done(enum row_table t, void *row)
{
	for (size_t i = 0; i < tables[t].count; i++)
		if (tables[t].columns[i].type != ROW_INTEGER)
			give_back(row_span(row, &tables[t].columns[i]));
}

void row_line(enum row_table t, const void *row, struct text *out)
{
	text_add(out, tables[t].name);
	for (size_t i = 0; i < tables[t].count; i++) {
		const struct row_column *c = &tables[t].columns[i];
		text_printf(out, " %s=", c->name);
		if (c->type == ROW_INTEGER) {
			text_printf(out, "%lld", (long long)integer_at(row, c));
		} else if (c->type == ROW_BYTES) {
			text_hex(out, *span_at(row, c));
		} else {
			struct json j = json_of(out);
			json_text(&j, *span_at(row, c));
		}
	}
}

const char *alarm_kind_name(int64_t kind)
{
	static const char *const names[ALARM_KINDS] = {
		[ALARM_PRINTER] = "printer", [ALARM_LINK] = "link",
		[ALARM_UPS] = "ups",         [ALARM_SENSOR] = "sensor",
		[ALARM_ACCESS] = "access",   [ALARM_RULE] = "rule",
		[ALARM_SILENT] = "silent",   [ALARM_SITE_SILENT] = "site-silent",
		[ALARM_CROWDED] = "crowded",
	};
	return kind > 0 && kind < ALARM_KINDS ? names[kind] : "unknown";
}

const char *alarm_state_name(int64_t state)
{
	return state == ALARM_OPEN ? "open" : state == ALARM_CLEARED ? "cleared" : "unknown";
}

const char *alarm_because_name(int64_t because)
{
	static const char *const names[BECAUSE_COUNT] = {
		[BECAUSE_CLEAR_TRAP] = "clear trap 1801",
		[BECAUSE_OPPOSITE] = "opposite code",
		[BECAUSE_RESTART] = "device restart",
		[BECAUSE_POLL] = "poll says gone",
		[BECAUSE_EXPIRED] = "expired",
		[BECAUSE_HAND] = "by hand",
		[BECAUSE_HEARD] = "heard again",
		[BECAUSE_RULE] = "rule",
		[BECAUSE_MERGED] = "devices merged",
	};
	return because > 0 && because < BECAUSE_COUNT ? names[because] : NULL;
}

const char *change_what_name(int64_t what)
{
	static const char *const names[CHANGE_KINDS] = {
		[CHANGE_RAISED] = "raised",      [CHANGE_RAISED_AGAIN] = "raised again",
		[CHANGE_SEVERITY] = "severity",  [CHANGE_NAMED] = "named",
		[CHANGE_ACKED] = "acknowledged", [CHANGE_UNACKED] = "unacknowledged",
		[CHANGE_SILENCED] = "silenced",  [CHANGE_UNSILENCED] = "unsilenced",
		[CHANGE_FLAPPING] = "flapping",  [CHANGE_STEADY] = "steady",
		[CHANGE_CLEARED] = "cleared",    [CHANGE_MERGED] = "merged",
	};
	return what > 0 && what < CHANGE_KINDS ? names[what] : "unknown";
}

const char *silence_state_name(int64_t state)
{
	static const char *const names[] = { "unknown", "planned", "active", "ended" };
	return names[state > 0 && state <= SILENCE_ENDED ? state : 0];
}
