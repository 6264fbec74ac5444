// SPDX-License-Identifier: Apache-2.0
// Which objects are read and where their values go (SNMPv2-MIB, RFC 3418; HOST-RESOURCES-MIB, RFC 2790; Printer-MIB, RFC
// 3805). A value of another type than the MIB's is passed over, a row's missing values stay missing.
#include "poll/result.h"

#include <assert.h>
#include <stdlib.h>

#define SYSTEM(column)                                                                                                 \
	{                                                                                                              \
		{ 1, 3, 6, 1, 2, 1, 1, column }, 8                                                                     \
	}
#define HR(table, column)                                                                                              \
	{                                                                                                              \
		{ 1, 3, 6, 1, 2, 1, 25, 3, table, 1, column }, 11                                                      \
	}
#define PRT(group, table, column)                                                                                      \
	{                                                                                                              \
		{ 1, 3, 6, 1, 2, 1, 43, group, table, 1, column }, 11                                                  \
	}

enum system_column {
	SYS_DESCR,
	SYS_NAME,
	SYS_LOCATION,
	PRINTER_CHANGES,
	PRINTER_SERIAL,
	PRINTER_STATUS,
	PRINTER_ERRORS,
	SYSTEM_COLUMNS
};

static const struct oid system_columns[SYSTEM_COLUMNS] = {
	[SYS_DESCR] = SYSTEM(1),          [SYS_NAME] = SYSTEM(5),           [SYS_LOCATION] = SYSTEM(6),
	[PRINTER_CHANGES] = PRT(5, 1, 1), [PRINTER_SERIAL] = PRT(5, 1, 17), [PRINTER_STATUS] = HR(5, 1),
	[PRINTER_ERRORS] = HR(5, 2),
};
static const struct oid device_columns[] = { HR(2, 3) };
static const struct oid alert_columns[ALERT_COLUMNS] = {
	[ALERT_SEVERITY] = PRT(18, 1, 2),    [ALERT_TRAINING] = PRT(18, 1, 3), [ALERT_GROUP] = PRT(18, 1, 4),
	[ALERT_GROUP_INDEX] = PRT(18, 1, 5), [ALERT_LOCATION] = PRT(18, 1, 6), [ALERT_CODE] = PRT(18, 1, 7),
	[ALERT_DESCRIPTION] = PRT(18, 1, 8),
};
static const struct oid supply_columns[SUPPLY_COLUMNS] = {
	[SUPPLY_CLASS] = PRT(11, 1, 4),    [SUPPLY_TYPE] = PRT(11, 1, 5),  [SUPPLY_UNIT] = PRT(11, 1, 7),
	[SUPPLY_CAPACITY] = PRT(11, 1, 8), [SUPPLY_LEVEL] = PRT(11, 1, 9), [SUPPLY_DESCRIPTION] = PRT(11, 1, 6),
};
static_assert(sizeof alert_columns / sizeof *alert_columns <= (size_t)SNMP_WALK_COLUMNS, "one walk");
static_assert(sizeof system_columns / sizeof *system_columns <= (size_t)SNMP_WALK_COLUMNS, "one walk");

void poll_result_done(struct poll_result *r)
{
	free(r->alerts);
	free(r->supplies);
	r->alerts = NULL;
	r->supplies = NULL;
}

static void take_text(struct poll_text *to, const struct snmp_varbind *v)
{
	if (v->type != BER_OCTETS)
		return;
	to->n = (uint8_t)(v->value.n < POLL_TEXT ? v->value.n : POLL_TEXT);
	if (to->n)
		memcpy(to->p, v->value.p, to->n);
}

static bool take_number(int32_t *to, const struct snmp_varbind *v)
{
	int64_t n;
	if (v->type != BER_INTEGER || ber_content_int64(v->value, &n) != ST_OK || n < INT32_MIN || n > INT32_MAX)
		return false;
	*to = (int32_t)n;
	return true;
}

static void take_printer(struct poll_result *r, size_t column, const uint32_t *index, size_t n,
                         const struct snmp_varbind *v)
{
	if (column == PRINTER_SERIAL)
		take_text(&r->serial, v);
	if (column == PRINTER_STATUS && n == 1 && take_number(&r->status, v))
		r->hr_device = index[0];
	if (column == PRINTER_ERRORS && v->type == BER_OCTETS && v->value.n) {
		r->errors_n = (uint8_t)(v->value.n < sizeof r->errors ? v->value.n : sizeof r->errors);
		memcpy(r->errors, v->value.p, r->errors_n);
	}
	r->printer = true;
	r->printer_mib = r->printer_mib || column == PRINTER_CHANGES || column == PRINTER_SERIAL;
}

static void take_system(void *arg, size_t column, const uint32_t *index, size_t n, const struct snmp_varbind *v)
{
	struct poll_result *r = arg;
	if (column == SYS_DESCR)
		take_text(&r->descr, v);
	else if (column == SYS_NAME)
		take_text(&r->name, v);
	else if (column == SYS_LOCATION)
		take_text(&r->location, v);
	else
		take_printer(r, column, index, n, v);
}

// hrDeviceDescr of the printer; the walk began right before it.
static void take_device(void *arg, size_t column, const uint32_t *index, size_t n, const struct snmp_varbind *v)
{
	struct poll_result *r = arg;
	if (n == 1 && index[0] == r->hr_device)
		take_text(&r->model, v);
}

// Room for one more element of a list that has n; grown by half. false: full, or no memory.
static bool room_for(void **list, size_t n, size_t max, size_t size, bool *no_memory)
{
	enum { STEP = 8 };
	if (n >= max)
		return false;
	if (n % STEP)
		return true;
	void *more = reallocarray(*list, n + STEP, size);
	*no_memory = *no_memory || !more;
	if (more)
		*list = more;
	return more != NULL;
}

static struct poll_alert *alert_at(struct poll_result *r, uint32_t device, uint32_t index)
{
	for (size_t i = 0; i < r->alert_count; i++)
		if (r->alerts[i].device == device && r->alerts[i].index == index)
			return &r->alerts[i];
	void *list = r->alerts;
	bool room = room_for(&list, r->alert_count, POLL_ALERTS, sizeof *r->alerts, &r->no_memory);
	r->alerts = list;
	r->alerts_cut = r->alerts_cut || !room;
	if (!room)
		return NULL;
	r->alerts[r->alert_count] = (struct poll_alert){ .device = device, .index = index };
	return &r->alerts[r->alert_count++];
}

static void take_alert(void *arg, size_t column, const uint32_t *index, size_t n, const struct snmp_varbind *v)
{
	struct poll_alert *a = n == 2 ? alert_at(arg, index[0], index[1]) : NULL;
	if (!a)
		return;
	if (column == ALERT_DESCRIPTION)
		take_text(&a->description, v);
	else if (!take_number(&a->number[column], v))
		return;
	a->have |= UINT32_C(1) << column;
}

static struct poll_supply *supply_at(struct poll_result *r, uint32_t device, uint32_t index)
{
	for (size_t i = 0; i < r->supply_count; i++)
		if (r->supplies[i].device == device && r->supplies[i].index == index)
			return &r->supplies[i];
	void *list = r->supplies;
	bool room = room_for(&list, r->supply_count, POLL_SUPPLIES, sizeof *r->supplies, &r->no_memory);
	r->supplies = list;
	if (!room)
		return NULL;
	r->supplies[r->supply_count] = (struct poll_supply){ .device = device, .index = index };
	return &r->supplies[r->supply_count++];
}

static void take_supply(void *arg, size_t column, const uint32_t *index, size_t n, const struct snmp_varbind *v)
{
	struct poll_supply *s = n == 2 ? supply_at(arg, index[0], index[1]) : NULL;
	if (!s)
		return;
	if (column == SUPPLY_DESCRIPTION)
		take_text(&s->description, v);
	else if (!take_number(&s->number[column], v))
		return;
	s->have |= UINT32_C(1) << column;
}

static const struct {
	const struct oid *columns;
	size_t n;
	snmp_walk_fn *take;
} parts[PART_COUNT] = {
	[PART_SYSTEM] = { system_columns, SYSTEM_COLUMNS, take_system },
	[PART_DEVICE] = { device_columns, 1, take_device },
	[PART_ALERTS] = { alert_columns, ALERT_COLUMNS, take_alert },
	[PART_SUPPLIES] = { supply_columns, SUPPLY_COLUMNS, take_supply },
};

const struct oid *poll_part_columns(enum poll_part part, size_t *n)
{
	*n = parts[part].n;
	return parts[part].columns;
}

snmp_walk_fn *poll_part_take(enum poll_part part)
{
	return parts[part].take;
}
