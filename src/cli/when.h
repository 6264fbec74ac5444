// SPDX-License-Identifier: Apache-2.0
// Moments as people write them.
#ifndef CLI_WHEN_H
#define CLI_WHEN_H

#include <stdint.h>

#include "base/json.h"
#include "base/status.h"

// "90s", "15m", "1h", "2d", "1w": so long before `now`; else RFC 3339 ("2026-11-20T22:33:28.5Z", "2026-11-20 22:33:28+01:00"),
// or a day alone ("2026-11-20", its begin in UTC). Nanoseconds since the epoch. ST_SYNTAX.
enum st when_parse(const char *text, int64_t now, int64_t *out);
// "2h": so long after `now`; else a moment as above. ST_SYNTAX.
enum st when_later(const char *text, int64_t now, int64_t *out);
// "90s", "15m", "1h", "2d", "1w" in nanoseconds. ST_SYNTAX.
enum st when_span(const char *text, int64_t *out);
// A span of time for a person, in its largest unit or two: "45 s", "4 min", "3 h 20 min", "12 d". What is no time is "0 s".
void when_long(int64_t ns, struct text *out);

#endif
