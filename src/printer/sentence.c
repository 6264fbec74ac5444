// SPDX-License-Identifier: Apache-2.0
// One sentence from the codes of an alert: what happened to which unit, how bad it is, and who can put it right. The
// location is left out: its number means something to the maker alone (RFC 3805 prtAlertLocation).
#include "printer/printer.h"

#include <stdio.h>

#include "mib/mib.h"
#include "printer/words.h"

enum {
	UNIT_TEXT = 96,
	DESCRIPTION_MAX = 160, // octets of the printer's own words in a sentence; the rest is cut with "..."
	FINISHING_FIRST = 30000,
	SEVERITY_OTHER = 1, // PrtAlertSeverityLevelTC
	SEVERITY_CRITICAL = 3,
	SEVERITY_WARNING = 4,
	SEVERITY_WARNING_BINARY = 5,
	TRAINING_UNTRAINED = 3, // PrtAlertTrainingLevelTC
	TRAINING_TRAINED = 4,
	TRAINING_SERVICE = 5,
	TRAINING_MANAGEMENT = 6,
	TRAINING_NOBODY = 7,
};

// An alert as the wording tables see it.
struct subject {
	int group;    // GROUP_MACHINE for the printer as a whole
	int finisher; // the device of a finishing code, else 0
	int code;     // under the finisher, if there is one
	int32_t number;
	const struct wording *words; // NULL: a code that is not known
	const struct unit *unit;     // NULL: a group that is not known
};

// Codes that name their kind of unit, for printers that report them under a general group.
static int group_of_code(int code)
{
	static const struct {
		int first, last, group;
	} ranges[] = { { 801, 813, GROUP_INPUT },         { 901, 904, GROUP_OUTPUT },
		       { 1001, 1115, GROUP_MARKER },      { 1301, 1304, GROUP_PATH },
		       { 1501, 1509, GROUP_INTERPRETER }, { CODE_REMOVAL, CODE_REMOVAL, GROUP_ALERT } };
	for (size_t i = 0; i < sizeof(ranges) / sizeof(ranges[0]); i++)
		if (code >= ranges[i].first && code <= ranges[i].last)
			return ranges[i].group;
	return GROUP_MACHINE;
}

static bool is_whole_machine(int group, int code)
{
	return group == GROUP_OTHER || group == GROUP_UNKNOWN || group == GROUP_GENERAL || group == GROUP_MACHINE ||
	       (group == GROUP_ALERT && code != CODE_REMOVAL);
}

static struct subject subject_of(const struct printer_alert *a)
{
	struct subject s = { .group = a->have & HAVE_GROUP ? a->group : GROUP_MACHINE,
		             .code = a->have & HAVE_CODE ? a->code : CODE_OTHER,
		             .number = a->have & HAVE_GROUP_INDEX && a->group_index > 0 ? a->group_index : 0 };
	// A consumable's words need its number; without one it is the engine that lacks something.
	bool nameless_supply = s.group == GROUP_SUPPLIES && s.number == 0 && s.code > 1100;
	if (is_whole_machine(s.group, s.code) || nameless_supply) {
		s.group = group_of_code(s.code);
		s.number = 0;
	}
	bool known = mib_label("PrtAlertCodeTC", s.code) != NULL;
	if (known && s.code > FINISHING_FIRST) {
		s.finisher = (s.code - FINISHING_FIRST) / 100;
		s.code = s.code % 100;
	}
	if (!s.finisher && words_group(s.group, s.code) != s.group) {
		s.group = GROUP_MACHINE;
		s.number = 0;
	}
	s.unit = words_unit(s.group);
	s.words = known ? words_find(s.group, s.finisher, s.code) : NULL;
	return s;
}

static void finisher_unit(const struct subject *s, char *out, size_t room)
{
	const char *device = words_finisher(s->finisher);
	static const struct unit parts[] = { { "supply", "a supply" }, { "input tray", "an input tray" } };
	bool part = s->group == GROUP_FIN_SUPPLY || s->group == GROUP_FIN_INPUT;
	const struct unit *of = part ? &parts[s->group - GROUP_FIN_SUPPLY] : NULL;
	if (of && s->number)
		snprintf(out, room, "%s %d of the %s", of->numbered, s->number, device);
	else if (of)
		snprintf(out, room, "%s of the %s", of->alone, device);
	else if (s->group == GROUP_FIN_DEVICE && s->number)
		snprintf(out, room, "%s %d", device, s->number);
	else
		snprintf(out, room, "the %s", device);
}

static void unit_text(const struct subject *s, char *out, size_t room)
{
	if (s->finisher)
		finisher_unit(s, out, room);
	else if (!s->unit && s->number)
		snprintf(out, room, "unit %d of group %d", s->number, s->group);
	else if (!s->unit)
		snprintf(out, room, "a unit of group %d", s->group);
	else if (s->number && s->unit->numbered)
		snprintf(out, room, "%s %d", s->unit->numbered, s->number);
	else
		snprintf(out, room, "%s", s->unit->alone);
}

static void add_pattern(const char *pattern, const char *unit, struct text *out)
{
	const char *at;
	while ((at = strchr(pattern, '$')) != NULL) {
		text_bytes(out, span_of(pattern, (size_t)(at - pattern)));
		bool front = at[1] == 'U';
		char first = front && unit[0] >= 'a' && unit[0] <= 'z' ? (char)(unit[0] - 'a' + 'A') : unit[0];
		text_bytes(out, span_of(&first, 1));
		text_add(out, unit + 1);
		pattern = at + 2;
	}
	text_add(out, pattern);
}

static enum who who_of(const struct printer_alert *a, const struct subject *s)
{
	switch (a->have & HAVE_TRAINING ? a->training : 0) {
	case TRAINING_UNTRAINED:
		return WHO_ANYONE;
	case TRAINING_TRAINED:
		return WHO_TRAINED;
	case TRAINING_SERVICE:
		return WHO_SERVICE;
	case TRAINING_MANAGEMENT:
		return WHO_MANAGEMENT;
	case TRAINING_NOBODY:
		return WHO_NOBODY;
	default:
		return s->words ? s->words->who : WHO_TRAINED;
	}
}

static const char *who_name(enum who who)
{
	static const char *const names[] = {
		[WHO_NOBODY] = "nobody needs to act",        [WHO_ANYONE] = "anyone",
		[WHO_TRAINED] = "a trained operator",        [WHO_SERVICE] = "a service engineer",
		[WHO_MANAGEMENT] = "the fleet's management",
	};
	return names[who];
}

static bool is_cleared(const struct printer_alert *a)
{
	return a->have & HAVE_CODE && a->code == CODE_REMOVAL;
}

static const char *severity_of(const struct printer_alert *a, const struct subject *s)
{
	if (is_cleared(a))
		return "cleared";
	switch (a->have & HAVE_SEVERITY ? a->severity : SEVERITY_OTHER) {
	case SEVERITY_CRITICAL:
		return "critical";
	case SEVERITY_WARNING:
	case SEVERITY_WARNING_BINARY:
		return "warning";
	default:
		return who_of(a, s) == WHO_NOBODY ? "info" : "warning";
	}
}

static void add_who(enum who who, const char *action, struct text *out)
{
	text_printf(out, "; %s", who_name(who));
	if (who == WHO_NOBODY)
		return;
	if (who == WHO_MANAGEMENT)
		text_add(out, " has to see to it");
	else if (!action)
		text_add(out, who == WHO_SERVICE ? " has to look at it" : " should look at it");
	else
		text_printf(out, " %s %s", who == WHO_SERVICE ? "has to" : "can", action);
}

void printer_sentence(const struct printer_alert *a, struct text *out)
{
	struct subject s = subject_of(a);
	char unit[UNIT_TEXT];
	unit_text(&s, unit, sizeof(unit));
	if (s.words)
		add_pattern(s.words->pattern, unit, out);
	else {
		add_pattern("$U reports alert code ", unit, out);
		text_printf(out, "%d", a->code);
	}
	const char *severity = severity_of(a, &s);
	text_printf(out, " (%s)", severity);
	enum who who = who_of(a, &s);
	bool act = who != WHO_NOBODY || strcmp(severity, "critical") == 0 || strcmp(severity, "warning") == 0;
	if (act && !is_cleared(a))
		add_who(who, s.words ? s.words->action : NULL, out);
	if (a->have & HAVE_DESCRIPTION && a->description.n > 0) {
		text_add(out, "; the printer says \"");
		mib_text_cut(a->description, DESCRIPTION_MAX, out);
		text_add(out, "\"");
	}
}

const char *printer_severity(const struct printer_alert *a)
{
	struct subject s = subject_of(a);
	return severity_of(a, &s);
}

const char *printer_who(const struct printer_alert *a)
{
	struct subject s = subject_of(a);
	return who_name(who_of(a, &s));
}
