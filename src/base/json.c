// SPDX-License-Identifier: Apache-2.0
#include "base/json.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TEXT_FIRST = 256 };

static char *text_room(struct text *t, size_t n)
{
	if (t->bad)
		return NULL;
	if (t->n + n + 1 > t->room) {
		size_t room = t->room ? t->room : TEXT_FIRST;
		while (room < t->n + n + 1)
			room *= 2;
		char *p = realloc(t->p, room);
		if (!p) {
			t->bad = true;
			return NULL;
		}
		t->p = p;
		t->room = room;
	}
	char *at = t->p + t->n;
	t->n += n;
	t->p[t->n] = 0;
	return at;
}

void text_done(struct text *t)
{
	free(t->p);
	*t = (struct text){ 0 };
}

void text_clear(struct text *t)
{
	t->n = 0;
	t->bad = false;
	if (t->p)
		*t->p = 0;
}

const char *text_str(const struct text *t)
{
	return t->p && !t->bad ? t->p : "";
}

void text_bytes(struct text *t, struct span s)
{
	char *at = s.n ? text_room(t, s.n) : NULL;
	if (at)
		memcpy(at, s.p, s.n);
}

void text_add(struct text *t, const char *s)
{
	text_bytes(t, span_str(s));
}

void text_printf(struct text *t, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	int n = vsnprintf(NULL, 0, format, args);
	va_end(args);
	char *at = n > 0 ? text_room(t, (size_t)n) : NULL;
	if (!at)
		return;
	va_start(args, format);
	vsnprintf(at, (size_t)n + 1, format, args);
	va_end(args);
}

void text_hex(struct text *t, struct span s)
{
	static const char digits[] = "0123456789abcdef";
	char *at = s.n ? text_room(t, 2 * s.n) : NULL;
	for (size_t i = 0; at && i < s.n; i++) {
		*at++ = digits[s.p[i] >> 4];
		*at++ = digits[s.p[i] & 15];
	}
}

// The length of the valid UTF-8 sequence at the front of s (RFC 3629: no surrogates, no overlong forms), or 0.
static size_t utf8_length(struct span s)
{
	uint8_t a = s.p[0];
	size_t n = a < 0x80 ? 1 : a >= 0xc2 && a < 0xe0 ? 2 : a >= 0xe0 && a < 0xf0 ? 3 : a >= 0xf0 && a < 0xf5 ? 4 : 0;
	if (n == 0 || n > s.n)
		return 0;
	for (size_t i = 1; i < n; i++)
		if ((s.p[i] & 0xc0) != 0x80)
			return 0;
	if ((a == 0xe0 && s.p[1] < 0xa0) || (a == 0xed && s.p[1] > 0x9f) || (a == 0xf0 && s.p[1] < 0x90) ||
	    (a == 0xf4 && s.p[1] > 0x8f))
		return 0;
	return n;
}

static const char replacement[] = "\xef\xbf\xbd"; // U+FFFD

void text_clean(struct text *t, struct span s)
{
	for (size_t i = 0; i < s.n;) {
		size_t n = utf8_length(span_of(s.p + i, s.n - i));
		bool control = n == 1 && (s.p[i] < 0x20 || s.p[i] == 0x7f);
		bool c1 = n == 2 && s.p[i] == 0xc2 && s.p[i + 1] < 0xa0;
		if (n == 0 || control || c1)
			text_add(t, replacement);
		else
			text_bytes(t, span_of(s.p + i, n));
		i += n ? n : 1;
	}
}

struct json json_of(struct text *out)
{
	return (struct json){ .out = out };
}

static void json_comma(struct json *j)
{
	if (!j->after_key && j->more[j->depth])
		text_add(j->out, ",");
	j->more[j->depth] = true;
	j->after_key = false;
}

void json_open(struct json *j, char bracket)
{
	json_comma(j);
	text_bytes(j->out, span_of(&bracket, 1));
	if (j->depth + 1 < JSON_DEPTH)
		j->depth++;
	else
		j->out->bad = true;
	j->more[j->depth] = false;
}

void json_close(struct json *j, char bracket)
{
	text_bytes(j->out, span_of(&bracket, 1));
	if (j->depth > 0)
		j->depth--;
}

void json_key(struct json *j, const char *key)
{
	json_str(j, key);
	text_add(j->out, ":");
	j->after_key = true;
}

// How many octets at the front of s stand in a JSON string as they are: ASCII but for '"', '\\' and controls.
static size_t json_plain(struct span s)
{
	size_t n = 0;
	while (n < s.n && s.p[n] >= 0x20 && s.p[n] < 0x7f && s.p[n] != '"' && s.p[n] != '\\')
		n++;
	return n;
}

void json_text(struct json *j, struct span s)
{
	json_comma(j);
	text_add(j->out, "\"");
	for (size_t i = 0; i < s.n;) {
		size_t plain = json_plain(span_of(s.p + i, s.n - i));
		text_bytes(j->out, span_of(s.p + i, plain));
		i += plain;
		if (i == s.n)
			break;
		uint8_t c = s.p[i];
		size_t n = utf8_length(span_of(s.p + i, s.n - i));
		if (n == 0)
			text_add(j->out, replacement);
		else if (c == '"' || c == '\\')
			text_printf(j->out, "\\%c", c);
		else if (c < 0x20 || c == 0x7f)
			text_printf(j->out, "\\u%04x", c);
		else if (n == 2 && c == 0xc2 && s.p[i + 1] < 0xa0) // a C1 control character, which terminals obey
			text_printf(j->out, "\\u%04x", s.p[i + 1]);
		else
			text_bytes(j->out, span_of(s.p + i, n));
		i += n ? n : 1;
	}
	text_add(j->out, "\"");
}

void json_str(struct json *j, const char *value)
{
	json_text(j, span_str(value));
}

void json_uint(struct json *j, uint64_t value)
{
	json_comma(j);
	text_printf(j->out, "%llu", (unsigned long long)value);
}

void json_int(struct json *j, int64_t value)
{
	json_comma(j);
	text_printf(j->out, "%lld", (long long)value);
}

void json_bool(struct json *j, bool value)
{
	json_comma(j);
	text_add(j->out, value ? "true" : "false");
}

void json_none(struct json *j)
{
	json_comma(j);
	text_add(j->out, "null");
}

void json_value(struct json *j, const struct text *value)
{
	json_comma(j);
	text_bytes(j->out, span_of(value->p, value->n));
	j->out->bad |= value->bad || !value->n;
}

void json_key_str(struct json *j, const char *key, const char *value)
{
	json_key(j, key);
	json_str(j, value);
}

void json_key_uint(struct json *j, const char *key, uint64_t value)
{
	json_key(j, key);
	json_uint(j, value);
}
