// SPDX-License-Identifier: Apache-2.0
#include "cli/when.h"

#include <ctype.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>
#include <time.h>

enum { DIGITS_MAX = 9 };
static const int64_t second = 1000000000;

// A number of at most DIGITS_MAX digits at the front of *text, moved over.
static bool take_number(const char **text, int64_t *out)
{
	int64_t v = 0;
	int n = 0;
	for (; isdigit((unsigned char)**text) && n < DIGITS_MAX; n++)
		v = v * 10 + (*(*text)++ - '0');
	*out = v;
	return n > 0;
}

// Exactly `digits` digits within min..max.
static bool take_field(const char **text, int digits, int64_t min, int64_t max, int *out)
{
	int v = 0;
	for (int i = 0; i < digits; i++) {
		if (!isdigit((unsigned char)**text))
			return false;
		v = v * 10 + (*(*text)++ - '0');
	}
	*out = v;
	return v >= min && v <= max;
}

static bool take_char(const char **text, const char *any)
{
	if (!**text || !strchr(any, **text))
		return false;
	(*text)++;
	return true;
}

enum st when_span(const char *text, int64_t *out)
{
	static const struct {
		char unit;
		int64_t seconds;
	} units[] = { { 's', 1 }, { 'm', 60 }, { 'h', 3600 }, { 'd', 86400 }, { 'w', 7 * 86400 } };
	int64_t n, ns;
	if (!take_number(&text, &n) || !*text || text[1])
		return ST_SYNTAX;
	for (size_t i = 0; i < sizeof units / sizeof *units; i++)
		if (units[i].unit == *text && !__builtin_mul_overflow(n * units[i].seconds, second, &ns)) {
			*out = ns;
			return ST_OK;
		}
	return ST_SYNTAX;
}

// What follows the seconds: a fraction to nine digits.
static bool take_fraction(const char **text, int64_t *ns)
{
	const char *from = *text;
	int64_t v;
	*ns = 0;
	if (!take_char(text, "."))
		return true;
	if (!take_number(text, &v))
		return false;
	for (ptrdiff_t i = *text - from - 1; i < DIGITS_MAX; i++)
		v *= 10;
	*ns = v;
	return true;
}

// "Z" or "+01:00"; seconds east of UTC.
static bool take_offset(const char **text, int64_t *east)
{
	int hours, minutes;
	*east = 0;
	if (take_char(text, "Zz"))
		return true;
	int sign = **text == '-' ? -1 : 1;
	if (!take_char(text, "+-") || !take_field(text, 2, 0, 23, &hours) || !take_char(text, ":") ||
	    !take_field(text, 2, 0, 59, &minutes))
		return false;
	*east = sign * (hours * 3600 + minutes * 60);
	return true;
}

static enum st parse_moment(const char *text, int64_t *out)
{
	struct tm t = { 0 };
	int64_t ns = 0, east = 0;
	if (!take_field(&text, 4, 1970, 2200, &t.tm_year) || !take_char(&text, "-") ||
	    !take_field(&text, 2, 1, 12, &t.tm_mon) || !take_char(&text, "-") ||
	    !take_field(&text, 2, 1, 31, &t.tm_mday))
		return ST_SYNTAX;
	int day = t.tm_mday;
	if (*text &&
	    (!take_char(&text, "Tt ") || !take_field(&text, 2, 0, 23, &t.tm_hour) || !take_char(&text, ":") ||
	     !take_field(&text, 2, 0, 59, &t.tm_min) || !take_char(&text, ":") ||
	     !take_field(&text, 2, 0, 60, &t.tm_sec) || !take_fraction(&text, &ns) || !take_offset(&text, &east)))
		return ST_SYNTAX;
	t.tm_year -= 1900;
	t.tm_mon -= 1;
	int64_t at = timegm(&t);
	if (*text || t.tm_mday != day) // the 30th of February
		return ST_SYNTAX;
	*out = (at - east) * second + ns;
	return ST_OK;
}

enum st when_parse(const char *text, int64_t now, int64_t *out)
{
	int64_t ns;
	if (when_span(text, &ns) != ST_OK)
		return parse_moment(text, out);
	*out = now > ns ? now - ns : 0;
	return ST_OK;
}

enum st when_later(const char *text, int64_t now, int64_t *out)
{
	int64_t ns;
	if (when_span(text, &ns) != ST_OK)
		return parse_moment(text, out);
	return __builtin_add_overflow(now, ns, out) ? ST_SYNTAX : ST_OK;
}

void when_long(int64_t ns, struct text *out)
{
	int64_t s = ns > 0 ? ns / second : 0, minutes = s / 60, hours = minutes / 60;
	if (s < 60)
		text_printf(out, "%lld s", (long long)s);
	else if (minutes < 60)
		text_printf(out, "%lld min", (long long)minutes);
	else if (hours < 48)
		text_printf(out, "%lld h %lld min", (long long)hours, (long long)(minutes % 60));
	else
		text_printf(out, "%lld d", (long long)(hours / 24));
}
