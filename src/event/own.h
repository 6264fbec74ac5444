// SPDX-License-Identifier: Apache-2.0
// The sentence and severity of the collector's own events, which have a note and no PDU. Private to src/event.
#ifndef EVENT_OWN_H
#define EVENT_OWN_H

#include "event/describe.h"

// Adds one line without control characters.
enum severity own_sentence(const struct event *e, struct text *out);

#endif
