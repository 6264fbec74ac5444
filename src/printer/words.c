// SPDX-License-Identifier: Apache-2.0
// Every alert code of the IANA-PRINTER-MIB in words. The first table says what a code means for any unit, the second
// where a unit wants other words, the third where a finishing device does. A code of a finishing device is
// 30000 + 100 * device + generic code, so these tables cover all 707 codes.
//
// Who: a trap never carries the training level, so it is chosen here as a fleet's operator would: open covers, paper
// and full bins are for anyone; jams, toner and drums for a trained operator; heat, motors and sensors for service.
#include "printer/words.h"

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#define ROWS(table) (sizeof(table) / sizeof((table)[0]))

struct by_code {
	int code;
	struct wording words;
};

struct by_unit {
	int unit, code; // unit: a group, or a finishing device
	struct wording words;
};

static const struct by_code any_unit[] = {
	{ 1, { "$U reports a problem without naming it", WHO_TRAINED, NULL } },
	{ 2, { "$U reports an unknown problem", WHO_TRAINED, NULL } },
	{ 3, { "Cover open on $u", WHO_ANYONE, "close it" } },
	{ 4, { "Cover closed on $u", WHO_NOBODY, NULL } },
	{ 5, { "Interlock open on $u", WHO_ANYONE, "close it" } },
	{ 6, { "Interlock closed on $u", WHO_NOBODY, NULL } },
	{ 7, { "The configuration of $u changed", WHO_NOBODY, NULL } },
	{ 8, { "Paper jam in $u", WHO_TRAINED, "clear it" } },
	{ 9, { "$U is missing", WHO_ANYONE, "put it back" } },
	{ 10, { "$U is near the end of its life", WHO_SERVICE, "replace it" } },
	{ 11, { "$U has reached the end of its life", WHO_SERVICE, "replace it" } },
	{ 12, { "$U is almost empty", WHO_ANYONE, "refill it" } },
	{ 13, { "$U is empty", WHO_ANYONE, "refill it" } },
	{ 14, { "$U is almost full", WHO_ANYONE, "empty it" } },
	{ 15, { "$U is full", WHO_ANYONE, "empty it" } },
	{ 16, { "$U is near its limit", WHO_TRAINED, "check it" } },
	{ 17, { "$U has reached its limit", WHO_TRAINED, "check it" } },
	{ 18, { "$U was opened", WHO_ANYONE, "close it" } },
	{ 19, { "$U was closed", WHO_NOBODY, NULL } },
	{ 20, { "$U was turned on", WHO_NOBODY, NULL } },
	{ 21, { "$U was turned off", WHO_ANYONE, "turn it on" } },
	{ 22, { "$U is offline", WHO_ANYONE, "put it online" } },
	{ 23, { "$U is in power-saving mode", WHO_NOBODY, NULL } },
	{ 24, { "$U is warming up", WHO_NOBODY, NULL } },
	{ 25, { "$U was added", WHO_NOBODY, NULL } },
	{ 26, { "$U was removed", WHO_ANYONE, "put it back" } },
	{ 27, { "A resource was added to $u", WHO_NOBODY, NULL } },
	{ 28, { "A resource was removed from $u", WHO_NOBODY, NULL } },
	{ 29, { "Recoverable fault in $u", WHO_TRAINED, "clear it" } },
	{ 30, { "Permanent fault in $u", WHO_SERVICE, "repair it" } },
	{ 31, { "Recoverable storage error in $u", WHO_TRAINED, "clear it" } },
	{ 32, { "Permanent storage error in $u", WHO_SERVICE, "repair it" } },
	{ 33, { "Motor failure in $u", WHO_SERVICE, "repair it" } },
	{ 34, { "$U is out of memory", WHO_TRAINED, "restart it" } },
	{ 35, { "$U is too cold", WHO_SERVICE, "repair it" } },
	{ 36, { "$U is too hot", WHO_SERVICE, "repair it" } },
	{ 37, { "Timing failure in $u", WHO_SERVICE, "repair it" } },
	{ 38, { "Temperature sensor failure in $u", WHO_SERVICE, "repair it" } },
	{ 501, { "A door of $u is open", WHO_ANYONE, "close it" } },
	{ 502, { "A door of $u was closed", WHO_NOBODY, NULL } },
	{ 503, { "$U powered up", WHO_NOBODY, NULL } },
	{ 504, { "$U powered down", WHO_ANYONE, "turn it on" } },
	{ 505, { "The printer was reset over the network", WHO_NOBODY, NULL } },
	{ 506, { "The printer was reset by hand", WHO_NOBODY, NULL } },
	{ 507, { "The printer is ready to print", WHO_NOBODY, NULL } },
	{ 801, { "$U is missing", WHO_ANYONE, "put it back" } },
	{ 802, { "The paper size in $u changed", WHO_NOBODY, NULL } },
	{ 803, { "The paper weight in $u changed", WHO_NOBODY, NULL } },
	{ 804, { "The paper type in $u changed", WHO_NOBODY, NULL } },
	{ 805, { "The paper colour in $u changed", WHO_NOBODY, NULL } },
	{ 806, { "The number of parts per form in $u changed", WHO_NOBODY, NULL } },
	{ 807, { "$U is low on paper", WHO_ANYONE, "refill it" } },
	{ 808, { "$U is out of paper", WHO_ANYONE, "refill it" } },
	{ 809, { "$U needs different paper", WHO_ANYONE, "load it" } },
	{ 810, { "$U waits for paper to be fed by hand", WHO_ANYONE, "feed it" } },
	{ 811, { "$U did not reach its position", WHO_TRAINED, "reset it" } },
	{ 812, { "$U could not lift its paper", WHO_TRAINED, "reset it" } },
	{ 813, { "$U cannot feed the selected paper size", WHO_ANYONE, "load another size" } },
	{ 901, { "$U is missing", WHO_ANYONE, "put it back" } },
	{ 902, { "$U is almost full", WHO_ANYONE, "empty it" } },
	{ 903, { "$U is full", WHO_ANYONE, "empty it" } },
	{ 904, { "A mailbox could not be selected in $u", WHO_SERVICE, "repair it" } },
	{ 1001, { "The fuser of $u is too cold", WHO_SERVICE, "repair it" } },
	{ 1002, { "The fuser of $u is too hot", WHO_SERVICE, "repair it" } },
	{ 1003, { "Timing failure in the fuser of $u", WHO_SERVICE, "repair it" } },
	{ 1004, { "Temperature sensor failure in the fuser of $u", WHO_SERVICE, "repair it" } },
	{ 1005, { "$U is adjusting its print quality", WHO_NOBODY, NULL } },
	{ 1101, { "$U is out of toner", WHO_TRAINED, "replace the toner" } },
	{ 1102, { "$U is out of ink", WHO_TRAINED, "replace the ink" } },
	{ 1103, { "The print ribbon of $u is used up", WHO_TRAINED, "replace it" } },
	{ 1104, { "$U is low on toner", WHO_TRAINED, "replace the toner" } },
	{ 1105, { "$U is low on ink", WHO_TRAINED, "replace the ink" } },
	{ 1106, { "The print ribbon of $u is almost used up", WHO_TRAINED, "replace it" } },
	{ 1107, { "The waste toner container of $u is almost full", WHO_TRAINED, "replace it" } },
	{ 1108, { "The waste ink container of $u is almost full", WHO_TRAINED, "replace it" } },
	{ 1109, { "The waste toner container of $u is full", WHO_TRAINED, "replace it" } },
	{ 1110, { "The waste ink container of $u is full", WHO_TRAINED, "replace it" } },
	{ 1111, { "The drum of $u is near the end of its life", WHO_TRAINED, "replace it" } },
	{ 1112, { "The drum of $u has reached the end of its life", WHO_TRAINED, "replace it" } },
	{ 1113, { "$U is low on developer", WHO_SERVICE, "replace the developer" } },
	{ 1114, { "$U is out of developer", WHO_SERVICE, "replace the developer" } },
	{ 1115, { "A toner cartridge is missing from $u", WHO_TRAINED, "fit one" } },
	{ 1301, { "A tray of $u is missing", WHO_ANYONE, "put it back" } },
	{ 1302, { "A tray of $u is almost full", WHO_ANYONE, "empty it" } },
	{ 1303, { "A tray of $u is full", WHO_ANYONE, "empty it" } },
	{ 1304, { "$U cannot turn the selected paper for two-sided printing", WHO_ANYONE, "load other paper" } },
	{ 1501, { "$U has more memory than before", WHO_NOBODY, NULL } },
	{ 1502, { "$U has less memory than before", WHO_NOBODY, NULL } },
	{ 1503, { "A cartridge was added to $u", WHO_NOBODY, NULL } },
	{ 1504, { "A cartridge was removed from $u", WHO_NOBODY, NULL } },
	{ 1505, { "A resource was added to $u", WHO_NOBODY, NULL } },
	{ 1506, { "A resource was removed from $u", WHO_NOBODY, NULL } },
	{ 1507, { "A resource that $u needs is not available", WHO_MANAGEMENT, NULL } },
	{ 1509, { "$U met a page that is too complex to print", WHO_NOBODY, NULL } },
	{ 1801, { "An alert of $u is over", WHO_NOBODY, NULL } },
};

static const struct by_unit by_group[] = {
	{ GROUP_MACHINE, 9, { "A part of $u is missing", WHO_ANYONE, "put it back" } },
	{ GROUP_MACHINE, 10, { "A part of $u is near the end of its life", WHO_SERVICE, "replace it" } },
	{ GROUP_MACHINE, 11, { "A part of $u has reached the end of its life", WHO_SERVICE, "replace it" } },
	{ GROUP_MACHINE, 12, { "A supply of $u is almost used up", WHO_TRAINED, "replace it" } },
	{ GROUP_MACHINE, 13, { "A supply of $u is used up", WHO_TRAINED, "replace it" } },
	{ GROUP_MACHINE, 14, { "A container of $u is almost full", WHO_ANYONE, "empty it" } },
	{ GROUP_MACHINE, 15, { "A container of $u is full", WHO_ANYONE, "empty it" } },
	{ GROUP_MACHINE, 25, { "A part was added to $u", WHO_NOBODY, NULL } },
	{ GROUP_MACHINE, 26, { "A part was removed from $u", WHO_ANYONE, "put it back" } },
	{ GROUP_COVER, 3, { "$U is open", WHO_ANYONE, "close it" } },
	{ GROUP_COVER, 4, { "$U was closed", WHO_NOBODY, NULL } },
	{ GROUP_COVER, 5, { "The interlock of $u is open", WHO_ANYONE, "close it" } },
	{ GROUP_COVER, 6, { "The interlock of $u was closed", WHO_NOBODY, NULL } },
	{ GROUP_COVER, 8, { "Paper jam behind $u", WHO_TRAINED, "clear it" } },
	{ GROUP_COVER, 501, { "$U is open", WHO_ANYONE, "close it" } },
	{ GROUP_COVER, 502, { "$U was closed", WHO_NOBODY, NULL } },
	{ GROUP_INPUT, 12, { "$U is low on paper", WHO_ANYONE, "refill it" } },
	{ GROUP_INPUT, 13, { "$U is out of paper", WHO_ANYONE, "refill it" } },
	{ GROUP_MARKER, 9, { "$U is missing", WHO_SERVICE, "fit it" } },
	{ GROUP_MARKER, 12, { "$U is low on a supply", WHO_TRAINED, "replace the supply" } },
	{ GROUP_MARKER, 13, { "$U is out of a supply", WHO_TRAINED, "replace the supply" } },
	{ GROUP_MARKER, 14, { "A waste container of $u is almost full", WHO_TRAINED, "replace it" } },
	{ GROUP_MARKER, 15, { "A waste container of $u is full", WHO_TRAINED, "replace it" } },
	{ GROUP_SUPPLIES, 8, { "Jam in $u", WHO_TRAINED, "clear it" } },
	{ GROUP_SUPPLIES, 9, { "$U is missing", WHO_TRAINED, "fit it" } },
	{ GROUP_SUPPLIES, 10, { "$U is near the end of its life", WHO_TRAINED, "replace it" } },
	{ GROUP_SUPPLIES, 11, { "$U has reached the end of its life", WHO_TRAINED, "replace it" } },
	{ GROUP_SUPPLIES, 12, { "$U is almost empty", WHO_TRAINED, "replace it" } },
	{ GROUP_SUPPLIES, 13, { "$U is empty", WHO_TRAINED, "replace it" } },
	{ GROUP_SUPPLIES, 14, { "The waste container, $u, is almost full", WHO_TRAINED, "replace it" } },
	{ GROUP_SUPPLIES, 15, { "The waste container, $u, is full", WHO_TRAINED, "replace it" } },
	{ GROUP_SUPPLIES, 26, { "$U was removed", WHO_TRAINED, "fit it" } },
	{ GROUP_SUPPLIES, 1101, { "Toner $u is empty", WHO_TRAINED, "replace it" } },
	{ GROUP_SUPPLIES, 1102, { "Ink $u is empty", WHO_TRAINED, "replace it" } },
	{ GROUP_SUPPLIES, 1103, { "The print ribbon, $u, is used up", WHO_TRAINED, "replace it" } },
	{ GROUP_SUPPLIES, 1104, { "Toner $u is almost empty", WHO_TRAINED, "replace it" } },
	{ GROUP_SUPPLIES, 1105, { "Ink $u is almost empty", WHO_TRAINED, "replace it" } },
	{ GROUP_SUPPLIES, 1106, { "The print ribbon, $u, is almost used up", WHO_TRAINED, "replace it" } },
	{ GROUP_SUPPLIES, 1107, { "The waste toner container, $u, is almost full", WHO_TRAINED, "replace it" } },
	{ GROUP_SUPPLIES, 1108, { "The waste ink container, $u, is almost full", WHO_TRAINED, "replace it" } },
	{ GROUP_SUPPLIES, 1109, { "The waste toner container, $u, is full", WHO_TRAINED, "replace it" } },
	{ GROUP_SUPPLIES, 1110, { "The waste ink container, $u, is full", WHO_TRAINED, "replace it" } },
	{ GROUP_SUPPLIES, 1111, { "The drum, $u, is near the end of its life", WHO_TRAINED, "replace it" } },
	{ GROUP_SUPPLIES, 1112, { "The drum, $u, has reached the end of its life", WHO_TRAINED, "replace it" } },
	{ GROUP_SUPPLIES, 1113, { "Developer $u is almost empty", WHO_SERVICE, "replace it" } },
	{ GROUP_SUPPLIES, 1114, { "Developer $u is empty", WHO_SERVICE, "replace it" } },
	{ GROUP_SUPPLIES, 1115, { "The toner cartridge, $u, is missing", WHO_TRAINED, "fit it" } },
	{ GROUP_COLORANT, 12, { "$U is almost used up", WHO_TRAINED, "replace it" } },
	{ GROUP_COLORANT, 13, { "$U is used up", WHO_TRAINED, "replace it" } },
	{ GROUP_COLORANT, 1101, { "Toner of $u is used up", WHO_TRAINED, "replace the toner" } },
	{ GROUP_COLORANT, 1102, { "Ink of $u is used up", WHO_TRAINED, "replace the ink" } },
	{ GROUP_COLORANT, 1104, { "Toner of $u is almost used up", WHO_TRAINED, "replace the toner" } },
	{ GROUP_COLORANT, 1105, { "Ink of $u is almost used up", WHO_TRAINED, "replace the ink" } },
	{ GROUP_CHANNEL, 8, { "$U is blocked", WHO_TRAINED, "clear it" } },
	{ GROUP_INTERPRETER, 8, { "$U is stuck", WHO_TRAINED, "restart it" } },
	{ GROUP_ALERT, 1801, { "$U is over", WHO_NOBODY, NULL } },
	{ GROUP_FIN_DEVICE, 12, { "$U is low on supplies", WHO_ANYONE, "refill it" } },
	{ GROUP_FIN_DEVICE, 13, { "$U is out of supplies", WHO_ANYONE, "refill it" } },
	{ GROUP_FIN_SUPPLY, 8, { "Jam in $u", WHO_TRAINED, "clear it" } },
	{ GROUP_FIN_INPUT, 12, { "$U is low on paper", WHO_ANYONE, "refill it" } },
	{ GROUP_FIN_INPUT, 13, { "$U is out of paper", WHO_ANYONE, "refill it" } },
};

enum finisher {
	STAPLER = 2,
	STITCHER,
	FOLDER,
	BINDER,
	TRIMMER,
	DIE_CUTTER,
	PUNCHER,
	PERFORATOR,
	SLITTER,
	SEPARATION_CUTTER,
	IMPRINTER,
	WRAPPER,
	BANDER,
	ENVELOPE_MAKER,
	STACKER,
	SHEET_ROTATOR,
	INSERTER,
	FINISHER_END
};

static const char *const finishers[FINISHER_END] = {
	[STAPLER] = "stapler",     [STITCHER] = "stitcher",
	[FOLDER] = "folding unit", [BINDER] = "binder",
	[TRIMMER] = "trimmer",     [DIE_CUTTER] = "die cutter",
	[PUNCHER] = "hole punch",  [PERFORATOR] = "perforator",
	[SLITTER] = "slitter",     [SEPARATION_CUTTER] = "separation cutter",
	[IMPRINTER] = "imprinter", [WRAPPER] = "wrapper",
	[BANDER] = "banding unit", [ENVELOPE_MAKER] = "envelope maker",
	[STACKER] = "stacker",     [SHEET_ROTATOR] = "sheet rotator",
	[INSERTER] = "inserter",
};

static const struct by_unit by_finisher[] = {
	{ STAPLER, 8, { "Staple jam in $u", WHO_TRAINED, "clear it" } },
	{ STAPLER, 12, { "$U is low on staples", WHO_ANYONE, "refill it" } },
	{ STAPLER, 13, { "$U is out of staples", WHO_ANYONE, "refill it" } },
	{ STITCHER, 8, { "Jam in $u", WHO_TRAINED, "clear it" } },
	{ STITCHER, 12, { "$U is low on wire", WHO_TRAINED, "refill it" } },
	{ STITCHER, 13, { "$U is out of wire", WHO_TRAINED, "refill it" } },
	{ BINDER, 12, { "$U is low on binding supplies", WHO_TRAINED, "refill it" } },
	{ BINDER, 13, { "$U is out of binding supplies", WHO_TRAINED, "refill it" } },
	{ TRIMMER, 14, { "The waste bin of $u is almost full", WHO_ANYONE, "empty it" } },
	{ TRIMMER, 15, { "The waste bin of $u is full", WHO_ANYONE, "empty it" } },
	{ DIE_CUTTER, 14, { "The waste bin of $u is almost full", WHO_ANYONE, "empty it" } },
	{ DIE_CUTTER, 15, { "The waste bin of $u is full", WHO_ANYONE, "empty it" } },
	{ PUNCHER, 14, { "The waste bin of $u is almost full", WHO_ANYONE, "empty it" } },
	{ PUNCHER, 15, { "The waste bin of $u is full", WHO_ANYONE, "empty it" } },
	{ PERFORATOR, 14, { "The waste bin of $u is almost full", WHO_ANYONE, "empty it" } },
	{ PERFORATOR, 15, { "The waste bin of $u is full", WHO_ANYONE, "empty it" } },
	{ SLITTER, 14, { "The waste bin of $u is almost full", WHO_ANYONE, "empty it" } },
	{ SLITTER, 15, { "The waste bin of $u is full", WHO_ANYONE, "empty it" } },
	{ SEPARATION_CUTTER, 14, { "The waste bin of $u is almost full", WHO_ANYONE, "empty it" } },
	{ SEPARATION_CUTTER, 15, { "The waste bin of $u is full", WHO_ANYONE, "empty it" } },
	{ IMPRINTER, 12, { "$U is low on ink", WHO_TRAINED, "refill it" } },
	{ IMPRINTER, 13, { "$U is out of ink", WHO_TRAINED, "refill it" } },
	{ WRAPPER, 12, { "$U is low on wrapping material", WHO_TRAINED, "refill it" } },
	{ WRAPPER, 13, { "$U is out of wrapping material", WHO_TRAINED, "refill it" } },
	{ BANDER, 12, { "$U is low on bands", WHO_TRAINED, "refill it" } },
	{ BANDER, 13, { "$U is out of bands", WHO_TRAINED, "refill it" } },
	{ INSERTER, 12, { "$U is low on inserts", WHO_ANYONE, "refill it" } },
	{ INSERTER, 13, { "$U is out of inserts", WHO_ANYONE, "refill it" } },
};

// PrtAlertGroupTC has 22 values: 1 to 18 and 30 to 33.
static const struct unit units[] = {
	[GROUP_MACHINE] = { NULL, "the printer" },
	[3] = { "storage area", "a storage area" },
	[4] = { "device", "a device" },
	[GROUP_COVER] = { "cover", "a cover" },
	[GROUP_LOCALIZATION] = { "language setting", "a language setting" },
	[GROUP_INPUT] = { "input tray", "an input tray" },
	[GROUP_OUTPUT] = { "output bin", "an output bin" },
	[GROUP_MARKER] = { "print engine", "the print engine" },
	[GROUP_SUPPLIES] = { "supply", "a supply" },
	[GROUP_COLORANT] = { "colorant", "a colorant" },
	[GROUP_PATH] = { "paper path", "the paper path" },
	[GROUP_CHANNEL] = { "print channel", "a print channel" },
	[GROUP_INTERPRETER] = { "page language interpreter", "a page language interpreter" },
	[16] = { "display line", "the display" },
	[17] = { "panel light", "a panel light" },
	[GROUP_ALERT] = { "alert", "an earlier alert" },
	[GROUP_FIN_DEVICE] = { "finisher", "the finisher" },
	[GROUP_FIN_SUPPLY] = { "finisher supply", "a finisher supply" },
	[GROUP_FIN_INPUT] = { "finisher input tray", "a finisher input tray" },
	[GROUP_FIN_ATTRIBUTE] = { "finisher setting", "a finisher setting" },
};

static const struct wording *find_by_unit(const struct by_unit *rows, size_t n, int unit, int code)
{
	for (size_t i = 0; i < n; i++)
		if (rows[i].unit == unit && rows[i].code == code)
			return &rows[i].words;
	return NULL;
}

// A supply tray of a finisher holds paper, whatever the device makes of it.
const struct wording *words_find(int group, int finisher, int code)
{
	const struct wording *best = NULL;
	if (finisher && group != GROUP_FIN_INPUT)
		best = find_by_unit(by_finisher, ROWS(by_finisher), finisher, code);
	else
		best = find_by_unit(by_group, ROWS(by_group), group, code);
	for (size_t i = 0; !best && i < ROWS(any_unit); i++)
		if (any_unit[i].code == code)
			best = &any_unit[i].words;
	return best;
}

static bool has_body(int group)
{
	return group != GROUP_LOCALIZATION && group != GROUP_COLORANT && group != GROUP_CHANNEL &&
	       group != GROUP_INTERPRETER && group != GROUP_FIN_ATTRIBUTE;
}

static bool needs_body(int code)
{
	static const uint8_t codes[] = { 3, 4, 5, 6, 8, 12, 13, 14, 15, 18, 19, 33, 35, 36, 38 };
	return code > 0 && code <= UINT8_MAX && memchr(codes, code, sizeof(codes)) != NULL;
}

int words_group(int group, int code)
{
	bool odd = !has_body(group) && needs_body(code) && !find_by_unit(by_group, ROWS(by_group), group, code);
	return odd ? GROUP_MACHINE : group;
}

const struct unit *words_unit(int group)
{
	return group >= 0 && (size_t)group < ROWS(units) && units[group].alone ? &units[group] : NULL;
}

const char *words_finisher(int finisher)
{
	return finisher > 0 && finisher < FINISHER_END ? finishers[finisher] : NULL;
}
