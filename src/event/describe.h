// SPDX-License-Identifier: Apache-2.0
// An event in words: the sentence, its severity, and the JSON line of the contract (docs, design 6).
#ifndef EVENT_DESCRIBE_H
#define EVENT_DESCRIBE_H

#include "base/json.h"
#include "event/event.h"
#include "snmp/notification.h"

enum severity {
	SEVERITY_CLEARED,
	SEVERITY_INFO,
	SEVERITY_WARNING,
	SEVERITY_MINOR,
	SEVERITY_MAJOR,
	SEVERITY_CRITICAL,
	SEVERITY_COUNT
};

struct event_words {
	struct snmp_notification notification; // valid when the event has a PDU
	bool has_notification;
	enum severity severity;
	struct text name; // the name of the trap OID, or its number
	struct text text; // one plain sentence
};

// Makes the words. The caller owns them: event_words_done. ST_DAMAGED when the PDU cannot be read.
enum st event_describe(const struct event *e, struct event_words *out);
void event_words_done(struct event_words *w);

// The severity alone, of a notification that is no printer alert. `scratch` is for its own use, so that a caller who asks
// often does not allocate each time.
enum severity event_severity(const struct snmp_notification *n, struct text *scratch);

const char *severity_name(enum severity s);
enum st severity_parse(const char *name, enum severity *out);

// One JSON object, no newline. id is left out when 0 (decode).
void event_json(const struct event *e, const struct event_words *w, struct text *out);
// The same of a message in a capture that is not accepted, with `refused` (the name of the reason) and `reason` (a sentence).
// Kind 0: it could not be read; then what is known of it may be little.
void event_json_refused(const struct event *e, const struct event_words *w, enum st refused, const char *reason,
                        struct text *out);
// One line for a terminal: time, peer, severity, sentence. `colour` adds ANSI colour to the severity.
void event_line(const struct event *e, const struct event_words *w, bool colour, struct text *out);
// RFC 3339 in UTC with nine digits: "2026-11-20T22:33:28.123456789Z".
void event_time_text(int64_t nanoseconds, struct text *out);

#endif
