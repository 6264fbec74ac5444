// SPDX-License-Identifier: Apache-2.0
#include "cli/filter.h"

#include <string.h>

#include "cli/cli.h"
#include "cli/when.h"
#include "mib/mib.h"

static int take_when(const struct args *a, const char *name, int64_t now, int64_t *out)
{
	const char *text = args_value(a, name);
	if (text && when_parse(text, now, out))
		return args_wrong(a, "--%s %s: write 90s, 15m, 1h, 2d, 1w, or a moment such as 2026-11-20T22:33:28Z",
		                  name, text);
	return CLI_DONE;
}

static int take_source(const struct args *a, struct filter *f)
{
	const char *text = args_value(a, "source");
	f->has_source = text != NULL;
	if (text && prefix_parse(text, &f->source))
		return args_wrong(
		        a, "--source %s: write an address, or a prefix such as 10.0.0.0/8 without bits behind it",
		        text);
	return CLI_DONE;
}

static int take_oid(const struct args *a, struct filter *f)
{
	const char *text = args_value(a, "oid");
	if (text && mib_parse(text, &f->oid))
		return args_wrong(a, "--oid %s: not an OID, and no name that is known", text);
	return CLI_DONE;
}

static int take_severity(const struct args *a, struct filter *f)
{
	const char *text = args_value(a, "severity");
	f->has_severity = text != NULL;
	if (text && severity_parse(text, &f->severity))
		return args_wrong(a, "--severity %s: write critical, major, minor, warning, info or cleared", text);
	return CLI_DONE;
}

static unsigned kind_bit(const char *name, size_t n)
{
	if (n == 3 && memcmp(name, "all", n) == 0)
		return (1u << EVENT_KIND_COUNT) - 1;
	for (unsigned kind = 1; kind < EVENT_KIND_COUNT; kind++)
		if (strlen(event_kind_name(kind)) == n && memcmp(event_kind_name(kind), name, n) == 0)
			return 1u << kind;
	return 0;
}

static int take_kinds(const struct args *a, struct filter *f)
{
	const char *text = args_value(a, "kind");
	f->kinds = 1u << EVENT_TRAP | 1u << EVENT_INFORM | 1u << EVENT_STORM;
	if (!text)
		return CLI_DONE;
	f->kinds = 0;
	for (const char *at = text; at;) {
		size_t n = strcspn(at, ",");
		unsigned bit = kind_bit(at, n);
		if (!bit)
			return args_wrong(a,
			                  "--kind %s: write some of "
			                  "trap,inform,storm,started,stopped,reloaded,gap,tick,act,poll,rules, or all",
			                  text);
		f->kinds |= bit;
		at = at[n] ? at + n + 1 : NULL;
	}
	return CLI_DONE;
}

int filter_of(const struct args *a, int64_t now, struct filter *out)
{
	struct filter f = { .site = args_value(a, "site") };
	int code = take_when(a, "since", now, &f.since);
	if (code == CLI_DONE)
		code = take_when(a, "until", now, &f.until);
	if (code == CLI_DONE)
		code = take_source(a, &f);
	if (code == CLI_DONE)
		code = take_oid(a, &f);
	if (code == CLI_DONE)
		code = take_severity(a, &f);
	if (code == CLI_DONE)
		code = take_kinds(a, &f);
	if (code == CLI_DONE && !args_number(a, "device", 1, INT64_MAX, &f.device))
		code = CLI_USAGE;
	if (code == CLI_DONE)
		*out = f;
	return code;
}

bool filter_event(const struct filter *f, const struct event *e)
{
	return e->kind < EVENT_KIND_COUNT && f->kinds & 1u << e->kind && (!f->since || e->received >= f->since) &&
	       (!f->until || e->received < f->until) && (!f->has_source || prefix_holds(&f->source, &e->peer)) &&
	       (!f->site || span_equal(e->site, span_str(f->site)));
}

bool filter_wants_words(const struct filter *f)
{
	return f->oid.n || f->has_severity;
}

bool filter_words(const struct filter *f, const struct event_words *w)
{
	if (f->has_severity && w->severity < f->severity)
		return false;
	return !f->oid.n || (w->has_notification && oid_starts_with(&w->notification.trap_oid, &f->oid));
}
