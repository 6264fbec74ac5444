// SPDX-License-Identifier: Apache-2.0
// A device that somebody wants to have asked, with what is known of it: the answer is told as the difference.
#ifndef POLL_WANT_H
#define POLL_WANT_H

#include "base/addr.h"
#include "base/span.h"

// An open printer alarm of the device, as enum row_table's ROW_ALARM has it: -1 where it was not said.
struct poll_known {
	int64_t alarm; // its id
	int64_t seen;  // the id of the last event that told of it
	int64_t hr_device, group, group_index, location, code;
	int64_t index, twin; // prtAlertIndex; that of the generic second alert, -1: none
	int64_t severity, training;
	bool described; // it has the printer's own text
};

enum poll_reason { POLL_AFTER_TRAP, POLL_WHILE_OPEN };

struct poll_want {
	int64_t device;      // its id, not 0
	struct addr address; // the port does not matter
	bool shared;         // others speak from this address as well: who answers there may be another one
	enum poll_reason reason;
	struct span site;
	struct span asked; // what the last round came to, empty: never asked
	struct span serial, model, name, location;
	const struct poll_known *known;
	size_t known_count;
};

// A copy in one block that free() gives back; NULL: no memory.
struct poll_want *poll_want_copy(const struct poll_want *w);

#endif
