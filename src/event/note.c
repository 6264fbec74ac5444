// SPDX-License-Identifier: Apache-2.0
// A checker of JSON, no parser: it keeps nothing and only says yes or no.
#include "event/note.h"

#include "event/limits.h"
#include "mib/mib.h"

static bool check_value(struct rd *r, int depth);

static uint8_t peek(const struct rd *r)
{
	return rd_left(r) ? *r->at : 0;
}

static bool take(struct rd *r, char c)
{
	if (peek(r) != (uint8_t)c)
		return false;
	rd_skip(r, 1);
	return true;
}

static void blanks(struct rd *r)
{
	while (take(r, ' '))
		;
}

static bool digits(struct rd *r)
{
	size_t before = rd_left(r);
	while (peek(r) >= '0' && peek(r) <= '9')
		rd_skip(r, 1);
	return rd_left(r) < before;
}

static bool check_number(struct rd *r)
{
	take(r, '-');
	bool zero = take(r, '0');
	if (!zero && !digits(r))
		return false;
	if (take(r, '.') && !digits(r))
		return false;
	if (take(r, 'e') || take(r, 'E')) {
		if (!take(r, '+'))
			take(r, '-');
		return digits(r);
	}
	return true;
}

static bool is_hex(uint8_t c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

static bool check_escape(struct rd *r)
{
	uint8_t c = rd_u8(r);
	if (c == 'u') {
		struct span hex = rd_take(r, 4);
		return hex.n == 4 && is_hex(hex.p[0]) && is_hex(hex.p[1]) && is_hex(hex.p[2]) && is_hex(hex.p[3]);
	}
	return c && strchr("\"\\/bfnrt", c) != NULL;
}

// Behind the opening quote.
static bool check_string(struct rd *r)
{
	while (rd_left(r)) {
		uint8_t c = rd_u8(r);
		if (c == '"')
			return true;
		if (c < 0x20 || (c == '\\' && !check_escape(r)))
			return false;
	}
	return false;
}

static bool check_word(struct rd *r, const char *word)
{
	return span_equal(rd_take(r, strlen(word)), span_str(word));
}

static bool check_member(struct rd *r, int depth)
{
	blanks(r);
	if (!take(r, '"') || !check_string(r))
		return false;
	blanks(r);
	return take(r, ':') && check_value(r, depth);
}

// Behind the opening bracket.
static bool check_list(struct rd *r, char end, int depth)
{
	blanks(r);
	if (take(r, end))
		return true;
	do {
		if (!(end == '}' ? check_member(r, depth) : check_value(r, depth)))
			return false;
		blanks(r);
	} while (take(r, ','));
	return take(r, end);
}

static bool check_value(struct rd *r, int depth)
{
	blanks(r);
	if (depth == 0)
		return false;
	if (take(r, '{'))
		return check_list(r, '}', depth - 1);
	if (take(r, '['))
		return check_list(r, ']', depth - 1);
	if (take(r, '"'))
		return check_string(r);
	switch (peek(r)) {
	case 't':
		return check_word(r, "true");
	case 'f':
		return check_word(r, "false");
	case 'n':
		return check_word(r, "null");
	default:
		return check_number(r);
	}
}

bool note_is_json(struct span s)
{
	struct rd r = rd_of(s);
	if (!check_value(&r, EVENT_NOTE_DEPTH))
		return false;
	blanks(&r);
	return rd_end(&r) == ST_OK && mib_is_text(s); // valid UTF-8
}
