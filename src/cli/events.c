// SPDX-License-Identifier: Apache-2.0
// `trapline events`: reads the journal by itself, in short pages. The newest N are found by walking back and counting, so
// that nothing but a block is ever held.
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/ring.h"
#include "cli/cli.h"
#include "cli/commands.h"
#include "cli/filter.h"
#include "cli/place.h"
#include "event/member.h"
#include "io/system.h"
#include "store/journal.h"
#include "store/state.h"

enum { NEWEST = 50, FOLLOW_MS = 100 };

struct listing {
	const struct args *args;
	const char *dir;
	struct journal_reader *reader; // NULL while there is no journal
	struct state *state;           // who sent it; NULL while there is none
	struct filter filter;
	bool json, colour;
	bool say_more; // that there are older ones
	uint64_t skip; // matching events that are not printed
	struct text line;
};

static void print_event(struct listing *l, const struct event *e, const struct event_words *w)
{
	text_clear(&l->line);
	if (l->json)
		event_json(e, w, &l->line);
	else
		event_line(e, w, l->colour, &l->line);
	puts(text_str(&l->line));
}

static void open_state(struct listing *l)
{
	struct text why = { 0 };
	if (!l->state && state_open_reader(l->dir, STATE_FILE, &l->state, &why) != ST_OK)
		l->state = NULL; // without it nothing is said of devices
	text_done(&why);
}

static void close_state(struct listing *l)
{
	state_close(l->state);
	l->state = NULL;
}

// Looked up only for what passes the other filters.
static void find_device(struct listing *l, struct event *e)
{
	struct sender sender;
	struct snmp_pdu pdu;
	struct snmp_notification n;
	int64_t device = 0;
	bool relayed = e->flags & EVENT_FLAG_RELAYED && snmp_parse_pdu(e->pdu, &pdu) == ST_OK &&
	               snmp_normalise(&pdu, &n) == ST_OK;
	if (e->pdu.n == 0) {
		(void)member_int(e->note, "device", &device);
	} else if (l->state) {
		sender_of(e, relayed ? &n : NULL, &sender);
		(void)state_device(l->state, &sender, &device);
	}
	e->device = device > 0 ? (uint64_t)device : 0;
}

// True when the event passes the filter; it is printed if `print` and nothing is to be skipped any more.
static bool take_event(struct listing *l, struct event *e, bool print)
{
	struct event_words words = { 0 };
	if (!filter_event(&l->filter, e))
		return false;
	if (print || l->filter.device)
		find_device(l, e);
	if (l->filter.device && l->filter.device != e->device)
		return false;
	if (!print && !filter_wants_words(&l->filter))
		return true;
	if (event_describe(e, &words)) {
		event_words_done(&words);
		if (print)
			fprintf(stderr, "event %" PRIu64 " cannot be read; trapline verify says more\n", e->id);
		return false;
	}
	bool matches = filter_words(&l->filter, &words);
	if (matches && print && l->skip)
		l->skip--;
	else if (matches && print)
		print_event(l, e, &words);
	event_words_done(&words);
	return matches;
}

// The matching events of a block from id `from` on.
static uint64_t take_block(struct listing *l, const struct journal_block *b, uint64_t from, bool print)
{
	struct rd frames = rd_of(b->frames);
	struct span record;
	uint64_t matches = 0;
	for (uint64_t id = b->first; frame_next(&frames, &record); id++) {
		struct event e;
		if (id < from)
			continue;
		if (event_decode(record, &e)) {
			if (print)
				fprintf(stderr, "event %" PRIu64 " is damaged; trapline verify says more\n", id);
			continue;
		}
		e.id = id;
		matches += take_event(l, &e, print);
	}
	return matches;
}

static int failed(const struct listing *l, enum st st, const struct text *why)
{
	return args_failed(l->args, "%s", why && why->n ? text_str(why) : st_text(st));
}

// Where to begin so that `limit` matching events follow; l->skip says how many more of the first block come before them.
static enum st find_newest(struct listing *l, uint64_t oldest, uint64_t next, uint64_t limit, uint64_t *from)
{
	struct journal_block b;
	uint64_t found = 0, at = next;
	enum st st = ST_OK;
	*from = next;
	open_state(l);
	while (found < limit && at > oldest && (st = journal_read_back(l->reader, at, &b)) == ST_OK) {
		found += take_block(l, &b, oldest, false);
		*from = at = b.first;
	}
	l->skip = found > limit ? found - limit : 0;
	if (l->say_more && found >= limit && (l->skip || at > oldest))
		fprintf(stderr, "the newest %" PRIu64 "; --limit 0 shows all\n", limit);
	if (*from < oldest)
		*from = oldest;
	return st == ST_NONE ? ST_OK : st;
}

// Prints what there is from id *at on; *at is then the next id to read.
static enum st print_from(struct listing *l, uint64_t *at)
{
	struct journal_block b;
	enum st st;
	while ((st = journal_read(l->reader, *at, &b)) == ST_OK) {
		open_state(l);
		take_block(l, &b, *at, true);
		*at = b.first + b.count;
	}
	close_state(l); // the next ones may find another file
	return st == ST_NONE ? ST_OK : st;
}

// Prints the past, as far as it is wanted; *at is then the id that follows it.
static enum st list_past(struct listing *l, bool past, uint64_t limit, uint64_t *at)
{
	uint64_t oldest, next, from;
	enum st st = journal_bounds(l->reader, &oldest, &next);
	if (st)
		return st;
	*at = next;
	if (!past)
		return ST_OK;
	if (l->filter.since && journal_seek_time(l->reader, l->filter.since, &from) == ST_OK && from > oldest)
		oldest = from;
	*at = oldest;
	if (limit)
		st = find_newest(l, oldest, next, limit, at);
	return st ? st : print_from(l, at);
}

static void pause_ms(long ms)
{
	const struct timespec t = { ms / 1000, ms % 1000 * 1000000 };
	nanosleep(&t, NULL);
}

// A journal may not be there yet, or not be readable for a moment while the collector starts. What will not go away by
// waiting ends the following.
static bool may_pass(enum st st)
{
	return st == ST_NONE || st == ST_BUSY || st == ST_IO || st == ST_SYSTEM;
}

// Opens the journal, waiting for it when following. *late: it was not there at first.
static int open_journal(struct listing *l, bool wait, bool *late)
{
	struct text why = { 0 };
	enum st st;
	while ((st = journal_reader_open(l->dir, &l->reader, &why)) && wait && may_pass(st)) {
		if (!*late)
			fprintf(stderr, "waiting: %s\n", text_str(&why));
		*late = true;
		text_clear(&why);
		pause_ms(FOLLOW_MS);
	}
	int code = st ? failed(l, st, &why) : CLI_DONE;
	text_done(&why);
	return code;
}

static int follow(struct listing *l, uint64_t at)
{
	for (;;) {
		enum st st = print_from(l, &at);
		if (fflush(stdout) == EOF)
			return CLI_FAILED;
		if (st && !may_pass(st))
			return failed(l, st, NULL);
		if (st) {
			bool late = false;
			journal_reader_close(l->reader);
			l->reader = NULL;
			int code = open_journal(l, true, &late);
			if (code)
				return code;
		}
		pause_ms(FOLLOW_MS);
	}
}

static int list(struct listing *l)
{
	const struct args *a = l->args;
	bool following = args_has(a, "follow"), late = false;
	bool ranged = l->filter.since || l->filter.until;
	unsigned long limit = ranged || l->json ? 0 : NEWEST;
	uint64_t at = 0;
	if (!args_number(a, "limit", 0, 1000000000, &limit))
		return CLI_USAGE;
	int code = open_journal(l, following, &late);
	if (code)
		return code;
	if (late && !args_has(a, "limit"))
		limit = 0;
	bool past = !following || ranged || late || args_has(a, "limit");
	l->say_more = !args_has(a, "limit");
	enum st st = list_past(l, past, limit, &at);
	if (st)
		return failed(l, st, NULL);
	return following ? follow(l, at) : CLI_DONE;
}

int cmd_events(const struct args *a)
{
	struct listing l = { .args = a, .json = args_has(a, "json"), .colour = place_colour() };
	char *dir = NULL;
	int code = filter_of(a, clock_wall(), &l.filter);
	if (code == CLI_DONE)
		code = place_data(a, &dir);
	l.dir = dir;
	if (code == CLI_DONE)
		code = list(&l);
	journal_reader_close(l.reader);
	close_state(&l);
	text_done(&l.line);
	free(dir);
	return code;
}
