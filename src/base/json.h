// SPDX-License-Identifier: Apache-2.0
// Text that only grows, and JSON on top of it. Memory failure makes the text `bad` for ever (sticky, like the cursors);
// the writer places commas itself. Invalid UTF-8 in a string is replaced by U+FFFD; control characters are escaped.
#ifndef BASE_JSON_H
#define BASE_JSON_H

#include <stdbool.h>
#include <stdint.h>

#include "base/span.h"

struct text {
	char *p; // NUL-terminated when not NULL
	size_t n, room;
	bool bad;
};

void text_done(struct text *t);
void text_clear(struct text *t);
const char *text_str(const struct text *t); // "" when empty or bad
void text_add(struct text *t, const char *s);
void text_bytes(struct text *t, struct span s);
__attribute__((format(printf, 2, 3))) void text_printf(struct text *t, const char *format, ...);
void text_hex(struct text *t, struct span s); // lower case, no separators
// Bytes for a person: valid UTF-8 stays, control characters and broken bytes become U+FFFD (no terminal escapes).
void text_clean(struct text *t, struct span s);

enum { JSON_DEPTH = 16 };

struct json {
	struct text *out;
	int depth;
	bool more[JSON_DEPTH]; // something stands before the next member at this depth
	bool after_key;
};

struct json json_of(struct text *out);
void json_open(struct json *j, char bracket); // '{' or '['
void json_close(struct json *j, char bracket);
void json_key(struct json *j, const char *key);
void json_text(struct json *j, struct span value);
void json_str(struct json *j, const char *value);
void json_uint(struct json *j, uint64_t value);
void json_int(struct json *j, int64_t value);
void json_bool(struct json *j, bool value);
void json_none(struct json *j);
void json_value(struct json *j, const struct text *value); // a value that is JSON already
// Key and value in one call.
void json_key_str(struct json *j, const char *key, const char *value);
void json_key_uint(struct json *j, const char *key, uint64_t value);

#endif
