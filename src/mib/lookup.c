// SPDX-License-Identifier: Apache-2.0
// The built-in dictionary, both ways: OID to object, name to object, number to label. The tables are made at build
// time from mib/*.csv (tools/mibgen). Nothing here allocates or can fail: what is unknown stays a number.
#include "mib/mib.h"

#include <stdlib.h>
#include <string.h>

enum { NAME_MAX_LENGTH = 128 };

struct entry {
	struct mib_object object;
	uint16_t arcs; // where its arcs begin
	uint8_t n;
	int16_t parent; // the entry with the longest OID that is a prefix of this one, or -1
};

struct label {
	int32_t number;
	const char *text;
};

struct convention {
	const char *name;
	uint16_t first, count; // labels, rising by number
};

#include "mib/tables.h"

enum { ENTRIES = sizeof(entries) / sizeof(entries[0]), CONVENTIONS = sizeof(conventions) / sizeof(conventions[0]) };

// Compares an entry's OID with `n` arcs; *same is how many arcs agree at the front.
static int compare(const struct entry *e, const uint32_t *arc, size_t n, size_t *same)
{
	const uint32_t *mine = arcs + e->arcs;
	size_t shorter = e->n < n ? e->n : n, i = 0;
	while (i < shorter && mine[i] == arc[i])
		i++;
	*same = i;
	if (i < shorter)
		return mine[i] < arc[i] ? -1 : 1;
	return e->n < n ? -1 : e->n > n;
}

// The last entry that is not behind the OID in tree order. Any entry that is a prefix of the OID is this one or one of
// its ancestors, because everything between a prefix and the OID starts with that prefix.
static const struct entry *longest_prefix(const uint32_t *arc, size_t n)
{
	size_t low = 0, high = ENTRIES, same;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (compare(&entries[middle], arc, n, &same) <= 0)
			low = middle + 1;
		else
			high = middle;
	}
	for (int at = (int)low - 1; at >= 0; at = entries[at].parent) {
		compare(&entries[at], arc, n, &same);
		if (same == entries[at].n)
			return &entries[at];
	}
	return NULL;
}

static const struct entry *exact_notification(const uint32_t *arc, size_t n)
{
	const struct entry *e = longest_prefix(arc, n);
	return e && e->n == n && e->object.kind == MIB_NOTIFICATION ? e : NULL;
}

// RFC 3584 3.1: a converted v1 trap is enterprise.0.specific, a v2 notification may be registered without that 0, and
// senders mix the two.
static const struct entry *other_form(const struct oid *o)
{
	uint32_t arc[SNMP_OID_ARCS];
	size_t n = o->n;
	if (n < 3)
		return NULL;
	memcpy(arc, o->arc, n * sizeof(arc[0]));
	uint32_t last = arc[n - 1];
	if (arc[n - 2] == 0) {
		arc[n - 2] = last;
		return exact_notification(arc, n - 1);
	}
	if (n == SNMP_OID_ARCS)
		return NULL;
	arc[n - 1] = 0;
	arc[n] = last;
	return exact_notification(arc, n + 1);
}

const struct mib_object *mib_lookup(const struct oid *o, size_t *matched)
{
	const struct entry *e = longest_prefix(o->arc, o->n);
	if (!e || (e->n < o->n && e->object.kind == MIB_OTHER)) {
		const struct entry *other = other_form(o);
		if (other) {
			*matched = o->n;
			return &other->object;
		}
	}
	*matched = e ? e->n : 0;
	return e ? &e->object : NULL;
}

static int compare_name(const char *mine, const char *name, size_t n)
{
	int order = strncmp(mine, name, n);
	return order ? order : mine[n] != 0;
}

const struct mib_object *mib_by_name(const char *name, size_t n)
{
	size_t low = 0, high = ENTRIES;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		const struct mib_object *o = &entries[by_name[middle]].object;
		int order = compare_name(o->name, name, n);
		if (order == 0)
			return o;
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return NULL;
}

// Filled from the end; by hand, because the formatter would cost more than all else in a line of JSON.
static void put_arcs(const uint32_t *arc, size_t n, struct text *out)
{
	enum { ARC_ROOM = 11 };
	char buffer[ARC_ROOM * SNMP_OID_ARCS], *end = buffer + sizeof(buffer), *at = end;
	for (size_t i = n; i > 0; i--) {
		uint32_t v = arc[i - 1];
		do {
			*--at = (char)('0' + v % 10);
			v /= 10;
		} while (v);
		if (i > 1)
			*--at = '.';
	}
	text_bytes(out, span_of(at, (size_t)(end - at)));
}

void mib_dotted(const struct oid *o, struct text *out)
{
	if (o->n == 0)
		text_add(out, "0.0");
	else
		put_arcs(o->arc, o->n, out);
}

void mib_name_as(const struct mib_object *object, size_t matched, const struct oid *o, struct text *out)
{
	if (!object) {
		mib_dotted(o, out);
		return;
	}
	text_add(out, object->name);
	if (matched < o->n) {
		text_add(out, ".");
		put_arcs(o->arc + matched, o->n - matched, out);
	}
}

void mib_name(const struct oid *o, struct text *out)
{
	size_t matched;
	const struct mib_object *object = mib_lookup(o, &matched);
	mib_name_as(object, matched, o, out);
}

// ".1.5" behind a name: each arc is 1 to 10 digits and fits 32 bits.
static enum st parse_instance(const char *text, struct oid *o)
{
	while (*text == '.') {
		text++;
		size_t digits = strspn(text, "0123456789");
		if (digits == 0 || digits > 10)
			return ST_SYNTAX;
		unsigned long long arc = strtoull(text, NULL, 10);
		if (arc > UINT32_MAX || !oid_append(o, (uint32_t)arc))
			return ST_SYNTAX;
		text += digits;
	}
	return *text ? ST_SYNTAX : ST_OK;
}

enum st mib_parse(const char *text, struct oid *out)
{
	const char *module_end = strstr(text, "::");
	const char *name = module_end ? module_end + 2 : text;
	if (!module_end && (*name == '.' || (*name >= '0' && *name <= '9')))
		return oid_parse(name, out);
	size_t n = strcspn(name, ".");
	if (n == 0 || n > NAME_MAX_LENGTH)
		return ST_SYNTAX;
	const struct mib_object *object = mib_by_name(name, n);
	if (!object)
		return ST_NONE;
	struct oid o;
	enum st st = oid_parse(object->oid, &o);
	if (st == ST_OK)
		st = parse_instance(name + n, &o);
	if (st == ST_OK)
		*out = o;
	return st;
}

static const struct convention *find_convention(const char *name)
{
	size_t low = 0, high = CONVENTIONS;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		int order = strcmp(conventions[middle].name, name);
		if (order == 0)
			return &conventions[middle];
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return NULL;
}

const char *mib_label(const char *convention, int64_t number)
{
	const struct convention *c = find_convention(convention);
	size_t low = c ? c->first : 0, high = c ? low + c->count : 0;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (labels[middle].number == number)
			return labels[middle].text;
		if (labels[middle].number < number)
			low = middle + 1;
		else
			high = middle;
	}
	return NULL;
}
