// SPDX-License-Identifier: Apache-2.0
// What one notification says about alarms: which one begins or ends. It knows no state; the fold (fold.h) has that.
// Rules of the operator go first, then printer alerts in whatever notification they stand, then the known notifications.
#ifndef ALARM_MEANING_H
#define ALARM_MEANING_H

#include "alarm/limits.h"
#include "alarm/rows.h"
#include "alarm/rules.h"
#include "printer/printer.h"

enum finding_verb {
	FINDING_NONE,
	FINDING_RAISE,
	FINDING_CLEAR,    // the alarm with this key
	FINDING_REMOVED,  // 1801: the printer alert whose prtAlertIndex is `index`
	FINDING_OPPOSITE, // printer alerts of this sub-unit with `code`
	FINDING_RESTART,  // the device started again
};

struct finding {
	enum finding_verb verb;
	enum alarm_kind kind;
	enum alarm_because because; // of an end
	enum severity severity;
	int64_t expires; // nanoseconds, 0: never
	bool has_alert;
	struct printer_alert alert;
	int32_t index, code;
	const struct rule *rule; // words and who come from it
	char key[ALARM_KEY_MAX];
	size_t key_n;
};

// `scratch` is for its own use.
void meaning_of(const struct snmp_notification *n, const struct rules *rules, struct text *scratch,
                struct finding *out);
// The finding of a printer alert however it was heard of.
void meaning_of_alert(const struct printer_alert *a, struct finding *out);
// The code that ends with this one ("cover closed" ends "cover open"), or 0. Finishing codes by rule.
int32_t meaning_opposite(int32_t code);
// The second alert that a production controller sends with each critical one: other group, other code.
bool meaning_is_generic(const struct printer_alert *a);

#endif
