// SPDX-License-Identifier: Apache-2.0
// The state of alarms and devices as rows: what the fold gives to be stored, is loaded from, and is compared by. One
// table of columns makes the file's tables, its statements and the canonical dump, so none of them can forget a field.
//
// Numbers are int64_t; times are nanoseconds of the journal's time; text is valid UTF-8. What a row has not is 0 or empty.
#ifndef ALARM_ROWS_H
#define ALARM_ROWS_H

#include <stddef.h>
#include <stdint.h>

#include "base/json.h"
#include "base/span.h"

enum row_table {
	ROW_FOLD,
	ROW_RULES,
	ROW_SITE,
	ROW_DEVICE,
	ROW_ALIAS,
	ROW_ALARM,
	ROW_SILENCE,
	ROW_CHANGE,
	ROW_READING,
	ROW_TABLES
};

// The fold itself: one row.
struct fold_row {
	int64_t id;      // 1
	int64_t version; // FOLD_VERSION
	int64_t next;    // the id of the next event: the cursor
	int64_t time;    // of the last event
	int64_t changes; // how many there were: the seq of the last
	int64_t gaps;    // gap events seen
	int64_t crowded; // events of senders that got no device because of FOLD_DEVICES_MAX
	int64_t started; // when the collector last came up: nobody was heard just before
};

// The rules in force.
struct rules_row {
	int64_t id;           // 1
	int64_t event;        // that brought them
	struct span hash;     // of the file's text, hex
	struct span file;     // as it was named
	struct span compiled; // JSON, see rules.h
};

// How often somebody speaks (habit.h): this period and the one before.
struct habit_row {
	int64_t last;
	int64_t since, gaps, longest;
	int64_t since_before, gaps_before, longest_before;
	int64_t beats; // how often in a row it spoke of no trouble
};

struct site_row {
	struct span name;
	int64_t first;
	struct habit_row habit;
	int64_t silent; // the open alarm about it, or 0
	int64_t back;   // when it spoke again after such an alarm
};

struct device_row {
	int64_t id;       // of the event that made it known
	int64_t merged;   // the device that it was found to be, or 0
	struct span site; // name, or empty
	struct span ip;   // 20 octets: the address it last spoke from, and its scope
	struct span engine;
	struct span serial, model, name, location;
	int64_t first;
	struct habit_row habit;
	int64_t uptime; // hundredths of a second, when it last said it; -1: never
	int64_t index;  // the highest prtAlertIndex since it started; -1: none
	int64_t restarts;
	int64_t open;          // how many alarms are open
	int64_t silent;        // the open one about its silence, or 0
	int64_t asked;         // when it was last asked, 0: never
	struct span asked_why; // "ok", or why it could not be asked
};

enum alias_kind { ALIAS_ADDRESS = 1, ALIAS_ENGINE = 2, ALIAS_SERIAL = 3 };

// A name that a device is known by within a site.
struct alias_row {
	int64_t kind;
	struct span site, value;
	int64_t device;
	int64_t shared; // an address that several engines speak from
};

enum alarm_kind {
	ALARM_PRINTER = 1,
	ALARM_LINK,
	ALARM_UPS,
	ALARM_SENSOR,
	ALARM_ACCESS, // somebody tried a wrong community or password
	ALARM_RULE,
	ALARM_SILENT,
	ALARM_SITE_SILENT,
	ALARM_CROWDED, // more alarms on one device than are listed
	ALARM_KINDS
};

enum alarm_state { ALARM_OPEN = 1, ALARM_CLEARED = 2 };

enum alarm_because {
	BECAUSE_NOT,
	BECAUSE_CLEAR_TRAP, // alertRemovalOfBinaryChangeEntry, 1801
	BECAUSE_OPPOSITE,   // cover closed, link up
	BECAUSE_RESTART,    // the device started again
	BECAUSE_POLL,       // it was asked and does not list it any more
	BECAUSE_EXPIRED,    // not heard of for its time
	BECAUSE_HAND,       // somebody cleared it
	BECAUSE_HEARD,      // who was silent spoke
	BECAUSE_RULE,       // a rule's clear
	BECAUSE_MERGED,     // its device was merged, and the other one has the same alarm
	BECAUSE_COUNT
};

struct alarm_row {
	int64_t id;     // of the event that raised it
	int64_t state;  // enum alarm_state
	int64_t device; // 0: of a site
	struct span site;
	int64_t kind;     // enum alarm_kind
	struct span key;  // stable over repeats; unique among a device's open alarms
	int64_t severity; // enum severity
	int64_t count, first, last, last_event;
	int64_t raised; // when it last began: later than `first` when it flaps
	int64_t cleared, because;
	int64_t ended;  // the seq of the change that cleared it
	int64_t recent; // cleared, and remembered in case it begins again
	struct span cleared_by;
	int64_t acked; // when, or 0
	struct span acked_by, acked_note;
	int64_t silenced; // the silence that holds, or 0
	int64_t flaps, flapping;
	int64_t expires; // so long after `last`, 0: never
	// ALARM_PRINTER: the alert, -1 where the device did not say
	int64_t hr_device, group, group_index, location, code, alert_severity, training;
	int64_t index; // prtAlertIndex, the latest
	int64_t twin;  // that of the second, generic alert about the same fault
	struct span description;
	// ALARM_RULE
	struct span words, who;
	struct span pdu; // of the latest trap; the words of other kinds are made from it
};

struct silence_row {
	int64_t id; // of the act
	struct span site;
	int64_t device, code; // 0, -1: any
	struct span key;      // an alarm's key, or some of its first parts; empty: any
	int64_t from, until;
	struct span by, note;
	int64_t state; // enum silence_state
};

enum silence_state { SILENCE_PLANNED = 1, SILENCE_ACTIVE = 2, SILENCE_ENDED = 3 };

enum change_what {
	CHANGE_RAISED = 1,
	CHANGE_RAISED_AGAIN, // a flapping alarm
	CHANGE_SEVERITY,
	CHANGE_NAMED, // a generic alert turned out to be a certain one
	CHANGE_ACKED,
	CHANGE_UNACKED,
	CHANGE_SILENCED,
	CHANGE_UNSILENCED,
	CHANGE_FLAPPING,
	CHANGE_STEADY, // flapping no more
	CHANGE_CLEARED,
	CHANGE_MERGED, // it is another device's now
	CHANGE_KINDS
};

// One line of the log of alarm changes.
struct change_row {
	int64_t seq; // rises by one
	int64_t event, time;
	int64_t alarm, what;
	int64_t severity, because;
	struct span by, note;
};

enum reading_what { READING_STATUS = 1, READING_ERRORS, READING_SUPPLIES };

// What a printer said of itself when it was asked, the latest: nothing follows from it, so the fold does not keep it.
struct reading_row {
	int64_t device, what; // enum reading_what
	int64_t event, time;
	struct span value; // JSON: hrPrinterStatus as a string, detected errors and supplies as lists (poll/differ.h)
};

enum row_type { ROW_INTEGER, ROW_STRING, ROW_BYTES };

struct row_column {
	const char *name;
	enum row_type type;
	size_t offset; // of the int64_t or the struct span
};

struct row_info {
	const char *name;
	const struct row_column *columns;
	size_t count;
	size_t keys; // the first so many columns are the key
	size_t size; // of the struct
};

const struct row_info *row_info(enum row_table t);

static inline int64_t *row_integer(void *row, const struct row_column *c)
{
	return (int64_t *)(void *)((char *)row + c->offset);
}

static inline struct span *row_span(void *row, const struct row_column *c)
{
	return (struct span *)(void *)((char *)row + c->offset);
}

// Rows that own their spans: made by row_keep or row_copy, given back by row_done.
// Replaces a span by a copy of `value`. false: out of memory, nothing changed.
bool row_keep(struct span *field, struct span value);
bool row_copy(enum row_table t, void *to, const void *from); // `to` is zeroed, or owns its spans
void row_done(enum row_table t, void *row);

// One line, without a newline: the table, then every column. Equal lines are equal rows.
void row_line(enum row_table t, const void *row, struct text *out);

const char *alarm_kind_name(int64_t kind);       // "printer", "link", ...
const char *alarm_state_name(int64_t state);     // "open", "cleared"
const char *alarm_because_name(int64_t because); // "clear trap 1801", ...; NULL for BECAUSE_NOT
const char *change_what_name(int64_t what);      // "raised", ...
const char *silence_state_name(int64_t state);   // "planned", "active", "ended"

#endif
