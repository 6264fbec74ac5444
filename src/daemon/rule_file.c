// SPDX-License-Identifier: Apache-2.0
// What one key alone shows is complained of by the reader (config_read.c); what only a whole rule shows, here. OIDs are
// written dotted, so that the list means the same whatever names a later Trapline knows.
#include "daemon/rule_file.h"

#include <string.h>

#include "alarm/rules.h"
#include "crypto/digest.h"
#include "daemon/config_file.h"
#include "mib/mib.h"

struct maker {
	struct rule_set *set;
	struct config_report *report;
	struct json list;
};

static void put_text(struct json *j, const struct setting *rule, const char *key)
{
	const struct setting *s = setting_find(rule, key);
	if (s)
		json_key_str(j, key, s->text);
}

static void put_oid(struct json *j, const struct setting *rule, const char *key)
{
	const struct setting *s = setting_find(rule, key);
	struct text dotted = { 0 };
	struct oid o;
	if (!s || mib_parse(s->text, &o) != ST_OK)
		return;
	mib_dotted(&o, &dotted);
	json_key_str(j, key, text_str(&dotted));
	text_done(&dotted);
}

static void put_span(struct json *j, const struct setting *rule, const char *key)
{
	const struct setting *s = setting_find(rule, key);
	int64_t seconds;
	if (s && config_parse_span(s->text, &seconds) == ST_OK)
		json_key_uint(j, key, (uint64_t)seconds);
}

static void check_value(struct maker *m, const struct setting *value)
{
	const struct setting *is = setting_find(value, "is"), *contains = setting_find(value, "contains");
	if (!setting_find(value, "oid"))
		config_error(m->report, value->place, "this value has no 'oid'; say which value it is, for example %s",
		             config_block_example(BLOCK_RULE_VALUE));
	if (is && contains)
		config_error(m->report, contains->place, "'is' and 'contains' stand together; keep one");
}

static void put_values(struct maker *m, const struct setting *rule)
{
	const struct setting *values = setting_find(rule, "values");
	size_t n = 0;
	if (!values)
		return;
	json_key(&m->list, "values");
	json_open(&m->list, '[');
	for (const struct setting *v = values->first; v; v = v->next) {
		check_value(m, v);
		if (++n == RULE_VALUES_MAX + 1)
			config_error(m->report, v->place, "more than %d values in one rule; write two rules",
			             RULE_VALUES_MAX);
		json_open(&m->list, '{');
		put_oid(&m->list, v, "oid");
		put_text(&m->list, v, "is");
		put_text(&m->list, v, "contains");
		json_close(&m->list, '}');
	}
	json_close(&m->list, ']');
}

static void check_rule(struct maker *m, const struct setting *rule)
{
	const struct setting *verb = setting_find(rule, "do"), *words = setting_find(rule, "words");
	bool raise = verb && strcmp(verb->text, "raise") == 0, ignore = verb && strcmp(verb->text, "ignore") == 0;
	if (!verb)
		config_error(m->report, rule->place, "this rule does nothing; add do: raise, do: clear or do: ignore");
	else if (!ignore && !setting_find(rule, "key"))
		config_error(m->report, rule->place,
		             "this rule has no 'key'; add for example key: error, and the same key to the rule that "
		             "%s it",
		             raise ? "clears" : "raises");
	if (words && !raise)
		config_warn(m->report, words->place,
		            "'words' are shown by rules that raise; here they are for nothing");
	if (raise && !words)
		config_warn(m->report, rule->place, "without 'words' its alarms say what the trap says by itself");
	if (!setting_find(rule, "trap") && !setting_find(rule, "enterprise") && !setting_find(rule, "text") &&
	    !setting_find(rule, "values"))
		config_warn(m->report, rule->place,
		            "it matches every trap of every device; add 'trap', 'enterprise', 'text' or 'values'");
}

static void put_rule(struct maker *m, const struct setting *rule)
{
	check_rule(m, rule);
	if (++m->set->count == RULES_MAX + 1)
		config_error(m->report, rule->place, "more than %d rules; is one of the files a mistake?", RULES_MAX);
	json_open(&m->list, '{');
	put_text(&m->list, rule, "name");
	put_oid(&m->list, rule, "trap");
	put_oid(&m->list, rule, "enterprise");
	put_text(&m->list, rule, "text");
	put_values(m, rule);
	put_text(&m->list, rule, "do");
	put_text(&m->list, rule, "key");
	put_text(&m->list, rule, "severity");
	put_text(&m->list, rule, "words");
	put_text(&m->list, rule, "who");
	put_span(&m->list, rule, "expires");
	json_close(&m->list, '}');
}

static enum st read_file(struct maker *m, const char *path)
{
	struct config_tree *t = config_tree_new();
	if (!t)
		return ST_NO_MEMORY;
	t->top = BLOCK_RULE_FILE;
	unsigned errors = m->report->errors;
	enum st st = config_file_read(path, false, t, m->report);
	bool whole = st == ST_OK && m->report->errors == errors; // else a rule may lack only what was not understood
	const struct setting *rules = whole ? setting_find(&t->root, "rules") : NULL;
	for (const struct setting *r = rules ? rules->first : NULL; r; r = r->next)
		put_rule(m, r);
	text_printf(&m->set->files, "%s%s", m->set->files.n ? ", " : "", path);
	config_tree_free(t);
	return st;
}

static void take_hash(struct rule_set *s)
{
	uint8_t digest[DIGEST_MAX];
	digest_of(&digest_sha256, span_of(s->list.p, s->list.n), digest);
	text_hex(&s->hash, span_of(digest, digest_sha256.size));
}

// The fold compiles the list again from the journal; what it would refuse must not get there.
static enum st prove(const struct rule_set *s, struct config_report *report)
{
	struct rules *rules = NULL;
	struct text why = { 0 };
	enum st st = rules_compile(span_of(s->list.p, s->list.n), &rules, &why);
	if (st != ST_OK && st != ST_NO_MEMORY)
		config_error(report, (struct config_place){ text_str(&s->files), 0, 0 }, "%s", text_str(&why));
	else if (st == ST_OK && s->list.n > RULES_BYTES_MAX)
		config_error(report, (struct config_place){ text_str(&s->files), 0, 0 },
		             "%zu octets of rules when written together; at most %d are kept", s->list.n,
		             RULES_BYTES_MAX);
	text_done(&why);
	rules_free(rules);
	return st == ST_NO_MEMORY ? st : ST_OK;
}

enum st rule_set_read(const char *const *paths, size_t n, struct rule_set *out, struct config_report *report)
{
	*out = (struct rule_set){ 0 };
	struct maker m = { .set = out, .report = report, .list = json_of(&out->list) };
	unsigned errors = report->errors;
	enum st st = ST_OK;
	json_open(&m.list, '[');
	for (size_t i = 0; i < n && st == ST_OK; i++)
		st = read_file(&m, paths[i]);
	json_close(&m.list, ']');
	if (st == ST_OK && n)
		take_hash(out);
	if (st == ST_OK && (out->files.bad || out->list.bad || out->hash.bad))
		st = ST_NO_MEMORY;
	if (st == ST_OK && report->errors == errors)
		st = prove(out, report);
	if (st != ST_OK || report->errors != errors)
		rule_set_done(out);
	return st;
}

void rule_set_done(struct rule_set *s)
{
	text_done(&s->files);
	text_done(&s->list);
	text_done(&s->hash);
	*s = (struct rule_set){ 0 };
}

void rule_set_note(const struct rule_set *s, struct text *out)
{
	struct json j = json_of(out);
	json_open(&j, '{');
	json_key_str(&j, "hash", text_str(&s->hash));
	json_key_str(&j, "file", text_str(&s->files));
	json_key(&j, "rules");
	if (s->list.n) {
		json_value(&j, &s->list);
	} else {
		json_open(&j, '[');
		json_close(&j, ']');
	}
	json_close(&j, '}');
}
