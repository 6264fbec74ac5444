// SPDX-License-Identifier: Apache-2.0
// What people did is told with their name and their note; the members of a note are those that src/alarm writes.
#include "event/own.h"

#include "event/limits.h"
#include "event/member.h"
#include "mib/mib.h"

// Adds `before`, the string member of the note as one clean line, and `after`; nothing when there is none.
static void add_string(struct span note, const char *key, const char *before, const char *after, struct text *out)
{
	struct text raw = { 0 };
	if (member_text(note, key, &raw) && raw.n) {
		text_add(out, before);
		mib_text_cut(span_of(raw.p, raw.n), EVENT_WORDS_MAX, out);
		text_add(out, after);
	}
	text_done(&raw);
}

static void add_number(struct span note, const char *key, const char *before, struct text *out)
{
	int64_t n;
	if (member_int(note, key, &n))
		text_printf(out, "%s%lld", before, (long long)n);
}

static void say_act(struct span note, struct text *out)
{
	static const struct {
		const char *act, *did;
	} acts[] = { { "ack", "acknowledged" },    { "unack", "took back the acknowledgement of" },
		     { "clear", "cleared" },       { "silence", "silenced" },
		     { "unsilence", "ended the" }, { "merge", "merged" } };
	struct text act = { 0 };
	size_t before = out->n;
	add_string(note, "by", "", "", out);
	if (out->n == before)
		text_add(out, "Somebody");
	(void)member_text(note, "act", &act);
	const char *did = "did what this Trapline does not know";
	for (size_t i = 0; i < sizeof acts / sizeof *acts; i++)
		if (strcmp(acts[i].act, text_str(&act)) == 0)
			did = acts[i].did;
	text_done(&act);
	text_printf(out, " %s", did);
	add_number(note, "alarm", " alarm ", out);
	add_number(note, "silence", " silence ", out);
	add_string(note, "site", " site ", "", out);
	add_number(note, "device", " device ", out);
	add_number(note, "into", " into ", out);
	add_number(note, "code", " code ", out);
	add_string(note, "key", " ", "", out);
	add_string(note, "note", ": ", "", out);
}

static void say_tick(struct span note, struct text *out)
{
	text_add(out, "A deadline passed");
	add_string(note, "what", ": ", "", out);
	add_number(note, "id", " ", out);
	add_string(note, "site", " ", "", out);
}

static void say_poll(struct span note, struct text *out)
{
	text_add(out, "Asked");
	add_number(note, "device", " device ", out);
	add_string(note, "asked", ": ", "", out);
	add_number(note, "gone", "; gone: alarm ", out);
}

static void say_site(struct span note, struct text *out)
{
	bool down = !member_true(note, "up");
	text_add(out, "Site");
	add_string(note, "site", " ", "", out);
	text_add(out, down ? " lost its tunnel" : " is connected");
	add_string(note, "peer", down ? " to " : " from ", "", out);
	add_string(note, "why", ": ", "", out);
}

static void say_rules(struct span note, struct text *out)
{
	text_add(out, "The rules of alarms changed");
	add_string(note, "file", " (", ")", out);
}

enum severity own_sentence(const struct event *e, struct text *out)
{
	static const struct {
		enum severity severity;
		const char *text;
		void (*say)(struct span note, struct text *out); // instead of text
	} own[EVENT_KIND_COUNT] = {
		[EVENT_STARTED] = { SEVERITY_INFO, "The collector started", NULL },
		[EVENT_STOPPED] = { SEVERITY_INFO, "The collector stopped", NULL },
		[EVENT_RELOADED] = { SEVERITY_INFO, "The collector read its configuration again", NULL },
		[EVENT_GAP] = { SEVERITY_WARNING, "A reader of the journal fell behind and missed events", NULL },
		[EVENT_TICK] = { SEVERITY_INFO, NULL, say_tick },
		[EVENT_ACT] = { SEVERITY_INFO, NULL, say_act },
		[EVENT_POLL] = { SEVERITY_INFO, NULL, say_poll },
		[EVENT_RULES] = { SEVERITY_INFO, NULL, say_rules },
		[EVENT_SITE] = { SEVERITY_INFO, NULL, say_site },
	};
	bool known = e->kind < EVENT_KIND_COUNT && (own[e->kind].text || own[e->kind].say);
	if (known && own[e->kind].say)
		own[e->kind].say(e->note, out);
	else
		text_add(out, known ? own[e->kind].text : "An event of the collector");
	return known ? own[e->kind].severity : SEVERITY_INFO;
}
