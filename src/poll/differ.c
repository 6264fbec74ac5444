// SPDX-License-Identifier: Apache-2.0
#include "poll/differ.h"

#include "mib/mib.h"

struct differ {
	const struct poll_want *want;
	const struct poll_result *result;
	const char *asked;
	const struct hash_key *key;
	struct poll_told *told;
	poll_note_fn *note;
	void *arg;
	struct text text;
	struct json json;
};

static void begin(struct differ *d)
{
	text_clear(&d->text);
	d->json = json_of(&d->text);
	json_open(&d->json, '{');
	json_key(&d->json, "device");
	json_int(&d->json, d->want->device);
	json_key_str(&d->json, "asked", d->asked);
}

static bool end(struct differ *d)
{
	json_close(&d->json, '}');
	return !d->text.bad && d->text.n <= POLL_NOTE_MAX && d->note(d->arg, span_of(d->text.p, d->text.n));
}

// A device's text as one clean line of at most POLL_TEXT octets.
static void clean(struct span raw, struct text *out)
{
	text_clear(out);
	mib_text_cut(raw, POLL_TEXT, out);
}

static void add_text(struct differ *d, const char *key, struct span raw)
{
	struct text t = { 0 };
	clean(raw, &t);
	json_key(&d->json, key);
	json_text(&d->json, span_of(t.p, t.n));
	text_done(&t);
}

static void add_int(struct differ *d, const char *key, int64_t n)
{
	json_key(&d->json, key);
	json_int(&d->json, n);
}

// hrDeviceDescr, or the first line of sysDescr.
static struct span model_of(const struct poll_result *r)
{
	struct span s = poll_text_span(r->model.n ? &r->model : &r->descr);
	const uint8_t *line = s.n ? memchr(s.p, '\n', s.n) : NULL;
	return line ? span_of(s.p, (size_t)(line - s.p)) : s;
}

enum { IDENTITY = 4 };

struct identity {
	const char *key;
	struct span known, found;
};

static void identity_of(const struct differ *d, struct identity out[static IDENTITY])
{
	const struct poll_want *w = d->want;
	const struct poll_result *r = d->result;
	out[0] = (struct identity){ "serial", w->serial, poll_text_span(&r->serial) };
	out[1] = (struct identity){ "model", w->model, model_of(r) };
	out[2] = (struct identity){ "name", w->name, poll_text_span(&r->name) };
	out[3] = (struct identity){ "location", w->location, poll_text_span(&r->location) };
}

// What it does not say is no difference: another agent of the same device may have said it.
static bool identity_differs(const struct identity *list)
{
	struct text t = { 0 };
	bool differs = false;
	for (size_t i = 0; i < IDENTITY && !differs; i++) {
		clean(list[i].found, &t);
		differs = t.n && !span_equal(span_of(t.p, t.n), list[i].known);
	}
	text_done(&t);
	return differs;
}

static const char *status_name(int32_t status)
{
	static const char *const names[] = { NULL, "other", "unknown", "idle", "printing", "warmup" };
	return status > 0 && status < (int32_t)(sizeof names / sizeof *names) ? names[status] : NULL;
}

// hrPrinterDetectedErrorState; bit 0 is the most significant one of the first octet (RFC 2790).
static const char *const error_names[] = { "lowPaper",
	                                   "noPaper",
	                                   "lowToner",
	                                   "noToner",
	                                   "doorOpen",
	                                   "jammed",
	                                   "offline",
	                                   "serviceRequested",
	                                   "inputTrayMissing",
	                                   "outputTrayMissing",
	                                   "markerSupplyMissing",
	                                   "outputNearFull",
	                                   "outputFull",
	                                   "inputTrayEmpty",
	                                   "overduePreventMaint" };

static void add_errors(struct differ *d)
{
	const struct poll_result *r = d->result;
	json_key(&d->json, "errors");
	json_open(&d->json, '[');
	for (size_t bit = 0; bit < sizeof error_names / sizeof *error_names && bit / 8 < r->errors_n; bit++)
		if (r->errors[bit / 8] & 0x80 >> bit % 8)
			json_str(&d->json, error_names[bit]);
	json_close(&d->json, ']');
}

// How full a supply is in hundredths of its capacity, or -1 where that cannot be said.
static int percent_of(const struct poll_supply *s)
{
	int64_t capacity = s->number[SUPPLY_CAPACITY], level = s->number[SUPPLY_LEVEL];
	return capacity > 0 && level >= 0 ? (int)(level >= capacity ? 100 : level * 100 / capacity) : -1;
}

static void add_supplies(struct differ *d)
{
	static const char *const names[SUPPLY_NUMBERS] = { "class", "type", "unit", "capacity", "level" };
	json_key(&d->json, "supplies");
	json_open(&d->json, '[');
	for (size_t i = 0; i < d->result->supply_count && d->text.n < POLL_NOTE_MAX / 2; i++) {
		const struct poll_supply *s = &d->result->supplies[i];
		json_open(&d->json, '{');
		add_int(d, "index", s->index);
		for (size_t c = 0; c < SUPPLY_NUMBERS; c++)
			if (s->have >> c & 1)
				add_int(d, names[c], s->number[c]);
		if (percent_of(s) >= 0)
			add_int(d, "percent", percent_of(s));
		if (s->description.n)
			add_text(d, "description", poll_text_span(&s->description));
		json_close(&d->json, '}');
	}
	json_close(&d->json, ']');
}

static void hash_number(struct hash *h, int64_t n)
{
	hash_add(h, span_of(&n, sizeof n));
}

// Of everything that add_state says; a level counts in hundredths, so that a page more is no news.
static uint64_t state_hash(const struct differ *d, const struct identity *identity)
{
	const struct poll_result *r = d->result;
	struct hash h = hash_begin(d->key);
	for (size_t i = 0; i < IDENTITY; i++)
		hash_add_field(&h, identity[i].found);
	hash_add_field(&h, span_str(d->asked));
	hash_number(&h, r->status);
	hash_add_field(&h, span_of(r->errors, r->errors_n));
	for (size_t i = 0; i < r->supply_count; i++) {
		hash_number(&h, r->supplies[i].index);
		hash_number(&h, percent_of(&r->supplies[i]));
		hash_add_field(&h, poll_text_span(&r->supplies[i].description));
	}
	return hash_end(&h) | 1;
}

static void tell_state(struct differ *d)
{
	struct identity identity[IDENTITY];
	identity_of(d, identity);
	uint64_t hash = state_hash(d, identity);
	bool known = span_equal(span_str(d->asked), d->want->asked) && !identity_differs(identity);
	if (hash == d->told->state || (known && !d->result->printer))
		return;
	begin(d);
	for (size_t i = 0; i < IDENTITY; i++)
		if (identity[i].found.n)
			add_text(d, identity[i].key, identity[i].found);
	if (status_name(d->result->status))
		json_key_str(&d->json, "status", status_name(d->result->status));
	if (d->result->errors_n)
		add_errors(d);
	if (d->result->supply_count)
		add_supplies(d);
	if (end(d))
		d->told->state = hash;
}

static int64_t number_of(const struct poll_alert *a, enum poll_alert_column c)
{
	return a->have >> c & 1 ? a->number[c] : -1;
}

// A trap may leave it out; 0 then.
static bool is_device_of(const struct poll_alert *a, const struct poll_known *k)
{
	return k->hr_device == 0 || a->device == k->hr_device;
}

static bool is_alert_of(const struct poll_alert *a, const struct poll_known *k)
{
	return is_device_of(a, k) && number_of(a, ALERT_GROUP) == k->group &&
	       number_of(a, ALERT_GROUP_INDEX) == k->group_index && number_of(a, ALERT_LOCATION) == k->location &&
	       number_of(a, ALERT_CODE) == k->code;
}

static bool is_twin_of(const struct poll_alert *a, const struct poll_known *k)
{
	return is_device_of(a, k) && k->twin >= 0 && a->index == k->twin;
}

// The row says what is known already. A one-shot warning's severity is that of its last trap.
static bool says_nothing(const struct poll_alert *a, const struct poll_known *k)
{
	bool training = !(a->have >> ALERT_TRAINING & 1) || number_of(a, ALERT_TRAINING) == k->training;
	return a->index == k->index && training && (k->described || !a->description.n);
}

static bool is_known(const struct differ *d, const struct poll_alert *a)
{
	for (size_t i = 0; i < d->want->known_count; i++) {
		const struct poll_known *k = &d->want->known[i];
		if (is_twin_of(a, k) || (is_alert_of(a, k) && says_nothing(a, k)))
			return true;
	}
	return false;
}

static bool tell_alert(struct differ *d, const struct poll_alert *a)
{
	static const char *const names[ALERT_NUMBERS] = { "severity",    "training", "group",
		                                          "group_index", "location", "code" };
	begin(d);
	json_key(&d->json, "alert");
	json_open(&d->json, '{');
	add_int(d, "device", a->device);
	add_int(d, "index", a->index);
	for (size_t c = 0; c < ALERT_NUMBERS; c++)
		if (a->have >> c & 1)
			add_int(d, names[c], a->number[c]);
	if (a->description.n)
		add_text(d, "description", poll_text_span(&a->description));
	json_close(&d->json, '}');
	return end(d);
}

static bool is_news(const struct differ *d, const struct poll_alert *a)
{
	return a->have & (1U << ALERT_CODE | 1U << ALERT_GROUP) && !is_known(d, a);
}

static uint64_t alerts_hash(const struct differ *d)
{
	struct hash h = hash_begin(d->key);
	for (size_t i = 0; i < d->result->alert_count; i++) {
		const struct poll_alert *a = &d->result->alerts[i];
		if (!is_news(d, a))
			continue;
		hash_number(&h, a->device);
		hash_number(&h, a->index);
		for (size_t c = 0; c < ALERT_NUMBERS; c++)
			hash_number(&h, number_of(a, c));
		hash_add_field(&h, poll_text_span(&a->description));
	}
	return hash_end(&h) | 1;
}

static void tell_alerts(struct differ *d)
{
	uint64_t hash = alerts_hash(d);
	bool all = true;
	if (hash == d->told->alerts)
		return;
	for (size_t i = 0; i < d->result->alert_count; i++)
		if (is_news(d, &d->result->alerts[i]))
			all = tell_alert(d, &d->result->alerts[i]) && all;
	if (all)
		d->told->alerts = hash;
}

static bool is_there(const struct differ *d, const struct poll_known *k)
{
	for (size_t i = 0; i < d->result->alert_count; i++)
		if (is_alert_of(&d->result->alerts[i], k) || is_twin_of(&d->result->alerts[i], k))
			return true;
	return false;
}

static void tell_gone(struct differ *d)
{
	for (size_t i = 0; i < d->want->known_count; i++) {
		const struct poll_known *k = &d->want->known[i];
		if (is_there(d, k))
			continue;
		begin(d);
		add_int(d, "gone", k->alarm);
		add_int(d, "seen", k->seen);
		(void)end(d);
	}
}

// Of a printer only, whose table was read to its end and kept whole: that a row is missing says nothing else.
static bool table_is_whole(const struct poll_result *r)
{
	return r->printer_mib && r->alerts_whole && !r->alerts_cut && !r->no_memory;
}

void poll_differ(const struct poll_want *w, const struct poll_result *r, const char *refusal,
                 const struct hash_key *key, struct poll_told *told, poll_note_fn *note, void *arg)
{
	struct differ d = { .want = w, .result = r, .key = key, .told = told, .note = note, .arg = arg };
	d.asked = refusal ? refusal : r->st == ST_OK ? "ok" : st_text(r->st);
	tell_state(&d);
	tell_alerts(&d);
	if (table_is_whole(r))
		tell_gone(&d);
	text_done(&d.text);
}
