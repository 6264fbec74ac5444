// SPDX-License-Identifier: Apache-2.0
#include "snmp/v3_late.h"

#include <inttypes.h>

struct v3_late v3_late_of_message(const struct v3_message *m)
{
	struct v3_late l = { .boots = m->usm.boots, .time = m->usm.time };
	if (m->usm.engine.n > sizeof l.engine)
		return l;
	l.engine_n = (uint8_t)m->usm.engine.n;
	if (l.engine_n)
		memcpy(l.engine, m->usm.engine.p, l.engine_n);
	return l;
}

struct v3_late v3_late_of(const struct v3_received *r)
{
	struct v3_late l = v3_late_of_message(&r->message);
	l.own = r->own;
	l.known = r->clock.known;
	l.clock_boots = r->clock.boots;
	l.clock_time = r->clock_time;
	return l;
}

static void add_own(const struct v3_late *l, struct text *out)
{
	text_printf(out,
	            "it names our engine with boots %" PRIu32 ", time %" PRIu32 " s, but our clock is at boots %" PRIu32
	            ", time %" PRIu32 " s: ",
	            l->boots, l->time, l->clock_boots, l->clock_time);
	if (l->clock_boots == USM_BOOTS_MAX)
		text_add(out, "our boots are used up (RFC 3414 2.2.2); give the collector a new ID with engine-id");
	else
		text_add(out, "a sender that asks us for our clock, as RFC 3414 section 4 wants, is accepted");
}

static void add_why(const struct v3_late *l, struct text *out)
{
	if (l->boots == USM_BOOTS_MAX || l->clock_boots == USM_BOOTS_MAX)
		text_add(out, "boots that have reached their end are never accepted (RFC 3414 2.2.2)");
	else if (!l->known)
		text_printf(out, "that is outside the time window of %d s", USM_TIME_WINDOW);
	else if (l->boots < l->clock_boots)
		text_add(out, "its boots went back");
	else
		text_printf(out, "it is %" PRIu32 " s behind, and %d s are allowed", l->clock_time - l->time,
		            USM_TIME_WINDOW);
}

void v3_late_text(const struct v3_late *l, struct text *out)
{
	if (l->own) {
		add_own(l, out);
		return;
	}
	struct text id = { 0 };
	text_hex(&id, span_of(l->engine, l->engine_n));
	text_printf(out, "the clock of engine %s says boots %" PRIu32 ", time %" PRIu32 " s", text_str(&id), l->boots,
	            l->time);
	if (l->known)
		text_printf(out, ", but was at boots %" PRIu32 ", time %" PRIu32 " s", l->clock_boots, l->clock_time);
	text_add(out, ": ");
	add_why(l, out);
	text_printf(out,
	            ". If the device was replaced or set back: trapline engine reset %s; "
	            "if its clock is always wrong: trapline engine lenient %s",
	            text_str(&id), text_str(&id));
	text_done(&id);
}
