// SPDX-License-Identifier: Apache-2.0
#include "intake/storm.h"

#include <stdlib.h>
#include <string.h>

#include "intake/limits.h"

enum st storms_init(struct storms *s)
{
	*s = (struct storms){ .sources = calloc(STORM_SOURCES, sizeof(struct storm_source)) };
	s->open_end = &s->open;
	return s->sources ? ST_OK : ST_NO_MEMORY;
}

static void storm_free(struct storm *storm)
{
	while (storm->answers) {
		struct storm_answer *a = storm->answers;
		storm->answers = a->next;
		free(a);
	}
	free(storm->kept);
	free(storm->last);
	free(storm);
}

void storms_done(struct storms *s)
{
	while (s->open) {
		struct storm *storm = s->open;
		s->open = storm->next;
		storm_free(storm);
	}
	free(s->sources);
	*s = (struct storms){ 0 };
}

static size_t source_home(const struct hash_key *key, const struct addr *peer)
{
	struct hash h = hash_begin(key);
	hash_add(&h, span_of(peer->ip, sizeof peer->ip));
	return hash_end(&h);
}

// The source's slot, or one that nobody needs any more; NULL when all that were looked at are in use this second.
static struct storm_source *source_slot(struct storms *s, const struct hash_key *key, const struct addr *peer,
                                        uint32_t second)
{
	struct storm_source *idle = NULL;
	size_t home = source_home(key, peer);
	for (size_t i = 0; i < STORM_PROBES; i++) {
		struct storm_source *x = &s->sources[(home + i) % STORM_SOURCES];
		if (memcmp(x->ip, peer->ip, sizeof x->ip) == 0 && x->count)
			return x;
		if (!idle && !x->storm && (x->count == 0 || x->second != second))
			idle = x;
	}
	if (idle) {
		*idle = (struct storm_source){ .second = second };
		memcpy(idle->ip, peer->ip, sizeof idle->ip);
	}
	return idle;
}

bool storms_over(struct storms *s, const struct hash_key *key, const struct addr *peer, uint32_t second, uint32_t rate,
                 struct storm_source **source)
{
	struct storm_source *x = source_slot(s, key, peer, second);
	if (!x)
		return false;
	if (x->second != second) {
		x->second = second;
		x->count = 0;
	}
	*source = x;
	return ++x->count > rate;
}

static uint8_t *copy_of(struct span s)
{
	uint8_t *p = malloc(s.n ? s.n : 1);
	if (p && s.n)
		memcpy(p, s.p, s.n);
	return p;
}

static size_t first_bytes(const struct event *e)
{
	return e->site.n + e->credential.n + e->engine.n + e->context.n + e->pdu.n;
}

// One allocation for all spans of the first message.
static bool keep_first(struct storm *storm, const struct event *e)
{
	const struct span *from[] = { &e->site, &e->credential, &e->engine, &e->context, &e->pdu };
	storm->event = *e;
	struct span *to[] = { &storm->event.site, &storm->event.credential, &storm->event.engine, &storm->event.context,
		              &storm->event.pdu };
	storm->kept_bytes = first_bytes(e);
	uint8_t *p = storm->kept = malloc(storm->kept_bytes + 1);
	if (!p)
		return false;
	for (size_t i = 0; i < sizeof from / sizeof *from; i++) {
		if (from[i]->n)
			memcpy(p, from[i]->p, from[i]->n);
		*to[i] = span_of(p, from[i]->n);
		p += from[i]->n;
	}
	storm->event.kind = EVENT_STORM;
	storm->event.count = 0;
	return true;
}

static struct storm *storm_open(struct storms *s, struct storm_source *source, const struct event *e, uint16_t listener)
{
	struct storm *storm = calloc(1, sizeof *storm);
	if (!storm || !keep_first(storm, e)) {
		free(storm);
		return NULL;
	}
	storm->listener = listener;
	storm->source = source;
	storm->second = source->second;
	storm->answers_end = &storm->answers;
	source->storm = storm;
	*s->open_end = storm;
	s->open_end = &storm->next;
	return storm;
}

static size_t row_bytes(const struct storm *storm)
{
	return storm->kept_bytes + storm->event.pdu_last.n;
}

enum st storms_add(struct storms *s, struct storm_source *source, const struct event *e, uint16_t listener)
{
	struct storm *storm = source->storm;
	size_t before = storm ? row_bytes(storm) : 0;
	size_t after = (storm ? storm->kept_bytes : first_bytes(e)) + e->pdu.n;
	if (s->bytes - before + after > STORM_BYTES)
		return ST_FULL;
	uint8_t *last = copy_of(e->pdu);
	if (!storm && last)
		storm = storm_open(s, source, e, listener);
	if (!last || !storm) {
		free(last);
		return ST_NO_MEMORY;
	}
	s->bytes = s->bytes - before + after;
	free(storm->last);
	storm->last = last;
	storm->event.pdu_last = span_of(last, e->pdu.n);
	storm->event.count++;
	return ST_OK;
}

struct storm *storms_find(struct storms *s, const struct hash_key *key, const struct addr *peer)
{
	size_t home = source_home(key, peer);
	for (size_t i = 0; s->open && i < STORM_PROBES; i++) {
		struct storm_source *x = &s->sources[(home + i) % STORM_SOURCES];
		if (x->storm && memcmp(x->ip, peer->ip, sizeof x->ip) == 0)
			return x->storm;
	}
	return NULL;
}

bool storms_answer(struct storms *s, struct storm *storm, const struct answer_to *to, struct span bytes)
{
	size_t cost = flight_answer_cost(bytes.n);
	if (storm->answer_count >= STORM_ANSWERS || s->answer_bytes + cost > STORM_ANSWER_BYTES)
		return false;
	struct storm_answer *a = malloc(sizeof *a + bytes.n);
	if (!a)
		return false;
	*a = (struct storm_answer){ .to = *to, .n = bytes.n };
	memcpy(a->bytes, bytes.p, bytes.n);
	*storm->answers_end = a;
	storm->answers_end = &a->next;
	storm->answer_count++;
	storm->answer_bytes += cost;
	s->answer_bytes += cost;
	return true;
}

struct storm *storms_ripe(struct storms *s, uint32_t second, bool all)
{
	return s->open && (all || s->open->second != second) ? s->open : NULL;
}

void storms_close(struct storms *s, struct storm *storm)
{
	s->open = storm->next;
	if (!s->open)
		s->open_end = &s->open;
	storm->source->storm = NULL;
	s->answer_bytes -= storm->answer_bytes;
	s->bytes -= row_bytes(storm);
	storm_free(storm);
}
