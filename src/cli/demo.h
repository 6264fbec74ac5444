// SPDX-License-Identifier: Apache-2.0
// What the files of `trapline demo` share: the story (demo_story.c), the fleet that plays it over real sockets
// (demo_fleet.c), and the command with its collector (demo.c).
#ifndef CLI_DEMO_H
#define CLI_DEMO_H

#include "base/json.h"
#include "base/status.h"

// Every device has a loopback address of its own, 127.26.97.N, and answers there; the collector has the last one.
#define DEMO_NETWORK "127.26.97."
enum { DEMO_AGENT_PORT = 16161, DEMO_TRAP_PORT = 12697, DEMO_COLLECTOR = 254, DEMO_DEVICES = 11 };

struct demo_device {
	const char *name, *model, *serial, *location; // no serial: no printer
	const char *object;                           // sysObjectID
	const char *supply;                           // its one consumable; NULL: none
};

enum demo_what {
	DEMO_ALERT, // a row of prtAlertTable, and its trap
	DEMO_FOUND, // the row alone: no trap tells of it
	DEMO_CLEAR, // the row goes, and a trap of code 1801 says so
	DEMO_LOST,  // the row goes, and nothing says so
	DEMO_CLOSE, // the row goes, and the trap is the opposite code
	DEMO_LINK_DOWN,
	DEMO_LINK_UP,
	DEMO_UPS_ADDED,
	DEMO_UPS_REMOVED,
	DEMO_TEXT, // a label printer's only trap: a sentence
	DEMO_RESTART,
};

struct demo_step {
	unsigned at; // second of the story
	unsigned device;
	enum demo_what what;
	int index; // prtAlertIndex, ifIndex, or the number of a well-known UPS alarm
	int severity, training, group, group_index, code;
	const char *text; // the device's own words, or its sentence
	const char *told; // what happens, for who watches
};

// How an alarm stands when the story is over.
struct demo_expected {
	unsigned device;
	const char *key, *state, *severity;
	const char *because; // NULL: open
	bool flapping;
	const char *text; // stands in its sentence
};

const struct demo_device *demo_device_at(unsigned i); // NULL behind the last
const struct demo_step *demo_step_at(size_t i);
const struct demo_expected *demo_expected_at(size_t i);
extern const char demo_rules[]; // the label printer's rule file

struct demo_fleet;
// Binds the devices' sockets. ST_IN_USE: another demo runs. ST_NO_MEMORY, ST_SYSTEM.
enum st demo_fleet_new(const char *community, struct demo_fleet **out);
void demo_fleet_free(struct demo_fleet *f); // NULL is fine
enum st demo_fleet_play(struct demo_fleet *f, const struct demo_step *s);
// Answers what is asked, for so many milliseconds.
void demo_fleet_answer(struct demo_fleet *f, int ms);

#endif
