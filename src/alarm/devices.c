// SPDX-License-Identifier: Apache-2.0
// Who sent it. A device has an id that never changes, that of the event that made it known, and is found by its aliases within
// its site: the engine ID of SNMPv3, its address, its serial number.
//
// An engine is strong, an address weak. A device known by its address alone gets the engine that speaks from there. Where
// a second engine speaks from the same address (a NAT), the address is shared: it names nobody with an engine any more.
#include <stdlib.h>

#include "alarm/fold_own.h"
#include "alarm/habit.h"
#include "alarm/sender.h"
#include "event/values.h"

static uint64_t site_hash(const struct fold *f, struct span name)
{
	struct hash h = hash_begin(&f->key);
	hash_add(&h, name);
	return hash_end(&h);
}

bool site_link(struct fold *f, struct site *s)
{
	s->mark = (struct mark){ .table = ROW_SITE, .row = &s->row };
	s->by_name.hash = site_hash(f, s->row.name);
	if (!table_put(&f->sites, &s->by_name))
		f->st = ST_NO_MEMORY;
	return f->st == ST_OK;
}

struct site *site_of(struct fold *f, struct span name)
{
	if (name.n == 0)
		return NULL;
	uint64_t hash = site_hash(f, name);
	for (struct node *n = table_first(&f->sites, hash); n; n = table_next(n))
		if (span_equal(HOLDER(n, struct site, by_name)->row.name, name))
			return HOLDER(n, struct site, by_name);
	struct site *s = calloc(1, sizeof *s);
	if (!s) {
		f->st = ST_NO_MEMORY;
		return NULL;
	}
	fold_keep(f, &s->row.name, name);
	s->row.first = f->now;
	site_link(f, s);
	fold_touch(f, &s->mark);
	return s;
}

static uint64_t id_hash(const struct fold *f, int64_t id)
{
	struct hash h = hash_begin(&f->key);
	hash_add(&h, span_of(&id, sizeof id));
	return hash_end(&h);
}

static struct device *device_exactly(struct fold *f, int64_t id)
{
	for (struct node *n = table_first(&f->devices, id_hash(f, id)); n; n = table_next(n))
		if (HOLDER(n, struct device, by_id)->row.id == id)
			return HOLDER(n, struct device, by_id);
	return NULL;
}

struct device *device_by_id(struct fold *f, int64_t id)
{
	struct device *d = device_exactly(f, id);
	while (d && d->row.merged)
		d = device_exactly(f, d->row.merged);
	return d;
}

struct device *device_add(struct fold *f)
{
	struct device *d = calloc(1, sizeof *d);
	if (!d)
		f->st = ST_NO_MEMORY;
	return d;
}

void device_link(struct fold *f, struct device *d)
{
	d->mark = (struct mark){ .table = ROW_DEVICE, .row = &d->row };
	d->by_id.hash = id_hash(f, d->row.id);
	if (!table_put(&f->devices, &d->by_id))
		f->st = ST_NO_MEMORY;
}

static uint64_t alias_hash(const struct fold *f, int64_t kind, struct span site, struct span value)
{
	struct hash h = hash_begin(&f->key);
	hash_add(&h, span_of(&kind, sizeof kind));
	hash_add_field(&h, site);
	hash_add(&h, value);
	return hash_end(&h);
}

bool alias_link(struct fold *f, struct alias *a)
{
	a->mark = (struct mark){ .table = ROW_ALIAS, .row = &a->row };
	a->node.hash = alias_hash(f, a->row.kind, a->row.site, a->row.value);
	if (!table_put(&f->aliases, &a->node))
		f->st = ST_NO_MEMORY;
	return f->st == ST_OK;
}

static struct alias *alias_find(const struct fold *f, int64_t kind, struct span site, struct span value)
{
	uint64_t hash = alias_hash(f, kind, site, value);
	for (struct node *n = table_first(&f->aliases, hash); n; n = table_next(n)) {
		struct alias *a = HOLDER(n, struct alias, node);
		if (a->row.kind == kind && span_equal(a->row.site, site) && span_equal(a->row.value, value))
			return a;
	}
	return NULL;
}

static void alias_point(struct fold *f, struct alias *a, struct device *d)
{
	a->device = d;
	a->row.device = d ? d->row.id : 0;
	fold_touch(f, &a->mark);
}

static void alias_add(struct fold *f, int64_t kind, struct span site, struct span value, struct device *d)
{
	struct alias *a = calloc(1, sizeof *a);
	if (!a) {
		f->st = ST_NO_MEMORY;
		return;
	}
	a->row.kind = kind;
	fold_keep(f, &a->row.site, site);
	fold_keep(f, &a->row.value, value);
	alias_link(f, a);
	alias_point(f, a, d);
}

static struct device *device_new(struct fold *f, struct span site)
{
	if (f->devices.n >= FOLD_DEVICES_MAX) {
		f->row.crowded++;
		return NULL;
	}
	struct device *d = device_add(f);
	if (!d)
		return NULL;
	d->row.id = (int64_t)f->event;
	d->row.first = f->now;
	d->row.uptime = d->row.index = -1;
	fold_keep(f, &d->row.site, site);
	d->site = site_of(f, site);
	device_link(f, d);
	fold_touch(f, &d->mark);
	return d;
}

static bool has_engine(const struct device *d)
{
	return d->row.engine.n > 0;
}

// A device with an engine speaks from an address. `at`: whom the address names so far, NULL: nobody yet.
static void settle_address(struct fold *f, struct device *d, struct alias *at, struct span site, struct span ip)
{
	if (!at) {
		alias_add(f, ALIAS_ADDRESS, site, ip, d);
		return;
	}
	if (at->device == d || (at->row.shared && (!at->device || !has_engine(at->device))))
		return;
	at->row.shared = 1;
	alias_point(f, at, at->device && has_engine(at->device) ? NULL : at->device);
}

static struct device *by_engine(struct fold *f, struct span site, struct span engine, struct span ip)
{
	struct alias *known = alias_find(f, ALIAS_ENGINE, site, engine), *at = alias_find(f, ALIAS_ADDRESS, site, ip);
	struct device *d = known ? known->device : NULL;
	if (!known) {
		bool upgrade = at && at->device && !at->row.shared && !has_engine(at->device);
		d = upgrade ? at->device : device_new(f, site);
		if (!d)
			return NULL;
		alias_add(f, ALIAS_ENGINE, site, engine, d);
		fold_keep(f, &d->row.engine, engine);
	}
	if (d)
		settle_address(f, d, at, site, ip);
	return d;
}

static struct device *by_address(struct fold *f, struct span site, struct span ip)
{
	struct alias *at = alias_find(f, ALIAS_ADDRESS, site, ip);
	if (at && at->device)
		return at->device;
	struct device *d = device_new(f, site);
	if (d && at)
		alias_point(f, at, d);
	else if (d)
		alias_add(f, ALIAS_ADDRESS, site, ip, d);
	return d;
}

struct device *device_of(struct fold *f, const struct event *e, const struct snmp_notification *n)
{
	struct sender from;
	sender_of(e, n, &from);
	struct span ip = span_of(from.ip, sizeof from.ip);
	struct device *d = from.engine.n ? by_engine(f, e->site, from.engine, ip) : by_address(f, e->site, ip);
	if (d && !span_equal(d->row.ip, ip))
		fold_keep(f, &d->row.ip, ip);
	return d;
}

void device_serial(struct fold *f, struct device *d, struct span serial)
{
	if (!fold_keep_text(f, &d->row.serial, serial))
		return;
	fold_touch(f, &d->mark);
	if (d->row.serial.n && !alias_find(f, ALIAS_SERIAL, d->row.site, d->row.serial))
		alias_add(f, ALIAS_SERIAL, d->row.site, d->row.serial, d);
}

// What a device may tell of itself beside its trap: below mib-2.
static const struct identity {
	uint8_t oid[10];
	uint8_t n;
	size_t field; // of struct device_row; the serial number is an alias too
} identities[] = {
	{ { 1, 5 }, 2, offsetof(struct device_row, name) },                 // sysName
	{ { 1, 6 }, 2, offsetof(struct device_row, location) },             // sysLocation
	{ { 25, 3, 2, 1, 3 }, 5, offsetof(struct device_row, model) },      // hrDeviceDescr
	{ { 33, 1, 1, 2 }, 4, offsetof(struct device_row, model) },         // upsIdentModel
	{ { 33, 1, 1, 5 }, 4, offsetof(struct device_row, name) },          // upsIdentName
	{ { 43, 5, 1, 1, 16 }, 5, offsetof(struct device_row, name) },      // prtGeneralPrinterName
	{ { 43, 5, 1, 1, 17 }, 5, offsetof(struct device_row, serial) },    // prtGeneralSerialNumber
	{ { 47, 1, 1, 1, 1, 11 }, 6, offsetof(struct device_row, serial) }, // entPhysicalSerialNum
	{ { 47, 1, 1, 1, 1, 13 }, 6, offsetof(struct device_row, model) },  // entPhysicalModelName
};

static void identify_by(struct fold *f, struct device *d, const struct identity *i, struct span value)
{
	struct span *field = (struct span *)(void *)((char *)&d->row + i->field);
	if (field == &d->row.serial)
		device_serial(f, d, value);
	else if (fold_keep_text(f, field, value))
		fold_touch(f, &d->mark);
}

void device_identify(struct fold *f, struct device *d, const struct snmp_notification *n)
{
	const struct span mib_2 = VALUE_OID(0x2b, 6, 1, 2, 1);
	struct ber walk = ber_of(n->varbinds);
	struct snmp_varbind v;
	while (snmp_notification_next(&walk, &v)) {
		if (v.type != BER_OCTETS || v.value.n == 0 || v.oid.n <= mib_2.n ||
		    memcmp(v.oid.p, mib_2.p, mib_2.n) != 0)
			continue;
		struct span rest = span_of(v.oid.p + mib_2.n, v.oid.n - mib_2.n);
		for (size_t i = 0; i < sizeof identities / sizeof *identities; i++)
			if (rest.n > identities[i].n && memcmp(rest.p, identities[i].oid, identities[i].n) == 0)
				identify_by(f, d, &identities[i], v.value);
	}
}

static void move_alarm(struct fold *f, struct alarm *a, struct device *into)
{
	struct alarm *same = alarm_by_key(f, into, into->row.site, a->row.key);
	if (!same || same->row.state != ALARM_OPEN) {
		if (same)
			alarm_forget(f, same);
		alarm_rekey(f, a, into, a->row.key);
		change_add(f, a, CHANGE_MERGED, (struct span){ 0 }, (struct span){ 0 });
		return;
	}
	same->row.count += a->row.count;
	fold_touch(f, &same->mark);
	alarm_over(f, a, BECAUSE_MERGED);
}

static void take_missing(struct fold *f, struct device *into, const struct device *from)
{
	static const size_t fields[] = { offsetof(struct device_row, engine), offsetof(struct device_row, serial),
		                         offsetof(struct device_row, model), offsetof(struct device_row, name),
		                         offsetof(struct device_row, location) };
	for (size_t i = 0; i < sizeof fields / sizeof *fields; i++) {
		struct span *to = (struct span *)(void *)((char *)&into->row + fields[i]);
		const struct span *have = (const struct span *)(const void *)((const char *)&from->row + fields[i]);
		if (to->n == 0 && have->n)
			fold_keep(f, to, *have);
	}
}

// Of the two the one heard later says where the device is and that it is not silent: it is asked at this address.
static void take_last_word(struct fold *f, struct device *into, const struct device *from, bool from_silent)
{
	if (from->row.habit.last <= into->row.habit.last)
		return;
	into->row.habit.last = from->row.habit.last;
	into->row.uptime = from->row.uptime;
	into->row.index = from->row.index;
	if (into->site == from->site)
		fold_keep(f, &into->row.ip, from->row.ip);
	struct alarm *silence = into->row.silent && !from_silent ? alarm_by_id(f, into->row.silent) : NULL;
	if (silence && silence->row.state == ALARM_OPEN)
		alarm_over(f, silence, BECAUSE_MERGED);
	due_arm_device(f, into);
}

static bool speaks_from(struct fold *f, const struct alias *address, const struct device *but)
{
	for (struct node *n = table_walk(&f->devices, NULL); n; n = table_walk(&f->devices, n)) {
		const struct device *d = HOLDER(n, struct device, by_id);
		if (d != but && !d->row.merged && span_equal(d->row.ip, address->row.value) &&
		    span_equal(d->row.site, address->row.site))
			return true;
	}
	return false;
}

// Two engines shared an address, and they were one device: it has the address for itself again, if nobody else is there.
static void take_address(struct fold *f, struct device *into)
{
	struct alias *at = alias_find(f, ALIAS_ADDRESS, into->row.site, into->row.ip);
	if (!at || !at->row.shared || (at->device && at->device != into) || speaks_from(f, at, into))
		return;
	at->row.shared = 0;
	alias_point(f, at, into);
}

static bool is_of(const struct alarm *a, const void *device)
{
	return a->device == device;
}

static void merge_silences(struct fold *f, const struct device *from, struct device *into)
{
	for (struct silence *s = f->silences; s; s = s->next) {
		if (s->row.device == from->row.id) {
			s->row.device = into->row.id;
			fold_touch(f, &s->mark);
		}
	}
	size_t count;
	struct alarm **list = alarms_collect(f, is_of, into, &count);
	for (size_t i = 0; i < count; i++)
		silence_again(f, list[i]);
	free(list);
}

void device_merge(struct fold *f, struct device *from, struct device *into)
{
	for (struct node *n = table_walk(&f->aliases, NULL); n; n = table_walk(&f->aliases, n))
		if (HOLDER(n, struct alias, node)->device == from)
			alias_point(f, HOLDER(n, struct alias, node), into);
	bool from_silent = from->row.silent != 0;
	size_t count;
	struct alarm **list = alarms_collect(f, is_of, from, &count);
	for (size_t i = 0; i < count; i++)
		if (list[i]->row.kind == ALARM_SILENT)
			alarm_over(f, list[i], BECAUSE_MERGED);
		else
			move_alarm(f, list[i], into);
	free(list);
	for (struct alarm *a = f->recent_first, *next; a; a = next) {
		next = a->next;
		if (a->device == from)
			alarm_forget(f, a);
	}
	merge_silences(f, from, into);
	take_missing(f, into, from);
	take_last_word(f, into, from, from_silent);
	from->row.merged = into->row.id;
	take_address(f, into);
	fold_touch(f, &from->mark);
	fold_touch(f, &into->mark);
}
