// SPDX-License-Identifier: Apache-2.0
// The rings between the poller and the workers, and a poller whose devices stand inside tunnels: four sites with one address
// inside, each answered, refused or silent by itself. The test plays the worker.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include <stdatomic.h>
#include <unistd.h>

#include "agent.h"
#include "event/event.h"
#include "event/member.h"
#include "io/system.h"
#include "poll/inside.h"
#include "poll/limits.h"
#include "poll/poller.h"

static const char device_address[] = "10.99.1.1:161";

// ---- the rings

struct woken {
	unsigned workers[3], asker;
};

static void wake(void *arg, unsigned worker)
{
	struct woken *w = arg;
	w->workers[worker]++;
}

static void wake_asker(void *arg)
{
	struct woken *w = arg;
	w->asker++;
}

static struct inside *rings(struct woken *w)
{
	const struct inside_config c = { .workers = 3, .arg = w, .wake = wake, .asker = w, .wake_asker = wake_asker };
	struct inside *in;
	*w = (struct woken){ 0 };
	assert_int_equal(inside_new(&c, &in), ST_OK);
	return in;
}

static void each_worker_has_its_own(void **state)
{
	struct woken w;
	struct inside *in = rings(&w);
	struct inside_out o = { .site = 5, .device = 7, .token = 9, .bytes = span_str("what is true?") }, got;
	struct inside_in i = { .site = 5, .bytes = span_str("this") }, heard;
	assert_int_equal(addr_parse(device_address, &o.to), ST_OK);
	i.from = o.to;
	inside_said(in);
	assert_int_equal(w.workers[0] + w.workers[1] + w.workers[2], 0);
	assert_true(inside_say(in, 1, &o));
	assert_true(inside_say(in, 1, &o));
	inside_said(in);
	inside_said(in);
	assert_int_equal(w.workers[1], 1); // once for a turn
	assert_int_equal(w.workers[0] + w.workers[2], 0);
	assert_false(inside_due(in, 0, &got));
	for (int n = 0; n < 2; n++) {
		assert_true(inside_due(in, 1, &got));
		assert_true(got.site == 5 && got.device == 7 && got.token == 9 && addr_same_ip(&got.to, &o.to));
		assert_true(span_equal(got.bytes, o.bytes));
	}
	assert_false(inside_due(in, 1, &got));
	inside_put(in, 2, &i);
	inside_put(in, 0, &(struct inside_in){ .why = ST_NONE, .device = 7, .token = 9 });
	inside_done(in, 1);
	assert_int_equal(w.asker, 0);
	inside_done(in, 2);
	inside_done(in, 2);
	assert_int_equal(w.asker, 1);
	assert_true(inside_next(in, &heard) && heard.why == ST_NONE && heard.device == 7 && heard.token == 9);
	assert_true(inside_next(in, &heard) && heard.why == ST_OK && span_equal(heard.bytes, i.bytes));
	assert_false(inside_next(in, &heard));
	for (unsigned flood = 0; flood < 3; flood++) { // one site says much, and another a word
		unsigned before = 0, seen = 0;
		for (int n = 0; n < 10; n++)
			inside_put(in, flood, &(struct inside_in){ .site = 1 });
		inside_put(in, (flood + 1) % 3, &(struct inside_in){ .site = 2 });
		for (; inside_next(in, &heard); seen++)
			if (heard.site == 2)
				before = seen;
		assert_int_equal(seen, 11);
		assert_true(before <= 2);
	}
	inside_free(in);
	inside_free(NULL);
}

static void what_finds_no_room_is_counted(void **state)
{
	static uint8_t big[60000];
	struct woken w;
	struct inside *in = rings(&w);
	struct inside_out o = { .bytes = span_of(big, sizeof big) }, got;
	struct inside_in i = { .bytes = o.bytes }, heard;
	unsigned taken = 0, n = 0;
	for (; inside_say(in, 0, &o); taken++)
		;
	assert_int_equal(inside_lost(in), 1);
	for (; inside_due(in, 0, &got); n++)
		assert_int_equal(got.bytes.n, sizeof big);
	assert_int_equal(n, taken);
	assert_true(inside_say(in, 0, &o));
	for (unsigned k = 0; k < 2 * taken; k++)
		inside_put(in, 0, &i);
	for (n = 0; inside_next(in, &heard); n++)
		;
	assert_int_equal(inside_lost(in), 1 + 2 * taken - n);
	inside_free(in);
	const struct inside_config many = { .workers = POLL_INSIDE_WORKERS + 1 };
	assert_int_equal(inside_new(&many, &in), ST_FULL);
}

// ---- a poller over them

enum site { ROTTERDAM = 1, ANTWERP, DOWN, NARROW, SILENT, GONE, SITES };

static const char *const names[SITES] = { [ROTTERDAM] = "rotterdam", [ANTWERP] = "antwerp", [DOWN] = "down",
	                                  [NARROW] = "narrow",       [SILENT] = "silent",   [GONE] = "gone" };

static struct poll_access *access_all(void)
{
	struct poll_access *a = poll_access_new();
	a->credentials = calloc(1, sizeof *a->credentials);
	a->credential_count = 1;
	a->credentials->version = SNMP_VERSION_2C;
	a->credentials->port = 161;
	a->credentials->community = (uint8_t *)strdup("ops");
	a->credentials->community_n = 3;
	a->sites = calloc(GONE - 1, sizeof *a->sites);
	a->site_count = GONE - 1;
	for (uint32_t i = ROTTERDAM; i < GONE; i++)
		a->sites[i - 1] = (struct poll_site){ .name = strdup(names[i]), .tunnel = i + 1, .worker = i % 2 };
	return a;
}

static void woken(void *arg, unsigned worker)
{
	atomic_uint *n = arg;
	n[worker]++;
}

struct play {
	struct agent agents[SITES];
	unsigned asked[SITES];
};

// One question, as a worker and what stands behind it do. Before the right answer comes one of the same address in another
// site, and one from another port; all with the right request-id.
static void play_one(struct play *t, struct inside *in, unsigned worker, const struct inside_out *q)
{
	static uint8_t room[SNMP_DATAGRAM_MAX];
	struct wr w = wr_of(room, sizeof room);
	struct inside_in no = { .site = q->site, .device = q->device, .token = q->token };
	struct addr expected;
	assert_int_equal(addr_parse(device_address, &expected), ST_OK);
	assert_true(addr_same_ip(&q->to, &expected) && q->to.port == expected.port);
	assert_true(q->site > 0 && q->site < GONE && q->site % 2 == worker && q->device == q->site);
	t->asked[q->site]++;
	no.why = q->site == DOWN ? ST_NONE : q->site == NARROW ? ST_ESP_SELECTOR : ST_OK;
	if (no.why != ST_OK) {
		inside_put(in, worker, &no);
		return;
	}
	if (q->site == SILENT) {
		no.why = ST_NONE;
		no.token--; // of a round that is over
		inside_put(in, worker, &no);
		return;
	}
	assert_true(agent_answer(&t->agents[SILENT], q->bytes, 0, NULL, &w));
	struct inside_in a = { .site = SILENT, .from = q->to, .bytes = wr_span(&w) };
	inside_put(in, worker, &a);
	a.site = q->site;
	a.from.port++;
	inside_put(in, worker, &a);
	a.from.port--;
	w = wr_of(room, sizeof room);
	assert_true(agent_answer(&t->agents[q->site], q->bytes, 0, NULL, &w));
	a.bytes = wr_span(&w);
	inside_put(in, worker, &a);
}

static void play(struct play *t, struct inside *in)
{
	struct inside_out q;
	for (unsigned worker = 0; worker < 2; worker++) {
		while (inside_due(in, worker, &q))
			play_one(t, in, worker, &q);
		inside_done(in, worker);
	}
}

struct heard {
	char asked[SITES + 1][120], serial[SITES + 1][20];
};

static void hear(struct poller *p, uint64_t *at, struct heard *h)
{
	struct ring *ring = poller_source(p).ring;
	uint32_t records;
	struct span run = ring_run(ring, at, 1 << 20, &records), record;
	struct rd frames = rd_of(run);
	while (frame_next(&frames, &record)) {
		struct event e;
		int64_t device;
		struct text asked = { 0 }, serial = { 0 };
		assert_int_equal(event_decode(record, &e), ST_OK);
		assert_true(member_int(e.note, "device", &device) && member_text(e.note, "asked", &asked));
		assert_true(span_equal(e.site, span_str(names[device])));
		snprintf(h->asked[device], sizeof h->asked[0], "%s", text_str(&asked));
		if (member_text(e.note, "serial", &serial))
			snprintf(h->serial[device], sizeof h->serial[0], "%s", text_str(&serial));
		text_done(&asked);
		text_done(&serial);
	}
	*at += run.n;
	ring_free_to(ring, *at);
}

static void sites_with_one_address_never_mix(void **state)
{
	static struct play t;
	static struct heard h;
	struct poller *p;
	struct inside *in;
	atomic_uint wakes[2] = { 0 };
	uint64_t at = 0;
	const struct hash_key key = { 3, 4 };
	for (unsigned i = 1; i < SITES; i++)
		agent_printer(&t.agents[i]);
	agent_text(&t.agents[ANTWERP], "1.3.6.1.2.1.43.5.1.1.17.1", "SN-ANTWERP");
	agent_text(&t.agents[SILENT], "1.3.6.1.2.1.43.5.1.1.17.1", "SN-OF-A-LIAR");
	assert_int_equal(poller_new(NULL, &key, &p), ST_OK);
	assert_int_equal(poller_tunnels(p, 2, woken, wakes, &in), ST_OK);
	poller_set_access(p, access_all());
	assert_int_equal(poller_start(p, NULL), ST_OK);
	for (int64_t i = 1; i < SITES; i++) {
		struct poll_want w = { .device = i, .reason = POLL_AFTER_TRAP, .site = span_str(names[i]) };
		assert_int_equal(addr_parse(device_address, &w.address), ST_OK);
		assert_true(poll_want(p, &w));
	}
	int64_t until = clock_monotonic() + 25 * INT64_C(1000000000);
	struct poller_counters c = poller_count(p);
	while (c.answered + c.failed + c.refused < SITES - 1 && clock_monotonic() < until) {
		play(&t, in);
		hear(p, &at, &h);
		usleep(1000);
		c = poller_count(p);
	}
	hear(p, &at, &h);
	assert_string_equal(h.asked[ROTTERDAM], "ok");
	assert_string_equal(h.serial[ROTTERDAM], "SN-1");
	assert_string_equal(h.asked[ANTWERP], "ok");
	assert_string_equal(h.serial[ANTWERP], "SN-ANTWERP");
	assert_string_equal(h.asked[DOWN], poll_refusal_text(POLL_TUNNEL_DOWN));
	assert_string_equal(h.asked[NARROW], poll_refusal_text(POLL_SELECTORS));
	assert_string_equal(h.asked[SILENT], "it did not answer");
	assert_string_equal(h.asked[GONE], poll_refusal_text(POLL_NOWHERE));
	assert_true(t.asked[DOWN] == 1 && t.asked[NARROW] == 1 && t.asked[SILENT] == POLL_TRIES);
	assert_true(c.answered == 2 && c.failed == 1 && c.refused == 3 && c.asking == 0);
	assert_true(c.strange == 2 * (t.asked[ROTTERDAM] + t.asked[ANTWERP]) && c.lost == 0);
	assert_true(c.inside == t.asked[ROTTERDAM] + t.asked[ANTWERP] + 2 + POLL_TRIES);
	assert_true(wakes[0] > 0 && wakes[1] > 0);
	poller_free(p);
}

// More than one turn takes, of what nobody asked for: all of it is looked at.
static void a_flood_is_looked_at_to_its_end(void **state)
{
	enum { FLOOD = 3 * POLL_OUTSTANDING };
	struct poller *p;
	struct inside *in;
	atomic_uint wakes[1] = { 0 };
	const struct hash_key key = { 3, 4 };
	const struct inside_in strange = { .site = 1, .bytes = span_str("psst") };
	assert_int_equal(poller_new(NULL, &key, &p), ST_OK);
	assert_int_equal(poller_tunnels(p, 1, woken, wakes, &in), ST_OK);
	assert_int_equal(poller_start(p, NULL), ST_OK);
	for (unsigned i = 0; i < FLOOD; i++)
		inside_put(in, 0, &strange);
	inside_done(in, 0); // wakes once
	for (unsigned i = 0; i < 2000 && poller_count(p).strange + inside_lost(in) < FLOOD; i++)
		usleep(1000);
	assert_int_equal(poller_count(p).strange + inside_lost(in), FLOOD);
	poller_free(p);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(each_worker_has_its_own),
		                            cmocka_unit_test(what_finds_no_room_is_counted),
		                            cmocka_unit_test(sites_with_one_address_never_mix),
		                            cmocka_unit_test(a_flood_is_looked_at_to_its_end) };
	return cmocka_run_group_tests_name("poll: inside", tests, NULL, NULL);
}
