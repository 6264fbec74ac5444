// SPDX-License-Identifier: Apache-2.0
// Whether an act is about something that is there, before it becomes an event: an act on nothing leaves none.
#ifndef DAEMON_ACT_CHECK_H
#define DAEMON_ACT_CHECK_H

#include "alarm/acts.h"
#include "intake/policy.h"
#include "store/state.h"

struct act_check {
	struct state *state;
	const struct policy *policy; // its sites
	int64_t now;                 // wall
};

// What an HTTP answer says: 200, or 400, 404, 409 with a sentence in `why`. A silence as an alarm is gets the alarm's site, device,
// key and code; a merged device is the one that it was merged into.
unsigned act_check(const struct act_check *c, struct act *a, struct text *why);
// After it came into the state: whether it is so there. 409: something came between.
unsigned act_held(struct state *s, const struct act *a, uint64_t event, struct text *why);

#endif
