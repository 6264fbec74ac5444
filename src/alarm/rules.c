// SPDX-License-Identifier: Apache-2.0
// Values are compared as they are read by a person: numbers in decimal, text as clean text, OIDs dotted.
#include "alarm/rules.h"

#include <stdlib.h>

#include "event/member.h"
#include "mib/mib.h"
#include "snmp/ber.h"

static void rule_done(struct rule *r)
{
	text_done(&r->name);
	text_done(&r->text);
	text_done(&r->key);
	text_done(&r->words);
	text_done(&r->who);
	for (size_t i = 0; i < r->value_count; i++)
		text_done(&r->values[i].wanted);
}

void rules_free(struct rules *r)
{
	if (!r)
		return;
	for (size_t i = 0; i < r->count; i++)
		rule_done(&r->list[i]);
	free(r->list);
	free(r);
}

static bool take_oid(struct span object, const char *key, struct oid *out, struct text *why)
{
	struct text dotted = { 0 };
	bool good = true;
	if (member_text(object, key, &dotted) && mib_parse(text_str(&dotted), out) != ST_OK) {
		text_printf(why, "'%s' is not an OID, and no name that is known: %s", key, text_str(&dotted));
		good = false;
	}
	text_done(&dotted);
	return good;
}

static bool take_value(struct rule *r, struct span object, struct text *why)
{
	if (r->value_count == RULE_VALUES_MAX) {
		text_printf(why, "more than %d values", RULE_VALUES_MAX);
		return false;
	}
	struct rule_value *v = &r->values[r->value_count];
	*v = (struct rule_value){ 0 };
	r->value_count++;
	v->exact = member_text(object, "is", &v->wanted);
	if (!v->exact)
		(void)member_text(object, "contains", &v->wanted);
	if (!take_oid(object, "oid", &v->oid, why))
		return false;
	if (v->oid.n == 0)
		text_add(why, "a value without its 'oid'");
	return v->oid.n > 0;
}

static bool take_values(struct rule *r, struct span object, struct text *why)
{
	struct span list, item;
	if (!member_find(object, "values", &list))
		return true;
	struct rd walk = member_walk(list);
	while (member_item(&walk, &item))
		if (!take_value(r, item, why))
			return false;
	return true;
}

static bool take_verb(struct rule *r, struct span object, struct text *why)
{
	static const char *const verbs[] = { "raise", "clear", "ignore" };
	struct text name = { 0 };
	(void)member_text(object, "do", &name);
	bool known = false;
	for (unsigned i = 0; i < sizeof verbs / sizeof *verbs; i++) {
		if (strcmp(text_str(&name), verbs[i]) == 0) {
			r->verb = (enum rule_verb)i;
			known = true;
		}
	}
	text_done(&name);
	if (!known)
		text_add(why, "what it does is none of raise, clear, ignore");
	return known;
}

static bool take_severity(struct rule *r, struct span object, struct text *why)
{
	struct text name = { 0 };
	r->severity = SEVERITY_WARNING;
	bool given = member_text(object, "severity", &name);
	bool good = !given || severity_parse(text_str(&name), &r->severity) == ST_OK;
	if (!good)
		text_printf(why, "'%s' is no severity", text_str(&name));
	text_done(&name);
	return good;
}

static bool take_rule(struct rule *r, struct span object, struct text *why)
{
	int64_t seconds = 0;
	(void)member_text(object, "name", &r->name);
	(void)member_text(object, "text", &r->text);
	(void)member_text(object, "key", &r->key);
	(void)member_text(object, "words", &r->words);
	(void)member_text(object, "who", &r->who);
	(void)member_int(object, "expires", &seconds);
	r->expires = seconds > 0 && seconds < INT64_MAX / ALARM_SECOND ? seconds * ALARM_SECOND : 0;
	if (!take_verb(r, object, why) || !take_severity(r, object, why) || !take_oid(object, "trap", &r->trap, why) ||
	    !take_oid(object, "enterprise", &r->enterprise, why) || !take_values(r, object, why))
		return false;
	if (r->verb != RULE_IGNORE && r->key.n == 0) {
		text_add(why, "it has no key");
		return false;
	}
	return rule_pattern_check(span_of(r->key.p, r->key.n), why) &&
	       rule_pattern_check(span_of(r->words.p, r->words.n), why);
}

static size_t count_items(struct span list)
{
	struct rd walk = member_walk(list);
	struct span item;
	size_t n = 0;
	while (member_item(&walk, &item))
		n++;
	return n;
}

static bool out_of_memory(const struct rule *r)
{
	bool bad = r->name.bad || r->text.bad || r->key.bad || r->words.bad || r->who.bad;
	for (size_t i = 0; i < r->value_count; i++)
		bad = bad || r->values[i].wanted.bad;
	return bad;
}

static enum st take_rules(struct rules *r, struct span list, struct text *why)
{
	struct rd walk = member_walk(list);
	struct span item;
	while (member_item(&walk, &item)) {
		struct rule *rule = &r->list[r->count++];
		size_t before = why->n;
		struct text wrong = { 0 };
		bool good = take_rule(rule, item, &wrong);
		if (!good)
			text_printf(why, "%srule %zu: %s", before ? "; " : "", r->count, text_str(&wrong));
		text_done(&wrong);
		if (!good)
			return ST_SYNTAX;
		if (out_of_memory(rule))
			return ST_NO_MEMORY;
	}
	return ST_OK;
}

enum st rules_compile(struct span list, struct rules **out, struct text *why)
{
	size_t n = count_items(list);
	if (n > RULES_MAX) {
		text_printf(why, "%zu rules; at most %d", n, RULES_MAX);
		return ST_FULL;
	}
	struct rules *r = calloc(1, sizeof *r);
	if (r)
		r->list = calloc(n ? n : 1, sizeof *r->list);
	enum st st = r && r->list ? take_rules(r, list, why) : ST_NO_MEMORY;
	if (st == ST_OK)
		*out = r;
	else
		rules_free(r);
	return st;
}

// The value as a person reads it, into the emptied `out`.
static void plain_value(const struct snmp_varbind *v, struct text *out)
{
	text_clear(out);
	if (v->type == BER_OCTETS && mib_is_text(v->value))
		mib_text(v->value, out);
	else
		mib_render_as(NULL, v, out);
}

static bool at_or_below(const struct snmp_varbind *v, const struct oid *object)
{
	struct oid o;
	return oid_decode(v->oid, &o) == ST_OK && oid_starts_with(&o, object);
}

static bool value_holds(const struct rule_value *wanted, const struct snmp_notification *n, struct text *scratch)
{
	struct ber walk = ber_of(n->varbinds);
	struct snmp_varbind v;
	while (snmp_notification_next(&walk, &v)) {
		if (!at_or_below(&v, &wanted->oid))
			continue;
		plain_value(&v, scratch);
		bool same = scratch->n == wanted->wanted.n;
		if (wanted->exact ? same && strcmp(text_str(scratch), text_str(&wanted->wanted)) == 0
		                  : strstr(text_str(scratch), text_str(&wanted->wanted)) != NULL)
			return true;
	}
	return false;
}

static bool text_holds(const struct text *wanted, const struct snmp_notification *n)
{
	struct ber walk = ber_of(n->varbinds);
	struct snmp_varbind v;
	while (snmp_notification_next(&walk, &v))
		if (v.type == BER_OCTETS && v.value.n >= wanted->n &&
		    memmem(v.value.p, v.value.n, wanted->p, wanted->n))
			return true;
	return false;
}

static bool enterprise_holds(const struct rule *r, const struct snmp_notification *n)
{
	struct oid o;
	if (n->enterprise.n && oid_decode(n->enterprise, &o) == ST_OK && oid_starts_with(&o, &r->enterprise))
		return true;
	return oid_starts_with(&n->trap_oid, &r->enterprise);
}

static bool rule_holds(const struct rule *r, const struct snmp_notification *n, struct text *scratch)
{
	if (r->trap.n && !oid_starts_with(&n->trap_oid, &r->trap))
		return false;
	if (r->enterprise.n && !enterprise_holds(r, n))
		return false;
	if (r->text.n && !text_holds(&r->text, n))
		return false;
	for (size_t i = 0; i < r->value_count; i++)
		if (!value_holds(&r->values[i], n, scratch))
			return false;
	return true;
}

const struct rule *rules_match(const struct rules *r, const struct snmp_notification *n, struct text *scratch)
{
	for (size_t i = 0; r && i < r->count; i++)
		if (rule_holds(&r->list[i], n, scratch))
			return &r->list[i];
	return NULL;
}

static void add_first_text(const struct snmp_notification *n, struct text *out)
{
	struct ber walk = ber_of(n->varbinds);
	struct snmp_varbind v;
	struct oid o;
	while (snmp_notification_next(&walk, &v)) {
		if (v.type == BER_OCTETS && v.value.n && mib_is_text(v.value) && oid_decode(v.oid, &o) == ST_OK &&
		    !mib_secret(&o)) {
			mib_text_cut(v.value, ALARM_TEXT_MAX, out);
			return;
		}
	}
}

static void add_value(const struct snmp_notification *n, const char *name, struct text *out)
{
	struct ber walk = ber_of(n->varbinds);
	struct snmp_varbind v;
	struct oid object;
	if (mib_parse(name, &object) != ST_OK || mib_secret(&object))
		return;
	while (snmp_notification_next(&walk, &v)) {
		struct text plain = { 0 };
		if (!at_or_below(&v, &object))
			continue;
		plain_value(&v, &plain);
		mib_text_cut(span_of(plain.p, plain.n), ALARM_TEXT_MAX, out);
		text_done(&plain);
		return;
	}
}

static void add_placeholder(struct span name, const struct snmp_notification *n, struct text *out)
{
	if (span_equal(name, span_str("text"))) {
		add_first_text(n, out);
	} else if (span_equal(name, span_str("trap"))) {
		mib_dotted(&n->trap_oid, out);
	} else {
		struct text dotted = { 0 };
		text_bytes(&dotted, name);
		add_value(n, text_str(&dotted), out);
		text_done(&dotted);
	}
}

void rule_fill(const struct text *pattern, const struct snmp_notification *n, struct text *out)
{
	const char *at = text_str(pattern);
	while (*at) {
		size_t plain = strcspn(at, "{");
		text_bytes(out, span_of(at, plain));
		at += plain;
		size_t length = strcspn(at, "}");
		if (*at && at[length]) {
			add_placeholder(span_of(at + 1, length - 1), n, out);
			at += length + 1;
		} else {
			at += length;
		}
	}
}

static bool placeholder_good(struct span name, struct text *why)
{
	struct text dotted = { 0 };
	struct oid o;
	text_bytes(&dotted, name);
	bool good = span_equal(name, span_str("text")) || span_equal(name, span_str("trap")) ||
	            (name.n && mib_parse(text_str(&dotted), &o) == ST_OK);
	if (!good)
		text_printf(why, "{%s} is neither {text} nor {trap} nor the OID or name of a value", text_str(&dotted));
	text_done(&dotted);
	return good;
}

bool rule_pattern_check(struct span pattern, struct text *why)
{
	struct rd r = rd_of(pattern);
	unsigned placeholders = 0;
	while (rd_left(&r)) {
		if (rd_u8(&r) != '{')
			continue;
		const uint8_t *end = rd_left(&r) ? memchr(r.at, '}', rd_left(&r)) : NULL;
		if (!end) {
			text_add(why, "a '{' without its '}'");
			return false;
		}
		if (++placeholders > RULE_PLACES_MAX) {
			text_printf(why, "more than %d placeholders", RULE_PLACES_MAX);
			return false;
		}
		struct span name = rd_take(&r, (size_t)(end - r.at));
		rd_skip(&r, 1);
		if (!placeholder_good(name, why))
			return false;
	}
	return true;
}
