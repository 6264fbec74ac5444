// SPDX-License-Identifier: Apache-2.0
// Keepalives and address changes on a virtual clock, with somebody on the path who replays.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "encap/limits.h"
#include "encap/path.h"

#define SECOND INT64_C(1000000000)
#define MS INT64_C(1000000)

static enum st count_up(void *arg, void *out, size_t n)
{
	++*(uint64_t *)arg;
	memcpy(out, arg, n < 8 ? n : 8);
	return ST_OK;
}

static enum st none(void *arg, void *out, size_t n)
{
	return ST_SYSTEM;
}

static struct encap_ends ends(const char *peer)
{
	struct encap_ends e = { 0 };
	assert_int_equal(addr_parse("192.0.2.1:2797", &e.local), ST_OK);
	assert_int_equal(addr_parse(peer, &e.peer), ST_OK);
	return e;
}

static bool at(const struct encap_path *p, const char *peer)
{
	struct encap_ends e = ends(peer);
	return addr_same_ip(&p->ends.peer, &e.peer) && p->ends.peer.port == e.peer.port;
}

static uint64_t seed, limited;
static const struct random counting = { count_up, &seed };
#define HOME "198.51.100.7:40000"
#define AWAY "198.51.100.7:40001"
#define EVIL "203.0.113.66:2797"

static struct encap_path home(void)
{
	struct encap_ends e = ends(HOME);
	limited = 0;
	return encap_path_of(&e, ENCAP_RFC3948, false, 0);
}

static struct encap_effect heard(struct encap_path *p, int64_t now, const char *from, bool newest)
{
	struct encap_ends e = ends(from);
	return encap_heard(p, now, &e, newest, counting, &limited);
}

static struct encap_effect answered(struct encap_path *p, int64_t now, const char *from, uint64_t token)
{
	struct encap_ends e = ends(from);
	return encap_answered(p, now, &e, token);
}

static void moves_in_one_round_trip(void **state)
{
	struct encap_path p = home();
	assert_int_equal(heard(&p, SECOND, HOME, true).act, ENCAP_NOTHING);
	struct encap_effect e = heard(&p, 2 * SECOND, AWAY, true);
	assert_int_equal(e.act, ENCAP_PROBE);
	assert_int_equal(e.ends.peer.port, 40001);
	assert_true(at(&p, HOME)); // not before the answer
	assert_int_equal(heard(&p, 2 * SECOND + 5 * MS, AWAY, true).act, ENCAP_NOTHING);
	e = answered(&p, 2 * SECOND + 20 * MS, AWAY, e.token);
	assert_int_equal(e.act, ENCAP_MOVED);
	assert_true(at(&p, AWAY));
	assert_int_equal(answered(&p, 2 * SECOND + 21 * MS, AWAY, e.token).act, ENCAP_NOTHING);
	assert_int_equal(heard(&p, 3 * SECOND, AWAY, true).act, ENCAP_NOTHING);
	assert_int_equal(limited, 0);
}

static void late_packets_propose_nothing(void **state)
{
	struct encap_path p = home();
	assert_int_equal(heard(&p, SECOND, EVIL, false).act, ENCAP_NOTHING);
	p.follows = false; // MOBIKE says it, or we are behind the NAT ourselves
	assert_int_equal(heard(&p, SECOND, AWAY, true).act, ENCAP_NOTHING);
	p.follows = true;
	struct encap_ends e = ends(AWAY);
	assert_int_equal(encap_heard(&p, SECOND, &e, true, (struct random){ none, NULL }, &limited).act, ENCAP_NOTHING);
	assert_false(p.proposals[0].open);
}

// Somebody on the path sends what he caught from elsewhere, first: he gets a probe, cannot read it, and whatever comes back
// does not come from where he is.
static void a_replay_does_not_move_it(void **state)
{
	struct encap_path p = home();
	struct encap_effect e = heard(&p, SECOND, EVIL, true);
	assert_int_equal(e.act, ENCAP_PROBE);
	assert_int_equal(answered(&p, SECOND + MS, EVIL, e.token ^ 1).act, ENCAP_NOTHING); // guessed
	assert_int_equal(answered(&p, SECOND + MS, HOME, e.token).act,
	                 ENCAP_NOTHING); // the probe handed on to the peer
	assert_int_equal(answered(&p, SECOND + MS, AWAY, e.token).act, ENCAP_NOTHING);
	assert_true(at(&p, HOME));
	assert_int_equal(answered(&p, (1 + ENCAP_PROBE_WAIT_SECONDS) * SECOND + 1, EVIL, e.token).act,
	                 ENCAP_NOTHING); // late
	// Meanwhile the peer really moves, and he goes on: neither pushes the other out.
	struct encap_effect f = heard(&p, 3 * SECOND, AWAY, true);
	assert_int_equal(f.act, ENCAP_PROBE);
	assert_int_not_equal(f.token, e.token);
	assert_int_equal(heard(&p, 4 * SECOND, EVIL, true).act, ENCAP_PROBE);
	assert_int_equal(answered(&p, 4 * SECOND, AWAY, e.token).act, ENCAP_NOTHING);
	assert_int_equal(answered(&p, 4 * SECOND, AWAY, f.token).act, ENCAP_MOVED);
	assert_true(at(&p, AWAY));
}

// From ever new places: the one that was asked longest ago is given up, and memory stays what it is.
static void many_places(void **state)
{
	struct encap_path p = home();
	uint64_t tokens[ENCAP_PROPOSALS + 1];
	for (size_t i = 0; i <= ENCAP_PROPOSALS; i++) {
		struct encap_ends e = ends(AWAY);
		e.peer.port = (uint16_t)(1000 + i);
		struct encap_effect f = encap_heard(&p, (int64_t)i * SECOND, &e, true, counting, &limited);
		assert_int_equal(f.act, ENCAP_PROBE);
		tokens[i] = f.token;
	}
	struct encap_ends first = ends(AWAY), second = ends(AWAY);
	first.peer.port = 1000;
	second.peer.port = 1001;
	assert_int_equal(encap_answered(&p, 5 * SECOND, &first, tokens[0]).act, ENCAP_NOTHING);
	assert_int_equal(answered(&p, 5 * SECOND, EVIL, tokens[1]).act, ENCAP_NOTHING); // the token alone is not enough
	assert_int_equal(encap_answered(&p, 5 * SECOND, &second, tokens[1]).act, ENCAP_MOVED);
	first.peer.port = 1002; // what else was asked is forgotten with the move
	assert_int_equal(encap_answered(&p, 5 * SECOND, &first, tokens[2]).act, ENCAP_NOTHING);
}

static void lost_probes_are_repeated(void **state)
{
	struct encap_path p = home();
	struct encap_effect e = heard(&p, 0, AWAY, true), f;
	assert_int_equal(heard(&p, ENCAP_PROBE_AGAIN_MS * MS - 1, AWAY, true).act, ENCAP_NOTHING);
	f = heard(&p, ENCAP_PROBE_AGAIN_MS * MS, AWAY, true);
	assert_int_equal(f.act, ENCAP_PROBE);
	assert_int_equal(f.token, e.token); // so that the answer to either counts
	assert_int_equal(answered(&p, SECOND, AWAY, e.token).act, ENCAP_MOVED);
}

static void probes_are_limited(void **state)
{
	struct encap_path p = home();
	size_t probes = 0, packets = 0;
	for (int64_t now = 0; now < 100 * SECOND; now += 10 * MS, packets++)
		probes += heard(&p, now, packets % 2 ? EVIL : AWAY, true).act == ENCAP_PROBE;
	assert_in_range(probes, 100, ENCAP_PROBE_BURST + 100 / ENCAP_PROBE_SECONDS);
	assert_true(limited > packets / 2 && limited + probes <= packets);
}

static void our_own_address_counts(void **state)
{
	struct encap_path p = home();
	struct encap_ends e = ends(HOME);
	e.local.port = 4500;
	struct encap_effect f = encap_heard(&p, 0, &e, true, counting, &limited);
	assert_int_equal(f.act, ENCAP_PROBE);
	assert_int_equal(f.ends.local.port, 4500);
	assert_int_equal(encap_answered(&p, 1, &e, f.token).act, ENCAP_MOVED);
	assert_int_equal(p.ends.local.port, 4500);
}

static void keepalives(void **state)
{
	struct encap_path p = home();
	assert_int_equal(encap_next(&p), INT64_MAX); // not behind a NAT: never
	assert_int_equal(encap_tick(&p, 1000 * SECOND).act, ENCAP_NOTHING);
	p.natted = true;
	assert_int_equal(encap_next(&p), 20 * SECOND);
	assert_int_equal(encap_tick(&p, 20 * SECOND - 1).act, ENCAP_NOTHING);
	encap_sent(&p, 15 * SECOND); // only when idle
	assert_int_equal(encap_tick(&p, 20 * SECOND).act, ENCAP_NOTHING);
	struct encap_effect e = encap_tick(&p, 35 * SECOND);
	assert_int_equal(e.act, ENCAP_SEND_KEEPALIVE);
	assert_int_equal(e.ends.peer.port, 40000);
	assert_int_equal(encap_tick(&p, 35 * SECOND).act, ENCAP_NOTHING);
	assert_int_equal(encap_next(&p), 55 * SECOND);
	assert_int_equal(encap_keepalive(ENCAP_DRAFT00).n, 0);
	assert_int_equal(encap_keepalive(ENCAP_RFC3948).n, 1);
	assert_int_equal(encap_keepalive(ENCAP_RFC3948).p[0], 0xff);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(moves_in_one_round_trip),   cmocka_unit_test(late_packets_propose_nothing),
		cmocka_unit_test(a_replay_does_not_move_it), cmocka_unit_test(many_places),
		cmocka_unit_test(lost_probes_are_repeated),  cmocka_unit_test(probes_are_limited),
		cmocka_unit_test(our_own_address_counts),    cmocka_unit_test(keepalives),
	};
	return cmocka_run_group_tests_name("encap: path", tests, NULL, NULL);
}
