// SPDX-License-Identifier: Apache-2.0
// What the files of the fold share with each other. Private to src/alarm.
//
// Every thing that is stored is its row and what links it. Rows that changed are on one list (mark), which is emptied when
// they are stored. Nothing may depend on the order of a hash table: what is done to several alarms is done by rising id.
#ifndef ALARM_FOLD_OWN_H
#define ALARM_FOLD_OWN_H

#include "alarm/fold.h"
#include "alarm/limits.h"
#include "alarm/meaning.h"
#include "alarm/table.h"

struct mark {
	struct mark *next;
	void *row;
	enum row_table table;
	bool on;
};

#define HOLDER(pointer, type, member) ((type *)(void *)((char *)(pointer)-offsetof(type, member)))

struct site {
	struct site_row row;
	struct mark mark;
	struct node by_name;
	bool armed;
};

struct device {
	struct device_row row;
	struct mark mark;
	struct node by_id;
	struct site *site;          // NULL: none
	struct alarm *first, *last; // open ones, by rising id
	bool armed;
};

struct alias {
	struct alias_row row;
	struct mark mark;
	struct node node;
	struct device *device; // NULL: a shared address that nobody without an engine spoke from
};

// Live: open, or cleared and recent.
struct alarm {
	struct alarm_row row;
	struct mark mark;
	struct node by_id, by_key;
	struct device *device; // NULL: of a site
	struct site *site;
	struct alarm *next, *prev; // among the device's open ones, or among the recent ones
	bool armed_expiry, armed_steady;
};

struct silence {
	struct silence_row row;
	struct mark mark;
	struct silence *next; // by rising id
	bool armed;
};

enum due_kind { DUE_SITE, DUE_DEVICE, DUE_EXPIRY, DUE_STEADY, DUE_SILENCE, DUE_KINDS };

struct due {
	int64_t at; // not later than the deadline
	enum due_kind kind;
	uint64_t id;
	struct site *site; // DUE_SITE
};

struct fold {
	struct hash_key key;
	struct fold_row row;
	struct rules_row rules_row;
	struct mark mark, rules_mark;
	struct rules *rules;
	struct table sites, devices, aliases, alarms, keys;
	struct silence *silences;
	size_t silence_count;
	struct alarm *recent_first, *recent_last; // by rising row.ended
	size_t recent_count, open_count;
	struct alarm *gone; // forgotten, until their rows are stored
	struct mark *marks;
	struct change_row *changes;
	size_t change_count, change_room;
	struct reading_row *readings;
	size_t reading_count, reading_room;
	struct due *heap;
	size_t due_count, due_room;
	struct text scratch, words;
	struct finding finding;
	// The event at hand.
	int64_t now;
	uint64_t event;
	struct span pdu;
	int64_t printer; // the device whose printer alert it told, or 0
	bool raised;     // it has raised an alarm; another one would have the same id
	enum st st;      // ST_NO_MEMORY for ever once it happened
};

// fold_rows.c
void fold_touch(struct fold *f, struct mark *m);
void fold_keep(struct fold *f, struct span *field, struct span value); // row_keep with f->st
// A clean line of at most ALARM_TEXT_MAX octets into a field; true when it changed.
bool fold_keep_text(struct fold *f, struct span *field, struct span raw);

// devices.c
struct site *site_of(struct fold *f, struct span name); // makes it; NULL: no name, or no memory
struct device *device_of(struct fold *f, const struct event *e, const struct snmp_notification *n);
struct device *device_by_id(struct fold *f, int64_t id); // what it was merged into, if it was
struct device *device_add(struct fold *f);               // zeroed, not linked
void device_link(struct fold *f, struct device *d);      // its row is set
void device_identify(struct fold *f, struct device *d, const struct snmp_notification *n);
void device_serial(struct fold *f, struct device *d, struct span serial);
void device_merge(struct fold *f, struct device *from, struct device *into);
bool alias_link(struct fold *f, struct alias *a);
bool site_link(struct fold *f, struct site *s);

// alarms.c
struct alarm *alarm_by_id(struct fold *f, int64_t id);
struct alarm *alarm_by_key(struct fold *f, const struct device *d, struct span site, struct span key);
void alarm_link(struct fold *f, struct alarm *a); // its row, device and site are set
// Raises, counts or reopens; NULL when it was not to be.
struct alarm *alarm_raise(struct fold *f, struct device *d, struct site *s, const struct finding *g);
// Nobody's `by` and `note` are empty.
void alarm_clear(struct fold *f, struct alarm *a, enum alarm_because because, struct span by, struct span note);
static inline void alarm_over(struct fold *f, struct alarm *a, enum alarm_because because)
{
	alarm_clear(f, a, because, (struct span){ 0 }, (struct span){ 0 });
}

void alarm_rekey(struct fold *f, struct alarm *a, struct device *d, struct span key);
void alarm_fill(struct fold *f, struct alarm *a, const struct finding *g); // what the finding says of it
void alarm_forget(struct fold *f, struct alarm *a);                        // a cleared one: it is live no more
void alarm_forget_old(struct fold *f);
void change_add(struct fold *f, const struct alarm *a, enum change_what what, struct span by, struct span note);
// Open alarms for which `wanted` holds, by rising id; malloced, NULL when there are none.
typedef bool alarm_wanted_fn(const struct alarm *a, const void *arg);
struct alarm **alarms_collect(struct fold *f, alarm_wanted_fn *wanted, const void *arg, size_t *n);

// printers.c
// Where one of the alert and an open alarm does not say its hrDeviceIndex: makes the finding, or the alarm, what the other one says.
void printer_settle(struct fold *f, struct device *d, struct finding *g);
void printer_raise(struct fold *f, struct device *d, struct finding *g);
void printer_removed(struct fold *f, struct device *d, const struct finding *g);
void printer_opposite(struct fold *f, struct device *d, const struct finding *g);
bool printer_restarted(const struct device *d, const struct snmp_notification *n, const struct finding *g);

// acts.c
void fold_act(struct fold *f, struct span note);
void silence_link(struct fold *f, struct silence *s);
void silence_due(struct fold *f, struct silence *s);
int64_t silence_of(const struct fold *f, const struct alarm *a); // the active one with the lowest id, or 0
void silence_again(struct fold *f, struct alarm *a); // what it is about, or what silences are about, has changed
struct silence *silence_by_id(struct fold *f, int64_t id);

// polls.c
void fold_poll(struct fold *f, struct span note);

// due.c
void due_arm_device(struct fold *f, struct device *d);
void due_arm_site(struct fold *f, struct site *s);
void due_arm_alarm(struct fold *f, struct alarm *a);
void due_arm_silence(struct fold *f, struct silence *s);
void fold_tick(struct fold *f, struct span note);

#endif
