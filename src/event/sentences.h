// SPDX-License-Identifier: Apache-2.0
// The sentence and severity of a notification that is no printer alert. Private to src/event.
#ifndef EVENT_SENTENCES_H
#define EVENT_SENTENCES_H

#include "event/describe.h"

// `inform`: the unknown ones are called by what they are. Adds one line without control characters.
enum severity sentence_of(const struct snmp_notification *n, bool inform, struct text *out);

#endif
