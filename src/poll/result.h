// SPDX-License-Identifier: Apache-2.0
// What a device answered, as values; texts stay as they came.
#ifndef POLL_RESULT_H
#define POLL_RESULT_H

#include <stdbool.h>

#include "base/span.h"
#include "poll/limits.h"
#include "snmp/request.h"

struct poll_text {
	uint8_t n;
	uint8_t p[POLL_TEXT];
};

static inline struct span poll_text_span(const struct poll_text *t)
{
	return span_of(t->p, t->n);
}

enum poll_alert_column {
	ALERT_SEVERITY,
	ALERT_TRAINING,
	ALERT_GROUP,
	ALERT_GROUP_INDEX,
	ALERT_LOCATION,
	ALERT_CODE,
	ALERT_NUMBERS,
	ALERT_DESCRIPTION = ALERT_NUMBERS,
	ALERT_COLUMNS
};

struct poll_alert { // a row of prtAlertTable
	uint32_t device, index;
	int32_t number[ALERT_NUMBERS];
	uint32_t have; // a bit a column
	struct poll_text description;
};

enum poll_supply_column {
	SUPPLY_CLASS,
	SUPPLY_TYPE,
	SUPPLY_UNIT,
	SUPPLY_CAPACITY,
	SUPPLY_LEVEL,
	SUPPLY_NUMBERS,
	SUPPLY_DESCRIPTION = SUPPLY_NUMBERS,
	SUPPLY_COLUMNS
};

struct poll_supply { // a row of prtMarkerSuppliesTable
	uint32_t device, index;
	int32_t number[SUPPLY_NUMBERS];
	uint32_t have;
	struct poll_text description;
};

enum poll_part { PART_SYSTEM, PART_DEVICE, PART_ALERTS, PART_SUPPLIES, PART_COUNT };

struct poll_result {
	enum st st;         // ST_OK: every part was read; else why not
	bool refused;       // st is what a v3 agent refused us with, or SNMP's error-status
	bool printer;       // it answers as one
	bool printer_mib;   // its Printer-MIB does, so prtAlertTable can be believed when it is empty
	bool alerts_whole;  // prtAlertTable was read to its end
	bool alerts_cut;    // more rows than are kept
	uint32_t hr_device; // hrDeviceIndex of the first printer, 0: none
	struct poll_text descr, name, location, serial, model;
	int32_t status; // hrPrinterStatus, 0: not said
	uint8_t errors[4],
	        errors_n; // hrPrinterDetectedErrorState; bit 0 is the most significant one of the first octet
	struct poll_alert *alerts;
	size_t alert_count;
	struct poll_supply *supplies;
	size_t supply_count;
	bool no_memory;
};

void poll_result_done(struct poll_result *r);
// The columns of a part, for snmp_walk_begin.
const struct oid *poll_part_columns(enum poll_part part, size_t *n);
// An snmp_walk_fn for each part; `arg` is the struct poll_result.
snmp_walk_fn *poll_part_take(enum poll_part part);

#endif
