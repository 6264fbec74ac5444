// SPDX-License-Identifier: Apache-2.0
// The poller over real sockets: an honest printer beside agents that lie, each on its own loopback address, and how fast a
// fleet is asked. One thread answers for all of them.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include <pthread.h>
#include <stdatomic.h>
#include <unistd.h>

#include "agent.h"
#include "event/event.h"
#include "event/member.h"
#include "io/system.h"
#include "io/udp.h"
#include "poll/limits.h"
#include "poll/poller.h"

// By the last octet of 127.9.0.x; from 127.10 on all are honest.
enum lie {
	HONEST = 1,
	SILENT,
	WRONG_ID,
	OTHER_ADDRESS,
	OTHER_PORT,
	WRONG_COMMUNITY,
	GARBAGE,
	ENDLESS,
	STUCK,
	TWICE,
	LIES
};

static struct {
	struct udp_socket socket, port;
	struct agent printer, endless, stuck;
	pthread_t thread;
	atomic_bool stop;
	atomic_uint asked[LIES];
} agents;

static unsigned lie_of(const struct addr *a)
{
	return a->ip[13] == 9 && a->ip[15] < LIES ? a->ip[15] : HONEST;
}

static void send_from(const struct udp_socket *s, const struct udp_packet *p, struct span bytes,
                      const struct addr *from)
{
	const struct udp_out out = { .bytes = bytes, .to = p->peer, .from = *from };
	(void)udp_send(s, &out, 1);
}

// Ten alerts more, and none of those before.
static void grow_table(void)
{
	static int count;
	agent_printer(&agents.endless);
	for (int i = 1; i <= 10; i++)
		agent_alert(&agents.endless, count + i, 4, 4, 11, 1, -2, 1104, "Toner low");
	count += SNMP_WALK_REPETITIONS;
}

static void answer(const struct udp_packet *p)
{
	static uint8_t room[SNMP_DATAGRAM_MAX];
	struct wr w = wr_of(room, sizeof room);
	unsigned lie = lie_of(&p->local);
	struct addr from = p->local;
	agents.asked[lie]++;
	if (lie == SILENT)
		return;
	if (lie == OTHER_ADDRESS)
		from.ip[15] = 99;
	if (lie == ENDLESS)
		grow_table();
	const struct agent *a = lie == ENDLESS ? &agents.endless : lie == STUCK ? &agents.stuck : &agents.printer;
	if (!agent_answer(a, p->bytes, lie == WRONG_ID, lie == WRONG_COMMUNITY ? "other" : NULL, &w))
		return;
	struct span out = wr_span(&w);
	if (lie == GARBAGE)
		out.n = out.n / 2;
	send_from(lie == OTHER_PORT ? &agents.port : &agents.socket, p, out, &from);
	if (lie == TWICE)
		send_from(&agents.socket, p, out, &from);
}

static void *serve(void *arg)
{
	struct udp_batch *batch;
	assert_int_equal(udp_batch_new(&batch), ST_OK);
	while (!agents.stop) {
		struct udp_packet p;
		if (udp_receive(&agents.socket, batch) <= 0)
			usleep(100);
		while (udp_next(batch, &p))
			answer(&p);
	}
	udp_batch_free(batch);
	return NULL;
}

static int start_agents(void **state)
{
	struct addr any;
	agent_printer(&agents.printer);
	agent_alert(&agents.printer, 5, 4, 4, 11, 1, -2, 1104, "Toner low");
	agents.stuck = agents.printer;
	agents.stuck.stuck = true;
	return addr_parse("0.0.0.0:0", &any) || udp_open(&any, false, &agents.socket) ||
	       udp_open(&any, false, &agents.port) || pthread_create(&agents.thread, NULL, serve, NULL);
}

static int stop_agents(void **state)
{
	agents.stop = true;
	pthread_join(agents.thread, NULL);
	udp_close(&agents.socket);
	udp_close(&agents.port);
	return 0;
}

static struct poll_access *access_all(void)
{
	struct poll_access *a = poll_access_new();
	a->credentials = calloc(1, sizeof *a->credentials);
	a->credential_count = 1;
	struct poll_credential *c = a->credentials;
	c->version = SNMP_VERSION_2C;
	c->port = agents.socket.local.port;
	c->community = (uint8_t *)strdup("ops");
	c->community_n = 3;
	c->from.p = calloc(1, sizeof *c->from.p);
	c->from.n = 1;
	assert_int_equal(prefix_parse("127.0.0.0/8", c->from.p), ST_OK);
	return a;
}

static struct poller *poller_of(void)
{
	struct poller *p;
	const struct hash_key key = { 3, 4 };
	assert_int_equal(poller_new(NULL, &key, &p), ST_OK);
	poller_set_access(p, access_all());
	assert_int_equal(poller_start(p, NULL), ST_OK);
	return p;
}

static bool want(struct poller *p, int64_t device, const char *address)
{
	struct poll_want w = { .device = device, .reason = POLL_AFTER_TRAP };
	assert_int_equal(addr_parse(address, &w.address), ST_OK);
	return poll_want(p, &w);
}

struct heard {
	char asked[LIES + 2][120];
	unsigned alerts[LIES + 2];
	unsigned events;
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
		struct text asked = { 0 };
		struct span alert;
		assert_int_equal(event_decode(record, &e), ST_OK);
		assert_int_equal(e.kind, EVENT_POLL);
		assert_true(member_int(e.note, "device", &device) && member_text(e.note, "asked", &asked));
		h->events++;
		if (device < LIES + 2) {
			snprintf(h->asked[device], sizeof h->asked[0], "%s", text_str(&asked));
			h->alerts[device] += member_find(e.note, "alert", &alert);
		}
		text_done(&asked);
	}
	*at += run.n;
	ring_free_to(ring, *at);
}

static void rounds(struct poller *p, uint64_t n, double seconds, uint64_t *at, struct heard *h)
{
	int64_t until = clock_monotonic() + (int64_t)(seconds * 1e9);
	for (;;) {
		struct poller_counters c = poller_count(p);
		hear(p, at, h);
		if (c.answered + c.failed + c.refused >= n)
			break;
		if (clock_monotonic() > until)
			fail_msg("%llu answered, %llu failed", (unsigned long long)c.answered,
			         (unsigned long long)c.failed);
		usleep(1000);
	}
	hear(p, at, h);
}

static void liars_delay_only_themselves(void **state)
{
	static const char *const ends[LIES] = {
		[HONEST] = "ok",
		[SILENT] = "it did not answer",
		[WRONG_ID] = "it did not answer",
		[OTHER_ADDRESS] = "it did not answer",
		[OTHER_PORT] = "it did not answer",
		[WRONG_COMMUNITY] = "it did not answer",
		[GARBAGE] = "it did not answer",
		[ENDLESS] = "its table does not end",
		[STUCK] = "its table goes backwards or does not go on",
		[TWICE] = "ok",
	};
	struct poller *p = poller_of();
	static struct heard h;
	uint64_t at = 0;
	char address[40];
	for (int i = LIES - 1; i > 0; i--) {
		snprintf(address, sizeof address, "127.9.0.%d:1", i);
		assert_true(want(p, i, address));
		assert_true(want(p, i, address)); // again: still one round
	}
	assert_true(want(p, LIES, "192.0.2.1:1")); // nobody may ask there
	int64_t begin = clock_monotonic();
	rounds(p, 5, 5, &at, &h); // all but those who never answer, long before the silent one is given up
	assert_true(clock_monotonic() - begin < 4500000000);
	assert_string_equal(h.asked[HONEST], "ok");
	assert_int_equal(h.alerts[HONEST], 1);
	rounds(p, LIES, 20, &at, &h);
	for (int i = 1; i < LIES; i++)
		if (strcmp(h.asked[i], ends[i]) != 0)
			fail_msg("lie %d: %s", i, h.asked[i]);
	assert_string_equal(h.asked[LIES], "no entry of 'read' in the configuration is for it");
	assert_int_equal(agents.asked[SILENT], POLL_TRIES);
	assert_true(agents.asked[ENDLESS] < 400);
	struct poller_counters c = poller_count(p);
	assert_int_equal(c.asked, LIES - 1);
	assert_int_equal(c.asking, 0);
	assert_int_equal(c.waiting, 0);
	assert_true(c.strange >= 4);
	poller_free(p);
}

// Three thousand devices in the three seconds that jitter and settling take: at least a thousand a second once they begin.
static void a_fleet(void **state)
{
	enum { FLEET = 3000 };
	struct poller *p = poller_of();
	static struct heard h;
	uint64_t at = 0;
	char address[40];
	h = (struct heard){ 0 };
	for (int i = 0; i < FLEET; i++) {
		snprintf(address, sizeof address, "127.%d.%d.%d:1", 10 + i % 100, i / 10000, 1 + i / 100);
		assert_true(want(p, 1000 + i, address));
	}
	int64_t begin = clock_monotonic();
	rounds(p, FLEET, 30, &at, &h);
	double took = (double)(clock_monotonic() - begin - POLL_SETTLE_NS) / 1e9;
	struct poller_counters c = poller_count(p);
	print_message("# %d devices in %.2f s: %.0f devices/s, %u events, %llu dropped\n", FLEET, took, FLEET / took,
	              h.events, (unsigned long long)c.dropped);
	assert_int_equal(c.answered, FLEET);
	assert_int_equal(h.events, 2 * FLEET);
	poller_free(p);
}

// Stopped in the middle, with rounds under way, and with credentials that change under them.
static void stopped_and_reloaded(void **state)
{
	struct poller *p = poller_of();
	char address[40];
	for (int i = 0; i < 200; i++) {
		snprintf(address, sizeof address, "127.9.%d.2:1", i); // silent
		assert_true(want(p, 1000 + i, address));
	}
	while (poller_count(p).asking == 0)
		usleep(1000);
	poller_set_access(p, access_all());
	poller_set_access(p, access_all());
	usleep(20000);
	poller_set_access(p, NULL);
	usleep(20000);
	assert_true(want(p, 1, "127.9.0.2:1"));
	poller_free(p);
	poller_free(NULL);
}

// Who answers at an address that several speak from may be another one: his answer would end their alarms.
static void a_shared_address_is_not_asked(void **state)
{
	struct poller *p = poller_of();
	struct heard h = { 0 };
	uint64_t at = 0;
	struct poll_want w = { .device = 1, .shared = true, .reason = POLL_AFTER_TRAP };
	assert_int_equal(addr_parse("127.9.0.1:1", &w.address), ST_OK);
	assert_true(poll_want(p, &w));
	rounds(p, 1, 10, &at, &h);
	assert_int_equal(poller_count(p).asked, 0);
	assert_string_equal(h.asked[1], poll_refusal_text(POLL_SHARED));
	assert_true(want(p, 2, "127.9.0.2:1")); // silent: it holds its address for seven seconds
	while (poller_count(p).asking == 0)
		usleep(1000);
	w.device = 3;
	assert_int_equal(addr_parse("127.9.0.2:1", &w.address), ST_OK);
	assert_true(poll_want(p, &w));
	rounds(p, 2, 10, &at, &h); // and this one is told meanwhile
	assert_string_equal(h.asked[3], poll_refusal_text(POLL_SHARED));
	assert_int_equal(poller_count(p).asking, 1);
	poller_free(p);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(liars_delay_only_themselves), cmocka_unit_test(a_fleet),
		                            cmocka_unit_test(stopped_and_reloaded),
		                            cmocka_unit_test(a_shared_address_is_not_asked) };
	return cmocka_run_group_tests_name("poll: poller", tests, start_agents, stop_agents);
}
