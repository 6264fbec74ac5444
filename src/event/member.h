// SPDX-License-Identifier: Apache-2.0
// Reading the note of an event, which is one JSON object (RFC 8259), without building a tree: a value is the piece of
// text that it stands in, and may be walked itself. Malformed text ends the walk; nothing is read beyond it.
#ifndef EVENT_MEMBER_H
#define EVENT_MEMBER_H

#include <stdint.h>

#include "base/json.h"
#include "base/span.h"

// A walk over the members of an object, or the items of a list; empty when `value` is neither.
struct rd member_walk(struct span value);
// The next member of an object: its key as it is written, between the quotes, and its value as JSON text.
bool member_next(struct rd *walk, struct span *key, struct span *value);
// The next item of a list.
bool member_item(struct rd *walk, struct span *value);

// The first member of an object with this key. Keys of notes hold no escapes.
bool member_find(struct span object, const char *key, struct span *value);
// The same as a whole number, as true, or as a string added to `out` with its escapes undone; false when it is not there or of
// another type.
bool member_int(struct span object, const char *key, int64_t *out);
bool member_true(struct span object, const char *key);
bool member_text(struct span object, const char *key, struct text *out);
// The string that a value is.
bool member_string(struct span value, struct text *out);

#endif
