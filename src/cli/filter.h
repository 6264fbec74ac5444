// SPDX-License-Identifier: Apache-2.0
// Which events a person wants to see.
#ifndef CLI_FILTER_H
#define CLI_FILTER_H

#include "cli/options.h"
#include "event/describe.h"

struct filter {
	int64_t since, until; // nanoseconds since the epoch; 0: open
	struct prefix source;
	bool has_source, has_severity;
	struct oid oid; // empty: any
	enum severity severity;
	const char *site;     // NULL: any
	unsigned long device; // 0: any
	unsigned kinds;       // bits: 1 << enum event_kind
};

// From --since, --until, --source, --oid, --severity, --site, --device, --kind. CLI_DONE or CLI_USAGE.
int filter_of(const struct args *a, int64_t now, struct filter *out);
// The device is the caller's to look at. First what can be told without words, then the rest; words may be NULL when the event has none.
bool filter_event(const struct filter *f, const struct event *e);
bool filter_wants_words(const struct filter *f);
bool filter_words(const struct filter *f, const struct event_words *w);

#endif
