// SPDX-License-Identifier: Apache-2.0
// The fleet of the demo, what happens to it in three minutes, and what has to be known of it afterwards. Codes, groups and
// training levels are those of RFC 3805 and the IANA-PRINTER-MIB.
#include "cli/demo.h"

enum { PRESS_1, PRESS_2, ROLL_1, SCANNER_1, OFFICE_1, OFFICE_2, OFFICE_3, OFFICE_4, LABEL_1, UPS_1, SWITCH_1 };

static const struct demo_device devices[DEMO_DEVICES] = {
	[PRESS_1] = { "press-1", "Demo cut-sheet press", "DEMO-0001", "Print room", "1.3.6.1.4.1.1552.1",
	              "Black toner" },
	[PRESS_2] = { "press-2", "Demo cut-sheet press", "DEMO-0002", "Print room", "1.3.6.1.4.1.1552.1",
	              "Black toner" },
	[ROLL_1] = { "roll-1", "Demo wide-format roll printer", "DEMO-0003", "Drawing office", "1.3.6.1.4.1.1552.2",
	             "Cyan ink" },
	[SCANNER_1] = { "scanner-1", "Demo document scanner", "DEMO-0004", "Post room", "1.3.6.1.4.1.1552.3", NULL },
	[OFFICE_1] = { "office-1", "Demo office printer", "DEMO-0005", "First floor", "1.3.6.1.4.1.32473.1",
	               "Black toner" },
	[OFFICE_2] = { "office-2", "Demo office printer", "DEMO-0006", "Second floor", "1.3.6.1.4.1.32473.1",
	               "Black toner" },
	[OFFICE_3] = { "office-3", "Demo office printer", "DEMO-0007", "Third floor", "1.3.6.1.4.1.32473.1",
	               "Black toner" },
	[OFFICE_4] = { "office-4", "Demo office printer", "DEMO-0008", "Reception", "1.3.6.1.4.1.32473.1",
	               "Black toner" },
	[LABEL_1] = { "label-1", "Demo label printer", NULL, "Warehouse", "1.3.6.1.4.1.10642.1", NULL },
	[UPS_1] = { "ups-1", "Demo UPS", NULL, "Cellar", "1.3.6.1.4.1.32473.2", NULL },
	[SWITCH_1] = { "switch-1", "Demo switch", NULL, "Cellar", "1.3.6.1.4.1.32473.3", NULL },
};

enum { CRITICAL = 3, WARNING = 4 };                                                    // PrtAlertSeverityLevelTC
enum { UNTRAINED = 3, TRAINED = 4, SERVICE = 5 };                                      // PrtAlertTrainingLevelTC
enum { OTHER = 1, COVER = 6, INPUT = 8, MARKER = 10, SUPPLIES = 11, MEDIA_PATH = 13 }; // PrtAlertGroupTC
enum {                                                                                 // PrtAlertCodeTC
	CODE_OTHER = 1,
	COVER_OPEN = 3,
	JAM = 8,
	SUPPLY_EMPTY = 808,
	FUSER_HOT = 1002,
	TONER_LOW = 1104,
	WASTE_NEARLY_FULL = 1107,
};

static const struct demo_step steps[] = {
	{ 2, PRESS_1, DEMO_ALERT, 5, CRITICAL, TRAINED, MEDIA_PATH, 1, JAM, "Paper jam in the vacuum belt",
	  "press-1 has a jam" },
	{ 2, PRESS_1, DEMO_ALERT, 6, CRITICAL, TRAINED, OTHER, 1, CODE_OTHER, "Engine stopped",
	  "and its controller says so twice, as some do" },
	{ 10, OFFICE_1, DEMO_ALERT, 1, CRITICAL, UNTRAINED, COVER, 1, COVER_OPEN, "Front cover",
	  "somebody opens office-1" },
	{ 15, PRESS_2, DEMO_ALERT, 3, CRITICAL, SERVICE, MARKER, 1, FUSER_HOT, "Fuser over temperature",
	  "press-2's fuser is too hot" },
	{ 20, PRESS_1, DEMO_FOUND, 7, WARNING, TRAINED, SUPPLIES, 1, WASTE_NEARLY_FULL, "Waste toner nearly full",
	  "press-1's waste toner is nearly full, and it sends no trap" },
	{ 22, PRESS_1, DEMO_CLEAR, 5, 0, 0, 0, 0, 0, NULL, "the jam is out" },
	{ 22, PRESS_1, DEMO_CLEAR, 6, 0, 0, 0, 0, 0, NULL, NULL },
	{ 26, OFFICE_1, DEMO_CLOSE, 1, 0, 0, COVER, 1, COVER_OPEN + 1, NULL, "office-1 is closed again" },
	{ 30, OFFICE_2, DEMO_ALERT, 2, WARNING, UNTRAINED, SUPPLIES, 1, TONER_LOW, "Black toner low",
	  "office-2 runs out of toner" },
	{ 40, ROLL_1, DEMO_ALERT, 4, CRITICAL, UNTRAINED, INPUT, 1, SUPPLY_EMPTY, "Roll 1 empty",
	  "the roll is at its end" },
	{ 50, UPS_1, DEMO_UPS_ADDED, 2, 0, 0, 0, 0, 0, NULL, "the power is cut" },
	{ 55, SWITCH_1, DEMO_LINK_DOWN, 7, 0, 0, 0, 0, 0, NULL, "a link flaps" },
	{ 57, SWITCH_1, DEMO_LINK_UP, 7, 0, 0, 0, 0, 0, NULL, NULL },
	{ 59, SWITCH_1, DEMO_LINK_DOWN, 7, 0, 0, 0, 0, 0, NULL, NULL },
	{ 61, SWITCH_1, DEMO_LINK_UP, 7, 0, 0, 0, 0, 0, NULL, NULL },
	{ 63, SWITCH_1, DEMO_LINK_DOWN, 7, 0, 0, 0, 0, 0, NULL, NULL },
	{ 65, ROLL_1, DEMO_CLEAR, 4, 0, 0, 0, 0, 0, NULL, "a new roll" },
	{ 67, SWITCH_1, DEMO_LINK_UP, 7, 0, 0, 0, 0, 0, NULL, NULL },
	{ 69, SWITCH_1, DEMO_LINK_DOWN, 7, 0, 0, 0, 0, 0, NULL, NULL },
	{ 80, LABEL_1, DEMO_TEXT, 0, 0, 0, 0, 0, 0, "ERROR CONDITION: PAPER OUT",
	  "the label printer says what is wrong, in text" },
	{ 90, OFFICE_3, DEMO_ALERT, 3, CRITICAL, UNTRAINED, INPUT, 2, JAM, "Jam in tray 2", "office-3 has a jam" },
	{ 95, SCANNER_1, DEMO_ALERT, 1, CRITICAL, UNTRAINED, MEDIA_PATH, 1, JAM, "Original jammed",
	  "an original is stuck in the scanner" },
	{ 100, UPS_1, DEMO_UPS_REMOVED, 2, 0, 0, 0, 0, 0, NULL, "the power is back" },
	{ 110, LABEL_1, DEMO_TEXT, 0, 0, 0, 0, 0, 0, "CLEARED: PAPER OUT", "the label printer has labels again" },
	{ 115, SCANNER_1, DEMO_CLEAR, 1, 0, 0, 0, 0, 0, NULL, "the scanner is free" },
	{ 120, LABEL_1, DEMO_TEXT, 0, 0, 0, 0, 0, 0, "WARNING: HEAD TOO HOT", "and is hot" },
	{ 125, OFFICE_3, DEMO_RESTART, 0, 0, 0, 0, 0, 0, NULL, "somebody turns office-3 off and on" },
	{ 130, OFFICE_4, DEMO_ALERT, 9, CRITICAL, UNTRAINED, INPUT, 1, JAM, "Jam in tray 1", "office-4 has a jam" },
	{ 150, OFFICE_4, DEMO_LOST, 9, 0, 0, 0, 0, 0, NULL, "it is out, but the trap that says so is lost" },
	{ 165, OFFICE_4, DEMO_ALERT, 11, WARNING, UNTRAINED, SUPPLIES, 1, TONER_LOW, "Black toner low",
	  "office-4 runs out of toner; asked about that, it does not know of a jam" },
};

static const struct demo_expected expected[] = {
	{ PRESS_1, "printer/1/13.1/-2/8", "cleared", "critical", "clear trap", false, "jam" },
	{ PRESS_1, "printer/1/11.1/-2/1107", "open", "warning", NULL, false, "Waste toner nearly full" },
	{ PRESS_2, "printer/1/10.1/-2/1002", "open", "critical", NULL, false, "Fuser over temperature" },
	{ ROLL_1, "printer/1/8.1/-2/808", "cleared", "critical", "clear trap", false, "out of paper" },
	{ SCANNER_1, "printer/1/13.1/-2/8", "cleared", "critical", "clear trap", false, "jam" },
	{ OFFICE_1, "printer/1/6.1/-2/3", "cleared", "critical", "opposite code", false, "is open" },
	{ OFFICE_2, "printer/1/11.1/-2/1104", "open", "warning", NULL, false, "Black toner low" },
	{ OFFICE_3, "printer/1/8.2/-2/8", "cleared", "critical", "device restart", false, "jam" },
	{ OFFICE_4, "printer/1/8.1/-2/8", "cleared", "critical", "poll says gone", false, "jam" },
	{ OFFICE_4, "printer/1/11.1/-2/1104", "open", "warning", NULL, false, "toner" },
	{ LABEL_1, "rule/condition", "cleared", "major", "rule", false, "PAPER OUT" },
	{ LABEL_1, "rule/heat", "open", "warning", NULL, false, "too hot" },
	{ UPS_1, "ups/2", "cleared", "major", "opposite code", false, "battery" },
	{ SWITCH_1, "link/7", "cleared", "major", "opposite code", false, "Interface 7" },
	{ SWITCH_1, "link/7", "cleared", "major", "opposite code", false, "Interface 7" },
	{ SWITCH_1, "link/7", "open", "major", NULL, true, "Interface 7" },
};

const char demo_rules[] = "rules:\n"
                          "- name: label printer is in trouble\n"
                          "  trap: 1.3.6.1.4.1.10642.20\n"
                          "  text: \"ERROR\"\n"
                          "  do: raise\n"
                          "  key: condition\n"
                          "  severity: major\n"
                          "  words: \"The label printer says: {text}\"\n"
                          "  who: anyone\n"
                          "- name: and out of it\n"
                          "  trap: 1.3.6.1.4.1.10642.20\n"
                          "  text: \"CLEARED\"\n"
                          "  do: clear\n"
                          "  key: condition\n"
                          "- name: heat\n"
                          "  trap: 1.3.6.1.4.1.10642.20\n"
                          "  text: \"HEAD TOO HOT\"\n"
                          "  do: raise\n"
                          "  key: heat\n"
                          "  words: \"The print head is too hot\"\n";

const struct demo_device *demo_device_at(unsigned i)
{
	return i < DEMO_DEVICES ? &devices[i] : NULL;
}

const struct demo_step *demo_step_at(size_t i)
{
	return i < sizeof steps / sizeof *steps ? &steps[i] : NULL;
}

const struct demo_expected *demo_expected_at(size_t i)
{
	return i < sizeof expected / sizeof *expected ? &expected[i] : NULL;
}
