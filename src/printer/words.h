// SPDX-License-Identifier: Apache-2.0
// The wording tables of printer alerts; sentence.c puts them together. Private to src/printer.
#ifndef PRINTER_WORDS_H
#define PRINTER_WORDS_H

#include <stdint.h>

enum who { WHO_NOBODY, WHO_ANYONE, WHO_TRAINED, WHO_SERVICE, WHO_MANAGEMENT };

// PrtAlertGroupTC (IANA-PRINTER-MIB), as far as the wording asks for it.
enum group {
	GROUP_MACHINE = 0, // other, unknown, general, or none: the printer as a whole
	GROUP_OTHER = 1,
	GROUP_UNKNOWN = 2,
	GROUP_GENERAL = 5,
	GROUP_COVER = 6,
	GROUP_LOCALIZATION = 7,
	GROUP_INPUT = 8,
	GROUP_OUTPUT = 9,
	GROUP_MARKER = 10,
	GROUP_SUPPLIES = 11,
	GROUP_COLORANT = 12,
	GROUP_PATH = 13,
	GROUP_CHANNEL = 14,
	GROUP_INTERPRETER = 15,
	GROUP_ALERT = 18,
	GROUP_FIN_DEVICE = 30,
	GROUP_FIN_SUPPLY = 31,
	GROUP_FIN_INPUT = 32,
	GROUP_FIN_ATTRIBUTE = 33,
};

enum code {
	CODE_OTHER = 1,
	CODE_REMOVAL = 1801, // alertRemovalOfBinaryChangeEntry, the only standard clear
};

// What happened, with $u where the unit stands ($U at the front of the sentence), and what is to be done by whom.
// action: the verb behind "can" or "has to"; NULL: somebody should look.
struct wording {
	const char *pattern;
	enum who who;
	const char *action;
};

// The unit of a group: with a number behind it, and alone with its article.
struct unit {
	const char *numbered, *alone;
};

// The best row for a code in a group, NULL when the code is unknown. `finisher` is the device of a finishing code (then
// `code` is the generic code under it), else 0.
const struct wording *words_find(int group, int finisher, int code);
// The group to speak of: a language setting cannot jam, so a code that needs a body is said of the whole machine there.
int words_group(int group, int code);
// NULL when the group is unknown.
const struct unit *words_unit(int group);
// "stapler", "die cutter"; NULL when there is no such finishing device.
const char *words_finisher(int finisher);

#endif
