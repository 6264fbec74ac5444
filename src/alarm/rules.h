// SPDX-License-Identifier: Apache-2.0
// Rules for devices whose meaning is only in a vendor's numbers or text. The rule file is YAML and is read on a higher
// floor; here a rule set is its compiled form, a JSON list, which is what the journal keeps and the state remembers:
//
//	{ "name": "label printer, error",    shown in complaints and logs
//	  "trap": "1.3.6.1.4.1.10642",       the trap's OID is this or below it
//	  "enterprise": "1.3.6.1.4.1.10642", so is its enterprise
//	  "text": "error",                   some text among its values holds this
//	  "values": [ { "oid": "1.3.6.1.4.1.10642.20.3.6", "is": "5" } ],  or "contains"; without either: it is there
//	  "do": "raise",                     raise, clear or ignore
//	  "key": "error/{1.3.6.1.4.1.10642.20.3.6}",
//	  "severity": "major", "words": "The label printer says: {text}", "who": "anyone", "expires": 3600 }
//
// All conditions of a rule must hold, and the first rule that matches decides; without one the built-in meaning holds.
// In key and words {text} is the first text among the values, {trap} the trap's number, {OID} the first value at or below that OID.
#ifndef ALARM_RULES_H
#define ALARM_RULES_H

#include "alarm/limits.h"
#include "event/describe.h"
#include "snmp/notification.h"

enum rule_verb { RULE_RAISE, RULE_CLEAR, RULE_IGNORE };

struct rule_value {
	struct oid oid;
	bool exact;         // `wanted` is the whole value, not a part of it
	struct text wanted; // empty and not exact: it is enough that there is such a value
};

struct rule {
	struct text name, text, key, words, who;
	struct oid trap, enterprise; // empty: any
	struct rule_value values[RULE_VALUES_MAX];
	size_t value_count;
	enum rule_verb verb;
	enum severity severity;
	int64_t expires; // nanoseconds, 0: never
};

struct rules {
	struct rule *list;
	size_t count;
};

// Makes the rules of a JSON list. ST_SYNTAX with a sentence in `why`; ST_FULL: more than a limit; ST_NO_MEMORY.
enum st rules_compile(struct span list, struct rules **out, struct text *why);
void rules_free(struct rules *r);

// The first rule that matches, or NULL. `scratch` is for its own use.
const struct rule *rules_match(const struct rules *r, const struct snmp_notification *n, struct text *scratch);
// A template with its placeholders replaced, behind what `out` holds.
void rule_fill(const struct text *pattern, const struct snmp_notification *n, struct text *out);
// Whether a template can be filled; `why` gets what is wrong.
bool rule_pattern_check(struct span pattern, struct text *why);

#endif
