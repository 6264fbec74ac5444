// SPDX-License-Identifier: Apache-2.0
// The note of the collector's own events.
#ifndef EVENT_NOTE_H
#define EVENT_NOTE_H

#include "base/span.h"

// Whether this is one JSON value (RFC 8259) on one line, so that it may stand inside another as it is.
bool note_is_json(struct span s);

#endif
