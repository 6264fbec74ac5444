// SPDX-License-Identifier: Apache-2.0
// How often somebody speaks, and from when on silence is news.
//
// A heartbeat is missed after three beats. A printer that speaks only in trouble has no beat: it says ten things within
// an hour and nothing for a month, so what it did in that hour says nothing. So there are two rules:
// - A beat: ten times in a row it spoke of no trouble, and the longest gap is at most twice the mean. Missed after three of
//   the longest gap.
// - No beat: only after a whole period was watched, and then after three times the longest gap of both periods, a day at
//   least.
#ifndef ALARM_HABIT_H
#define ALARM_HABIT_H

#include "alarm/rows.h"

// It spoke. `calm`: not of trouble or its end. `missed`: its silence was an alarm, so this gap is no habit.
void habit_speak(struct habit_row *h, int64_t now, bool calm, bool missed);
// From when on its silence is an alarm; 0: that cannot be told yet.
int64_t habit_until(const struct habit_row *h);
// It is nobody's habit any more; when it last spoke stays known.
void habit_forget(struct habit_row *h);
// The longest gap remembered.
int64_t habit_longest(const struct habit_row *h);

#endif
