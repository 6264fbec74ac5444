// SPDX-License-Identifier: Apache-2.0
// An event as one line for a terminal, and the one way that Trapline writes a time.
#include <time.h>

#include "event/describe.h"
#include "mib/mib.h"

enum { NANOSECONDS = 1000000000 };

struct moment {
	struct tm tm;
	uint32_t nanosecond;
};

// The second is rounded down, also before 1970.
static struct moment moment_of(int64_t nanoseconds)
{
	struct moment m = { 0 };
	time_t second = nanoseconds / NANOSECONDS;
	int64_t rest = nanoseconds % NANOSECONDS;
	if (rest < 0) {
		rest += NANOSECONDS;
		second--;
	}
	gmtime_r(&second, &m.tm);
	m.nanosecond = (uint32_t)rest;
	return m;
}

static char *put_digits(char *at, unsigned value, size_t digits)
{
	for (size_t i = digits; i > 0; i--) {
		at[i - 1] = (char)('0' + value % 10);
		value /= 10;
	}
	return at + digits;
}

// "2026-11-20T22:33:28" into at[19]; int64_t nanoseconds end in the year 2262.
static char *put_seconds(char *at, const struct tm *tm)
{
	static const char separators[] = "--T::";
	unsigned parts[] = { (unsigned)tm->tm_year + 1900, (unsigned)tm->tm_mon + 1, (unsigned)tm->tm_mday,
		             (unsigned)tm->tm_hour,        (unsigned)tm->tm_min,     (unsigned)tm->tm_sec };
	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		at = put_digits(at, parts[i], i == 0 ? 4 : 2);
		if (separators[i])
			*at++ = separators[i];
	}
	return at;
}

void event_time_text(int64_t nanoseconds, struct text *out)
{
	char buffer[sizeof("2026-11-20T22:33:28.123456789Z")];
	struct moment m = moment_of(nanoseconds);
	char *at = put_seconds(buffer, &m.tm);
	*at++ = '.';
	at = put_digits(at, m.nanosecond, 9);
	*at++ = 'Z';
	text_bytes(out, span_of(buffer, (size_t)(at - buffer)));
}

static const char *colour_of(enum severity s)
{
	static const char *const colours[SEVERITY_COUNT] = {
		[SEVERITY_CLEARED] = "\x1b[32m", [SEVERITY_INFO] = "\x1b[36m",  [SEVERITY_WARNING] = "\x1b[33m",
		[SEVERITY_MINOR] = "\x1b[33m",   [SEVERITY_MAJOR] = "\x1b[31m", [SEVERITY_CRITICAL] = "\x1b[1;31m",
	};
	return (unsigned)s < SEVERITY_COUNT ? colours[s] : "";
}

void event_line(const struct event *e, const struct event_words *w, bool colour, struct text *out)
{
	char buffer[sizeof("2026-11-20T22:33:28Z")], peer[ADDR_TEXT];
	struct moment m = moment_of(e->received);
	char *at = put_seconds(buffer, &m.tm);
	*at++ = 'Z';
	text_bytes(out, span_of(buffer, (size_t)(at - buffer)));
	text_add(out, " ");
	if (e->site.n) {
		mib_text(e->site, out);
		text_add(out, " ");
	}
	text_add(out, e->transport == TRANSPORT_NONE ? "-" : addr_text(&e->peer, peer));
	if (e->device)
		text_printf(out, " device %llu", (unsigned long long)e->device);
	text_printf(out, " %s%s%s ", colour ? colour_of(w->severity) : "", severity_name(w->severity),
	            colour ? "\x1b[0m" : "");
	text_add(out, text_str(&w->text));
}
