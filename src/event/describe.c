// SPDX-License-Identifier: Apache-2.0
// The words of an event, made when it is read: its PDU as a notification, the name of the trap, one sentence, and how
// bad it is. Printer alerts come first, in whatever notification they stand; then the known notifications; then what can
// be said of any.
#include "event/describe.h"

#include <string.h>

#include "event/limits.h"
#include "event/own.h"
#include "event/sentences.h"
#include "mib/mib.h"
#include "printer/printer.h"

static const char *const severities[SEVERITY_COUNT] = {
	[SEVERITY_CLEARED] = "cleared", [SEVERITY_INFO] = "info",   [SEVERITY_WARNING] = "warning",
	[SEVERITY_MINOR] = "minor",     [SEVERITY_MAJOR] = "major", [SEVERITY_CRITICAL] = "critical",
};

const char *severity_name(enum severity s)
{
	return (unsigned)s < SEVERITY_COUNT ? severities[s] : "unknown";
}

enum st severity_parse(const char *name, enum severity *out)
{
	for (unsigned s = 0; s < SEVERITY_COUNT; s++) {
		if (strcmp(severities[s], name) == 0) {
			*out = (enum severity)s;
			return ST_OK;
		}
	}
	return ST_SYNTAX;
}

void event_words_done(struct event_words *w)
{
	text_done(&w->name);
	text_done(&w->text);
}

static void shorten(struct text *t)
{
	static const char dots[] = "...";
	if (t->bad || t->n <= EVENT_SENTENCE_MAX)
		return;
	size_t n = EVENT_SENTENCE_MAX - (sizeof(dots) - 1);
	while (n && ((uint8_t)t->p[n] & 0xc0) == 0x80) // never inside a UTF-8 character
		n--;
	t->n = n;
	t->p[n] = 0;
	text_add(t, dots);
}

static void describe_notification(const struct event *e, struct event_words *w)
{
	struct printer_alert alert;
	mib_name(&w->notification.trap_oid, &w->name);
	if (printer_alert_of(&w->notification, &alert)) {
		printer_sentence(&alert, &w->text);
		severity_parse(printer_severity(&alert), &w->severity);
	} else {
		w->severity = sentence_of(&w->notification, e->kind == EVENT_INFORM, &w->text);
	}
}

static void describe_storm(const struct event *e, struct event_words *w)
{
	char peer[ADDR_TEXT];
	struct text first = w->text;
	w->text = (struct text){ 0 };
	text_printf(&w->text, "%u message%s from %s in one second; the first: %s", e->count, e->count == 1 ? "" : "s",
	            addr_ip_text(&e->peer, peer), text_str(&first));
	text_done(&first);
}

enum severity event_severity(const struct snmp_notification *n, struct text *scratch)
{
	text_clear(scratch);
	return sentence_of(n, false, scratch);
}

static bool has_pdu(const struct event *e)
{
	return e->kind == EVENT_TRAP || e->kind == EVENT_INFORM || e->kind == EVENT_STORM;
}

enum st event_describe(const struct event *e, struct event_words *out)
{
	struct event_words w = { 0 };
	if (!has_pdu(e)) {
		w.severity = own_sentence(e, &w.text);
		shorten(&w.text);
		*out = w;
		return ST_OK;
	}
	struct snmp_pdu pdu;
	if (snmp_parse_pdu(e->pdu, &pdu) != ST_OK || snmp_normalise(&pdu, &w.notification) != ST_OK)
		return ST_DAMAGED;
	w.has_notification = true;
	describe_notification(e, &w);
	if (e->kind == EVENT_STORM)
		describe_storm(e, &w);
	shorten(&w.text);
	*out = w;
	return ST_OK;
}
