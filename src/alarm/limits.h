// SPDX-License-Identifier: Apache-2.0
// Every limit and every span of time of the alarm fold, why, and what happens at it. A change here changes what the fold
// makes of a journal: raise FOLD_VERSION with it.
#ifndef ALARM_LIMITS_H
#define ALARM_LIMITS_H

#include <stdint.h>

#define FOLD_VERSION 10

enum alarm_limits {
	ALARM_KEY_MAX = 128,       // octets of a key; a rule's longer one ends in its checksum
	ALARM_TEXT_MAX = 256,      // octets of a name, a note, a description; the rest is cut
	ALARM_PDU_MAX = 2048,      // octets of the trap kept with an alarm for its words; a larger one is not kept
	ALARM_DEVICE_OPEN = 256,   // open alarms of one device; more: one alarm that says so
	FOLD_DEVICES_MAX = 250000, // more senders than that get no device and no alarms, and are counted
	FOLD_RECENT_MAX = 20000,   // cleared alarms remembered in case they begin again; more: the oldest is forgotten
	FOLD_SILENCES_MAX = 1000,  // planned or active; another one is not taken
	RULES_MAX = 1000,          // of one file; more: refused
	RULES_BYTES_MAX = 512 << 10, // octets of their compiled form, which is one event; more: refused
	RULE_VALUES_MAX = 8,         // conditions on values in one rule; more: refused
	RULE_PLACES_MAX = 8,         // placeholders in one key or text; more: refused
};

#define ALARM_SECOND INT64_C(1000000000)

// The second, generic alert of a production controller comes right behind the first one.
#define ALARM_TWIN_NS (10 * ALARM_SECOND)
// An alarm that begins again so soon after it ended is the same trouble; from the fourth time on it flaps.
#define ALARM_FLAP_NS (600 * ALARM_SECOND)
#define ALARM_FLAPS 3
// PrtAlertSeverityLevelTC warning(4) is a single event that nothing ends: gone after a day without another.
#define ALARM_ONCE_NS (86400 * ALARM_SECOND)
// A refused request, for an hour after the last one.
#define ALARM_ACCESS_NS (3600 * ALARM_SECOND)
// upsTrapOnBattery comes every minute while it is so (RFC 1628).
#define ALARM_BATTERY_NS (900 * ALARM_SECOND)
// A device with too many alarms, after a day without another one too many.
#define ALARM_CROWDED_NS (86400 * ALARM_SECOND)

// Silence (habit.h).
#define HABIT_OCCASION_NS ALARM_SECOND              // what comes closer together is one occasion
#define HABIT_BEATS 10                              // before a beat can be told
#define HABIT_BEAT_LEAST_NS (60 * ALARM_SECOND)     // nobody is missed sooner
#define HABIT_PERIOD_NS (7 * 86400 * ALARM_SECOND)  // what is remembered: this one and the one before
#define HABIT_LOOSE_LEAST_NS (86400 * ALARM_SECOND) // who has no beat is not missed sooner
#define HABIT_TIMES 3                               // missed after so many of the longest gap

#endif
