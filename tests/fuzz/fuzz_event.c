// SPDX-License-Identifier: Apache-2.0
// Any octets as an event's record. What was accepted comes back the same when written again, and its words, its JSON and
// its line keep their promises whatever the PDU, the labels and the note are.
#include <stdlib.h>
#include <string.h>

#include "event/describe.h"
#include "event/limits.h"
#include "event/note.h"
#include "fuzz.h"

static void coded_again(const struct event *e, size_t n)
{
	uint8_t *record = malloc(n + EVENT_RECORD_OVERHEAD);
	struct event back;
	size_t length = event_encode(e, record, n + EVENT_RECORD_OVERHEAD);
	fuzz_require(length > 0 && length <= n); // unknown fields are left out
	fuzz_require(event_kind_of(span_of(record, length)) == e->kind);
	fuzz_require(event_decode(span_of(record, length), &back) == ST_OK);
	fuzz_require(back.received == e->received && back.flags == e->flags && back.count == e->count);
	fuzz_require(span_equal(back.pdu, e->pdu) && span_equal(back.note, e->note) && span_equal(back.site, e->site));
	struct hash_key key = { 1, 2 };
	fuzz_require(event_duplicate_key(e, &key) == event_duplicate_key(&back, &key));
	free(record);
}

static void one_clean_line(const struct text *t)
{
	fuzz_require(!t->bad);
	for (size_t i = 0; i < t->n; i++)
		fuzz_require((uint8_t)t->p[i] >= 0x20 && (uint8_t)t->p[i] != 0x7f);
}

static void say(const struct event *e)
{
	struct event_words w = { 0 };
	if (event_describe(e, &w) != ST_OK)
		return;
	one_clean_line(&w.text);
	one_clean_line(&w.name);
	fuzz_require(w.text.n > 0 && w.text.n <= EVENT_SENTENCE_MAX && (unsigned)w.severity < SEVERITY_COUNT);
	struct text line = { 0 };
	event_line(e, &w, false, &line);
	one_clean_line(&line);
	text_clear(&line);
	event_json(e, &w, &line);
	one_clean_line(&line);
	// A note may nest as deep as the checker goes, and stands one level deeper here.
	for (size_t i = 0; i < line.n; i++)
		if ((uint8_t)line.p[i] >= 0x80)
			line.p[i] = '?';
	fuzz_require(e->note.n > 0 || note_is_json(span_of(line.p, line.n)));
	text_done(&line);
	event_words_done(&w);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	uint8_t *p = malloc(n ? n : 1);
	if (n)
		memcpy(p, data, n);
	struct event e;
	if (event_decode(span_of(p, n), &e) == ST_OK) {
		coded_again(&e, n);
		say(&e);
	}
	free(p);
	return 0;
}
