// SPDX-License-Identifier: Apache-2.0
#include "base/hex.h"

#include <ctype.h>
#include <string.h>

static int digit(uint8_t c)
{
	if (isdigit(c))
		return c - '0';
	c = (uint8_t)tolower(c);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

bool hex_read(struct span written, size_t max, struct text *out)
{
	struct rd r = rd_of(written);
	struct rd begin = r;
	if (rd_u8(&begin) == '0' && tolower(rd_u8(&begin)) == 'x')
		r = begin;
	while (rd_left(&r)) {
		uint8_t c = rd_u8(&r);
		if (isspace(c) || c == ':')
			continue;
		int high = digit(c), low = digit(rd_u8(&r));
		if (high < 0 || low < 0 || out->n >= max)
			return false;
		uint8_t octet = (uint8_t)(high << 4 | low);
		text_bytes(out, span_of(&octet, 1));
	}
	return !out->bad;
}
