// SPDX-License-Identifier: Apache-2.0
// The body of a request about alarms, as an act: one JSON object of
//
//	by, note             strings: who did it and why
//	site, key            strings                           } silences
//	device, code, alarm  numbers; alarm: as this one is    }
//	from, until          seconds since 1970                }
//	into                 the number of a device              merges
#ifndef DAEMON_ACT_REQUEST_H
#define DAEMON_ACT_REQUEST_H

#include "alarm/acts.h"

// Reads the body into an act of this kind; an empty body is an empty object. ST_SYNTAX with a sentence in `why`. act_done in
// any case.
enum st act_request(struct span body, enum act_kind kind, struct act *out, struct text *why);

#endif
