// SPDX-License-Identifier: Apache-2.0
// A fold, its rows, and short words for what happens to it.
#ifndef TESTS_ALARM_STORY_H
#define TESTS_ALARM_STORY_H

#include "event/describe.h"
#include "make.h"
#include "model.h"

struct story {
	struct fold *fold;
	struct model rows;
	struct made made;
	uint64_t id;      // of the last event
	int64_t now;      // seconds since the story began
	const char *from; // the sender's address
	const char *site;
	struct span engine; // not empty: it speaks version 3
	uint32_t uptime;    // 0: that of the traps as they are made
};

void story_begin(struct story *s);
void story_end(struct story *s);
void story_fold(struct story *s, const struct event *e);

// prtAlertIndex, severity, group, group index, location, code; device 1.
void alert(struct story *s, int index, int severity, int group, int group_index, int location, int code);
void trap(struct story *s, const char *oid, const struct value *values);
void own(struct story *s, uint8_t kind, const char *note);
// Writes the ticks that are due.
void ticks(struct story *s);

const struct alarm_row *alarm_row(struct story *s, uint64_t id);
const struct device_row *device_row(struct story *s, uint64_t id);
size_t open_alarms(struct story *s);
// The one open alarm; fails when there are none or more.
const struct alarm_row *only_open(struct story *s);

#endif
