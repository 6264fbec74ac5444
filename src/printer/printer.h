// SPDX-License-Identifier: Apache-2.0
// What a printer's alert says (Printer-MIB, RFC 3805, and IANA-PRINTER-MIB), from its codes and never from its text.
#ifndef PRINTER_PRINTER_H
#define PRINTER_PRINTER_H

#include "base/json.h"
#include "snmp/notification.h"

struct printer_alert {
	int32_t device;   // hrDeviceIndex, 0 when the trap carries none
	int32_t index;    // prtAlertIndex
	int32_t severity; // PrtAlertSeverityLevelTC
	int32_t training; // PrtAlertTrainingLevelTC; 0: not said (a trap never says it)
	int32_t group, group_index, location, code;
	struct span description; // the printer's own words, when it sent them; hostile text
	uint16_t have;           // bits: enum printer_have
};

enum printer_have {
	HAVE_INDEX = 1,
	HAVE_SEVERITY = 2,
	HAVE_GROUP = 4,
	HAVE_GROUP_INDEX = 8,
	HAVE_LOCATION = 16,
	HAVE_CODE = 32,
	HAVE_TRAINING = 64,
	HAVE_DESCRIPTION = 128
};

// true when the notification is a printer alert with at least a code or a group: printerV2Alert or its v1 form, or any
// notification that carries prtAlert columns, or the six values packed into one octet string (snmp.md 4.5).
bool printer_alert_of(const struct snmp_notification *n, struct printer_alert *out);

// One plain sentence: "Paper jam in input tray 2 (critical); a trained operator can clear it".
void printer_sentence(const struct printer_alert *a, struct text *out);
// "critical", "warning", "info", "cleared" - the contract's severities.
const char *printer_severity(const struct printer_alert *a);
// Who can fix it, from the training level or, where the trap has none, from a table by code: "anyone",
// "a trained operator", "a service engineer", "the fleet's management", "nobody needs to act".
const char *printer_who(const struct printer_alert *a);

#endif
