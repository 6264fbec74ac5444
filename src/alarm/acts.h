// SPDX-License-Identifier: Apache-2.0
// What people do to alarms, as the note of an event: { "act": "ack", "alarm": 17, "by": "alice", "note": "on my way" }.
//
//	ack, unack, clear    alarm
//	silence              site, device, code, key (an alarm's key, or some of its first parts): at least one; from, until:
//	                     seconds since 1970
//	unsilence            silence
//	merge                device, into
//
// `by` is the name that whoever did it gave, `uid` the user that the kernel says it was.
#ifndef ALARM_ACTS_H
#define ALARM_ACTS_H

#include "alarm/rows.h"
#include "base/status.h"

enum act_kind { ACT_ACK, ACT_UNACK, ACT_CLEAR, ACT_SILENCE, ACT_UNSILENCE, ACT_MERGE, ACT_KINDS };

struct act {
	enum act_kind kind;
	int64_t alarm, device, into, silence; // 0: none
	int64_t code;                         // -1: none
	int64_t uid;                          // -1: not known
	int64_t from, until;                  // nanoseconds since 1970; 0: none
	struct text site, key, by, note;
};

// Reads an act and what it has to have; nothing about whether its alarm exists. ST_SYNTAX with a sentence in `why`.
// act_done in any case.
enum st act_read(struct span json, struct act *out, struct text *why);
// Whether it has what its kind has to have; else ST_SYNTAX with a sentence.
enum st act_complete(const struct act *a, struct text *why);
void act_write(const struct act *a, struct text *out);
void act_done(struct act *a);

#endif
